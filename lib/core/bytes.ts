import { concat as stdConcat } from "@std/bytes/concat";
import { equals as stdEquals } from "@std/bytes/equals";
import { decodeBase64 as stdDecodeBase64, encodeBase64 as stdEncodeBase64 } from "@std/encoding/base64";
import { decodeHex as stdDecodeHex, encodeHex as stdEncodeHex } from "@std/encoding/hex";

// The npm build of the standard library comes without types; they are declared here.

/** Several byte arrays as one. */
export const concat: (parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer> = stdConcat;

/** Whether the bytes are equal. Secrets are compared with `timingSafeEqual`. */
export const equals: (a: Uint8Array, b: Uint8Array) => boolean = stdEquals;

/** Bytes as hexadecimal digits. */
export const encodeHex: (bytes: Uint8Array) => string = stdEncodeHex;

/** The bytes of hexadecimal digits; throws a `TypeError` or `RangeError` for anything else. */
export const decodeHex: (text: string) => Uint8Array<ArrayBuffer> = stdDecodeHex;

/** Bytes in base64, without padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return stdEncodeBase64(bytes).replace(/=+$/, "");
}

/** The bytes of a base64 text, padded or not; undefined when it is not base64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return stdDecodeBase64(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether the bytes are equal, in a time that depends on the length of `given` alone. The standard library's function of this
 * name throws for unequal lengths, so its caller would reveal the length of the secret.
 */
export function timingSafeEqual(given: Uint8Array, secret: Uint8Array): boolean {
  let difference = given.length ^ secret.length;
  for (let i = 0; i < given.length; i++) difference |= given[i]! ^ (secret[i % (secret.length || 1)] ?? 0);
  return difference === 0;
}

/** Reuses large buffers: allocating one is expensive, and one used recently is still in the CPU cache. */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];

  /** Keeps at most `most` free buffers. */
  constructor(readonly capacity: number) {}

  /** A buffer of this length; it is not cleared. */
  take(bytes: number): Uint8Array {
    const at = this.#free.findLastIndex(({ byteLength }) => byteLength === bytes);
    return new Uint8Array(at < 0 ? new ArrayBuffer(bytes) : this.#free.splice(at, 1)[0]!);
  }

  /** Takes back a buffer, or a view of one, that is no longer used. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || this.#free.includes(buffer)) return;
    if (this.#free.length === this.capacity) this.#free.shift();
    this.#free.push(buffer);
  }
}

const NO_BYTES = new Uint8Array(0);

/** Bytes that are appended at the end and taken at the beginning; each is copied a bounded number of times. */
export class ByteQueue {
  #buffer: Uint8Array<ArrayBuffer> = NO_BYTES;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The bytes, valid until the next call of `push`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Appends a copy of the bytes. */
  push(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (this.#end + bytes.length > this.#buffer.length) {
      const buffer = length > this.#buffer.length ? new Uint8Array(Math.max(length, 2 * this.length)) : this.#buffer;
      buffer.set(this.bytes);
      this.#buffer = buffer;
      [this.#start, this.#end] = [0, this.length];
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Takes this many bytes from the beginning. An empty queue holds no memory. */
  skip(count: number): void {
    this.#start += count;
    if (this.#start >= this.#end) this.clear();
  }

  clear(): void {
    this.#buffer = NO_BYTES;
    this.#start = this.#end = 0;
  }
}
