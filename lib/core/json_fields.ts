import { decodeBase64 } from "./bytes.ts";
import { Fault } from "./errors.ts";

/** The fields of a JSON object. The readers below throw a `Fault` when a field is not of the expected kind. */
export type Fields = Record<string, unknown>;

/** Longest identifier. */
export const IDENTIFIER_CHARACTERS = 64;

/** Parses a JSON object with `read`; a fault that it throws is returned. */
export function readObject<T>(text: string, read: (fields: Fields) => T): T | Fault {
  let fields: Fields;
  try {
    fields = JSON.parse(text);
  } catch {
    return unexpected("one JSON object", text);
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return unexpected("one JSON object", text);
  }
  try {
    return read(fields);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

export function readText(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value === "string") return value;
  throw unexpected(`"${key}", a text`, value);
}

/** A text of 1 to 64 characters. */
export function readIdentifier(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value === "string" && value.length > 0 && value.length <= IDENTIFIER_CHARACTERS) return value;
  throw unexpected(`"${key}", a text of 1 to ${IDENTIFIER_CHARACTERS} characters`, value);
}

export function readInteger(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw unexpected(`"${key}", a whole number`, value);
}

/** A time in milliseconds, which may have a fraction. */
export function readTime(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw unexpected(`"${key}", a number`, value);
}

export function readBoolean(fields: Fields, key: string): boolean {
  const value = fields[key];
  if (typeof value === "boolean") return value;
  throw unexpected(`"${key}", true or false`, value);
}

export function readList<T>(fields: Fields, key: string, read: (fields: Fields) => T): T[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw unexpected(`"${key}", a list`, value);
  return value.map((each) => {
    if (typeof each !== "object" || each === null) throw unexpected(`"${key}", a list of objects`, value);
    return read(each as Fields);
  });
}

export function readStrings(fields: Fields, key: string): string[] {
  const value = fields[key];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw unexpected(`"${key}", a list of texts`, value);
}

/** Bytes in base64: exactly `count`, or at most 256 without it. */
export function readBytes(fields: Fields, key: string, count?: number): Uint8Array {
  const value = decodeBase64(readText(fields, key));
  if (value && (count === undefined ? value.length <= 256 : value.length === count)) return value;
  throw unexpected(`"${key}", ${count ?? "at most 256"} bytes in base64`, fields[key]);
}

/** A field that may be missing. */
export function optional<T>(
  read: (fields: Fields, key: string) => T,
  fields: Fields,
  key: string,
): T | undefined {
  return fields[key] === undefined ? undefined : read(fields, key);
}

/** A fault with the expected value and the one found. */
export function unexpected(expected: string, found: unknown): Fault {
  const shown = typeof found === "string" ? found : JSON.stringify(found) ?? "nothing";
  return new Fault("malformed", `expected ${expected}, found ${shown.slice(0, 80)}`);
}
