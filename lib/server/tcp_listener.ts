import type { Limits } from "../core/limits.ts";
import type { Certificate } from "../net/certificate.ts";
import { log } from "../core/log.ts";
import { endpoint } from "../core/address.ts";
import type { Places } from "../core/connection_limits.ts";
import { SeatStream, seatStreamOptions } from "./seat_stream.ts";
import type { Door } from "./session_host.ts";
import type { Switchboard } from "./runner.ts";

const ACCEPT_AGAIN_MS = 100;

/**
 * One door on TCP.
 *
 * 1. When the constructor returns, the door is open; it throws when the port cannot be had.
 * 2. A peer over a limit is closed at once and logged; those inside never notice.
 * 3. `close` lets nobody in any more; who is inside stays.
 */
export class StreamServer {
  readonly #listener: Deno.TcpListener | Deno.TlsListener;
  readonly #streams = new Set<SeatStream>();
  #closed = false;

  constructor(
    readonly door: Door,
    where: { hostname: string; port: number },
    readonly board: Switchboard,
    readonly places: Places,
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
        log.warning(`${this.door.name}: could not let a peer in: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
      }
    }
  }

  #welcome(conn: Deno.TcpConn | Deno.TlsConn): void {
    const { hostname, port } = conn.remoteAddr as Deno.NetAddr;
    const refused = this.places.take(hostname);
    if (refused) {
      log.warning(`${this.door.name}: ${endpoint(hostname, port)} not let in: ${refused.refusal}`);
      return conn.close();
    }
    this.board.open(this.door, { hostname, port }, (seat) => {
      const stream = new SeatStream(conn, seat, 0, seatStreamOptions(this.limits));
      this.#streams.add(stream);
      stream.over.then(() => {
        this.#streams.delete(stream);
        this.places.free(hostname);
      });
      return stream;
    });
  }
}
