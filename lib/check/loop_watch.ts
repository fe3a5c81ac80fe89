/** How often at least the check reads what has come while nothing holds it up. */
const LOOK_MS = 10;
/** Timers are as late as this without any reason. */
const USUAL_MS = 15;
/** After it was late, it has much to do, and the rest is read only some rounds later. */
const ROUNDS = 2;

/** How late this process comes to what it waits for: another program has the processor, or it computes something itself. */
export class LoopWatch {
  readonly #timer = setInterval(() => this.#look(), LOOK_MS);
  #last = performance.now();
  #readUntil = this.#last;
  #rounds = 0;
  #lateMs = 0;

  /** All that had come by then has been read. */
  get readUntil(): number {
    return this.#readUntil;
  }

  /** How late it has been, all in all. */
  get lateMs(): number {
    return this.#lateMs;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const lateMs = now - this.#last - LOOK_MS - USUAL_MS;
    if (lateMs > 0) [this.#lateMs, this.#rounds] = [this.#lateMs + lateMs, ROUNDS];
    // A timer may come before what arrived earlier, but not twice.
    if (this.#rounds === 0) this.#readUntil = this.#last;
    else this.#rounds--;
    this.#last = now;
  }
}
