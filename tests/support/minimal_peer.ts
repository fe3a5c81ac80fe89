import type { Address } from "../../lib/core/address.ts";
import { decodeText, encodeText } from "../../lib/core/text.ts";
import { decodePeerPacket, encodeDiscovery } from "../../lib/peers/packet.ts";
import { encodePacket, readId } from "../../lib/protocols/datagram/packet.ts";
import type { PeerNode } from "./peer_node.ts";
import type { PeerNetwork } from "./peer_network.ts";

const PIECE = 5;
const NAMED = 11;

/** A minimal peer written with raw datagrams; without keys unless it claims to have them. */
export class MinimalPeer {
  /** Received lines in order. */
  readonly letters: string[] = [];
  link = 0n;
  #named: bigint | undefined;
  #seq = 0;
  #ack = 1;

  constructor(
    readonly world: PeerNetwork,
    readonly node: PeerNode,
    readonly place: Address = { hostname: "10.0.0.7", port: 5000 },
    readonly name = "pat",
  ) {
    world.udp.bind(place, (_from, datagram) => this.#arrived(datagram));
  }

  /** Sends ASK and opens a link if answered; returns whether it was. `more`: claims to have keys. */
  async open(mine = 7n, more = false): Promise<boolean> {
    this.#named = undefined;
    this.send(encodeDiscovery({ kind: "ask", id: mine, self: { name: this.name, more } }));
    await this.world.pass(10);
    if (this.#named === undefined) return false;
    this.link = mine ^ this.#named;
    this.ping();
    await this.world.pass(10);
    return true;
  }

  ping(): void {
    this.send(encodePacket({ kind: "ping", id: this.link, token: new Uint8Array(8) }));
  }

  say(message: unknown): void {
    const piece = encodeText(JSON.stringify(message));
    const datagram = new Uint8Array(19 + piece.length);
    const view = new DataView(datagram.buffer);
    datagram.set([0x50, PIECE]);
    view.setBigUint64(2, this.link);
    view.setUint32(10, ++this.#seq);
    view.setUint32(14, this.#ack);
    // Flags: first and last piece.
    datagram[18] = 3;
    datagram.set(piece, 19);
    this.send(datagram);
  }

  send(datagram: Uint8Array): void {
    this.node.do(() => this.node.peer.receive(this.place, datagram, this.world.time.now));
  }

  #arrived(datagram: Uint8Array): void {
    if (datagram[1] === NAMED) this.#named = readId(datagram, 10);
    if (datagram[1] !== PIECE) return;
    const seq = new DataView(datagram.buffer, datagram.byteOffset).getUint32(10);
    if (seq === this.#ack) {
      this.#ack++;
      this.letters.push(...`${decodeText(datagram.subarray(19))}`.split("\n"));
    }
    this.send(encodePacket({ kind: "ack", id: this.link, ack: this.#ack, bitmap: new Uint8Array(0) }));
  }
}

/** Replaces the names in ASK and NAMED, as a man in the middle could; other datagrams stay. */
export function renamed(datagram: Uint8Array, name: string): Uint8Array {
  const packet = decodePeerPacket(datagram);
  if (packet instanceof Error || !("self" in packet)) return datagram;
  return encodeDiscovery({ ...packet, self: { ...packet.self, name } });
}
