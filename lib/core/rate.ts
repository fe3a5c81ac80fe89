/** So many at once, then so many a second: whoever asks too fast is told when to come again. */
export class RateLimiter {
  #left: number;
  #since: number;

  constructor(readonly burst: number, readonly perSecond: number, now: number) {
    this.#left = burst;
    this.#since = now;
  }

  /** Takes one; false when there is none yet, and nothing is taken. */
  take(now: number): boolean {
    if (this.#left < 1) this.#refill(now);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** When the next one can be taken. */
  readyAt(now: number): number {
    this.#refill(now);
    return this.#left >= 1 ? now : now + Math.ceil(((1 - this.#left) / this.perSecond) * 1000);
  }

  #refill(now: number): void {
    if (now <= this.#since) return;
    this.#left = Math.min(this.burst, this.#left + ((now - this.#since) / 1000) * this.perSecond);
    this.#since = now;
  }
}
