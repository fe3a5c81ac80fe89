import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { DatagramDialer, type DialerOutput } from "../protocols/datagram/dialer.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";

/** The user of a connection over datagrams. */
export interface DatagramConnectionOwner {
  /** The server is asked, or asked again. */
  attempt(): void;
  opened(): void;
  message(bytes: Uint8Array): void;
  /** Everything that came in this turn was passed to `message`. */
  turn(): void;
  /** It is over, or could not be opened. Called once. */
  ended(why: string): void;
}

/** A connection over datagrams to a server: runs the dialer and its link on a UDP port. */
export class DatagramConnection {
  readonly #socket: DatagramSocket;
  readonly #dialer: DatagramDialer;
  #link: DatagramLink | undefined;

  /** Looks up the server's address; throws when it has none. */
  static async reach(host: string, port: number, owner: DatagramConnectionOwner): Promise<DatagramConnection> {
    const { address, family } = await lookup(host, { family: 4 }).catch(() => lookup(host));
    return new DatagramConnection(address, family, port, owner);
  }

  private constructor(hostname: string, family: number, port: number, readonly owner: DatagramConnectionOwner) {
    this.#dialer = new DatagramDialer({ hostname, port }, datagramOptions(), new Uint8Array(randomBytes(8)));
    this.#socket = new DatagramSocket({ hostname: family === 6 ? "::" : "0.0.0.0", port: 0 }, {
      received: (_from, datagram) => this.#receive(datagram),
      flush: () => {
        this.#dialer.flush(clock());
        this.#drain();
      },
      tick: () => {
        this.#dialer.tick(clock());
        this.#drain();
      },
    });
    this.#socket.begin();
    this.#dialer.start(clock());
    this.#drain();
  }

  send(message: Uint8Array): boolean {
    const taken = this.#link?.send(message) ?? false;
    this.#socket.flushSoon();
    return taken;
  }

  /** Ends it once what was sent has arrived; `ended` is called then. */
  close(why: string): void {
    if (this.#link) this.#link.close(why, clock());
    else this.#dialer.abort(why);
    this.#socket.flushSoon();
  }

  #receive(datagram: Uint8Array): void {
    this.#dialer.receive(datagram, clock());
    this.#drain();
    for (let message = this.#link?.read(); message; message = this.#link?.read()) this.owner.message(message);
    this.owner.turn();
    this.#socket.flushSoon();
  }

  #drain(): void {
    for (const output of this.#dialer.takeOutputs()) this.#perform(output);
  }

  #perform(output: DialerOutput): void {
    switch (output.type) {
      case "send":
        return this.#socket.send(output.address, output.datagram);
      case "attempt":
        return this.owner.attempt();
      case "opened":
        this.#link = output.link;
        return this.owner.opened();
      case "ended":
        // The CLOSE was sent before.
        return void this.#socket.close().then(() => this.owner.ended(output.why));
    }
  }
}
