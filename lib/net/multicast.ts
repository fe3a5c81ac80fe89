import { reason } from "../base/reason.ts";
import { placeAt } from "../peer/place.ts";
import type { Place } from "../peer/place.ts";

/** Where peers on a LAN tell each other that they are there. */
export const MULTICAST = { hostname: "239.255.80.76", port: 2002 } as const;

const RECEIVE_AGAIN_MS = 100;

/** One network that this machine is on. */
interface Network {
  readonly address: string;
  readonly sender: Deno.DatagramConn;
}

/** Tells everybody on this machine's networks that somebody is here, and hears others. */
export class Multicast {
  readonly #networks: Network[] = [];
  readonly #ear: Deno.DatagramConn;
  #closed = false;

  private constructor(ear: Deno.DatagramConn, readonly heard: (place: Place, datagram: Uint8Array) => void) {
    this.#ear = ear;
  }

  /** Joins on every network that there is; throws, with words, when there is none on which it can. */
  static async open(heard: (place: Place, datagram: Uint8Array) => void): Promise<Multicast> {
    const { hostname, port } = MULTICAST;
    const ear = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port, reuseAddress: true });
    const multicast = new Multicast(ear, heard);
    let why = "this machine is on no network";
    for (const address of ownAddresses()) {
      try {
        await ear.joinMulticastV4(hostname, address);
        multicast.#networks.push({ address, sender: openSender(address) });
      } catch (error) {
        why = reason(error);
      }
    }
    if (multicast.#networks.length === 0) {
      multicast.close();
      throw new Error(why);
    }
    multicast.#receive();
    return multicast;
  }

  /** The addresses by which this machine is on its networks. */
  get addresses(): string[] {
    return this.#networks.map(({ address }) => address);
  }

  /** Tells all; resolves with why that failed on every network, if it did. */
  async tell(datagram: Uint8Array): Promise<string | undefined> {
    const to: Deno.NetAddr = { transport: "udp", ...MULTICAST };
    const outcomes = await Promise.allSettled(this.#networks.map(({ sender }) => sender.send(datagram, to)));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    return failed.length === outcomes.length ? reason(failed[0]?.reason) : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ear.close();
    for (const { sender } of this.#networks) sender.close();
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#closed) {
      try {
        const [datagram, from] = await this.#ear.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        this.heard(placeAt(hostname, port), datagram);
      } catch {
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, RECEIVE_AGAIN_MS));
      }
    }
  }
}

/** A socket that is bound to an address sends on the network of that address. */
function openSender(address: string): Deno.DatagramConn {
  const sender = Deno.listenDatagram({ transport: "udp", hostname: address, port: 0, loopback: true });
  return sender;
}

/** Of loopback only where there is nothing else. */
function ownAddresses(): string[] {
  const all = Deno.networkInterfaces().filter(({ family }) => family === "IPv4").map(({ address }) => address);
  const outside = all.filter((address) => !address.startsWith("127."));
  return outside.length > 0 ? outside : all;
}
