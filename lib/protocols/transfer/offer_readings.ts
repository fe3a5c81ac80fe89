import type { Target } from "../../chat/entry.ts";
import type { Outputs } from "../../core/machine.ts";
import type { TransferOutput } from "./output.ts";

/** Progress is shown this often. */
const SHOW_MS = 250;

/** The files that are being read before they are offered. */
export class OfferReadings {
  readonly #out: Outputs<TransferOutput>;
  /** By path. */
  readonly #readings = new Map<string, { shownAt: number; bytes: number }>();

  constructor(out: Outputs<TransferOutput>) {
    this.#out = out;
  }

  get isActive(): boolean {
    return this.#readings.size > 0;
  }

  start(path: string, to: Target): void {
    this.#readings.set(path, { shownAt: -Infinity, bytes: 0 });
    this.#out.push({ type: "readOffer", to, path });
  }

  /** Shows progress, now and then. It never looks complete before the end. */
  progress(path: string, done: number, bytes: number, now: number): void {
    const reading = this.#readings.get(path);
    if (!reading || now - reading.shownAt < SHOW_MS) return;
    reading.shownAt = now;
    reading.bytes = bytes;
    this.#show(path, Math.min(done, bytes - 1), bytes);
  }

  end(path: string): void {
    const bytes = this.#readings.get(path)?.bytes ?? 0;
    this.#readings.delete(path);
    this.#show(path, bytes, bytes);
  }

  #show(name: string, done: number, bytes: number): void {
    this.#out.push({ type: "show", event: { type: "reading", name, done, bytes } });
  }
}
