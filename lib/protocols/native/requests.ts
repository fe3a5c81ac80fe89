import { Fault } from "../../core/errors.ts";
import type { NativeCommand } from "../../chat/command.ts";
import type { Target } from "../../chat/store.ts";
import {
  type Fields,
  optional,
  readBytes,
  readIdentifier,
  readInteger,
  readObject,
  readText,
  unexpected,
} from "../../core/json_fields.ts";

/** What a client asks; the last three are not for the hub. */
export type NativeRequest =
  | NativeCommand
  | { readonly type: "bye" }
  | { readonly type: "ping"; readonly ref: number }
  /** Something said that cannot be read, under an id that can. */
  | { readonly type: "missaid"; readonly id: string; readonly why: string };

const BYE = { type: "bye" } as const;

/** Reads one message of a client. Fields that are not known are passed over; those that are must be right. */
export function decodeNative(text: string): NativeRequest | Fault {
  return readObject(text, read);
}

function read(fields: Fields): NativeRequest {
  switch (fields.type) {
    case "say":
      return readSay(fields, readIdentifier(fields, "id"));
    case "ack":
      return { type: "acknowledge", seq: readInteger(fields, "seq") };
    case "hello":
      if (readInteger(fields, "version") < 1) throw unexpected("version 1 or more", fields.version);
      return {
        type: "hello",
        name: readIdentifier(fields, "name"),
        nonce: readIdentifier(fields, "nonce"),
        key: optional((fields, key) => readBytes(fields, key, 32), fields, "key"),
      };
    case "proof":
      return { type: "prove", proof: readBytes(fields, "proof") };
    case "resume":
      return {
        type: "resume",
        store: optional(readText, fields, "store"),
        after: optional(readInteger, fields, "after"),
      };
    case "users":
    case "rooms":
      return { type: fields.type, ref: readInteger(fields, "ref") };
    case "who":
      return { type: "inRoom", ref: readInteger(fields, "ref"), room: readIdentifier(fields, "room") };
    case "join":
      return { type: "join", ref: readInteger(fields, "ref"), room: readIdentifier(fields, "room") };
    case "leave":
      return { type: "leaveRoom", ref: readInteger(fields, "ref"), room: readIdentifier(fields, "room") };
    case "history":
      return {
        type: "history",
        ref: readInteger(fields, "ref"),
        of: readTarget(fields, "with"),
        before: optional(readInteger, fields, "before"),
        limit: optional(readInteger, fields, "limit") ?? 100,
      };
    case "signal":
      return { type: "signal", to: readIdentifier(fields, "to"), text: readText(fields, "text") };
    case "ping":
      return { type: "ping", ref: readInteger(fields, "ref") };
    case "bye":
      return BYE;
    default:
      throw unexpected("a type that is known", fields.type);
  }
}

/** Whoever said it waits for an answer under its id. */
function readSay(fields: Fields, id: string): NativeRequest {
  try {
    return { type: "say", id, to: readTarget(fields, "to"), text: readText(fields, "text") };
  } catch (error) {
    if (error instanceof Fault) return { type: "missaid", id, why: error.message };
    throw error;
  }
}

/** Where something goes: `room`, or the name under `key`. */
function readTarget(fields: Fields, key: "to" | "with"): Target {
  if ((fields.room === undefined) === (fields[key] === undefined)) {
    throw unexpected(`either "${key}" or "room"`, fields);
  }
  return fields.room === undefined ? { user: readIdentifier(fields, key) } : { room: readIdentifier(fields, "room") };
}
