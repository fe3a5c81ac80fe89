import { withoutMarks } from "../core/rich_text.ts";
import { formatBytes, formatDuration, linesOf, sanitized } from "../core/text.ts";
import type { Day } from "../protocols/native/search_text.ts";
import { chatTexts, sharedTexts } from "./texts.ts";

let isTwelveHours = false;

/** Times are shown with 12 hours from now on, or with 24. */
export function useTwelveHours(isOn: boolean): void {
  isTwelveHours = isOn;
}

/** A sentence of the server, as the page shows it. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

type Options = Intl.DateTimeFormatOptions;
const CLOCK: Options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const HALF_DAY_CLOCK: Options = { hour: "numeric", minute: "2-digit", hourCycle: "h12" };
const SECONDS: Options = { ...CLOCK, second: "2-digit" };
const DAY: Options = { weekday: "long", day: "numeric", month: "long" };
const DAY_OF_YEAR: Options = { ...DAY, year: "numeric" };
const FULL: Options = { ...DAY_OF_YEAR, ...SECONDS };
const FULL_HALF_DAY: Options = { ...DAY_OF_YEAR, ...HALF_DAY_CLOCK, second: "2-digit" };

/** Making one takes far longer than using it. */
const formats = new Map<Options, Intl.DateTimeFormat>();

/** A time in the language of the page. */
function formatted(time: number, options: Options, locale = sharedTexts.dates): string {
  let format = formats.get(options);
  if (!format) formats.set(options, format = new Intl.DateTimeFormat(locale, options));
  return format.format(time);
}

/** The time of day. */
export function formatClock(time: number): string {
  return isTwelveHours ? formatted(time, HALF_DAY_CLOCK, sharedTexts.halfDays) : formatted(time, CLOCK);
}

/** The time of day with seconds. */
export function formatSeconds(time: number): string {
  return formatted(time, SECONDS);
}

/** The day, seen from the day of `now`: "Today", "Yesterday", "Wednesday 15 January 2020". */
export function formatDay(time: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(time)) / 86_400_000);
  if (days === 0) return sharedTexts.today;
  if (days === 1) return sharedTexts.yesterday;
  return formatted(time, new Date(time).getFullYear() === new Date(now).getFullYear() ? DAY : DAY_OF_YEAR);
}

const BEGINNING = 100;

/** The beginning of a text as it reads, in one line. */
export function beginningOf(text: string): string {
  const [first = "", ...rest] = linesOf(withoutMarks(text.slice(0, 4 * BEGINNING)));
  const line = sanitized(first.trim());
  return rest.length > 0 || line.length > BEGINNING ? `${[...line].slice(0, BEGINNING).join("")} …` : line;
}

/** A moment in full: "Saturday 28 November 2026 at 21:03:11". */
export function formatFull(time: number): string {
  return isTwelveHours ? formatted(time, FULL_HALF_DAY, sharedTexts.halfDays) : formatted(time, FULL);
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

/** A number with at most this many decimals. */
export function formatNumber(number: number, decimals = 0): string {
  return number.toLocaleString(sharedTexts.dates, { maximumFractionDigits: decimals });
}

/** No line breaks between a number and its unit. */
function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

/** A number of bytes: "812 bytes", "3.1 MB". */
export function bytesText(bytes: number): string {
  const [amount = "", unit = ""] = formatBytes(bytes).split(" ");
  const decimals = amount.includes(".") ? 1 : 0;
  const shown = Number(amount).toLocaleString(sharedTexts.dates, { minimumFractionDigits: decimals });
  return unbroken(unit.startsWith("byte") ? sharedTexts.bytes(shown, bytes === 1) : `${shown} ${unit}`);
}

/** A duration: "8 s", "3 min 20 s", "2 h 5 min". */
export function durationText(ms: number): string {
  const unitOf = (unit: string) => sharedTexts.units[unit as keyof typeof sharedTexts.units];
  return unbroken(formatDuration(ms).replace(/[a-z]+/g, unitOf));
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
  return { why: chatTexts.unknownCommand(verb!) };
}
