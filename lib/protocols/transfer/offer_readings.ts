import type { Target } from "../../chat/entry.ts";
import type { Outputs } from "../../core/machine.ts";
import type { FileState } from "./event.ts";
import type { TransferOutput } from "./output.ts";

/** Progress is shown this often. */
const SHOW_MS = 250;

interface Reading {
  readonly path: string;
  readonly to: Target;
  shownAt: number;
  done: number;
  bytes: number;
  isStopped: boolean;
}

/** The files and folders that are being read before they are offered, by the numbers that their offers get. */
export class OfferReadings {
  readonly #out: Outputs<TransferOutput>;
  readonly #readings = new Map<number, Reading>();

  constructor(out: Outputs<TransferOutput>) {
    this.#out = out;
  }

  get isActive(): boolean {
    return this.#readings.size > 0;
  }

  /** The list of them, as that of the transfers has them. */
  get states(): FileState[] {
    return [...this.#readings].map(([n, { path, to, done, bytes }]) => ({
      n,
      name: path,
      bytes,
      files: undefined,
      sends: true,
      with: "user" in to ? to.user : to.room,
      state: bytes === 0 ? "being read" : `being read, ${Math.floor(100 * done / bytes)} %`,
    }));
  }

  start(n: number, path: string, to: Target): void {
    this.#readings.set(n, { path, to, shownAt: -Infinity, done: 0, bytes: 0, isStopped: false });
    this.#out.push({ type: "readOffer", n, to, path });
  }

  /** The user stops it; whether there is one of that number. */
  stop(n: number): boolean {
    const reading = this.#readings.get(n);
    if (reading) reading.isStopped = true;
    return reading !== undefined;
  }

  isStopped(n: number): boolean {
    return this.#readings.get(n)?.isStopped ?? false;
  }

  /** Shows progress, now and then. It never looks complete before the end. */
  progress(n: number, done: number, bytes: number, now: number): void {
    const reading = this.#readings.get(n);
    if (!reading) return;
    Object.assign(reading, { done, bytes });
    if (now - reading.shownAt < SHOW_MS) return;
    reading.shownAt = now;
    this.#show(n, reading.path, Math.min(done, bytes - 1), bytes);
  }

  /** What was to be read. */
  end(n: number): string {
    const { path, bytes } = this.#readings.get(n) ?? { path: "", bytes: 0 };
    this.#readings.delete(n);
    this.#show(n, path, bytes, bytes);
    return path;
  }

  #show(n: number, name: string, done: number, bytes: number): void {
    this.#out.push({ type: "show", event: { type: "reading", n, name, done, bytes } });
  }
}
