import { type Address, formatAddress } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { Outputs } from "../../core/machine.ts";
import { CLOSED, DatagramLink } from "./link.ts";
import type { DatagramOptions } from "./options.ts";
import { decodePacket, encodePacket, type Packet, readId } from "./packet.ts";
import type { SendOutput } from "./packet.ts";

/** What the dialer wants done. */
export type DialerOutput =
  | SendOutput
  /** The server is asked, or asked again. */
  | { readonly type: "attempt" }
  /** The link is open; its messages are read with `link.read`. */
  | { readonly type: "opened"; readonly link: DatagramLink }
  /** The link is over, or there will be none. The last output but for datagrams. */
  | { readonly type: "ended"; readonly why: string };

/**
 * The client's side of one link: opens it, and passes it its datagrams.
 *
 * 1. `start` asks; it asks again every `attemptMs` until the link is open, the server refuses or the time is up.
 * 2. `receive` gathers; `flush`, at the end of a turn, sends what is due.
 * 3. What still comes for a link that is over is answered with a bare CLOSE, as long as it is received at all.
 */
export class DatagramDialer {
  readonly #outputs = new Outputs<DialerOutput>();
  readonly #active = new Set<DatagramLink>();
  /** Drawn by us, to tell our attempts apart. */
  readonly #id: bigint;
  #link: DatagramLink | undefined;
  #cookie: Uint8Array | undefined;
  #cookieUntil = Infinity;
  #attemptAt = Infinity;
  #giveUpAt = Infinity;
  #ended = false;
  /** Datagrams without effect. */
  dropped = 0;

  /** `random8` is eight unpredictable bytes. */
  constructor(readonly server: Address, readonly options: DatagramOptions, random8: Uint8Array) {
    this.#id = readId(random8, 0);
  }

  get wakeAt(): number {
    return this.#link ? this.#link.wakeAt : Math.min(this.#attemptAt, this.#giveUpAt);
  }

  takeOutputs(): readonly DialerOutput[] {
    if (this.#link?.over) this.#end(this.#link.endReason!);
    return this.#outputs.take();
  }

  /** Begins; once. */
  start(now: number): void {
    this.#giveUpAt = now + this.options.dialMs;
    this.#attempt(now);
  }

  /** A datagram from the server; the caller may reuse its buffer. */
  receive(datagram: Uint8Array, now: number): void {
    const packet = decodePacket(datagram);
    if (packet instanceof Fault) this.dropped++;
    else if (this.#link && packet.id === this.#link.id) this.#pass(this.#link, packet, now);
    else if (packet.id === this.#id) this.#receiveAnswer(packet, now);
    else this.dropped++;
  }

  /** Sends what is due. */
  flush(now: number): void {
    this.#link?.flush(now);
  }

  /** Does what is due by now, and flushes. */
  tick(now: number): void {
    if (this.#link) return this.#link.tick(now);
    if (now >= this.#giveUpAt) return this.#unanswered();
    if (now < this.#attemptAt) return;
    // The server may have been restarted, or the cookie has expired on its way.
    if (now >= this.#cookieUntil) this.#cookie = undefined;
    this.#attempt(now);
  }

  #unanswered(): void {
    this.#end(`no answer from ${formatAddress(this.server)} within ${this.options.dialMs / 1000} s`);
  }

  /** Gives up, or ends the link at once. */
  abort(why: string): void {
    if (this.#link) this.#link.abort(why);
    else this.#end(why);
  }

  #attempt(now: number): void {
    this.#attemptAt = now + this.options.attemptMs;
    this.#outputs.push({ type: "attempt" });
    this.#ask();
  }

  #ask(): void {
    const { id, cookie } = { id: this.#id, cookie: this.#cookie };
    this.#send(encodePacket(cookie ? { kind: "open", id, cookie } : { kind: "hello", id }));
  }

  #receiveAnswer(packet: Packet, now: number): void {
    switch (packet.kind) {
      case "opened":
        if (this.#link || this.#ended) return this.#refuse(packet.link);
        return this.#open(packet.link, now);
      case "cookie":
        if (this.#link || this.#ended || this.#cookie) break;
        this.#cookie = packet.cookie.slice();
        this.#cookieUntil = now + this.options.openMs;
        this.#attemptAt = now + this.options.attemptMs;
        return this.#ask();
      case "close":
        if (this.#link || this.#ended) break;
        return this.#end(packet.why || CLOSED);
    }
    this.dropped++;
  }

  #open(id: bigint, now: number): void {
    this.#link = new DatagramLink(id, this.server, this.#outputs, this.#active, this.options, now);
    this.#cookie = undefined;
    this.#outputs.push({ type: "opened", link: this.#link });
  }

  #pass(link: DatagramLink, packet: Packet, now: number): void {
    switch (packet.kind) {
      case "data":
      case "ack":
      case "ping":
      case "pong":
        if (!link.over) return link.receive(packet, now);
        this.dropped++;
        return this.#refuse(link.id);
      case "close":
        return link.receive(packet, now);
      default:
        this.dropped++;
    }
  }

  /** Answers for a link that is over, or that one of our OPENs has opened after we gave it up. */
  #refuse(id: bigint): void {
    if (this.#link?.id === id && !this.#link.over) return;
    this.#send(encodePacket({ kind: "close", id, why: "" }));
  }

  #send(datagram: Uint8Array): void {
    this.#outputs.push({ type: "send", address: this.server, datagram });
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cookie = undefined;
    this.#attemptAt = this.#giveUpAt = Infinity;
    this.#outputs.push({ type: "ended", why });
  }
}
