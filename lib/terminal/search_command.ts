import { anyName, type ChatQuestion, type Command, type CommandContext, wrongName } from "./commands.ts";

/** Hits that a search shows. */
const HITS = 20;
const KEYS = ["from", "in", "before", "after"] as const;
type Key = (typeof KEYS)[number];

/** `/search WORDS`, narrowed by words such as `from:bob`, wherever they stand. */
export const SEARCH_COMMAND: Command<ChatQuestion> = {
  usage: "/search WORDS",
  short: "find messages; narrow by from: in: before: after:",
  example: "/search lunch from:bob in:lab1 after:2026-03-01",
  long: [
    `The last ${HITS} messages with all WORDS, in all your conversations. Narrow it by`,
    "from:NAME  what NAME said",
    "in:ROOM    what was said in ROOM; in:NAME in the conversation with NAME",
    "after:DATE, before:DATE",
    "           a day such as 2026-03-01 or a time of today such as 14:30; a day is",
    "           included by after:, not by before:",
  ],
  parse: ({ rest }, context) => {
    const words: string[] = [];
    const given = new Map<Key, string>();
    for (const word of rest.split(/\s+/).filter((word) => word !== "")) {
      const [, key, value = ""] = /^([a-z]+):(.*)$/.exec(word) ?? [];
      if (!isKey(key)) words.push(word);
      else if (value === "") return `a value is missing after ${key}:`;
      else if (given.has(key)) return `${key}: is given twice`;
      else given.set(key, value);
    }
    if (words.length === 0) return "WORDS are missing";
    return searchFor(words.join(" "), given, context);
  },
  names: ({ users, joined }) => [
    ...[...users].map((name) => `from:${name}`),
    ...[...joined, ...users].map((name) => `in:${name}`),
    "before:",
    "after:",
  ],
};

function searchFor(words: string, given: ReadonlyMap<Key, string>, { rooms, now }: CommandContext) {
  const [from, where] = [given.get("from"), given.get("in")];
  for (const name of [from, where]) {
    const wrong = name === undefined ? undefined : wrongName(name, "NAME", anyName);
    if (wrong !== undefined) return wrong;
  }
  const times: { since?: number; until?: number } = {};
  for (const [key, field] of [["after", "since"], ["before", "until"]] as const) {
    const text = given.get(key);
    if (text === undefined) continue;
    const time = parseTime(text, now);
    if (time === undefined) {
      return `${key}: takes a day such as 2026-03-01 or a time of today such as 14:30, not ${text}`;
    }
    times[field] = time;
  }
  const of = where === undefined ? undefined : rooms.has(where) ? { room: where } : { user: where };
  const question = { type: "search" as const, words, ...(from && { from }), ...(of && { of }), ...times, limit: HITS };
  return { type: "ask" as const, question };
}

function isKey(word: string | undefined): word is Key {
  return KEYS.includes(word as Key);
}

/** The beginning of a day, or of a minute of today, in local time; undefined for anything else. */
function parseTime(text: string, now: number): number | undefined {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const time = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (day) {
    const [year, month, date] = [Number(day[1]), Number(day[2]), Number(day[3])];
    const parsed = new Date(year, month - 1, date);
    return parsed.getMonth() === month - 1 && parsed.getDate() === date ? parsed.getTime() : undefined;
  }
  if (!time || Number(time[1]) > 23 || Number(time[2]) > 59) return undefined;
  const today = new Date(now);
  today.setHours(Number(time[1]), Number(time[2]), 0, 0);
  return today.getTime();
}
