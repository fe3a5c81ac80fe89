import { Fault } from "./errors.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

const SCRATCH_BYTES = 4096;
const scratch = new Uint8Array(SCRATCH_BYTES);

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array {
  // Into one place and then copied out is twice as fast for what people type; a character is at most three bytes.
  if (text.length * 3 > SCRATCH_BYTES) return encoder.encode(text);
  return scratch.slice(0, encoder.encodeInto(text, scratch).written);
}

/** UTF-8 as text, every character kept; a fault when it is not UTF-8. */
export function decodeText(bytes: Uint8Array): string | Fault {
  // The lenient decoder is three times as fast, and leaves a mark where the strict one would object.
  const text = lenient.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  try {
    return strict.decode(bytes);
  } catch {
    return new Fault("not text", `expected UTF-8, found ${preview(bytes)}`);
  }
}

/** UTF-8 as text; what is not UTF-8 becomes U+FFFD. For showing, never for passing on. */
export function decodeLossy(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

// C0 without tab, DEL and C1; line and paragraph separators; marks that turn the direction of what follows.
// deno-lint-ignore no-control-regex
const UNFIT = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The text with nothing in it that could steer a terminal or break a line: each such character becomes visible. */
export function sanitized(text: string): string {
  return text.replace(UNFIT, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** The text as one line: line breaks become spaces, everything else stays. */
export function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/\r\n|[\r\n]/g, " ") : text;
}

/** The rule that a text breaks by having more than `most` bytes as UTF-8; undefined when it has not. */
export function textFault(text: string, most: number): string | undefined {
  if (text.length * 3 <= most) return undefined; // a UTF-16 unit is at most three bytes
  const bytes = encodeText(text).length;
  return bytes <= most ? undefined : `a text has at most ${most} bytes here, found ${bytes}`;
}

function preview(bytes: Uint8Array): string {
  const head = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > 8 ? `${head} … (${bytes.length} bytes)` : head;
}
