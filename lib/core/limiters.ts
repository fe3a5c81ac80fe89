import { isLoopback, networkOf } from "./address.ts";
import type { DescriptorShare } from "./descriptors.ts";
import type { Limits } from "./limits.ts";

/** A token bucket: `burst` at once, then `perSecond`. */
export class RateLimiter {
  #tokens: number;
  #refilledAt: number;

  constructor(readonly burst: number, readonly perSecond: number, now: number) {
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  /** Takes a token, or several; false, without taking any, when there are too few yet. */
  take(now: number, count = 1): boolean {
    if (this.#tokens < count) this.#refill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Gives back a token that was taken and not used. */
  giveBack(): void {
    this.#tokens++;
  }

  /** Takes tokens even if there are too few: the next can be taken once the debt is paid. */
  charge(now: number, count: number): void {
    this.#refill(now);
    this.#tokens -= count;
  }

  /** How many tokens there are; negative in debt. */
  available(now: number): number {
    this.#refill(now);
    return this.#tokens;
  }

  /** When the next token can be taken. */
  readyAt(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? now : now + Math.ceil(((1 - this.#tokens) / this.perSecond) * 1000);
  }

  #refill(now: number): void {
    if (now <= this.#refilledAt) return;
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#refilledAt) / 1000) * this.perSecond);
    this.#refilledAt = now;
  }
}

/** A rate for each key, such as an address. Beyond `entries` the key that was used longest ago is forgotten. */
export class RateLimiters {
  readonly #rates = new Map<string, RateLimiter>();

  constructor(readonly burst: number, readonly perSecond: number, readonly entries: number) {}

  /** How many keys are remembered. */
  get size(): number {
    return this.#rates.size;
  }

  /** Takes a token of a key, or several; false, without taking any, when there are too few. */
  take(key: string, now: number, count = 1): boolean {
    const rate = this.#rates.get(key) ?? new RateLimiter(this.burst, this.perSecond, now);
    this.#rates.delete(key);
    this.#rates.set(key, rate);
    if (this.#rates.size > this.entries) this.#rates.delete(this.#rates.keys().next().value!);
    return rate.take(now, count);
  }
}

/** Why a connection is refused, and among which connections one would have to end to admit it. */
export interface Refusal {
  readonly refusal: string;
  readonly among: "all" | "network";
}

export const NO_DESCRIPTORS: Refusal = {
  among: "all",
  refusal: "the file descriptors for connections are used up",
};

/**
 * Limits the number of open connections, in total, from one network (see `networkOf`), and by the file descriptors that are
 * left. Connections are counted rather than sessions: one with output that the peer does not read can outlive its session.
 */
export class ConnectionLimiter {
  readonly #byNetwork = new Map<string, number>();
  #count = 0;

  constructor(
    readonly limits: Pick<Limits, "connections" | "connectionsPerAddress">,
    readonly descriptors?: DescriptorShare,
    /** Descriptors that each connection takes. */
    readonly each = 1,
    readonly noun = "sessions",
  ) {}

  /** Counts a connection, or refuses it and says why. Each one that was counted is released once. */
  take(hostname: string): Refusal | undefined {
    const { connections, connectionsPerAddress } = this.limits;
    const network = networkOf(hostname);
    const fromHere = this.#byNetwork.get(network) ?? 0;
    if (this.#count >= connections) {
      return { among: "all", refusal: `${connections} ${this.noun} are open, the most allowed` };
    }
    if (fromHere >= connectionsPerAddress && !isLoopback(hostname)) {
      const refusal = `${connectionsPerAddress} ${this.noun} from its address are open, the most allowed`;
      return { among: "network", refusal };
    }
    if (this.descriptors && !this.descriptors.take(this.each)) return NO_DESCRIPTORS;
    this.#count++;
    this.#byNetwork.set(network, fromHere + 1);
    return undefined;
  }

  release(hostname: string): void {
    const network = networkOf(hostname);
    this.#count--;
    this.descriptors?.release(this.each);
    const left = this.#byNetwork.get(network)! - 1;
    if (left > 0) this.#byNetwork.set(network, left);
    else this.#byNetwork.delete(network);
  }

  get count(): number {
    return this.#count;
  }
}
