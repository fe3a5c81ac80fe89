import { type Address, formatAddress } from "../core/address.ts";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";

/** At most one line for each listener in this time: a flood of connections must not flood the log. */
const INTERVAL_MS = 10_000;

/** Logs the connections that a listener refuses: the first at once, then the number of further ones. */
export class RefusalLog {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #more = 0;
  #last = "";

  constructor(readonly listener: string) {}

  refused(from: Address, why: string): void {
    this.#note(`refused ${formatAddress(from)}: ${why}`);
  }

  /** A connection could not be accepted, as without file descriptors. */
  failed(why: unknown): void {
    this.#note(`could not accept a connection: ${reason(why)}`);
  }

  /** Logs the remaining number. */
  close(): void {
    clearTimeout(this.#timer);
    this.#report();
  }

  #note(text: string): void {
    if (this.#timer !== undefined) {
      this.#more++;
      this.#last = text;
      return;
    }
    log.warning(`${this.listener}: ${text}`);
    this.#timer = setTimeout(() => this.#report(), INTERVAL_MS);
    // The server need not wait for it when it stops.
    Deno.unrefTimer(this.#timer);
  }

  #report(): void {
    this.#timer = undefined;
    if (this.#more > 0) log.warning(`${this.listener}: ${this.#more} more were refused, the last: ${this.#last}`);
    this.#more = 0;
  }
}
