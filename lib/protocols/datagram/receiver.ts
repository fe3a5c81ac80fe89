import { Fault } from "../../core/errors.ts";
import type { DatagramOptions } from "./options.ts";
import { type DataPacket, FIRST, LAST } from "./packet.ts";
import { SPAN_PIECES } from "./sender.ts";

interface Held {
  readonly flags: number;
  readonly piece: Uint8Array;
}

const NO_BITS = new Uint8Array(0);

/**
 * The receiving side of a link: pieces, until they are read as messages.
 *
 * 1. At most 256 pieces are held; a piece beyond them is dropped and not acknowledged.
 * 2. Messages come in the order in which they were sent, each once.
 */
export class Receiver {
  /** From the first piece whose message was not read; undefined where one is missing. */
  #held: (Held | undefined)[] = [];
  #first: number;
  #next: number;
  #messages = 0;
  /** Of the message that is not complete. */
  #openPieces = 0;
  #openBytes = 0;
  /** Pieces that had arrived before, and pieces that were dropped. */
  repeatedPieces = 0;
  droppedPieces = 0;

  constructor(readonly options: DatagramOptions, first: number) {
    this.#first = this.#next = first;
  }

  /** The number of the first piece that is missing. */
  get next(): number {
    return this.#next;
  }

  /** Whether the last message is incomplete, with no gap in what has come of it. */
  get isMidMessage(): boolean {
    return this.#openPieces > 0 && this.#next - this.#first === this.#held.length;
  }

  /** Complete messages. */
  get messages(): number {
    return this.#messages;
  }

  get heldPieces(): number {
    return this.#held.length;
  }

  /** Adds a piece, copied if it is kept; a fault if the pieces make no message. */
  push({ seq, flags, piece }: DataPacket): Fault | undefined {
    const index = seq - this.#first;
    if (index >= SPAN_PIECES) {
      this.droppedPieces++;
      return undefined;
    }
    if (index < 0 || this.#held[index]) {
      this.repeatedPieces++;
      return undefined;
    }
    while (this.#held.length < index) this.#held.push(undefined);
    this.#held[index] = { flags, piece: piece.slice() };
    return seq === this.#next ? this.#advance() : undefined;
  }

  /** Removes the next message; there must be one. */
  shift(): Uint8Array {
    let count = 1;
    let bytes = 0;
    for (let held = this.#held[0]!;; held = this.#held[count++]!) {
      bytes += held.piece.length;
      if (held.flags & LAST) break;
    }
    const message = count === 1 ? this.#held[0]!.piece : this.#joined(count, bytes);
    if (count === this.#held.length) this.#held = [];
    else this.#held.splice(0, count);
    this.#first += count;
    this.#messages--;
    return message;
  }

  /** The pieces after the missing one that have arrived: bit k of byte n is the piece 1 + 8n + k after it. */
  bitmap(): Uint8Array {
    const missing = this.#next - this.#first;
    const later = this.#held.length - missing - 1;
    if (later < 1) return NO_BITS;
    const bits = new Uint8Array(Math.ceil(later / 8));
    for (let i = 0; i < later; i++) {
      if (this.#held[missing + 1 + i]) bits[i >> 3]! |= 1 << (i & 7);
    }
    return bits;
  }

  /** Drops everything. */
  close(): void {
    this.#held = [];
    this.#messages = 0;
  }

  #advance(): Fault | undefined {
    for (let held; (held = this.#held[this.#next - this.#first]);) {
      const begins = (held.flags & FIRST) !== 0;
      if (begins !== (this.#openPieces === 0)) {
        const [rule, found] = begins
          ? ["a later piece", "a first one"]
          : ["the first piece of a message", "a later one"];
        return new Fault("malformed", `expected ${rule}, found ${found}`);
      }
      this.#next++;
      this.#openPieces++;
      this.#openBytes += held.piece.length;
      if (this.#openBytes > this.options.messageBytes) {
        return new Fault("too long", `expected a message of at most ${this.options.messageBytes} bytes, found more`);
      }
      if (held.flags & LAST) {
        this.#messages++;
        this.#openPieces = this.#openBytes = 0;
      } else if (this.#openPieces === SPAN_PIECES) {
        return new Fault("too long", `expected a message of at most ${SPAN_PIECES} pieces, found more`);
      }
    }
    return undefined;
  }

  #joined(count: number, bytes: number): Uint8Array {
    const message = new Uint8Array(bytes);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const { piece } = this.#held[i]!;
      message.set(piece, at);
      at += piece.length;
    }
    return message;
  }
}
