import { encodeBase64 } from "../../core/bytes.ts";
import type { Fault } from "../../core/errors.ts";
import {
  type Fields,
  readBoolean,
  readBytes,
  readIdentifier,
  readInteger,
  readList,
  readObject,
  readStrings,
  readText,
  readTime,
  unexpected,
} from "../../core/json_fields.ts";
import type { Target } from "../../chat/entry.ts";

/** How one field of a message is read and written; `read` throws a `Fault`. */
export interface Codec<T> {
  read(fields: Fields, key: string): T;
  write(out: Fields, key: string, value: T): void;
}

/** The fields of one type of message. */
export type Shape = Readonly<Record<string, Codec<unknown>>>;
/** Messages by their `type`. */
export type Table = Readonly<Record<string, Shape>>;

type ValueOf<C> = C extends Codec<infer T> ? T : never;
type Optional<S extends Shape> = { [K in keyof S]: undefined extends ValueOf<S[K]> ? K : never }[keyof S];
type Values<S extends Shape> =
  & { readonly [K in Exclude<keyof S, Optional<S>>]: ValueOf<S[K]> }
  & { readonly [K in Optional<S>]?: ValueOf<S[K]> };

/** Every message of a table. */
export type MessageOf<T extends Table> = {
  [K in keyof T & string]: { readonly type: K } & Values<T[K]>;
}[keyof T & string];

function plain<T>(read: (fields: Fields, key: string) => T): Codec<T> {
  return { read, write: (out, key, value) => void (out[key] = value) };
}

export const text: Codec<string> = plain(readText);
/** A text that names something. */
export const word: Codec<string> = plain(readIdentifier);
export const integer: Codec<number> = plain(readInteger);
/** Milliseconds since 1970. */
export const time: Codec<number> = plain(readTime);
export const flag: Codec<boolean> = plain(readBoolean);
export const texts: Codec<readonly string[]> = plain<readonly string[]>(readStrings);

/** Bytes in base64: exactly `count`, or at most 256. */
export function bytes(count?: number): Codec<Uint8Array> {
  return {
    read: (fields, key) => readBytes(fields, key, count),
    write: (out, key, value) => void (out[key] = encodeBase64(value)),
  };
}

/** A field that may be left out. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    read: (fields, key) => fields[key] === undefined ? undefined : codec.read(fields, key),
    write: (out, key, value) => value === undefined ? undefined : codec.write(out, key, value),
  };
}

/** A field that has a value where it is left out. */
export function usually<T>(codec: Codec<T>, value: T): Codec<T> {
  return { ...codec, read: (fields, key) => fields[key] === undefined ? value : codec.read(fields, key) };
}

/** Where something is said: `room`, or the name of a user under `key`. */
export function target(userKey: "to" | "with"): Codec<Target> {
  return {
    read(fields) {
      if ((fields.room === undefined) === (fields[userKey] === undefined)) {
        throw unexpected(`either "${userKey}" or "room"`, fields);
      }
      return fields.room === undefined
        ? { user: readIdentifier(fields, userKey) }
        : { room: readIdentifier(fields, "room") };
    },
    write(out, _key, value) {
      if ("user" in value) out[userKey] = value.user;
      else out.room = value.room;
    },
  };
}

/** The same, where it may be left out. */
export function optionalTarget(userKey: "to" | "with"): Codec<Target | undefined> {
  const codec = target(userKey);
  return {
    read: (fields, key) =>
      fields.room === undefined && fields[userKey] === undefined ? undefined : codec.read(fields, key),
    write: (out, key, value) => value === undefined ? undefined : codec.write(out, key, value),
  };
}

/** A list of objects. */
export function list<S extends Shape>(shape: S): Codec<readonly Values<S>[]> {
  return {
    read: (fields, key) => readList(fields, key, (each) => readShape(shape, each) as Values<S>),
    write: (out, key, value) =>
      void (out[key] = value.map((each) => writeShape(shape, each as Record<string, unknown>))),
  };
}

/** Reads one message of a table, or a `Fault`; unknown fields are ignored, and an unknown type gives `undefined`. */
export function decode<T extends Table>(table: T, json: string): MessageOf<T> | Fault | undefined {
  return readObject(json, (fields) => {
    const { type } = fields;
    if (typeof type !== "string" || !Object.hasOwn(table, type)) return undefined;
    return { type, ...readShape(table[type]!, fields) } as MessageOf<T>;
  });
}

/** Writes one message of a table. */
export function encode<T extends Table>(table: T, message: MessageOf<T>): string {
  const { type } = message;
  return JSON.stringify({ type, ...writeShape(table[type]!, message as unknown as Record<string, unknown>) });
}

function readShape(shape: Shape, fields: Fields): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key in shape) {
    const value = shape[key]!.read(fields, key);
    if (value !== undefined) values[key] = value;
  }
  return values;
}

function writeShape(shape: Shape, values: Record<string, unknown>): Fields {
  const out: Fields = {};
  for (const key in shape) shape[key]!.write(out, key, values[key]);
  return out;
}
