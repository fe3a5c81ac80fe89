import type { Address } from "../core/address.ts";
import { reason } from "../core/reason.ts";
import type { DatagramTap } from "./datagram_outbox.ts";
import { receiveAll } from "./datagram_socket.ts";
import { ownNetworkAddresses } from "./own_addresses.ts";

/** The multicast group of peers on a LAN. */
const MULTICAST = { hostname: "239.255.80.76", port: 2002 } as const;

/** Sends and receives announcements on all of this machine's networks, which may come and go. */
export class Multicast {
  /** Sockets by our own IP address on each network; one bound to that address sends there. */
  readonly #senders = new Map<string, Deno.DatagramConn>();
  readonly #receiver: Deno.DatagramConn;
  #closed = false;

  /** Throws when the port cannot be shared with other programs. */
  constructor(received: (address: Address, datagram: Uint8Array) => void, readonly tap?: DatagramTap) {
    this.#receiver = Deno.listenDatagram({
      transport: "udp",
      hostname: "0.0.0.0",
      port: MULTICAST.port,
      reuseAddress: true,
    });
    receiveAll(this.#receiver, () => this.#closed, { received });
  }

  /** Our IP addresses on these networks. */
  get hostnames(): string[] {
    return [...this.#senders.keys()];
  }

  /** Sends to the present networks; returns the reason if all of them have failed. */
  async announce(datagram: Uint8Array): Promise<string | undefined> {
    let why = await this.#join() ?? "this machine is on no network";
    const to: Deno.NetAddr = { transport: "udp", ...MULTICAST };
    let sent = false;
    for (const [address, sender] of this.#senders) {
      try {
        this.tap?.sent(to, datagram);
        await sender.send(datagram, to);
        sent = true;
      } catch (error) {
        why = reason(error);
        this.tap?.notSent(to, datagram);
        this.#leave(address);
      }
    }
    return sent || this.#closed ? undefined : why;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver.close();
    for (const address of [...this.#senders.keys()]) this.#leave(address);
  }

  /** Joins new networks and leaves those that are gone; returns the reason if one could not be joined. */
  async #join(): Promise<string | undefined> {
    let why: string | undefined;
    const own = ownNetworkAddresses();
    for (const address of this.hostnames) if (!own.includes(address)) this.#leave(address);
    for (const address of own) {
      if (this.#senders.has(address) || this.#closed) continue;
      try {
        await this.#receiver.joinMulticastV4(MULTICAST.hostname, address);
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
