import type { PersonElsewhere } from "../chat/elsewhere.ts";
import type { ServerMessage, ServerPlace } from "../chat/exchange_events.ts";
import type { Place, RecordId } from "../chat/record_id.ts";
import type { Fault } from "../core/errors.ts";
import {
  type Fields,
  optional,
  readBoolean,
  readIdentifier,
  readInteger,
  readList,
  readObject,
  readStrings,
  readText,
  unexpected,
} from "../core/json_fields.ts";
import { decodeLossy, encodeText } from "../core/text.ts";

/** A record as a server has it. */
export interface HeldRecord {
  readonly number: number;
  readonly text: string;
  readonly place: Place | undefined;
}

/** What servers say to each other; it is not stored, and may be lost. */
export type ServerNotice =
  /** The sender is there: its name and place, up to where it has taken the records of each server, and the version of its people. */
  | {
    readonly type: "hello";
    readonly name: string;
    readonly place?: ServerPlace | undefined;
    readonly taken: readonly RecordId[];
    readonly people: number;
    /** Of who holds names. */
    readonly names: string;
  }
  /** A part of those who are online at the sender. */
  | {
    readonly type: "people";
    readonly version: number;
    readonly part: number;
    readonly parts: number;
    readonly people: readonly PersonElsewhere[];
  }
  /** Who has come and gone since the version before. */
  | {
    readonly type: "peopleChanged";
    readonly version: number;
    readonly came: readonly PersonElsewhere[];
    readonly went: readonly string[];
  }
  | { readonly type: "askPeople" }
  /** The sender stops. */
  | { readonly type: "bye" }
  /** Asks for the records of a server after a number. */
  | { readonly type: "ask"; readonly of: string; readonly after: number }
  /** Some of them, in order: no server has any more what is not among them and has a smaller number than the last. */
  | { readonly type: "records"; readonly of: string; readonly after: number; readonly records: readonly HeldRecord[] }
  | { readonly type: "chat"; readonly message: ServerMessage };

/** A record as the exchange has it: its number at its server, and what it says. */
export function encodeEntry({ server, number }: RecordId, text: string): Uint8Array {
  return encodeText(`${server} ${number}\n${text}`);
}

export function decodeEntry(bytes: Uint8Array): { readonly id: RecordId; readonly text: string } | Fault {
  const all = decodeLossy(bytes);
  const found = /^([0-9A-Za-z]{1,64}) ([1-9][0-9]{0,15})\n/.exec(all);
  if (!found) return unexpected("the number of a record and a line", all);
  return { id: { server: found[1]!, number: Number(found[2]) }, text: all.slice(found[0].length) };
}

/** A name or an IP address. */
const HOST = /^[A-Za-z0-9.:-]{1,253}$/;

/** The name of a record in the JSON of another; in a text, its quotation marks would be escaped. */
const RECORD = /\{"server":"([0-9A-Za-z]{1,64})","number":([0-9]{1,15})\}/g;

/** The records that come before a record: what it is about, and what its sender has said at another server. */
export function recordsBefore(text: string): RecordId[] {
  return Array.from(text.matchAll(RECORD), ([, server, number]) => ({ server: server!, number: Number(number) }));
}

/** A notice, with the server that says it. */
export function encodeNotice(from: string, notice: ServerNotice): Uint8Array {
  return encodeText(JSON.stringify({ ...notice, from }));
}

export function decodeNotice(bytes: Uint8Array): { readonly from: string; readonly notice: ServerNotice } | Fault {
  return readObject(decodeLossy(bytes), (fields) => ({
    from: readIdentifier(fields, "from"),
    notice: readNotice(fields),
  }));
}

function readNotice(fields: Fields): ServerNotice {
  const { type } = fields;
  switch (type) {
    case "hello":
      return {
        type,
        name: readText(fields, "name"),
        place: optional(readServerPlace, fields, "place"),
        taken: readList(fields, "taken", (each) => ({
          server: readIdentifier(each, "server"),
          number: readInteger(each, "number"),
        })),
        people: readInteger(fields, "people"),
        names: readText(fields, "names"),
      };
    case "people":
      return {
        type,
        version: readInteger(fields, "version"),
        part: readInteger(fields, "part"),
        parts: readInteger(fields, "parts"),
        people: readList(fields, "people", readPerson),
      };
    case "peopleChanged":
      return {
        type,
        version: readInteger(fields, "version"),
        came: readList(fields, "came", readPerson),
        went: readStrings(fields, "went"),
      };
    case "askPeople":
    case "bye":
      return { type };
    case "ask":
      return { type, of: readIdentifier(fields, "of"), after: readInteger(fields, "after") };
    case "records":
      return {
        type,
        of: readIdentifier(fields, "of"),
        after: readInteger(fields, "after"),
        records: readList(fields, "records", (each) => ({
          number: readInteger(each, "number"),
          text: readText(each, "text"),
          place: optional(readPlace, each, "place"),
        })),
      };
    case "chat":
      return { type, message: readMessage(fields.message as Fields) };
  }
  throw unexpected('"type", that of a notice', type);
}

function readPerson(fields: Fields): PersonElsewhere {
  return { name: readText(fields, "name"), isHandout: readBoolean(fields, "isHandout") };
}

function readPlace(fields: Fields, key: string): Place {
  const value = fields[key] as Fields;
  return { epoch: readInteger(value, "epoch"), place: readInteger(value, "place") };
}

function readServerPlace(fields: Fields, key: string): ServerPlace {
  const value = fields[key];
  if (typeof value !== "object" || value === null) throw unexpected(`"${key}", where clients reach a server`, value);
  const place = value as Fields;
  const hostname = readText(place, "hostname");
  const port = readInteger(place, "port");
  if (!HOST.test(hostname)) throw unexpected('"hostname", that of a server', hostname);
  if (port < 1 || port > 65535) throw unexpected('"port", that of a listener', port);
  return { hostname, port, key: optional(readText, place, "key"), page: optional(readText, place, "page") };
}

function readMessage(fields: Fields): ServerMessage {
  if (typeof fields !== "object" || fields === null) throw unexpected('"message", an object', fields);
  if (fields.type === "outcome") {
    return {
      type: "outcome",
      number: readInteger(fields, "number"),
      delivered: readBoolean(fields, "delivered"),
      why: readText(fields, "why"),
    };
  }
  if (fields.type === "names") {
    return {
      type: "names",
      holders: readList(fields, "holders", (each) => ({
        name: readText(each, "name"),
        ref: readText(each, "ref"),
        server: readIdentifier(each, "server"),
        epoch: readInteger(each, "epoch"),
        place: readInteger(each, "place"),
        version: readInteger(each, "version"),
      })),
    };
  }
  const [from, to, text] = ["from", "to", "text"].map((key) => readText(fields, key));
  return { type: "signal", from: from!, at: optional(readText, fields, "at"), to: to!, text: text! };
}
