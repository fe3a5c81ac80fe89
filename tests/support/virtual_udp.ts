import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** A place on the virtual network. */
export interface Place {
  readonly key: string;
}

/** How the network behaves. */
export interface Weather {
  readonly loss: number;
  readonly repeats: number;
  readonly mostDelayMs: number;
}

/** A virtual network for datagrams: loses, repeats, delays each for itself, and is cut for a while, all of it or one way. */
export class VirtualUdp {
  #cutUntil = -Infinity;
  readonly #cutWays = new Map<string, number>();
  #places = new Map<string, (from: Place, datagram: Uint8Array) => void>();
  /** Sees every datagram when it is sent. */
  watch: ((from: Place, to: Place, datagram: Uint8Array) => void) | undefined;

  constructor(readonly time: VirtualTime, readonly random: Random, readonly weather: Weather) {}

  bind(place: Place, arrived: (from: Place, datagram: Uint8Array) => void): void {
    this.#places.set(place.key, arrived);
  }

  unbind(place: Place): void {
    this.#places.delete(place.key);
  }

  cut(ms: number): void {
    this.#cutUntil = Math.max(this.#cutUntil, this.time.now + ms);
  }

  /** What one sends to the other is lost for so long; what comes back is not. */
  cutOneWay(from: Place, to: Place, ms: number): void {
    this.#cutWays.set(`${from.key} ${to.key}`, this.time.now + ms);
  }

  send(from: Place, to: Place, datagram: Uint8Array): void {
    this.watch?.(from, to, datagram);
    const bytes = datagram.slice();
    for (let more = true; more; more = this.random.chance(this.weather.repeats)) {
      if (this.#isCut(from, to) || this.random.chance(this.weather.loss)) continue;
      const delayMs = 1 + this.random.whole(0, this.weather.mostDelayMs);
      this.time.in(delayMs, () => this.#places.get(to.key)?.(from, bytes));
    }
  }

  #isCut(from: Place, to: Place): boolean {
    if (this.time.now < this.#cutUntil) return true;
    if (this.#cutWays.size === 0) return false;
    return this.time.now < (this.#cutWays.get(`${from.key} ${to.key}`) ?? -Infinity);
  }
}
