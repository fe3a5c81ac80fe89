import type { Target } from "../chat/entry.ts";
import { type LocalTime, readSearchText } from "../protocols/native/search_text.ts";
import { anyName, type ChatQuestion, type Command, wrongName } from "./commands.ts";

/** Hits that a search shows. */
const HITS = 20;

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
  parse: ({ rest }, { rooms, now }) => {
    const read = readSearchText(rest, rooms, localTime(now));
    if ("why" in read) return read.why;
    for (const name of [read.from, read.of && nameOf(read.of)]) {
      const wrong = name === undefined ? undefined : wrongName(name, "NAME", anyName);
      if (wrong !== undefined) return wrong;
    }
    return { type: "ask", question: { type: "search", ...read, limit: HITS } };
  },
  names: ({ users, joined }) => [
    ...[...users].map((name) => `from:${name}`),
    ...[...joined, ...users].map((name) => `in:${name}`),
    "before:",
    "after:",
  ],
};

function nameOf(of: Target): string {
  return "user" in of ? of.user : of.room;
}

function localTime(now: number): LocalTime {
  return (day, hours, minutes) => {
    const at = day ? new Date(day.year, day.month - 1, day.date) : new Date(now);
    return at.setHours(hours, minutes, 0, 0);
  };
}
