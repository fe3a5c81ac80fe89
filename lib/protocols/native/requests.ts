import { Fault } from "../../core/errors.ts";
import type { NativeCommand } from "../../chat/command.ts";
import type { Target } from "../../chat/store.ts";
import {
  type Fields,
  optional,
  readBytes,
  readObject,
  readText,
  readWhole,
  readWord,
  wrong,
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
      return readSay(fields, readWord(fields, "id"));
    case "ack":
      return { type: "acknowledge", seq: readWhole(fields, "seq") };
    case "hello":
      if (readWhole(fields, "version") < 1) throw wrong("version 1 or more", fields.version);
      return {
        type: "hello",
        name: readWord(fields, "name"),
        nonce: readWord(fields, "nonce"),
        key: optional((fields, key) => readBytes(fields, key, 32), fields, "key"),
      };
    case "proof":
      return { type: "prove", proof: readBytes(fields, "proof") };
    case "resume":
      return {
        type: "resume",
        store: optional(readText, fields, "store"),
        after: optional(readWhole, fields, "after"),
      };
    case "users":
    case "rooms":
      return { type: fields.type, ref: readWhole(fields, "ref") };
    case "who":
      return { type: "inRoom", ref: readWhole(fields, "ref"), room: readWord(fields, "room") };
    case "join":
      return { type: "join", ref: readWhole(fields, "ref"), room: readWord(fields, "room") };
    case "leave":
      return { type: "leaveRoom", ref: readWhole(fields, "ref"), room: readWord(fields, "room") };
    case "history":
      return {
        type: "history",
        ref: readWhole(fields, "ref"),
        of: readTarget(fields, "with"),
        before: optional(readWhole, fields, "before"),
        limit: optional(readWhole, fields, "limit") ?? 100,
      };
    case "signal":
      return { type: "signal", to: readWord(fields, "to"), text: readText(fields, "text") };
    case "ping":
      return { type: "ping", ref: readWhole(fields, "ref") };
    case "bye":
      return BYE;
    default:
      throw wrong("a type that is known", fields.type);
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
  if ((fields.room === undefined) === (fields[key] === undefined)) throw wrong(`either "${key}" or "room"`, fields);
  return fields.room === undefined ? { user: readWord(fields, key) } : { room: readWord(fields, "room") };
}
