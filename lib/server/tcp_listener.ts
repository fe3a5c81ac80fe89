import { formatAddress } from "../core/address.ts";
import type { ConnectionLimits } from "../core/connection_limits.ts";
import type { Limits } from "../core/limits.ts";
import { log } from "../core/log.ts";
import type { Certificate } from "../net/tcp.ts";
import type { SessionRunner } from "./runner.ts";
import { type ServerProtocol, SessionConnection, sessionConnectionOptions } from "./session_host.ts";

const ACCEPT_AGAIN_MS = 100;

/**
 * One door on TCP.
 *
 * 1. When the constructor returns, the door is open; it throws when the port cannot be had.
 * 2. A peer over a limit is closed at once and logged; those inside never notice.
 * 3. `close` lets nobody in any more; who is inside stays.
 */
export class TcpListener {
  readonly #listener: Deno.TcpListener | Deno.TlsListener;
  readonly #streams = new Set<SessionConnection>();
  #closed = false;

  constructor(
    readonly protocol: ServerProtocol,
    where: { hostname: string; port: number },
    readonly runner: SessionRunner,
    readonly connectionLimits: ConnectionLimits,
    readonly limits: Limits,
    /** With it, every connection is TLS. */
    certificate?: Certificate,
  ) {
    this.#listener = certificate ? Deno.listenTls({ ...where, ...certificate }) : Deno.listen(where);
    this.#accept();
  }

  /** Where the door really is. */
  get address(): { hostname: string; port: number } {
    return this.#listener.addr as Deno.NetAddr;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  /** Resolves when the last connection that came in here is gone. */
  async over(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => stream.over));
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#welcome(await this.#listener.accept());
      } catch (error) {
        if (this.#closed) return;
        // A peer that is gone before it is let in, or no file descriptors left: the door stays open.
        log.warning(`${this.protocol.name}: could not let a peer in: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
      }
    }
  }

  #welcome(conn: Deno.TcpConn | Deno.TlsConn): void {
    const { hostname, port } = conn.remoteAddr as Deno.NetAddr;
    const refused = this.connectionLimits.take(hostname);
    if (refused) {
      log.warning(`${this.protocol.name}: ${formatAddress({ hostname, port })} not let in: ${refused.refusal}`);
      return conn.close();
    }
    this.runner.open(this.protocol, { hostname, port }, (host) => {
      const stream = new SessionConnection(conn, host, 0, sessionConnectionOptions(this.limits));
      this.#streams.add(stream);
      stream.over.then(() => {
        this.#streams.delete(stream);
        this.connectionLimits.free(hostname);
      });
      return stream;
    });
  }
}
