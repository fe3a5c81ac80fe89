import type { Suite } from "../rule.ts";
import { ADDRESS_BOOK_CLIENT } from "../rules/address_book_client/suite.ts";
import { ADDRESS_BOOK_SERVER } from "../rules/address_book_server/suite.ts";
import { IM_CLIENT } from "../rules/im_client/suite.ts";
import { IM_SERVER } from "../rules/im_server/suite.ts";
import { LOBBY_CLIENT } from "../rules/lobby_client/suite.ts";
import { LOBBY_SERVER } from "../rules/lobby_server/suite.ts";
import { MAILBOX_CLIENT } from "../rules/mailbox_client/suite.ts";
import { MAILBOX_SERVER } from "../rules/mailbox_server/suite.ts";
import { MYCHAT_CLIENT } from "../rules/mychat_client/suite.ts";
import { MYCHAT_SERVER } from "../rules/mychat_server/suite.ts";
import { ROOMS_CLIENT } from "../rules/rooms_client/suite.ts";
import { ROOMS_SERVER } from "../rules/rooms_server/suite.ts";
import { AddressBookTraceJudge } from "./address_book_judge.ts";
import type { Judged, TraceJudge } from "./findings.ts";
import { ImTraceJudge } from "./im_judge.ts";
import { LobbyTraceJudge } from "./lobby_judge.ts";
import { MailboxTraceJudge } from "./mailbox_judge.ts";
import { MychatTraceJudge } from "./mychat_judge.ts";
import { RoomsTraceJudge } from "./rooms_judge.ts";

/** How the traces of a handout are judged. */
export interface Replay {
  readonly suites: readonly Suite[];
  readonly judge: () => TraceJudge;
  /** The rules that what went over the wire can show to be broken; the others need a program that is made to do something. */
  readonly judgeable: readonly string[];
}

/** The handouts whose traces can be judged. Peers have no server, and each team its own datagrams. */
export const REPLAYS: Readonly<Record<string, Replay>> = {
  im: {
    suites: [IM_SERVER, IM_CLIENT],
    judge: () => new ImTraceJudge(),
    judgeable: [
      ...of("im/1", 2, 6),
      ...of("im/2", 1, 6, 10, 11),
      ...of("im/3", 1, 3, 4, 5, 6, 7),
      ...of("im/4", 1, 2, 3, 7, 14),
      ...of("im/5", 1, 3, 4, 5, 8, 9),
      ...of("im/6", 1, 2, 3, 6),
      ...of("im/7", 1, 7),
      ...of("im/8", 1, 2),
      ...of("im/9", 2),
      ...of("im/13", 1, 6, 8, 11),
      ...of("im/14", 1, 2, 3, 9, 11),
      ...of("im/15", 2, 10),
      ...of("im/16", 1, 3, 5, 6, 7),
      ...of("im/17", 5),
    ],
  },
  lobby: {
    suites: [LOBBY_SERVER, LOBBY_CLIENT],
    judge: () => new LobbyTraceJudge(),
    judgeable: [
      ...of("lobby/1", 2, 3, 4),
      ...of("lobby/2", 2, 3, 4, 5, 6, 14),
      ...of("lobby/13", 2, 8),
      ...of("lobby/14", 12),
    ],
  },
  "address-book": {
    suites: [ADDRESS_BOOK_SERVER, ADDRESS_BOOK_CLIENT],
    judge: () => new AddressBookTraceJudge(),
    judgeable: [
      ...of("address-book/2", 6, 7, 8),
      ...of("address-book/3", 1, 2),
      ...of("address-book/4", 1),
      ...of("address-book/6", 1),
      ...of("address-book/11", 3),
      ...of("address-book/13", 4),
      ...of("address-book/14", 2, 3, 7),
    ],
  },
  mailbox: {
    suites: [MAILBOX_SERVER, MAILBOX_CLIENT],
    judge: () => new MailboxTraceJudge(),
    judgeable: [
      ...of("mailbox/3", 1, 7, 9, 10, 11, 12, 15, 17),
      ...of("mailbox/4", 1, 8, 13),
      ...of("mailbox/5", 1, 2, 3),
      ...of("mailbox/6", 1, 2, 3, 11),
      ...of("mailbox/7", 2),
      ...of("mailbox/8", 2, 3),
      ...of("mailbox/13", 1, 2, 3, 5, 8),
      ...of("mailbox/14", 6),
      ...of("mailbox/15", 3),
      ...of("mailbox/16", 2),
    ],
  },
  mychat: {
    suites: [MYCHAT_SERVER, MYCHAT_CLIENT],
    judge: () => new MychatTraceJudge(),
    judgeable: [
      ...of("mychat/1", 1, 2),
      ...of("mychat/2", 1, 3),
      ...of("mychat/3", 1, 4, 10),
      ...of("mychat/4", 1),
      ...of("mychat/5", 1, 2),
      ...of("mychat/6", 1),
      ...of("mychat/7", 1),
      ...of("mychat/11", 2),
      ...of("mychat/12", 1),
      ...of("mychat/13", 1, 2, 5),
      ...of("mychat/14", 1, 3, 4),
      ...of("mychat/15", 1),
    ],
  },
  rooms: {
    suites: [ROOMS_SERVER, ROOMS_CLIENT],
    judge: () => new RoomsTraceJudge(),
    judgeable: [
      ...of("rooms/1", 4, 7),
      ...of("rooms/2", 2),
      ...of("rooms/3", 2, 3, 4, 5, 7),
      ...of("rooms/11", 3, 4),
      ...of("rooms/14", 2, 3, 4, 8),
    ],
  },
};

function of(section: string, ...numbers: readonly number[]): string[] {
  return numbers.map((number) => `${section}/${number}`);
}

/** What a trace says about the rules, by their ids. */
export interface Coverage {
  readonly kept: readonly string[];
  readonly broken: readonly string[];
  /** A trace could show it, and this one has no occasion. */
  readonly unseen: readonly string[];
  /** No trace shows it. */
  readonly beyond: readonly string[];
}

export function coverageOf({ suites, judgeable }: Replay, judged: ReadonlyMap<string, Judged>): Coverage {
  const all = suites.flatMap(({ rules }) => rules.map(({ id }) => id));
  const known = all.filter((id) => judgeable.includes(id));
  return {
    kept: known.filter((id) => judged.get(id)?.broken === 0),
    broken: known.filter((id) => (judged.get(id)?.broken ?? 0) > 0),
    unseen: known.filter((id) => !judged.has(id)),
    beyond: all.filter((id) => !judgeable.includes(id)),
  };
}
