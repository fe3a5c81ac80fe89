import type { Address } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import { receiveAll } from "./datagram_socket.ts";
import { ownNetworkAddresses } from "./own_addresses.ts";

/** Where peers on a LAN tell each other that they are there. */
export const MULTICAST = { hostname: "239.255.80.76", port: 2002 } as const;

/** Tells everybody on this machine's networks that somebody is here, and hears others. Networks may come and go. */
export class Multicast {
  /** By our own address on each network: a socket that is bound to it sends there. */
  readonly #senders = new Map<string, Deno.DatagramConn>();
  readonly #ear: Deno.DatagramConn;
  #closed = false;

  /** Throws when the port cannot be shared with other programs. */
  constructor(readonly heard: (place: Address, datagram: Uint8Array) => void) {
    this.#ear = Deno.listenDatagram({
      transport: "udp",
      hostname: "0.0.0.0",
      port: MULTICAST.port,
      reuseAddress: true,
    });
    receiveAll(this.#ear, () => this.#closed, { received: heard });
  }

  /** Our addresses on the networks that are told. */
  get addresses(): string[] {
    return [...this.#senders.keys()];
  }

  /** Tells all on the networks that there are now; why it could not, when it could on none. */
  async tell(datagram: Uint8Array): Promise<string | undefined> {
    let why = await this.#join() ?? "this machine is on no network";
    const to: Deno.NetAddr = { transport: "udp", ...MULTICAST };
    let told = false;
    for (const [address, sender] of this.#senders) {
      try {
        await sender.send(datagram, to);
        told = true;
      } catch (error) {
        why = reason(error);
        this.#leave(address);
      }
    }
    return told || this.#closed ? undefined : why;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ear.close();
    for (const address of [...this.#senders.keys()]) this.#leave(address);
  }

  /** Joins where we are and were not, leaves where we were; why it could not be joined somewhere. */
  async #join(): Promise<string | undefined> {
    let why: string | undefined;
    const own = ownNetworkAddresses();
    for (const address of this.addresses) if (!own.includes(address)) this.#leave(address);
    for (const address of own) {
      if (this.#senders.has(address) || this.#closed) continue;
      try {
        await this.#ear.joinMulticastV4(MULTICAST.hostname, address);
        if (this.#closed) return;
        this.#senders.set(address, openSender(address));
      } catch (error) {
        why = reason(error);
      }
    }
    return why;
  }

  #leave(address: string): void {
    this.#senders.get(address)?.close();
    this.#senders.delete(address);
  }
}

function openSender(address: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname: address, port: 0, loopback: true });
}
