import { peerNameFault } from "../chat/names.ts";
import { Fault } from "../core/errors.ts";
import { decodeText, encodeText } from "../core/text.ts";
import {
  decodePacket,
  headed,
  type LinkPacket,
  malformed,
  MARK,
  readId,
  writeId,
  wrongLength,
} from "../protocols/datagram/packet.ts";

/** The length of ASK and HERE: longer than any answer, so that a forged source address gains nothing. */
export const ASK_BYTES = 96;

const ASK = 10, NAMED = 11, HERE = 12;
const ASK_HEAD_BYTES = 11;
const NAMED_HEAD_BYTES = 19;

/** How a peer introduces itself in ASK and NAMED. */
export interface Introduction {
  readonly name: string;
  /** Whether the program knows more than chat: keys and groups. */
  readonly more: boolean;
}

/** A datagram between peers outside of links. The numbers that both sides draw make the id of the link. */
export type DiscoveryPacket =
  | { readonly kind: "ask"; readonly id: bigint; readonly self: Introduction }
  | { readonly kind: "named"; readonly id: bigint; readonly theirs: bigint; readonly self: Introduction }
  | { readonly kind: "here"; readonly id: bigint; readonly port: number };

/** A datagram between peers. */
export type PeerPacket = DiscoveryPacket | LinkPacket;

/** Decodes a datagram. Byte arrays in the result are views of it. */
export function decodePeerPacket(datagram: Uint8Array): PeerPacket | Fault {
  const kind = datagram[0] === MARK ? datagram[1] : undefined;
  switch (kind) {
    case ASK: {
      if (datagram.length !== ASK_BYTES) return wrongLength("ASK", datagram.length);
      const end = datagram.indexOf(0, ASK_HEAD_BYTES);
      const self = readIntroduction(datagram, ASK_HEAD_BYTES, end < 0 ? ASK_BYTES : end);
      return self instanceof Fault ? self : { kind: "ask", id: readId(datagram, 2), self };
    }
    case NAMED: {
      if (datagram.length < NAMED_HEAD_BYTES) return wrongLength("NAMED", datagram.length);
      const self = readIntroduction(datagram, NAMED_HEAD_BYTES, datagram.length);
      if (self instanceof Fault) return self;
      return { kind: "named", id: readId(datagram, 2), theirs: readId(datagram, 10), self };
    }
    case HERE: {
      if (datagram.length !== ASK_BYTES) return wrongLength("HERE", datagram.length);
      const port = datagram[10]! * 256 + datagram[11]!;
      return port === 0 ? malformed("a port of 1 to 65535", "0") : { kind: "here", id: readId(datagram, 2), port };
    }
  }
  const packet = decodePacket(datagram);
  if (packet instanceof Fault) return packet;
  switch (packet.kind) {
    case "hello":
    case "cookie":
    case "open":
    case "opened":
      return malformed("a kind of 5 to 12", packet.kind.toUpperCase());
  }
  return packet;
}

export function encodeDiscovery(packet: DiscoveryPacket): Uint8Array {
  switch (packet.kind) {
    case "ask": {
      const datagram = headed(ASK, packet.id, ASK_BYTES);
      writeIntroduction(datagram, ASK_HEAD_BYTES, packet.self.more, encodeText(packet.self.name));
      return datagram;
    }
    case "named": {
      const name = encodeText(packet.self.name);
      const datagram = headed(NAMED, packet.id, NAMED_HEAD_BYTES + name.length);
      writeId(datagram, 10, packet.theirs);
      writeIntroduction(datagram, NAMED_HEAD_BYTES, packet.self.more, name);
      return datagram;
    }
    case "here": {
      const datagram = headed(HERE, packet.id, ASK_BYTES);
      datagram[10] = packet.port >> 8;
      datagram[11] = packet.port & 255;
      return datagram;
    }
  }
}

/** One byte of flags, then the name. */
function writeIntroduction(datagram: Uint8Array, at: number, more: boolean, name: Uint8Array): void {
  datagram[at - 1] = more ? 1 : 0;
  datagram.set(name, at);
}

function readIntroduction(datagram: Uint8Array, at: number, end: number): Introduction | Fault {
  const name = decodeText(datagram.subarray(at, end));
  if (name instanceof Fault) return name;
  const why = peerNameFault(name);
  return why === undefined ? { name, more: (datagram[at - 1]! & 1) === 1 } : new Fault("malformed", why);
}
