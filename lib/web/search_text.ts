import type { Target } from "../chat/entry.ts";

/** What a search text says: words, and where to look for them. */
export interface SearchText {
  readonly words: string;
  readonly from?: string;
  readonly of?: Target;
  /** Times, in ms since 1970: not before `since`, and before `until`. */
  readonly since?: number;
  readonly until?: number;
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

/**
 * Reads `WORDS from:NAME in:ROOM before:DATE after:DATE`, in any order; why it is no search. A name after `in:` that is none of
 * `rooms` is a person's. The day after `after:` is included, the one after `before:` is not.
 */
export function readSearchText(
  text: string,
  rooms: { has(name: string): boolean },
): SearchText | { readonly why: string } {
  const words: string[] = [];
  let where: Omit<SearchText, "words"> = {};
  for (const part of text.split(/\s+/).filter((part) => part !== "")) {
    const [, key, value = ""] = /^(from|in|before|after):(.*)$/s.exec(part) ?? [];
    if (key === undefined) {
      words.push(part);
      continue;
    }
    if (value === "") return { why: `"${key}:" needs ${key === "from" || key === "in" ? "a name" : "a date"}` };
    if (key === "from") where = { ...where, from: value };
    else if (key === "in") where = { ...where, of: rooms.has(value) ? { room: value } : { user: value } };
    else {
      const start = dayStart(value);
      if (start === undefined) return { why: `"${part}" needs a date like 2026-01-31` };
      where = key === "after" ? { ...where, since: start } : { ...where, until: start };
    }
  }
  if (words.length === 0) return { why: "A search needs at least one word" };
  return { words: words.join(" "), ...where };
}

/** When a day begins, here; undefined when there is no such day. */
function dayStart(text: string): number | undefined {
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
  if (year === undefined) return undefined;
  const date = new Date(year, month! - 1, day!);
  return date.getMonth() === month! - 1 && date.getDate() === day! ? date.getTime() : undefined;
}
