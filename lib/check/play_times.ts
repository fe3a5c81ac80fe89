import type { Step } from "./step.ts";

/** An answer may take this many times as long as the slowest that came in time. */
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

  /** An answer came after this time. */
  answered(ms: number): void {
    this.#slowestMs = Math.max(this.#slowestMs, Math.min(ms, MOST_MS));
  }
}

export interface PlayTimes {
  /** How long a program that was started may take until it shows that it runs. */
  readonly startMs: number;
  /** How long an expected answer may take. */
  readonly pace: Pace;
  /** How long it is waited on afterwards, so that late is told apart from never. */
  readonly lateMs: number;
  /** How long nothing must come where nothing should. */
  readonly silenceMs: number;
  /** After this time a line without an end is not continued. */
  readonly settleMs: number;
  /** Silence parts what is said, so that it matters what silence was seen. */
  readonly isPaced?: boolean;
}

/** How long a step may take, or, for a wait, takes; `moreMs` is what its expectations allow beyond the usual. */
export function stepMs(step: Step | undefined, times: PlayTimes, moreMs: number): number {
  const { pace: { answerMs }, lateMs, silenceMs } = times;
  switch (step?.do) {
    case "silence":
      return step.ms ?? silenceMs;
    case "observe":
      return step.ms ?? answerMs;
    case "wait":
      return step.ms;
    case "accept":
    case "closed":
    case "exits":
      return answerMs + (step.more ?? 0);
    case "saved":
      return answerMs + lateMs;
    case "expect":
      return answerMs + lateMs + moreMs;
    default:
      return answerMs;
  }
}
