import type { Step } from "./step.ts";

export interface PlayTimes {
  /** How long a program that was started may take until it shows that it runs. */
  readonly startMs: number;
  /** How long an expected answer may take. */
  readonly answerMs: number;
  /** How long it is waited on afterwards, so that late is told apart from never. */
  readonly lateMs: number;
  /** How long nothing must come where nothing should. */
  readonly silenceMs: number;
  /** A line without an end is not continued after so long. */
  readonly settleMs: number;
  /** An answer came in time, after so long: where answers are slow, `answerMs` grows. */
  answered?(ms: number): void;
}

/** How long a step may take, or, for a pause, takes; `moreMs` is what its expectations allow beyond the usual. */
export function stepMs(step: Step | undefined, times: PlayTimes, moreMs: number): number {
  const { answerMs, lateMs, silenceMs } = times;
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
    case "expect":
      return answerMs + lateMs + moreMs;
    default:
      return answerMs;
  }
}
