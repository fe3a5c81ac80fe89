import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { textFault } from "../core/text.ts";
import type { ClientMessages } from "./client_messages.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import { Message, type SessionId } from "./event.ts";
import { skeleton } from "./chosen_names.ts";
import { LOBBY } from "./names.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** The sender of notices. The name is reserved: no user can choose it. */
export const SERVER_NAME = "server";

/** Why a session ends, as its user and the log are told. */
const ENDED_BY_OPERATOR = "ended by the operator";

/** The notice of an end is no entry of the log, and gets no confirmation. */
const NO_ENTRY = 0;

export interface OperatorParts {
  readonly online: OnlineUsers;
  readonly delivery: Delivery;
  readonly messages: ClientMessages;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "textBytes" | "textLines">;
  /** Whether the lobby is kept. */
  readonly keepsLobby: () => boolean;
}

/** What the operator of the server does in the chat. */
export class Operator {
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** Says something in the lobby, and to the guests of all rooms; the rule that the text breaks, if it is not said. */
  say(text: string, now: number): string | undefined {
    const { limits, messages, delivery, outputs, keepsLobby } = this.#parts;
    if (text.trim() === "") return "a notice is a text, found nothing";
    // The name of a user has no blank, so this one has a rate of its own.
    const why = textFault(text, limits.textBytes, limits.textLines) ?? messages.rateFault("the operator", text, now);
    if (why !== undefined) return why;
    outputs.push({ type: "note", text: `<${SERVER_NAME}> ${text}` });
    const notice = {
      from: SERVER_NAME,
      to: { room: LOBBY },
      text,
      sayer: undefined,
      outcome: undefined,
      isNotice: true,
    };
    delivery.sayLive(notice, keepsLobby(), now);
    return undefined;
  }

  /** Ends all sessions of a user, or of a guest; returns how many. `why` completes "Your session was". */
  endSessions(name: string, why = ENDED_BY_OPERATOR): number {
    const guests = [...this.#parts.online.guests].filter(({ guestName }) => guestName === name);
    const ended = this.endUser(name, why);
    for (const guest of guests) this.#end(guest, why);
    return ended + guests.length;
  }

  /** Ends all sessions of a user; returns how many. */
  endUser(name: string, why: string): number {
    const user = this.#parts.online.get(name);
    const sessions = [...user?.handout ? [user.handout] : [], ...user?.natives ?? []];
    for (const session of sessions) this.#end(session, why);
    return sessions.length;
  }

  /** Ends the sessions of guests whose names are these, or look like them. */
  endGuestsLike(names: Iterable<string>, why: string): void {
    const looks = new Set([...names].map(skeleton));
    for (const guest of this.#parts.online.guests) {
      if (guest.guestLook !== undefined && looks.has(guest.guestLook)) this.#end(guest, why);
    }
  }

  /** Ends these native sessions: what they logged in with is not valid any more. */
  endNatives(ids: Iterable<SessionId>, why: string): void {
    for (const id of ids) this.#parts.outputs.push(tell(id, { type: "closing", why }));
  }

  /** The handouts' protocols have no message for an end, so their users are told by a message. */
  #end(session: Session, why: string): void {
    const { outputs } = this.#parts;
    if (session.kind === "guest" || (session.kind === "handout" && session.ready)) {
      const text = `Your session was ${why}.`;
      outputs.push(tell(session.id, new Message(NO_ENTRY, SERVER_NAME, "one", text)));
    }
    outputs.push(tell(session.id, { type: "closing", why }));
  }
}
