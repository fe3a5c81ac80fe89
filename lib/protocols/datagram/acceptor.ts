import { type Address, addressKey } from "../../core/address.ts";
import { timingSafeEqual } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { Outputs } from "../../core/machine.ts";
import { encodeText } from "../../core/text.ts";
import { AcceptedLink } from "./accepted_link.ts";
import { DatagramLink } from "./link.ts";
import type { DatagramOptions } from "./options.ts";
import {
  ASK_BYTES,
  COOKIE_BYTES,
  decodePacket,
  encodeClose,
  encodePacket,
  type Packet,
  readId,
  writeId,
} from "./packet.ts";
import type { SendOutput } from "./packet.ts";

/** What the acceptor wants done. */
export type AcceptorOutput =
  | SendOutput
  /** A client has proved its address and asks for a link: answer with `accept` or `refuse`. */
  | { readonly type: "open"; readonly request: OpenRequest }
  /** `link.read` has a message. */
  | { readonly type: "readable"; readonly link: DatagramLink }
  /** The client has proved that it has another address now. */
  | { readonly type: "moved"; readonly link: DatagramLink }
  /** An accepted link is over. */
  | { readonly type: "ended"; readonly link: DatagramLink; readonly why: string };

export interface OpenRequest {
  readonly address: Address;
  /** The number that the client has drawn. */
  readonly id: bigint;
}

/** Random bytes and a keyed hash, by secrets of the process. */
export interface AcceptorSecrets {
  /** Eight unpredictable bytes. */
  random8(): Uint8Array;
  /** At least 16 bytes. */
  mac(bytes: Uint8Array): Uint8Array;
}

/** Datagrams without effect, by cause. */
export interface AcceptorStats {
  /** Not of this protocol, or of a kind that only a server sends. */
  malformed: number;
  /** For a link that does not exist. */
  unknown: number;
  /** OPEN with a wrong or expired cookie. */
  staleCookies: number;
  /** OPEN that was refused. */
  refused: number;
}

/**
 * The server's side of one port: opens links for clients, and passes each datagram to its link.
 *
 * 1. `receive` gathers; `flush`, at the end of a turn, sends what is due on the links that have something.
 * 2. A stranger costs no memory, and is never sent more bytes than came from it.
 * 3. After `close` every link ends once what was sent has arrived, and no new one opens.
 */
export class DatagramAcceptor {
  readonly stats: AcceptorStats = { malformed: 0, unknown: 0, staleCookies: 0, refused: 0 };
  readonly #outputs = new Outputs<AcceptorOutput>();
  readonly #links = new Map<bigint, AcceptedLink>();
  readonly #byOpen = new Map<string, AcceptedLink>();
  readonly #active = new Set<DatagramLink>();
  readonly #cookies: Cookies;
  #wakeAt = Infinity;
  #closing: string | undefined;

  constructor(readonly secrets: AcceptorSecrets, readonly options: DatagramOptions) {
    this.#cookies = new Cookies(options.cookieMs, (bytes) => secrets.mac(bytes));
  }

  /** How many links there are. */
  get size(): number {
    return this.#links.size;
  }

  get wakeAt(): number {
    return this.#wakeAt;
  }

  takeOutputs(): readonly AcceptorOutput[] {
    for (const link of this.#active) if (link.over) this.#forget(link);
    return this.#outputs.take();
  }

  /** A datagram from an address; the caller may reuse its buffer. */
  receive(address: Address, datagram: Uint8Array, now: number): void {
    const packet = decodePacket(datagram);
    if (packet instanceof Fault) {
      this.stats.malformed++;
      return;
    }
    switch (packet.kind) {
      case "hello": {
        const cookie = this.#cookies.make(addressKey(address), packet.id, now);
        return this.#send(address, encodePacket({ kind: "cookie", id: packet.id, cookie }));
      }
      case "open":
        return this.#receiveOpen(address, packet, now);
      case "cookie":
      case "opened":
        this.stats.malformed++;
        return;
    }
    const accepted = this.#links.get(packet.id);
    if (accepted) {
      const { link } = accepted;
      if (accepted.receive(address, packet, datagram.length, now)) this.#outputs.push({ type: "moved", link });
      if (link.readable) this.#outputs.push({ type: "readable", link });
      return;
    }
    this.stats.unknown++;
    // A bare CLOSE is shorter than every other kind, and must not be answered with another one.
    if (packet.kind === "close") return;
    this.#send(address, encodePacket({ kind: "close", id: packet.id, why: "" }));
  }

  /** Opens the requested link; undefined when that is impossible, and the client will ask again. */
  accept({ address, id }: OpenRequest, now: number): DatagramLink | undefined {
    const linkId = readId(this.secrets.random8(), 0);
    // An id drawn twice is so improbable that the client may as well ask again.
    if (this.#links.has(linkId)) return undefined;
    const link = new DatagramLink(linkId, address, this.#outputs, this.#active, this.options, now);
    const openKey = keyOf(address, id);
    const accepted = new AcceptedLink(openKey, link, this.options, this.#outputs, () => this.secrets.random8());
    this.#links.set(linkId, accepted);
    this.#byOpen.set(openKey, accepted);
    this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
    this.#sendOpened(address, id, linkId);
    return link;
  }

  refuse({ address, id }: OpenRequest, why: string): void {
    this.stats.refused++;
    this.#send(address, encodeClose(id, why, ASK_BYTES - 1));
  }

  /** Sends what is due on the links that have something. */
  flush(now: number): void {
    for (const link of this.#active) {
      link.flush(now);
      this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
      if (link.over) this.#forget(link);
      else this.#active.delete(link);
    }
  }

  /** Does what is due by now, and flushes. */
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

  #receiveOpen(address: Address, { id, cookie }: Extract<Packet, { kind: "open" }>, now: number): void {
    const before = this.#byOpen.get(keyOf(address, id));
    // The OPENED was lost, or is still on its way.
    if (before) return this.#sendOpened(address, id, before.link.id);
    if (!this.#cookies.isGood(cookie, addressKey(address), id, now)) {
      this.stats.staleCookies++;
      return;
    }
    const request = { address, id };
    if (this.#closing !== undefined) this.refuse(request, this.#closing);
    else if (this.#links.size >= this.options.links) this.refuse(request, "the server is full");
    else this.#outputs.push({ type: "open", request });
  }

  #sendOpened(address: Address, id: bigint, link: bigint): void {
    const datagram = encodePacket({ kind: "opened", id, link });
    this.#outputs.push({ type: "send", address, datagram });
  }

  #send(address: Address, datagram: Uint8Array): void {
    this.#outputs.push({ type: "send", address, datagram, toStranger: true });
  }

  #forget(link: DatagramLink): void {
    this.#active.delete(link);
    const accepted = this.#links.get(link.id);
    if (accepted?.link !== link) return;
    this.#links.delete(link.id);
    this.#byOpen.delete(accepted.openKey);
    this.#outputs.push({ type: "ended", link, why: link.endReason! });
  }
}

function keyOf(address: Address, id: bigint): string {
  return `${id} ${addressKey(address)}`;
}

/**
 * Cookies prove that a client receives what is sent to its address; the server keeps nothing before that.
 *
 * A cookie is good for one address and one number of a client, in the period of `cookieMs` in which it was made and in the next.
 */
class Cookies {
  constructor(readonly cookieMs: number, readonly mac: (bytes: Uint8Array) => Uint8Array) {}

  make(address: string, id: bigint, now: number): Uint8Array {
    return this.#cookie(address, id, Math.floor(now / this.cookieMs));
  }

  isGood(cookie: Uint8Array, address: string, id: bigint, now: number): boolean {
    const time = Math.floor(now / this.cookieMs);
    return timingSafeEqual(cookie, this.#cookie(address, id, time)) ||
      timingSafeEqual(cookie, this.#cookie(address, id, time - 1));
  }

  #cookie(address: string, id: bigint, time: number): Uint8Array {
    const text = encodeText(address);
    // The parts of fixed length come first, so that the encoding is unambiguous.
    const bytes = new Uint8Array(16 + text.length);
    writeId(bytes, 0, id);
    writeId(bytes, 8, BigInt(time));
    bytes.set(text, 16);
    const mac = this.mac(bytes);
    if (mac.length < COOKIE_BYTES) throw new RangeError(`expected a mac of ${COOKIE_BYTES} bytes, found ${mac.length}`);
    return mac.subarray(0, COOKIE_BYTES);
  }
}
