import { concat } from "../../core/bytes.ts";
import { PACKED_ENTRIES } from "../../core/limits.ts";

// Several entries in one message of the log: each with four bytes of its length before it.

const LENGTH_BYTES = 4;

/** What an entry takes in a message. */
export function packedLength(entry: Uint8Array): number {
  return LENGTH_BYTES + entry.length;
}

export function pack(entries: readonly Uint8Array[]): Uint8Array {
  return concat(entries.flatMap((entry) => {
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, entry.length);
    return [length, entry];
  }));
}

/** The entries of a message. One that another program has written is an entry as it is. */
export function unpack(message: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < message.length;) {
    if (message.length - at < LENGTH_BYTES || entries.length === PACKED_ENTRIES) return [message];
    const end = at + LENGTH_BYTES + view.getUint32(at);
    if (end > message.length) return [message];
    entries.push(message.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return entries.length === 0 ? [message] : entries;
}

/** The place of the last entry of a message, which has this number in the log; those before it have the places before that. */
export function lastPlaceOf(sequence: number): number {
  return sequence * PACKED_ENTRIES;
}

/** The message that has the entry at a place, or would have it. */
export function sequenceOf(place: number): number {
  return Math.ceil(place / PACKED_ENTRIES);
}
