import type { ChatPlace } from "./commands.ts";
import { alone, type Given, type NameRule, type Reader, wrongName } from "./command_reader.ts";
import type { Commands } from "./chat_style.ts";

/** What can be typed about files, where those who send and receive them have names after this rule. */
export function fileCommands(rule: NameRule, room: "room" | "group"): Commands<never> {
  const target = `NAME|${room.toUpperCase()}`;
  return {
    send: {
      usage: `/send ${target} FILE`,
      short: "offer a file, or a folder with all in it",
      example: "/send bob slides.pdf",
      long: [
        `A ${room} that you are in comes before a person of the same name; each in it may`,
        "accept. It goes straight to who does, and is checked on arrival. Whatever",
        "interrupts it, it goes on where it stopped once you are both there again.",
        "FILE must stay as it is meanwhile.",
      ],
      read: (given, place) => send(given, place, rule, room),
      names: (known, at) => at === 1 ? new Set([...known.joined, ...known.users]) : [],
    },
    accept: {
      usage: "/accept N",
      short: "take what was offered as number N",
      example: "/accept 1",
      long: [
        "It comes into your downloads, under a name that nothing has there.",
        "/files shows what was offered.",
      ],
      read: (given) => numberOf(given, "accept"),
    },
    refuse: {
      usage: "/refuse N",
      short: "do not take it; who has offered it is told",
      example: "/refuse 1",
      long: ["/files shows what was offered."],
      read: (given) => numberOf(given, "refuse"),
    },
    stop: {
      usage: "/stop N",
      short: "stop what is on its way, or withdraw an offer",
      example: "/stop 1",
      long: ["What has come of it is taken away. /files shows what is on its way."],
      read: (given) => numberOf(given, "stop"),
    },
    files: {
      usage: "/files",
      short: "what was offered, and how it stands",
      example: "/files",
      long: ["By their numbers, to you and by you."],
      read: alone({ type: "file", act: { type: "files" } }),
    },
  };
}

function send({ first, more }: Given, { rooms }: ChatPlace, rule: NameRule, room: string): ReturnType<Reader<never>> {
  const wrong = wrongName(first, `name or ${room}`, rule);
  if (wrong !== undefined) return wrong;
  const path = more.trim();
  if (path === "") return "the file is missing";
  const to = rooms.has(first) ? { room: first } : { user: first };
  return { type: "file", act: { type: "send", to, path: unquoted(path) } };
}

/** A path as a person may have pasted it. */
function unquoted(path: string): string {
  return /^(["'])(.+)\1$/.exec(path)?.[2] ?? path;
}

function numberOf({ first, more }: Given, type: "accept" | "refuse" | "stop"): ReturnType<Reader<never>> {
  if (first === "") return "the number is missing";
  if (!/^\d{1,9}$/.test(first)) return "N is a number, as /files shows it";
  return more.trim() === "" ? { type: "file", act: { type, n: Number(first) } } : "one number follows it";
}
