/** Where datagrams leave. */
export interface DatagramSink {
  send(datagram: Uint8Array, to: Deno.NetAddr): Promise<number>;
}

/** Waiting for the system to take them; what is beyond is lost, as datagrams may be. */
const WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Datagrams on their way out, one after the other: a socket that is asked to send several at once when it has no room
 * forgets, in Deno 2.4, to answer for all but the last.
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

  /** Takes nothing more; resolves when the last has left. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#sending ? new Promise((resolve) => this.#whenIdle = resolve) : Promise.resolve();
  }

  #send(datagram: Uint8Array, to: Deno.NetAddr): void {
    this.#sending = true;
    // What cannot be sent is lost too, and will be sent again by whoever needs it.
    this.sink.send(datagram, to).then(this.#next, this.#next);
  }

  // Made once, not once for each datagram.
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
