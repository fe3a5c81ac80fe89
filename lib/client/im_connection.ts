import { delay } from "@std/async/delay";
import type { Ending } from "../core/transport.ts";
import type { Link } from "../protocols/session.ts";
import { limits } from "../core/limits.ts";
import { isLoopback } from "../core/address.ts";
import { clock } from "../net/clock.ts";
import { probe } from "../net/dial.ts";
import { Liveness } from "../core/liveness.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";

/** A client machine as its connections see it. */
export interface ClientMachine {
  open(): void;
  push(link: Link, bytes: Uint8Array): void;
  closed(link: Link, ending: Ending, now: number): void;
  tick(now: number): void;
}

const OPTIONS: ConnectionOptions = { outboxBytes: 1024 * 1024, separateWrites: true, lingerMs: 1000 };
const TICK_MS = 50;
const DIALLED: Link = 0;
const ACCEPTED: Link = 1;

/**
 * A client's two connections: the one it dialled, and the one on which the server dials back.
 *
 * 1. It listens on every address, since some servers dial back by another one than they were dialled by.
 * 2. Until `expect` whoever connects is sent away. Then the first from the server's address, or from this machine, is the
 *    server; one from elsewhere is only if the server says that it has connected (`linked`) and nobody else has.
 * 3. A server whose machine is gone without a word is noticed, as `Liveness` has it.
 */
export class ImConnection {
  readonly #listener: Deno.TcpListener;
  readonly #conn: Deno.TcpConn;
  readonly #streams: (Connection | undefined)[] = [];
  readonly #liveness: Liveness;
  #machine: ClientMachine | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #expecting = false;
  /** Connected from elsewhere than the server; nothing of it is read before the server has said that it has connected. */
  #stranger: Deno.TcpConn | undefined;
  /** The port that the server dialled back from. */
  #serverPort: number | undefined;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    const { hostname } = conn.remoteAddr;
    this.#listener = Deno.listen({ hostname: conn.localAddr.hostname.includes(":") ? "::" : "0.0.0.0", port: 0 });
    this.#liveness = new Liveness(isLoopback(hostname) ? Infinity : limits().idleMs, clock());
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
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    machine.open();
  }

  /** The server may dial back from now on. */
  expect(): void {
    this.#expecting = true;
  }

  /** The server says that it has dialled back. */
  linked(): void {
    if (this.#stranger && !this.#streams[ACCEPTED]) this.#attach(ACCEPTED, this.#stranger);
    else this.#stranger?.close();
    this.#stranger = undefined;
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
    this.#stranger?.close();
    const open = this.#streams.filter((stream) => stream !== undefined);
    for (const stream of open) stream.close();
    await Promise.all(open.map((stream) => stream.over));
  }

  #tick(): void {
    const now = clock();
    this.#machine?.tick(now);
    if (this.#serverPort === undefined || !this.#liveness.due(now)) return;
    probe(this.#conn.remoteAddr.hostname, this.#serverPort).then((outcome) => {
      this.#liveness.probed(outcome, clock());
      if (this.#liveness.gone && !this.#closed) this.#machine?.closed(DIALLED, "broken", clock());
    });
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#welcome(await this.#listener.accept());
      } catch {
        // Closed by us, or a dial that was given up before it was taken.
        if (!this.#closed) await delay(TICK_MS);
      }
    }
  }

  #welcome(conn: Deno.TcpConn): void {
    const { hostname, port } = conn.remoteAddr;
    if (!this.#expecting || this.#streams[ACCEPTED]) return conn.close();
    if (hostname === this.#conn.remoteAddr.hostname || isLoopback(hostname)) {
      this.#serverPort = port;
      return this.#attach(ACCEPTED, conn);
    }
    if (this.#stranger) conn.close();
    else this.#stranger = conn;
  }

  #attach(link: Link, conn: Deno.TcpConn): void {
    const stream: Connection = new Connection(conn, {
      receive: (bytes) => {
        this.#liveness.heard(clock());
        this.#machine?.push(link, bytes);
      },
      hungry: () => true,
      closed: (ending) => {
        stream.close();
        if (link === ACCEPTED) this.#streams[link] = undefined;
        this.#machine?.closed(link, ending, clock());
      },
      failed: () => this.#machine?.closed(link, "broken", clock()),
    }, OPTIONS);
    this.#streams[link] = stream;
  }
}
