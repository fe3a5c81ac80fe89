import type { Computed } from "./credentials.ts";
import type { Expectations } from "./expectations.ts";
import type { PlayClock } from "./play_clock.ts";
import type { PlayLinks } from "./play_links.ts";
import type { PlayPrograms } from "./play_programs.ts";
import { type PlayTimes, stepMs } from "./play_times.ts";
import { exitText } from "./program_exit.ts";
import type { LinkName, Step } from "./step.ts";
import { type StepState, stepState } from "./step_state.ts";
import type { Values } from "./values.ts";

/** What a step is judged by. */
interface PlayView {
  readonly links: PlayLinks;
  readonly values: Values;
  readonly times: PlayTimes;
  readonly clock: PlayClock;
  readonly programs: PlayPrograms;
  readonly expectations: Expectations;
}

/** The state of a step, and what is told about it. */
interface StepJudged extends StepState {
  /** What was met just now, but not as the handout says. */
  readonly weak?: readonly string[];
  /** Whether the machine was late must be known first. */
  readonly needsMeasure?: boolean;
}

/** The step under way: what it is about, how long it may take, and whether it has done its work. Pure. */
export class PlayStep {
  #at = 0;
  /** By the clock. */
  #enteredAt = 0;
  #computed: Computed | undefined;
  /** The files that it looks for. */
  #found: readonly Uint8Array[] | undefined;

  constructor(readonly steps: readonly Step[], readonly view: PlayView) {}

  get at(): number {
    return this.#at;
  }

  /** Undefined after the last. */
  get step(): Step | undefined {
    return this.steps[this.#at];
  }

  get later(): readonly Step[] {
    return this.steps.slice(this.#at + 1);
  }

  enter(at: number, now: number): void {
    this.#at = at;
    this.#enteredAt = now;
    [this.#computed, this.#found] = [undefined, undefined];
    this.view.clock.begins(now);
    if (this.step?.do === "expect") this.view.expectations.begin(this.step.all, now);
  }

  /** Its times begin anew: the program has only now shown that it runs. */
  restart(now: number): void {
    this.view.clock.begins(now);
    this.view.expectations.restart(now);
  }

  /** It wanted this. */
  computed(result: Computed): void {
    this.#computed = result;
  }

  /** The files of such names, as they are now; whether it is about them. */
  found(name: RegExp, files: readonly Uint8Array[]): boolean {
    if (this.step?.do !== "saved" || this.step.name !== name) return false;
    this.#found = files;
    return true;
  }

  /** When an unfinished line that it waits for counts as settled, as the program has it. */
  get settlesAt(): number {
    const { links, clock, times } = this.view;
    return links.settlesAt(this.#watched(), clock.time.confirmedAt, times.settleMs);
  }

  /** When a pause is over, by the clock; Infinity for any other step. */
  get pausesUntil(): number {
    return this.step?.do === "pause" ? this.#enteredAt + this.step.ms : Infinity;
  }

  /** How long it may take, or, for a wait, takes. */
  get ms(): number {
    const { times, expectations, programs } = this.view;
    const usual = stepMs(this.step, times, expectations.moreMs);
    return programs.mayBeStarting(this.step) ? Math.max(usual, times.startMs) : usual;
  }

  /** Whether silence before what comes now may matter: none does within bytes that are counted. */
  isSilenceNeeded(link: LinkName): boolean {
    const { step } = this;
    return step?.do !== "expect" || !step.all.some((each) => each.link === link && each.in !== "piece");
  }

  /** Whether it has done its work, or no longer can. */
  judge(step: Step, now: number): StepJudged {
    if (step.do === "pause") return { isDone: now >= this.pausesUntil };
    const { links, values, times, clock, programs, expectations } = this.view;
    const isLate = clock.isLate(this.ms);
    if (step.do === "expect") {
      const { isMet, ...judged } = expectations.judge(isLate, (who) => {
        const exit = programs.exitOf(who);
        return exit && exitText(exit);
      });
      return { isDone: isMet, ...judged };
    }
    return stepState(step, {
      links,
      values,
      exitOf: (who) => programs.exitOf(who),
      isRunning: (who) => programs.isRunning(who),
      found: this.#found,
      isLate,
      waitedMs: clock.waitedMs(now),
      confirmedAt: clock.time.confirmedAt,
      settleMs: times.settleMs,
      computed: this.#computed,
    });
  }

  /** The links that it waits for. */
  #watched(): readonly LinkName[] {
    const { step } = this;
    if (step?.do === "expect") return step.all.map(({ link }) => link);
    return step?.do === "observe" ? [step.link] : [];
  }
}
