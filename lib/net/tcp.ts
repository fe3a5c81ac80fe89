import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import type { Ending, JoinedWrites, Transport, TransportOwner } from "../core/transport.ts";
import { Outbox } from "./outbox.ts";

export interface ConnectionOptions {
  readonly outboxBytes: number;
  /** Whether every `write` leaves in a write of its own; or how the oldest leave together while many wait. */
  readonly separateWrites: boolean | JoinedWrites;
  /** How long a closing connection waits for its last bytes to be taken and for the peer to finish. */
  readonly lingerMs: number;
}

const FIRST_READ_BYTES = 256;
const MOST_READ_BYTES = 16 * 1024;

/**
 * One TCP or TLS connection.
 *
 * 1. One reader, one writer, one closer: `close`, or the end of the reading.
 * 2. `close` sends what was written, then our FIN, and discards what still arrives until the peer's FIN, so that no reset
 *    overtakes the last line. The connection is gone within `lingerMs`.
 */
export class Connection implements Transport {
  readonly #conn: Deno.TcpConn | Deno.TlsConn;
  readonly #owner: TransportOwner;
  readonly #outbox: Outbox;
  readonly #options: ConnectionOptions;
  /** What the next bytes are read into: an idle connection should hold little memory, a busy one should need few reads. */
  #buffer = new Uint8Array(FIRST_READ_BYTES);
  #wasSmall = false;
  #closing = false;
  #closed = false;
  #ending = false;
  /** Nothing is read while the owner is not hungry. */
  #paused = false;
  /** Wakes the closer after the peer has finished, while it waits for `close`. */
  #release: (() => void) | undefined;
  /** Resolves when the connection is gone. */
  readonly finished: Promise<void>;
  #gone!: () => void;

  constructor(conn: Deno.TcpConn | Deno.TlsConn, owner: TransportOwner, options: ConnectionOptions) {
    this.#conn = conn;
    this.#owner = owner;
    this.#options = options;
    // The peer may have left already; then the first read fails.
    try {
      if ("setNoDelay" in conn) {
        conn.setNoDelay(true);
        conn.setKeepAlive(true);
      }
    } catch { /* the read fails too */ }
    const { tap } = owner;
    this.#outbox = new Outbox(conn, options.outboxBytes, options.separateWrites, (_error, notTaken) => {
      tap?.notTaken(notTaken);
      this.#ended("broken");
    }, tap && ((bytes) => tap.sent(bytes)));
    this.finished = new Promise((resolve) => this.#gone = resolve);
    this.#read();
  }

  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#closing) return;
    if (this.#outbox.push(bytes)) return;
    const why = `more than ${this.#options.outboxBytes} bytes waited for it to read`;
    queueMicrotask(() => this.#closing || this.#owner.failed(why));
  }

  written(): Promise<void> {
    return this.#outbox.written();
  }

  gather(): void {
    this.#outbox.separateWrites = false;
  }

  resume(): void {
    if (this.#paused && this.#owner.hungry()) this.#readOn();
  }

  /** Further calls do nothing. */
  close(): void {
    if (this.#closing) return;
    this.#wake();
    const timer = setTimeout(() => this.#shut(), this.#options.lingerMs);
    this.finished.finally(() => clearTimeout(timer));
    this.#outbox.drained().then(() => this.#closed ? undefined : this.#conn.closeWrite()).catch(() => this.#shut());
  }

  /** Sends what was written, then our FIN; reading goes on until the peer has finished too. */
  closeWrite(): void {
    if (this.#closing) return;
    this.#outbox.drained().then(() => this.#closing || this.#closed ? undefined : this.#conn.closeWrite()).catch(
      () => {},
    );
  }

  abort(): void {
    this.#wake();
    this.#shut();
  }

  #wake(): void {
    this.#closing = true;
    if (this.#paused) this.#readOn();
    this.#release?.();
  }

  /** With callbacks, made once: what an async function keeps while it waits took a kilobyte of each idle connection. */
  #read(): void {
    this.#conn.read(this.#buffer).then(this.#got, this.#broke);
  }

  #readOn(): void {
    this.#paused = false;
    this.#read();
  }

  readonly #got = (count: number | null): void => {
    if (count === null) return void this.#finish("finished");
    try {
      this.#take(this.#buffer.subarray(0, count));
    } catch {
      return this.#broke();
    }
    if (this.#closing || this.#owner.hungry()) this.#read();
    else this.#paused = true;
  };

  readonly #broke = (): void => void this.#finish("broken");

  #take(bytes: Uint8Array): void {
    if (this.#closing) return this.#owner.tap?.late(bytes);
    this.#owner.receive(bytes);
    // The rest of a burst is small.
    const { length } = this.#buffer;
    const isSmall = bytes.length < length / 4;
    if (bytes.length === length && length < MOST_READ_BYTES) this.#buffer = new Uint8Array(length * 2);
    else if (isSmall && this.#wasSmall && length > FIRST_READ_BYTES) this.#buffer = new Uint8Array(FIRST_READ_BYTES);
    this.#wasSmall = isSmall;
  }

  async #finish(ending: Ending): Promise<void> {
    this.#ended(ending);
    // A peer that has finished may still read, so the connection stays open until `close` has delivered the rest.
    if (!this.#closing) await new Promise<void>((resolve) => this.#release = resolve);
    await this.#outbox.drained();
    this.#shut();
    // Deno 2.4 does not end a write when its connection is closed, and holds the connection until it ends.
    await this.#outbox.settled();
    this.#gone();
  }

  #ended(ending: Ending): void {
    if (this.#closing || this.#ending) return;
    this.#ending = true;
    // Nothing awaits `#finish`: what its owner throws would end the program.
    try {
      this.#owner.closed(ending);
    } catch (error) {
      log.error(`internal error at the end of a connection: ${stackOf(error)}`);
    }
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox.close();
    try {
      this.#conn.close();
    } catch { /* its own failure has closed it */ }
  }
}
