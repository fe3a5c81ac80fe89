import type { ClientQuestion, ShownMessage } from "./client_event.ts";

/** Messages of a conversation that are looked through: what waits for its receiver is among the last ones. */
const LOOKED_THROUGH = 200;
/** Conversations that are looked through after one move, those that were written to last. */
const CONVERSATIONS = 32;

/** An own private message that waits for its receiver. */
export interface WaitingMessage {
  readonly id: string;
  readonly to: string;
}

/** One that is in the log of the current server; `failed`: why it never arrives. */
export interface FoundMessage extends WaitingMessage {
  readonly seq: number;
  readonly failed: string | undefined;
}

/**
 * Own private messages that another server of the chat has taken, and that wait for their receivers. Their numbers there mean
 * nothing here: which ones they have here is asked of the history, one conversation after the other.
 */
export class EarlierMessages {
  /** Receivers by message. */
  readonly #waiting = new Map<string, string>();
  #users: string[] = [];
  #asked: ClientQuestion | undefined;

  /** The client has moved to another server, at which nothing is known of these. */
  moved(waiting: Iterable<WaitingMessage>): void {
    for (const { id, to } of waiting) this.#waiting.set(id, to);
    const latest = [...new Set([...this.#waiting.values()].reverse())];
    this.#users = latest.slice(0, CONVERSATIONS);
    this.#asked = undefined;
  }

  /** This server tells the outcome of one. */
  delete(id: string): void {
    this.#waiting.delete(id);
  }

  /** What to ask next; undefined while a question is under way, and when nothing is left to ask. */
  next(): ClientQuestion | undefined {
    const [user] = this.#users;
    if (this.#asked || user === undefined) return undefined;
    return this.#asked = { type: "history", of: { user }, limit: LOOKED_THROUGH };
  }

  /** The question is answered, or refused. */
  done(): void {
    this.#users.shift();
    this.#asked = undefined;
  }

  /** The connection is lost: the question is asked again on the next one. */
  lost(): void {
    this.#asked = undefined;
  }

  /** Whether a question is one of these, and nothing that the user has asked. */
  asks(question: ClientQuestion | undefined): boolean {
    return question !== undefined && question === this.#asked;
  }

  /** Takes those out that are among these messages of the log; `idOf` tells what a message of this client is called. */
  take(messages: readonly ShownMessage[], idOf: (message: ShownMessage) => string | undefined): FoundMessage[] {
    return messages.flatMap((message) => {
      const id = idOf(message);
      const to = id === undefined ? undefined : this.#waiting.get(id);
      if (id === undefined || to === undefined) return [];
      this.#waiting.delete(id);
      return [{ id, to, seq: message.seq, failed: message.failed }];
    });
  }
}
