/** Marks the chunks that are on disk, with a byte for each: a file keeps them, and is updated one chunk at a time. */
export class ChunkMap {
  readonly #marks: Uint8Array;
  #missing: number;
  /** No chunk before this one is missing. */
  #first = 0;

  /** `marks` as they were saved; without them, no chunk is marked. */
  constructor(readonly size: number, marks?: Uint8Array) {
    this.#marks = new Uint8Array(size);
    if (marks) this.#marks.set(marks.subarray(0, size).map((byte) => byte === 1 ? 1 : 0));
    this.#missing = this.#marks.reduce((sum, byte) => sum - byte, size);
  }

  get missing(): number {
    return this.#missing;
  }

  has(chunk: number): boolean {
    return this.#marks[chunk] === 1;
  }

  add(chunk: number): void {
    if (chunk < 0 || chunk >= this.size || this.has(chunk)) return;
    this.#marks[chunk] = 1;
    this.#missing--;
  }

  /** The first missing chunk at or after `from`; `size` if none is missing. */
  next(from: number): number {
    while (this.#marks[this.#first] === 1) this.#first++;
    let chunk = Math.max(from, this.#first);
    while (this.#marks[chunk] === 1) chunk++;
    return Math.min(chunk, this.size);
  }

  /** The number of consecutive missing chunks from `from` on, at most `max`. */
  run(from: number, max: number): number {
    let count = 0;
    while (count < max && from + count < this.size && !this.has(from + count)) count++;
    return count;
  }
}
