import { decodeHex, encodeHex } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import { decodeWire, encodeWire } from "../core/wire_text.ts";
import { decodePacket, encodePacket, type Packet, readId, writeId } from "../protocols/datagram/packet.ts";

const RAW = "RAW ";

/**
 * A datagram of the reliable transport as a line that a script and a story can read, and back: `DATA 00000000000000a1 1 2 3 {…}` is
 * piece 1 with the ack 2 and the flags 3. What is no such datagram stays as it is.
 */
export function packetText(datagram: Uint8Array): string {
  const packet = decodePacket(datagram);
  if (packet instanceof Fault) return decodeWire(datagram);
  const head = `${packet.kind.toUpperCase()} ${idText(packet.id)}`;
  switch (packet.kind) {
    case "hello":
      return head;
    case "cookie":
    case "open":
      return `${head} ${encodeHex(packet.cookie)}`;
    case "opened":
      return `${head} ${idText(packet.link)}`;
    case "data":
      return `${head} ${packet.seq} ${packet.ack} ${packet.flags} ${decodeWire(packet.piece)}`;
    case "ack":
      return `${head} ${packet.ack}${packet.bitmap.length === 0 ? "" : ` ${encodeHex(packet.bitmap)}`}`;
    case "ping":
    case "pong":
      return `${head} ${encodeHex(packet.token)}`;
    case "close":
      return packet.why === "" ? head : `${head} ${packet.why}`;
  }
}

/** Whether a datagram ends a link. */
export function isClose(datagram: Uint8Array): boolean {
  const packet = decodePacket(datagram);
  return !(packet instanceof Fault) && packet.kind === "close";
}

/** The datagram of a line, or the bytes of `RAW` and hexadecimal digits; throws for any other line, which is a mistake in a rule. */
export function packetBytes(line: string): Uint8Array {
  return line.startsWith(RAW) ? decodeHex(line.slice(RAW.length)) : encodePacket(packetOf(line));
}

function packetOf(line: string): Packet {
  const [kind = "", id = "", ...rest] = line.split(" ");
  const [first = "", second = "", third = "", ...words] = rest;
  const head = { id: readId(decodeHex(id), 0) };
  switch (kind) {
    case "HELLO":
      return { kind: "hello", ...head };
    case "COOKIE":
      return { kind: "cookie", ...head, cookie: decodeHex(first) };
    case "OPEN":
      return { kind: "open", ...head, cookie: decodeHex(first) };
    case "OPENED":
      return { kind: "opened", ...head, link: readId(decodeHex(first), 0) };
    case "DATA": {
      const [seq, ack, flags] = [Number(first), Number(second), Number(third)];
      return { kind: "data", ...head, seq, ack, flags, piece: encodeWire(words.join(" ")) };
    }
    case "ACK":
      return { kind: "ack", ...head, ack: Number(first), bitmap: decodeHex(second) };
    case "PING":
      return { kind: "ping", ...head, token: decodeHex(first) };
    case "PONG":
      return { kind: "pong", ...head, token: decodeHex(first) };
    case "CLOSE":
      return { kind: "close", ...head, why: rest.join(" ") };
  }
  throw new TypeError(`no datagram is called ${JSON.stringify(kind)}`);
}

function idText(id: bigint): string {
  const bytes = new Uint8Array(8);
  writeId(bytes, 0, id);
  return encodeHex(bytes);
}
