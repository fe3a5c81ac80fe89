import { type Address, addressKey } from "../../lib/core/address.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The behaviour of the network. */
export interface UdpConditions {
  readonly loss: number;
  readonly repeats: number;
  readonly mostDelayMs: number;
}

/** A virtual datagram network that loses, repeats and delays datagrams and can be cut, entirely or in one direction. */
export class VirtualUdp {
  #cutUntil = -Infinity;
  readonly #cutWays = new Map<string, number>();
  #places = new Map<string, (from: Address, datagram: Uint8Array) => void>();
  /** Called with every datagram when it is sent. */
  watch: ((from: Address, to: Address, datagram: Uint8Array) => void) | undefined;

  constructor(readonly time: VirtualTime, readonly random: Random, readonly weather: UdpConditions) {}

  bind(place: Address, arrived: (from: Address, datagram: Uint8Array) => void): void {
    this.#places.set(addressKey(place), arrived);
  }

  unbind(place: Address): void {
    this.#places.delete(addressKey(place));
  }

  cut(ms: number): void {
    this.#cutUntil = Math.max(this.#cutUntil, this.time.now + ms);
  }

  /** Drops datagrams in one direction for a time. */
  cutOneWay(from: Address, to: Address, ms: number): void {
    this.#cutWays.set(`${addressKey(from)} ${addressKey(to)}`, this.time.now + ms);
  }

  send(from: Address, to: Address, datagram: Uint8Array): void {
    this.watch?.(from, to, datagram);
    const bytes = datagram.slice();
    for (let more = true; more; more = this.random.chance(this.weather.repeats)) {
      if (this.#isCut(from, to) || this.random.chance(this.weather.loss)) continue;
      const delayMs = 1 + this.random.whole(0, this.weather.mostDelayMs);
      this.time.in(delayMs, () => this.#places.get(addressKey(to))?.(from, bytes));
    }
  }

  #isCut(from: Address, to: Address): boolean {
    if (this.time.now < this.#cutUntil) return true;
    if (this.#cutWays.size === 0) return false;
    return this.time.now < (this.#cutWays.get(`${addressKey(from)} ${addressKey(to)}`) ?? -Infinity);
  }
}
