import { type Fields, readStrings, readText, unexpected } from "../../core/json_fields.ts";

/**
 * What two browsers tell each other to connect (RFC 8839, 8842): the parts in which the session descriptions of two data channels
 * differ. The receiver of one writes its own description around them, so that nothing else of it reaches a browser.
 */
export interface RtcDescription {
  readonly ufrag: string;
  readonly pwd: string;
  /** SHA-256 of the certificate of the connection: pairs of hexadecimal digits, with colons. */
  readonly fingerprint: string;
  /** ADDRESS:PORT, or NAME.local:PORT. */
  readonly at: readonly string[];
}

/** Cap on addresses: a machine has a few networks, with two families each. */
const ADDRESSES = 16;
/** A name of 36 characters, ".local" and a port have 48; an IPv6 address with a port has 47. */
const ADDRESS_CHARACTERS = 60;

export function readRtcDescription(fields: Fields, key: string): RtcDescription {
  const value = fields[key];
  if (typeof value !== "object" || value === null) throw unexpected(`"${key}", an object`, value);
  const parts = value as Fields;
  const at = readStrings(parts, "at").filter(({ length }) => length <= ADDRESS_CHARACTERS).slice(0, ADDRESSES);
  return {
    ufrag: readMatching(parts, "ufrag", /^[\w+/]{4,64}$/),
    pwd: readMatching(parts, "pwd", /^[\w+/]{22,64}$/),
    fingerprint: readMatching(parts, "fingerprint", /^([\dA-F]{2}:){31}[\dA-F]{2}$/i),
    at,
  };
}

function readMatching(fields: Fields, key: string, pattern: RegExp): string {
  const value = readText(fields, key);
  if (pattern.test(value)) return value;
  throw unexpected(`"${key}", ${pattern}`, value);
}
