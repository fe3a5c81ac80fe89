const FIRST_MS = 250;
/** Small, so that after an outage of a few seconds the next retry comes within half that time again. */
const GROWTH = 1.5;
const MAX_MS = 30_000;
/** The retries of a lab's clients are spread over this share of the delay. */
const JITTER = 0.5;

/**
 * When a lost connection is retried: after a quarter of a second, since a restarted server is soon ready; then each delay is
 * half as long again, up to half a minute unless told otherwise.
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
