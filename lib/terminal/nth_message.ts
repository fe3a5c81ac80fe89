import type { Target } from "../chat/entry.ts";
import type { ClientEvent, ClientQuestion } from "../protocols/native/client_event.ts";
import { targetName } from "./view.ts";

type HistoryQuestion = Extract<ClientQuestion, { type: "history" }>;

/** The most messages of a conversation that are searched for one. */
const LOOKED_THROUGH = 1000;
const PAGE = 250;

/** The `nth` last message that a user said in a conversation, without those withdrawn, as `/history` numbers one's own. */
export class NthMessage {
  #counted = 0;
  #lookedThrough = 0;

  /** `from` is the user; undefined for the one at the terminal. */
  constructor(readonly to: Target, readonly nth: number, readonly from?: string | undefined) {}

  /** The first question. */
  get question(): HistoryQuestion {
    return { type: "history", of: this.to, limit: PAGE };
  }

  /** The number of the message, the next question, or why there is no such message. */
  answered(
    { messages, more }: Extract<ClientEvent, { type: "history" }>,
    me: string,
  ): number | HistoryQuestion | { readonly why: string } {
    const said = this.from ?? me;
    for (const { seq, from, withdrawn } of [...messages].reverse()) {
      if (from === said && !withdrawn && ++this.#counted === this.nth) return seq;
    }
    this.#lookedThrough += messages.length;
    const oldest = messages[0];
    if (more && oldest && this.#lookedThrough < LOOKED_THROUGH) return { ...this.question, before: oldest.seq };
    const name = targetName(this.to);
    const where = "room" in this.to ? `in ${name}` : said === me ? `to ${name}` : "to you";
    const found = this.#counted === 0 ? "no message" : `only ${this.#counted}`;
    const among = more ? ` among the last ${this.#lookedThrough} messages` : "";
    const who = this.from === undefined || said === me ? "you have" : `${targetName({ user: said })} has`;
    return { why: `${who} sent ${found} ${where}${among}` };
  }
}
