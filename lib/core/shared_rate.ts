import { RateLimiter } from "./limiters.ts";

/**
 * The length of a round: four ticks of the server. A peer that has taken its part waits for the next one, and then takes more at
 * once: line by line, 200 a second would be as many writes to the store and to each receiver.
 */
const ROUND_MS = 200;

/** A peer's own rate, besides the shared one. */
export interface OwnRate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * A rate that many peers share.
 *
 * 1. While no peer has to wait, peers get tokens in the order in which they ask.
 * 2. Then each gets an equal part of the tokens there are at the beginning of a round, and at least one while there are any.
 * 3. A peer that sends little does not wait for those that flood: when it asks without having waited, or has waited for a whole
 *    round, it uses the rate of its own. A new peer has none of it yet, so that reconnecting gains nothing.
 */
export class SharedRate {
  readonly #rate: RateLimiter;
  /** Peers that have to wait in this round. */
  #waiting = 0;
  roundSince = -Infinity;
  /** How many tokens a peer may take in this round. */
  part = Infinity;

  constructor(burst: number, perSecond: number, readonly own: OwnRate, now: number) {
    this.#rate = new RateLimiter(burst, perSecond, now);
  }

  open(now: number): RateShare {
    return new RateShare(this, now);
  }

  /** When the next round begins. */
  get nextAt(): number {
    return this.roundSince + ROUND_MS;
  }

  beginTurn(now: number): void {
    if (now < this.nextAt) return;
    const waited = now < this.nextAt + ROUND_MS ? this.#waiting : 0;
    this.part = waited > 0 ? Math.max(1, Math.floor(this.#rate.available(now) / waited)) : Infinity;
    this.roundSince = now;
    this.#waiting = 0;
  }

  take(now: number): boolean {
    return this.#rate.take(now);
  }

  /** A peer has to wait; called once a round. */
  waits(): void {
    this.#waiting++;
  }
}

/** One peer's share of a shared rate. */
export class RateShare {
  readonly #shared: SharedRate;
  readonly #own: RateLimiter;
  #round = -Infinity;
  #taken = 0;
  #waits = false;
  /** Whether it may use its own rate in this round. */
  #usesOwn = true;

  constructor(shared: SharedRate, now: number) {
    this.#shared = shared;
    const { burst, perSecond } = shared.own;
    this.#own = new RateLimiter(burst, perSecond, now);
    this.#own.charge(now, burst);
  }

  /** Takes a token; false when the peer has to wait until `readyAt`. */
  take(now: number): boolean {
    const shared = this.#shared;
    shared.beginTurn(now);
    if (this.#round !== shared.roundSince) {
      this.#round = shared.roundSince;
      this.#usesOwn = !this.#waits || this.#taken === 0;
      this.#taken = 0;
      this.#waits = false;
    }
    if (!this.#waits) {
      if (this.#taken < shared.part && shared.take(now)) {
        this.#taken++;
        this.#usesOwn = false;
        return true;
      }
      this.#waits = true;
      shared.waits();
    }
    return this.#usesOwn && this.#own.take(now);
  }

  /** When to ask again after `take` was false; later than `now`. */
  readyAt(now: number): number {
    return this.#usesOwn ? Math.min(this.#own.readyAt(now), this.#shared.nextAt) : this.#shared.nextAt;
  }
}
