/** The socket of an outbox. */
export interface DatagramSink {
  send(datagram: Uint8Array, to: Deno.NetAddr): Promise<number>;
}

/** Past this limit datagrams are dropped, as a network may drop them. */
const WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Sends datagrams one after the other: a socket of Deno 2.4 that is asked to send several while it has no room resolves only
 * the last of these promises.
 */
export class DatagramOutbox {
  #waiting: { readonly datagram: Uint8Array; readonly to: Deno.NetAddr }[] = [];
  #first = 0;
  #waitingBytes = 0;
  #sending = false;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(readonly sink: DatagramSink) {}

  push(datagram: Uint8Array, to: Deno.NetAddr): void {
    if (this.#closed || this.#waitingBytes > WAITING_BYTES) return;
    if (this.#sending) {
      this.#waiting.push({ datagram, to });
      this.#waitingBytes += datagram.length;
    } else this.#send(datagram, to);
  }

  /** Accepts nothing more; resolves when the last datagram was sent. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#sending ? new Promise((resolve) => this.#whenIdle = resolve) : Promise.resolve();
  }

  #send(datagram: Uint8Array, to: Deno.NetAddr): void {
    this.#sending = true;
    // A datagram that cannot be sent is lost, and is sent again by the link.
    this.sink.send(datagram, to).then(this.#next, this.#next);
  }

  // Created once, not for each datagram.
  readonly #next = (): void => {
    const next = this.#waiting[this.#first];
    if (!next) {
      this.#waiting = [];
      this.#first = this.#waitingBytes = 0;
      this.#sending = false;
      this.#whenIdle?.();
      return;
    }
    this.#first++;
    this.#waitingBytes -= next.datagram.length;
    this.#send(next.datagram, next.to);
  };
}
