/** A TCP proxy before a server that can be unplugged and plugged in again; its port stays the same. */
export class Cable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #ends = new Set<Deno.TcpConn>();
  #to: number | undefined;
  /** Bytes that callers may still send until it is pulled. */
  #most = Infinity;
  /** Bytes that have passed, in both directions. */
  bytes = 0;

  constructor(to: number) {
    this.#to = to;
    this.#accept();
  }

  /** The port to connect to. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Closes every connection and refuses new ones. */
  pull(): void {
    this.#to = undefined;
    for (const end of this.#ends) this.#close(end);
  }

  /** Pulls itself when callers have sent so many further bytes. */
  pullAfter(bytes: number): void {
    this.#most = bytes;
  }

  get isPulled(): boolean {
    return this.#to === undefined;
  }

  /** Forwards new connections to this port. */
  plug(to: number): void {
    this.#to = to;
  }

  [Symbol.dispose](): void {
    this.pull();
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    try {
      for (;;) {
        const caller = await this.#listener.accept();
        if (this.#to === undefined) caller.close();
        else this.#pass(caller, this.#to).catch(() => {});
      }
    } catch { /* it is closed */ }
  }

  async #pass(caller: Deno.TcpConn, to: number): Promise<void> {
    this.#ends.add(caller);
    try {
      const called = await Deno.connect({ hostname: "127.0.0.1", port: to });
      this.#ends.add(called);
      // Unplugged while it was dialling.
      if (this.#to !== to) return this.#close(called);
      await Promise.all([this.#copy(caller, called, (count) => this.#passed(count)), this.#copy(called, caller)]);
    } finally {
      this.#close(caller);
    }
  }

  #passed(count: number): void {
    this.#most -= count;
    if (this.#most > 0) return;
    this.#most = Infinity;
    this.pull();
  }

  async #copy(from: Deno.TcpConn, to: Deno.TcpConn, passed: (count: number) => void = () => {}): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        this.bytes += count;
        for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
        passed(count);
      }
    } catch { /* it was pulled */ }
    // One end is enough: what still comes from the other is lost, as with a proxy that does not half-close.
    this.#close(from);
    this.#close(to);
  }

  #close(end: Deno.TcpConn): void {
    this.#ends.delete(end);
    try {
      end.close();
    } catch { /* it is closed */ }
  }
}
