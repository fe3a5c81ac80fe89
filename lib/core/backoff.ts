const FIRST_MS = 1000;
const MOST_MS = 30_000;
/** A lab that lost its server comes back spread over this share of the time. */
const JITTER = 0.5;

/** When a lost connection is tried again: after a second, then twice as long each time, half a minute at most. */
export class Backoff {
  #tries = 0;

  /** Milliseconds until the next try; `dice` is from 0 to 1. */
  next(dice: number): number {
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.#tries++);
    return Math.round(most * (1 - JITTER * dice));
  }

  /** It is there again. */
  reset(): void {
    this.#tries = 0;
  }
}
