import { peerNameFault } from "../chat/names.ts";
import { type Address, formatAddress, parseAddress } from "../core/address.ts";
import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import { Fault } from "../core/errors.ts";
import {
  type Fields,
  optional,
  readBoolean,
  readBytes,
  readIdentifier,
  readInteger,
  readList,
  readObject,
  readText,
  unexpected,
} from "../core/json_fields.ts";
import { KEY_BYTES, SIGNATURE_BYTES } from "./cryptography.ts";
import { isSigned, type Membership, type SignedMembership } from "./membership.ts";

/** A message between peers on their link: one JSON object a line. */
export type PeerMessage =
  /** The first message: our key, the one for this link, the run of our program, and the store that numbers our messages. */
  | {
    readonly type: "me";
    readonly key: Uint8Array;
    readonly fresh: Uint8Array;
    readonly run: string;
    readonly store: string;
  }
  /** The first sealed message, which proves that the sender has the secret halves. `twice`: we have another link with this run of yours. */
  | { readonly type: "proof"; readonly twice: boolean }
  | { readonly type: "say"; readonly n: number; readonly group: string | undefined; readonly text: string }
  /** Every message up to `n` has been shown. */
  | { readonly type: "got"; readonly n: number }
  /** Message `n` is rejected. */
  | { readonly type: "no"; readonly n: number; readonly why: string }
  /** We send and accept only sealed messages from now on; or no longer; or, with `why`, we do not accept this key. */
  | { readonly type: "secure"; readonly on: boolean; readonly why: string | undefined }
  /** Asks the receiver to join a group. */
  | { readonly type: "invite"; readonly group: string }
  | { readonly type: "groups"; readonly members: readonly SignedMembership[] }
  /** The checksum of all memberships; `answer`: it answers another one, and is not to be answered. */
  | { readonly type: "sum"; readonly sum: number; readonly answer: boolean }
  /** Text for the program, not the person. It is not kept. */
  | { readonly type: "signal"; readonly text: string }
  /** The addresses of others. */
  | { readonly type: "peers"; readonly at: readonly Address[] }
  /** A message of a later version. */
  | { readonly type: "unknown" };

const WHY_CHARACTERS = 500;
/** More than a person joins and leaves. */
const MOST_VERSION = 1_000_000_000;

/** Decodes one line; unknown fields are ignored. */
export function decodePeerMessage(line: string): PeerMessage | Fault {
  return readObject<PeerMessage>(line, (fields) => {
    switch (fields.type) {
      case "me":
        return {
          type: "me",
          key: readBytes(fields, "key", KEY_BYTES),
          fresh: readBytes(fields, "fresh", KEY_BYTES),
          run: readIdentifier(fields, "run"),
          store: readIdentifier(fields, "store"),
        };
      case "say":
        return {
          type: "say",
          n: readInteger(fields, "n"),
          group: optional(readName, fields, "group"),
          text: readText(fields, "text"),
        };
      case "got":
        return { type: "got", n: readInteger(fields, "n") };
      case "no":
        return { type: "no", n: readInteger(fields, "n"), why: readWhy(fields, "why") };
      case "secure":
        return { type: "secure", on: readBoolean(fields, "on"), why: optional(readWhy, fields, "why") };
      case "invite":
        return { type: "invite", group: readName(fields, "group") };
      case "groups":
        return { type: "groups", members: readList(fields, "members", readMembership).filter(isPossible) };
      case "sum":
        return {
          type: "sum",
          sum: readInteger(fields, "sum"),
          answer: optional(readBoolean, fields, "answer") ?? false,
        };
      case "signal":
        return { type: "signal", text: readText(fields, "text") };
      case "peers":
        return { type: "peers", at: readAddresses(fields, "at") };
      case "proof":
        return { type: "proof", twice: optional(readBoolean, fields, "twice") ?? false };
      default:
        return { type: "unknown" };
    }
  });
}

export function encodePeerMessage(message: PeerMessage): string {
  switch (message.type) {
    case "me":
      return JSON.stringify({ ...message, key: encodeBase64(message.key), fresh: encodeBase64(message.fresh) });
    case "peers":
      return JSON.stringify({ type: "peers", at: message.at.map(formatAddress) });
    default:
      return JSON.stringify(message);
  }
}

function readMembership(fields: Fields): Membership | SignedMembership {
  const key = readText(fields, "key");
  if (decodeBase64(key)?.length !== KEY_BYTES) throw unexpected(`"key", ${KEY_BYTES} bytes in base64`, key);
  const [group, name] = [readName(fields, "group"), readName(fields, "name")];
  const membership = { group, key, name, version: readInteger(fields, "version"), in: readBoolean(fields, "in") };
  const signature = optional(readText, fields, "signature");
  if (signature === undefined) return membership;
  readBytes(fields, "signature", SIGNATURE_BYTES);
  return { ...membership, signature };
}

/** An impossible membership, or an unsigned one of an earlier version, is ignored and does not end the link. */
function isPossible(membership: Membership): membership is SignedMembership {
  return membership.version <= MOST_VERSION && isSigned(membership);
}

function readName(fields: Fields, key: string): string {
  const name = readText(fields, key);
  const why = peerNameFault(name);
  if (why === undefined) return name;
  throw new Fault("malformed", why);
}

function readWhy(fields: Fields, key: string): string {
  return readText(fields, key).slice(0, WHY_CHARACTERS);
}

function readAddresses(fields: Fields, key: string): Address[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw unexpected(`"${key}", a list of ADDRESS:PORT`, value);
  return value.map((each) => {
    const address = typeof each === "string" ? parseAddress(each) : undefined;
    if (!address) throw unexpected(`ADDRESS:PORT in "${key}"`, each);
    return address;
  });
}
