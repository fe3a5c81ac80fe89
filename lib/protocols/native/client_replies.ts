import type { Fault } from "../../core/errors.ts";
import type { RoomState, UserState } from "../../chat/event.ts";
import type { Target } from "../../chat/store.ts";
import type { ShownMessage } from "./client_event.ts";
import {
  type Fields,
  optional,
  readBoolean,
  readBytes,
  readIdentifier,
  readInteger,
  readList,
  readObject,
  readStrings,
  readText,
  readTime,
} from "../../core/json_fields.ts";

/** A message of the server. */
export type Reply =
  | {
    readonly type: "challenge";
    readonly how: "password";
    readonly nonce: Uint8Array;
    readonly salt: Uint8Array;
    readonly logN: number;
    readonly r: number;
    readonly p: number;
    readonly keyBytes: number;
  }
  | { readonly type: "challenge"; readonly how: "key"; readonly nonce: Uint8Array }
  | { readonly type: "welcome"; readonly name: string; readonly proof: Uint8Array | undefined }
  | { readonly type: "refused"; readonly why: string }
  | {
    readonly type: "begun";
    readonly store: string;
    readonly last: number;
    readonly rooms: readonly string[];
    readonly textBytes: number;
  }
  | ShownMessage & { readonly type: "message" }
  | { readonly type: "sent"; readonly id: string; readonly seq: number; readonly time: number }
  | {
    readonly type: "delivered";
    readonly seq: number;
    readonly id: string;
    readonly to: string;
    readonly time: number;
  }
  | {
    readonly type: "failed";
    readonly seq: number | undefined;
    readonly id: string;
    readonly to: Target | undefined;
    readonly why: string;
  }
  | { readonly type: "presence"; readonly online: readonly string[]; readonly offline: readonly string[] }
  | { readonly type: "users"; readonly ref: number; readonly list: readonly UserState[]; readonly more: boolean }
  | { readonly type: "rooms"; readonly ref: number; readonly list: readonly RoomState[]; readonly more: boolean }
  | { readonly type: "who"; readonly ref: number; readonly list: readonly UserState[]; readonly more: boolean }
  | {
    readonly type: "history";
    readonly ref: number;
    readonly messages: readonly ShownMessage[];
    readonly more: boolean;
  }
  | { readonly type: "joined"; readonly ref: number; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly ref: number; readonly room: string }
  | { readonly type: "denied"; readonly ref: number; readonly why: string }
  | { readonly type: "signal"; readonly from: string; readonly at: string; readonly text: string }
  | { readonly type: "unheard"; readonly to: string; readonly why: string }
  | { readonly type: "error"; readonly why: string }
  | { readonly type: "closing" }
  | { readonly type: "elsewhere" }
  /** A later version's. */
  | { readonly type: "unknown" };

/** Reads one message of a server; unknown types and fields are ignored. */
export function decodeReply(text: string): Reply | Fault {
  return readObject(text, read);
}

function read(fields: Fields): Reply {
  switch (fields.type) {
    case "message":
      return { type: "message", ...readMessage(fields) };
    case "sent":
      return {
        type: "sent",
        id: readText(fields, "id"),
        seq: readInteger(fields, "seq"),
        time: readTime(fields, "time"),
      };
    case "delivered":
      return {
        type: "delivered",
        seq: readInteger(fields, "seq"),
        id: readText(fields, "id"),
        to: readText(fields, "to"),
        time: readTime(fields, "time"),
      };
    case "failed":
      return {
        type: "failed",
        seq: optional(readInteger, fields, "seq"),
        id: readText(fields, "id"),
        to: fields.room === undefined && fields.to === undefined ? undefined : readTarget(fields),
        why: readText(fields, "why"),
      };
    case "presence":
      return { type: "presence", online: readStrings(fields, "online"), offline: readStrings(fields, "offline") };
    case "challenge":
      return readChallenge(fields);
    case "welcome":
      return { type: "welcome", name: readIdentifier(fields, "name"), proof: optional(readBytes, fields, "proof") };
    case "refused":
    case "error":
      return { type: fields.type, why: readText(fields, "why") };
    case "begun":
      return {
        type: "begun",
        store: readText(fields, "store"),
        last: readInteger(fields, "last"),
        rooms: readStrings(fields, "rooms"),
        textBytes: readInteger(fields, "textBytes"),
      };
    case "signal":
      return {
        type: "signal",
        from: readText(fields, "from"),
        at: readText(fields, "at"),
        text: readText(fields, "text"),
      };
    case "unheard":
      return { type: "unheard", to: readText(fields, "to"), why: readText(fields, "why") };
    case "closing":
    case "elsewhere":
      return { type: fields.type };
    default:
      return typeof fields.ref === "number" ? readAnswer(fields) : { type: "unknown" };
  }
}

function readAnswer(fields: Fields): Reply {
  const ref = readInteger(fields, "ref");
  switch (fields.type) {
    case "users":
      return { type: "users", ref, list: readList(fields, "users", readUser), more: readBoolean(fields, "more") };
    case "who":
      return { type: "who", ref, list: readList(fields, "users", readUser), more: readBoolean(fields, "more") };
    case "rooms":
      return { type: "rooms", ref, list: readList(fields, "rooms", readRoom), more: readBoolean(fields, "more") };
    case "history":
      return {
        type: "history",
        ref,
        messages: readList(fields, "messages", readMessage),
        more: readBoolean(fields, "more"),
      };
    case "joined":
      return { type: "joined", ref, room: readText(fields, "room"), members: readInteger(fields, "members") };
    case "left":
      return { type: "left", ref, room: readText(fields, "room") };
    case "denied":
      return { type: "denied", ref, why: readText(fields, "why") };
    default:
      return { type: "unknown" };
  }
}

function readChallenge(fields: Fields): Reply {
  const nonce = readBytes(fields, "nonce");
  if (fields.how === "key") return { type: "challenge", how: "key", nonce };
  if (fields.how !== "password") return { type: "unknown" };
  return {
    type: "challenge",
    how: "password",
    nonce,
    salt: readBytes(fields, "salt"),
    logN: readInteger(fields, "ln"),
    r: readInteger(fields, "r"),
    p: readInteger(fields, "p"),
    keyBytes: readInteger(fields, "bytes"),
  };
}

function readMessage(fields: Fields): ShownMessage {
  return {
    seq: readInteger(fields, "seq"),
    from: readText(fields, "from"),
    to: readTarget(fields),
    text: readText(fields, "text"),
    time: readTime(fields, "time"),
    id: optional(readText, fields, "id"),
  };
}

function readTarget(fields: Fields): Target {
  return fields.room === undefined ? { user: readText(fields, "to") } : { room: readText(fields, "room") };
}

function readUser(fields: Fields): UserState {
  return { name: readText(fields, "name"), online: readBoolean(fields, "online") };
}

function readRoom(fields: Fields): RoomState {
  return {
    name: readText(fields, "name"),
    members: readInteger(fields, "members"),
    joined: readBoolean(fields, "joined"),
  };
}
