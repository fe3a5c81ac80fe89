import { isLoopback } from "../../core/address.ts";
import type { Limits } from "../../core/limits.ts";
import { RateLimiter } from "../../core/limiters.ts";

/** Addresses that are remembered; past it the one that has been quiet longest is forgotten, and may ask anew. */
const ASKERS = 10_000;
/** How often it is told that an address asks too much. */
const TELL_MS = 10_000;

interface Asker {
  readonly rate: RateLimiter;
  asked: number;
  /** Refused, and not told yet. */
  refused: number;
  tellAt: number;
}

/** How often each address asks: so many at once, then so many a second; this machine itself may ask as often as it likes. */
export class RequestLimiter {
  /** Who asked last stands last. */
  readonly #askers = new Map<string, Asker>();
  /** After this a quiet address may ask as if it had never asked. */
  readonly #forgetMs: number;

  constructor(
    readonly limits: Pick<Limits, "bookBurst" | "bookRequestsPerSecond">,
    readonly note: (text: string) => void,
  ) {
    this.#forgetMs = Math.max(TELL_MS, (limits.bookBurst / limits.bookRequestsPerSecond) * 1000);
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#askers.size;
  }

  /** Whether a request from there is to be answered. */
  admits(hostname: string, now: number): boolean {
    if (isLoopback(hostname)) return true;
    const { bookBurst, bookRequestsPerSecond } = this.limits;
    const asker = this.#askers.get(hostname) ??
      { rate: new RateLimiter(bookBurst, bookRequestsPerSecond, now), asked: now, refused: 0, tellAt: 0 };
    asker.asked = now;
    this.#askers.delete(hostname);
    this.#askers.set(hostname, asker);
    if (this.#askers.size > ASKERS) this.#forgetFirst();
    if (asker.rate.take(now)) return true;
    asker.refused++;
    if (now >= asker.tellAt) this.#tell(hostname, asker, now);
    return false;
  }

  /** Forgets who has been quiet for long. */
  tick(now: number): void {
    for (const { asked } of this.#askers.values()) {
      if (now < asked + this.#forgetMs) return;
      this.#forgetFirst();
    }
  }

  #forgetFirst(): void {
    for (const [hostname, asker] of this.#askers) {
      this.#askers.delete(hostname);
      if (asker.refused > 0) this.#tell(hostname, asker, asker.asked);
      return;
    }
  }

  #tell(hostname: string, asker: Asker, now: number): void {
    const { bookBurst, bookRequestsPerSecond } = this.limits;
    const many = asker.refused === 1 ? "a request" : `${asker.refused} requests`;
    this.note(
      `${many} from ${hostname} closed without an answer: more than ${bookBurst} at once and ${bookRequestsPerSecond} a second`,
    );
    asker.refused = 0;
    asker.tellAt = now + TELL_MS;
  }
}
