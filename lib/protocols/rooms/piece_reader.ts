import { concat } from "../../core/bytes.ts";

const NOTHING = new Uint8Array(0);

/**
 * Cuts what arrives into pieces: what comes before a silence is one. It measures between arrivals, so a reader that is woken
 * late does not join two pieces. Pure.
 */
export class PieceReader {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #lastAt = -Infinity;
  #ready: Uint8Array[] = [];

  /** Silence of `quietMs` ends a piece; one of `mostBytes` ends without it, so that memory is bounded. */
  constructor(readonly quietMs: number, readonly mostBytes: number) {}

  /** When the piece that is arriving ends; Infinity while there is none. */
  get quietAt(): number {
    return this.#bytes > 0 ? this.#lastAt + this.quietMs : Infinity;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0 && this.#ready.length === 0;
  }

  /** Bytes have arrived; they are copied. */
  push(bytes: Uint8Array, now: number): void {
    if (now >= this.quietAt) this.#end();
    this.#lastAt = now;
    for (let rest = bytes; rest.length > 0;) {
      const part = rest.slice(0, this.mostBytes - this.#bytes);
      this.#parts.push(part);
      this.#bytes += part.length;
      rest = rest.subarray(part.length);
      if (this.#bytes === this.mostBytes) this.#end();
    }
  }

  /** The next piece that has ended; undefined when none has. */
  next(now: number): Uint8Array | undefined {
    if (now >= this.quietAt) this.#end();
    return this.#ready.shift();
  }

  /** Nothing more arrives: what is there is the last piece. */
  finish(): void {
    if (this.#bytes > 0) this.#end();
  }

  /** Everything that has not been taken, joined: for what is read by its length. */
  takeAll(): Uint8Array {
    this.finish();
    const all = this.#ready.length === 1 ? this.#ready[0]! : this.#ready.length === 0 ? NOTHING : concat(this.#ready);
    this.#ready = [];
    return all;
  }

  #end(): void {
    this.#ready.push(this.#parts.length === 1 ? this.#parts[0]! : concat(this.#parts));
    this.#parts = [];
    this.#bytes = 0;
  }
}
