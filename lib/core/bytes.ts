/** Several pieces as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Buffers that are used again: great ones are dear to make, and one that was used of late is still near the processor. */
export class BufferPool {
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
