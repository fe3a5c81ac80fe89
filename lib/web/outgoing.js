/** @typedef {{ readonly user: string } | { readonly room: string }} Target */
/** @typedef {{ readonly id: string, readonly to: Target, readonly text: string, readonly time: number }} Unanswered */

/** What may wait for the server's answer; then nothing more is taken. */
const UNANSWERED = 10_000;
/** Characters on their way that are not answered; the rest waits here. */
const UNDER_WAY = 64 * 1024;
/** What a message costs besides its text. */
const OVERHEAD = 100;

/**
 * What was said here and has no answer, in order; on each new connection it is sent from the beginning, under the same ids.
 * `run` tells this life of the page from all others of the user: ids begin with it, and are never used twice.
 */
export class Outgoing {
  /** @type {Map<string, Unanswered>} */
  #unanswered = new Map();
  /** Of those, what was not sent on this connection yet, and how much of the others is under way. */
  /** @type {Map<string, Unanswered>} */
  #unsent = new Map();
  #underWay = 0;
  #lastId = 0;

  /**
   * @param {string} run
   * @param {readonly Unanswered[]} earlier what an earlier life of the page has left
   */
  constructor(run, earlier) {
    this.run = run;
    for (const said of earlier) this.#unanswered.set(said.id, said);
  }

  /** Everything without an answer, in order. */
  get all() {
    return [...this.#unanswered.values()];
  }

  /**
   * One more, or why it is not taken.
   * @param {Target} to
   * @param {string} text
   * @param {number} time
   * @returns {Unanswered | { why: string }}
   */
  push(to, text, time) {
    if (this.#unanswered.size >= UNANSWERED) {
      return { why: `${UNANSWERED} messages wait for the server already, the most that are kept` };
    }
    const said = { id: `${this.run}-${++this.#lastId}`, to, text, time };
    this.#unanswered.set(said.id, said);
    this.#unsent.set(said.id, said);
    return said;
  }

  /** A new connection: everything is to be sent again. */
  again() {
    this.#underWay = 0;
    this.#unsent = new Map(this.#unanswered);
  }

  /**
   * The next to be sent, as long as not too much is under way.
   * @returns {Unanswered | undefined}
   */
  next() {
    if (this.#underWay >= UNDER_WAY) return undefined;
    for (const said of this.#unsent.values()) {
      this.#unsent.delete(said.id);
      this.#underWay += said.text.length + OVERHEAD;
      return said;
    }
    return undefined;
  }

  /**
   * The server has answered; what it has answered to, if that was still open.
   * @param {string} id
   */
  answered(id) {
    const said = this.#unanswered.get(id);
    if (!said) return undefined;
    this.#unanswered.delete(id);
    // The answer of an earlier connection may come before it was said again.
    if (!this.#unsent.delete(id)) this.#underWay -= said.text.length + OVERHEAD;
    return said;
  }
}
