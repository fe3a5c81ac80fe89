import type { Limits } from "../base/limits.ts";

/** The limits that patience is made of. */
export type PatienceLimits = Pick<
  Limits,
  "freeFailures" | "failureDelayMs" | "failureDelayMostMs" | "failureMemoryMs" | "failureEntries"
>;

/** How long a login has to wait, by name and address together: nobody else waits for somebody's guessing. */
export class Patience {
  readonly #failures = new Map<string, { count: number; last: number }>();

  constructor(readonly limits: PatienceLimits) {}

  /**
   * Counts a login as failed until `succeeded` says otherwise, so that many guesses at once are as slow as one after the
   * other; returns how long this one waits before it is looked at.
   */
  attempted(name: string, address: string, now: number): number {
    const key = `${address} ${name}`;
    const before = this.#failures.get(key);
    const count = before && now - before.last < this.limits.failureMemoryMs ? before.count + 1 : 1;
    // Back to the end of the map: its order is that of the last attempt, so the first entry is the one to forget.
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: now });
    this.#forgetTooMany(now);
    const slow = Math.max(0, count - this.limits.freeFailures);
    return Math.min(slow * this.limits.failureDelayMs, this.limits.failureDelayMostMs);
  }

  succeeded(name: string, address: string): void {
    this.#failures.delete(`${address} ${name}`);
  }

  get entries(): number {
    return this.#failures.size;
  }

  #forgetTooMany(now: number): void {
    for (const [key, { last }] of this.#failures) {
      const old = now - last >= this.limits.failureMemoryMs;
      if (!old && this.#failures.size <= this.limits.failureEntries) return;
      this.#failures.delete(key);
    }
  }
}
