import { encodeText } from "../../core/text.ts";
import { RECEIPT } from "./lines.ts";

const NEWLINE = 0x0a;
const RECEIPT_BYTES = encodeText(RECEIPT);
const CODE_BYTES = encodeText("302");
const LINE_BYTES = encodeText(RECEIPT + "\n");

/**
 * Finds receipts in what a client sends on Lb, with or without their newline, however they are cut or joined. It ignores
 * other lines, and NULs, which programs in C send at the end of a buffer. It holds at most one receipt's bytes.
 */
export class ReceiptDecoder {
  #head = new Uint8Array(RECEIPT_BYTES.length);
  #length = 0;
  /** The rest of the line is ignored. */
  #skipping = false;
  /** A receipt came without its newline, which may still come. */
  #complete = false;

  /** Returns how many receipts these bytes complete. */
  push(bytes: Uint8Array): number {
    // The usual case: one receipt with its newline, and nothing left from before.
    if (this.#length === 0 && !this.#skipping && isWholeLine(bytes)) return 1;
    let found = 0;
    for (const byte of bytes) {
      if (byte === 0) continue;
      if (byte === NEWLINE) {
        if (!this.#complete && this.#startsWithCode()) found++;
        this.#length = 0;
        this.#skipping = this.#complete = false;
        continue;
      }
      if (this.#complete) {
        // A `\r` belongs to the newline that follows; anything else begins the next receipt.
        if (byte === 0x0d) continue;
        this.#complete = false;
        this.#length = 0;
      }
      if (this.#skipping) continue;
      if (this.#length === this.#head.length) {
        this.#skipping = true;
        continue;
      }
      this.#head[this.#length++] = byte;
      if (this.#length === RECEIPT_BYTES.length && this.#isReceipt()) {
        found++;
        this.#complete = true;
      }
    }
    return found;
  }

  /** Forgets the beginning of a line that has not ended. */
  forget(): void {
    this.#length = 0;
    this.#skipping = this.#complete = false;
  }

  #isReceipt(): boolean {
    return RECEIPT_BYTES.every((byte, i) => this.#head[i] === byte);
  }

  /** A line of `302` and any text is a receipt too. */
  #startsWithCode(): boolean {
    if (this.#length < CODE_BYTES.length) return false;
    const after = this.#head[CODE_BYTES.length];
    return CODE_BYTES.every((byte, i) => this.#head[i] === byte) &&
      (this.#length === CODE_BYTES.length || after === 0x20 || after === 0x0d);
  }
}

function isWholeLine(bytes: Uint8Array): boolean {
  if (bytes.length !== LINE_BYTES.length) return false;
  for (let i = 0; i < LINE_BYTES.length; i++) if (bytes[i] !== LINE_BYTES[i]) return false;
  return true;
}
