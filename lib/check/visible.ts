import { decodeText } from "../core/text.ts";
import { Fault } from "../core/errors.ts";

const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\\": "\\\\" };
// Control characters, and characters that are not seen or turn the text around.
// deno-lint-ignore no-control-regex
const HIDDEN = /[\\\u0000-\u001f\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Bytes as text in which everything that is not printable can be seen. */
export function visible(bytes: Uint8Array): string {
  const text = decodeText(bytes);
  if (text instanceof Fault) {
    return Array.from(bytes, (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byteName(byte)).join(
      "",
    );
  }
  return visibleText(text);
}

export function visibleText(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.charCodeAt(0);
    return NAMES[character] ?? (code < 0x100 ? byteName(code) : `\\u${code.toString(16).padStart(4, "0")}`);
  });
}

function byteName(byte: number): string {
  return NAMES[String.fromCharCode(byte)] ?? `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Where two texts first differ, as a line to stand under them; undefined when one begins with the other's whole. */
export function difference(expected: string, got: string): number | undefined {
  if (expected === got) return undefined;
  let i = 0;
  while (i < expected.length && i < got.length && expected[i] === got[i]) i++;
  return i;
}
