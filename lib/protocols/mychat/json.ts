import { Fault } from "../../core/errors.ts";

/** A number as it was written: it is passed on unchanged, since Python reads it. */
export class JsonNumber {
  constructor(readonly literal: string) {}
}

export type Json = string | boolean | null | JsonNumber | readonly Json[] | JsonObject;

/** An object that keeps the order of its keys; `JSON.parse` sorts those that are numbers. */
export type JsonObject = ReadonlyMap<string, Json>;

/** Objects and lists inside each other; what these programs say has three levels. */
const MAX_DEPTH = 16;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// JSON allows no control character in a text.
// deno-lint-ignore no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS: readonly (readonly [string, boolean | null])[] = [["true", true], ["false", false], ["null", null]];

/** Reads an object of JSON text. */
export function parseObject(text: string): JsonObject | Fault {
  const value = new Parser(text).whole();
  if (value instanceof Fault) return value;
  return value instanceof Map ? value : new Fault("malformed", "expected a JSON object, found another value");
}

/** An object as Python's `json.dumps` writes it. */
export function dumps(value: Json): string {
  if (typeof value === "string") return dumpText(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (value instanceof JsonNumber) return value.literal;
  if (value instanceof Map) {
    return `{${[...value].map(([key, each]) => `${dumpText(key)}: ${dumps(each)}`).join(", ")}}`;
  }
  return `[${(value as readonly Json[]).map(dumps).join(", ")}]`;
}

/** The number of bytes that `dumps` makes of a UTF-16 unit of a text. */
export function dumpedBytes(unit: number): number {
  if (unit === 0x22 || unit === 0x5c || (unit >= 0x08 && unit <= 0x0d && unit !== 0x0b)) return 2;
  return unit >= 0x20 && unit <= 0x7e ? 1 : 6;
}

function dumpText(text: string): string {
  // JavaScript escapes what JSON requires; Python also DEL and everything that is not ASCII.
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

class Parser {
  #at = 0;

  constructor(readonly text: string) {}

  whole(): Json | Fault {
    const value = this.#value(MAX_DEPTH);
    if (value === undefined) return this.#fault();
    this.#match(SPACE);
    return this.#at === this.text.length ? value : this.#fault();
  }

  #fault(): Fault {
    return new Fault("malformed", `expected JSON, found something else at character ${this.#at}`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Takes this character, after white space. */
  #take(character: string): boolean {
    this.#match(SPACE);
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** A value; undefined where there is none. */
  #value(depth: number): Json | undefined {
    if (this.#take("{")) return depth > 0 ? this.#object(depth - 1) : undefined;
    if (this.#take("[")) return depth > 0 ? this.#list(depth - 1) : undefined;
    const string = this.#match(STRING);
    if (string !== undefined) return JSON.parse(string);
    const number = this.#match(NUMBER);
    if (number !== undefined) return new JsonNumber(number);
    for (const [literal, value] of LITERALS) {
      if (!this.text.startsWith(literal, this.#at)) continue;
      this.#at += literal.length;
      return value;
    }
    return undefined;
  }

  #object(depth: number): JsonObject | undefined {
    const object = new Map<string, Json>();
    if (this.#take("}")) return object;
    do {
      this.#match(SPACE);
      const key = this.#match(STRING);
      const value = key !== undefined && this.#take(":") ? this.#value(depth) : undefined;
      if (value === undefined) return undefined;
      object.set(JSON.parse(key!), value);
    } while (this.#take(","));
    return this.#take("}") ? object : undefined;
  }

  #list(depth: number): readonly Json[] | undefined {
    const list: Json[] = [];
    if (this.#take("]")) return list;
    do {
      const value = this.#value(depth);
      if (value === undefined) return undefined;
      list.push(value);
    } while (this.#take(","));
    return this.#take("]") ? list : undefined;
  }
}
