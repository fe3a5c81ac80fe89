import type { Outputs } from "../../core/machine.ts";
import { type FileMessage, LISTED_BYTES } from "./frames.ts";
import type { TransferOutput } from "./output.ts";

/** Chunks read ahead of what the stream has accepted: one being written, one ready. */
const AHEAD = 3;
/** Cap on open requests; more are ignored. */
const WANTS = 256;

/**
 * The sender's end of one stream: answers requests in their order, and reads no further ahead than the stream accepts, so memory
 * does not depend on the size of the file.
 */
export class SendingStream {
  readonly #wants: { next: number; left: number }[] = [];
  readonly #read = new Set<number>();
  /** The position in the manifest; undefined while it is not requested. */
  #manifestAt: number | undefined;
  #pending = 0;
  #had = 0;
  #sent = 0;
  /** When bytes last arrived. */
  heardAt: number;
  /** How the stream has ended: everything is received, or why not. */
  result: "done" | { readonly why: string } | undefined;

  constructor(
    readonly out: Outputs<TransferOutput>,
    readonly transfer: string,
    readonly id: number,
    readonly source: { readonly manifest: Uint8Array; readonly chunks: number },
    now: number,
  ) {
    this.heardAt = now;
  }

  /** The number of chunks that the receiver has, apart from those still on the wire. */
  get progress(): number {
    return Math.min(this.source.chunks, this.#had + this.#sent);
  }

  receive(message: FileMessage): void {
    if (this.result) return;
    switch (message.type) {
      case "list":
        this.#manifestAt = 0;
        return this.#answer();
      case "have":
        this.#had = message.count;
        return;
      case "want": {
        const { first, count } = message;
        const left = Math.min(count, this.source.chunks - first);
        if (left > 0 && this.#wants.length < WANTS) this.#wants.push({ next: first, left });
        return this.#answer();
      }
      case "done":
        this.result = "done";
        return;
      case "stop":
        this.result = { why: message.why };
    }
  }

  /** The stream has accepted a chunk or a part of the manifest. */
  sent(): void {
    this.#pending--;
    this.#answer();
  }

  chunkRead(index: number, bytes: Uint8Array): void {
    if (this.result) return;
    this.#sent++;
    this.#send({ type: "chunk", index, bytes });
  }

  /** Ends the transfer and tells the receiver why. */
  fail(why: string): void {
    if (this.result) return;
    this.result = { why };
    this.#send({ type: "stop", why });
  }

  #answer(): void {
    const { manifest } = this.source;
    while (!this.result && this.#pending < AHEAD) {
      if (this.#manifestAt !== undefined) {
        const bytes = manifest.subarray(this.#manifestAt, this.#manifestAt + LISTED_BYTES);
        this.#manifestAt = this.#manifestAt + bytes.length < manifest.length
          ? this.#manifestAt + bytes.length
          : undefined;
        this.#pending++;
        this.#send({ type: "listed", total: manifest.length, bytes });
        continue;
      }
      const want = this.#wants[0];
      if (!want) return;
      const chunk = want.next++;
      if (--want.left === 0) this.#wants.shift();
      // Requested again, it was damaged on the way, or has changed on the disk.
      const check = this.#read.has(chunk);
      this.#read.add(chunk);
      this.#pending++;
      this.out.push({ type: "readChunk", transfer: this.transfer, stream: this.id, chunk, check });
    }
  }

  #send(message: FileMessage): void {
    this.out.push({ type: "frame", stream: this.id, message });
  }
}
