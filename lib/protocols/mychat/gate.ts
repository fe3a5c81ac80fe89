import { isLoopback } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { RateLimiter, RateLimiters } from "../../core/limiters.ts";
import type { Limits } from "../../core/limits.ts";
import { decodeRequest } from "./messages.ts";

/** The longest answer to an address from which nothing was heard before: its sender may not be there. */
export const STRANGER_BYTES = 1200;
/** How often dropped datagrams are reported at most. */
const REPORT_MS = 60_000;

/** Whether a datagram is what a program sends once it has had an answer. */
export function isAnswering(datagram: Uint8Array): boolean {
  const request = decodeRequest(datagram);
  return !(request instanceof Fault) && request.key !== "CONNECT";
}

/** What all sessions of one mychat port share: how many strangers are answered, and what was dropped. */
export class MychatGate {
  readonly #limits: Limits;
  readonly #byAddress: RateLimiters;
  readonly #all: RateLimiter;
  #dropped = 0;
  #reported = 0;
  #lastWhy = "";
  #reportAt = -Infinity;

  constructor(limits: Limits, now: number) {
    const { strangerBurst, strangersPerSecond, strangersPerAddress } = limits;
    this.#limits = limits;
    this.#all = new RateLimiter(strangerBurst, strangersPerSecond, now);
    this.#byAddress = new RateLimiters(strangersPerAddress, strangersPerAddress / 60, limits.failureEntries);
  }

  /** Datagrams that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether a datagram from an address without a session opens one; counted as dropped if not. */
  admits(hostname: string, datagram: Uint8Array, now: number): boolean {
    const request = decodeRequest(datagram);
    if (request instanceof Fault) return this.drop(request.message);
    // What confirms a message names no user.
    if (request.user === undefined) return this.drop("a confirmation from an address without a session");
    if (!isLoopback(hostname) && !this.#byAddress.take(hostname, now)) {
      return this.drop(`more than ${this.#limits.strangersPerAddress} new programs at one address within a minute`);
    }
    if (!this.#all.take(now)) {
      return this.drop(`more than ${this.#limits.strangersPerSecond} new programs a second`);
    }
    return true;
  }

  /** Counts a dropped datagram, which is reported unless its session has told it; false. */
  drop(why: string, isTold = false): false {
    this.#dropped++;
    if (isTold) this.#reported++;
    else this.#lastWhy = why;
    return false;
  }

  /** A line for the log about what was dropped since the last one, from time to time. */
  report(now: number): string | undefined {
    const count = this.#dropped - this.#reported;
    if (count === 0 || now < this.#reportAt) return undefined;
    this.#reported = this.#dropped;
    this.#reportAt = now + REPORT_MS;
    return `${count} ${count === 1 ? "datagram" : "datagrams"} dropped, the last because: ${this.#lastWhy}`;
  }
}
