import type { Target } from "../../chat/entry.ts";

/** A message, an edit, a withdrawal or a reaction that waits for the server's answer. */
export interface OutgoingMessage {
  /** Numbers of one client grow by one; the id is made of both. */
  readonly id: string;
  readonly number: number;
  readonly to: Target;
  /** Nothing for a withdrawal. */
  readonly text: string;
  /** When it was written. */
  readonly time: number;
  /** The message that it changes; undefined for a new one. */
  readonly of?: number | undefined;
  /** Whether the text is a reaction to `of`. */
  readonly reacts?: boolean | undefined;
  /** The message to which a new one replies. */
  readonly reply?: number | undefined;
  /** The store that has numbered `of` or `reply`. */
  readonly store?: string | undefined;
}

/** Names a message among all of a user. */
export function idOf(client: string, number: number): string {
  return `${client}-${number}`;
}

/** Cap on unanswered messages; beyond it none is accepted. */
const MAX_UNANSWERED = 10_000;
/** Cap on characters sent and not answered; no transport takes everything at once. */
const MAX_IN_FLIGHT = 64 * 1024;
/** What a message costs besides its text. */
const OVERHEAD = 100;

/**
 * A client's messages without an answer, in order. On each new connection all of them are sent again under the same numbers,
 * so that the server takes each once.
 */
export class OutgoingQueue {
  readonly #unanswered = new Map<number, OutgoingMessage>();
  /** The part of `#unanswered` that was not sent on this connection yet. */
  #unsent = new Map<number, OutgoingMessage>();
  #inFlight = 0;
  #lastNumber: number;

  /** What an earlier run of the same client has left: its last number, and the messages without an answer. */
  constructor(readonly client: string, lastNumber = 0, unanswered: readonly OutgoingMessage[] = []) {
    this.#lastNumber = Math.max(lastNumber, ...unanswered.map(({ number }) => number));
    for (const message of unanswered) this.#unanswered.set(message.number, message);
    this.reset();
  }

  get size(): number {
    return this.#unanswered.size;
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Everything up to this number is answered. */
  get answeredUpTo(): number {
    for (const number of this.#unanswered.keys()) return number - 1;
    return this.#lastNumber;
  }

  /** Every message without an answer, in order. */
  get all(): OutgoingMessage[] {
    return [...this.#unanswered.values()];
  }

  /** Adds a message; the reason if it is not accepted. */
  push(message: Omit<OutgoingMessage, "id" | "number">): OutgoingMessage | { why: string } {
    if (this.#unanswered.size >= MAX_UNANSWERED) {
      return { why: `${MAX_UNANSWERED} messages wait for the server already, the most that are kept` };
    }
    const number = ++this.#lastNumber;
    const outgoing = { ...message, id: idOf(this.client, number), number };
    this.#unanswered.set(number, outgoing);
    this.#unsent.set(number, outgoing);
    return outgoing;
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
      this.#unsent.delete(message.number);
      this.#inFlight += message.text.length + OVERHEAD;
      return message;
    }
    return undefined;
  }

  /** The server has answered one message; the message, unless it was answered before. */
  answered(number: number): OutgoingMessage | undefined {
    const message = this.#unanswered.get(number);
    if (!message) return undefined;
    this.#unanswered.delete(number);
    // The answer of an earlier connection may come before the message is sent again.
    if (!this.#unsent.delete(number)) this.#inFlight -= message.text.length + OVERHEAD;
    return message;
  }

  /** The server has accepted everything up to a number: the messages that were not answered before, in order. */
  acceptedUpTo(upTo: number): OutgoingMessage[] {
    const accepted: OutgoingMessage[] = [];
    for (const number of this.#unanswered.keys()) {
      if (number > upTo) break;
      accepted.push(this.answered(number)!);
    }
    return accepted;
  }
}
