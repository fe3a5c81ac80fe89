import { concat } from "../core/bytes.ts";
import type { JoinedWrites } from "../core/transport.ts";

/** The destination of an outbox's bytes; `write` resolves with the number of bytes that were taken. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * The bytes that wait to be written to one peer.
 *
 * 1. `push` never waits. It returns false and takes nothing when more than `bytes` would wait: the peer is too slow.
 * 2. Bytes leave in the order of the pushes. With `separateWrites`, each push is a write of its own, unless `JoinedWrites` join
 *    it with others; otherwise everything that was pushed during the last write leaves in one.
 * 3. After a failed write nothing more is written, and `failed` is called once.
 */
export class Outbox {
  #waiting: Uint8Array[] | undefined;
  #waitingBytes = 0;
  #writing = false;
  #current: Uint8Array | undefined;
  #dead = false;
  #whenDrained: (() => void) | undefined;
  #whenSettled: (() => void) | undefined;
  #whenWritten: (() => void) | undefined;

  constructor(
    readonly sink: Sink,
    readonly bytes: number,
    public separateWrites: boolean | JoinedWrites,
    /** Called with the error, and how many bytes of the last write were not taken. */
    readonly failed: (error: unknown, notTaken: number) => void,
    /** Called with the bytes of each write when it begins. */
    readonly writes?: (bytes: Uint8Array) => void,
  ) {}

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  push(bytes: Uint8Array): boolean {
    if (this.#dead) return true;
    if (this.#waitingBytes + bytes.length > this.bytes) return false;
    // An array literal is allocated for one element, a grown empty array for 17.
    if (this.#waiting === undefined) this.#waiting = [bytes];
    else this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#writing) {
      this.#writing = true;
      // Further pushes of this turn leave with it.
      if (this.separateWrites) this.#write();
      else queueMicrotask(() => this.#write());
    }
    return true;
  }

  /** Resolves when everything pushed is written, or cannot be written any more. */
  drained(): Promise<void> {
    if (!this.#writing || this.#dead) return Promise.resolve();
    return new Promise((resolve) => this.#whenDrained = resolve);
  }

  /** Resolves when the sink has taken some of the waiting bytes, or has failed. */
  written(): Promise<void> {
    if (!this.#writing || this.#dead) return Promise.resolve();
    return new Promise((resolve) => this.#whenWritten = resolve);
  }

  /** Resolves when no write is in progress; after `close`, the sink must end it. */
  settled(): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => this.#whenSettled = resolve);
  }

  close(): void {
    this.#dead = true;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    this.#whenDrained?.();
    this.#whenWritten?.();
  }

  #write(): void {
    if (this.#dead) return this.#rest();
    const bytes = this.#next();
    if (!bytes) return this.#rest();
    this.writes?.(bytes);
    this.#put(bytes);
  }

  #put(bytes: Uint8Array): void {
    this.#current = bytes;
    this.sink.write(bytes).then(this.#wrote, this.#broke);
  }

  // Made once for each outbox, not once for each write.
  readonly #wrote = (written: number): void => {
    this.#waitingBytes = Math.max(0, this.#waitingBytes - written);
    this.#whenWritten?.();
    if (written < this.#current!.length && !this.#dead) this.#put(this.#current!.subarray(written));
    else this.#write();
  };

  readonly #broke = (error: unknown): void => {
    const notTaken = this.#current?.length ?? 0;
    this.#rest();
    if (this.#dead) return;
    this.close();
    this.failed(error, notTaken);
  };

  #next(): Uint8Array | undefined {
    const [chunks, separate] = [this.#waiting, this.separateWrites];
    if (chunks === undefined) return undefined;
    let count = separate === false ? chunks.length : 1;
    if (typeof separate === "object" && chunks.length > separate.beyond) {
      for (let bytes = chunks[0]!.length; count < chunks.length; count++) {
        bytes += chunks[count]!.length;
        if (bytes > separate.bytes) break;
      }
    }
    if (count === chunks.length) this.#waiting = undefined;
    return count === 1 ? chunks.shift() : joinShared(chunks.splice(0, count));
  }

  #rest(): void {
    this.#writing = false;
    this.#current = undefined;
    this.#whenDrained?.();
    this.#whenSettled?.();
  }
}

/** The last result of `joinShared`: peers that are sent the same chunks in one turn share the joined bytes. */
let last: { readonly chunks: readonly Uint8Array[]; readonly bytes: Uint8Array } | undefined;
const SHARED_BYTES = 64 * 1024;

function joinShared(chunks: readonly Uint8Array[]): Uint8Array {
  if (last?.chunks.length === chunks.length && chunks.every((chunk, i) => chunk === last!.chunks[i])) return last.bytes;
  const bytes = concat(chunks);
  if (bytes.length <= SHARED_BYTES) last = { chunks, bytes };
  return bytes;
}
