import { isLoopback, networkOf } from "../../core/address.ts";
import { RateLimiter, RateLimiters } from "../../core/limiters.ts";
import type { DatagramOptions } from "./options.ts";

/**
 * Decides which datagrams may be sent to addresses that have not proved to be in use.
 *
 * A datagram to an address on the LAN that no machine has waits for seconds until the system gives up, and takes the room of
 * the socket meanwhile, so that users inside would wait behind it. A sender is easily forged, so:
 *
 * 1. The rate is limited for each address and for all together.
 * 2. Of those to machines that have proved nothing, so few may be unanswered that the room of the socket suffices.
 * 3. A machine has proved itself when a link to it is used; then only its rate counts, for `provedMs`.
 */
export class StrangerLimiter {
  readonly #rate: RateLimiter;
  readonly #rates: RateLimiters;
  /** Until when each machine counts as proved; the one that proved itself longest ago first. */
  readonly #proved = new Map<string, number>();
  /** Unanswered datagrams, the oldest first. */
  #unanswered: { readonly hostname: string; readonly until: number }[] = [];

  constructor(readonly options: DatagramOptions, now: number) {
    const { strangerBurst, strangersPerSecond, strangerBurstPerAddress, strangersPerSecondPerAddress } = options;
    this.#rate = new RateLimiter(strangerBurst, strangersPerSecond, now);
    this.#rates = new RateLimiters(strangerBurstPerAddress, strangersPerSecondPerAddress, options.strangerEntries);
  }

  /** How many datagrams are unanswered. */
  get unanswered(): number {
    return this.#unanswered.length;
  }

  /** A datagram is sent on a link: the machine is there. */
  proved(hostname: string, now: number): void {
    const until = this.#proved.get(hostname);
    // Once a few seconds is enough.
    if (until !== undefined && until > now + this.options.provedMs / 2) return;
    this.#proved.delete(hostname);
    this.#proved.set(hostname, now + this.options.provedMs);
    if (this.#proved.size > this.options.strangerEntries) this.#proved.delete(this.#proved.keys().next().value!);
    this.#unanswered = this.#unanswered.filter((each) => each.hostname !== hostname);
  }

  /** Whether a datagram may be sent to an address that no link has; then it is counted. */
  allows(hostname: string, now: number): boolean {
    if (isLoopback(hostname)) return true;
    const isProved = (this.#proved.get(hostname) ?? -Infinity) > now;
    if (!isProved && !this.#hasRoom(now)) return false;
    if (!this.#rates.take(networkOf(hostname), now) || !this.#rate.take(now)) return false;
    if (!isProved) this.#unanswered.push({ hostname, until: now + this.options.unansweredMs });
    return true;
  }

  #hasRoom(now: number): boolean {
    const first = this.#unanswered[0];
    if (first && first.until <= now) this.#unanswered = this.#unanswered.filter(({ until }) => until > now);
    return this.#unanswered.length < this.options.unanswered;
  }
}
