import type { Limits } from "../core/limits.ts";

/** The limits that patience is made of. */
export type LoginBackoffLimits = Pick<
  Limits,
  "freeFailures" | "failureDelayMs" | "failureDelayMostMs" | "failureMemoryMs" | "failureEntries"
>;

/** What is remembered of one name at one address. */
interface Failures {
  readonly count: number;
  readonly last: number;
}

/** A name that nobody has can be as long as a line; this much of it tells it from others. */
const NAME_CHARACTERS = 64;

/**
 * How long a login has to wait, by name and address together: nobody else waits for somebody's guessing.
 *
 * Each login counts as failed until `succeeded` says otherwise, so logins at the same time are counted like those one after
 * the other. When too many are remembered, those that have not been slowed down yet are forgotten first.
 */
export class LoginBackoff {
  /** In the order of their last attempts: those within the free failures, and those past them. */
  readonly #free = new Map<string, Failures>();
  readonly #slowed = new Map<string, Failures>();

  constructor(readonly limits: LoginBackoffLimits) {}

  /** One more login; how long it waits before it is looked at. */
  attempted(name: string, address: string, now: number): number {
    const { freeFailures, failureDelayMs, failureDelayMostMs, failureMemoryMs } = this.limits;
    const key = keyOf(name, address);
    const before = this.#slowed.get(key) ?? this.#free.get(key);
    const count = before && now - before.last < failureMemoryMs ? before.count + 1 : 1;
    this.#forget(key);
    (count > freeFailures ? this.#slowed : this.#free).set(key, { count, last: now });
    this.#forgetTooMany(now);
    return Math.min(Math.max(0, count - freeFailures) * failureDelayMs, failureDelayMostMs);
  }

  succeeded(name: string, address: string): void {
    this.#forget(keyOf(name, address));
  }

  get entries(): number {
    return this.#free.size + this.#slowed.size;
  }

  #forget(key: string): void {
    this.#free.delete(key);
    this.#slowed.delete(key);
  }

  #forgetTooMany(now: number): void {
    for (const failures of [this.#free, this.#slowed]) {
      for (const [key, { last }] of failures) {
        const old = now - last >= this.limits.failureMemoryMs;
        if (!old && this.entries <= this.limits.failureEntries) break;
        failures.delete(key);
      }
    }
  }
}

function keyOf(name: string, address: string): string {
  return `${address} ${name.length} ${name.slice(0, NAME_CHARACTERS)}`;
}
