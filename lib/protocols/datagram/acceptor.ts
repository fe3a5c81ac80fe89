import { type Address, addressKey } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { Cookies } from "./cookies.ts";
import { AcceptedLink, type AcceptedLinkOwner } from "./accepted_link.ts";
import type { DatagramLink } from "./link.ts";
import type { DatagramOptions } from "./options.ts";
import { ASK_BYTES, decodePacket, encodeClose, encodePacket, type Packet, readId } from "./packet.ts";

export type { AcceptedLinkOwner } from "./accepted_link.ts";

/** What a gate can have done, and what it must be given: chance and a keyed hash are not its own. */
export interface AcceptorWay {
  /** Eight bytes that nobody can guess. */
  random8(): Uint8Array;
  /** A keyed hash of 16 bytes or more; the key is nobody else's. */
  mac(bytes: Uint8Array): Uint8Array;
  /** Sends a datagram; see `LinkWay.send`. */
  send(address: Address, datagram: Uint8Array): void;
  /** A client has proved where it is and wants a link: who speaks over it, or why it is refused. */
  open(link: DatagramLink, address: Address): AcceptedLinkOwner | string;
}

/** Datagrams that did nothing, by cause. */
export interface AcceptorStats {
  /** Not one of ours, or a kind that only a server sends. */
  malformed: number;
  /** For a link that is not there. */
  unknown: number;
  /** OPEN with a cookie that is not good, or no longer. */
  staleCookies: number;
  /** OPEN that was refused. */
  refused: number;
}

/**
 * The server's side of one port: lets clients open links, and brings each datagram to its link.
 *
 * 1. `receive` gathers; `flush`, after all that a turn brought, sends what is due on each link that has something.
 * 2. A stranger costs no memory, and is never sent more bytes than came from it.
 * 3. After `close` every link ends once what was sent has arrived, and no new one opens.
 */
export class DatagramAcceptor {
  readonly stats: AcceptorStats = { malformed: 0, unknown: 0, staleCookies: 0, refused: 0 };
  #links = new Map<bigint, AcceptedLink>();
  #opened = new Map<string, AcceptedLink>();
  #due = new Set<AcceptedLink>();
  #cookies: Cookies;
  #wakeAt = Infinity;
  #closing: string | undefined;
  readonly #linkWay;

  constructor(readonly way: AcceptorWay, readonly options: DatagramOptions) {
    this.#cookies = new Cookies(options.cookieMs, (bytes) => way.mac(bytes));
    this.#linkWay = {
      random8: () => way.random8(),
      send: (address: Address, datagram: Uint8Array) => way.send(address, datagram),
      due: (link: AcceptedLink) => void this.#due.add(link),
      ended: (link: AcceptedLink) => this.#forget(link),
    };
  }

  /** Links that are there. */
  get size(): number {
    return this.#links.size;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** A datagram, and from where; the caller may use its buffer again at once. */
  receive(address: Address, datagram: Uint8Array, now: number): void {
    const packet = decodePacket(datagram);
    if (packet instanceof Fault) {
      this.stats.malformed++;
      return;
    }
    switch (packet.kind) {
      case "hello": {
        const cookie = this.#cookies.make(addressKey(address), packet.id, now);
        return this.way.send(address, encodePacket({ kind: "cookie", id: packet.id, cookie }));
      }
      case "open":
        return this.#open(address, packet, now);
      case "cookie":
      case "opened":
        this.stats.malformed++;
        return;
    }
    const link = this.#links.get(packet.id);
    if (link) {
      link.take(address, packet, datagram.length, now);
      if (!link.link.over) this.#due.add(link);
      return;
    }
    this.stats.unknown++;
    // A bare CLOSE is shorter than every other kind, and must not be answered by its like.
    if (packet.kind === "close") return;
    this.way.send(address, encodePacket({ kind: "close", id: packet.id, why: "" }));
  }

  /** Sends what is due on the links that have something. */
  flush(now: number): void {
    for (const link of this.#due) {
      this.#due.delete(link);
      link.link.flush(now);
      this.#wakeAt = Math.min(this.#wakeAt, link.link.wakeAt);
    }
  }

  /** Does what time asks for, and flushes. */
  tick(now: number): void {
    this.flush(now);
    if (now < this.#wakeAt) return;
    this.#wakeAt = Infinity;
    for (const { link } of this.#links.values()) {
      if (link.wakeAt <= now) link.tick(now);
      this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
    }
    this.flush(now);
  }

  /** Ends every link once what was sent has arrived; no new one opens. */
  close(why: string, now: number): void {
    this.#closing = why;
    for (const { link } of this.#links.values()) link.close(why, now);
  }

  /** Ends every link at once; no new one opens. */
  abort(why: string): void {
    this.#closing = why;
    for (const { link } of this.#links.values()) link.abort(why);
  }

  #open(address: Address, packet: Extract<Packet, { kind: "open" }>, now: number): void {
    const openKey = `${packet.id} ${addressKey(address)}`;
    const before = this.#opened.get(openKey);
    // The answer was lost, or is under way still.
    if (before) return this.#sendOpened(address, packet.id, before.id);
    if (!this.#cookies.isGood(packet.cookie, addressKey(address), packet.id, now)) {
      this.stats.staleCookies++;
      return;
    }
    const id = readId(this.way.random8(), 0);
    // Chance gives one twice so seldom that the client may as well ask again.
    if (this.#links.has(id)) return;
    const refusal = this.#admit(address, openKey, id, now);
    if (refusal === undefined) return this.#sendOpened(address, packet.id, id);
    this.stats.refused++;
    this.way.send(address, encodeClose(packet.id, refusal, ASK_BYTES - 1));
  }

  /** Opens a link, or says why not. */
  #admit(address: Address, openKey: string, id: bigint, now: number): string | undefined {
    if (this.#closing !== undefined) return this.#closing;
    if (this.#links.size >= this.options.links) return "the server is full";
    const link = new AcceptedLink(id, openKey, address, this.#linkWay, this.options, now);
    const owner = this.way.open(link.link, address);
    if (typeof owner === "string") {
      // Whoever refuses may have sent something before.
      this.#due.delete(link);
      return owner;
    }
    if (link.link.over) return "closed at once";
    link.owner = owner;
    this.#links.set(id, link);
    this.#opened.set(openKey, link);
    this.#wakeAt = Math.min(this.#wakeAt, link.link.wakeAt);
    return undefined;
  }

  #sendOpened(address: Address, id: bigint, link: bigint): void {
    this.way.send(address, encodePacket({ kind: "opened", id, link }));
  }

  #forget(link: AcceptedLink): void {
    this.#due.delete(link);
    if (this.#links.get(link.id) !== link) return;
    this.#links.delete(link.id);
    this.#opened.delete(link.openKey);
  }
}
