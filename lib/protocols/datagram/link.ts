import type { Fault } from "../../core/errors.ts";
import type { DatagramOptions } from "./options.ts";
import { encodePacket, type LinkPacket } from "./packet.ts";
import { Receiving } from "./receiving.ts";
import { Sending } from "./sending.ts";

/** Who speaks over a link. */
export interface LinkOwner {
  /** A whole message, in order, once; its bytes are the owner's to keep. */
  message(bytes: Uint8Array): void;
  /** Whether another message may come now; after a no, call `resume`. */
  hungry(): boolean;
  /** The link is over; called once, and nothing comes after it. */
  ended(why: string): void;
}

/** What a link can have done. */
export interface LinkWay extends LinkOwner {
  /** Sends a datagram. It may be held until it has gone out; only its ack may become a newer one meanwhile. */
  send(datagram: Uint8Array): void;
  /** The owner has given the link something to do: `flush` is wanted. */
  due(): void;
}

/** What a link has done so far. */
export interface LinkStats {
  readonly sentPieces: number;
  readonly resentPieces: number;
  readonly repeatedPieces: number;
  readonly refusedPieces: number;
  readonly flyingPieces: number;
  readonly windowPieces: number;
  readonly heldPieces: number;
  readonly heldBytes: number;
  readonly roundTripMs: number | undefined;
}

/** Why a link ended whose other side knows nothing of it any more: it is there, and answers. */
export const CLOSED = "closed by the other side";

const NO_BITS = new Uint8Array(0);
const NO_TOKEN = new Uint8Array(8);

/**
 * Messages to and from one peer over datagrams that may be lost, repeated and reordered: whole, in order, each once.
 *
 * 1. `send` and `take` gather; `flush`, after all that a turn brought, sends what is due, with one ack at most.
 * 2. Messages come only while the owner is hungry. Those that wait hold up the peer, not our memory.
 * 3. `settled`: the peer has all that was sent. At `ended` it says whether anything may have been lost.
 * 4. `close` lets what was sent arrive first, for a while; `abort` does not. Both end with a CLOSE, and so does a fault
 *    or silence; it is sent once, and may be lost: then the peer learns by silence, or from who answers in our place.
 * 5. A peer's CLOSE ends the link once the messages before it are taken, or with its own silence at the latest.
 */
export class DatagramLink {
  #sending: Sending;
  #receiving: Receiving;
  #ackDue = false;
  #now: number;
  #sentAt: number;
  #heardAt: number;
  /** Why we close, once what was sent has arrived. */
  #closing: string | undefined;
  #closeBy = Infinity;
  /** Why the peer has closed, while messages from before still wait. */
  #left: string | undefined;
  #over = false;

  /** Pieces are numbered from `firstSeq` on, both ways; only a test has a reason to begin elsewhere than at 1. */
  constructor(
    readonly id: bigint,
    readonly way: LinkWay,
    readonly options: DatagramOptions,
    now: number,
    firstSeq = 1,
  ) {
    this.#sending = new Sending(id, options, firstSeq);
    this.#receiving = new Receiving(options, firstSeq);
    this.#now = this.#sentAt = this.#heardAt = now;
  }

  get over(): boolean {
    return this.#over;
  }

  get settled(): boolean {
    return this.#sending.settled;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    if (this.#over) return Infinity;
    const silentAt = this.#heardAt + this.options.silenceMs;
    if (this.#left !== undefined) return silentAt;
    return Math.min(silentAt, this.#sentAt + this.options.keepAliveMs, this.#sending.wakeAt, this.#closeBy);
  }

  /** What waits to be sent, or to be acknowledged. */
  get heldBytes(): number {
    return this.#sending.heldBytes;
  }

  /** What may still be taken to be sent. */
  get roomBytes(): number {
    return this.options.outboxBytes - this.#sending.heldBytes;
  }

  get stats(): LinkStats {
    const { sentPieces, resentPieces, flyingPieces, windowPieces, heldBytes, roundTrip } = this.#sending;
    const { repeatedPieces, refusedPieces, heldPieces } = this.#receiving;
    const sending = {
      sentPieces,
      resentPieces,
      flyingPieces,
      windowPieces,
      heldBytes,
      roundTripMs: roundTrip.smoothMs,
    };
    return { ...sending, repeatedPieces, refusedPieces, heldPieces };
  }

  /** Takes a message to be sent; false, and nothing is taken, when too much waits already or the link is ending. */
  send(message: Uint8Array): boolean {
    if (message.length > this.options.messageBytes) {
      throw new RangeError(`expected a message of at most ${this.options.messageBytes} bytes, found ${message.length}`);
    }
    if (this.#over || this.#closing !== undefined || this.#left !== undefined) return false;
    const outcome = this.#sending.push(message);
    if (outcome === "used up") this.close("all numbers of this link are used up", this.#now);
    else if (outcome === "taken") this.way.due();
    return outcome === "taken";
  }

  /** A datagram of the peer. */
  take(packet: LinkPacket, now: number): void {
    if (this.#over || this.#left !== undefined) return;
    this.#now = this.#heardAt = now;
    switch (packet.kind) {
      case "data": {
        this.#sending.acked(packet.ack, NO_BITS, now);
        const fault: Fault | undefined = this.#receiving.push(packet);
        this.#ackDue = true;
        this.#deliver();
        if (fault) this.abort(fault.message);
        return;
      }
      case "ack":
        return this.#sending.acked(packet.ack, packet.bitmap, now);
      case "ping":
        return this.#send(encodePacket({ kind: "pong", id: this.id, token: packet.token }));
      case "close":
        this.#left = packet.why || CLOSED;
        this.#sending.close();
        return this.#deliver();
    }
  }

  /** The owner is hungry again. */
  resume(now: number): void {
    this.#now = now;
    this.#deliver();
  }

  /** Sends what is due: lost pieces, new ones, one ack. */
  flush(now: number): void {
    if (this.#over || this.#left !== undefined) return;
    this.#now = now;
    if (this.#closing !== undefined && this.settled) return this.#end(this.#closing, true);
    const sent = this.#sending.pump(this.#receiving.next, now, this.way);
    if (sent > 0) this.#sentAt = now;
    if (this.#ackDue) this.#sendAck(sent > 0);
  }

  /** Does what time asks for, and flushes. */
  tick(now: number): void {
    if (this.#over) return;
    this.#now = now;
    if (now - this.#heardAt >= this.options.silenceMs) {
      const silence = `nothing heard for ${this.options.silenceMs / 1000} s`;
      return this.#left === undefined ? this.#end(silence, true) : this.#end(this.#left, false);
    }
    if (now >= this.#closeBy) return this.#end(this.#closing!, true);
    this.#sending.expire(now);
    this.flush(now);
    if (this.#over || this.#left !== undefined || now - this.#sentAt < this.options.keepAliveMs) return;
    this.#send(encodePacket({ kind: "ping", id: this.id, token: NO_TOKEN }));
  }

  /** Ends the link once the peer has all that was sent, or when it takes too long. */
  close(why: string, now: number): void {
    if (this.#over || this.#closing !== undefined || this.#left !== undefined) return;
    this.#now = now;
    if (this.settled) return this.#end(why, true);
    this.#closing = why;
    this.#closeBy = now + this.options.lingerMs;
    this.way.due();
  }

  /** Ends the link at once. */
  abort(why: string): void {
    this.#end(why, this.#left === undefined);
  }

  #deliver(): void {
    while (!this.#over && this.#receiving.messages > 0 && this.way.hungry()) this.way.message(this.#receiving.shift());
    if (this.#left !== undefined && this.#receiving.messages === 0) this.#end(this.#left, false);
  }

  #send(datagram: Uint8Array): void {
    this.#sentAt = this.#now;
    this.way.send(datagram);
  }

  /** DATA has told the peer what is missing first; a bitmap is all that an ACK could add to it. */
  #sendAck(told: boolean): void {
    this.#ackDue = false;
    const bitmap = this.#receiving.bitmap();
    if (told && bitmap.length === 0) return;
    this.#send(encodePacket({ kind: "ack", id: this.id, ack: this.#receiving.next, bitmap }));
  }

  #end(why: string, tell: boolean): void {
    if (this.#over) return;
    if (tell) {
      // The peer is to know what arrived before it hears that nothing more will.
      if (this.#ackDue) this.#sendAck(false);
      this.#send(encodePacket({ kind: "close", id: this.id, why }));
    }
    this.#over = true;
    this.#sending.close();
    this.#receiving.close();
    this.way.ended(why);
  }
}
