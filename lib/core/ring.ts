/** The last of what was put in, so many at most; each has a number, from 0 on. */
export class Ring<T> {
  readonly #items: T[] = [];
  #next = 0;

  constructor(readonly most: number) {}

  /** The number that the next one gets. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest that is still there. */
  get first(): number {
    return this.#next - this.#items.length;
  }

  get last(): T | undefined {
    return this.#items[(this.#next - 1) % this.most];
  }

  push(item: T): void {
    this.#items[this.#next++ % this.most] = item;
  }

  /** What is still there of those with this number and greater ones, so many at most. */
  from(number: number, most = Infinity): T[] {
    const found: T[] = [];
    for (let at = Math.max(number, this.first); at < this.#next && found.length < most; at++) {
      found.push(this.#items[at % this.most]!);
    }
    return found;
  }
}
