import { Fault } from "./errors.ts";
import { decodeText } from "./text.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = new Uint8Array(0);
const FIRST_BYTES = 256;
/** Free buffers, shared by all decoders: most connections are silent most of the time. */
const spares: Uint8Array[] = [];
const MAX_SPARES = 64;

/**
 * Decodes lines of text from bytes that arrive in pieces of any size.
 *
 * 1. `push` copies the bytes; the caller may reuse its buffer.
 * 2. `next` returns a line without its line break (`\n` or `\r\n`), a fault, or undefined for "not yet".
 * 3. A fault `not text` consumes its line. After `too long` the decoder returns nothing more.
 * 4. Once all bytes are taken, it holds no buffer.
 */
export class LineDecoder {
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** There is no line break before this index. */
  #scanned = 0;
  /** The index of the first line break; -1 when there is none. */
  #newlineAt = -1;
  #failed = false;

  /** Accepts lines of at most `lineBytes` bytes without the line break, and decodes each by `decode`. */
  constructor(readonly lineBytes: number, readonly decode: (bytes: Uint8Array) => string | Fault = decodeText) {}

  /** Bytes that were pushed and not taken yet. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    if (this.#failed) return;
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    if (this.#newlineAt < 0) this.#findNewline();
  }

  /** Whether a complete line has arrived. */
  get hasLine(): boolean {
    return this.#newlineAt >= 0;
  }

  next(): string | Fault | undefined {
    if (this.#failed) return undefined;
    const at = this.#newlineAt;
    const length = (at < 0 ? this.#end : at) - this.#start;
    // The `\r` is not part of the line.
    if (length > this.lineBytes && !(length === this.lineBytes + 1 && this.#endsWithReturn(at))) {
      this.#failed = true;
      this.#newlineAt = -1;
      this.#release();
      return new Fault("too long", `expected a line of at most ${this.lineBytes} bytes, found ${length}`);
    }
    if (at < 0) return undefined;
    const end = at > this.#start && this.#bytes[at - 1] === RETURN ? at - 1 : at;
    const line = this.decode(this.#bytes.subarray(this.#start, end));
    this.#start = this.#scanned = at + 1;
    if (this.#start === this.#end) this.#release();
    this.#findNewline();
    return line;
  }

  /** The text after the last line break: an unfinished line of a peer that has disconnected. */
  unfinishedText(): string {
    const text = this.decode(this.#bytes.subarray(this.#start, this.#end));
    return text instanceof Fault ? "" : text;
  }

  /** Takes all remaining bytes, for a reader of another format that follows. */
  takeBytes(): Uint8Array {
    const rest = this.#bytes.slice(this.#start, this.#end);
    this.#newlineAt = -1;
    this.#release();
    return rest;
  }

  #findNewline(): void {
    // The buffer holds old bytes beyond `#end`.
    const at = this.#scanned < this.#end ? this.#bytes.indexOf(NEWLINE, this.#scanned) : -1;
    this.#newlineAt = at < this.#end ? at : -1;
    if (this.#newlineAt < 0) this.#scanned = this.#end;
  }

  #endsWithReturn(at: number): boolean {
    return this.#bytes[(at < 0 ? this.#end : at) - 1] === RETURN;
  }

  #makeRoom(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const held = this.heldBytes;
    const old = this.#bytes;
    if (held + more > old.length) {
      const bytes = Math.max(FIRST_BYTES, held + more, Math.min(old.length * 2, this.lineBytes));
      this.#bytes = (bytes === FIRST_BYTES ? spares.pop() : undefined) ?? new Uint8Array(bytes);
    }
    this.#bytes.set(old.subarray(this.#start, this.#end), 0);
    this.#scanned -= this.#start;
    if (this.#newlineAt >= 0) this.#newlineAt -= this.#start;
    this.#start = 0;
    this.#end = held;
  }

  #release(): void {
    if (this.#bytes.length === FIRST_BYTES && spares.length < MAX_SPARES) spares.push(this.#bytes);
    this.#bytes = NOTHING;
    this.#start = this.#scanned = this.#end = 0;
  }
}
