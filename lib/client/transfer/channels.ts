import { Relay } from "../../protocols/transfer/relay.ts";
import type { RelaySignal } from "../../protocols/transfer/output.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";

/** A byte stream between the two ends of a transfer. */
export interface ByteChannel {
  /** Resolves once the bytes are accepted; rejects when the channel is closed. */
  write(bytes: Uint8Array): Promise<void>;
  /** The bytes that have arrived, in `into` or valid until the next call; null at the end. */
  read(into?: Uint8Array): Promise<Uint8Array | null>;
  /** Ends writing; what still arrives can be read. */
  shut(): void;
  /** Closes it at once; pending calls reject, or end in null. */
  close(): void;
}

const READ_BYTES = 16 * 1024;

/** A TCP connection. */
export class TcpChannel implements ByteChannel {
  readonly #buffer: Uint8Array = new Uint8Array(READ_BYTES);
  #closed = false;

  constructor(readonly conn: Deno.TcpConn) {
    // Small requests must not wait for others.
    try {
      conn.setNoDelay(true);
    } catch { /* It is closed; the first read reports that. */ }
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) written += await this.conn.write(bytes.subarray(written));
  }

  async read(into = this.#buffer): Promise<Uint8Array | null> {
    const count = await this.conn.read(into);
    return count === null ? null : into.subarray(0, count);
  }

  shut(): void {
    this.conn.closeWrite().catch(() => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.conn.close();
    } catch { /* An error has closed it. */ }
  }
}

/** A stream that is relayed through the chat. */
export class RelayChannel implements ByteChannel {
  readonly #relay: Relay;
  readonly #send: (signal: Signal) => void;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(transfer: string, send: (signal: Signal) => void) {
    this.#relay = new Relay(transfer);
    this.#send = send;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#relay.write(bytes);
    this.#flush();
    while (!this.#relay.isClosed && !this.#relay.isDrained) {
      await new Promise<void>((resolve) => this.#wakeWriter = resolve);
    }
    if (this.#relay.isClosed) throw new Error("the relayed stream is closed");
  }

  async read(): Promise<Uint8Array | null> {
    while (!this.#relay.isClosed) {
      const bytes = this.#relay.read();
      this.#flush();
      if (bytes) return bytes;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    return null;
  }

  /** The frames themselves tell the other end when the stream is over. */
  shut(): void {
    this.close();
  }

  close(): void {
    this.#relay.isClosed = true;
    this.#wake();
  }

  receive(signal: RelaySignal): void {
    this.#relay.receive(signal);
    this.#flush();
    this.#wake();
  }

  #flush(): void {
    for (const signal of this.#relay.takeSignals()) this.#send(signal);
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}
