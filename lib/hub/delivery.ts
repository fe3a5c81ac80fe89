/** One message and what is still to be heard of it; settled when every receiver has taken or missed it. */
export class Delivery {
  #waiting = 0;
  #missed = false;

  constructor(
    /** The session that wants to know. */
    readonly sender: number,
    /** The sender's own number for it. */
    readonly ref: number,
  ) {}

  /** One more receiver to wait for. */
  expect(): void {
    this.#waiting++;
  }

  /** One receiver has it. */
  take(): void {
    this.#waiting--;
  }

  /** One receiver will never have it. */
  miss(): void {
    this.#waiting--;
    this.#missed = true;
  }

  get settled(): boolean {
    return this.#waiting === 0;
  }

  /** True only once everybody it was meant for has taken it. */
  get delivered(): boolean {
    return this.settled && !this.#missed;
  }
}
