import type { Outputs } from "../../core/machine.ts";
import type { NativeOutput } from "./client_event.ts";
import { type ClientMessage, encodeClientMessage } from "./messages.ts";
import { idOf, type OutgoingMessage, OutgoingQueue } from "./outgoing.ts";

/** What an earlier run of a client has left: its last number, and messages without an answer. */
export interface EarlierRun {
  readonly lastNumber?: number;
  readonly unanswered?: readonly OutgoingMessage[];
}

/** What this client's user says: sent in the order of the numbers while there is a session, and kept until it is answered. */
export class OwnMessages {
  readonly #outputs: Outputs<NativeOutput>;
  readonly #client: string;
  readonly #queue: OutgoingQueue;
  /** Messages of this run, from this number on. */
  readonly #firstNumber: number;
  /** The store of the session; undefined while there is none. */
  #store: string | undefined;

  constructor(outputs: Outputs<NativeOutput>, client: string, { lastNumber, unanswered }: EarlierRun) {
    this.#outputs = outputs;
    this.#client = client;
    this.#queue = new OutgoingQueue(client, lastNumber, unanswered);
    this.#firstNumber = this.#queue.answeredUpTo + 1;
  }

  /** The messages without an answer, in order. */
  get unanswered(): readonly OutgoingMessage[] {
    return this.#queue.all;
  }

  /** How many messages have no answer yet. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** The highest number that this client has given. */
  get lastNumber(): number {
    return this.#queue.lastNumber;
  }

  /** Everything up to this number is answered. */
  get answeredUpTo(): number {
    return this.#queue.answeredUpTo;
  }

  /** A session has begun: everything that is not answered is sent in it. */
  begun(store: string): void {
    this.#queue.reset();
    this.#store = store;
    this.#sendWaiting();
  }

  /** There is no session. */
  ended(): void {
    this.#store = undefined;
  }

  /** Sends a message, now or once there is a session; its id, or why it is not accepted. */
  push(message: Omit<OutgoingMessage, "id" | "number">): { id: string } | { why: string } {
    const pushed = this.#queue.push(message);
    if ("why" in pushed) return pushed;
    this.#sendWaiting();
    return { id: pushed.id };
  }

  /** Everything up to a number is stored, but for what was refused. */
  accepted(upTo: number): void {
    for (const { id, to, of } of this.#queue.acceptedUpTo(upTo)) {
      if (of === undefined) this.#outputs.push({ type: "event", event: { type: "sent", id, to } });
    }
    this.#sendWaiting();
  }

  refused(number: number, why: string): void {
    const message = this.#queue.answered(number);
    if (!message) return;
    const { id, to, of } = message;
    const event = of === undefined ? { type: "failed", id, to, why } as const : { type: "denied", why } as const;
    this.#outputs.push({ type: "event", event });
    this.#sendWaiting();
  }

  /** A message is in the log, and so is everything before it; whether that is news. */
  stored(number: number): boolean {
    this.accepted(number - 1);
    const isFirst = this.#queue.answered(number) !== undefined;
    if (isFirst) this.#sendWaiting();
    return isFirst;
  }

  /** The id of a message of this run. */
  idOf(number: number): string | undefined {
    return number >= this.#firstNumber ? idOf(this.#client, number) : undefined;
  }

  /** Sends what was not sent yet, as long as not too much is in flight. */
  #sendWaiting(): void {
    if (this.#store === undefined) return;
    for (let message = this.#queue.next(); message; message = this.#queue.next()) {
      this.#outputs.push({ type: "send", json: encodeClientMessage(requestOf(message, this.#store)) });
    }
  }
}

function requestOf(message: OutgoingMessage, current: string): ClientMessage {
  const { number, to, text, of, reply, reacts, store } = message;
  const isElsewhere = store !== undefined && store !== current;
  if (of === undefined) {
    return { type: "say", number, to, text, ...(reply === undefined || isElsewhere ? {} : { reply }) };
  }
  const change = { number, of, ...(isElsewhere ? { store } : {}) };
  if (reacts) return { type: "react", ...change, text };
  return text === "" ? { type: "withdraw", ...change } : { type: "edit", ...change, text };
}
