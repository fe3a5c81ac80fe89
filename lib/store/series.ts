/** Things in order: by `rank`, and by `seq` where that is the same. To add at the end or take the first is cheap. */
export class Series<T extends { readonly seq: number }> {
  #items: T[] = [];
  /** Where the first is; those before it are gone. To move all others for each would take too long. */
  #start = 0;

  constructor(readonly rank: (item: T) => number = (item) => item.seq) {}

  get size(): number {
    return this.#items.length - this.#start;
  }

  add(item: T): void {
    const last = this.#items.at(-1);
    if (this.size === 0 || this.#compare(last!, item) < 0) this.#items.push(item);
    else this.#items.splice(this.#placeOf(item), 0, item);
  }

  /** Takes it out; nothing happens when it is not there. */
  delete(item: T): void {
    const at = this.#placeOf(item);
    if (this.#items[at] !== item) return;
    if (at > this.#start) this.#items.splice(at, 1);
    else if (++this.#start * 2 > this.#items.length) this.#compact();
  }

  has(item: T): boolean {
    return this.#items[this.#placeOf(item)] === item;
  }

  /** How many are of a lower rank. */
  below(rank: number): number {
    return this.#find((item) => this.rank(item) >= rank) - this.#start;
  }

  /** How many are of this rank or a lower one. */
  upTo(rank: number): number {
    return this.#find((item) => this.rank(item) > rank) - this.#start;
  }

  /** Those from the place `start` up to, not including, `end`. */
  slice(start: number, end: number): T[] {
    return this.#items.slice(this.#start + Math.max(0, start), this.#start + Math.max(0, end));
  }

  /** The first after `rank` that are wanted, at most `limit`. */
  after(rank: number, limit: number, wanted: (item: T) => boolean = () => true): T[] {
    const found: T[] = [];
    for (let i = this.#start + this.upTo(rank); i < this.#items.length && found.length < limit; i++) {
      const item = this.#items[i]!;
      if (wanted(item)) found.push(item);
    }
    return found;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }

  #placeOf(item: T): number {
    return this.#find((other) => this.#compare(other, item) >= 0);
  }

  /** The first place of which it is true; true of one, it is true of all after it. */
  #find(reached: (item: T) => boolean): number {
    let low = this.#start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.#items[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #compare(one: T, other: T): number {
    return this.rank(one) - this.rank(other) || one.seq - other.seq;
  }
}
