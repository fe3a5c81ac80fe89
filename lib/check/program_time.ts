/** How much time the machine has taken from the programs of a play, and from the check, since it was asked last. */
export interface HeldUp {
  /** When it was asked: what happened until then is counted. */
  readonly at: number;
  /** What the programs waited for a processor, by the one thread that waited longest. */
  readonly programMs: number;
  /** What the check itself was late, and how long a program could not be started. */
  readonly checkMs: number;
  /** A thread of a program waits at this moment, so that what it would do next is not known. */
  readonly isWaiting: boolean;
}

/**
 * Time as the programs under test had it: without what a busy machine has taken from them. Pure.
 *
 * 1. `confirmedAt` is never later than what was measured. A step that is too late, and a silence that has lasted, are judged by
 *    it alone.
 * 2. `at(now)` is not earlier: a time limit that begins there is never too short.
 */
export class ProgramTime {
  #lostMs = 0;
  #programMs = 0;
  #startedAt = 0;
  #confirmedAt = 0;
  #measuredAt = -Infinity;

  start(now: number): void {
    this.#startedAt = this.#confirmedAt = now;
  }

  at(now: number): number {
    return now - this.#lostMs;
  }

  /** Since the start; what one thread and the check have lost at the same time counts twice, so that it may be too short. */
  tookMs(now: number): number {
    return Math.max(0, this.at(now) - this.#startedAt);
  }

  /** When, by the clock, it will be so late if nothing more is lost. */
  clockAt(time: number): number {
    return time + this.#lostMs;
  }

  measured({ at, programMs, checkMs, isWaiting }: HeldUp): void {
    this.#lostMs += programMs + checkMs;
    this.#programMs += programMs;
    this.#measuredAt = at;
    if (!isWaiting) this.#confirmedAt = Math.max(this.#confirmedAt, this.at(at));
  }

  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** When, by the clock, it was last asked. */
  get measuredAt(): number {
    return this.#measuredAt;
  }

  /** What was taken from the programs and from the check. */
  get lostMs(): number {
    return this.#lostMs;
  }

  /** What was taken from the programs alone. */
  get programMs(): number {
    return this.#programMs;
  }
}
