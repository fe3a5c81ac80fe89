import type { Ending, Link } from "../wire/session.ts";
import { clock } from "./clock.ts";
import { Stream, type StreamOptions } from "./stream.ts";

/** A client machine as its connections see it. */
export interface ClientMachine {
  open(): void;
  push(link: Link, bytes: Uint8Array): void;
  closed(link: Link, ending: Ending, now: number): void;
  tick(now: number): void;
}

const OPTIONS: StreamOptions = { outboxBytes: 1024 * 1024, apart: true, lingerMs: 1000 };
const TICK_MS = 50;
const DIALLED: Link = 0;
const ACCEPTED: Link = 1;

/**
 * A client's two connections: the one it dialled, and the one on which the server dials back.
 *
 * It listens on every address, since some servers dial back by another one than they were dialled by; it takes the first
 * connection and closes any that comes while that one stands.
 */
export class StreamClient {
  readonly #listener: Deno.TcpListener;
  readonly #conn: Deno.TcpConn;
  readonly #streams: (Stream | undefined)[] = [];
  #machine: ClientMachine | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#listener = Deno.listen({ hostname: conn.localAddr.hostname.includes(":") ? "::" : "0.0.0.0", port: 0 });
  }

  /** Where the server can dial back. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Lets the machine begin; it writes by `write`. */
  start(machine: ClientMachine): void {
    this.#machine = machine;
    this.#attach(DIALLED, this.#conn);
    this.#accept();
    this.#ticking = setInterval(() => machine.tick(clock()), TICK_MS);
    machine.open();
  }

  write(link: Link, bytes: Uint8Array): void {
    this.#streams[link]?.write(bytes);
  }

  /** Sends what was written and closes; resolves when it is done. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    this.#listener.close();
    const open = this.#streams.filter((stream) => stream !== undefined);
    for (const stream of open) stream.close();
    await Promise.all(open.map((stream) => stream.over));
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        const conn = await this.#listener.accept();
        if (this.#streams[ACCEPTED]) conn.close();
        else this.#attach(ACCEPTED, conn);
      } catch {
        // Closed by us, or a dial that was given up before it was taken.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
    }
  }

  #attach(link: Link, conn: Deno.TcpConn): void {
    const stream: Stream = new Stream(conn, {
      push: (bytes) => this.#machine?.push(link, bytes),
      hungry: () => true,
      closed: (ending) => {
        stream.close();
        if (link === ACCEPTED) this.#streams[link] = undefined;
        this.#machine?.closed(link, ending, clock());
      },
      overflowed: () => this.#machine?.closed(link, "broken", clock()),
    }, OPTIONS);
    this.#streams[link] = stream;
  }
}
