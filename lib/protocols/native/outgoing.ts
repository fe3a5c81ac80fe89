import type { Target } from "../../chat/store.ts";

/** A message that waits for the server's answer. */
export interface OutgoingMessage {
  readonly id: string;
  readonly to: Target;
  readonly text: string;
  /** When it was written. */
  readonly time: number;
}

/** Cap on unanswered messages; beyond it none is accepted. */
const MAX_UNANSWERED = 10_000;
/** Cap on characters sent and not answered; no transport takes everything at once. */
const MAX_IN_FLIGHT = 64 * 1024;
/** What a message costs besides its text. */
const OVERHEAD = 100;

/**
 * A client's messages without an answer, in order.
 *
 * 1. On each new connection all of them are sent again, in order, under the same ids.
 * 2. Ids begin with `run`, which no other run of the user has, and are never used twice.
 */
export class OutgoingQueue {
  readonly #unanswered = new Map<string, OutgoingMessage>();
  /** The part of `#unanswered` that was not sent on this connection yet. */
  #unsent = new Map<string, OutgoingMessage>();
  #inFlight = 0;
  #lastId = 0;

  /** `earlier`: messages that an earlier run has left. */
  constructor(readonly run: string, earlier: readonly OutgoingMessage[] = []) {
    for (const message of earlier) this.#unanswered.set(message.id, message);
    this.reset();
  }

  get size(): number {
    return this.#unanswered.size;
  }

  /** Every message without an answer, in order. */
  get all(): OutgoingMessage[] {
    return [...this.#unanswered.values()];
  }

  /** Whether an id is one of this run. */
  has(id: string): boolean {
    return id.startsWith(`${this.run}-`);
  }

  /** Adds a message; its id, or why it is not accepted. */
  push(to: Target, text: string, time: number): { id: string } | { why: string } {
    if (this.#unanswered.size >= MAX_UNANSWERED) {
      return { why: `${MAX_UNANSWERED} messages wait for the server already, the most that are kept` };
    }
    const message = { id: `${this.run}-${++this.#lastId}`, to, text, time };
    this.#unanswered.set(message.id, message);
    this.#unsent.set(message.id, message);
    return { id: message.id };
  }

  /** A new connection: everything is sent again. */
  reset(): void {
    this.#inFlight = 0;
    this.#unsent = new Map(this.#unanswered);
  }

  /** The next message to send; undefined when there is none, or too much is in flight. */
  next(): OutgoingMessage | undefined {
    if (this.#inFlight >= MAX_IN_FLIGHT) return undefined;
    for (const message of this.#unsent.values()) {
      this.#unsent.delete(message.id);
      this.#inFlight += message.text.length + OVERHEAD;
      return message;
    }
    return undefined;
  }

  /** The server has answered; the message, unless it was answered before. */
  answered(id: string): OutgoingMessage | undefined {
    const message = this.#unanswered.get(id);
    if (!message) return undefined;
    this.#unanswered.delete(id);
    // The answer of an earlier connection may come before the message is sent again.
    if (!this.#unsent.delete(id)) this.#inFlight -= message.text.length + OVERHEAD;
    return message;
  }
}
