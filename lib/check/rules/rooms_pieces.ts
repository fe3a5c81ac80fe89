import { encodeText } from "../../core/text.ts";

/** The rooms handout pauses for 100 ms; a busy machine joins what comes so close together. */
export const PAUSE_MS = 400;

export interface SentFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Bytes of every value, in an order in which no part is like the one before it. */
export const bytesOf = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i * 7 + (i >> 8)) & 255);

/** The words of a small file. */
export const CONTENTS = "what is in the file";
export const NOTES: SentFile = { name: "notes.txt", bytes: encodeText(CONTENTS) };
