/** An answer may take so many times as long as the slowest that came in time. */
const TIMES_THE_SLOWEST = 20;
/** Slower answers say more about the program than about the machine. */
const MOST_MS = 400;

/**
 * How long an answer may take: the limit that was set, and longer where answers are slow, so that a busy machine does not fail a
 * program. All plays of a run share one, since they share the machine.
 */
export class Pace {
  #slowestMs = 0;

  constructor(readonly limitMs: number) {}

  get answerMs(): number {
    return Math.max(this.limitMs, this.#slowestMs * TIMES_THE_SLOWEST);
  }

  /** An answer came after so long. */
  answered(ms: number): void {
    this.#slowestMs = Math.max(this.#slowestMs, Math.min(ms, MOST_MS));
  }
}
