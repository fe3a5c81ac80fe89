interface Due {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** A virtual clock that jumps from timer to timer, deterministically. */
export class VirtualTime {
  now = 1_000_000;
  #order = 0;
  /** A binary heap, the next due first. */
  readonly #dues: Due[] = [];

  /** Runs `act` after `delayMs`; timers due at the same time run in the order they were set. */
  in(delayMs: number, act: () => void): void {
    const due = { at: this.now + delayMs, order: this.#order++, act };
    let i = this.#dues.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(this.#dues[parent]!, due)) break;
      this.#dues[i] = this.#dues[parent]!;
      i = parent;
    }
    this.#dues[i] = due;
  }

  /** Advances by `ms`. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (this.#dues.length > 0 && this.#dues[0]!.at <= until) {
      const due = this.#take();
      this.now = Math.max(this.now, due.at);
      due.act();
    }
    this.now = until;
  }

  /** Runs the next timer if it is due by `until`; false if there is none. */
  step(until: number): boolean {
    const first = this.#dues[0];
    if (!first || first.at > until) {
      this.now = Math.max(this.now, until);
      return false;
    }
    this.#take();
    this.now = Math.max(this.now, first.at);
    first.act();
    return true;
  }

  #take(): Due {
    const first = this.#dues[0]!;
    const last = this.#dues.pop()!;
    const count = this.#dues.length;
    if (count === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= count) break;
      if (child + 1 < count && before(this.#dues[child + 1]!, this.#dues[child]!)) child++;
      if (before(last, this.#dues[child]!)) break;
      this.#dues[i] = this.#dues[child]!;
      i = child;
    }
    this.#dues[i] = last;
    return first;
  }
}

function before(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
