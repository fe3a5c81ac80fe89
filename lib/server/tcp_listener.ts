import { type Address, formatAddress, networkOf } from "../core/address.ts";
import { type Limits, ROOM_MADE } from "../core/limits.ts";
import { log } from "../core/log.ts";
import { type ConnectionLimiter, RateLimiter } from "../core/limiters.ts";
import type { Certificate } from "../core/transport.ts";
import { clock } from "../net/clock.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { RefusalLog } from "../net/refusal_log.ts";
import { Connection } from "../net/tcp.ts";
import { TlsTerminator } from "../net/tls_terminator.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { connectionOptions } from "./platform.ts";
import type { SessionRunner } from "./runner.ts";
import type { SessionHost } from "./session_host.ts";

/**
 * One protocol's port on TCP or TLS: every connection that is accepted becomes a session.
 *
 * 1. The port is open when the constructor returns; the constructor throws if it cannot be opened.
 * 2. A peer over a limit is closed at once and logged. With TLS, the session begins after the handshake.
 * 3. When the listener is full, a session that gives way ends for a new connection: of the network with most of them, the
 *    oldest. So many a second at most.
 * 4. After `close` no more connections are accepted; the sessions go on.
 */
export class TcpListener {
  readonly #socket: ListeningSocket;
  readonly #tls: TlsTerminator | undefined;
  readonly #refusals: RefusalLog;
  readonly #connections = new Set<Promise<void>>();
  /** Sessions that gave way when they began, the oldest first; some still do. */
  readonly #sessions = new Map<SessionHost, Connection>();
  /** Connections for which a session has ended that is not gone yet. */
  readonly #waiting: Deno.TcpConn[] = [];
  readonly #roomMade = new RateLimiter(ROOM_MADE.burst, ROOM_MADE.perSecond, clock());

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
    for (const conn of this.#waiting.splice(0)) conn.close();
  }

  /** Resolves when the last accepted connection is gone. */
  async finished(): Promise<void> {
    await Promise.all(this.#connections);
  }

  #open(conn: Deno.TcpConn): void {
    const { hostname, port } = conn.remoteAddr;
    const refused = this.connectionLimiter.take(hostname);
    if (refused) {
      if (refused.among === "all" && this.#makeRoom()) return void this.#waiting.push(conn);
      this.#refusals.refused({ hostname, port }, refused.refusal);
      return conn.close();
    }
    const peer = { hostname, port };
    const served = this.#tls ? this.#serveTls(this.#tls, conn, peer) : this.#run(conn, peer);
    const gone = served.finally(() => {
      this.#connections.delete(gone);
      this.connectionLimiter.release(hostname);
      const next = this.#waiting.shift();
      if (next) this.#open(next);
    });
    this.#connections.add(gone);
  }

  /** Ends a session that gives way, if there is one; its connection is gone soon. */
  #makeRoom(): boolean {
    const silent = [...this.#sessions.keys()].filter(({ session }) => session.givesWay);
    const byNetwork = Map.groupBy(silent, ({ peer }) => networkOf(peer.hostname));
    let most: SessionHost[] = [];
    for (const hosts of byNetwork.values()) if (hosts.length > most.length) most = hosts;
    const [oldest] = most;
    if (!oldest || !this.#roomMade.take(clock())) return false;
    const connection = this.#sessions.get(oldest)!;
    // It may be asked for again before its connection is gone.
    this.#sessions.delete(oldest);
    oldest.end("it was silent, and makes room for a new connection");
    this.runner.drain();
    connection.abort();
    return true;
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
    let connection: Connection | undefined;
    const host = this.runner.open(this.protocol, peer, (owner) => {
      return connection = new Connection(conn, owner, connectionOptions(this.limits, this.protocol.joinedWrites));
    });
    const { finished } = connection!;
    if (!host.session.givesWay) return finished;
    this.#sessions.set(host, connection!);
    return finished.then(() => void this.#sessions.delete(host));
  }
}
