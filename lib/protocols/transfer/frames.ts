import { Fault } from "../../core/errors.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";

/** What the two ends of a transfer say to each other. Who receives asks, who sends answers. */
export type FileMessage =
  /** Asks for the manifest. */
  | { readonly type: "list" }
  /** A part of the manifest, of `total` bytes; parts come in their order. */
  | { readonly type: "listed"; readonly total: number; readonly bytes: Uint8Array }
  /** So many chunks are here already. */
  | { readonly type: "have"; readonly count: number }
  /** Asks for `count` chunks from `first` on. */
  | { readonly type: "want"; readonly first: number; readonly count: number }
  | { readonly type: "chunk"; readonly index: number; readonly bytes: Uint8Array }
  /** All is there and whole. */
  | { readonly type: "done" }
  /** It does not go on, and will not when it is tried again. */
  | { readonly type: "stop"; readonly why: string };

/** A frame's kind and length come before it. */
export const HEAD_BYTES = 5;
/** The greatest chunk, its number, and the seal of a box. */
export const MOST_FRAME_BYTES = 4 * 1024 * 1024 + 64;
const WORTHWHILE_BYTES = 16 * 1024;
/** Parts of a manifest are no longer than this. */
export const LISTED_BYTES = 256 * 1024;
const WHY_BYTES = 1000;

const KINDS = ["list", "listed", "want", "chunk", "done", "stop", "have"] as const;

/**
 * A message in its frame: a byte for the kind, four for the length of what follows, most significant first. `take` gives the
 * buffer that it is put into.
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

/** What stands in front of a frame of this kind, whose body has so many bytes. */
export function frameHead(kind: number, bytes: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = kind;
  new DataView(head.buffer).setUint32(1, bytes);
  return head;
}

/** One frame as it came, taken apart no further: what is in it may still be sealed. */
export interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
}

/** The message in a frame; of a kind that is not known, undefined. */
export function decodeFrame({ kind, body }: Frame): FileMessage | Fault | undefined {
  const type = KINDS[kind - 1];
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  switch (type) {
    case "list":
    case "done":
      return { type };
    case "listed":
      return body.length < 4 ? short(type) : { type, total: view.getUint32(0), bytes: body.subarray(4) };
    case "have":
      return body.length < 4 ? short(type) : { type, count: view.getUint32(0) };
    case "want":
      return body.length < 8 ? short(type) : { type, first: view.getUint32(0), count: view.getUint32(4) };
    case "chunk":
      return body.length < 4 ? short(type) : { type, index: view.getUint32(0), bytes: body.subarray(4) };
    case "stop":
      return { type, why: decodeLossy(body.subarray(0, WHY_BYTES)) };
    case undefined:
      return undefined;
  }
}

/** Frames out of bytes, however these are cut. */
export class FrameDecoder {
  /** `take` gives the buffers for what is in the frames. */
  constructor(readonly take = fresh) {}

  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  #body: Uint8Array | undefined;
  #bodyBytes = 0;
  #given: Uint8Array = new Uint8Array(0);

  /** Where the next bytes belong, when many of them do: whoever reads them there saves a copy. */
  get space(): Uint8Array | undefined {
    const space = this.#body?.subarray(this.#bodyBytes);
    return space && space.length >= WORTHWHILE_BYTES ? space : undefined;
  }

  /** More bytes; all frames in them must be taken before the next come. */
  push(bytes: Uint8Array): void {
    this.#given = bytes;
  }

  /** The next frame; undefined when more bytes are needed. */
  next(): Frame | Fault | undefined {
    if (!this.#body) {
      this.#headBytes += this.#take(this.#head, this.#headBytes);
      if (this.#headBytes < HEAD_BYTES) return undefined;
      const bytes = new DataView(this.#head.buffer).getUint32(1);
      if (bytes > MOST_FRAME_BYTES) {
        return new Fault("too long", `a frame has at most ${MOST_FRAME_BYTES} bytes, this one ${bytes}`);
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

  /** Fills `into` from `at` on, and says with how many bytes. */
  #take(into: Uint8Array, at: number): number {
    const part = this.#given.subarray(0, into.length - at);
    // It may be where it belongs.
    if (part.buffer !== into.buffer) into.set(part, at);
    this.#given = this.#given.subarray(part.length);
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

function short(type: string): Fault {
  return new Fault("malformed", `a frame "${type}" that ends too soon`);
}
