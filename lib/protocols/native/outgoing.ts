import type { Target } from "../../chat/store.ts";

/** Something said that waits for its answer. */
export interface Unanswered {
  readonly id: string;
  readonly to: Target;
  readonly text: string;
}

/** What may wait for the server's answer; then nothing more is taken. */
const UNANSWERED = 10_000;
/** Characters on their way that are not answered; the rest waits here, since no transport takes everything at once. */
const UNDER_WAY = 64 * 1024;
/** What a message costs besides its text. */
const OVERHEAD = 100;

/**
 * What a client has said and has no answer to, in order; on each new connection it is sent from the beginning.
 *
 * `run` tells this run from all others of the user: ids begin with it, and are never used twice.
 */
export class Outgoing {
  readonly #unanswered = new Map<string, Unanswered>();
  /** Of those, what was not sent on this connection yet, and how much of the others is under way. */
  readonly #unsent = new Map<string, Unanswered>();
  #underWay = 0;
  #lastId = 0;

  constructor(readonly run: string) {}

  get size(): number {
    return this.#unanswered.size;
  }

  /** Whether something was said in this run. */
  has(id: string): boolean {
    return id.startsWith(`${this.run}-`);
  }

  /** One more; its id, or why it is not taken. */
  push(to: Target, text: string): { id: string } | { why: string } {
    if (this.#unanswered.size >= UNANSWERED) {
      return { why: `${UNANSWERED} messages wait for the server already, the most that are kept` };
    }
    const said = { id: `${this.run}-${++this.#lastId}`, to, text };
    this.#unanswered.set(said.id, said);
    this.#unsent.set(said.id, said);
    return { id: said.id };
  }

  /** A new connection: everything is to be sent again. */
  again(): void {
    this.#underWay = 0;
    this.#unsent.clear();
    for (const said of this.#unanswered.values()) this.#unsent.set(said.id, said);
  }

  /** The next to be sent, as long as not too much is under way. */
  next(): Unanswered | undefined {
    if (this.#underWay >= UNDER_WAY) return undefined;
    for (const said of this.#unsent.values()) {
      this.#unsent.delete(said.id);
      this.#underWay += said.text.length + OVERHEAD;
      return said;
    }
    return undefined;
  }

  /** The server has answered; what it has answered to, if that was still open. */
  answered(id: string): Unanswered | undefined {
    const said = this.#unanswered.get(id);
    if (!said) return undefined;
    this.#unanswered.delete(id);
    // The answer of an earlier connection may come before it was said again.
    if (!this.#unsent.delete(id)) this.#underWay -= said.text.length + OVERHEAD;
    return said;
  }
}
