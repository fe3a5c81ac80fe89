import { isIpAddress } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { encodeText, sanitized } from "../../core/text.ts";

/** What a client of the address book says: R, "I am here; who else is?", or K, "I am leaving". */
export interface DirectoryRequest {
  readonly type: "R" | "K";
  /** What the client takes for its address; nobody relies on it. */
  readonly hostname: string;
  /** The UDP port on which it is to be reached. */
  readonly port: number;
  readonly user: string;
}

const FORM = "TYPE:IP:UDPPORT:USERID";
/** How an IPv6 address begins: `::` after some groups, or at least seven of them. */
const IPV6 = /^(?::|(?:[0-9a-f]{1,4}:)+):|^(?:[0-9a-f]{1,4}:){6}[0-9a-f.]+:/i;

/** Reads a request; it may end with a line break. A user's name may hold colons, unless the address is IPv6. */
export function decodeDirectoryRequest(text: string): DirectoryRequest | Fault {
  const line = text.replace(/\r?\n?$/, "");
  const type = line.slice(0, line.indexOf(":"));
  if (type !== "R" && type !== "K") return malformed(`${FORM} with R or K for TYPE`, line);
  const fields = fieldsOf(line.slice(2));
  if (!fields) return malformed(FORM, line);
  const [hostname, digits, user] = fields;
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65535) return malformed(`${FORM} with 1 to 65535 for UDPPORT`, line);
  if (user === "") return malformed(`${FORM} with a name for USERID`, line);
  return { type, hostname, port, user };
}

/** A request as bytes, as the handout's clients send it: with no end mark. */
export function encodeDirectoryRequest({ type, hostname, port, user }: DirectoryRequest): Uint8Array {
  return encodeText(`${type}:${hostname}:${port}:${sanitized(user)}`);
}

/** Address, port and name: the first three fields, or when the first is an IPv6 address the last two and what is before. */
function fieldsOf(rest: string): readonly [hostname: string, port: string, user: string] | undefined {
  const six = IPV6.test(rest);
  const last = six ? rest.lastIndexOf(":") : rest.indexOf(":", rest.indexOf(":") + 1);
  const middle = six ? rest.lastIndexOf(":", last - 1) : rest.indexOf(":");
  if (middle < 0 || last <= middle) return undefined;
  const hostname = rest.slice(0, middle);
  // The beginning of an address is none: its port and its name are still to come.
  if (six && !isIpAddress(hostname.replace(/%.*$/s, ""))) return undefined;
  return [hostname, rest.slice(middle + 1, last), rest.slice(last + 1)];
}

function malformed(expected: string, line: string): Fault {
  return new Fault("malformed", `expected ${expected}, found ${JSON.stringify(line.slice(0, 80))}`);
}
