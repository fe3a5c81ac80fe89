import { timingSafeEqual } from "../../core/bytes.ts";
import { encodeText } from "../../core/text.ts";
import { COOKIE_BYTES, writeId } from "./packet.ts";

/**
 * Cookies prove that a client receives what is sent to its address, and the server keeps nothing until they do.
 *
 * A cookie is good for one address and one number of a client, in the time it was made in and the next: each is
 * `cookieMs` long.
 */
export class Cookies {
  constructor(readonly cookieMs: number, readonly mac: (bytes: Uint8Array) => Uint8Array) {}

  make(address: string, id: bigint, now: number): Uint8Array {
    return this.#cookie(address, id, Math.floor(now / this.cookieMs));
  }

  isGood(cookie: Uint8Array, address: string, id: bigint, now: number): boolean {
    const time = Math.floor(now / this.cookieMs);
    return timingSafeEqual(cookie, this.#cookie(address, id, time)) ||
      timingSafeEqual(cookie, this.#cookie(address, id, time - 1));
  }

  #cookie(address: string, id: bigint, time: number): Uint8Array {
    const place = encodeText(address);
    // What is of fixed length stands first, so that no two differ only in where one part ends.
    const bytes = new Uint8Array(16 + place.length);
    writeId(bytes, 0, id);
    writeId(bytes, 8, BigInt(time));
    bytes.set(place, 16);
    const mac = this.mac(bytes);
    if (mac.length < COOKIE_BYTES) throw new RangeError(`expected a mac of ${COOKIE_BYTES} bytes, found ${mac.length}`);
    return mac.subarray(0, COOKIE_BYTES);
  }
}
