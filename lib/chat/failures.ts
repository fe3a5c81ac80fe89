/** What is counted under one key. */
interface Count {
  /** When all its failures have expired: each takes an interval, one after the other. */
  workedOffAt: number;
  lastFailure: number;
}

/**
 * Counts failures by a key: `burst` at once, then one an interval. A key without failures costs no memory; beyond `entries`
 * the key that failed longest ago is forgotten.
 */
export class Failures {
  readonly #counts = new Map<string, Count>();

  constructor(
    readonly limits: { readonly burst: number; readonly intervalMs: number },
    /** Time for which a key counts as one that has failed. */
    readonly memoryMs: number,
    readonly entries: number,
  ) {}

  get size(): number {
    return this.#counts.size;
  }

  /** When one more failure is allowed. */
  readyAt(key: string): number {
    const count = this.#counts.get(key);
    if (!count) return -Infinity;
    return count.workedOffAt - (this.limits.burst - 1) * this.limits.intervalMs;
  }

  /** Whether there was a failure of late. */
  hasFailed(key: string, now: number): boolean {
    const count = this.#counts.get(key);
    return count !== undefined && now - count.lastFailure < this.memoryMs;
  }

  /** Counts what may become a failure; `failed` or `takeBack` follows. */
  add(key: string, now: number): void {
    const before = this.#counts.get(key);
    const workedOffAt = Math.max(before?.workedOffAt ?? now, now) + this.limits.intervalMs;
    this.#counts.delete(key);
    this.#counts.set(key, { workedOffAt, lastFailure: before?.lastFailure ?? -Infinity });
    for (const [oldest, count] of this.#counts) {
      const isOld = count.workedOffAt <= now && now - count.lastFailure >= this.memoryMs;
      if (!isOld && this.#counts.size <= this.entries) break;
      this.#counts.delete(oldest);
    }
  }

  /** What was counted is a failure. */
  failed(key: string, now: number): void {
    const count = this.#counts.get(key);
    if (count) count.lastFailure = now;
  }

  /** What was counted is none. */
  takeBack(key: string): void {
    const count = this.#counts.get(key);
    if (count) count.workedOffAt -= this.limits.intervalMs;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }
}
