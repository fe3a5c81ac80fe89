import { encodeText } from "./text.ts";

/** File systems allow 255 bytes; this leaves room for extensions and numbers. */
const NAME_BYTES = 200;
/** Not allowed on some system, steers a terminal, or is invisible. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/gu;
/** More marks in a row than Unicode's stream-safe format allows: normalization takes time quadratic in their number. */
const EXCESS_MARKS = /(\p{M}{30})\p{M}+/gu;
/** Devices on some systems, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/** A name chosen by another user as a safe file name: not a path, not hidden, not a device. Takes time linear in its length. */
export function safeName(name: string): string {
  const plain = name.replace(EXCESS_MARKS, "$1").normalize("NFC").replace(UNSAFE, "_").trim();
  // A leading dot hides a file; some systems drop trailing dots and spaces.
  let end = plain.length;
  while (end > 0 && (plain[end - 1] === "." || plain[end - 1] === " ")) end--;
  const visible = `${plain.slice(0, end)}${"_".repeat(plain.length - end)}`.replace(/^\./, "_");
  const fitting = shortened(visible === "" ? "_" : visible);
  return DEVICE.test(fitting) ? `_${fitting}` : fitting;
}

/** A name with a number before its extension, for a file beside one of the same name. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const [stem, extension] = split(name);
  return `${stem} (${number})${extension}`;
}

function split(name: string): [string, string] {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name.length - dot > 12 ? [name, ""] : [name.slice(0, dot), name.slice(dot)];
}

/** Cuts a long name, but not its extension. */
function shortened(name: string): string {
  if (encodeText(name).length <= NAME_BYTES) return name;
  const [stem, extension] = split(name);
  const max = NAME_BYTES - encodeText(extension).length;
  let kept = "";
  let bytes = 0;
  for (const character of stem) {
    bytes += encodeText(character).length;
    if (bytes > max) break;
    kept += character;
  }
  return `${kept.trimEnd()}${extension}`;
}
