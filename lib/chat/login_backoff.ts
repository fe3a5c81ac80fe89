import type { Limits } from "../core/limits.ts";

/** The limits of the back-off. */
export type LoginBackoffLimits = Pick<
  Limits,
  "freeFailures" | "failureDelayMs" | "failureDelayMostMs" | "failureMemoryMs" | "failureEntries"
>;

/** The failed logins of one name at one address. */
interface Failures {
  readonly count: number;
  readonly last: number;
}

/** An unknown name can be as long as a line; only its beginning is stored. */
const NAME_CHARACTERS = 64;

/**
 * Delays logins after failed ones, by name and address together, so that guessing a password delays nobody else.
 *
 * Each login counts as failed until `succeeded` is called, so that simultaneous logins count like successive ones. When
 * too many failures are remembered, those that cause no delay yet are forgotten first.
 */
export class LoginBackoff {
  // In the order of the last attempt: failures that cause no delay yet, and those that do.
  readonly #free = new Map<string, Failures>();
  readonly #delayed = new Map<string, Failures>();

  constructor(readonly limits: LoginBackoffLimits) {}

  /** Counts a login and returns its delay in milliseconds. */
  attempt(name: string, address: string, now: number): number {
    const { freeFailures, failureDelayMs, failureDelayMostMs, failureMemoryMs } = this.limits;
    const key = keyOf(name, address);
    const before = this.#delayed.get(key) ?? this.#free.get(key);
    const count = before && now - before.last < failureMemoryMs ? before.count + 1 : 1;
    this.#forget(key);
    (count > freeFailures ? this.#delayed : this.#free).set(key, { count, last: now });
    this.#forgetTooMany(now);
    return Math.min(Math.max(0, count - freeFailures) * failureDelayMs, failureDelayMostMs);
  }

  succeeded(name: string, address: string): void {
    this.#forget(keyOf(name, address));
  }

  get size(): number {
    return this.#free.size + this.#delayed.size;
  }

  #forget(key: string): void {
    this.#free.delete(key);
    this.#delayed.delete(key);
  }

  #forgetTooMany(now: number): void {
    for (const failures of [this.#free, this.#delayed]) {
      for (const [key, { last }] of failures) {
        const old = now - last >= this.limits.failureMemoryMs;
        if (!old && this.size <= this.limits.failureEntries) break;
        failures.delete(key);
      }
    }
  }
}

function keyOf(name: string, address: string): string {
  return `${address} ${name.length} ${name.slice(0, NAME_CHARACTERS)}`;
}
