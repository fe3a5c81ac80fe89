/** The `most` of the first count; it takes a millisecond. */
const FIRST_LOOK = 128;
/** At most this part of the free descriptors is reserved, however few there are. */
const RESERVED_PART = 0.25;

/**
 * The file descriptors that connections of newcomers may use.
 *
 * 1. A reserve stays free: for files, for connections that the server itself opens, and for users who are logged in.
 * 2. Each listener is guaranteed an equal part of one half; the other half is for those that need it. So a flood at one
 *    listener leaves the others open.
 * 3. No system tells how many descriptors there are. They are counted when more are wanted than have been seen.
 */
export class DescriptorBudget {
  #total = 0;
  /** The `most` of the last count. */
  #looked = 0;
  /** Whether there are more than have been seen. */
  #mayGrow = true;
  readonly #shares: DescriptorShare[] = [];

  constructor(
    readonly reserve: number,
    /** How many further descriptors can be opened, counted up to `most`. */
    readonly free: (most: number) => number,
  ) {
    this.#look(FIRST_LOOK);
  }

  /** How many descriptors connections may use, as far as known. */
  get total(): number {
    return this.#total;
  }

  /** Adds the share of one more listener. */
  share(): DescriptorShare {
    const share = new DescriptorShare((share, count) => this.#take(share, count));
    this.#shares.push(share);
    return share;
  }

  #take(share: DescriptorShare, count: number): boolean {
    while (!this.#hasRoom(share, count)) {
      if (!this.#mayGrow) return false;
      this.#look(this.#looked * 2);
    }
    return true;
  }

  #hasRoom(share: DescriptorShare, count: number): boolean {
    const guaranteed = Math.floor(this.#total / (2 * this.#shares.length));
    if (share.used + count <= guaranteed) return true;
    let common = this.#total - guaranteed * this.#shares.length;
    for (const each of this.#shares) {
      common -= Math.max(0, each.used + (each === share ? count : 0) - guaranteed);
    }
    return common >= 0;
  }

  #look(most: number): void {
    let used = 0;
    for (const share of this.#shares) used += share.used;
    const free = this.free(most);
    this.#looked = most;
    this.#mayGrow = free >= most;
    const all = used + free;
    this.#total = Math.max(this.#total, all - Math.min(this.reserve, Math.floor(all * RESERVED_PART)));
  }
}

/** The descriptors of one listener. */
export class DescriptorShare {
  #used = 0;

  constructor(readonly allows: (share: DescriptorShare, count: number) => boolean) {}

  get used(): number {
    return this.#used;
  }

  /** Takes this many descriptors; false, without taking any, when there are not as many for this listener. */
  take(count: number): boolean {
    if (!this.allows(this, count)) return false;
    this.#used += count;
    return true;
  }

  release(count: number): void {
    this.#used -= count;
  }
}
