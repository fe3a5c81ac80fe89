import type { LobbyClient } from "../protocols/lobby/client.ts";
import { clock } from "../net/clock.ts";
import { Connection } from "../net/tcp.ts";

const OPTIONS = { outboxBytes: 1024 * 1024, separateWrites: false, lingerMs: 1000 };
const TICK_MS = 50;

/** The one connection of a lobby client. */
export class LobbyConnection {
  readonly #stream: Connection;
  readonly #ticking: ReturnType<typeof setInterval>;
  #client: LobbyClient | undefined;

  constructor(conn: Deno.TcpConn) {
    this.#stream = new Connection(conn, {
      receive: (bytes) => this.#client!.push(bytes, clock()),
      hungry: () => true,
      closed: (ending) => this.#client!.closed(ending === "broken"),
      failed: () => this.#client!.closed(true),
    }, OPTIONS);
    this.#ticking = setInterval(() => this.#client?.tick(clock()), TICK_MS);
  }

  /** Lets the client begin; nothing has been read before the next turn. */
  start(client: LobbyClient): void {
    this.#client = client;
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Sends our end; what comes is still read. */
  finish(): void {
    this.#stream.finish();
  }

  async close(): Promise<void> {
    clearInterval(this.#ticking);
    this.#stream.close();
    await this.#stream.over;
  }
}
