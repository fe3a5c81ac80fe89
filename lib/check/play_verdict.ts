import type { Failure } from "./expectations.ts";
import type { PlayDoubt } from "./play_doubt.ts";
import type { PlayEnd } from "./play_output.ts";
import type { ProgramTime } from "./program_time.ts";

/** A program whose connection has ended may be about to end itself: this is how long its status and last words are waited for. */
const EXIT_MS = 400;
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
  /** Until when the end of the program is waited for. */
  #heldUntil = -Infinity;

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

  /** The link or the person that a play which ends has failed with. */
  get failedAt(): string | undefined {
    return this.#ending?.failure?.where;
  }

  /** When it is told at the latest, if the end of a program is waited for until then. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  /** The script has come to its end, or failed; further calls do nothing. `mayExit`: the program may be about to end. */
  ends(failure: Failure | undefined, now: number, mayExit: boolean): void {
    if (this.#ending) return;
    if (failure?.isUnexpected) this.#endedAt = now;
    if (failure && mayExit) this.#heldUntil = now + EXIT_MS;
    this.#ending = { failure, weak: this.#weak, observed: this.#observed };
  }

  /** The program that a play has failed with has ended, too. */
  exited(how: string): void {
    if (!this.#ending?.failure || this.#end || this.#heldUntil === -Infinity) return;
    this.#heldUntil = -Infinity;
    const { failure } = this.#ending;
    this.#ending = { ...this.#ending, failure: { ...failure, got: `${failure.got}; ${how}` } };
  }

  /** Tells the verdict of a play that ends; false while the machine must be asked first. */
  conclude(now: number): boolean {
    if (!this.#ending || now < this.#heldUntil) return true;
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
