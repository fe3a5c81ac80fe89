import { Fault } from "../../core/errors.ts";
import { timeOfDay } from "../../core/log.ts";
import { decodeText, encodeText } from "../../core/text.ts";
import { dumpedBytes, dumps, type Json, type JsonObject, parseObject } from "./json.ts";

/** The group of these programs: it is the room `lobby`. */
export const MYCHAT = "MyChat";

/** What a datagram of UDP can carry. */
export const DATAGRAM_BYTES = 65_507;
/** Of a text, as JSON; the rest is for names and keys. */
const TEXT_JSON_BYTES = 64_000;
/** The longest JSON of a UTF-16 unit. */
const UNIT_JSON_BYTES = 6;
/** Stands for what is cut off a text. */
const CUT = " …";

/** What a program asks. `object` is the request as it came: the reply is the same object with fields added. */
export type MychatRequest =
  & { readonly object: JsonObject }
  & (
    | { readonly key: "CONNECT" | "GET_USERS" | "GET_GROUP_DATA"; readonly user: string }
    | { readonly key: "REQUEST_JOIN_GROUP"; readonly user: string }
    | { readonly key: "LOGOUT"; readonly user: string }
    | { readonly key: "GET_DATA"; readonly user: string; readonly find: string }
    | { readonly key: "SENT_TO"; readonly user: string; readonly to: string; readonly text: string }
    | { readonly key: "SENT_TO_GROUP"; readonly user: string; readonly text: string }
    /** The user has the message that `from` said; which program confirms, its address says. */
    | {
      readonly key: "CONFIRM_MSG_2";
      readonly user: undefined;
      readonly from: string;
      readonly text: string | undefined;
      readonly time: string | undefined;
    }
  );

/** Reads a datagram as an object with a key. */
export function decodeObject(datagram: Uint8Array): JsonObject | Fault {
  const text = decodeText(datagram);
  return text instanceof Fault ? text : parseObject(text);
}

/** Reads a datagram of a program. */
export function decodeRequest(datagram: Uint8Array): MychatRequest | Fault {
  const object = decodeObject(datagram);
  if (object instanceof Fault) return object;
  const field = (name: string): string | undefined => {
    const value = object.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const [key, username, sender, text] = [field("key"), field("username"), field("sentfrom"), field("msg")];
  const [find, sendto] = [field("find"), field("sendto")];
  switch (key) {
    case "CONNECT":
    case "GET_USERS":
    case "GET_GROUP_DATA":
    case "REQUEST_JOIN_GROUP":
    case "LOGOUT":
      return username === undefined ? missing(key, "username") : { object, key, user: username };
    case "GET_DATA":
      if (username === undefined || find === undefined) return missing(key, "username and find");
      return { object, key, user: username, find };
    case "SENT_TO":
      if (sender === undefined || sendto === undefined || text === undefined) {
        return missing(key, "msg, sendto and sentfrom");
      }
      return { object, key, user: sender, to: sendto, text };
    case "SENT_TO_GROUP":
      if (sender === undefined || text === undefined) return missing(key, "msg and sentfrom");
      return { object, key, user: sender, text };
    case "CONFIRM_MSG_2":
      if (sendto === undefined) return missing(key, "sendto");
      return { object, key, user: undefined, from: sendto, text, time: field("time") };
    default:
      return new Fault("malformed", key === undefined ? 'expected a text as "key"' : `unknown key ${key.slice(0, 80)}`);
  }
}

function missing(key: string, fields: string): Fault {
  return new Fault("malformed", `${key} needs ${fields}, as texts`);
}

/** An object with further fields; a field that it has keeps its place. */
export function withFields(object: JsonObject, fields: Readonly<Record<string, Json>>): JsonObject {
  return new Map([...object, ...Object.entries(fields)]);
}

/** A text that fits into a datagram: the end of one whose JSON is longer, such as of thousands of control characters, is cut off. */
export function fittedText(text: string): string {
  if (text.length * UNIT_JSON_BYTES <= TEXT_JSON_BYTES) return text;
  const most = TEXT_JSON_BYTES - dumps(CUT).length;
  let [bytes, kept] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (bytes <= most) kept = at;
    bytes += dumpedBytes(text.charCodeAt(at));
    // Not between the halves of a character.
    if (bytes > TEXT_JSON_BYTES) return text.slice(0, kept).replace(/[\ud800-\udbff]$/, "") + CUT;
  }
  return text;
}

/** A message as the lists of `GET_DATA` and `GET_GROUP_DATA` have it. */
export function listedMessage(from: string, text: string, time: number): JsonObject {
  return new Map<string, Json>([["username", from], ["msg", fittedText(text)], ["time", timeOfDay(time)]]);
}

/** A user as the lists of `CONNECT` and `GET_USERS` have it. */
export function listedUser(name: string, online: boolean): JsonObject {
  return new Map<string, Json>([["username", name], ["isOnline", online]]);
}

/** A private message for its receiver. */
export function sentFrom(from: string, to: string, text: string, time: number): JsonObject {
  return message("SENT_FROM", { msg: text, sendto: to, sentfrom: from, sent: true, time: timeOfDay(time) });
}

/** A message to the group for its members. */
export function sentToGroup(from: string, text: string, time: number): JsonObject {
  return message("SENT_TO_GROUP", { msg: text, sentfrom: from, sent: true, time: timeOfDay(time) });
}

export function message(key: string, fields: Readonly<Record<string, Json>>): JsonObject {
  return new Map<string, Json>([["key", key], ...Object.entries(fields)]);
}

/** An object as a datagram. */
export function encodeObject(object: JsonObject): Uint8Array {
  return encodeText(dumps(object));
}

/** How many of these items fit into a list of an object of at most this many bytes; ASCII has as many bytes as characters. */
export function fitting(items: readonly JsonObject[], object: JsonObject, bytes: number): number {
  let left = bytes - dumps(object).length;
  let count = 0;
  for (const item of items) {
    left -= dumps(item).length + 2;
    if (left < 0) break;
    count++;
  }
  return count;
}
