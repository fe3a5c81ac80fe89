import { ByteQueue } from "../core/bytes.ts";

/** A request that has arrived completely. */
export interface DecodedRequest {
  readonly type: "request";
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Bytes of a body that is not in `body` but follows: see `RequestDecoder.takeBody`. */
  readonly streamedBytes: number;
  /** Whether it is HTTP/1.1, which has WebSockets and connections that stay. */
  readonly isModern: boolean;
}

/** A request that cannot be answered; nothing after it can be read. */
export interface BadRequest {
  readonly type: "bad";
  readonly status: 400 | 411 | 413 | 414 | 431 | 505;
  readonly why: string;
}

/** Longest request line with all headers; a browser sends one KiB, and cookies of other ports. */
export const HEAD_BYTES = 16 * 1024;
const HEADERS = 100;
/** Longest body. Larger ones are not asked for. */
export const BODY_BYTES = 4096;
/** Blank lines before a request, which some clients send after the one before. */
const BLANK_LINES = 2;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CR = 13;
const LF = 10;

/**
 * Decodes HTTP/1.1 requests, strictly: what two programs could read differently is refused (RFC 9112).
 *
 * 1. It holds at most the head and the body of one request, and what was pushed at once after them.
 * 2. After a bad request it decodes nothing more.
 * 3. A body that is streamed is taken by `takeBody` before the next request is decoded.
 */
export class RequestDecoder {
  readonly #arrived = new ByteQueue();
  /** Bytes at the beginning in which no head ends. */
  #searched = 0;
  #bad = false;
  /** Bytes of a streamed body that were not taken yet. */
  #bodyLeft = 0;

  /** `streamed`: how many bytes the body of a request may have that is streamed; 0 for one that is not. */
  constructor(readonly streamed: (method: string, target: string) => number = () => 0) {}

  /** Bytes that wait to be decoded. */
  get waitingBytes(): number {
    return this.#arrived.length;
  }

  /** Bytes that have arrived; the caller may reuse their buffer. */
  push(bytes: Uint8Array): void {
    if (!this.#bad) this.#arrived.push(bytes);
  }

  /** The next request; undefined when it has not arrived. */
  next(): DecodedRequest | BadRequest | undefined {
    if (this.#bad || this.#bodyLeft > 0) return undefined;
    const result = this.#decode();
    if (result?.type === "bad") {
      this.#bad = true;
      this.#arrived.clear();
    }
    return result;
  }

  /** Bytes of the streamed body that are not taken yet. */
  get bodyLeft(): number {
    return this.#bodyLeft;
  }

  /** What has arrived of a streamed body, as much as there is. */
  takeBody(): Uint8Array<ArrayBuffer> {
    const taken = this.#arrived.bytes.slice(0, this.#bodyLeft);
    this.#arrived.skip(taken.length);
    this.#bodyLeft -= taken.length;
    return taken;
  }

  /** What has arrived after the last request, as bytes of another protocol. */
  takeRest(): Uint8Array {
    const rest = this.#arrived.bytes.slice();
    this.#arrived.clear();
    return rest;
  }

  #decode(): DecodedRequest | BadRequest | undefined {
    const { bytes } = this.#arrived;
    let start = 0;
    while (start < 2 * BLANK_LINES && bytes[start] === CR && bytes[start + 1] === LF) start += 2;
    // A client that speaks another protocol waits for an answer, and would send no end of a head.
    const begins = String.fromCharCode(bytes[start] ?? CR);
    if (begins !== "\r" && !TOKEN.test(begins)) return bad(400, "this is no HTTP request");
    const end = this.#endOfHead(start);
    if (end === undefined) {
      return bytes.length > HEAD_BYTES ? bad(431, `a request has at most ${HEAD_BYTES} bytes of headers`) : undefined;
    }
    if (end > HEAD_BYTES) return bad(431, `a request has at most ${HEAD_BYTES} bytes of headers`);
    const [first, ...lines] = latin1(bytes.subarray(start, end)).split("\r\n") as [string, ...string[]];
    const [, method, target, version] = /^([^ ]+) ([^ ]+) (HTTP\/\d\.\d)$/.exec(first) ?? [];
    if (method === undefined || !TOKEN.test(method)) return bad(400, "this is no HTTP request");
    if (version !== "HTTP/1.1" && version !== "HTTP/1.0") return bad(505, "the server speaks HTTP/1.1");
    const headers = readHeaders(lines);
    if ("type" in headers) return headers;
    const isModern = version === "HTTP/1.1";
    if (isModern && !headers.has("host")) return bad(400, "a request has one host header");
    if (headers.has("transfer-encoding")) return bad(411, "a body needs a content-length");
    const length = headers.get("content-length") ?? "0";
    if (!/^\d{1,15}$/.test(length)) return bad(400, "content-length is one number");
    const bodyAt = end + 4;
    const streamed = this.streamed(method, target!);
    if (Number(length) > Math.max(streamed, BODY_BYTES)) {
      return bad(413, `expected at most ${Math.max(streamed, BODY_BYTES)} bytes`);
    }
    if (streamed > 0) {
      this.#arrived.skip(bodyAt);
      this.#searched = 0;
      this.#bodyLeft = Number(length);
      const body = new Uint8Array(0);
      return { type: "request", method, target: target!, headers, body, streamedBytes: this.#bodyLeft, isModern };
    }
    const next = bodyAt + Number(length);
    if (bytes.length < next) return undefined;
    const body = bytes.slice(bodyAt, next);
    this.#arrived.skip(next);
    this.#searched = 0;
    return { type: "request", method, target: target!, headers, body, streamedBytes: 0, isModern };
  }

  /** Where the empty line after the head begins. */
  #endOfHead(start: number): number | undefined {
    const { bytes } = this.#arrived;
    for (let at = Math.max(start, this.#searched - 3); at + 3 < bytes.length; at++) {
      if (bytes[at] === CR && bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) {
        this.#searched = at;
        return at;
      }
    }
    this.#searched = bytes.length;
    return undefined;
  }
}

function readHeaders(lines: readonly string[]): Headers | BadRequest {
  if (lines.length > HEADERS) return bad(431, `a request has at most ${HEADERS} headers`);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (colon < 1 || !TOKEN.test(name) || !FIELD_VALUE.test(value)) return bad(400, "a header is malformed");
    if ((name === "host" || name === "content-length") && headers.has(name)) {
      return bad(400, `there are two ${name} headers`);
    }
    headers.append(name, value);
  }
  return headers;
}

function bad(status: BadRequest["status"], why: string): BadRequest {
  return { type: "bad", status, why };
}

/** A head has at most `HEAD_BYTES`, so its bytes fit into one call. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
