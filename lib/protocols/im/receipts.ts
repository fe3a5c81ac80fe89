import { encodeText } from "../../core/text.ts";
import { RECEIPT } from "./lines.ts";

const NEWLINE = 0x0a;
const RECEIPT_BYTES = encodeText(RECEIPT);
const CODE_BYTES = encodeText("302");
const LINE_BYTES = encodeText(RECEIPT + "\n");

/**
 * Finds receipts in what a client sends on Lb, with the newline or without it, however it is cut or joined; other lines
 * are passed over, and so are NULs, with which programs in C fill up what they send. Memory: at most one receipt's bytes.
 */
export class ReceiptDecoder {
  #head = new Uint8Array(RECEIPT_BYTES.length);
  #length = 0;
  #passing = false;
  /** A receipt came without its newline, which may still come. */
  #complete = false;

  /** How many receipts have become whole with these bytes. */
  push(bytes: Uint8Array): number {
    // Nearly always: one receipt, its newline, nothing else, nothing left from before.
    if (this.#length === 0 && !this.#passing && isWholeLine(bytes)) return 1;
    let found = 0;
    for (const byte of bytes) {
      if (byte === 0) continue;
      if (byte === NEWLINE) {
        if (!this.#complete && this.#startsWithCode()) found++;
        this.#length = 0;
        this.#passing = this.#complete = false;
        continue;
      }
      if (this.#complete) {
        // A `\r` belongs to the newline to come; anything else begins the next receipt.
        if (byte === 0x0d) continue;
        this.#complete = false;
        this.#length = 0;
      }
      if (this.#passing) continue;
      if (this.#length === this.#head.length) {
        this.#passing = true;
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
    this.#passing = this.#complete = false;
  }

  #isReceipt(): boolean {
    return RECEIPT_BYTES.every((byte, i) => this.#head[i] === byte);
  }

  /** `302` and anything after it is a receipt too, once its line has ended. */
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
