import { decodeBase64, encodeBase64 } from "../../core/bytes.ts";
import type { Fault } from "../../core/errors.ts";
import {
  type Fields,
  optional,
  readBoolean,
  readInteger,
  readObject,
  readStrings,
  readText,
  unexpected,
} from "../../core/json_fields.ts";
import { decodePublicKey } from "./public_key.ts";
import { readRtcDescription, type RtcDescription } from "./rtc_description.ts";

/** A message about a transfer between two clients, sent through the chat. "To the sender" means the maker of the offer. */
export type Signal =
  /**
   * To the sender: we request it, and can be reached at these addresses. `key`, the text of a `PublicKey`, if we can seal; `rtc` if
   * we are a browser that connects to others.
   */
  | {
    readonly type: "want";
    readonly offer: string;
    readonly transfer: string;
    readonly token: string;
    readonly at: readonly string[];
    readonly key: string | undefined;
    readonly rtc?: boolean | undefined;
  }
  /** To the receiver: we cannot reach you; reach us at these addresses, or from a browser as `rtc` says. */
  | {
    readonly type: "come";
    readonly transfer: string;
    readonly token: string;
    readonly at: readonly string[];
    readonly key: string | undefined;
    readonly rtc?: RtcDescription | undefined;
  }
  /** To the sender: we, a browser, connect to yours. */
  | { readonly type: "answer"; readonly transfer: string; readonly rtc: RtcDescription }
  /** To the sender: neither side can reach the other; we propose a relayed stream. */
  | { readonly type: "relay"; readonly transfer: string }
  /** To the receiver: the relayed stream is open. */
  | { readonly type: "relayed"; readonly transfer: string; readonly key: string | undefined }
  /** Bytes of a relayed stream, from position `from` on. */
  | { readonly type: "bytes"; readonly transfer: string; readonly from: number; readonly bytes: Uint8Array }
  /** All bytes of a relayed stream up to here were taken. */
  | { readonly type: "taken"; readonly transfer: string; readonly upTo: number }
  /** To the receiver: the transfer cannot begin now, and may be requested again. */
  | { readonly type: "later"; readonly transfer: string; readonly why: string }
  /** To the sender: everything is received and verified. */
  | { readonly type: "received"; readonly offer: string }
  /** To the receiver: we know that you have received or refused it. */
  | { readonly type: "noted"; readonly offer: string }
  /** To the sender, or to the receiver: the offer is refused, or withdrawn. */
  | { readonly type: "refused" | "withdrawn"; readonly offer: string; readonly why: string };

/** Why an offer is withdrawn, if its user gives no reason. */
export const WITHDRAWN = "it was withdrawn";
/** The most bytes of a relayed stream in one signal. */
export const SIGNAL_BYTES = 12 * 1024;
/** Cap on addresses that are read. */
const ADDRESSES = 32;
const WHY_CHARACTERS = 500;

/** Whether its receiver needs the address at which the chat sees its sender. It is not told with any other signal. */
export function needsAddress({ type }: Signal): boolean {
  return type === "want" || type === "come";
}

/** The signal as text. */
export function encodeSignal(signal: Signal): string {
  const { type, ...fields } = signal;
  const encoded = Object.entries(fields).map(([name, value]) =>
    [name, value instanceof Uint8Array ? encodeBase64(value) : value] as const
  );
  return JSON.stringify({ file: type, ...Object.fromEntries(encoded) });
}

/** The signal in a text; undefined if it is of a later version, or not about files. */
export function decodeSignal(text: string): Signal | Fault | undefined {
  return readObject<Signal | undefined>(text, read);
}

function read(fields: Fields): Signal | undefined {
  const key = () => optional(readKey, fields, "key");
  const why = () => readText(fields, "why").slice(0, WHY_CHARACTERS);
  switch (fields.file) {
    case "want":
      return {
        type: "want",
        offer: readId(fields, "offer"),
        transfer: readId(fields, "transfer"),
        token: readId(fields, "token"),
        at: readStrings(fields, "at").slice(0, ADDRESSES),
        key: key(),
        ...fields.rtc === undefined ? {} : { rtc: readBoolean(fields, "rtc") },
      };
    case "come":
      return {
        type: "come",
        transfer: readId(fields, "transfer"),
        token: readId(fields, "token"),
        at: readStrings(fields, "at").slice(0, ADDRESSES),
        key: key(),
        ...fields.rtc === undefined ? {} : { rtc: readRtcDescription(fields, "rtc") },
      };
    case "answer":
      return { type: "answer", transfer: readId(fields, "transfer"), rtc: readRtcDescription(fields, "rtc") };
    case "relay":
      return { type: "relay", transfer: readId(fields, "transfer") };
    case "relayed":
      return { type: "relayed", transfer: readId(fields, "transfer"), key: key() };
    case "bytes": {
      const bytes = decodeBase64(readText(fields, "bytes"));
      if (!bytes || bytes.length > SIGNAL_BYTES) {
        throw unexpected(`"bytes", at most ${SIGNAL_BYTES} bytes`, fields.bytes);
      }
      return { type: "bytes", transfer: readId(fields, "transfer"), from: readInteger(fields, "from"), bytes };
    }
    case "taken":
      return { type: "taken", transfer: readId(fields, "transfer"), upTo: readInteger(fields, "upTo") };
    case "later":
      return { type: "later", transfer: readId(fields, "transfer"), why: why() };
    case "received":
    case "noted":
      return { type: fields.file, offer: readId(fields, "offer") };
    case "refused":
    case "withdrawn":
      return { type: fields.file, offer: readId(fields, "offer"), why: why() };
    default:
      return undefined;
  }
}

/** The text of a public key. */
function readKey(fields: Fields, key: string): string {
  const value = readText(fields, key);
  if (decodePublicKey(value)) return value;
  throw unexpected(`"${key}", a public key`, value);
}

/** Sixteen random bytes in base64. */
function readId(fields: Fields, key: string): string {
  const value = readText(fields, key);
  if (/^[\w+/]{22}$/.test(value)) return value;
  throw unexpected(`"${key}", 16 bytes in base64`, value);
}
