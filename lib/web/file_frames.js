/**
 * What the two ends of a transfer say to each other. Who receives asks, who sends answers.
 * @typedef {{ type: "list" } | { type: "done" }
 *   | { type: "listed", total: number, bytes: Uint8Array<ArrayBuffer> }
 *   | { type: "have", count: number }
 *   | { type: "want", first: number, count: number }
 *   | { type: "chunk", index: number, bytes: Uint8Array<ArrayBuffer> }
 *   | { type: "stop", why: string }} FileMessage
 */

const HEAD_BYTES = 5;
const MOST_BYTES = 4 * 1024 * 1024 + 64;
const WHY_BYTES = 1000;
/** Parts of a list are no longer than this. */
export const LISTED_BYTES = 256 * 1024;

/** Kinds in the order of their numbers, from 1 on, and the numbers that each begins with. @type {[FileMessage["type"], string[]][]} */
const KINDS = [
  ["list", []],
  ["listed", ["total"]],
  ["want", ["first", "count"]],
  ["chunk", ["index"]],
  ["done", []],
  ["stop", []],
  ["have", ["count"]],
];

/**
 * A message in its frame: a byte for the kind, four for the length of what follows, most significant first.
 * @param {FileMessage} message
 */
export function encodeFrame(message) {
  const kind = KINDS.findIndex(([type]) => type === message.type);
  const numbers = KINDS[kind][1];
  const rest = "bytes" in message
    ? message.bytes
    : message.type === "stop"
    ? new TextEncoder().encode(message.why).subarray(0, WHY_BYTES)
    : new Uint8Array(0);
  const length = numbers.length * 4 + rest.length;
  const frame = new Uint8Array(HEAD_BYTES + length);
  const view = new DataView(frame.buffer);
  frame[0] = kind + 1;
  view.setUint32(1, length);
  for (const [i, name] of numbers.entries()) {
    view.setUint32(HEAD_BYTES + i * 4, /** @type {any} */ (message)[name]);
  }
  frame.set(rest, HEAD_BYTES + numbers.length * 4);
  return frame;
}

/** Messages out of bytes, however these are cut. */
export class FrameDecoder {
  #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  #body;
  #bodyBytes = 0;
  #given = new Uint8Array(0);

  /** More bytes; all messages in them must be taken before the next come. @param {Uint8Array<ArrayBuffer>} bytes */
  push(bytes) {
    this.#given = bytes;
  }

  /**
   * The next message; undefined when more bytes are needed, an error when they are none.
   * @returns {FileMessage | Error | undefined}
   */
  next() {
    for (;;) {
      if (!this.#body) {
        this.#headBytes += this.#take(this.#head, this.#headBytes);
        if (this.#headBytes < HEAD_BYTES) return undefined;
        const length = new DataView(this.#head.buffer).getUint32(1);
        if (length > MOST_BYTES) return new RangeError(`a frame has at most ${MOST_BYTES} bytes, this one ${length}`);
        this.#body = new Uint8Array(length);
        this.#bodyBytes = 0;
      }
      this.#bodyBytes += this.#take(this.#body, this.#bodyBytes);
      if (this.#bodyBytes < this.#body.length) return undefined;
      const message = decoded(this.#head[0], this.#body);
      this.#body = undefined;
      this.#headBytes = 0;
      // Kinds that are not known are of a later version.
      if (message) return message;
    }
  }

  /** Fills `into` from `at` on, and says with how many bytes. @param {Uint8Array} into @param {number} at */
  #take(into, at) {
    const part = this.#given.subarray(0, into.length - at);
    into.set(part, at);
    this.#given = this.#given.subarray(part.length);
    return part.length;
  }
}

/** @param {number} kind @param {Uint8Array<ArrayBuffer>} body @returns {FileMessage | Error | undefined} */
function decoded(kind, body) {
  const known = KINDS[kind - 1];
  if (!known) return undefined;
  const [type, numbers] = known;
  if (body.length < numbers.length * 4) return new RangeError(`a frame "${type}" that ends too soon`);
  const view = new DataView(body.buffer);
  /** @type {any} */
  const message = { type };
  for (const [i, name] of numbers.entries()) message[name] = view.getUint32(i * 4);
  if (type === "listed" || type === "chunk") message.bytes = body.subarray(4);
  if (type === "stop") message.why = new TextDecoder().decode(body.subarray(0, WHY_BYTES));
  return message;
}
