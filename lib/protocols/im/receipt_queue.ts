import type { Message } from "../../chat/event.ts";
import { concat } from "../../core/bytes.ts";
import type { Limits } from "../../core/limits.ts";
import { RateLimiter } from "../../core/limiters.ts";
import type { Outputs } from "../../core/machine.ts";
import { encodeText, formatWait } from "../../core/text.ts";
import { decodeWire, quoted } from "../../core/wire_text.ts";
import type { SessionOutput } from "../session.ts";
import { encodeMessage, LB, RECEIPT } from "./lines.ts";
import { ReceiptDecoder } from "./receipt_decoder.ts";

/** A receipt, with `\r\n` and a NUL behind it. */
const MAX_RECEIPT_BYTES = encodeText(RECEIPT).length + 3;
/** Bytes of an answer that is no receipt, which the log quotes. */
const QUOTED_BYTES = 120;
/** Broadcasts that count as failed and are still to be sent to a session that is deaf to them. */
const MAX_LATE = 64;

export type ReceiptLimits = Pick<
  Limits,
  "receiptMs" | "deafMs" | "outboxBytes" | "burstCommands" | "commandsPerSecond"
>;

interface Queued {
  readonly message: Message;
  /** The lines that are not sent yet, and the bytes of all. */
  lines: readonly Uint8Array[];
  readonly bytes: number;
  /** When it counts as missed, though it may still be sent. */
  giveUpAt: number;
  /** Whether the hub knows its outcome. */
  settled: boolean;
}

/**
 * The messages for one Lb: one message at a time, the next only when the last is confirmed or given up. A message of several
 * lines is sent a line at a time, the next when the last is confirmed; it is confirmed with its last line, and given up with
 * any that is not confirmed.
 *
 * 1. A receipt carries no number. One that comes when nothing is in flight is dropped; one that comes late, while the next
 *    message is in flight, counts for that one: the handout gives no way to tell them apart.
 * 2. The receipt of the message in flight is free. Everything else that comes on Lb counts as a command for each receipt's
 *    length of bytes; above the rate of commands Lb is not read for a while.
 * 3. A session that confirms private messages and has missed a broadcast is deaf to broadcasts: each counts as missed `deafMs`
 *    after it was offered, and never as one of the `misses`. What still waits then is sent only while no private message waits
 *    behind it. A receipt for a broadcast, even a late one, ends this.
 */
export class ReceiptQueue {
  readonly #limits: ReceiptLimits;
  readonly #outputs: Outputs<SessionOutput>;
  readonly #receipts = new ReceiptDecoder();
  #waiting: Queued[] = [];
  #waitingBytes = 0;
  #inFlight: Queued | undefined;
  #open = false;
  readonly #rate: RateLimiter;
  /** When Lb is to be read again; Infinity while it is read. */
  readableAt = Infinity;
  /** When the message in flight is given up. */
  deadline = Infinity;
  /** Messages in a row that were given up. */
  misses = 0;
  /** What came since the message in flight was sent, as far as it is quoted, and how many bytes. */
  #answer = new Uint8Array(0);
  #answerBytes = 0;
  #confirmsPrivate = false;
  #missesBroadcasts = false;

  /** Pushes its outputs to those of its session. */
  constructor(limits: ReceiptLimits, outputs: Outputs<SessionOutput>, now: number) {
    this.#limits = limits;
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
    this.#outputs = outputs;
  }

  /** Lb is connected. */
  open(now: number): void {
    this.#open = true;
    this.#advance(now);
  }

  /** When `tick` is wanted. */
  get wakeAt(): number {
    return Math.min(this.deadline, this.readableAt, this.#giveUpAt);
  }

  /** Whether to read more of Lb. */
  get hungry(): boolean {
    return this.readableAt === Infinity;
  }

  /** Whether broadcasts are given `deafMs` alone. */
  get isDeaf(): boolean {
    return this.#confirmsPrivate && this.#missesBroadcasts;
  }

  /** Queues a message. */
  offer(message: Message, now: number): void {
    const lines = encodeMessage(message);
    const bytes = lines.reduce((sum, { length }) => sum + length, 0);
    if (this.#waitingBytes + bytes > this.#limits.outboxBytes) {
      this.#complain(`is sent no more: ${this.#waitingBytes} bytes wait already`);
      return this.#missed(message, false);
    }
    const giveUpAt = this.isDeaf && message.scope === "all" ? now + this.#limits.deafMs : Infinity;
    this.#waiting.push({ message, lines, bytes, giveUpAt, settled: false });
    this.#waitingBytes += bytes;
    this.#advance(now);
  }

  /** Bytes that the client sent on Lb. */
  receive(bytes: Uint8Array, now: number): void {
    const count = this.#receipts.push(bytes);
    if (count !== 1 || !this.#inFlight || bytes.length > MAX_RECEIPT_BYTES) this.#charge(bytes.length, now);
    if (count === 0) return this.#noReceipt(bytes);
    // At most one message: further receipts were sent before the next message was.
    const queued = this.#inFlight;
    if (!queued) {
      // Nothing is sent before a private message is settled, so this is for a broadcast that was given up.
      if (this.isDeaf) this.#hears();
      return;
    }
    this.misses = 0;
    if (queued.message.scope === "all") this.#hears();
    else {
      this.#confirmsPrivate = true;
      this.#becomeDeaf(now);
    }
    if (queued.lines.length > 0) return this.#sendLine(queued, now);
    this.#inFlight = undefined;
    this.deadline = Infinity;
    if (!queued.settled) this.#outputs.push({ type: "command", command: { type: "taken", id: queued.message.id } });
    this.#advance(now);
  }

  /** Gives up messages whose time is over. */
  tick(now: number): void {
    if (now >= this.readableAt) this.readableAt = Infinity;
    this.#giveUpWaiting(now);
    if (now < this.deadline || !this.#inFlight) return;
    const { message, settled } = this.#inFlight;
    this.#inFlight = undefined;
    this.deadline = Infinity;
    if (!settled) {
      const isBroadcast = message.scope === "all";
      this.#complain(this.#whatCame(this.isDeaf && isBroadcast ? this.#limits.deafMs : this.#limits.receiptMs));
      if (isBroadcast) this.#missesBroadcasts = true;
      if (!isBroadcast || !this.isDeaf) this.misses++;
      this.#missed(message, true);
      this.#becomeDeaf(now);
    }
    this.#advance(now);
  }

  /** Drops everything. */
  close(): void {
    this.#open = false;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#inFlight = undefined;
    this.deadline = this.readableAt = Infinity;
  }

  /** When the first broadcast that waits is given up. */
  get #giveUpAt(): number {
    if (!this.isDeaf) return Infinity;
    return this.#waiting.find(({ settled, giveUpAt }) => !settled && giveUpAt < Infinity)?.giveUpAt ?? Infinity;
  }

  #giveUpWaiting(now: number): void {
    if (now < this.#giveUpAt) return;
    for (const queued of this.#waiting) {
      if (queued.settled || now < queued.giveUpAt) continue;
      queued.settled = true;
      this.#complain("confirms no broadcasts, and missed one that waited behind another");
      this.#missed(queued.message, false);
    }
    const late = this.#waiting.reduce((count, { settled }) => count + (settled ? 1 : 0), 0);
    if (late > MAX_LATE) this.#dropLate(late - MAX_LATE);
  }

  /** Forgets this many of the broadcasts that count as failed, the oldest first. */
  #dropLate(most: number): void {
    let dropped = 0;
    this.#waiting = this.#waiting.filter(({ bytes, settled }) => {
      if (!settled || dropped === most) return true;
      dropped++;
      this.#waitingBytes -= bytes;
      return false;
    });
  }

  /** The broadcasts that wait are given as long as those that come. */
  #becomeDeaf(now: number): void {
    if (!this.isDeaf) return;
    for (const queued of this.#waiting) {
      if (queued.message.scope === "all" && queued.giveUpAt === Infinity) queued.giveUpAt = now + this.#limits.deafMs;
    }
  }

  #hears(): void {
    this.#missesBroadcasts = false;
    for (const queued of this.#waiting) queued.giveUpAt = Infinity;
  }

  #noReceipt(bytes: Uint8Array): void {
    if (!this.#inFlight) return;
    const room = QUOTED_BYTES - this.#answer.length;
    if (room > 0) this.#answer = concat([this.#answer, bytes.subarray(0, room)]);
    this.#answerBytes += bytes.length;
  }

  /** What came in place of a receipt, for the log. */
  #whatCame(ms: number): string {
    if (this.#answerBytes === 0) return `answered nothing within ${formatWait(ms)}, expected "${RECEIPT}"`;
    const text = decodeWire(this.#answer);
    const whole = this.#answerBytes === this.#answer.length;
    if (whole && text.endsWith("\n")) return `answered ${quoted(text.slice(0, -1))}, expected "${RECEIPT}"`;
    const size = this.#answerBytes === 1 ? "1 byte" : `${this.#answerBytes} bytes`;
    const kind = text.includes("\n") ? "" : " without a line end";
    return `answered ${size}${kind}, ${quoted(text)}${whole ? "" : " and more"}, expected "${RECEIPT}"`;
  }

  #charge(bytes: number, now: number): void {
    this.#rate.charge(now, Math.ceil(bytes / MAX_RECEIPT_BYTES));
    const readyAt = this.#rate.readyAt(now);
    this.readableAt = readyAt > now ? readyAt : Infinity;
  }

  #complain(text: string): void {
    this.#outputs.push({ type: "complaint", link: LB, text });
  }

  #missed({ id }: Message, sent: boolean): void {
    this.#outputs.push({ type: "command", command: { type: "missed", id, sent } });
  }

  #advance(now: number): void {
    if (!this.#open || this.#inFlight) return;
    // A private message is not held up by broadcasts that count as failed already.
    if (this.#waiting[0]?.settled && this.#waiting.some(({ message }) => message.scope === "one")) {
      this.#dropLate(Infinity);
    }
    const queued = this.#waiting.shift();
    if (!queued) return;
    this.#waitingBytes -= queued.bytes;
    this.#inFlight = queued;
    this.#sendLine(queued, now);
  }

  #sendLine(queued: Queued, now: number): void {
    const [bytes, ...rest] = queued.lines;
    queued.lines = rest;
    // Half a receipt that has come already was meant for an earlier message.
    this.#receipts.forget();
    this.#answer = new Uint8Array(0);
    this.#answerBytes = 0;
    const isShort = this.isDeaf && queued.message.scope === "all";
    this.deadline = now + (isShort ? this.#limits.deafMs : this.#limits.receiptMs);
    this.#outputs.push({ type: "write", link: LB, bytes: bytes! });
  }
}
