import { type Address, isIpAddress } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import { decodeLossy, encodeText, linesOf, oneLine } from "../core/text.ts";

/** The dialects in which other programs for the address book's handout chat. One datagram is one message, in UTF-8. */
export type Dialect = "A" | "B" | "C";

/** A text that another program, or Partyline in its first datagram, has sent. */
export type DialectMessage =
  /** Partyline's first datagram. */
  | { readonly kind: "probe"; readonly tag: number }
  /** Who is there? `tag` is to be repeated in the answer. */
  | { readonly kind: "ask"; readonly dialect: "A"; readonly tag: string; readonly from: Address }
  | { readonly kind: "ask"; readonly dialect: "B"; readonly port: number }
  | { readonly kind: "name"; readonly dialect: "A"; readonly name: string; readonly tag: number }
  | { readonly kind: "name"; readonly dialect: "B"; readonly name: string; readonly port: number }
  | {
    readonly kind: "chat";
    readonly dialect: "A";
    readonly text: string;
    readonly from: Address;
    readonly name: string;
  }
  | { readonly kind: "chat"; readonly dialect: "B"; readonly text: string; readonly port: number }
  | { readonly kind: "chat"; readonly dialect: "C"; readonly text: string; readonly name: string };

/** Who we are in a dialect: our name, and the address at which we are in the table. */
export interface DialectSelf extends Address {
  readonly name: string;
}

/** Longer datagrams are not read: a line of chat is shorter. */
const DIALECT_BYTES = 4096;
/** Separates the fields of dialect A. */
const A_SEPARATOR = "\\: ";
const B_ASKS = "X_GET_NAME";
const B_NAMES = "X_NAME";

/**
 * Partyline's first datagram to an address: the one text that programs of all dialects survive. Those of A and B answer it
 * with their name, those of C show it, and another Partyline recognises it. `tag` is our number for that address.
 */
export function encodeProbe(tag: number, { hostname, port }: Address): Uint8Array {
  return encodeText(["IDReq", tag, hostname, port, `${port}!${B_ASKS}|${port}|+`].join(A_SEPARATOR));
}

/** The answer to another program's "ask". */
export function encodeName(ask: Extract<DialectMessage, { kind: "ask" }>, { name, port }: DialectSelf): Uint8Array {
  return encodeText(
    ask.dialect === "A" ? ["ID", name, ask.tag].join(A_SEPARATOR) : `${port}!${B_NAMES}|${name}|${port}`,
  );
}

/**
 * A message of chat, one datagram for each line. What separates fields is replaced in the text where it would stop the other
 * program from receiving: in A `\: ` by `\:`, in C `+` by the full-width `＋`.
 */
export function encodeChat(dialect: Dialect, text: string, self: DialectSelf): readonly Uint8Array[] {
  return linesOf(text).map((line) => encodeChatLine(dialect, line, self));
}

function encodeChatLine(dialect: Dialect, text: string, { name, hostname, port }: DialectSelf): Uint8Array {
  const line = oneLine(text);
  switch (dialect) {
    case "A":
      return encodeText([`${line.replace(/\\: +/g, "\\:")}\n`, hostname, port, name].join(A_SEPARATOR));
    case "B":
      return encodeText(`${port}!${line}\n`);
    case "C":
      return encodeText(`${line.replaceAll("+", "＋")}\n+${name.replaceAll("+", "＋")}`);
  }
}

/** Decodes a datagram in any of the dialects. What is not UTF-8 is shown with replacement characters. */
export function decodeDialect(datagram: Uint8Array): DialectMessage | Fault {
  if (datagram.length > DIALECT_BYTES) {
    return new Fault("too long", `expected at most ${DIALECT_BYTES} bytes, found ${datagram.length}`);
  }
  // Programs written in the language C send the end mark of their strings.
  const text = decodeLossy(datagram).replace(/\0+$/, "");
  return decodeProbe(text) ?? decodeA(text) ?? decodeBControl(text) ?? decodeC(text) ?? decodeBChat(text) ??
    decodeLooseC(text) ??
    new Fault("malformed", `expected a message of dialect A, B or C, found ${JSON.stringify(text.slice(0, 80))}`);
}

function decodeProbe(text: string): DialectMessage | undefined {
  const found = /^IDReq\\: (\d{1,9})\\: [\d.]+\\: (\d{1,5})\\: (\d{1,5})!X_GET_NAME\|(\d{1,5})\|\+$/.exec(text);
  if (!found) return undefined;
  const [tag, ...ports] = found.slice(1).map(Number) as [number, number, number, number];
  return isPort(ports[0]) && ports.every((port) => port === ports[0]) ? { kind: "probe", tag } : undefined;
}

function decodeA(text: string): DialectMessage | undefined {
  const [, request, hostname, port] = /^IDReq\\: ([^\s\\]{1,64})\\: ([\d.]+)\\: (\d{1,5})\s*$/.exec(text) ?? [];
  const asker = addressOf(hostname, port);
  if (asker) return { kind: "ask", dialect: "A", tag: request!, from: asker };
  const [, name, tag] = /^ID\\: ([^]+)\\: (\d{1,9})\s*$/.exec(text) ?? [];
  if (name !== undefined) return { kind: "name", dialect: "A", name, tag: Number(tag) };
  // The last three fields; the text may contain what looks like a separator.
  const [, said, from, at, by] = /^([^]*?)\n?\\: ([\d.]+)\\: (\d{1,5})\\: ([^\n]*)\n?$/.exec(text) ?? [];
  const speaker = addressOf(from, at);
  return speaker && { kind: "chat", dialect: "A", text: said!, from: speaker, name: by! };
}

function decodeBControl(text: string): DialectMessage | undefined {
  const [, head, verb, rest] = /^(\d{1,5})!(X_GET_NAME|X_NAME)\|([^]*?)\n?$/.exec(text) ?? [];
  if (head === undefined) return undefined;
  const port = Number(head);
  if (verb === B_ASKS) return rest === head && isPort(port) ? { kind: "ask", dialect: "B", port } : undefined;
  const end = rest!.lastIndexOf("|");
  if (end < 1 || rest!.slice(end + 1) !== head || !isPort(port)) return undefined;
  return { kind: "name", dialect: "B", name: rest!.slice(0, end), port };
}

function decodeBChat(text: string): DialectMessage | undefined {
  const [, head, said] = /^(\d{1,5})!([^]*?)\n?$/.exec(text) ?? [];
  return head !== undefined && isPort(Number(head))
    ? { kind: "chat", dialect: "B", text: said!, port: Number(head) }
    : undefined;
}

function decodeC(text: string): DialectMessage | undefined {
  const [, said, name] = /^([^]*)\n\+([^\n+]+)\n?$/.exec(text) ?? [];
  return name === undefined ? undefined : { kind: "chat", dialect: "C", text: said!, name };
}

/** A message of dialect C without the line break in it. */
function decodeLooseC(text: string): DialectMessage | undefined {
  const [, said, name] = /^([^\n]*)\+([^\n+]+)\n?$/.exec(text) ?? [];
  return name === undefined ? undefined : { kind: "chat", dialect: "C", text: said!, name };
}

function addressOf(hostname: string | undefined, port: string | undefined): Address | undefined {
  if (hostname === undefined || !isIpAddress(hostname) || !isPort(Number(port))) return undefined;
  return { hostname, port: Number(port) };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
