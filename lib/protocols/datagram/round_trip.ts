import type { DatagramOptions } from "./options.ts";

/** How long an answer takes, measured, and so how long to wait for one before sending again. */
export class RoundTrip {
  /** The smoothed round trip; undefined while nothing is measured. */
  smoothMs: number | undefined;
  #swingMs = 0;
  /** How long to wait for the answer to something sent for the first time. */
  resendMs: number;

  constructor(readonly options: DatagramOptions) {
    this.resendMs = options.resendFirstMs;
  }

  /** One answer came after so long. Only for what was sent once: else nobody knows which sending it answers. */
  measured(ms: number): void {
    if (this.smoothMs === undefined) {
      this.smoothMs = ms;
      this.#swingMs = ms / 2;
    } else {
      this.#swingMs += (Math.abs(ms - this.smoothMs) - this.#swingMs) / 4;
      this.smoothMs += (ms - this.smoothMs) / 8;
    }
    const { resendLeastMs, resendMostMs } = this.options;
    this.resendMs = Math.min(resendMostMs, Math.max(resendLeastMs, this.smoothMs + 4 * this.#swingMs));
  }

  /** How long to wait after so many timeouts in a row. */
  waitMs(timeouts: number): number {
    return Math.min(this.options.resendMostMs, this.resendMs * 2 ** timeouts);
  }
}
