import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { DatagramDialer } from "../protocols/datagram/dialer.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";

/** What a connection over datagrams tells whoever uses it. */
export interface DatagramConnectionOwner {
  /** The server is asked, or asked again. */
  attempt(): void;
  opened(): void;
  message(bytes: Uint8Array): void;
  /** All that came in this turn was told. */
  turn(): void;
  /** It is over, or never came to be. Called once. */
  ended(why: string): void;
}

/** One connection over datagrams to a server, from its first datagram to its last. */
export class DatagramConnection {
  readonly #socket: DatagramSocket;
  readonly #dialer: DatagramDialer;
  #link: DatagramLink | undefined;
  #over = false;

  /** Finds the server's address; throws when it has none. */
  static async reach(host: string, port: number, owner: DatagramConnectionOwner): Promise<DatagramConnection> {
    const { address, family } = await lookup(host, { family: 4 }).catch(() => lookup(host));
    return new DatagramConnection(address, family, port, owner);
  }

  private constructor(address: string, family: number, port: number, readonly owner: DatagramConnectionOwner) {
    this.#socket = new DatagramSocket({ hostname: family === 6 ? "::" : "0.0.0.0", port: 0 }, {
      received: (_from, datagram) => {
        this.#dialer.receive(datagram, clock());
        owner.turn();
        this.#socket.flushSoon();
      },
      flush: () => this.#dialer.flush(clock()),
      tick: () => this.#dialer.tick(clock()),
    });
    this.#dialer = new DatagramDialer({
      random8: () => new Uint8Array(randomBytes(8)),
      send: (datagram) => this.#socket.send({ hostname: address, port }, datagram),
      attempt: () => owner.attempt(),
      opened: (link) => {
        this.#link = link;
        queueMicrotask(() => owner.opened());
        return { message: (bytes) => owner.message(bytes), hungry: () => true, ended: (why) => this.#end(why) };
      },
      failed: (why) => this.#end(why),
    }, datagramOptions());
    this.#socket.begin();
    this.#dialer.start(clock());
  }

  send(message: Uint8Array): boolean {
    const taken = this.#link?.send(message) ?? false;
    this.#socket.flushSoon();
    return taken;
  }

  /** Lets what was sent arrive, then ends it; `ended` says when it has. */
  close(why: string): void {
    if (!this.#link) return this.#dialer.abort(why);
    this.#link.close(why, clock());
    this.#socket.flushSoon();
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    // The CLOSE that is just being sent leaves before the socket does.
    queueMicrotask(() => this.#socket.close().then(() => this.owner.ended(why)));
  }
}
