import { concat } from "../core/bytes.ts";
import { encodeText } from "../core/text.ts";

/** One value in DER: its tag, its length, its content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, { length }) => sum + length, 0);
  const lengthBytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthBytes.unshift(rest % 256);
  const head = length < 128 ? [tag, length] : [tag, 128 + lengthBytes.length, ...lengthBytes];
  return concat([new Uint8Array(head), ...content]);
}

/** Several values as one. */
export function sequence(...content: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...content);
}

/** A whole number of at most a byte, or any positive one as its big-endian bytes. */
export function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === "number" ? new Uint8Array([value]) : value;
  // A first bit that is set would make it negative.
  return bytes[0]! >= 0x80 ? der(0x02, new Uint8Array([0]), bytes) : der(0x02, bytes);
}

/** An object's name, `1.2.840.10045`. */
export function objectId(name: string): Uint8Array {
  const [first, second, ...rest] = name.split(".").map(Number);
  const bytes = [first! * 40 + second!];
  for (const part of rest) {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + left % 128);
    bytes.push(...groups);
  }
  return der(0x06, new Uint8Array(bytes));
}

/** Whole bytes as a string of bits. */
export function bits(bytes: Uint8Array): Uint8Array {
  return der(0x03, new Uint8Array([0]), bytes);
}

/** A moment, in seconds, of the years 2000 to 2049. */
export function moment(timeMs: number): Uint8Array {
  return der(0x17, encodeText(new Date(timeMs).toISOString().replace(/^\d\d|[-:T]|\.\d+/g, "")));
}
