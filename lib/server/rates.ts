import { RECEIPT_BOUNDS_MS, type Tally } from "../chat/tally.ts";
import type { Point } from "../chat/server_snapshot.ts";

const SECOND_MS = 1000;

/** Takes the hub's counters once a second and computes the change since the last time. */
export class Rates {
  readonly #tally: Tally;
  #said: number;
  #delivered: number;
  #failed: number;
  #receipts: Float64Array;
  #takenAt: number;

  constructor(tally: Tally, now: number) {
    this.#tally = tally;
    ({ said: this.#said, delivered: this.#delivered, failed: this.#failed } = tally);
    this.#receipts = tally.receipts.slice();
    this.#takenAt = now;
  }

  /** Whether the next second has passed. */
  due(now: number): boolean {
    return Math.floor(now / SECOND_MS) > Math.floor(this.#takenAt / SECOND_MS);
  }

  /** The figures since the last call. */
  take(now: number, { sessions, memoryBytes }: Pick<Point, "sessions" | "memoryBytes">): Point {
    const { said, delivered, failed, receipts } = this.#tally;
    // More than one second passes only when the whole process stands still.
    const seconds = Math.max(1, Math.round((now - this.#takenAt) / SECOND_MS));
    const since = receipts.map((count, i) => count - this.#receipts[i]!);
    const point: Point = {
      time: now,
      said: (said - this.#said) / seconds,
      delivered: (delivered - this.#delivered) / seconds,
      failed: (failed - this.#failed) / seconds,
      p50Ms: quantile(since, 0.5),
      p99Ms: quantile(since, 0.99),
      sessions,
      memoryBytes,
    };
    [this.#said, this.#delivered, this.#failed] = [said, delivered, failed];
    this.#receipts = receipts.slice();
    this.#takenAt = now;
    return point;
  }
}

/** The time within which this part of the receipts came, interpolated in its bucket; null without any. */
export function quantile(counts: ArrayLike<number>, part: number): number | null {
  let all = 0;
  for (let i = 0; i < counts.length; i++) all += counts[i]!;
  if (all === 0) return null;
  let left = part * all;
  let lower = 0;
  for (const [i, upper] of RECEIPT_BOUNDS_MS.entries()) {
    const count = counts[i]!;
    if (left <= count && count > 0) return lower + (upper - lower) * (left / count);
    left -= count;
    lower = upper;
  }
  // The last bucket has no upper bound.
  return lower;
}
