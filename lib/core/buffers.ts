/** Buffers that are used again: great ones are dear to make, and one that was used of late is still near the processor. */
export class Buffers {
  readonly #free: ArrayBuffer[] = [];

  /** Keeps at most so many. */
  constructor(readonly most: number) {}

  /** A buffer of this length; what was in it may still be there. */
  take(bytes: number): Uint8Array {
    const at = this.#free.findLastIndex(({ byteLength }) => byteLength === bytes);
    return new Uint8Array(at < 0 ? new ArrayBuffer(bytes) : this.#free.splice(at, 1)[0]!);
  }

  /** Takes back a buffer that nobody uses any more, or any part of it. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || this.#free.includes(buffer)) return;
    if (this.#free.length === this.most) this.#free.shift();
    this.#free.push(buffer);
  }
}
