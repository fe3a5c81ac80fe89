import { setImmediate } from "node:timers";
import { delay } from "@std/async/delay";
import { ACCEPTED_PER_TURN } from "../core/limits.ts";

const ACCEPT_RETRY_MS = 100;

/** The receiver of a listening socket's connections. */
export interface ListeningSocketOwner {
  accepted(conn: Deno.TcpConn): void;
  /** A connection could not be accepted; the socket stays open. */
  failed?(error: unknown): void;
}

/**
 * A listening TCP socket.
 *
 * 1. The port is open when the constructor returns; the constructor throws if it cannot be opened.
 * 2. A turn of the event loop accepts few connections, so that a crowd of them delays no other socket for long.
 * 3. A failed accept (the peer has left already, no file descriptors) is retried after a pause.
 */
export class ListeningSocket {
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(where: { hostname: string; port: number }, readonly owner: ListeningSocketOwner) {
    this.#listener = Deno.listen(where);
    this.#accept();
  }

  /** The actual address: port 0 has been replaced by the port that was given. */
  get address(): { hostname: string; port: number } {
    return this.#listener.addr as Deno.NetAddr;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for (let accepted = 1; !this.#closed; accepted++) {
      // Connections that wait are accepted without a turn in between.
      if (accepted % ACCEPTED_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      try {
        this.owner.accepted(await this.#listener.accept());
      } catch (error) {
        if (this.#closed) return;
        this.owner.failed?.(error);
        await delay(ACCEPT_RETRY_MS);
      }
    }
  }
}
