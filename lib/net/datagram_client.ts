import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { DatagramDialer } from "../wire/datagram/dialer.ts";
import type { DatagramLink } from "../wire/datagram/link.ts";
import { datagramOptions } from "../wire/datagram/options.ts";
import { clock } from "./clock.ts";
import { DatagramOutbox } from "./datagram_outbox.ts";

/** What a connection over datagrams tells whoever uses it. */
export interface DatagramClientOwner {
  /** The server is asked, or asked again. */
  attempt(): void;
  opened(): void;
  message(bytes: Uint8Array): void;
  /** All that came in this turn was told. */
  turn(): void;
  /** It is over, or never came to be. Called once. */
  ended(why: string): void;
}

const TICK_MS = 20;
const RECEIVE_AGAIN_MS = 20;

/** One connection over datagrams to a server, from its first datagram to its last. */
export class DatagramClient {
  readonly #socket: Deno.DatagramConn;
  readonly #outbox: DatagramOutbox;
  readonly #dialer: DatagramDialer;
  readonly #ticking: ReturnType<typeof setInterval>;
  #link: DatagramLink | undefined;
  #flushDue = false;
  #closed = false;

  /** Finds the server's address; throws when it has none. */
  static async reach(host: string, port: number, owner: DatagramClientOwner): Promise<DatagramClient> {
    const { address, family } = await lookup(host, { family: 4 }).catch(() => lookup(host));
    return new DatagramClient(address, family, port, owner);
  }

  private constructor(address: string, family: number, port: number, readonly owner: DatagramClientOwner) {
    const server: Deno.NetAddr = { transport: "udp", hostname: address, port };
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: family === 6 ? "::" : "0.0.0.0", port: 0 });
    this.#outbox = new DatagramOutbox(this.#socket);
    this.#dialer = new DatagramDialer({
      random8: () => new Uint8Array(randomBytes(8)),
      send: (datagram) => this.#outbox.push(datagram, server),
      attempt: () => owner.attempt(),
      opened: (link) => {
        this.#link = link;
        queueMicrotask(() => owner.opened());
        return { message: (bytes) => owner.message(bytes), hungry: () => true, ended: (why) => this.#end(why) };
      },
      failed: (why) => this.#end(why),
    }, datagramOptions());
    this.#ticking = setInterval(() => this.#dialer.tick(clock()), TICK_MS);
    this.#receive();
    this.#dialer.start(clock());
  }

  send(message: Uint8Array): boolean {
    const taken = this.#link?.send(message) ?? false;
    this.#flushSoon();
    return taken;
  }

  /** Lets what was sent arrive, then ends it; `ended` says when it has. */
  close(why: string): void {
    if (!this.#link) return this.#dialer.abort(why);
    this.#link.close(why, clock());
    this.#flushSoon();
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#closed) {
      try {
        const [datagram] = await this.#socket.receive(buffer);
        this.#dialer.receive(datagram, clock());
        this.owner.turn();
        this.#flushSoon();
      } catch {
        // The server's port is closed at the moment, or our socket is.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, RECEIVE_AGAIN_MS));
      }
    }
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      if (!this.#closed) this.#dialer.flush(clock());
    });
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    // The CLOSE that is just being sent leaves before the socket does.
    queueMicrotask(() =>
      this.#outbox.close().then(() => {
        this.#socket.close();
        this.owner.ended(why);
      })
    );
  }
}
