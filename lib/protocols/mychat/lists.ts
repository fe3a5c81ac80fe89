import type { JsonObject } from "./json.ts";

/** A message of a list; the time is the server's, as text. */
export interface MychatListed {
  readonly from: string;
  readonly text: string;
  readonly time: string;
}

export interface MychatUser {
  readonly name: string;
  readonly online: boolean;
}

/** The text in a field; undefined where there is none. */
export function field(object: JsonObject, name: string): string | undefined {
  const value = object.get(name);
  return typeof value === "string" ? value : undefined;
}

function objectsOf(object: JsonObject, list: string): JsonObject[] {
  const value = object.get(list);
  return Array.isArray(value) ? value.filter((each) => each instanceof Map) : [];
}

export function usersOf(object: JsonObject): MychatUser[] {
  return objectsOf(object, "users").flatMap((user) => {
    const name = field(user, "username");
    return name === undefined ? [] : [{ name, online: user.get("isOnline") === true }];
  });
}

export function messagesOf(object: JsonObject, list: string): MychatListed[] {
  return objectsOf(object, list).flatMap((each) => {
    const [from, text] = [field(each, "username"), field(each, "msg")];
    return from === undefined || text === undefined ? [] : [{ from, text, time: field(each, "time") ?? "" }];
  });
}
