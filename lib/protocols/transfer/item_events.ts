import type { Outputs } from "../../core/machine.ts";
import type { TransferItem } from "./event.ts";
import type { TransferOutput } from "./output.ts";

/** Progress is shown, and stalled streams are noticed, this often. */
export const PROGRESS_MS = 250;

/** Shows the user what happens to one item, sent to or received from one other user. */
export class ItemEvents {
  readonly #out: Outputs<TransferOutput>;
  readonly #about: TransferItem & { readonly with: string; readonly sends: boolean };
  #rateAt = 0;
  #rateDone = 0;
  #rate = 0;

  constructor(out: Outputs<TransferOutput>, item: TransferItem, other: string, sends: boolean) {
    this.#out = out;
    this.#about = { ...item, with: other, sends };
  }

  route(relayed: boolean, sealed: boolean): void {
    this.#out.push({ type: "show", event: { type: "route", ...this.#about, relayed, sealed } });
  }

  paused(why: string): void {
    this.#out.push({ type: "show", event: { type: "paused", ...this.#about, why } });
  }

  failed(why: string): void {
    this.#out.push({ type: "show", event: { type: "fileFailed", ...this.#about, why } });
  }

  /** Measures the rate from here on. */
  startRate(now: number, done: number): void {
    [this.#rateAt, this.#rateDone, this.#rate] = [now, done, 0];
  }

  /** Shows progress; whether there has been any. */
  progress(now: number, done: number): boolean {
    this.#out.push({ type: "show", event: { type: "progress", ...this.#about, done, rate: this.rate(now, done) } });
    return this.#rate > 0;
  }

  /** Bytes a second, the last seconds counting most. */
  rate(now: number, done: number): number {
    const seconds = (now - this.#rateAt) / 1000;
    if (seconds <= 0) return this.#rate;
    const rate = (done - this.#rateDone) / seconds;
    this.#rate = this.#rate === 0 ? rate : this.#rate * 0.8 + rate * 0.2;
    [this.#rateAt, this.#rateDone] = [now, done];
    return this.#rate;
  }
}
