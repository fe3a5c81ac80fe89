import type { Address } from "../../core/address.ts";
import type { DatagramOptions } from "./options.ts";
import {
  DATA_HEAD_BYTES,
  encodePacket,
  FIRST,
  LAST,
  LAST_SEQ,
  PIECE_BYTES,
  type SendOutputs,
  writeAck,
} from "./packet.ts";

/** Most pieces between the first that is not acknowledged and the last that was sent: what a receiver keeps. */
export const SPAN_PIECES = 256;

const FIRST_WINDOW = 32;
const LEAST_WINDOW = 8;
/** Later pieces that must have arrived before one is taken for lost: the network reorders a little. */
const LATER_PIECES = 3;
/** Memory of a piece besides its bytes, roughly: without it a million empty messages could be queued. */
const PIECE_COST_BYTES = 200;

interface Piece {
  readonly datagram: Uint8Array;
  state: "waiting" | "in flight" | "lost" | "acknowledged";
  sentAt: number;
  /** When the piece is taken for lost. */
  dueAt: number;
  sendings: number;
  timeouts: number;
  /** The first piece that was sent after the last sending of this one. */
  later: number;
}

/**
 * The sending side of a link: messages as pieces, until they are acknowledged.
 *
 * 1. `push` takes a message whole or not at all.
 * 2. `pump` sends lost pieces first, then new ones, as far as the window goes.
 * 3. A piece is taken for lost when its time is over (`expire`) or when three pieces sent later have arrived (`acked`).
 */
export class Sender {
  /** From the first that is not acknowledged, at `#head`; those before it are acknowledged. */
  #pieces: Piece[] = [];
  #head = 0;
  /** The numbers of the first piece that is not acknowledged, the first never sent, and the next to be pushed. */
  #lowest: number;
  #unsent: number;
  #next: number;
  #inFlight = 0;
  #lost = 0;
  #window = FIRST_WINDOW;
  /** Slow-start threshold: below it the window grows by one for each piece, above it by one for each window. */
  #threshold = SPAN_PIECES;
  #growth = 0;
  #halvedAt = -Infinity;
  /** Timeouts that new pieces start with, until a round trip is measured again. */
  #timeouts = 0;
  #newestSentAt = -Infinity;
  /** Bytes that are not acknowledged, with `PIECE_COST_BYTES` for each piece. */
  heldBytes = 0;
  /** When `expire` may find something; Infinity if nothing is in flight. */
  wakeAt = Infinity;
  /** Including repeats. */
  sentPieces = 0;
  resentPieces = 0;
  readonly roundTrip: RoundTrip;

  constructor(readonly id: bigint, readonly options: DatagramOptions, first: number) {
    this.roundTrip = new RoundTrip(options);
    this.#lowest = this.#unsent = this.#next = first;
  }

  /** Whether everything that was pushed is acknowledged. */
  get settled(): boolean {
    return this.#lowest === this.#next;
  }

  get inFlightPieces(): number {
    return this.#inFlight;
  }

  get windowPieces(): number {
    return this.#window;
  }

  push(message: Uint8Array): "taken" | "full" | "used up" {
    const count = Math.max(1, Math.ceil(message.length / PIECE_BYTES));
    const bytes = message.length + count * (DATA_HEAD_BYTES + PIECE_COST_BYTES);
    if (this.#next + count - 1 > LAST_SEQ) return "used up";
    if (this.heldBytes + bytes > this.options.outboxBytes) return "full";
    for (let i = 0; i < count; i++) {
      const flags = (i === 0 ? FIRST : 0) | (i === count - 1 ? LAST : 0);
      const piece = count === 1 ? message : message.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
      const datagram = encodePacket({ kind: "data", id: this.id, seq: this.#next, ack: 0, flags, piece });
      this.#pieces.push({ datagram, state: "waiting", sentAt: 0, dueAt: 0, sendings: 0, timeouts: 0, later: 0 });
      this.#next++;
    }
    this.heldBytes += bytes;
    return "taken";
  }

  /** The peer has everything before `ack`, and of the later pieces those in the bitmap. */
  acked(ack: number, bitmap: Uint8Array, now: number): void {
    // An ack of something that was never sent is forged.
    if (ack > this.#unsent) return;
    this.#newestSentAt = -Infinity;
    let arrived = 0;
    for (let seq = this.#lowest; seq < ack; seq++) arrived += this.#arrived(this.#piece(seq));
    const covered = arrived;
    for (let byte = 0; byte < bitmap.length; byte++) {
      for (let bits = bitmap[byte]!, seq = ack + 1 + byte * 8; bits > 0; bits >>= 1, seq++) {
        if ((bits & 1) === 1 && seq >= this.#lowest && seq < this.#unsent) arrived += this.#arrived(this.#piece(seq));
      }
    }
    if (arrived === 0) return;
    this.#release();
    if (this.#newestSentAt > -Infinity) this.#measured(now);
    if (arrived > covered) this.#findLost();
    if (this.#unsent < this.#next) this.#grow(arrived);
  }

  /** Takes for lost what has been in flight for too long. */
  expire(now: number): void {
    if (now < this.wakeAt) return;
    this.wakeAt = Infinity;
    let halve = false;
    for (let seq = this.#lowest; seq < this.#unsent; seq++) {
      const piece = this.#piece(seq);
      if (piece.state !== "in flight") continue;
      if (now < piece.dueAt) {
        this.wakeAt = Math.min(this.wakeAt, piece.dueAt);
        continue;
      }
      this.#lose(piece);
      piece.timeouts++;
      this.#timeouts = Math.max(this.#timeouts, piece.timeouts);
      // Losses from before the last halving do not count again.
      halve ||= piece.sentAt >= this.#halvedAt;
    }
    if (!halve) return;
    this.#halvedAt = now;
    this.#window = this.#threshold = Math.max(LEAST_WINDOW, this.#window >> 1);
    this.#growth = 0;
  }

  /** Sends what may be sent, with this ack; returns the number of pieces. */
  pump(ack: number, now: number, address: Address, outputs: SendOutputs): number {
    const before = this.sentPieces;
    for (let seq = this.#lowest; this.#lost > 0 && this.#inFlight < this.#window; seq++) {
      const piece = this.#piece(seq);
      if (piece.state !== "lost") continue;
      this.#lost--;
      this.resentPieces++;
      outputs.push({ type: "send", address, datagram: this.#sendable(piece, ack, now) });
    }
    while (this.#unsent < this.#next && this.#inFlight < this.#window && this.#unsent - this.#lowest < SPAN_PIECES) {
      const datagram = this.#sendable(this.#piece(this.#unsent++), ack, now);
      outputs.push({ type: "send", address, datagram });
    }
    return this.sentPieces - before;
  }

  /** Drops everything. */
  close(): void {
    this.#pieces = [];
    this.#head =
      this.#inFlight =
      this.#lost =
      this.heldBytes =
        0;
    this.wakeAt = Infinity;
  }

  #piece(seq: number): Piece {
    return this.#pieces[this.#head + seq - this.#lowest]!;
  }

  #sendable(piece: Piece, ack: number, now: number): Uint8Array {
    piece.state = "in flight";
    piece.sentAt = now;
    piece.dueAt = now + this.roundTrip.waitMs(Math.max(piece.timeouts, this.#timeouts));
    piece.sendings++;
    piece.later = this.#unsent;
    this.#inFlight++;
    this.sentPieces++;
    this.wakeAt = Math.min(this.wakeAt, piece.dueAt);
    writeAck(piece.datagram, ack);
    return piece.datagram;
  }

  #arrived(piece: Piece): number {
    if (piece.state === "acknowledged") return 0;
    if (piece.state === "in flight") this.#inFlight--;
    else this.#lost--;
    piece.state = "acknowledged";
    if (piece.sendings === 1) this.#newestSentAt = Math.max(this.#newestSentAt, piece.sentAt);
    return 1;
  }

  #lose(piece: Piece): void {
    piece.state = "lost";
    this.#inFlight--;
    this.#lost++;
  }

  /** Drops acknowledged pieces from the front. */
  #release(): void {
    while (this.#lowest < this.#unsent && this.#piece(this.#lowest).state === "acknowledged") {
      this.heldBytes -= this.#pieces[this.#head]!.datagram.length + PIECE_COST_BYTES;
      this.#head++;
      this.#lowest++;
    }
    if (this.#inFlight === 0) this.wakeAt = Infinity;
    if (this.#head === this.#pieces.length) this.#pieces = [];
    else if (this.#head < SPAN_PIECES || this.#head * 2 < this.#pieces.length) return;
    else this.#pieces.splice(0, this.#head);
    this.#head = 0;
  }

  #measured(now: number): void {
    this.roundTrip.measured(now - this.#newestSentAt);
    if (this.#timeouts === 0) return;
    // The network answers again, so long timeouts are over.
    this.#timeouts = 0;
    for (let seq = this.#lowest; seq < this.#unsent; seq++) {
      const piece = this.#piece(seq);
      piece.timeouts = 0;
      if (piece.state !== "in flight") continue;
      piece.dueAt = Math.min(piece.dueAt, piece.sentAt + this.roundTrip.resendMs);
      this.wakeAt = Math.min(this.wakeAt, piece.dueAt);
    }
  }

  /** Takes for lost what was sent before three pieces that have arrived. */
  #findLost(): void {
    let third = this.#unsent - 1;
    for (let found = 0; third > this.#lowest; third--) {
      if (this.#piece(third).state === "acknowledged" && ++found === LATER_PIECES) break;
    }
    for (let seq = this.#lowest; seq < third; seq++) {
      const piece = this.#piece(seq);
      if (piece.state !== "in flight" || piece.later > third) continue;
      this.#lose(piece);
      this.#threshold = Math.min(this.#threshold, this.#window);
    }
  }

  #grow(arrived: number): void {
    if (this.#window < this.#threshold) {
      this.#window = Math.min(this.#threshold, this.#window + arrived);
      return;
    }
    this.#growth += arrived;
    if (this.#growth < this.#window || this.#window >= SPAN_PIECES) return;
    this.#growth = 0;
    this.#window++;
  }
}

/** The round-trip time, and the retransmission timeout that follows from it (as in RFC 6298). */
export class RoundTrip {
  /** The smoothed round-trip time; undefined before the first measurement. */
  smoothMs: number | undefined;
  #variationMs = 0;
  /** The timeout of a piece that is sent for the first time. */
  resendMs: number;

  constructor(readonly options: DatagramOptions) {
    this.resendMs = options.resendFirstMs;
  }

  /** A measurement, of a piece that was sent once: after a repeat it is not known which sending is acknowledged. */
  measured(ms: number): void {
    if (this.smoothMs === undefined) {
      this.smoothMs = ms;
      this.#variationMs = ms / 2;
    } else {
      this.#variationMs += (Math.abs(ms - this.smoothMs) - this.#variationMs) / 4;
      this.smoothMs += (ms - this.smoothMs) / 8;
    }
    const { resendMinMs, resendMaxMs } = this.options;
    this.resendMs = Math.min(resendMaxMs, Math.max(resendMinMs, this.smoothMs + 4 * this.#variationMs));
  }

  /** The timeout after this many consecutive timeouts. */
  waitMs(timeouts: number): number {
    return Math.min(this.options.resendMaxMs, this.resendMs * 2 ** timeouts);
  }
}
