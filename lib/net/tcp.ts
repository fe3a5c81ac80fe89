import type { Ending } from "../protocols/session.ts";
import { Outbox } from "./outbox.ts";

/** Who takes what arrives on a stream. */
export interface ConnectionOwner {
  /** Bytes that arrived; the buffer is used again at once. */
  push(bytes: Uint8Array): void;
  /** Whether to read on; when not, `Stream.resume` says when again. */
  hungry(): boolean;
  /** The stream ended, by the peer or by a failure; called once, never after `close`. */
  closed(ending: Ending): void;
  /** The peer reads too slowly: more than the outbox may hold would wait. */
  overflowed(): void;
}

/** How a stream is used. */
export interface ConnectionOptions {
  readonly outboxBytes: number;
  /** Every push in a write of its own. */
  readonly apart: boolean;
  /** How long a closing stream waits for its last bytes to be taken, and for the peer to finish. */
  readonly lingerMs: number;
}

const FIRST_READ_BYTES = 512;
const MOST_READ_BYTES = 16 * 1024;

/**
 * One TCP connection.
 *
 * 1. One reader, one writer, one closer: `close`, or the end of the reading.
 * 2. `close` sends what was written, then our FIN, and passes over what still comes until the peer's, so that no reset
 *    overtakes the last line; it is over within `lingerMs`.
 */
export class Connection {
  readonly #conn: Deno.TcpConn | Deno.TlsConn;
  readonly #owner: ConnectionOwner;
  readonly #outbox: Outbox;
  readonly #options: ConnectionOptions;
  #closing = false;
  #closed = false;
  #ending = false;
  /** Wakes a reader that waits for its owner's hunger. */
  #resume: (() => void) | undefined;
  /** Wakes a reader that has finished and waits for `close`. */
  #release: (() => void) | undefined;
  /** Resolves when the connection is gone. */
  readonly over: Promise<void>;

  constructor(conn: Deno.TcpConn | Deno.TlsConn, owner: ConnectionOwner, options: ConnectionOptions) {
    this.#conn = conn;
    this.#owner = owner;
    this.#options = options;
    // A peer may have gone already; then the first read says so.
    try {
      if ("setNoDelay" in conn) {
        conn.setNoDelay(true);
        conn.setKeepAlive(true);
      }
    } catch { /* the read says it */ }
    this.#outbox = new Outbox(conn, options.outboxBytes, options.apart, () => this.#ended("broken"));
    this.over = this.#read();
  }

  /** What was written and waits for the peer to read. */
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  write(bytes: Uint8Array): void {
    if (this.#closing) return;
    if (!this.#outbox.push(bytes)) this.#owner.overflowed();
  }

  /** From now on what one turn writes goes out in one. */
  gather(): void {
    this.#outbox.apart = false;
  }

  /** Reads again, if its owner is hungry. */
  resume(): void {
    if (!this.#resume || !this.#owner.hungry()) return;
    this.#resume();
    this.#resume = undefined;
  }

  /** Ends the stream in good order; said again, it does nothing. */
  close(): void {
    if (this.#closing) return;
    this.#wake();
    const timer = setTimeout(() => this.#shut(), this.#options.lingerMs);
    this.over.finally(() => clearTimeout(timer));
    this.#outbox.drained().then(() => this.#closed ? undefined : this.#conn.closeWrite()).catch(() => this.#shut());
  }

  /** Sends what was written, then our FIN; what the peer still says is read until it ends too. */
  finish(): void {
    if (this.#closing) return;
    this.#outbox.drained().then(() => this.#closing || this.#closed ? undefined : this.#conn.closeWrite()).catch(
      () => {},
    );
  }

  /** Ends the stream at once; what has not been sent is lost. */
  abort(): void {
    this.#wake();
    this.#shut();
  }

  #wake(): void {
    this.#closing = true;
    this.#resume?.();
    this.#release?.();
  }

  async #read(): Promise<void> {
    let buffer = new Uint8Array(FIRST_READ_BYTES);
    try {
      while (true) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        if (this.#closing) continue;
        this.#owner.push(buffer.subarray(0, count));
        // An idle connection should hold little, a busy one should need few reads.
        if (count === buffer.length && count < MOST_READ_BYTES) buffer = new Uint8Array(count * 2);
        else if (count < buffer.length / 4 && buffer.length > FIRST_READ_BYTES) {
          buffer = new Uint8Array(FIRST_READ_BYTES);
        }
        if (!this.#closing && !this.#owner.hungry()) await new Promise<void>((resolve) => this.#resume = resolve);
      }
      this.#ended("finished");
    } catch {
      this.#ended("broken");
    }
    // A peer that has finished may still read: what we have to say goes out before the connection is dropped.
    if (!this.#closing) await new Promise<void>((resolve) => this.#release = resolve);
    await this.#outbox.drained();
    this.#shut();
    // Deno 2.4 does not end a write when its connection is closed, and holds the connection until it ends.
    await this.#outbox.settled();
  }

  #ended(ending: Ending): void {
    if (this.#closing || this.#ending) return;
    this.#ending = true;
    this.#owner.closed(ending);
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox.close();
    try {
      this.#conn.close();
    } catch { /* it is closed already, by its own failure */ }
  }
}

/** What makes connections TLS: a certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}
