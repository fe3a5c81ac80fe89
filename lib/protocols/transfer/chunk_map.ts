/** Which chunks are there: a byte for each, so that one can be written to a file by itself. */
export class ChunkMap {
  readonly #there: Uint8Array;
  #missing: number;
  /** Before this none is missing. */
  #first = 0;

  /** `there` as it was saved; none is there without it. */
  constructor(readonly size: number, there?: Uint8Array) {
    this.#there = new Uint8Array(size);
    if (there) this.#there.set(there.subarray(0, size).map((byte) => byte === 1 ? 1 : 0));
    this.#missing = this.#there.reduce((sum, byte) => sum - byte, size);
  }

  get missing(): number {
    return this.#missing;
  }

  has(chunk: number): boolean {
    return this.#there[chunk] === 1;
  }

  add(chunk: number): void {
    if (chunk < 0 || chunk >= this.size || this.has(chunk)) return;
    this.#there[chunk] = 1;
    this.#missing--;
  }

  /** The first that is missing at or after `from`; `size` when none is. */
  next(from: number): number {
    while (this.#there[this.#first] === 1) this.#first++;
    let chunk = Math.max(from, this.#first);
    while (this.#there[chunk] === 1) chunk++;
    return Math.min(chunk, this.size);
  }

  /** How many are missing in a row from `from` on, at most `most`. */
  run(from: number, most: number): number {
    let count = 0;
    while (count < most && from + count < this.size && !this.has(from + count)) count++;
    return count;
  }
}
