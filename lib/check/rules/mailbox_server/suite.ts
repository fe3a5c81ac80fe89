import type { Suite } from "../../rule.ts";
import { ENDING } from "./ending.ts";
import { GROUP } from "./group.ts";
import { LOGIN } from "./login.ts";
import { OPENING } from "./opening.ts";
import { PIECES } from "./pieces.ts";
import { PRIVATE } from "./private.ts";
import { RETRIEVAL } from "./retrieval.ts";
import { SESSION } from "./session.ts";

export const MAILBOX_SERVER: Suite = {
  handout: "mailbox",
  side: "server",
  title: "a mailbox server",
  sections: {
    1: "Opening a link",
    2: "Pieces",
    3: "Proving a name",
    4: "The session, and who is there",
    5: "Groups",
    6: "One-on-one",
    7: "Retrieval",
    8: "Wrong messages, and clients that vanish",
    9: "Turning the server off",
  },
  rules: [...OPENING, ...PIECES, ...LOGIN, ...SESSION, ...GROUP, ...PRIVATE, ...RETRIEVAL, ...ENDING],
  transport: "udp",
  hasStreams: false,
  takesAnyName: true,
  hasOneAccount: true,
};
