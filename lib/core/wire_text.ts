/**
 * Bytes as text without loss: a byte that is not part of valid UTF-8 becomes the lone surrogate U+DC00 plus the byte, as in
 * Python's `surrogateescape`. No valid UTF-8 decodes to a lone surrogate, so nothing can be mistaken for such a byte.
 */

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const ESCAPE = 0xdc00;

/** Bytes as text; `escapesBytes` tells whether any of them is not UTF-8. */
export function decodeWire(bytes: Uint8Array): string {
  const text = lenient.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  let found = "";
  let start = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      found += lenient.decode(bytes.subarray(start, at)) + String.fromCharCode(ESCAPE + bytes[at]!);
      start = ++at;
    } else at += length;
  }
  return found + lenient.decode(bytes.subarray(start));
}

/** Whether a text of `decodeWire` stands for bytes that are not UTF-8. */
export function escapesBytes(text: string): boolean {
  return !text.isWellFormed();
}

/** The bytes that a text of `decodeWire` stands for. */
export function encodeWire(text: string): Uint8Array {
  if (!escapesBytes(text)) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE && code <= ESCAPE + 0xff) bytes.push(code - ESCAPE);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** The length of the UTF-8 sequence that begins here; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}

const NAMED: Readonly<Record<string, string>> = { "\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\" };

// Control and format characters, separators but the space, bytes that are not UTF-8, and the backslash that marks all of them.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u115f\u1160\u3164\uffa0\\]|(?! )\p{Zs}/gu;

/** A text of `decodeWire` with everything that a reader would not see: `\r`, `\0`, `\x1b`, `\xff`, `\u{200b}`; `\\` is a backslash. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0)!;
    if (NAMED[character] !== undefined) return NAMED[character];
    if (code >= ESCAPE && code <= ESCAPE + 0xff) return hex(code - ESCAPE);
    return code < 0x80 ? hex(code) : `\\u{${code.toString(16)}}`;
  });
}

/** `visible`, and each space at the end of a line, or of the text, is shown as `␠`. */
export function visibleEnds(text: string): string {
  return visible(text.replace(/ +/g, (spaces, at: number) => {
    let after = at + spaces.length;
    while (text[after] === "\r") after++;
    return after === text.length || text[after] === "\n" ? "␠".repeat(spaces.length) : spaces;
  }));
}

/** Bytes in the same way; what is not UTF-8 is visible too. */
export function visibleBytes(bytes: Uint8Array): string {
  return visibleEnds(decodeWire(bytes));
}

/** `visible`, and each space that is doubled, or that begins or ends the text, is shown as `␠`. */
function visibleSpaces(text: string): string {
  return visible(text).replace(/^ +| +$| {2,}/g, (spaces) => "␠".repeat(spaces.length));
}

/** A text that was found, for a log line: in quotes, with its spacing and invisible characters, cut when it is long. */
export function quoted(text: string, most = 120): string {
  const shown = text.length > most ? `${visibleSpaces(text.slice(0, most))}…` : visibleSpaces(text);
  return `"${shown}"`;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
