import type { Failure } from "./expectations.ts";
import type { PlayDoubt } from "./play_doubt.ts";
import type { PlayEnd } from "./play_output.ts";
import type { ProgramTime } from "./program_time.ts";

const BUSY = { expected: "an answer in time", got: "this machine was too busy to tell" };

/** The verdict of a play. It is told once it is known whether the machine has let it be seen. Pure. */
export class PlayVerdict {
  readonly #weak: { step: number; why: string }[] = [];
  readonly #observed: string[] = [];
  /** The verdict, while that is not known yet. */
  #ending: Omit<PlayEnd, "isDoubtful" | "isUnconfirmed"> | undefined;
  #end: PlayEnd | undefined;
  /** What must have been measured for the verdict: until when. */
  #endedAt = -Infinity;

  constructor(readonly doubt: PlayDoubt, readonly time: ProgramTime) {}

  /** Nothing that comes now changes the verdict. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  get end(): PlayEnd | undefined {
    return this.#end;
  }

  isWeak(step: number, why: string): void {
    this.#weak.push({ step, why });
  }

  observed(what: string): void {
    this.#observed.push(what);
  }

  /** The script has come to its end, or failed; further calls do nothing. */
  ends(failure: Failure | undefined, now: number): void {
    if (this.#ending) return;
    if (failure?.isUnexpected) this.#endedAt = now;
    this.#ending = { failure, weak: this.#weak, observed: this.#observed };
  }

  /** Tells the verdict of a play that ends; false while the machine must be asked first. */
  conclude(): boolean {
    if (!this.#ending) return true;
    if (this.doubt.gaps.isOpen || this.time.measuredAt < this.#endedAt) return false;
    const { failure } = this.#ending;
    const isDoubtful = this.doubt.isDoubtful(failure);
    this.#end ??= { ...this.#ending, isDoubtful, isUnconfirmed: this.doubt.isUnconfirmed(failure) };
    return true;
  }

  /** The play is given up: the machine takes too much from it. */
  giveUp(step: number): void {
    const failure = { step, where: "the machine", ...BUSY, isUnexpected: false };
    this.#end ??= { failure, weak: this.#weak, observed: this.#observed, isDoubtful: true, isUnconfirmed: false };
  }
}
