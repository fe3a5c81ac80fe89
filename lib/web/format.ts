import { withoutMarks } from "../core/rich_text.ts";
import { linesOf, sanitized } from "../core/text.ts";
import type { Day } from "../protocols/native/search_text.ts";

let isTwelveHours = false;

/** Times are shown with 12 hours from now on, or with 24. */
export function useTwelveHours(isOn: boolean): void {
  isTwelveHours = isOn;
}

/** A sentence of the server, as the page shows it. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The time of day. */
export function formatClock(time: number): string {
  const date = new Date(time);
  if (isTwelveHours) return date.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
  return `${`${date.getHours()}`.padStart(2, "0")}:${`${date.getMinutes()}`.padStart(2, "0")}`;
}

/** The day, seen from the day of `now`: "Today", "Yesterday", "Wednesday 15 January 2020". */
export function formatDay(time: number, now: number): string {
  const date = new Date(time);
  const days = Math.round((startOfDay(now) - startOfDay(time)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  const year = sameYear ? {} : { year: "numeric" } as const;
  return date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", ...year });
}

const BEGINNING = 100;

/** The beginning of a text as it reads, in one line. */
export function beginningOf(text: string): string {
  const [first = "", ...rest] = linesOf(withoutMarks(text.slice(0, 4 * BEGINNING)));
  const line = sanitized(first.trim());
  return rest.length > 0 || line.length > BEGINNING ? `${[...line].slice(0, BEGINNING).join("")} …` : line;
}

/** A moment in full: "Saturday, 28 November 2026, 21:03:11". */
export function formatFull(time: number): string {
  const date = new Date(time);
  const day = date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return `${day}, ${formatClock(time)}:${`${date.getSeconds()}`.padStart(2, "0")}`;
}

/** Colours of names; the style sheet has as many. */
const HUES = 8;

/** The colour that follows from a name, as a class. */
export function hueOf(name: string): string {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return `hue${sum % HUES}`;
}

/** One or two characters that stand for a name. */
export function initialsOf(name: string): string {
  const [one = "?", other] = name.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== "").map((part) => [...part][0]!);
  return `${one}${other ?? ""}`.toUpperCase();
}

/** When a minute of a day is, or of today without one. */
export function localTime(day: Day | undefined, hours: number, minutes: number): number {
  const at = day ? new Date(day.year, day.month - 1, day.date) : new Date();
  return at.setHours(hours, minutes, 0, 0);
}

export function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** `1 line`, `3 lines`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What was typed says: without blank lines before it and blanks behind it. As at the terminal, `//text` says "/text". A command
 * that the page does not know is not said. What has several lines is no command.
 */
export function typedText(typed: string): { readonly text: string } | { readonly why: string } {
  const text = typed.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();
  if (!text.startsWith("/") || text.includes("\n")) return { text };
  if (text.startsWith("//")) return { text: text.slice(1) };
  const [verb] = text.split(/\s/, 1);
  return {
    why:
      `${verb} looks like a command, which this page does not know; /help lists them. To send it as text, add a slash: /${verb}`,
  };
}
