import { isLoopback } from "../core/address.ts";
import type { ProbeOutcome } from "../core/liveness.ts";
import type { Ending, WireTap } from "../core/transport.ts";
import type { Link } from "../protocols/session.ts";
import { probe } from "./dial.ts";
import { ListeningSocket } from "./listening_socket.ts";
import { Connection, type ConnectionOptions } from "./tcp.ts";

/** The receiver of what arrives on the two connections of an IM client. */
export interface ImConnectionOwner {
  /** Bytes on a link; the buffer is reused after the call. */
  receive(link: Link, bytes: Uint8Array): void;
  /** The server's side of a link has ended. */
  closed(link: Link, ending: Ending): void;
  /** The server has connected back from this port. */
  linkAccepted(port: number): void;
  /** Only where the wire is traced. */
  readonly tap?: ((link: Link) => WireTap) | undefined;
}

const OPTIONS: ConnectionOptions = { outboxBytes: 1024 * 1024, separateWrites: true, lingerMs: 1000 };
const DIALLED: Link = 0;
const ACCEPTED: Link = 1;

/**
 * The two connections of an IM client: the one that it has opened, and the one on which the server connects back.
 *
 * 1. It listens on every address, since some servers connect back from another address than their own.
 * 2. Before `expectLink` every connection is closed. Then the first from the server's address, or from this machine, counts as
 *    the server's; one from elsewhere does so only if the server says that it has connected (`confirmLink`) and there is no other.
 */
export class ImConnection {
  readonly #socket: ListeningSocket;
  readonly #conn: Deno.TcpConn;
  readonly #owner: ImConnectionOwner;
  readonly #links: (Connection | undefined)[] = [];
  #expecting = false;
  /** Connected from elsewhere than the server; nothing is read from it before the server says that it has connected. */
  #stranger: Deno.TcpConn | undefined;
  #closed = false;

  /** The first bytes are delivered in the next turn at the earliest. */
  constructor(conn: Deno.TcpConn, owner: ImConnectionOwner) {
    this.#conn = conn;
    this.#owner = owner;
    const hostname = conn.localAddr.hostname.includes(":") ? "::" : "0.0.0.0";
    this.#socket = new ListeningSocket({ hostname, port: 0 }, {
      accepted: (conn) => this.#accept(conn),
    });
    this.#attach(DIALLED, conn);
  }

  /** Where the server can connect back to. */
  get port(): number {
    return this.#socket.address.port;
  }

  /** Whether the server is on this machine. */
  get isLocal(): boolean {
    return isLoopback(this.#conn.remoteAddr.hostname);
  }

  /** The server may connect back from now on. */
  expectLink(): void {
    this.#expecting = true;
  }

  /** The server says that it has connected back. */
  confirmLink(): void {
    if (this.#stranger && !this.#links[ACCEPTED]) this.#attach(ACCEPTED, this.#stranger);
    else this.#stranger?.close();
    this.#stranger = undefined;
  }

  /** Connects to a port of the server's machine where nothing listens. */
  probe(port: number): Promise<ProbeOutcome> {
    return probe(this.#conn.remoteAddr.hostname, port);
  }

  write(link: Link, bytes: Uint8Array): void {
    this.#links[link]?.write(bytes);
  }

  /** Sends what was written and closes; resolves when that is done. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const open = this.#stop();
    for (const link of open) link.close();
    await Promise.all(open.map((link) => link.finished));
  }

  /** Closes at once. */
  abort(): void {
    for (const link of this.#stop()) link.abort();
  }

  #stop(): Connection[] {
    this.#closed = true;
    this.#socket.close();
    this.#stranger?.close();
    this.#stranger = undefined;
    return this.#links.filter((link) => link !== undefined);
  }

  #accept(conn: Deno.TcpConn): void {
    const { hostname, port } = conn.remoteAddr;
    if (!this.#expecting || this.#closed || this.#links[ACCEPTED]) return conn.close();
    if (hostname === this.#conn.remoteAddr.hostname || isLoopback(hostname)) {
      this.#owner.linkAccepted(port);
      return this.#attach(ACCEPTED, conn);
    }
    if (this.#stranger) conn.close();
    else this.#stranger = conn;
  }

  #attach(link: Link, conn: Deno.TcpConn): void {
    const connection: Connection = new Connection(conn, {
      receive: (bytes) => this.#owner.receive(link, bytes),
      hungry: () => true,
      closed: (ending) => {
        connection.close();
        if (link === ACCEPTED) this.#links[link] = undefined;
        this.#owner.closed(link, ending);
      },
      failed: () => this.#owner.closed(link, "broken"),
      tap: this.#owner.tap?.(link),
    }, OPTIONS);
    this.#links[link] = connection;
  }
}
