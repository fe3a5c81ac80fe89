import { ByteQueue, concat } from "../../core/bytes.ts";
import { Fault } from "../../core/errors.ts";
import { type Fields, optional, readInteger, readObject, readText, unexpected } from "../../core/json_fields.ts";
import { EXCHANGE_BYTES } from "../../core/limits.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";
import type { ExchangeCommand, ExchangeEvent } from "../exchange.ts";

/** The longest head; an id or a reason is much shorter. */
const HEAD_BYTES = 2048;
const SIZES_BYTES = 8;
const NOTHING: Uint8Array = new Uint8Array();

/** A frame: 32-bit lengths of the head and the body, big-endian; the head, a JSON object; the body, as it is. */
export interface LinkFrame {
  readonly head: Fields;
  readonly body: Uint8Array;
}

export function encodeFrame(head: Readonly<Record<string, unknown>>, body = NOTHING): Uint8Array {
  const text = encodeText(JSON.stringify(head));
  const sizes = new DataView(new ArrayBuffer(SIZES_BYTES));
  sizes.setUint32(0, text.length);
  sizes.setUint32(4, body.length);
  return concat([new Uint8Array(sizes.buffer), text, body]);
}

/** Takes frames out of a stream of bytes. After a fault it gives no more. */
export class FrameDecoder {
  readonly #bytes = new ByteQueue();
  #isBroken = false;

  /** `mostBody`: the longest body that is taken; it may grow, as after a login. */
  constructor(public mostBody = EXCHANGE_BYTES) {}

  push(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
  }

  next(): LinkFrame | Fault | undefined {
    if (this.#isBroken || this.#bytes.length < SIZES_BYTES) return undefined;
    const { bytes } = this.#bytes;
    const sizes = new DataView(bytes.buffer, bytes.byteOffset, SIZES_BYTES);
    const [head, body] = [sizes.getUint32(0), sizes.getUint32(4)];
    if (head > HEAD_BYTES || body > this.mostBody) {
      return this.#broken(
        new Fault("too long", `a frame has ${head} and ${body} bytes, more than ${HEAD_BYTES} and ${this.mostBody}`),
      );
    }
    const end = SIZES_BYTES + head + body;
    if (bytes.length < end) return undefined;
    const fields = readObject(decodeLossy(bytes.subarray(SIZES_BYTES, SIZES_BYTES + head)), (fields) => fields);
    if (fields instanceof Fault) return this.#broken(fields);
    const frame = { head: fields, body: bytes.slice(SIZES_BYTES + head, end) };
    this.#bytes.skip(end);
    return frame;
  }

  #broken(fault: Fault): Fault {
    this.#isBroken = true;
    this.#bytes.clear();
    return fault;
  }
}

export function encodeCommand(command: ExchangeCommand): Uint8Array {
  if (!("bytes" in command)) return encodeFrame(command);
  const { bytes, ...head } = command;
  return encodeFrame(head, bytes);
}

export function encodeEvent(event: ExchangeEvent): Uint8Array {
  if (!("bytes" in event)) return encodeFrame(event);
  const { bytes, ...head } = event;
  return encodeFrame(head, bytes);
}

export function decodeCommand({ head, body }: LinkFrame): ExchangeCommand | Fault {
  return decoded(() => {
    switch (head.type) {
      case "read":
        return { type: "read", after: readInteger(head, "after") };
      case "take":
        return { type: "take", count: readInteger(head, "count") };
      case "publish":
        return { type: "publish", id: readText(head, "id"), bytes: body };
      case "send":
        return { type: "send", to: optional(readText, head, "to"), bytes: body };
    }
    throw unexpected("a command", head.type);
  });
}

export function decodeEvent({ head, body }: LinkFrame): ExchangeEvent | Fault {
  return decoded(() => {
    switch (head.type) {
      case "connected":
        return {
          type: "connected",
          epoch: readInteger(head, "epoch"),
          first: readInteger(head, "first"),
          last: readInteger(head, "last"),
        };
      case "entry":
        return { type: "entry", place: readInteger(head, "place"), bytes: body };
      case "message":
        return { type: "message", bytes: body };
    }
    throw unexpected("an event", head.type);
  });
}

function decoded<T>(read: () => T): T | Fault {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
