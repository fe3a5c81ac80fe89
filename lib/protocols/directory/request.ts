import { isIpAddress } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { encodeText, sanitized } from "../../core/text.ts";

/** A request to the directory: R registers the sender and asks for the others, K removes the sender. */
export interface DirectoryRequest {
  readonly type: "R" | "K";
  /** The address as the client sees it; it is not relied on. */
  readonly hostname: string;
  /** The UDP port at which it can be reached. */
  readonly port: number;
  readonly user: string;
}

const FORM = "TYPE:IP:UDPPORT:USERID";
/** The beginning of an IPv6 address: `::` after some groups, or at least seven groups. */
const IPV6 = /^(?::|(?:[0-9a-f]{1,4}:)+):|^(?:[0-9a-f]{1,4}:){6}[0-9a-f.]+:/i;

/** Parses a request, with or without a line break at its end. A user name may contain colons, unless the address is IPv6. */
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

/** Encodes a request as the handout's clients send it: without an end mark. */
export function encodeDirectoryRequest({ type, hostname, port, user }: DirectoryRequest): Uint8Array {
  return encodeText(`${type}:${hostname}:${port}:${sanitized(user)}`);
}

/** Address, port and name: the first three fields; or, for an IPv6 address, the last two and everything before them. */
function fieldsOf(rest: string): readonly [hostname: string, port: string, user: string] | undefined {
  const six = IPV6.test(rest);
  const last = six ? rest.lastIndexOf(":") : rest.indexOf(":", rest.indexOf(":") + 1);
  const middle = six ? rest.lastIndexOf(":", last - 1) : rest.indexOf(":");
  if (middle < 0 || last <= middle) return undefined;
  const hostname = rest.slice(0, middle);
  // An incomplete address: its port and its name are still to come.
  if (six && !isIpAddress(hostname.replace(/%.*$/s, ""))) return undefined;
  return [hostname, rest.slice(middle + 1, last), rest.slice(last + 1)];
}

function malformed(expected: string, line: string): Fault {
  return new Fault("malformed", `expected ${expected}, found ${JSON.stringify(line.slice(0, 80))}`);
}
