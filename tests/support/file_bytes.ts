import { Buffer } from "node:buffer";

/** So many bytes that nobody knows beforehand, no two blocks the same. */
export function someBytes(count: number): Uint8Array {
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  const all = new Uint8Array(count);
  for (let at = 0; at < count; at += block.length) {
    new DataView(block.buffer).setUint32(0, at);
    all.set(block.subarray(0, count - at), at);
  }
  return all;
}

/** Whether a file holds exactly these bytes. */
export function holds(path: string, bytes: Uint8Array): boolean {
  return Buffer.compare(Deno.readFileSync(path), bytes) === 0;
}

/** How great a file is; 0 when there is none. */
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

/** So many bytes, the same for the same seed. */
export function bytesOf(count: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0, at = seed; i < count; i++) bytes[i] = (at = (Math.imul(at, 1_103_515_245) + 12_345) >>> 0) >> 16;
  return bytes;
}
