import { concat } from "../../core/bytes.ts";
import { encodeText } from "../../core/text.ts";

/** A file to be sent: the pieces before its bytes, and how many bytes it has. */
export interface OutgoingFile {
  readonly headers: readonly Uint8Array[];
  readonly bytes: number;
}

/** What is to be done now. */
export type Step<File extends OutgoingFile> =
  /** Write this by itself. */
  | { readonly type: "piece"; readonly bytes: Uint8Array }
  /** Write at most `count` bytes of the file from `at` on, and report how many by `wrote`. */
  | { readonly type: "data"; readonly file: File; readonly at: number; readonly count: number }
  /** The transport has taken the last byte of the file. */
  | { readonly type: "taken"; readonly file: File };

interface Current<File> {
  readonly file: File;
  /** How many bytes were written. */
  at: number;
  hasBegun: boolean;
  /** How much the transport had taken when it was last seen to wait, and before that. */
  marks: { readonly at: number; readonly taken: number }[];
}

/** Between two looks whether the transport has taken what was written. */
const LOOK_MS = 10;
/** In one write of a file's bytes. */
const DATA_BYTES = 64 * 1024;
/**
 * After a file: what a receiver's system and ours may hold at most of what its program has not read; the slowest program that
 * is waited for where its pace is not seen; the longest wait then, and the longest of all.
 */
const HELD_BYTES = 4 * 1024 * 1024;
const SLOW_BYTES_PER_MS = 1000;
const UNSEEN_MS = 2000;
const MOST_SILENCE_MS = 30_000;
/** The pace is that of the last bytes, over at least this time. */
const PACE_MS = 200;
/** Up to this many waiting texts are pieces of their own; more are joined as lines, in pieces of at most `JOINED_BYTES`. */
const SINGLE_TEXTS = 8;
const JOINED_BYTES = 1024;
const NEWLINE = encodeText("\n");

/**
 * Writes pieces, which have nothing but silence between them, and files. Pure; what writes is told by `next`.
 *
 * 1. A piece is written when the transport has taken everything before, and `pauseMs` after that.
 * 2. A file's bytes follow its last header after a pause, without pauses, as fast as the transport takes them; nothing else is
 *    written meanwhile.
 * 3. After the last byte there is silence for `pauseMs`, and for as long as a slow program may take to read what the systems
 *    in between have taken: a program that gets one byte more than the file has never ends.
 */
export class PieceWriter<File extends OutgoingFile = OutgoingFile> {
  /** When `next` is wanted again. */
  wakeAt = Infinity;
  readonly #items: (Uint8Array | File)[] = [];
  #textBytes = 0;
  #headers: Uint8Array[] = [];
  /** The file that is being written; `hasBegun` once its bytes are being written. */
  #file: Current<File> | undefined;
  #readyAt = -Infinity;
  /** Whether the transport has still had something when it was looked at last. */
  #blocked = false;
  #waiting = 0;
  #movedAt = Infinity;

  /** `joins`: whether many texts that wait may come as lines of one piece. */
  constructor(readonly pauseMs: number, readonly windowBytes: number, readonly joins = true) {}

  /** Bytes of texts that wait. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** Whether everything was written and taken, and the pause after it is over. */
  isIdle(now: number): boolean {
    return this.#items.length === 0 && !this.#file && now >= this.#readyAt && !this.#blocked;
  }

  /** Since when the transport has taken nothing though it has something; Infinity when it has nothing. */
  get stalledSince(): number {
    return this.#movedAt;
  }

  text(bytes: Uint8Array): void {
    this.#items.push(bytes);
    this.#textBytes += bytes.length;
    this.wakeAt = -Infinity;
  }

  file(file: File): void {
    this.#items.push(file);
    this.wakeAt = -Infinity;
  }

  /** The first of the texts that wait, before the end; none while a file is written, whose bytes they would be taken for. */
  lastTexts(): Uint8Array | undefined {
    const first = this.#file ? undefined : this.#items[0];
    if (!(first instanceof Uint8Array)) return undefined;
    this.#items.shift();
    return this.#joined(first);
  }

  /** This many bytes of the file were written. */
  wrote(bytes: number): void {
    this.#file!.at += bytes;
  }

  /** What is to be done now; undefined until `wakeAt`. `waiting` bytes were written and not taken by the transport. */
  next(now: number, waiting: number): Step<File> | undefined {
    this.#look(now, waiting);
    const current = this.#file;
    if (current && this.#headers.length === 0 && (current.hasBegun || this.#isFree(now, waiting))) {
      return this.#data(current, now, waiting);
    }
    if (!current && this.#items.length === 0) {
      // It is idle after the pause.
      return this.#sleep(waiting > 0 ? now + LOOK_MS : now < this.#readyAt ? this.#readyAt : Infinity);
    }
    if (!this.#isFree(now, waiting)) return undefined;
    this.#readyAt = now + this.pauseMs;
    return { type: "piece", bytes: this.#headers.shift() ?? this.#nextPiece() };
  }

  #data(current: Current<File>, now: number, waiting: number): Step<File> | undefined {
    const { file } = current;
    current.hasBegun = true;
    const left = file.bytes - current.at;
    const last = current.marks.at(-1);
    if (waiting > 0 && (!last || now >= last.at + PACE_MS)) {
      current.marks = [...last ? [last] : [], { at: now, taken: current.at - waiting }];
    }
    if (left > 0) {
      if (waiting >= this.windowBytes) return this.#sleep(now + LOOK_MS);
      const count = Math.min(left, DATA_BYTES, Math.max(1, this.windowBytes - waiting));
      return { type: "data", file, at: current.at, count };
    }
    if (waiting > 0) return this.#sleep(now + LOOK_MS);
    this.#file = undefined;
    this.#readyAt = Math.max(this.#readyAt, now + this.pauseMs + silenceAfter(current, now));
    return { type: "taken", file };
  }

  #nextPiece(): Uint8Array {
    const item = this.#items.shift()!;
    if (!(item instanceof Uint8Array)) {
      this.#file = { file: item, at: 0, hasBegun: false, marks: [] };
      const [first, ...rest] = item.headers;
      this.#headers = rest;
      return first!;
    }
    this.#textBytes -= item.length;
    return !this.joins || this.#items.length < SINGLE_TEXTS ? item : this.#joined(item);
  }

  /** Texts that wait behind this one, as lines of one piece. */
  #joined(first: Uint8Array): Uint8Array {
    const parts = [first];
    let bytes = first.length;
    for (let next = this.#items[0]; next instanceof Uint8Array; next = this.#items[0]) {
      if (bytes + 1 + next.length > JOINED_BYTES) break;
      parts.push(NEWLINE, next);
      bytes += 1 + next.length;
      this.#textBytes -= next.length;
      this.#items.shift();
    }
    return concat(parts);
  }

  /** Whether a piece may be written now; otherwise sleeps. */
  #isFree(now: number, waiting: number): boolean {
    if (waiting > 0) {
      this.#blocked = true;
      this.#sleep(now + LOOK_MS);
      return false;
    }
    if (this.#blocked) {
      // It was taken a moment ago.
      this.#blocked = false;
      this.#readyAt = Math.max(this.#readyAt, now + this.pauseMs);
    }
    if (now >= this.#readyAt) return true;
    this.#sleep(this.#readyAt);
    return false;
  }

  #look(now: number, waiting: number): void {
    if (waiting === 0) this.#movedAt = Infinity;
    else if (waiting < this.#waiting || this.#movedAt === Infinity) this.#movedAt = now;
    this.#waiting = waiting;
  }

  #sleep(until: number): undefined {
    this.wakeAt = until;
  }
}

/** How long a receiver's program may go on reading after the transport has taken the last byte. */
function silenceAfter({ file: { bytes }, marks }: Current<OutgoingFile>, now: number): number {
  const unseen = Math.min(bytes / SLOW_BYTES_PER_MS, UNSEEN_MS);
  const mark = marks[0];
  if (!mark || now <= mark.at) return unseen;
  const pace = (bytes - mark.taken) / (now - mark.at);
  return Math.min(MOST_SILENCE_MS, Math.max(unseen, Math.min(bytes, HELD_BYTES) / pace));
}
