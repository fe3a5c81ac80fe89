import { type Address, sameAddress } from "../../core/address.ts";
import { timingSafeEqual } from "../../core/bytes.ts";
import type { DatagramLink } from "./link.ts";
import type { DatagramOptions } from "./options.ts";
import { encodePacket, type LinkPacket } from "./packet.ts";
import type { SendOutputs } from "./packet.ts";

const PING_BYTES = 18;

/**
 * The server's end of a link, which follows its client to a new address.
 *
 * A client whose datagrams come from another address is pinged there; until the PONG comes from there, everything goes to the
 * old one. One such candidate is known at a time. It is pinged at most every `challengeMs` and is sent no more bytes than came
 * from it.
 */
export class AcceptedLink {
  #candidate: { readonly address: Address; readonly token: Uint8Array; credit: number } | undefined;
  #pingedAt = -Infinity;

  /** `openKey` identifies the OPEN that this link answers. */
  constructor(
    readonly openKey: string,
    readonly link: DatagramLink,
    readonly options: DatagramOptions,
    readonly outputs: SendOutputs,
    readonly random8: () => Uint8Array,
  ) {}

  /** Takes a packet of this link from a datagram of this many bytes; true when it has proved that the client has moved. */
  receive(address: Address, packet: LinkPacket, bytes: number, now: number): boolean {
    const hasMoved = !sameAddress(address, this.link.address) && this.#receiveElsewhere(address, packet, bytes, now);
    if (hasMoved) this.link.address = address;
    this.link.receive(packet, now);
    return hasMoved;
  }

  #receiveElsewhere(address: Address, packet: LinkPacket, bytes: number, now: number): boolean {
    if (packet.kind === "close") return false;
    const known = this.#candidate && sameAddress(this.#candidate.address, address) ? this.#candidate : undefined;
    if (packet.kind === "pong") {
      if (!known || !timingSafeEqual(packet.token, known.token)) return false;
      this.#candidate = undefined;
      return true;
    }
    const mayPing = now - this.#pingedAt >= this.options.challengeMs;
    if (!known && !mayPing) return false;
    // A candidate keeps its token: the PONG may take longer than until the next PING.
    const candidate = known ?? { address, token: this.random8(), credit: 0 };
    this.#candidate = candidate;
    candidate.credit = Math.min(PING_BYTES, candidate.credit + bytes);
    if (!mayPing || candidate.credit < PING_BYTES) return false;
    candidate.credit = 0;
    this.#pingedAt = now;
    const datagram = encodePacket({ kind: "ping", id: this.link.id, token: candidate.token });
    this.outputs.push({ type: "send", address, datagram });
    return false;
  }
}
