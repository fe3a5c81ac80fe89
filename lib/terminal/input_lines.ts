import { decodeLossy } from "../core/text.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Turns bytes, however they are cut or joined, into a queue of lines. */
export class InputLines {
  readonly #lineBytes: number;
  #lines: { text: string; bytes: number }[] = [];
  #heldBytes = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #count = 0;

  /** Lines of at most `lineBytes` without their line break; longer ones are skipped. */
  constructor(lineBytes: number) {
    this.#lineBytes = lineBytes;
  }

  /** The bytes of the queued lines. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Copies the bytes, and returns the numbers (from 1) of the lines that are too long. */
  push(bytes: Uint8Array): number[] {
    const tooLong: number[] = [];
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
      this.#gather(bytes.subarray(start, at));
      this.#finish(tooLong);
      start = at + 1;
    }
    this.#gather(bytes.subarray(start));
    return tooLong;
  }

  /** Ends the input: text after the last line break is a line too. */
  end(): number[] {
    const tooLong: number[] = [];
    if (this.#partBytes > 0) this.#finish(tooLong);
    return tooLong;
  }

  /** Removes the oldest line. */
  shift(): string | undefined {
    const line = this.#lines.shift();
    if (line !== undefined) this.#heldBytes -= line.bytes;
    return line?.text;
  }

  #gather(bytes: Uint8Array): void {
    this.#partBytes += bytes.length;
    // One more byte for a "\r", which is no part of the line.
    if (this.#partBytes > this.#lineBytes + 1) this.#parts = [];
    else if (bytes.length > 0) this.#parts.push(bytes.slice());
  }

  #finish(tooLong: number[]): void {
    this.#count++;
    const text = this.#joined();
    if (text === null) {
      tooLong.push(this.#count);
    } else {
      const bytes = this.#partBytes + 1;
      this.#lines.push({ text, bytes });
      this.#heldBytes += bytes;
    }
    this.#parts = [];
    this.#partBytes = 0;
  }

  #joined(): string | null {
    if (this.#partBytes > this.#lineBytes + 1) return null;
    const bytes = new Uint8Array(this.#partBytes);
    let filled = 0;
    for (const part of this.#parts) {
      bytes.set(part, filled);
      filled += part.length;
    }
    const line = bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
    if (line.length > this.#lineBytes) return null;
    const text = decodeLossy(line);
    return this.#count === 1 ? text.replace(/^\ufeff/, "") : text;
  }
}
