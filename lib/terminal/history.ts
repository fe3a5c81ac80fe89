/** The lines typed before, oldest first: at most `limit`, none empty, none twice in a row. */
export class History {
  readonly limit: number;
  #lines: string[] = [];

  constructor(options: { limit?: number } = {}) {
    this.limit = options.limit ?? 1000;
  }

  get length(): number {
    return this.#lines.length;
  }

  add(line: string): void {
    if (line.trim() === "" || line === this.#lines.at(-1)) return;
    this.#lines.push(line);
    if (this.#lines.length > this.limit) this.#lines.shift();
  }

  at(index: number): string | undefined {
    return this.#lines[index];
  }

  /** The index of the youngest line older than `before` that contains `words`, or -1. */
  find(words: string, before: number): number {
    for (let index = Math.min(before, this.#lines.length) - 1; index >= 0; index--) {
      if (this.#lines[index]!.includes(words)) return index;
    }
    return -1;
  }
}
