import { decodeBase64 } from "./bytes.ts";
import { Fault } from "./errors.ts";

/** The fields of one JSON object; each reader throws a `Fault` when the field is not what it should be. */
export type Fields = Record<string, unknown>;

/** The longest text that names something. */
export const WORD_CHARACTERS = 64;

/** Reads a JSON object by `read`, whose faults are values here. */
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

/** A text that names something. */
export function readWord(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value === "string" && value.length > 0 && value.length <= WORD_CHARACTERS) return value;
  throw unexpected(`"${key}", a text of 1 to ${WORD_CHARACTERS} characters`, value);
}

export function readInteger(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw unexpected(`"${key}", a whole number`, value);
}

/** Times may stand between milliseconds. */
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

export function readWords(fields: Fields, key: string): string[] {
  const value = fields[key];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw unexpected(`"${key}", a list of texts`, value);
}

/** Bytes in base64: exactly `count`, or at most 256. */
export function readBytes(fields: Fields, key: string, count?: number): Uint8Array {
  const value = decodeBase64(readText(fields, key));
  if (value && (count === undefined ? value.length <= 256 : value.length === count)) return value;
  throw unexpected(`"${key}", ${count ?? "at most 256"} bytes in base64`, fields[key]);
}

/** A field that may be left out. */
export function optional<T>(
  read: (fields: Fields, key: string) => T,
  fields: Fields,
  key: string,
): T | undefined {
  return fields[key] === undefined ? undefined : read(fields, key);
}

/** What a field should be, and what was found. */
export function unexpected(expected: string, found: unknown): Fault {
  const shown = typeof found === "string" ? found : JSON.stringify(found) ?? "nothing";
  return new Fault("malformed", `expected ${expected}, found ${shown.slice(0, 80)}`);
}
