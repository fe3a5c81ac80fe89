import type { Expectations, Failure } from "./expectations.ts";
import type { PlayLinks } from "./play_links.ts";
import { PieceGaps, QUIET_MS } from "./piece_gaps.ts";
import type { ProgramTime } from "./program_time.ts";
import type { LinkName, Step } from "./step.ts";

/** A program that has lost this much may have reached a time limit of its own, by the clock. */
const MUCH_LOST_MS = 1000;

/** What was sent has been read, or never will be, when a program has had this much time since. */
const READ_MS = 500;

/** What a play has measured of its machine. */
interface Measured {
  readonly time: ProgramTime;
  readonly links: PlayLinks;
  readonly expectations: Expectations;
  /** Whether messages are separated by silence. */
  readonly isPaced: boolean;
}

/** Whether a play would have had another verdict on a machine with nothing else to do. Pure. */
export class PlayDoubt {
  readonly gaps = new PieceGaps();
  /** When a program has shown last that it runs, and what was lost until then. */
  #startedAt: number | undefined;
  #lostAtStart = 0;
  /** When the check has sent last, as the program has it, and what was lost until that was read. */
  #sentAt = Infinity;
  #lostAtRead: number | undefined;

  constructor(readonly steps: readonly Step[], readonly measures: Measured) {}

  /** A program has shown that it runs: time that was lost before does not count. */
  programStarted(now: number): void {
    this.#startedAt = now;
  }

  sent(now: number): void {
    [this.#sentAt, this.#lostAtRead] = [this.measures.time.at(now), undefined];
  }

  /** When what was sent last between pauses has been read, as the program has it; Infinity once that is known. */
  get readAt(): number {
    return this.measures.isPaced && this.#lostAtRead === undefined ? this.#sentAt + READ_MS : Infinity;
  }

  /** What was lost until `at` is known. */
  measured(at: number): void {
    const { time } = this.measures;
    this.gaps.measured(at, time.programMs);
    if (this.#startedAt !== undefined && at >= this.#startedAt) {
      [this.#startedAt, this.#lostAtStart] = [undefined, time.lostMs];
    }
    if (time.confirmedAt >= this.readAt) this.#lostAtRead ??= time.lostMs;
  }

  /** Whether the machine was so busy that another verdict than this failure, or than none, may be right. */
  isDoubtful(failure: Failure | undefined): boolean {
    const hasLostMuch = failure !== undefined && this.#harmMs(failure) >= MUCH_LOST_MS;
    return hasLostMuch || this.measures.expectations.isUnsure || this.#isUnsureOfPieces(failure);
  }

  /** Whether it failed while a busy machine may have joined what was sent with pauses. */
  isUnconfirmed(failure: Failure | undefined): boolean {
    return failure !== undefined && this.measures.isPaced && this.#lostMs >= QUIET_MS / 2;
  }

  /** Whether the verdict rests on silence that the machine may have made, or has not let be seen. */
  #isUnsureOfPieces(failure: Failure | undefined): boolean {
    if (!failure) return this.steps.flatMap(piecesOf).some((link) => this.gaps.isStretched(link));
    const { isUnexpected, where, step } = failure;
    if (!isUnexpected || !piecesOf(this.steps[step]).includes(where)) return false;
    return this.gaps.isStretched(where) || this.measures.links.get(where).mayBeJoined;
  }

  /** What was lost, since the programs have shown that they run, that may be the reason for this failure. */
  #harmMs({ isUnexpected }: Failure): number {
    if (isUnexpected) return this.#lostMs;
    // Pieces that a program has not read in time are one to it, and it waits for the next. What it loses later does no harm.
    return this.measures.isPaced ? (this.#lostAtRead ?? this.measures.time.lostMs) - this.#lostAtStart : 0;
  }

  /** What the machine has taken since the programs have shown that they run. */
  get #lostMs(): number {
    return this.measures.time.lostMs - this.#lostAtStart;
  }
}

/** The links from which a step takes what stands between silences. */
function piecesOf(step: Step | undefined): LinkName[] {
  return step?.do === "expect" ? step.all.filter((each) => each.in === "piece").map(({ link }) => link) : [];
}
