import { ByteQueue, concat } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { decodeText, encodeText } from "../core/text.ts";

/** Kinds of WebSocket frames (RFC 6455). */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Codes of close frames. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupported: 1003,
  notText: 1007,
  tooBig: 1009,
  tryAgainLater: 1013,
} as const;

/** What a client has sent. */
export type Frame =
  | { readonly type: "text"; readonly bytes: Uint8Array }
  | { readonly type: "ping"; readonly bytes: Uint8Array }
  | { readonly type: "pong" }
  | { readonly type: "close"; readonly code: number | undefined }
  /** It has broken a rule; `code` says which, and nothing more is decoded. */
  | { readonly type: "broken"; readonly code: number; readonly why: string };

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTROL_BYTES = 125;
/** The longest reason that fits into a close frame. */
const REASON_BYTES = CONTROL_BYTES - 2;
const EMPTY = new Uint8Array(0);

/**
 * Decodes the frames that a client sends, and joins the fragments of a message.
 *
 * 1. A message has at most `messageBytes`; the length in its header is checked before its bytes are held.
 * 2. No extension is negotiated, so reserved bits are an error; so are binary messages, which nothing here sends.
 */
export class FrameDecoder {
  readonly #arrived = new ByteQueue();
  /** The fragments of the present message, while there is one. */
  readonly #fragments = new ByteQueue();
  #isFragmented = false;
  #broken = false;

  constructor(readonly messageBytes: number) {}

  /** Bytes that are held. */
  get heldBytes(): number {
    return this.#arrived.length + this.#fragments.length;
  }

  /** Bytes that have arrived; the caller may reuse their buffer. */
  push(bytes: Uint8Array): void {
    if (!this.#broken) this.#arrived.push(bytes);
  }

  /** The next frame; a fragment is none by itself. Undefined when more has to arrive. */
  next(): Frame | undefined {
    while (!this.#broken) {
      const frame = this.#decode();
      if (frame === undefined) return undefined;
      if (frame === "fragment") continue;
      if (frame.type === "broken" || frame.type === "close") {
        this.#broken = true;
        this.#arrived.clear();
        this.#fragments.clear();
      }
      return frame;
    }
    return undefined;
  }

  #decode(): Frame | "fragment" | undefined {
    const { bytes } = this.#arrived;
    if (bytes.length < 2) return undefined;
    const [first, second] = bytes as unknown as [number, number];
    const opcode = first & 15;
    const final = (first & FINAL) !== 0;
    if ((first & RESERVED) !== 0) return broken(CLOSE.protocolError, "a reserved bit is set");
    if ((second & MASKED) === 0) return broken(CLOSE.protocolError, "a frame of a client is masked");
    const short = second & 127;
    const isControl = opcode >= OPCODE.close;
    if (isControl && (!final || short > CONTROL_BYTES)) {
      return broken(CLOSE.protocolError, "a control frame is too long");
    }
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < head) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const length = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
    const refused = isControl ? undefined : this.#refused(opcode, length);
    if (refused) return refused;
    const start = head + 4;
    if (bytes.length < start + length) return undefined;
    const payload = bytes.slice(start, start + length);
    for (let i = 0; i < length; i++) payload[i]! ^= bytes[head + (i & 3)]!;
    this.#arrived.skip(start + length);
    return isControl ? control(opcode, payload) : this.#data(payload, final);
  }

  /** Whether a frame of a message may not come now, by its header alone. */
  #refused(opcode: number, length: number): Frame | undefined {
    if (opcode === OPCODE.binary) return broken(CLOSE.unsupported, "frames are text here");
    if (opcode !== OPCODE.text && opcode !== OPCODE.continuation) {
      return broken(CLOSE.protocolError, `there is no frame of kind ${opcode}`);
    }
    if ((opcode === OPCODE.continuation) !== this.#isFragmented) {
      return broken(CLOSE.protocolError, "the fragments of messages are mixed");
    }
    if (this.#fragments.length + length > this.messageBytes) {
      return broken(CLOSE.tooBig, `a message has at most ${this.messageBytes} bytes`);
    }
    return undefined;
  }

  #data(payload: Uint8Array, final: boolean): Frame | "fragment" {
    if (!final || this.#isFragmented) this.#fragments.push(payload);
    const isLast = final && this.#isFragmented;
    this.#isFragmented = !final;
    if (!final) return "fragment";
    const bytes = isLast ? this.#fragments.bytes.slice() : payload;
    this.#fragments.clear();
    if (decodeText(bytes) instanceof Fault) return broken(CLOSE.notText, "a message is UTF-8");
    return { type: "text", bytes };
  }
}

function control(opcode: number, payload: Uint8Array): Frame {
  if (opcode === OPCODE.ping) return { type: "ping", bytes: payload };
  if (opcode === OPCODE.pong) return { type: "pong" };
  if (opcode !== OPCODE.close) return broken(CLOSE.protocolError, `there is no frame of kind ${opcode}`);
  if (payload.length === 0) return { type: "close", code: undefined };
  const code = payload.length < 2 ? 0 : payload[0]! * 256 + payload[1]!;
  const isCode = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code < 5000);
  if (!isCode || decodeText(payload.subarray(2)) instanceof Fault) {
    return broken(CLOSE.protocolError, "a close frame is malformed");
  }
  return { type: "close", code };
}

function broken(code: number, why: string): Frame {
  return { type: "broken", code, why };
}

/** A frame of a server: whole and without a mask. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = new Uint8Array(head + length);
  frame[0] = FINAL | opcode;
  frame[1] = head === 2 ? length : head === 4 ? 126 : 127;
  const view = new DataView(frame.buffer);
  if (head === 4) view.setUint16(2, length);
  else if (head === 10) view.setBigUint64(2, BigInt(length));
  frame.set(payload, head);
  return frame;
}

/** A close frame; a reason that does not fit is left out. */
export function encodeClose(code: number, why: string): Uint8Array {
  const reason = encodeText(why);
  return encodeFrame(
    OPCODE.close,
    concat([new Uint8Array([code >> 8, code & 255]), reason.length > REASON_BYTES ? EMPTY : reason]),
  );
}
