const FIRST_MS = 250;
/** Small, so that after an outage of some seconds the next retry comes within half as many more. */
const GROWTH = 1.5;
const MAX_MS = 30_000;
/** The clients of a lab that lost its server come back spread over this share of the time. */
const JITTER = 0.5;

/**
 * When a lost connection is retried: after a quarter of a second, since a server that is started again is soon there, then after
 * half as long again each time, half a minute at most unless told otherwise.
 */
export class Backoff {
  #retries = 0;

  constructor(readonly maxMs = MAX_MS) {}

  /** Milliseconds until the next retry; `random` is from 0 to 1. */
  next(random: number): number {
    const most = Math.min(this.maxMs, FIRST_MS * GROWTH ** this.#retries++);
    return Math.round(most * (1 - JITTER * random));
  }

  /** The connection is back. */
  reset(): void {
    this.#retries = 0;
  }
}
