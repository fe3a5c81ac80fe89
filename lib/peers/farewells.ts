import type { Address } from "../core/address.ts";

/** Good byes that are said again, since nobody answers them. */
export class Farewells {
  #waiting: { readonly at: number; readonly place: Address; readonly datagram: Uint8Array }[] = [];

  constructor(readonly farewellMs: number) {}

  get size(): number {
    return this.#waiting.length;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return this.#waiting.reduce((least, { at }) => Math.min(least, at), Infinity);
  }

  /** The first has gone out; two more follow. */
  bid(place: Address, datagram: Uint8Array, now: number): void {
    for (const times of [1, 2]) this.#waiting.push({ at: now + times * this.farewellMs, place, datagram });
  }

  tick(now: number, send: (place: Address, datagram: Uint8Array) => void): void {
    for (const { at, place, datagram } of this.#waiting) if (at <= now) send(place, datagram);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
  }

  clear(): void {
    this.#waiting = [];
  }
}
