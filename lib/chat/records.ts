import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import type { Fault } from "../core/errors.ts";
import {
  type Fields,
  optional,
  readBoolean,
  readIdentifier,
  readInteger,
  readList,
  readObject,
  readText,
  unexpected,
} from "../core/json_fields.ts";
import type { EntryType, Target } from "./entry.ts";
import type { RecordId } from "./record_id.ts";

/** In place of a server: all others. */
export const ALL_SERVERS = "all";

/** A number of a client that was refused, and why. */
export interface Refusal {
  readonly number: number;
  readonly why: string;
}

/** An entry of the log, without its number, which every server gives it itself. */
export interface EntryRecord {
  readonly type: "entry";
  readonly kind: EntryType;
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  /** The wall clock of the server that it was said at. */
  readonly time: number;
  readonly of?: RecordId | undefined;
  readonly client?: string | undefined;
  readonly number?: number | undefined;
  /** What the sender has said before it at other servers: it comes first everywhere. */
  readonly after?: readonly RecordId[] | undefined;
  /** Numbers of the client before this one that were refused, as far as other servers may not know it. */
  readonly refused?: readonly Refusal[] | undefined;
  /** Said by a guest or the operator, who are no users. */
  readonly isGuest?: boolean;
  /** A handout session waits for the outcome at this server, or at all others. */
  readonly awaits?: string | undefined;
  /** Guests are not told. */
  readonly membersOnly?: boolean;
  /** A notice of the operator, which guests of all rooms are told. */
  readonly isNotice?: boolean;
}

/** What a server tells the others for good. */
export type SharedRecord =
  | EntryRecord
  /** The server wants to hold a name, which `ref` proves; the earliest claim holds. `instead`: what has proved it so far. */
  | { readonly type: "claim"; readonly name: string; readonly ref: string; readonly instead?: string | undefined }
  /** A user has been online for the first time; `key` holds the name where it is no account's. */
  | { readonly type: "user"; readonly name: string; readonly key?: Uint8Array | undefined }
  | { readonly type: "join"; readonly room: string; readonly user: string; readonly unlisted: boolean }
  | { readonly type: "leave"; readonly room: string; readonly user: string }
  /** `by` has everything that `from` said privately up to an entry. */
  | { readonly type: "received"; readonly by: string; readonly from: string; readonly upTo: RecordId }
  | { readonly type: "read"; readonly user: string; readonly of: Target; readonly upTo: RecordId }
  /** A message failed at a handout sender, and no server has it any more. */
  | { readonly type: "forget"; readonly of: RecordId };

/** A record as text. */
export function encodeRecord(record: SharedRecord): string {
  if (record.type === "user") return JSON.stringify({ ...record, key: record.key && encodeBase64(record.key) });
  return JSON.stringify(record);
}

const KINDS: readonly string[] = ["message", "edit", "withdrawal", "failure", "reaction"];

/** Reads what `encodeRecord` has written; a fault for anything else. */
export function decodeRecord(text: string): SharedRecord | Fault {
  return readObject(text, readRecord);
}

function readRecord(fields: Fields): SharedRecord {
  const { type } = fields;
  switch (type) {
    case "entry": {
      const kind = readText(fields, "kind");
      if (!KINDS.includes(kind)) throw unexpected('"kind", that of an entry', kind);
      return {
        type,
        kind: kind as EntryType,
        from: readText(fields, "from"),
        to: readTarget(fields, "to"),
        text: readText(fields, "text"),
        time: readInteger(fields, "time"),
        of: optional(readId, fields, "of"),
        client: optional(readIdentifier, fields, "client"),
        number: optional(readInteger, fields, "number"),
        after: optional(readIds, fields, "after"),
        refused: optional(readRefusals, fields, "refused"),
        isGuest: optional(readBoolean, fields, "isGuest") ?? false,
        awaits: optional(readText, fields, "awaits"),
        membersOnly: optional(readBoolean, fields, "membersOnly") ?? false,
        isNotice: optional(readBoolean, fields, "isNotice") ?? false,
      };
    }
    case "claim":
      return {
        type,
        name: readText(fields, "name"),
        ref: readText(fields, "ref"),
        instead: optional(readText, fields, "instead"),
      };
    case "user":
      return { type, name: readText(fields, "name"), key: optional(readKey, fields, "key") };
    case "join":
      return {
        type,
        room: readText(fields, "room"),
        user: readText(fields, "user"),
        unlisted: readBoolean(fields, "unlisted"),
      };
    case "leave":
      return { type, room: readText(fields, "room"), user: readText(fields, "user") };
    case "received":
      return { type, by: readText(fields, "by"), from: readText(fields, "from"), upTo: readId(fields, "upTo") };
    case "read":
      return { type, user: readText(fields, "user"), of: readTarget(fields, "of"), upTo: readId(fields, "upTo") };
    case "forget":
      return { type, of: readId(fields, "of") };
  }
  throw unexpected('"type", that of a record', type);
}

function readTarget(fields: Fields, key: string): Target {
  const value = fields[key];
  if (typeof value !== "object" || value === null) throw unexpected(`"${key}", a user or a room`, value);
  return "user" in value ? { user: readText(value as Fields, "user") } : { room: readText(value as Fields, "room") };
}

function readRefusals(fields: Fields, key: string): Refusal[] {
  return readList(fields, key, (each) => ({ number: readInteger(each, "number"), why: readText(each, "why") }));
}

function readIds(fields: Fields, key: string): RecordId[] {
  return readList(fields, key, (each) => ({
    server: readIdentifier(each, "server"),
    number: readInteger(each, "number"),
  }));
}

function readId(fields: Fields, key: string): RecordId {
  const value = fields[key];
  if (typeof value !== "object" || value === null) throw unexpected(`"${key}", the number of a record`, value);
  return { server: readIdentifier(value as Fields, "server"), number: readInteger(value as Fields, "number") };
}

/** The key that holds a name; one without bytes holds a name that nothing proves. */
function readKey(fields: Fields, key: string): Uint8Array {
  const bytes = decodeBase64(readText(fields, key));
  if (bytes && (bytes.length === 32 || bytes.length === 0)) return bytes;
  throw unexpected(`"${key}", a key`, fields[key]);
}
