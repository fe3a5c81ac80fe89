import { formatAddress } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { connect } from "../net/dial.ts";
import { Connection, type ConnectionOptions } from "../net/tcp.ts";
import { connectTls } from "../net/tls.ts";
import type { Link } from "../protocols/session.ts";
import { DatagramConnection } from "./datagram_connection.ts";

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
  /** The server is asked for a connection, or asked again. */
  attempt(): void;
  opened(connection: ClientConnection): void;
  receive(bytes: Uint8Array): void;
  /** Everything that arrived together was received. */
  turnEnded(): void;
  /** There is no connection, or none any more. Called once. */
  disconnected(why: string): void;
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
  }, OPTIONS);
  owner.opened({
    write: (_link, bytes) => connection.write(bytes),
    close: () => {
      connection.close();
      connection.over.then(() => end("left"));
    },
    abort: end,
  });
}

/** Opens a connection over datagrams. */
export async function openDatagrams({ host, port }: ServerAddress, owner: ClientConnectionOwner): Promise<void> {
  try {
    const connection: DatagramConnection = await DatagramConnection.reach(host, port, {
      attempt: () => owner.attempt(),
      opened: () =>
        owner.opened({
          write: (_link, bytes) => void connection.send(bytes),
          close: () => connection.close("bye"),
          abort: (why) => connection.close(why),
        }),
      message: (bytes) => owner.receive(bytes),
      turn: () => owner.turnEnded(),
      ended: (why) => owner.disconnected(why),
    });
  } catch (error) {
    owner.disconnected(reason(error));
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
