import { randomBytes } from "node:crypto";
import type { Address } from "../core/address.ts";
import { clock } from "../net/clock.ts";
import { DatagramSocket } from "../net/datagram_socket.ts";
import { type AcceptorOutput, DatagramAcceptor } from "../protocols/datagram/acceptor.ts";
import { DatagramDialer, type DialerOutput } from "../protocols/datagram/dialer.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import { datagramOptions } from "../protocols/datagram/options.ts";

/** The user of a wire of messages; links are counted from 1 in the order in which they open. */
export interface MessageWireOwner {
  opened(link: number): void;
  received(link: number, message: Uint8Array): void;
  ended(link: number, why: string): void;
  /** Puts the network between: calls `arrive` for each time that a datagram gets through. */
  pass(datagram: Uint8Array, way: "out" | "in", arrive: (datagram: Uint8Array) => void): void;
}

/** What a machine of links is run by. */
interface LinkMachine {
  readonly wakeAt: number;
  takeOutputs(): readonly (AcceptorOutput | DialerOutput)[];
  flush(now: number): void;
  tick(now: number): void;
}

/**
 * Reliable messages over a UDP port, by the same machines that our programs use: a link that is dialled, or all those that a program
 * under test opens.
 */
export class MessageWire {
  readonly #socket: DatagramSocket;
  readonly #machine: LinkMachine;
  readonly #links: DatagramLink[] = [];

  /** With a server to dial, or to be dialled by a client. */
  constructor(readonly server: Address | undefined, readonly owner: MessageWireOwner) {
    const receive = this.#begin(server);
    this.#machine = receive.machine;
    this.#socket = new DatagramSocket({ hostname: "0.0.0.0", port: 0 }, {
      received: (from, datagram) =>
        owner.pass(datagram, "in", (bytes) => {
          if (this.#socket.closed) return;
          receive.take(from, bytes);
          this.#drain();
          this.#socket.flushSoon();
        }),
      flush: () => this.#use((now) => this.#machine.flush(now)),
      tick: () => this.#use((now) => this.#machine.tick(now)),
      wakeAt: () => this.#machine.wakeAt,
    });
  }

  get port(): number {
    return this.#socket.address.port;
  }

  begin(): void {
    const machine = this.#machine;
    if (machine instanceof DatagramDialer) this.#use((now) => machine.start(now));
    this.#socket.begin();
  }

  send(link: number, message: Uint8Array): void {
    this.#links[link - 1]?.send(message);
    this.#socket.flushSoon();
  }

  /** Closes a link once what was sent has arrived; or vanishes, so that the program hears nothing more. */
  close(link: number, how: "finish" | "reset"): Promise<void> | void {
    if (how === "reset") return this.#socket.close();
    this.#links[link - 1]?.close("closed by the check", clock());
    this.#socket.flushSoon();
  }

  /** Tells the other side that its links are over, and gives back the port. */
  async release(): Promise<void> {
    for (const link of this.#links) link.abort("the check is over");
    for (const output of this.#machine.takeOutputs()) {
      if (output.type === "send") this.#socket.send(output.address, output.datagram);
    }
    await this.#socket.close();
  }

  #begin(server: Address | undefined): { machine: LinkMachine; take: (from: Address, datagram: Uint8Array) => void } {
    if (server) {
      const machine = new DatagramDialer(server, datagramOptions(), new Uint8Array(randomBytes(8)));
      return { machine, take: (_from, datagram) => machine.receive(datagram, clock()) };
    }
    const cookie = new Uint8Array(randomBytes(16));
    // Addresses on loopback are not forged: one cookie is good for all.
    const secrets = { random8: () => new Uint8Array(randomBytes(8)), mac: () => cookie };
    const machine = new DatagramAcceptor(secrets, datagramOptions());
    return { machine, take: (from, datagram) => machine.receive(from, datagram, clock()) };
  }

  #use(input: (now: number) => void): void {
    input(clock());
    this.#drain();
  }

  /** Does what the machine wants done, and passes on the messages; a link may be over once its last message is read. */
  #drain(): void {
    do {
      for (const output of this.#machine.takeOutputs()) this.#perform(output);
    } while (this.#readAll());
  }

  /** Whether there was any message. */
  #readAll(): boolean {
    let hasRead = false;
    for (const [i, link] of this.#links.entries()) {
      for (let message = link.read(); message; message = link.read()) {
        hasRead = true;
        this.owner.received(i + 1, message);
      }
    }
    return hasRead;
  }

  #perform(output: AcceptorOutput | DialerOutput): void {
    switch (output.type) {
      case "send": {
        const { address, datagram } = output;
        return this.owner.pass(datagram, "out", (bytes) => {
          if (!this.#socket.closed) this.#socket.send(address, bytes);
        });
      }
      case "open": {
        const machine = this.#machine;
        const link = machine instanceof DatagramAcceptor ? machine.accept(output.request, clock()) : undefined;
        return link && this.#opened(link);
      }
      case "opened":
        return this.#opened(output.link);
      case "ended": {
        const link = "link" in output ? this.#links.indexOf(output.link) + 1 : 1;
        return this.owner.ended(link, output.why);
      }
    }
  }

  #opened(link: DatagramLink): void {
    this.#links.push(link);
    this.owner.opened(this.#links.length);
  }
}
