import { type Address, formatAddress } from "../core/address.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { ConnectionLimiter } from "../core/limiters.ts";
import type { Certificate } from "../core/transport.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { RefusalLog } from "../net/refusal_log.ts";
import { Connection } from "../net/tcp.ts";
import { TlsTerminator } from "../net/tls_terminator.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { connectionOptions } from "./platform.ts";
import type { SessionRunner } from "./runner.ts";

/**
 * One protocol's port on TCP or TLS: every connection that is accepted becomes a session.
 *
 * 1. The port is open when the constructor returns; the constructor throws if it cannot be opened.
 * 2. A peer over a limit is closed at once and logged. With TLS, the session begins after the handshake.
 * 3. After `close` no more connections are accepted; the sessions go on.
 */
export class TcpListener {
  readonly #socket: ListeningSocket;
  readonly #tls: TlsTerminator | undefined;
  readonly #refusals: RefusalLog;
  readonly #connections = new Set<Promise<void>>();

  constructor(
    readonly protocol: ServerProtocol,
    where: { hostname: string; port: number },
    readonly runner: SessionRunner,
    readonly connectionLimiter: ConnectionLimiter,
    readonly limits: Limits,
    certificate?: Certificate,
  ) {
    this.#refusals = new RefusalLog(protocol.name);
    this.#socket = new ListeningSocket(where, {
      accepted: (conn) => this.#open(conn),
      failed: (error) => this.#refusals.failed(error),
    });
    this.#tls = certificate && new TlsTerminator(certificate, limits.handshakeMs);
  }

  get address(): { hostname: string; port: number } {
    return this.#socket.address;
  }

  close(): void {
    this.#socket.close();
    this.#tls?.close();
    this.#refusals.close();
  }

  /** Resolves when the last accepted connection is gone. */
  async finished(): Promise<void> {
    await Promise.all(this.#connections);
  }

  #open(conn: Deno.TcpConn): void {
    const { hostname, port } = conn.remoteAddr;
    const refused = this.connectionLimiter.take(hostname);
    if (refused) {
      this.#refusals.refused({ hostname, port }, refused.refusal);
      return conn.close();
    }
    const peer = { hostname, port };
    const served = this.#tls ? this.#serveTls(this.#tls, conn, peer) : this.#run(conn, peer);
    const gone = served.finally(() => {
      this.#connections.delete(gone);
      this.connectionLimiter.release(hostname);
    });
    this.#connections.add(gone);
  }

  /** Resolves when the connection is gone. */
  async #serveTls(tls: TlsTerminator, conn: Deno.TcpConn, peer: Address): Promise<void> {
    const session = await tls.open(conn);
    if (!session) return log.debug(() => `${this.protocol.name}: ${formatAddress(peer)} has not completed a handshake`);
    await this.#run(session.conn, peer);
    await session.finish();
  }

  /** Resolves when the connection is gone. */
  #run(conn: Deno.TcpConn | Deno.TlsConn, peer: Address): Promise<void> {
    let finished: Promise<void> | undefined;
    this.runner.open(this.protocol, peer, (owner) => {
      const connection = new Connection(conn, owner, connectionOptions(this.limits));
      finished = connection.finished;
      return connection;
    });
    return finished!;
  }
}
