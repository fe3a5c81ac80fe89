import { networkOf } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { Failures } from "./failures.ts";

/** The limits of the queue. */
export type LoginQueueLimits = Pick<
  Limits,
  | "freeFailures"
  | "failureDelayMs"
  | "addressFailures"
  | "addressFailuresPerMinute"
  | "nameFailures"
  | "nameFailuresPerMinute"
  | "allFailures"
  | "allFailuresPerMinute"
  | "failureMemoryMs"
  | "failureEntries"
  | "knownNetworks"
>;

/** A login that waits to be checked, is being checked, or was checked. */
export interface Attempt {
  readonly name: string;
  readonly network: string;
  /** The name and the network: both are those of one user, usually. */
  readonly pair: string;
  /** Whether the check is an expensive computation. */
  readonly isSlow: boolean;
  readonly since: number;
}

/** An unknown name can be as long as a line; only its beginning counts. */
const NAME_CHARACTERS = 64;
const ALL = "";
const MINUTE_MS = 60_000;

/**
 * Decides when the password of a login is checked, so that few can be guessed and no login waits long for guesses.
 * A network is an IPv4 address or an IPv6 /64.
 *
 * 1. A wrong password counts for its name and network together, for the network, for the name, and for all. A login
 *    waits until each of these allows one more. It counts as wrong until it was right, so that simultaneous ones count.
 * 2. A name that has logged in from a network before, which `remember` tells it, goes ahead there: only its own wrong passwords
 *    from there count.
 * 3. Of those that wait, known ones come first, then logins of networks without a failure, then names without one at
 *    their network. Every second turn goes to the last of these, so that no crowd of older ones keeps it out; every
 *    fourth to a network that has waited longest for its turn; every fourth to any login, so that none waits forever.
 * 4. At most `slowAtOnce` expensive checks are under way.
 */
export class LoginQueue {
  readonly #pairs: Failures;
  readonly #networks: Failures;
  readonly #names: Failures;
  readonly #all: Failures;
  /** The networks from which a name has logged in; what was used longest ago is first. */
  readonly #known = new Map<string, readonly string[]>();
  /** By network, the one whose turn was longest ago first. */
  readonly #waiting = new Map<string, Set<Attempt>>();
  /** Those that are being checked, and whether they were known when that began. */
  readonly #underWay = new Map<Attempt, { readonly wasKnown: boolean }>();
  #slowUnderWay = 0;
  #turn = 0;

  constructor(readonly limits: LoginQueueLimits, readonly slowAtOnce: number) {
    const { failureMemoryMs, failureEntries } = limits;
    const failures = (burst: number, intervalMs: number) =>
      new Failures({ burst: Math.max(1, burst), intervalMs }, failureMemoryMs, failureEntries);
    this.#pairs = failures(limits.freeFailures, limits.failureDelayMs);
    this.#networks = failures(limits.addressFailures, MINUTE_MS / limits.addressFailuresPerMinute);
    this.#names = failures(limits.nameFailures, MINUTE_MS / limits.nameFailuresPerMinute);
    this.#all = failures(limits.allFailures, MINUTE_MS / limits.allFailuresPerMinute);
  }

  /** How many wait. */
  get waiting(): number {
    let count = 0;
    for (const attempts of this.#waiting.values()) count += attempts.size;
    return count;
  }

  get failureEntries(): number {
    return this.#pairs.size + this.#networks.size + this.#names.size;
  }

  /** A login comes. It is under way at once, or waits until `next` returns it. */
  add(name: string, address: string, isSlow: boolean, now: number): Attempt {
    const key = keyOf(name);
    const network = networkOf(address);
    const attempt: Attempt = { name: key, network, pair: `${network} ${key}`, isSlow, since: now };
    // A token that becomes free is for those that wait.
    const isFirst = this.#waiting.size === 0 || this.#isKnown(attempt);
    if (isFirst && this.#hasRoom(attempt) && this.#readyAt(attempt) <= now) this.#begin(attempt, now);
    else {
      const others = this.#waiting.get(network);
      if (others) others.add(attempt);
      else this.#waiting.set(network, new Set([attempt]));
    }
    return attempt;
  }

  isUnderWay(attempt: Attempt): boolean {
    return this.#underWay.has(attempt);
  }

  /** The next login that may be checked. It is under way then, until `finished`. */
  next(now: number): Attempt | undefined {
    if (this.#waiting.size === 0) return undefined;
    const chosen = this.#choose(now);
    if (!chosen) return undefined;
    this.#turn++;
    this.#unqueue(chosen);
    this.#begin(chosen, now);
    return chosen;
  }

  /** The password was right or wrong. */
  finished(attempt: Attempt, right: boolean, now: number): void {
    const underWay = this.#underWay.get(attempt);
    if (!underWay) return;
    this.#underWay.delete(attempt);
    if (attempt.isSlow) this.#slowUnderWay--;
    const { name, network, pair } = attempt;
    if (!right) {
      this.#pairs.failed(pair, now);
      return underWay.wasKnown ? undefined : this.#networks.failed(network, now);
    }
    if (!underWay.wasKnown) {
      this.#networks.takeBack(network);
      this.#names.takeBack(name);
      this.#all.takeBack(ALL);
    }
    this.#pairs.forget(pair);
    this.#remember(name, network);
  }

  /** A name has logged in from a network before. */
  remember(name: string, network: string): void {
    this.#remember(keyOf(name), network);
  }

  /** The peer has left. A login that is under way counts as wrong. */
  remove(attempt: Attempt, now: number): void {
    this.finished(attempt, false, now);
    this.#unqueue(attempt);
  }

  /** Why a login waits, for its user. */
  why(attempt: Attempt, now: number): string {
    const { pair, network, name } = attempt;
    if (this.#pairs.readyAt(pair) > now) return "wrong passwords for this name came from your address";
    if (this.#isKnown(attempt)) return "other passwords are being checked";
    if (this.#networks.readyAt(network) > now) return "many wrong passwords came from your address";
    if (this.#names.readyAt(name) > now) return "many wrong passwords came for this name";
    return this.#all.readyAt(ALL) > now ? "many wrong passwords came" : "other passwords are being checked";
  }

  /** When the next of those that wait may be checked, unless one that is under way must finish first. */
  get wakeAt(): number {
    let wakeAt = Infinity;
    for (const attempts of this.#waiting.values()) {
      for (const attempt of attempts) wakeAt = Math.min(wakeAt, this.#readyAt(attempt));
    }
    return wakeAt;
  }

  #begin(attempt: Attempt, now: number): void {
    const { name, network, pair } = attempt;
    const wasKnown = this.#isKnown(attempt);
    const others = this.#waiting.get(network);
    if (others) {
      this.#waiting.delete(network);
      this.#waiting.set(network, others);
    }
    this.#underWay.set(attempt, { wasKnown });
    if (attempt.isSlow) this.#slowUnderWay++;
    this.#pairs.add(pair, now);
    if (wasKnown) return;
    this.#networks.add(network, now);
    this.#names.add(name, now);
    this.#all.add(ALL, now);
  }

  #hasRoom({ isSlow }: Attempt): boolean {
    return !isSlow || this.#slowUnderWay < this.slowAtOnce;
  }

  #choose(now: number): Attempt | undefined {
    const turn = this.#turn % 8;
    const isForAny = turn % 4 === 3;
    const lastFirst = turn % 2 === 0 || turn === 3;
    const unknownFrom = this.#all.readyAt(ALL);
    let [best, bestRank] = [undefined as Attempt | undefined, Infinity];
    for (const attempts of this.#waiting.values()) {
      for (const attempt of attempts) {
        if (!this.#hasRoom(attempt) || (unknownFrom > now && !this.#isKnown(attempt))) continue;
        const rank = this.#isKnown(attempt) ? 0 : isForAny ? 1 : this.#rank(attempt, now);
        const isLater = lastFirst && rank === bestRank && attempt.since >= best!.since;
        if ((rank < bestRank || isLater) && this.#readyAt(attempt) <= now) [best, bestRank] = [attempt, rank];
      }
    }
    return best;
  }

  #rank(attempt: Attempt, now: number): number {
    if (!this.#networks.hasFailed(attempt.network, now)) return 1;
    return this.#pairs.hasFailed(attempt.pair, now) ? 3 : 2;
  }

  #readyAt(attempt: Attempt): number {
    const { name, network, pair } = attempt;
    const own = this.#pairs.readyAt(pair);
    if (this.#isKnown(attempt)) return own;
    return Math.max(own, this.#networks.readyAt(network), this.#names.readyAt(name), this.#all.readyAt(ALL));
  }

  #isKnown({ name, network }: Attempt): boolean {
    return this.#known.get(name)?.includes(network) ?? false;
  }

  #remember(name: string, network: string): void {
    const { knownNetworks, failureEntries } = this.limits;
    const others = this.#known.get(name)?.filter((each) => each !== network) ?? [];
    this.#known.delete(name);
    this.#known.set(name, [...others, network].slice(-knownNetworks));
    if (this.#known.size > failureEntries) this.#known.delete(first(this.#known.keys()));
  }

  #unqueue(attempt: Attempt): void {
    const attempts = this.#waiting.get(attempt.network);
    if (!attempts?.delete(attempt)) return;
    if (attempts.size === 0) this.#waiting.delete(attempt.network);
  }
}

function keyOf(name: string): string {
  return `${name.length} ${name.slice(0, NAME_CHARACTERS)}`;
}

function first(keys: Iterable<string>): string {
  for (const key of keys) return key;
  throw new Error("there is no key");
}
