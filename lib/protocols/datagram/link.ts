import type { Address } from "../../core/address.ts";
import type { DatagramOptions } from "./options.ts";
import { encodePacket, type LinkPacket, type SendOutputs } from "./packet.ts";
import { Receiver } from "./receiver.ts";
import { Sender } from "./sender.ts";

/** Counters and state of a link. */
export interface LinkStats {
  readonly sentPieces: number;
  readonly resentPieces: number;
  readonly repeatedPieces: number;
  readonly droppedPieces: number;
  readonly inFlightPieces: number;
  readonly windowPieces: number;
  readonly heldPieces: number;
  readonly heldBytes: number;
  readonly roundTripMs: number | undefined;
}

/** The reason of a link that its peer no longer knows: the peer answers a packet of the link with a bare CLOSE. */
export const CLOSED = "closed by the other side";

/** Pieces of an incomplete message that one ACK covers; a sender may have eight in flight however many were lost. */
const ACK_PIECES = 4;

const NO_BITS = new Uint8Array(0);
const NO_TOKEN = new Uint8Array(8);

/**
 * Reliable messages to and from one peer over datagrams that may be lost, repeated and reordered. It is a part of a machine
 * (`Acceptor`, `Dialer`, `Peer`) and sends by that machine's outputs.
 *
 * 1. Messages arrive whole, in order and once. `read` takes the next; the unread ones hold up the peer, not our memory.
 * 2. `send` and `receive` gather; `flush`, at the end of a turn, sends what is due, with one ack at most. Of a message whose
 *    pieces come in order, only every fourth piece and the last are acknowledged at once, since each ack costs the sender a turn.
 * 3. `settled`: the peer has everything that was sent. After the end it says whether anything may have been lost.
 * 4. `close` waits a while until what was sent has arrived; `abort` does not. Both send a CLOSE, and so does a fault or
 *    silence. It is sent once; when it is lost, the peer finds out by silence or by the answer to its next packet.
 * 5. A CLOSE of the peer, or its fault, ends the link once the messages before it are read, and after `silenceMs` at the latest.
 * 6. A link that has to be flushed, or that is over, is in the set `active`.
 */
export class DatagramLink {
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #ackDue = false;
  /** Pieces since our last ack, and when it is due if no more come. */
  #unacked = 0;
  #ackBy = Infinity;
  #now: number;
  #sentAt: number;
  #heardAt: number;
  /** Our reason to close, while what was sent has not arrived. */
  #closing: string | undefined;
  #closeBy = Infinity;
  /** Why the link ends once the messages are read, and whether the peer is to be told. */
  #ending: { readonly why: string; readonly tell: boolean } | undefined;
  #endReason: string | undefined;

  /** `firstSeq` is the number of the first piece, both ways; other values than 1 are for tests. */
  constructor(
    readonly id: bigint,
    public address: Address,
    readonly outputs: SendOutputs,
    readonly active: Set<DatagramLink>,
    readonly options: DatagramOptions,
    now: number,
    firstSeq = 1,
  ) {
    this.#sender = new Sender(id, options, firstSeq);
    this.#receiver = new Receiver(options, firstSeq);
    this.#now = this.#sentAt = this.#heardAt = now;
  }

  get over(): boolean {
    return this.#endReason !== undefined;
  }

  /** Why the link is over; undefined while it is not. */
  get endReason(): string | undefined {
    return this.#endReason;
  }

  get settled(): boolean {
    return this.#sender.settled;
  }

  /** Whether `read` has a message. */
  get readable(): boolean {
    return this.#receiver.messages > 0;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    if (this.over) return Infinity;
    const silentAt = this.#heardAt + this.options.silenceMs;
    if (this.#ending) return silentAt;
    const keepAliveAt = this.#sentAt + this.options.keepAliveMs;
    return Math.min(silentAt, keepAliveAt, this.#sender.wakeAt, this.#closeBy, this.#ackBy);
  }

  /** Bytes that are waiting to be sent or acknowledged. */
  get heldBytes(): number {
    return this.#sender.heldBytes;
  }

  /** Bytes that `send` still accepts. */
  get roomBytes(): number {
    return this.options.outboxBytes - this.#sender.heldBytes;
  }

  get stats(): LinkStats {
    const { sentPieces, resentPieces, inFlightPieces, windowPieces, heldBytes, roundTrip } = this.#sender;
    const { repeatedPieces, droppedPieces, heldPieces } = this.#receiver;
    return {
      sentPieces,
      resentPieces,
      inFlightPieces,
      windowPieces,
      heldBytes,
      roundTripMs: roundTrip.smoothMs,
      repeatedPieces,
      droppedPieces,
      heldPieces,
    };
  }

  /** Takes a message to be sent; false, and nothing is taken, when too much is waiting already or the link is ending. */
  send(message: Uint8Array): boolean {
    if (message.length > this.options.messageBytes) {
      throw new RangeError(`expected a message of at most ${this.options.messageBytes} bytes, found ${message.length}`);
    }
    if (this.over || this.#closing !== undefined || this.#ending) return false;
    const outcome = this.#sender.push(message);
    if (outcome === "used up") this.close("all numbers of this link are used up", this.#now);
    else if (outcome === "taken") this.active.add(this);
    return outcome === "taken";
  }

  receive(packet: LinkPacket, now: number): void {
    if (this.over || this.#ending) return;
    this.#now = this.#heardAt = now;
    this.active.add(this);
    switch (packet.kind) {
      case "data": {
        this.#sender.acked(packet.ack, NO_BITS, now);
        const { next } = this.#receiver;
        const fault = this.#receiver.push(packet);
        const isInOrder = this.#receiver.next === next + 1;
        if (isInOrder && this.#receiver.isMidMessage && ++this.#unacked < ACK_PIECES) {
          this.#ackBy = Math.min(this.#ackBy, now + this.options.ackMs);
        } else this.#ackDue = true;
        return fault && this.#endAfterReading(fault.message, true);
      }
      case "ack":
        return this.#sender.acked(packet.ack, packet.bitmap, now);
      case "ping":
        return this.#send(encodePacket({ kind: "pong", id: this.id, token: packet.token }));
      case "close":
        return this.#endAfterReading(packet.why || CLOSED, false);
    }
  }

  /** The next message, which the caller may keep; undefined when there is none. */
  read(): Uint8Array | undefined {
    if (!this.readable) return undefined;
    const message = this.#receiver.shift();
    if (!this.readable && this.#ending) this.#end(this.#ending.why, this.#ending.tell);
    return message;
  }

  /** Sends what is due: lost pieces, new ones, one ack. */
  flush(now: number): void {
    if (this.over || this.#ending) return;
    this.#now = now;
    if (this.#closing !== undefined && this.settled) return this.#end(this.#closing, true);
    const sent = this.#sender.pump(this.#receiver.next, now, this.address, this.outputs);
    if (sent > 0) this.#sentAt = now;
    if (this.#ackDue || now >= this.#ackBy) this.#sendAck(sent > 0);
    else if (sent > 0) this.#acked();
  }

  /** Does what is due by now, and flushes. */
  tick(now: number): void {
    if (this.over) return;
    this.#now = now;
    if (now - this.#heardAt >= this.options.silenceMs) {
      const silence = { why: `nothing heard for ${this.options.silenceMs / 1000} s`, tell: true };
      const { why, tell } = this.#ending ?? silence;
      return this.#end(why, tell);
    }
    if (now >= this.#closeBy) return this.#end(this.#closing!, true);
    this.#sender.expire(now);
    this.flush(now);
    if (this.over || this.#ending || now - this.#sentAt < this.options.keepAliveMs) return;
    this.#send(encodePacket({ kind: "ping", id: this.id, token: NO_TOKEN }));
  }

  /** Ends the link once everything that was sent has arrived, or after `lingerMs`. */
  close(why: string, now: number): void {
    if (this.over || this.#closing !== undefined || this.#ending) return;
    this.#now = now;
    if (this.settled) return this.#end(why, true);
    this.#closing = why;
    this.#closeBy = now + this.options.lingerMs;
    this.active.add(this);
  }

  /** Ends the link at once. */
  abort(why: string): void {
    this.#end(why, this.#ending?.tell ?? true);
  }

  #send(datagram: Uint8Array): void {
    this.#sentAt = this.#now;
    this.outputs.push({ type: "send", address: this.address, datagram });
  }

  /** What has come is acknowledged. */
  #acked(): void {
    this.#ackDue = false;
    this.#unacked = 0;
    this.#ackBy = Infinity;
  }

  /** Not needed after DATA, which carries the ack, unless there is a bitmap. */
  #sendAck(sentData: boolean): void {
    this.#acked();
    const bitmap = this.#receiver.bitmap();
    if (sentData && bitmap.length === 0) return;
    this.#send(encodePacket({ kind: "ack", id: this.id, ack: this.#receiver.next, bitmap }));
  }

  #endAfterReading(why: string, tell: boolean): void {
    this.#ending = { why, tell };
    this.#sender.close();
    if (!this.readable) this.#end(why, tell);
  }

  #end(why: string, tell: boolean): void {
    if (this.over) return;
    if (tell) {
      // The peer learns what has arrived before it learns that nothing more will.
      if (this.#ackDue || this.#unacked > 0) this.#sendAck(false);
      this.#send(encodePacket({ kind: "close", id: this.id, why }));
    }
    this.#endReason = why;
    this.#sender.close();
    this.#receiver.close();
    this.active.add(this);
  }
}
