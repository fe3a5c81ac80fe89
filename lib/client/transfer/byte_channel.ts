/** What carries the bytes of a transfer: a connection of its own, or the chat. */
export interface ByteChannel {
  /** Resolves once the bytes are taken; rejects when nothing can be said any more. */
  write(bytes: Uint8Array): Promise<void>;
  /** What came, in `into` or good until the next call; null when nothing more will. */
  read(into?: Uint8Array): Promise<Uint8Array | null>;
  /** Says that nothing more will be written; what still comes is to be read. */
  shut(): void;
  /** Ends it at once; what is under way rejects, or ends in null. */
  close(): void;
}

/** Great pieces are read where they belong. */
const READ_BYTES = 16 * 1024;

/** A TCP connection as a way for bytes. */
export class TcpChannel implements ByteChannel {
  readonly #buffer: Uint8Array = new Uint8Array(READ_BYTES);
  #closed = false;

  constructor(readonly conn: Deno.TcpConn) {
    // What is asked should not wait for more to be asked.
    try {
      conn.setNoDelay(true);
    } catch { /* it is gone; the first read says so */ }
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
    } catch { /* its own failure has closed it */ }
  }
}
