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
import { KEY_BYTES } from "./cryptography.ts";

/** Somebody's part in a group, as they have said last: a higher version is later. */
export interface Membership {
  readonly group: string;
  /** The member's public key in base64. */
  readonly key: string;
  readonly name: string;
  readonly version: number;
  readonly in: boolean;
}

/** What one peer says to another on their link: one JSON object a line. */
export type PeerMessage =
  /**
   * Who we are, before anything else: our key, the one for this link alone, which run of the program this is, and which store
   * our numbers are counted in.
   */
  | {
    readonly type: "me";
    readonly key: Uint8Array;
    readonly fresh: Uint8Array;
    readonly run: string;
    readonly store: string;
  }
  /** The first that is sealed: whoever can say it has the secret halves. `twice`: we have another link with this run of yours. */
  | { readonly type: "proof"; readonly twice: boolean }
  | { readonly type: "say"; readonly n: number; readonly group: string | undefined; readonly text: string }
  /** Everything said up to `n` has been shown. */
  | { readonly type: "got"; readonly n: number }
  /** What was said as `n` is not taken. */
  | { readonly type: "no"; readonly n: number; readonly why: string }
  /** From now on we say only what is sealed, and take nothing else; or not any more; or not with this key. */
  | { readonly type: "secure"; readonly on: boolean; readonly why: string | undefined }
  /** Come into a group. */
  | { readonly type: "invite"; readonly group: string }
  | { readonly type: "groups"; readonly members: readonly Membership[] }
  /** What we know of all groups, as one number; `answer`, when it answers another's, and is not answered with one again. */
  | { readonly type: "sum"; readonly sum: number; readonly answer: boolean }
  /** Something that is not for people; it is told while we are linked, or never. */
  | { readonly type: "signal"; readonly text: string }
  /** Where others are. */
  | { readonly type: "peers"; readonly at: readonly Address[] }
  /** Something that a later version says. */
  | { readonly type: "unknown" };

const WHY_CHARACTERS = 500;
/** Nobody comes and leaves so often; and whoever says that somebody did leaves them room to say otherwise. */
const MOST_VERSION = 1_000_000_000;

/** One line of a message as a letter, or what is wrong with it; fields that are not known are ignored. */
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
        return { type: "peers", at: readPlaces(fields, "at") };
      case "proof":
        return { type: "proof", twice: optional(readBoolean, fields, "twice") ?? false };
      default:
        return { type: "unknown" };
    }
  });
}

/** The letter as one line. */
export function encodePeerMessage(letter: PeerMessage): string {
  switch (letter.type) {
    case "me":
      return JSON.stringify({ ...letter, key: encodeBase64(letter.key), fresh: encodeBase64(letter.fresh) });
    case "peers":
      return JSON.stringify({ type: "peers", at: letter.at.map(formatAddress) });
    default:
      return JSON.stringify(letter);
  }
}

function readMembership(fields: Fields): Membership {
  const key = readText(fields, "key");
  if (decodeBase64(key)?.length !== KEY_BYTES) throw unexpected(`"key", ${KEY_BYTES} bytes in base64`, key);
  const [group, name] = [readName(fields, "group"), readName(fields, "name")];
  return { group, key, name, version: readInteger(fields, "version"), in: readBoolean(fields, "in") };
}

/** What cannot be is passed over, and no reason to part: friends tell what others have told them. */
function isPossible({ version }: Membership): boolean {
  return version <= MOST_VERSION;
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

function readPlaces(fields: Fields, key: string): Address[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw unexpected(`"${key}", a list of ADDRESS:PORT`, value);
  return value.map((each) => {
    const place = typeof each === "string" ? parseAddress(each) : undefined;
    if (!place) throw unexpected(`ADDRESS:PORT in "${key}"`, each);
    return place;
  });
}
