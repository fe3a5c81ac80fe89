import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { type Address, formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import type { WireTap } from "../core/transport.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { connect, connectTls } from "../net/dial.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";
import { DatagramDialer, type DialerOutput } from "../protocols/datagram/dialer.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";
import type { Link } from "../protocols/session.ts";

/** Where a server is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** A connection to a server. After `close` and `abort` its owner hears `disconnected`. */
export interface ClientConnection {
  write(link: Link, bytes: Uint8Array): void;
  /** Delivers what was written, then closes. */
  close(): void;
  abort(why: string): void;
}

/** The owner of a connection, from before it is open until it is gone. */
export interface ClientConnectionOwner {
  /** A connection attempt begins. */
  attempt(): void;
  opened(connection: ClientConnection): void;
  receive(bytes: Uint8Array): void;
  /** Everything that arrived together was received. */
  turnEnded(): void;
  /** The connection could not be opened, or is gone. Called once. */
  disconnected(why: string): void;
  /** Only where the wire is traced. */
  readonly tap?: WireTap | undefined;
}

export const CONNECT_MS = 10_000;
const OPTIONS: ConnectionOptions = { outboxBytes: 1024 * 1024, separateWrites: false, lingerMs: 1000 };

/** Opens a TLS connection; `trusted` is a certificate to accept besides those that this machine trusts. */
export async function openTls(
  where: ServerAddress & { readonly trusted: string | undefined },
  owner: ClientConnectionOwner,
  withinMs = CONNECT_MS,
): Promise<void> {
  let conn: Deno.TlsConn;
  try {
    conn = await connectTls({ ...where, withinMs });
  } catch (error) {
    return owner.disconnected(`cannot connect to ${nameOf(where)} over TLS: ${reason(error)}`);
  }
  serveConnection(conn, owner);
}

/** Opens a TCP connection. */
export async function openPlain(where: ServerAddress, owner: ClientConnectionOwner): Promise<void> {
  try {
    serveConnection(await openTcp(where), owner);
  } catch (error) {
    owner.disconnected(reason(error));
  }
}

/** Reads from an open connection for its owner. */
export function serveConnection(conn: Deno.TcpConn | Deno.TlsConn, owner: ClientConnectionOwner): void {
  let over = false;
  const end = (why: string) => {
    if (over) return;
    over = true;
    connection.abort();
    owner.disconnected(why);
  };
  const connection: Connection = new Connection(conn, {
    receive: (bytes) => {
      owner.receive(bytes);
      owner.turnEnded();
    },
    hungry: () => true,
    closed: (ending) => end(ending === "broken" ? "the connection is lost" : "the server closed the connection"),
    failed: () => end("the server does not read what is sent to it"),
    tap: owner.tap,
  }, OPTIONS);
  owner.opened({
    write: (_link, bytes) => connection.write(bytes),
    close: () => {
      connection.close();
      connection.finished.then(() => end("left"));
    },
    abort: end,
  });
}

/** Opens a connection over datagrams. */
export async function openDatagrams({ host, port }: ServerAddress, owner: ClientConnectionOwner): Promise<void> {
  try {
    const { address, family } = await lookup(host, { family: 4 }).catch(() => lookup(host));
    new DatagramConnection({ hostname: address, port }, family, owner);
  } catch (error) {
    owner.disconnected(reason(error));
  }
}

/** A connection over datagrams: runs the dialer and its link on a UDP port. */
class DatagramConnection implements ClientConnection {
  readonly #socket: DatagramSocket;
  readonly #dialer: DatagramDialer;
  #link: DatagramLink | undefined;

  constructor(server: Address, family: number, readonly owner: ClientConnectionOwner) {
    this.#dialer = new DatagramDialer(server, datagramOptions(), new Uint8Array(randomBytes(8)));
    this.#socket = new DatagramSocket({ hostname: family === 6 ? "::" : "0.0.0.0", port: 0 }, {
      received: (_from, datagram) => this.#receive(datagram),
      flush: () => this.#use((now) => this.#dialer.flush(now)),
      tick: () => this.#use((now) => this.#dialer.tick(now)),
      wakeAt: () => this.#dialer.wakeAt,
    });
    this.#use((now) => this.#dialer.start(now));
    this.#socket.begin();
  }

  write(_link: Link, message: Uint8Array): void {
    if (this.#link?.send(message)) this.owner.tap?.sent(message);
    this.#socket.flushSoon();
  }

  close(): void {
    this.abort("bye");
  }

  /** The peer is notified even so. */
  abort(why: string): void {
    if (this.#link) this.#link.close(why, clock());
    else this.#dialer.abort(why);
    this.#socket.flushSoon();
  }

  #receive(datagram: Uint8Array): void {
    this.#use((now) => this.#dialer.receive(datagram, now));
    for (let message = this.#link?.read(); message; message = this.#link?.read()) this.owner.receive(message);
    this.owner.turnEnded();
    this.#socket.flushSoon();
  }

  /** Gives the dialer an input, then performs its outputs. */
  #use(input: (now: number) => void): void {
    input(clock());
    for (const output of this.#dialer.takeOutputs()) this.#perform(output);
  }

  #perform(output: DialerOutput): void {
    switch (output.type) {
      case "send":
        return this.#socket.send(output.address, output.datagram);
      case "attempt":
        return this.owner.attempt();
      case "opened":
        this.#link = output.link;
        return this.owner.opened(this);
      case "ended":
        // The CLOSE was sent before.
        return void this.#socket.close().then(() => this.owner.disconnected(output.why));
    }
  }
}

/** A TCP connection to a server; throws, with where it was to go, when there is none. */
export async function openTcp(where: ServerAddress): Promise<Deno.TcpConn> {
  try {
    return await connect(where.host, where.port, CONNECT_MS);
  } catch (error) {
    throw new Error(`cannot connect to ${nameOf(where)}: ${reason(error)}`, { cause: error });
  }
}

function nameOf({ host, port }: ServerAddress): string {
  return formatAddress({ hostname: host, port });
}
