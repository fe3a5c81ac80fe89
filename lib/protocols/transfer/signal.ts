import { decodeBase64, encodeBase64 } from "../../core/bytes.ts";
import type { Fault } from "../../core/errors.ts";
import {
  type Fields,
  optional,
  readBytes,
  readInteger,
  readObject,
  readStrings,
  readText,
  unexpected,
} from "../../core/json_fields.ts";

/** What two clients tell each other of a transfer, by way of the chat, before or beside the bytes. */
export type Signal =
  /** To who has offered: we take it, and can be reached at these places; `key`, when we can seal. */
  | {
    readonly type: "want";
    readonly offer: string;
    readonly transfer: string;
    readonly token: string;
    readonly at: readonly string[];
    readonly key: Uint8Array | undefined;
  }
  /** To who wants: you cannot be reached, but we can, at these places. */
  | {
    readonly type: "come";
    readonly transfer: string;
    readonly token: string;
    readonly at: readonly string[];
    readonly key: Uint8Array | undefined;
  }
  /** To who has offered: neither reaches the other; the bytes may come by way of the chat. */
  | { readonly type: "relay"; readonly transfer: string }
  /** To who wants: so be it. */
  | { readonly type: "relayed"; readonly transfer: string; readonly key: Uint8Array | undefined }
  /** Bytes of a transfer that go by way of the chat, from number `from` on. */
  | { readonly type: "bytes"; readonly transfer: string; readonly from: number; readonly bytes: Uint8Array }
  /** Of those all up to here were taken. */
  | { readonly type: "taken"; readonly transfer: string; readonly upTo: number }
  /** The transfer cannot be begun now; it may be tried again. */
  | { readonly type: "later"; readonly transfer: string; readonly why: string }
  /** To who has offered: all is here, and whole. */
  | { readonly type: "received"; readonly offer: string }
  /** To who has received or refused: we know. */
  | { readonly type: "noted"; readonly offer: string }
  /** The offer does not stand any more, for whoever is told: it is refused, or withdrawn, or was never made. */
  | { readonly type: "refused" | "withdrawn"; readonly offer: string; readonly why: string };

/** So much of a stream goes into one signal. */
export const SIGNAL_BYTES = 12 * 1024;
/** More places than any machine has. */
const PLACES = 32;
const KEY_BYTES = 32;
const WHY_CHARACTERS = 500;

/** The signal as a text for the chat to carry. */
export function encodeSignal(signal: Signal): string {
  const { type, ...fields } = signal;
  const shown = Object.entries(fields).map(([name, value]) =>
    [name, value instanceof Uint8Array ? encodeBase64(value) : value] as const
  );
  return JSON.stringify({ file: type, ...Object.fromEntries(shown) });
}

/** The signal in a text; undefined when it is of another kind or a later version. */
export function decodeSignal(text: string): Signal | Fault | undefined {
  return readObject<Signal | undefined>(text, read);
}

function read(fields: Fields): Signal | undefined {
  const key = () => optional((fields, name) => readBytes(fields, name, KEY_BYTES), fields, "key");
  const why = () => readText(fields, "why").slice(0, WHY_CHARACTERS);
  switch (fields.file) {
    case "want":
      return {
        type: "want",
        offer: readName(fields, "offer"),
        transfer: readName(fields, "transfer"),
        token: readName(fields, "token"),
        at: readStrings(fields, "at").slice(0, PLACES),
        key: key(),
      };
    case "come":
      return {
        type: "come",
        transfer: readName(fields, "transfer"),
        token: readName(fields, "token"),
        at: readStrings(fields, "at").slice(0, PLACES),
        key: key(),
      };
    case "relay":
      return { type: "relay", transfer: readName(fields, "transfer") };
    case "relayed":
      return { type: "relayed", transfer: readName(fields, "transfer"), key: key() };
    case "bytes": {
      const bytes = decodeBase64(readText(fields, "bytes"));
      if (!bytes || bytes.length > SIGNAL_BYTES) {
        throw unexpected(`"bytes", at most ${SIGNAL_BYTES} bytes`, fields.bytes);
      }
      return { type: "bytes", transfer: readName(fields, "transfer"), from: readInteger(fields, "from"), bytes };
    }
    case "taken":
      return { type: "taken", transfer: readName(fields, "transfer"), upTo: readInteger(fields, "upTo") };
    case "later":
      return { type: "later", transfer: readName(fields, "transfer"), why: why() };
    case "received":
    case "noted":
      return { type: fields.file, offer: readName(fields, "offer") };
    case "refused":
    case "withdrawn":
      return { type: fields.file, offer: readName(fields, "offer"), why: why() };
    default:
      return undefined;
  }
}

/** Sixteen random bytes in base64. */
function readName(fields: Fields, key: string): string {
  const value = readText(fields, key);
  if (/^[\w+/]{22}$/.test(value)) return value;
  throw unexpected(`"${key}", 16 bytes in base64`, value);
}
