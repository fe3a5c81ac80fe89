import { concat } from "@std/bytes/concat";
import type { Network, Part } from "./network.ts";
import type { LinkName } from "./step.ts";

/** How long the end of a write waits for the next write, where the network joins them. */
const JOIN_MS = 2;

/** The way of what is sent through the network between: when it goes on, and in which order. */
export class Passage {
  /** What waits to be sent on a stream: parts on one stream keep their order. */
  readonly #streams = new Map<LinkName, Promise<void>>();
  /** The ends of writes that wait for the next one. */
  readonly #ends = new Map<LinkName, Uint8Array[]>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(readonly network: Network) {}

  /** Nothing goes on any more. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Passes on what the network makes of a datagram; a lossy network alone changes the order. */
  pass(link: LinkName, parts: readonly Part[], send: (datagram: Uint8Array) => void): void {
    for (const { afterMs, bytes } of parts) {
      if (this.network.kind === "lossy") this.later(afterMs, () => send(bytes));
      else this.inOrder(link, afterMs, () => send(bytes));
    }
  }

  /** Passes on what the network makes of a write to a stream; where it cuts, it also joins the end of a write with the next. */
  write(link: LinkName, parts: readonly Part[], send: (part: Uint8Array) => void): void {
    const last = this.network.joins ? parts.length - 1 : -1;
    for (const [i, { afterMs, bytes }] of parts.entries()) {
      const end = this.#ends.get(link);
      if (i === 0 && end) end.push(bytes);
      else if (i === last) this.#holdEnd(link, afterMs, bytes, send);
      else this.inOrder(link, afterMs, () => send(bytes));
    }
  }

  #holdEnd(link: LinkName, afterMs: number, bytes: Uint8Array, send: (part: Uint8Array) => void): void {
    const end = [bytes];
    this.#ends.set(link, end);
    this.inOrder(link, afterMs + JOIN_MS, () => {
      if (this.#ends.get(link) === end) this.#ends.delete(link);
      send(concat(end));
    });
  }

  /**
   * Does something on a stream once what came before it is done, and `afterMs` later. Each waits for the one before it: timers
   * of nearly the same time may fire in another order.
   */
  inOrder(link: LinkName, afterMs: number, what: () => void): void {
    const before = this.#streams.get(link);
    if (before === undefined && afterMs <= 0) return what();
    const done = (before ?? Promise.resolve()).then(async () => {
      if (afterMs > 0) await new Promise<void>((resolve) => this.later(afterMs, resolve));
      if (this.#streams.get(link) === done) this.#streams.delete(link);
      what();
    });
    this.#streams.set(link, done);
  }

  later(ms: number, what: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, ms);
    this.#timers.add(timer);
  }
}
