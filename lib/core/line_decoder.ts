import { Fault } from "./errors.ts";
import { decodeText } from "./text.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = new Uint8Array(0);
const FIRST_BYTES = 256;

/**
 * Turns bytes, however they are cut or joined, into lines of text.
 *
 * 1. `push` copies; the caller may use its buffer again at once.
 * 2. `next` gives a line without its line break (`\n` or `\r\n`), a fault, or `undefined` for "not yet".
 * 3. `not text` spends the line it speaks of. After `too long` nothing comes any more.
 * 4. With everything taken it holds 256 bytes at most.
 */
export class LineDecoder {
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** Up to where no line break was found. */
  #scanned = 0;
  /** Where the first line break stands; -1 when there is none. */
  #break = -1;
  #spoiled = false;

  /** Lines of at most `lineBytes`; `decode` says what text the bytes of one are. */
  constructor(readonly lineBytes: number, readonly decode: (bytes: Uint8Array) => string | Fault = decodeText) {}

  /** Bytes pushed and not yet taken. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    if (this.#spoiled) return;
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    if (this.#break < 0) this.#findBreak();
  }

  /** Whether a whole line waits. */
  get hasLine(): boolean {
    return this.#break >= 0;
  }

  next(): string | Fault | undefined {
    if (this.#spoiled) return undefined;
    const at = this.#break;
    const length = (at < 0 ? this.#end : at) - this.#start;
    // One byte of grace for the `\r` that is no part of the line.
    if (length > this.lineBytes && !(length === this.lineBytes + 1 && this.#endsWithReturn(at))) {
      this.#spoiled = true;
      this.#break = -1;
      this.#release();
      return new Fault("too long", `expected a line of at most ${this.lineBytes} bytes, found ${length}`);
    }
    if (at < 0) return undefined;
    const end = at > this.#start && this.#bytes[at - 1] === RETURN ? at - 1 : at;
    const line = this.decode(this.#bytes.subarray(this.#start, end));
    this.#start = this.#scanned = at + 1;
    if (this.#start === this.#end) this.#release();
    this.#findBreak();
    return line;
  }

  /** What stands after the last line break, as text: what a peer that is gone has left unfinished. */
  rest(): string {
    const text = this.decode(this.#bytes.subarray(this.#start, this.#end));
    return text instanceof Fault ? "" : text;
  }

  /** Takes all bytes that were pushed and not taken: for whoever goes on reading what is no lines of ours. */
  takeRest(): Uint8Array {
    const rest = this.#bytes.slice(this.#start, this.#end);
    this.#break = -1;
    this.#release();
    return rest;
  }

  #findBreak(): void {
    // What stands behind the end is from before.
    const at = this.#scanned < this.#end ? this.#bytes.indexOf(NEWLINE, this.#scanned) : -1;
    this.#break = at < this.#end ? at : -1;
    if (this.#break < 0) this.#scanned = this.#end;
  }

  #endsWithReturn(at: number): boolean {
    return this.#bytes[(at < 0 ? this.#end : at) - 1] === RETURN;
  }

  #makeRoom(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const held = this.heldBytes;
    const old = this.#bytes;
    if (held + more > old.length) {
      this.#bytes = new Uint8Array(Math.max(FIRST_BYTES, held + more, Math.min(old.length * 2, this.lineBytes)));
    }
    this.#bytes.set(old.subarray(this.#start, this.#end), 0);
    this.#scanned -= this.#start;
    if (this.#break >= 0) this.#break -= this.#start;
    this.#start = 0;
    this.#end = held;
  }

  #release(): void {
    if (this.#bytes.length > FIRST_BYTES) this.#bytes = NOTHING;
    this.#start = this.#scanned = this.#end = 0;
  }
}
