import type { Address } from "../../core/address.ts";
import type { Outputs } from "../../core/machine.ts";
import type { DatagramOptions } from "./options.ts";
import { DATA_HEAD_BYTES, encodePacket, FIRST, LAST, LAST_SEQ, PIECE_BYTES, writeAck } from "./packet.ts";

/** A datagram to be sent. It may be held until the network takes it; only its ack may change to a newer one meanwhile. */
export interface SendOutput {
  readonly type: "send";
  readonly address: Address;
  readonly datagram: Uint8Array;
}

/** The part of a machine's `Outputs` that its links use. */
export type SendOutputs = Pick<Outputs<SendOutput>, "push">;

/** Pieces between the first that is not acknowledged and the last that is sent: what a receiver keeps. */
export const SPAN_PIECES = 256;

const FIRST_WINDOW = 32;
const LEAST_WINDOW = 8;
/** Later pieces that must be there before one is taken for lost: the network reorders a little. */
const LATER_PIECES = 3;
/** What a piece takes beside its bytes, about: without it a million empty messages could wait. */
const PIECE_COST_BYTES = 200;

interface Piece {
  readonly datagram: Uint8Array;
  state: "waiting" | "flying" | "lost" | "here";
  sentAt: number;
  /** When it is taken for lost. */
  dueAt: number;
  sendings: number;
  timeouts: number;
  /** The first piece that was sent after this one was sent last. */
  later: number;
}

/**
 * The pieces that one side of a link has to send, until they are acknowledged.
 *
 * 1. `push` cuts a message and takes it whole or not at all.
 * 2. `pump` sends what may be sent: lost pieces first, then new ones, as far as the window goes.
 * 3. A piece is lost when its time is over (`expire`) or when three pieces sent later are there (`acked`).
 */
export class Sender {
  /** From the first that is not acknowledged; those before `#head` are done with. */
  #pieces: Piece[] = [];
  #head = 0;
  /** The number of the first that is not acknowledged, of the first never sent, of the next to be pushed. */
  #lowest: number;
  #unsent: number;
  #next: number;
  #flying = 0;
  #lost = 0;
  #window = FIRST_WINDOW;
  /** Up to here the window grows by each piece, above by one a window: set where the last loss was. */
  #calmWindow = SPAN_PIECES;
  #growth = 0;
  #halvedAt = -Infinity;
  /** Timeouts that new pieces begin with, until a round trip is measured again. */
  #timeouts = 0;
  #newestSentAt = -Infinity;
  /** Bytes not yet acknowledged, and what they cost. */
  heldBytes = 0;
  /** When `expire` may find something; Infinity when nothing flies. */
  wakeAt = Infinity;
  /** Pieces sent, repeats among them. */
  sentPieces = 0;
  resentPieces = 0;
  readonly roundTrip: RoundTrip;

  constructor(readonly id: bigint, readonly options: DatagramOptions, first: number) {
    this.roundTrip = new RoundTrip(options);
    this.#lowest = this.#unsent = this.#next = first;
  }

  /** Whether all that was pushed is acknowledged. */
  get settled(): boolean {
    return this.#lowest === this.#next;
  }

  get flyingPieces(): number {
    return this.#flying;
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

  /** The peer has everything before `ack`, and of what follows what the bitmap says. */
  acked(ack: number, bitmap: Uint8Array, now: number): void {
    // An ack of what was never sent is a lie, whatever else it says.
    if (ack > this.#unsent) return;
    this.#newestSentAt = -Infinity;
    let news = 0;
    for (let seq = this.#lowest; seq < ack; seq++) news += this.#arrived(this.#piece(seq));
    const covered = news;
    for (let byte = 0; byte < bitmap.length; byte++) {
      for (let bits = bitmap[byte]!, seq = ack + 1 + byte * 8; bits > 0; bits >>= 1, seq++) {
        if ((bits & 1) === 1 && seq >= this.#lowest && seq < this.#unsent) news += this.#arrived(this.#piece(seq));
      }
    }
    if (news === 0) return;
    this.#release();
    if (this.#newestSentAt > -Infinity) this.#measured(now);
    if (news > covered) this.#findLost();
    if (this.#unsent < this.#next) this.#grow(news);
  }

  /** Takes for lost what has flown for too long. */
  expire(now: number): void {
    if (now < this.wakeAt) return;
    this.wakeAt = Infinity;
    let halve = false;
    for (let seq = this.#lowest; seq < this.#unsent; seq++) {
      const piece = this.#piece(seq);
      if (piece.state !== "flying") continue;
      if (now < piece.dueAt) {
        this.wakeAt = Math.min(this.wakeAt, piece.dueAt);
        continue;
      }
      this.#lose(piece);
      piece.timeouts++;
      this.#timeouts = Math.max(this.#timeouts, piece.timeouts);
      // What was sent before the last halving has had its effect already.
      halve ||= piece.sentAt >= this.#halvedAt;
    }
    if (!halve) return;
    this.#halvedAt = now;
    this.#window = this.#calmWindow = Math.max(LEAST_WINDOW, this.#window >> 1);
    this.#growth = 0;
  }

  /** Sends what may be sent, with this ack; says how many pieces. */
  pump(ack: number, now: number, address: Address, outputs: SendOutputs): number {
    const before = this.sentPieces;
    for (let seq = this.#lowest; this.#lost > 0 && this.#flying < this.#window; seq++) {
      const piece = this.#piece(seq);
      if (piece.state !== "lost") continue;
      this.#lost--;
      this.resentPieces++;
      outputs.push({ type: "send", address, datagram: this.#sendable(piece, ack, now) });
    }
    while (this.#unsent < this.#next && this.#flying < this.#window && this.#unsent - this.#lowest < SPAN_PIECES) {
      const datagram = this.#sendable(this.#piece(this.#unsent++), ack, now);
      outputs.push({ type: "send", address, datagram });
    }
    return this.sentPieces - before;
  }

  /** Sends nothing more, and holds nothing. */
  close(): void {
    this.#pieces = [];
    this.#head =
      this.#flying =
      this.#lost =
      this.heldBytes =
        0;
    this.wakeAt = Infinity;
  }

  #piece(seq: number): Piece {
    return this.#pieces[this.#head + seq - this.#lowest]!;
  }

  #sendable(piece: Piece, ack: number, now: number): Uint8Array {
    piece.state = "flying";
    piece.sentAt = now;
    piece.dueAt = now + this.roundTrip.waitMs(Math.max(piece.timeouts, this.#timeouts));
    piece.sendings++;
    piece.later = this.#unsent;
    this.#flying++;
    this.sentPieces++;
    this.wakeAt = Math.min(this.wakeAt, piece.dueAt);
    writeAck(piece.datagram, ack);
    return piece.datagram;
  }

  #arrived(piece: Piece): number {
    if (piece.state === "here") return 0;
    if (piece.state === "flying") this.#flying--;
    else this.#lost--;
    piece.state = "here";
    if (piece.sendings === 1) this.#newestSentAt = Math.max(this.#newestSentAt, piece.sentAt);
    return 1;
  }

  #lose(piece: Piece): void {
    piece.state = "lost";
    this.#flying--;
    this.#lost++;
  }

  /** Lets go of what is here, from the first on. */
  #release(): void {
    while (this.#lowest < this.#unsent && this.#piece(this.#lowest).state === "here") {
      this.heldBytes -= this.#pieces[this.#head]!.datagram.length + PIECE_COST_BYTES;
      this.#head++;
      this.#lowest++;
    }
    if (this.#flying === 0) this.wakeAt = Infinity;
    if (this.#head === this.#pieces.length) this.#pieces = [];
    else if (this.#head < SPAN_PIECES || this.#head * 2 < this.#pieces.length) return;
    else this.#pieces.splice(0, this.#head);
    this.#head = 0;
  }

  #measured(now: number): void {
    this.roundTrip.measured(now - this.#newestSentAt);
    if (this.#timeouts === 0) return;
    // The network answers again: what waits for a long timeout need not.
    this.#timeouts = 0;
    for (let seq = this.#lowest; seq < this.#unsent; seq++) {
      const piece = this.#piece(seq);
      piece.timeouts = 0;
      if (piece.state !== "flying") continue;
      piece.dueAt = Math.min(piece.dueAt, piece.sentAt + this.roundTrip.resendMs);
      this.wakeAt = Math.min(this.wakeAt, piece.dueAt);
    }
  }

  /** Takes for lost what was sent before three pieces that are here. */
  #findLost(): void {
    let third = this.#unsent - 1;
    for (let found = 0; third > this.#lowest; third--) {
      if (this.#piece(third).state === "here" && ++found === LATER_PIECES) break;
    }
    for (let seq = this.#lowest; seq < third; seq++) {
      const piece = this.#piece(seq);
      if (piece.state !== "flying" || piece.later > third) continue;
      this.#lose(piece);
      this.#calmWindow = Math.min(this.#calmWindow, this.#window);
    }
  }

  #grow(news: number): void {
    if (this.#window < this.#calmWindow) {
      this.#window = Math.min(this.#calmWindow, this.#window + news);
      return;
    }
    this.#growth += news;
    if (this.#growth < this.#window || this.#window >= SPAN_PIECES) return;
    this.#growth = 0;
    this.#window++;
  }
}

/** How long an answer takes, measured, and so how long to wait for one before sending again. */
export class RoundTrip {
  /** The smoothed round trip; undefined while nothing is measured. */
  smoothMs: number | undefined;
  #swingMs = 0;
  /** How long to wait for the answer to something sent for the first time. */
  resendMs: number;

  constructor(readonly options: DatagramOptions) {
    this.resendMs = options.resendFirstMs;
  }

  /** One answer came after so long. Only for what was sent once: else nobody knows which sending it answers. */
  measured(ms: number): void {
    if (this.smoothMs === undefined) {
      this.smoothMs = ms;
      this.#swingMs = ms / 2;
    } else {
      this.#swingMs += (Math.abs(ms - this.smoothMs) - this.#swingMs) / 4;
      this.smoothMs += (ms - this.smoothMs) / 8;
    }
    const { resendLeastMs, resendMostMs } = this.options;
    this.resendMs = Math.min(resendMostMs, Math.max(resendLeastMs, this.smoothMs + 4 * this.#swingMs));
  }

  /** How long to wait after so many timeouts in a row. */
  waitMs(timeouts: number): number {
    return Math.min(this.options.resendMostMs, this.resendMs * 2 ** timeouts);
  }
}
