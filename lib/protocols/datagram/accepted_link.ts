import { type Address, sameAddress } from "../../core/address.ts";
import { DatagramLink, type LinkOwner, type LinkWay } from "./link.ts";
import type { DatagramOptions } from "./options.ts";
import { encodePacket, type LinkPacket } from "./packet.ts";

/** Where datagrams come from and go to; equal keys are the same place. */
export interface AcceptedAddress {
  readonly key: string;
}

/** Who speaks over a link of a gate. */
export interface AcceptedLinkOwner extends LinkOwner {
  /** The client has proved that it is at another address now. */
  moved(address: Address): void;
}

/** What a link of a gate needs of it. */
export interface AcceptedLinkWay {
  random8(): Uint8Array;
  send(address: Address, datagram: Uint8Array): void;
  due(link: AcceptedLink): void;
  ended(link: AcceptedLink): void;
}

const QUESTION_BYTES = 18;

/**
 * The server's end of a link, and where its client is.
 *
 * A client whose datagrams come from another address is asked there; until its answer comes from there, all goes to the
 * old one. One such place is known at a time, asked at most every `challengeMs`, and sent no more bytes than came from it.
 */
export class AcceptedLink implements LinkWay {
  readonly link: DatagramLink;
  owner: AcceptedLinkOwner | undefined;
  #candidate: { address: Address; token: Uint8Array; credit: number } | undefined;
  #askedAt = -Infinity;

  constructor(
    readonly id: bigint,
    /** Under which a repeated OPEN finds this link. */
    readonly openKey: string,
    public address: Address,
    readonly way: AcceptedLinkWay,
    readonly options: DatagramOptions,
    now: number,
  ) {
    this.link = new DatagramLink(id, this, options, now);
  }

  /** A datagram of this link, and from where. */
  take(address: Address, packet: LinkPacket, bytes: number, now: number): void {
    if (!sameAddress(address, this.address)) this.#meet(address, packet, bytes, now);
    this.link.take(packet, now);
  }

  send(datagram: Uint8Array): void {
    this.way.send(this.address, datagram);
  }

  message(bytes: Uint8Array): void {
    this.owner?.message(bytes);
  }

  hungry(): boolean {
    return this.owner?.hungry() ?? false;
  }

  ended(why: string): void {
    this.way.ended(this);
    this.owner?.ended(why);
  }

  due(): void {
    this.way.due(this);
  }

  #meet(address: Address, packet: LinkPacket, bytes: number, now: number): void {
    if (packet.kind === "close") return;
    const candidate = this.#candidate;
    const known = candidate && sameAddress(candidate.address, address) ? candidate : undefined;
    if (packet.kind === "pong") {
      if (!known || !packet.token.every((byte, i) => byte === known.token[i])) return;
      this.address = address;
      this.#candidate = undefined;
      this.owner?.moved(address);
      return;
    }
    const maySend = now - this.#askedAt >= this.options.challengeMs;
    if (!known && !maySend) return;
    // The token stays while the place is the same: the answer may take longer than until the next question.
    const asked = known ?? { address, token: this.way.random8(), credit: 0 };
    this.#candidate = asked;
    asked.credit = Math.min(QUESTION_BYTES, asked.credit + bytes);
    if (!maySend || asked.credit < QUESTION_BYTES) return;
    asked.credit = 0;
    this.#askedAt = now;
    this.way.send(address, encodePacket({ kind: "ping", id: this.id, token: asked.token }));
  }
}
