import type { Target } from "../../chat/entry.ts";

/** What a search text says: words, and where to look for them. */
export interface SearchText {
  readonly words: string;
  readonly from?: string;
  readonly of?: Target;
  /** Times, in ms since 1970: not before `since`, and before `until`. */
  readonly since?: number;
  readonly until?: number;
}

/** A day of the calendar; months count from 1. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly date: number;
}

/** When a minute of a day is in local time, or of today without one; in ms since 1970. */
export type LocalTime = (day: Day | undefined, hours: number, minutes: number) => number;

const KEYS = ["from", "in", "before", "after"] as const;
type Key = (typeof KEYS)[number];

/**
 * Reads `WORDS from:NAME in:NAME before:TIME after:TIME`, in any order; why it is no search. A name after `in:` that is none of
 * `rooms` is a user's. A TIME is a day or a time of today; `after:` includes the day, `before:` does not.
 */
export function readSearchText(
  text: string,
  rooms: { has(name: string): boolean },
  localTime: LocalTime,
): SearchText | { readonly why: string } {
  const words: string[] = [];
  const given = new Map<Key, string>();
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const [, key, value = ""] = /^([a-z]+):(.*)$/.exec(word) ?? [];
    if (!isKey(key)) words.push(word);
    else if (value === "") return { why: `a value is missing after ${key}:` };
    else if (given.has(key)) return { why: `${key}: is given twice` };
    else given.set(key, value);
  }
  if (words.length === 0) return { why: "a word to search for is missing" };
  const times: { since?: number; until?: number } = {};
  for (const [key, field] of [["after", "since"], ["before", "until"]] as const) {
    const value = given.get(key);
    if (value === undefined) continue;
    const time = timeOf(value, localTime);
    if (time === undefined) {
      return { why: `${key}: takes a day such as 2026-03-01 or a time of today such as 14:30, not ${value}` };
    }
    times[field] = time;
  }
  const [from, where] = [given.get("from"), given.get("in")];
  const of = where === undefined ? undefined : rooms.has(where) ? { room: where } : { user: where };
  return { words: words.join(" "), ...(from && { from }), ...(of && { of }), ...times };
}

function isKey(word: string | undefined): word is Key {
  return KEYS.includes(word as Key);
}

/** The beginning of a day, or of a minute of today; undefined for anything else. */
function timeOf(text: string, localTime: LocalTime): number | undefined {
  const day = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (day) {
    const [year, month, date] = [Number(day[1]), Number(day[2]), Number(day[3])];
    return date >= 1 && date <= daysOf(year, month) ? localTime({ year, month, date }, 0, 0) : undefined;
  }
  const time = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (!time || Number(time[1]) > 23 || Number(time[2]) > 59) return undefined;
  return localTime(undefined, Number(time[1]), Number(time[2]));
}

/** 0 for what is no month. */
function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
