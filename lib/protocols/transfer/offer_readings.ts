import type { Target } from "../../chat/entry.ts";
import type { Outputs } from "../../core/machine.ts";
import type { FileState } from "./event.ts";
import type { TransferOutput } from "./output.ts";

/** Progress is shown this often. */
const SHOW_MS = 250;

interface Reading {
  readonly n: number;
  readonly path: string;
  readonly to: Target;
  shownAt: number;
  done: number;
  bytes: number;
  isStopped: boolean;
}

/** The files and folders that are being read before they are offered, by the ids that their offers get. */
export class OfferReadings {
  readonly #out: Outputs<TransferOutput>;
  readonly #readings = new Map<string, Reading>();

  constructor(out: Outputs<TransferOutput>) {
    this.#out = out;
  }

  get isActive(): boolean {
    return this.#readings.size > 0;
  }

  /** The list of them, as that of the transfers has them. */
  get states(): FileState[] {
    return [...this.#readings.values()].map(({ n, path, to, done, bytes }) => ({
      n,
      name: path,
      bytes,
      files: undefined,
      sends: true,
      with: "user" in to ? to.user : to.room,
      state: bytes === 0 ? "being read" : `being read, ${Math.floor(100 * done / bytes)} %`,
    }));
  }

  start(offer: string, n: number, path: string, to: Target): void {
    this.#readings.set(offer, { n, path, to, shownAt: -Infinity, done: 0, bytes: 0, isStopped: false });
    this.#out.push({ type: "readOffer", offer, to, path });
  }

  /** The user stops it, or decides what only a receiver can. */
  decide(offer: string, decision: "accept" | "refuse" | "stop"): void {
    const reading = this.#readings.get(offer);
    if (!reading) return;
    if (decision === "stop") reading.isStopped = true;
    else this.#out.push({ type: "problem", why: `${reading.n} is your own offer; /stop ${reading.n} stops it` });
  }

  isStopped(offer: string): boolean {
    return this.#readings.get(offer)?.isStopped ?? false;
  }

  /** Shows progress, now and then. It never looks complete before the end. */
  progress(offer: string, done: number, bytes: number, now: number): void {
    const reading = this.#readings.get(offer);
    if (!reading) return;
    Object.assign(reading, { done, bytes });
    if (now - reading.shownAt < SHOW_MS) return;
    reading.shownAt = now;
    this.#show(reading, Math.min(done, bytes - 1), bytes);
  }

  /** What was to be read. */
  end(offer: string): string {
    const reading = this.#readings.get(offer);
    if (!reading) return "";
    this.#readings.delete(offer);
    this.#show(reading, reading.bytes, reading.bytes);
    return reading.path;
  }

  #show({ n, path }: Reading, done: number, bytes: number): void {
    this.#out.push({ type: "show", event: { type: "reading", n, name: path, done, bytes } });
  }
}
