/** Lets a number of tasks run at a time, in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  /** Is over when no task runs alone, or waits to. */
  #alone: Promise<void> = Promise.resolve();

  constructor(readonly count: number) {
    this.#free = count;
  }

  async take<T>(task: () => Promise<T>): Promise<T> {
    await this.#turn();
    try {
      return await task();
    } finally {
      this.#over();
    }
  }

  /** Runs a task while no other one runs: it waits for those that do, and keeps others waiting. */
  async alone<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#alone;
    const done = Promise.withResolvers<void>();
    this.#alone = done.promise;
    await before;
    await Promise.all(Array.from({ length: this.count }, () => this.#turn()));
    try {
      return await task();
    } finally {
      for (let i = 0; i < this.count; i++) this.#over();
      done.resolve();
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #over(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
