import type { Command } from "../../chat/command.ts";
import type { Entry } from "../../chat/entry.ts";
import { LOBBY } from "../../chat/names.ts";
import { timeOfDay } from "../../core/log.ts";
import type { JsonObject } from "./json.ts";
import { type MychatRequest, withFields } from "./messages.ts";

type PrivateMessage = Extract<MychatRequest, { key: "SENT_TO" }>;
type Saying = PrivateMessage | Extract<MychatRequest, { key: "SENT_TO_GROUP" }>;

/** Messages without a number in the log, at most. */
const MAX_SAYING = 64;
/** Messages whose confirmations are passed on, at most; the oldest are forgotten. */
const MAX_SENT = 256;

/** What a program says, until it is in the log, and if it is private, until its receiver has confirmed it. */
export class MychatOwnMessages {
  #number = 0;
  /** Messages without a number in the log, by the number that they were said under. */
  readonly #saying = new Map<number, Saying>();
  /** Private messages, whose receivers have not confirmed them. */
  #sent: { readonly seq: number; readonly request: PrivateMessage }[] = [];

  /** The user's messages have the numbers after this one. */
  begin(number: number): void {
    this.#number = number;
  }

  /** The command that says a message; undefined when too many wait. */
  say(request: Saying): Command | undefined {
    if (this.#saying.size >= MAX_SAYING) return undefined;
    const to = request.key === "SENT_TO" ? { user: request.to } : { room: LOBBY };
    this.#saying.set(++this.#number, request);
    return { type: "say", number: this.#number, to, text: request.text };
  }

  notSent(number: number): void {
    this.#saying.delete(number);
  }

  /** A message is in the log: the confirmation of the server. */
  kept({ number, seq, time }: Entry): JsonObject | undefined {
    const request = number === undefined ? undefined : this.#saying.get(number);
    if (!request) return undefined;
    this.#saying.delete(number!);
    if (request.key === "SENT_TO") {
      this.#sent.push({ seq, request });
      if (this.#sent.length > MAX_SENT) this.#sent.shift();
    }
    return withFields(request.object, { key: "CONFIRM_MSG", sent: true, time: timeOfDay(time) });
  }

  /** A message never arrives. */
  failed(seq: number | undefined): void {
    this.#sent = this.#sent.filter((each) => each.seq !== seq);
  }

  /** The receiver of private messages has everything up to here: its confirmations. */
  received(by: string, upTo: number, sender: string, time: string): JsonObject[] {
    const has = ({ seq, request }: { seq: number; request: PrivateMessage }) => request.to === by && seq <= upTo;
    const received = this.#sent.filter(has);
    this.#sent = this.#sent.filter((each) => !has(each));
    const fields = { key: "CONFIRM_MSG_2", sendto: sender, sentfrom: by, sent: true, time };
    return received.map(({ request: { object } }) => withFields(object, fields));
  }
}
