/** A TCP proxy that cuts each connection after a number of bytes from the caller, a given number of times. */
export class CuttingProxy {
  readonly #listeners = new Map<number, Deno.TcpListener>();
  /** Bytes forwarded from callers. */
  bytes = 0;
  cuts = 0;

  constructor(readonly after: () => number, readonly mostCuts: number) {}

  /** The port to connect to. */
  portFor(port: number): number {
    const known = this.#listeners.get(port);
    if (known) return known.addr.port;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listeners.set(port, listener);
    this.#accept(listener, port);
    return listener.addr.port;
  }

  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
  }

  async #accept(listener: Deno.TcpListener, port: number): Promise<void> {
    try {
      for (;;) {
        const caller = await listener.accept();
        this.#pass(caller, port).catch(() => {});
      }
    } catch { /* it is closed */ }
  }

  async #pass(caller: Deno.TcpConn, port: number): Promise<void> {
    const called = await Deno.connect({ hostname: "127.0.0.1", port });
    const isCut = this.cuts < this.mostCuts;
    const end = () => {
      for (const conn of [caller, called]) {
        try {
          conn.close();
        } catch { /* the other way has closed it */ }
      }
    };
    const back = copy(called, caller, Infinity, () => {}).finally(end);
    await copy(caller, called, isCut ? this.after() : Infinity, (count) => this.bytes += count).finally(() => {
      if (isCut) this.cuts++;
      end();
    });
    await back;
  }
}

async function copy(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  most: number,
  passed: (count: number) => void,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let left = most; left > 0;) {
    const count = await from.read(left < buffer.length ? buffer.subarray(0, left) : buffer).catch(() => null);
    if (count === null) return;
    for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
    left -= count;
    passed(count);
  }
}
