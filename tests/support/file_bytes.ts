import type { Fault } from "../../lib/core/errors.ts";
import type { Entry } from "../../lib/protocols/transfer/manifest.ts";
import { safePaths } from "../../lib/protocols/transfer/safe_names.ts";
import { Buffer } from "node:buffer";

/** Random bytes, no two blocks of them alike. */
export function randomBytes(count: number): Uint8Array {
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  const all = new Uint8Array(count);
  for (let at = 0; at < count; at += block.length) {
    new DataView(block.buffer).setUint32(0, at);
    all.set(block.subarray(0, count - at), at);
  }
  return all;
}

/** Whether a file holds exactly these bytes. */
export function contains(path: string, bytes: Uint8Array): boolean {
  return Buffer.compare(Deno.readFileSync(path), bytes) === 0;
}

/** The size of a file; 0 if there is none. */
export function sizeOf(path: string): number {
  return exists(path) ? Deno.statSync(path).size : 0;
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Pseudo-random bytes, the same for the same seed. */
export function seededBytes(count: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(count / 4));
  for (let i = 0, word = seed; i < words.length; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) >>> 0;
    // The low bits of such a generator repeat soon.
    words[i] = word ^ (word >>> 16);
  }
  return new Uint8Array(words.buffer, 0, count);
}

/** The safe paths of entries, made at once. */
export function allSafePaths(entries: readonly Entry[]): string[] | Fault {
  const slices = safePaths(entries);
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}
