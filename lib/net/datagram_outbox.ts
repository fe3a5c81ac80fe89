import type { Address } from "../core/address.ts";

/** The socket of an outbox. */
export interface DatagramSink {
  send(datagram: Uint8Array, to: Deno.NetAddr): Promise<number>;
}

/** Observes the datagrams that a UDP port sends. It must not call back. */
export interface DatagramTap {
  /** A datagram is handed to the network. */
  sent(to: Address, datagram: Uint8Array): void;
  /** The network did not take the one that was handed over last. */
  notSent(to: Address, datagram: Uint8Array): void;
}

/** Past this limit datagrams are dropped, as a network may drop them. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** The same for datagrams to strangers, of 48 bytes: a short queue keeps their answers quick. */
const LAST_BYTES = 16 * 1024;

/**
 * Sends datagrams one after the other, those to strangers last: of several sends while a socket has no room, Deno 2.4 resolves only
 * the last promise.
 */
export class DatagramOutbox {
  readonly #waiting = new DatagramQueue(WAITING_BYTES);
  readonly #last = new DatagramQueue(LAST_BYTES);
  #sending = false;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(readonly sink: DatagramSink, readonly tap?: DatagramTap) {}

  push(datagram: Uint8Array, to: Deno.NetAddr, isLast = false): void {
    if (this.#closed) return;
    if (this.#sending) (isLast ? this.#last : this.#waiting).push({ datagram, to });
    else this.#send(datagram, to);
  }

  /** Accepts nothing more; resolves when the last datagram was sent, or dropped by `drop`. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#sending ? new Promise((resolve) => this.#whenIdle = resolve) : Promise.resolve();
  }

  /** Drops the waiting datagrams. */
  drop(): void {
    this.#waiting.clear();
    this.#last.clear();
    this.#whenIdle?.();
  }

  #send(datagram: Uint8Array, to: Deno.NetAddr): void {
    this.#sending = true;
    const { tap } = this;
    tap?.sent(to, datagram);
    // A datagram that cannot be sent is lost, and is sent again by the link.
    const failed = tap ? () => (tap.notSent(to, datagram), this.#next()) : this.#next;
    this.sink.send(datagram, to).then(this.#next, failed);
  }

  // Created once, not for each datagram.
  readonly #next = (): void => {
    const next = this.#waiting.shift() ?? this.#last.shift();
    if (next) return this.#send(next.datagram, next.to);
    this.#sending = false;
    this.#whenIdle?.();
  };
}

interface Addressed {
  readonly datagram: Uint8Array;
  readonly to: Deno.NetAddr;
}

/** Datagrams that wait, bounded in bytes; beyond it new ones are dropped. */
class DatagramQueue {
  #waiting: Addressed[] = [];
  #first = 0;
  #bytes = 0;

  constructor(readonly bytes: number) {}

  push(datagram: Addressed): void {
    if (this.#bytes + datagram.datagram.length > this.bytes) return;
    this.#waiting.push(datagram);
    this.#bytes += datagram.datagram.length;
  }

  shift(): Addressed | undefined {
    const next = this.#waiting[this.#first];
    if (next) {
      this.#first++;
      this.#bytes -= next.datagram.length;
    } else if (this.#first > 0) this.clear();
    return next;
  }

  clear(): void {
    this.#waiting = [];
    this.#first = this.#bytes = 0;
  }
}
