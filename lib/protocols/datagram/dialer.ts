import { Fault } from "../../core/errors.ts";
import { CLOSED, DatagramLink, type LinkOwner } from "./link.ts";
import type { DatagramOptions } from "./options.ts";
import { decodePacket, encodePacket, type Packet, readId } from "./packet.ts";

/** What a dialer can have done. */
export interface DialerWay {
  /** Eight bytes that nobody can guess. */
  random8(): Uint8Array;
  /** Sends a datagram to the server; see `LinkWay.send`. */
  send(datagram: Uint8Array): void;
  /** The server is asked, or asked again. */
  attempt(): void;
  /** The link is there: who speaks over it. Until that is said, nothing may end the link. */
  opened(link: DatagramLink): LinkOwner;
  /** There will be no link; called once, and `opened` never after it. */
  failed(why: string): void;
}

/**
 * The client's side of one link: opens it, and brings it its datagrams.
 *
 * 1. `start` asks; it is asked again every `attemptMs` until the link is there, the server refuses or time is over.
 * 2. `receive` gathers; `flush`, after all that a turn brought, sends what is due.
 * 3. What still comes for a link that is over is answered with a bare CLOSE, as long as it is received at all.
 */
export class DatagramDialer {
  readonly #number: bigint;
  #link: DatagramLink | undefined;
  #cookie: Uint8Array | undefined;
  #cookieUntil = Infinity;
  #attemptAt = Infinity;
  #giveUpAt = Infinity;
  #failed = false;
  /** Datagrams that did nothing. */
  dropped = 0;

  constructor(readonly way: DialerWay, readonly options: DatagramOptions) {
    this.#number = readId(way.random8(), 0);
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return this.#link ? this.#link.wakeAt : Math.min(this.#attemptAt, this.#giveUpAt);
  }

  /** Begins; once. */
  start(now: number): void {
    this.#giveUpAt = now + this.options.dialMs;
    this.#attempt(now);
  }

  /** A datagram from the server; the caller may use its buffer again at once. */
  receive(datagram: Uint8Array, now: number): void {
    const packet = decodePacket(datagram);
    if (packet instanceof Fault) this.dropped++;
    else if (this.#link && packet.id === this.#link.id) this.#pass(this.#link, packet, now);
    else if (packet.id === this.#number) this.#answered(packet, now);
    else this.dropped++;
  }

  /** Sends what is due. */
  flush(now: number): void {
    this.#link?.flush(now);
  }

  /** Does what time asks for, and flushes. */
  tick(now: number): void {
    if (this.#link) return this.#link.tick(now);
    if (now >= this.#giveUpAt) return this.#fail(`no answer within ${this.options.dialMs / 1000} s`);
    if (now < this.#attemptAt) return;
    // The server may have been started anew, or the cookie has become old on the way.
    if (now >= this.#cookieUntil) this.#cookie = undefined;
    this.#attempt(now);
  }

  /** Gives up, or ends the link at once. */
  abort(why: string): void {
    if (this.#link) this.#link.abort(why);
    else this.#fail(why);
  }

  #attempt(now: number): void {
    this.#attemptAt = now + this.options.attemptMs;
    this.way.attempt();
    this.#ask();
  }

  #ask(): void {
    const { id, cookie } = { id: this.#number, cookie: this.#cookie };
    this.way.send(encodePacket(cookie ? { kind: "open", id, cookie } : { kind: "hello", id }));
  }

  #answered(packet: Packet, now: number): void {
    switch (packet.kind) {
      case "opened":
        if (this.#link || this.#failed) return this.#refuse(packet.link);
        return this.#open(packet.link, now);
      case "cookie":
        if (this.#link || this.#failed || this.#cookie) break;
        this.#cookie = packet.cookie.slice();
        this.#cookieUntil = now + this.options.openMs;
        this.#attemptAt = now + this.options.attemptMs;
        return this.#ask();
      case "close":
        if (this.#link || this.#failed) break;
        return this.#fail(packet.why || CLOSED);
    }
    this.dropped++;
  }

  #open(id: bigint, now: number): void {
    let owner: LinkOwner | undefined = undefined;
    const link = new DatagramLink(
      id,
      {
        send: (datagram) => this.way.send(datagram),
        message: (bytes) => owner?.message(bytes),
        hungry: () => owner?.hungry() ?? false,
        ended: (why) => owner?.ended(why),
        due: () => {},
      },
      this.options,
      now,
    );
    this.#link = link;
    this.#cookie = undefined;
    owner = this.way.opened(link);
  }

  #pass(link: DatagramLink, packet: Packet, now: number): void {
    switch (packet.kind) {
      case "data":
      case "ack":
      case "ping":
      case "pong":
        if (!link.over) return link.take(packet, now);
        this.dropped++;
        return this.#refuse(link.id);
      case "close":
        return link.take(packet, now);
      default:
        this.dropped++;
    }
  }

  /** A link that is over, or one that an OPEN of ours has opened after it was given up: the server is to know. */
  #refuse(id: bigint): void {
    if (this.#link?.id === id && !this.#link.over) return;
    this.way.send(encodePacket({ kind: "close", id, why: "" }));
  }

  #fail(why: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#cookie = undefined;
    this.#attemptAt = this.#giveUpAt = Infinity;
    this.way.failed(why);
  }
}
