import { Fault } from "./errors.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

const SCRATCH_BYTES = 4096;
const scratch = new Uint8Array(SCRATCH_BYTES);

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array {
  // Encoding into a scratch buffer and copying is twice as fast for short texts. A UTF-16 unit is at most three bytes.
  if (text.length * 3 > SCRATCH_BYTES) return encoder.encode(text);
  return scratch.slice(0, encoder.encodeInto(text, scratch).written);
}

/** Small, so that a short text which is kept holds little more memory than its own. */
const POOL_BYTES = 2048;
let pool = new Uint8Array(0);
let poolEnd = 0;

/**
 * Text as UTF-8, for short-lived bytes such as those to be sent: short texts share a buffer, which stays in memory as long as
 * one of them does. It takes a third of the time of `encodeText`, most of which goes into making a buffer.
 */
export function encodeBriefly(text: string): Uint8Array {
  const most = text.length * 3;
  if (most > POOL_BYTES / 2) return encoder.encode(text);
  if (poolEnd + most > pool.length) {
    pool = new Uint8Array(POOL_BYTES);
    poolEnd = 0;
  }
  const start = poolEnd;
  poolEnd += encoder.encodeInto(text, start === 0 ? pool : pool.subarray(start)).written;
  return pool.subarray(start, poolEnd);
}

/** Decodes UTF-8 and keeps a byte order mark; a fault when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | Fault {
  // The lenient decoder is three times as fast and puts U+FFFD where the strict one throws.
  const text = lenient.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  try {
    return strict.decode(bytes);
  } catch {
    return new Fault("not text", `expected UTF-8, found ${preview(bytes)}`);
  }
}

/** Decodes UTF-8, with U+FFFD for invalid bytes. For display only, never to pass on. */
export function decodeLossy(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

// C0 except tab, DEL and C1; line and paragraph separators; characters that change the direction of text.
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Replaces every character that could control a terminal or break a line by a visible one. */
export function sanitized(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** The same for a text of several lines; its line breaks become `\n`. */
export function sanitizedLines(text: string): string {
  return text.split(/\r?\n/).map(sanitized).join("\n");
}

/** Replaces line breaks by spaces. */
export function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/\r\n|[\r\n]/g, " ") : text;
}

/**
 * The lines of a text, for protocols with single-line messages: those that are not blank, or else the text as one line.
 * A carriage return that ends no line stays in its line.
 */
export function linesOf(text: string): readonly string[] {
  if (!text.includes("\n")) return [text];
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.length > 0 ? lines : [oneLine(text)];
}

/** Longest text of a message by default, at servers too; here, since the page is not sent the table of limits. */
export const TEXT_BYTES = 16 * 1024;
export const TEXT_LINES = 400;

/** The rule that a text breaks by its bytes as UTF-8, or by its lines; undefined when it breaks none. */
export function textFault(text: string, mostBytes: number, mostLines = TEXT_LINES): string | undefined {
  // A UTF-16 unit is at most three bytes.
  const bytes = text.length * 3 <= mostBytes ? 0 : encodeText(text).length;
  if (bytes > mostBytes) return `a text has at most ${mostBytes} bytes here, found ${bytes}`;
  if (!text.includes("\n")) return undefined;
  const lines = text.split("\n").length;
  return lines <= mostLines ? undefined : `a text has at most ${mostLines} lines here, found ${lines}`;
}

function preview(bytes: Uint8Array): string {
  const head = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > 8 ? `${head} … (${bytes.length} bytes)` : head;
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** A number of bytes for people: "812 bytes", "3.1 MB". */
export function formatBytes(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  // 999.5 would be rounded to four digits.
  while (amount >= 999.5 && unit < UNITS.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  if (unit === 0) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  return `${amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

/** A duration for people: "8 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(minutes, "min", seconds % 60, "s");
  return withRest(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** A time to wait for people: "250 ms", "5 s". */
export function formatWait(ms: number): string {
  return ms % 1000 === 0 ? formatDuration(ms) : `${ms} ms`;
}

function withRest(much: number, unit: string, little: number, smaller: string): string {
  return little === 0 ? `${much} ${unit}` : `${much} ${unit} ${little} ${smaller}`;
}

/** FNV-1a, 32 bits: not for texts that an attacker chooses. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
