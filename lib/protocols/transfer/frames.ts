import { Fault } from "../../core/errors.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";

/** The messages of a transfer: the receiver requests, the sender answers. */
export type FileMessage =
  /** Requests the manifest. */
  | { readonly type: "list" }
  /** A part of the manifest, whose parts have `total` bytes together and are sent in order. */
  | { readonly type: "listed"; readonly total: number; readonly bytes: Uint8Array }
  /** The number of chunks that the receiver has already. */
  | { readonly type: "have"; readonly count: number }
  /** Requests `count` chunks from `first` on. */
  | { readonly type: "want"; readonly first: number; readonly count: number }
  | { readonly type: "chunk"; readonly index: number; readonly bytes: Uint8Array }
  /** Everything is received and verified. */
  | { readonly type: "done" }
  /** The transfer has ended for good. */
  | { readonly type: "stop"; readonly why: string };

/** The kind of a frame and the length of its body. */
export const HEAD_BYTES = 5;
/** The largest chunk, its number, and the tag of a sealed frame. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024 + 64;
/** Less than this is not worth reading into place. */
const DIRECT_READ_BYTES = 16 * 1024;
/** The length of a part of a manifest. */
export const LISTED_BYTES = 256 * 1024;
const WHY_BYTES = 1000;

const KINDS = ["list", "listed", "want", "chunk", "done", "stop", "have"] as const;

/**
 * A message as a frame: one byte for the kind, four for the length of the body, big-endian, then the body. `take` gives the
 * buffer.
 */
export function encodeFrame(message: FileMessage, take = fresh): Uint8Array {
  switch (message.type) {
    case "list":
    case "done":
      return framed(take, message.type, []);
    case "listed":
      return framed(take, "listed", [message.total], message.bytes);
    case "have":
      return framed(take, "have", [message.count]);
    case "want":
      return framed(take, "want", [message.first, message.count]);
    case "chunk":
      return framed(take, "chunk", [message.index], message.bytes);
    case "stop":
      return framed(take, "stop", [], encodeText(message.why).subarray(0, WHY_BYTES));
  }
}

/** The head of a frame whose body has this many bytes. */
export function frameHead(kind: number, bytes: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = kind;
  new DataView(head.buffer).setUint32(1, bytes);
  return head;
}

/** Whether a message has a part of the file or of its list, so that the end of writing it is reported. */
export function hasContent({ type }: FileMessage): boolean {
  return type === "chunk" || type === "listed";
}

/** A frame whose body is not decoded: it may be sealed. */
export interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
}

/** The message in a frame; undefined for an unknown kind. */
export function decodeFrame({ kind, body }: Frame): FileMessage | Fault | undefined {
  const type = KINDS[kind - 1];
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  switch (type) {
    case "list":
    case "done":
      return { type };
    case "listed":
      return body.length < 4 ? truncated(type) : { type, total: view.getUint32(0), bytes: body.subarray(4) };
    case "have":
      return body.length < 4 ? truncated(type) : { type, count: view.getUint32(0) };
    case "want":
      return body.length < 8 ? truncated(type) : { type, first: view.getUint32(0), count: view.getUint32(4) };
    case "chunk":
      return body.length < 4 ? truncated(type) : { type, index: view.getUint32(0), bytes: body.subarray(4) };
    case "stop":
      return { type, why: decodeLossy(body.subarray(0, WHY_BYTES)) };
    case undefined:
      return undefined;
  }
}

/** Splits a byte stream into frames. */
export class FrameDecoder {
  /** `take` gives the buffers for the bodies; a body of more than `most` bytes is a fault. */
  constructor(readonly take = fresh, readonly most = MAX_FRAME_BYTES) {}

  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  #body: Uint8Array | undefined;
  #bodyBytes = 0;
  #added: Uint8Array = new Uint8Array(0);

  /** Where the next bytes go, if they are many: reading them there saves a copy. */
  get space(): Uint8Array | undefined {
    const space = this.#body?.subarray(this.#bodyBytes);
    return space && space.length >= DIRECT_READ_BYTES ? space : undefined;
  }

  /** Adds bytes; all their frames must be taken before more are added. */
  push(bytes: Uint8Array): void {
    this.#added = bytes;
  }

  /** The next frame; undefined if more bytes are needed. */
  next(): Frame | Fault | undefined {
    if (!this.#body) {
      this.#headBytes += this.#take(this.#head, this.#headBytes);
      if (this.#headBytes < HEAD_BYTES) return undefined;
      const bytes = new DataView(this.#head.buffer).getUint32(1);
      if (bytes > this.most) {
        return new Fault("too long", `a frame may have ${this.most} bytes, this one has ${bytes}`);
      }
      this.#body = this.take(bytes);
      this.#bodyBytes = 0;
    }
    this.#bodyBytes += this.#take(this.#body, this.#bodyBytes);
    if (this.#bodyBytes < this.#body.length) return undefined;
    const frame = { kind: this.#head[0]!, body: this.#body };
    this.#body = undefined;
    this.#headBytes = 0;
    return frame;
  }

  /** The messages of all frames that are complete, up to the first fault; frames of later versions are ignored. */
  *messages(): Generator<FileMessage | Fault> {
    for (let frame; (frame = this.next());) {
      const message = frame instanceof Fault ? frame : decodeFrame(frame);
      if (message) yield message;
      if (message instanceof Fault) return;
    }
  }

  /** Copies bytes to `into` from `at` on; returns how many. */
  #take(into: Uint8Array, at: number): number {
    const part = this.#added.subarray(0, into.length - at);
    // They may have been read into place.
    if (part.buffer !== into.buffer) into.set(part, at);
    this.#added = this.#added.subarray(part.length);
    return part.length;
  }
}

function framed(
  take: (bytes: number) => Uint8Array,
  type: FileMessage["type"],
  numbers: readonly number[],
  bytes: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const length = numbers.length * 4 + bytes.length;
  const frame = take(HEAD_BYTES + length);
  frame.set(frameHead(KINDS.indexOf(type) + 1, length));
  const view = new DataView(frame.buffer, frame.byteOffset);
  for (const [i, number] of numbers.entries()) view.setUint32(HEAD_BYTES + i * 4, number);
  frame.set(bytes, HEAD_BYTES + numbers.length * 4);
  return frame;
}

function fresh(bytes: number): Uint8Array {
  return new Uint8Array(bytes);
}

function truncated(type: string): Fault {
  return new Fault("malformed", `a frame "${type}" that is too short`);
}
