import { formatAddress } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { ConnectionLimiter } from "../core/limiters.ts";
import type { Certificate } from "../core/transport.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { Connection } from "../net/tcp.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { connectionOptions } from "./platform.ts";
import type { SessionRunner } from "./runner.ts";

/**
 * One protocol's port on TCP or TLS: every connection that is accepted becomes a session.
 *
 * 1. The port is open when the constructor returns; the constructor throws if it cannot be opened.
 * 2. A peer over a limit is closed at once and logged.
 * 3. After `close` no more connections are accepted; the sessions go on.
 */
export class TcpListener {
  readonly #socket: ListeningSocket;
  readonly #connections = new Set<Connection>();

  constructor(
    readonly protocol: ServerProtocol,
    where: { hostname: string; port: number },
    readonly runner: SessionRunner,
    readonly connectionLimiter: ConnectionLimiter,
    readonly limits: Limits,
    certificate?: Certificate,
  ) {
    this.#socket = new ListeningSocket(where, {
      accepted: (conn) => this.#open(conn),
      failed: (error) => log.warning(`${protocol.name}: could not accept a connection: ${error}`),
    }, certificate);
  }

  get address(): { hostname: string; port: number } {
    return this.#socket.address;
  }

  close(): void {
    this.#socket.close();
  }

  /** Resolves when the last accepted connection is gone. */
  async finished(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.finished));
  }

  #open(conn: Deno.TcpConn | Deno.TlsConn): void {
    const { hostname, port } = conn.remoteAddr as Deno.NetAddr;
    const refused = this.connectionLimiter.take(hostname);
    if (refused) {
      log.warning(`${this.protocol.name}: refused ${formatAddress({ hostname, port })}: ${refused.refusal}`);
      return conn.close();
    }
    this.runner.open(this.protocol, { hostname, port }, (owner) => {
      const connection = new Connection(conn, owner, connectionOptions(this.limits));
      this.#connections.add(connection);
      connection.finished.then(() => {
        this.#connections.delete(connection);
        this.connectionLimiter.release(hostname);
      });
      return connection;
    });
  }
}
