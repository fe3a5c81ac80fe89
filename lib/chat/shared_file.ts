const BLOCK_BYTES = 256 * 1024;

/** The bytes of a file that arrives in pieces of any size, in memory. A block is allocated when its first byte arrives. */
export class FileBytes {
  readonly #blocks: Uint8Array[] = [];
  #count = 0;

  /** `bytes` are to come. */
  constructor(readonly bytes: number) {}

  get missing(): number {
    return this.bytes - this.#count;
  }

  /** Adds the next bytes, at most those that are missing; the rest of `piece` is returned. */
  add(piece: Uint8Array): Uint8Array {
    let rest = piece;
    while (rest.length > 0 && this.missing > 0) {
      const at = this.#count % BLOCK_BYTES;
      if (at === 0) this.#blocks.push(new Uint8Array(Math.min(BLOCK_BYTES, this.missing)));
      const part = rest.subarray(0, Math.min(BLOCK_BYTES - at, this.missing));
      this.#blocks.at(-1)!.set(part, at);
      this.#count += part.length;
      rest = rest.subarray(part.length);
    }
    return rest;
  }

  /** Takes bytes for a position, in any order; `missing` does not count them. */
  put(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const index = Math.floor((at + done) / BLOCK_BYTES);
      const block = this.#blocks[index] ??= new Uint8Array(Math.min(BLOCK_BYTES, this.bytes - index * BLOCK_BYTES));
      const from = (at + done) % BLOCK_BYTES;
      const part = bytes.subarray(done, done + block.length - from);
      block.set(part, from);
      done += part.length;
    }
  }

  /** Some bytes from a position on, at most `count`, and at least one where there are any. */
  read(at: number, count: number): Uint8Array {
    const from = at % BLOCK_BYTES;
    return this.#blocks[Math.floor(at / BLOCK_BYTES)]?.subarray(from, from + count) ?? new Uint8Array(0);
  }
}

/** A file that was sent to a room, on its way to guests there: the same object for all of them. */
export interface SharedFile {
  readonly type: "file";
  readonly id: number;
  readonly from: string;
  readonly name: string;
  readonly contents: FileBytes;
  /** The offer of a member who uses another protocol by which it has come; undefined where another guest has sent it. */
  readonly offer?: string;
}
