/**
 * What a JSON value must be. A string has values in it as a template has, an object needs these fields and may have others, a
 * list has exactly these items.
 */
export type JsonPattern =
  | string
  | number
  | boolean
  | null
  | RegExp
  | JsonAbsent
  | JsonNumber
  | JsonList
  | readonly JsonPattern[]
  | { readonly [field: string]: JsonPattern };

/** A field that an object must not have. */
export class JsonAbsent {}

export const ABSENT = new JsonAbsent();

/** A whole number from 0: any, or the one that is the value of a name. */
export class JsonNumber {
  constructor(readonly name: string | undefined, readonly isKnown: boolean) {}
}

/** Any number; it is kept as the value of this name. */
export const aNumber = (name?: string): JsonNumber => new JsonNumber(name, false);
/** The number that is the value of this name. */
export const theNumber = (name: string): JsonNumber => new JsonNumber(name, true);

/** Some of the items of a list; it may have others. */
export class JsonList {
  constructor(
    readonly items: readonly JsonPattern[],
    readonly kind: "holds" | "holds in order" | "lacks",
  ) {}
}

/** A list with each of these items once, in any order. */
export const holding = (...items: JsonPattern[]): JsonList => new JsonList(items, "holds");
/** A list with each of these items once, in this order. */
export const inOrder = (...items: JsonPattern[]): JsonList => new JsonList(items, "holds in order");
/** A list with none of these items. */
export const lacking = (...items: JsonPattern[]): JsonList => new JsonList(items, "lacks");

/** Puts values into texts and patterns. */
export interface Filling {
  fill(template: string): string;
  fillText(pattern: RegExp): string | RegExp;
}

/** A text that is one JSON object with at least these fields, in whatever order and spelling. */
export class JsonShape {
  constructor(readonly fields: { readonly [field: string]: JsonPattern }) {}

  filled(values: Filling): JsonShape {
    return new JsonShape(filled(this.fields, values) as typeof this.fields);
  }

  /** The named groups of its patterns; or what is wrong, as a text. */
  match(text: string): { readonly groups: Record<string, string> } | string {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return "it is no JSON";
    }
    const groups: Record<string, string> = {};
    return mismatch(this.fields, value, "it", groups) ?? { groups };
  }

  toString(): string {
    return `JSON with ${described(this.fields)}`;
  }
}

/** One JSON object with at least these fields. */
export const json = (fields: { readonly [field: string]: JsonPattern }): JsonShape => new JsonShape(fields);

function filled(pattern: JsonPattern, values: Filling): JsonPattern {
  if (typeof pattern === "string") return values.fill(pattern);
  if (pattern instanceof RegExp) return values.fillText(pattern);
  if (pattern instanceof JsonNumber) return pattern.isKnown ? Number(values.fill(`{${pattern.name}}`)) : pattern;
  if (pattern instanceof JsonAbsent || typeof pattern !== "object" || pattern === null) return pattern;
  if (pattern instanceof JsonList) return new JsonList(pattern.items.map((item) => filled(item, values)), pattern.kind);
  if (isList(pattern)) return pattern.map((item) => filled(item, values));
  return Object.fromEntries(Object.entries(pattern).map(([field, each]) => [field, filled(each, values)]));
}

/** What is wrong with a value; undefined where nothing is. `path` is how the value is called. */
function mismatch(
  pattern: JsonPattern,
  value: unknown,
  path: string,
  groups: Record<string, string>,
): string | undefined {
  const wrong = () => `${path} is ${JSON.stringify(value)}`;
  if (pattern instanceof JsonAbsent) return wrong();
  if (pattern instanceof JsonNumber) {
    if (!Number.isSafeInteger(value) || value as number < 0) return wrong();
    if (pattern.name !== undefined) groups[pattern.name] = String(value);
    return undefined;
  }
  if (pattern instanceof RegExp) {
    const found = typeof value === "string" ? pattern.exec(value) : null;
    if (!found) return wrong();
    Object.assign(groups, found.groups);
    return undefined;
  }
  if (typeof pattern !== "object" || pattern === null) return pattern === value ? undefined : wrong();
  if (pattern instanceof JsonList) {
    return Array.isArray(value) ? listMismatch(pattern, value, path, groups) : `${path} is no list`;
  }
  if (isList(pattern)) {
    if (!Array.isArray(value)) return `${path} is no list`;
    if (value.length !== pattern.length) return `${path} has ${value.length} items and not ${pattern.length}`;
    return first(pattern, (each, i) => mismatch(each, value[i], `${path}[${i}]`, groups));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `${path} is no object`;
  const object = value as Record<string, unknown>;
  return first(Object.entries(pattern), ([field, each]) => {
    const name = path === "it" ? `"${field}"` : `${path} "${field}"`;
    if (Object.hasOwn(object, field)) return mismatch(each, object[field], name, groups);
    return each instanceof JsonAbsent ? undefined : `${name} is missing`;
  });
}

function listMismatch(
  { items, kind }: JsonList,
  list: readonly unknown[],
  path: string,
  groups: Record<string, string>,
): string | undefined {
  const fits = (item: JsonPattern, value: unknown) => mismatch(item, value, path, {}) === undefined;
  if (kind === "lacks") {
    return first(
      items,
      (item) => list.some((value) => fits(item, value)) ? `${path} has ${described(item)}` : undefined,
    );
  }
  const found = list.filter((value) => items.some((item) => fits(item, value)));
  const lacks = first(items, (item) => {
    const value = found.find((each) => fits(item, each));
    return value === undefined ? `${path} has no ${described(item)}` : mismatch(item, value, path, groups);
  });
  if (lacks !== undefined) return lacks;
  if (found.length > items.length) return `${path} has ${found.length} of them and not ${items.length}`;
  if (kind === "holds" || items.every((item, i) => fits(item, found[i]))) return undefined;
  return `${path} has them in another order`;
}

function first<T>(items: readonly T[], look: (item: T, i: number) => string | undefined): string | undefined {
  for (const [i, item] of items.entries()) {
    const found = look(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A pattern as JSON is written, for a story. */
function described(pattern: JsonPattern): string {
  if (pattern instanceof RegExp) return `a text like ${pattern}`;
  if (pattern instanceof JsonAbsent) return "nothing";
  if (pattern instanceof JsonNumber) return "a number";
  if (typeof pattern !== "object" || pattern === null) return JSON.stringify(pattern);
  if (pattern instanceof JsonList) {
    const items = pattern.items.map(described).join(", ");
    return pattern.kind === "lacks" ? `a list without ${items}` : `[… ${items} …]`;
  }
  if (isList(pattern)) return `[${pattern.map(described).join(", ")}]`;
  const fields = Object.entries(pattern).map(([field, each]) => `"${field}": ${described(each)}`);
  return `{${fields.join(", ")}}`;
}

// Array.isArray does not tell a list that cannot be changed from an object.
function isList(pattern: JsonPattern): pattern is readonly JsonPattern[] {
  return Array.isArray(pattern);
}
