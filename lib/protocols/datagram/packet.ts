import type { Address } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import type { Outputs } from "../../core/machine.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";

/** The longest datagram: no network fragments it. */
export const DATAGRAM_BYTES = 1200;
/** The header of DATA. */
export const DATA_HEAD_BYTES = 19;
/** The longest piece of a message that one DATA carries. */
export const PIECE_BYTES = DATAGRAM_BYTES - DATA_HEAD_BYTES;
/** The last number of a piece: the ack after it must still fit into 32 bits. */
export const LAST_SEQ = 2 ** 32 - 2;
/** The header of every datagram, and the whole of a bare CLOSE. */
const CLOSE_BYTES = 10;
/** The length of HELLO and OPEN: longer than any answer, so that a forged source address gains nothing. */
export const ASK_BYTES = 48;
export const COOKIE_BYTES = 16;

/** Flags of DATA. */
export const FIRST = 1;
export const LAST = 2;

/** The first byte of every datagram. */
export const MARK = 0x50;
const ACK_HEAD_BYTES = 14;
const BITMAP_BYTES = 32;
const WHY_BYTES = 200;

const HELLO = 1, COOKIE = 2, OPEN = 3, OPENED = 4, DATA = 5, ACK = 6, PING = 7, PONG = 8, CLOSE = 9;

/** A datagram that belongs to a link: `id` is the link's. */
export type LinkPacket =
  | {
    readonly kind: "data";
    readonly id: bigint;
    readonly seq: number;
    readonly ack: number;
    readonly flags: number;
    readonly piece: Uint8Array;
  }
  | { readonly kind: "ack"; readonly id: bigint; readonly ack: number; readonly bitmap: Uint8Array }
  | { readonly kind: "ping"; readonly id: bigint; readonly token: Uint8Array }
  | { readonly kind: "pong"; readonly id: bigint; readonly token: Uint8Array }
  | { readonly kind: "close"; readonly id: bigint; readonly why: string };

/** Any datagram. Before there is a link, `id` is the number that the client has drawn. */
export type Packet =
  | { readonly kind: "hello"; readonly id: bigint }
  | { readonly kind: "cookie"; readonly id: bigint; readonly cookie: Uint8Array }
  | { readonly kind: "open"; readonly id: bigint; readonly cookie: Uint8Array }
  | { readonly kind: "opened"; readonly id: bigint; readonly link: bigint }
  | LinkPacket;

export type DataPacket = Extract<Packet, { kind: "data" }>;

/** A datagram to be sent. It may be held until the network takes it; only its ack may change to a newer one meanwhile. */
export interface SendOutput {
  readonly type: "send";
  readonly address: Address;
  readonly datagram: Uint8Array;
  /** No link has this address, and perhaps no machine: it is sent last, and may be dropped (see `StrangerLimiter`). */
  readonly toStranger?: true;
}

/** The part of a machine's `Outputs` that its links use. */
export type SendOutputs = Pick<Outputs<SendOutput>, "push">;

/** Decodes a datagram. Byte arrays in the result are views of it. */
export function decodePacket(datagram: Uint8Array): Packet | Fault {
  const { length } = datagram;
  if (length < CLOSE_BYTES || length > DATAGRAM_BYTES) {
    return malformed(`a datagram of ${CLOSE_BYTES} to ${DATAGRAM_BYTES} bytes`, `${length}`);
  }
  if (datagram[0] !== MARK) return malformed("0x50 first", `${datagram[0]}`);
  const id = readId(datagram, 2);
  switch (datagram[1]) {
    case HELLO:
      return length === ASK_BYTES ? { kind: "hello", id } : wrongLength("HELLO", length);
    case COOKIE:
      if (length !== 10 + COOKIE_BYTES) return wrongLength("COOKIE", length);
      return { kind: "cookie", id, cookie: datagram.subarray(10) };
    case OPEN:
      if (length !== ASK_BYTES) return wrongLength("OPEN", length);
      return { kind: "open", id, cookie: datagram.subarray(10, 10 + COOKIE_BYTES) };
    case OPENED:
      return length === 18 ? { kind: "opened", id, link: readId(datagram, 10) } : wrongLength("OPENED", length);
    case DATA: {
      if (length < DATA_HEAD_BYTES) return wrongLength("DATA", length);
      const seq = readNumber(datagram, 10);
      const flags = datagram[18]!;
      if (seq < 1 || seq > LAST_SEQ) return malformed(`a seq of 1 to ${LAST_SEQ}`, `${seq}`);
      if (flags > (FIRST | LAST)) return malformed("flags of 0 to 3", `${flags}`);
      const piece = datagram.subarray(DATA_HEAD_BYTES);
      return { kind: "data", id, seq, ack: readNumber(datagram, 14), flags, piece };
    }
    case ACK:
      if (length < ACK_HEAD_BYTES || length > ACK_HEAD_BYTES + BITMAP_BYTES) return wrongLength("ACK", length);
      return { kind: "ack", id, ack: readNumber(datagram, 10), bitmap: datagram.subarray(ACK_HEAD_BYTES) };
    case PING:
      return length === 18 ? { kind: "ping", id, token: datagram.subarray(10) } : wrongLength("PING", length);
    case PONG:
      return length === 18 ? { kind: "pong", id, token: datagram.subarray(10) } : wrongLength("PONG", length);
    case CLOSE:
      if (length > CLOSE_BYTES + WHY_BYTES) return wrongLength("CLOSE", length);
      return { kind: "close", id, why: decodeLossy(datagram.subarray(CLOSE_BYTES)) };
    default:
      return malformed("a kind of 1 to 9", `${datagram[1]}`);
  }
}

/** Encodes a packet; a reason that is too long is cut between two characters. */
export function encodePacket(packet: Packet): Uint8Array {
  switch (packet.kind) {
    case "hello":
      return headed(HELLO, packet.id, ASK_BYTES);
    case "cookie":
      return filled(headed(COOKIE, packet.id, 10 + COOKIE_BYTES), packet.cookie);
    case "open":
      return filled(headed(OPEN, packet.id, ASK_BYTES), packet.cookie);
    case "opened": {
      const datagram = headed(OPENED, packet.id, 18);
      writeId(datagram, 10, packet.link);
      return datagram;
    }
    case "data": {
      const datagram = headed(DATA, packet.id, DATA_HEAD_BYTES + packet.piece.length);
      writeNumber(datagram, 10, packet.seq);
      writeAck(datagram, packet.ack);
      datagram[18] = packet.flags;
      datagram.set(packet.piece, DATA_HEAD_BYTES);
      return datagram;
    }
    case "ack": {
      const datagram = headed(ACK, packet.id, ACK_HEAD_BYTES + packet.bitmap.length);
      writeNumber(datagram, 10, packet.ack);
      datagram.set(packet.bitmap, ACK_HEAD_BYTES);
      return datagram;
    }
    case "ping":
      return filled(headed(PING, packet.id, 18), packet.token);
    case "pong":
      return filled(headed(PONG, packet.id, 18), packet.token);
    case "close":
      return encodeClose(packet.id, packet.why, CLOSE_BYTES + WHY_BYTES);
  }
}

/** CLOSE in at most `bytes`: the reason is cut between two characters. */
export function encodeClose(id: bigint, why: string, bytes: number): Uint8Array {
  const text = encodeText(why);
  let end = Math.min(text.length, bytes - CLOSE_BYTES, WHY_BYTES);
  // A byte 10xxxxxx continues a character.
  while (end > 0 && end < text.length && (text[end]! & 0xc0) === 0x80) end--;
  return filled(headed(CLOSE, id, CLOSE_BYTES + end), text.subarray(0, end));
}

/** Changes the ack of a DATA datagram, the only part that differs when it is sent again. */
export function writeAck(data: Uint8Array, ack: number): void {
  writeNumber(data, 14, ack);
}

export function readId(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0);
}

export function writeId(bytes: Uint8Array, at: number, id: bigint): void {
  new DataView(bytes.buffer, bytes.byteOffset + at, 8).setBigUint64(0, id);
}

/** A datagram of this length with its header. */
export function headed(kind: number, id: bigint, bytes: number): Uint8Array {
  const datagram = new Uint8Array(bytes);
  datagram[0] = MARK;
  datagram[1] = kind;
  writeId(datagram, 2, id);
  return datagram;
}

function filled(datagram: Uint8Array, bytes: Uint8Array): Uint8Array {
  datagram.set(bytes, 10);
  return datagram;
}

function readNumber(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function writeNumber(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = number >>> 24;
  bytes[at + 1] = number >>> 16;
  bytes[at + 2] = number >>> 8;
  bytes[at + 3] = number;
}

export function wrongLength(name: string, length: number): Fault {
  return malformed(`the length of ${name}`, `${length} bytes`);
}

export function malformed(rule: string, found: string): Fault {
  return new Fault("malformed", `expected ${rule}, found ${found}`);
}
