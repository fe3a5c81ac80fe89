import type { Target } from "../chat/entry.ts";
import type { ClientEvent, ClientQuestion } from "../protocols/native/client_event.ts";
import { targetName } from "./view.ts";

type HistoryQuestion = Extract<ClientQuestion, { type: "history" }>;

/** Messages of a conversation that are looked through for one of the user's own. */
const LOOKED_THROUGH = 1000;
const PAGE = 250;

/**
 * A change of one of the user's own messages, of which the server is asked: the `nth` last in a conversation, as `/history`
 * numbers them. Without a text it is withdrawn.
 */
export class Amendment {
  readonly #nth: number;
  #counted = 0;
  #lookedThrough = 0;
  /** Whether the server has been asked. */
  isAsked = false;

  constructor(readonly to: Target, nth: number, readonly text: string | undefined) {
    this.#nth = nth;
  }

  /** The first question. */
  get question(): HistoryQuestion {
    return { type: "history", of: this.to, limit: PAGE };
  }

  /** The number of the message, the next question, or why there is no such message. */
  answered(
    { messages, more }: Extract<ClientEvent, { type: "history" }>,
    me: string,
  ): number | HistoryQuestion | { readonly why: string } {
    for (const { seq, from, withdrawn } of [...messages].reverse()) {
      if (from === me && !withdrawn && ++this.#counted === this.#nth) return seq;
    }
    this.#lookedThrough += messages.length;
    const oldest = messages[0];
    if (more && oldest && this.#lookedThrough < LOOKED_THROUGH) return { ...this.question, before: oldest.seq };
    const where = "room" in this.to ? `in ${targetName(this.to)}` : `to ${targetName(this.to)}`;
    const found = this.#counted === 0 ? "no message" : `only ${this.#counted}`;
    const among = more ? ` among the last ${this.#lookedThrough} messages` : "";
    return { why: `nothing is changed: you have said ${found} ${where}${among}` };
  }
}
