import { type HeldUp, ProgramTime } from "./program_time.ts";

/** A machine that holds a program up at this moment is asked again after this time. */
const ASK_AGAIN_MS = 20;

/** When the step under way has begun, and when the machine is asked what it has taken: time limits are judged by that. Pure. */
export class PlayClock {
  readonly time = new ProgramTime();
  /** When the step under way began, as the program has it. */
  #since = 0;
  #isMeasuring = false;
  /** When a machine is asked again that holds a program up. */
  #askAgainAt = Infinity;

  /** The step under way begins, or its program has only now shown that it runs. */
  begins(now: number): void {
    this.#since = this.time.at(now);
  }

  /** How long the step has taken, as the program has it. */
  waitedMs(now: number): number {
    return this.time.at(now) - this.#since;
  }

  /** Whether a step is known to have taken longer than it may. */
  isLate(stepMs: number): boolean {
    return this.time.confirmedAt >= this.#since + stepMs;
  }

  /** Whether the machine must be asked: it is not being asked already. */
  asks(): boolean {
    if (this.#isMeasuring) return false;
    return this.#isMeasuring = true;
  }

  measured(heldUp: HeldUp, now: number): void {
    this.#isMeasuring = false;
    this.#askAgainAt = heldUp.isWaiting ? now + ASK_AGAIN_MS : Infinity;
    this.time.measured(heldUp);
  }

  /** When the machine is to be asked: since it holds a program up, or since a step may be over. `otherwiseAt` is as the program has it. */
  asksAt(stepMs: number, otherwiseAt: number): number {
    if (this.#isMeasuring) return Infinity;
    if (this.#askAgainAt < Infinity) return this.#askAgainAt;
    const deadline = this.#since + stepMs;
    return this.time.clockAt(Math.min(deadline > this.time.confirmedAt ? deadline : Infinity, otherwiseAt));
  }
}
