import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";

/** What a command of the field does. */
export type SlashAction =
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  | { readonly type: "open"; readonly target: Target }
  | { readonly type: "join" | "leave"; readonly room: string }
  | { readonly type: "search"; readonly text: string }
  | { readonly type: "edit"; readonly text: string }
  | { readonly type: "who" | "withdraw" | "help" };

type Parsed = SlashAction | { readonly why: string };

interface SlashCommand {
  readonly usage: string;
  readonly short: string;
  readonly parse: (rest: string, here: Target | undefined) => Parsed;
}

/** The commands that the page has, with the words of the terminal. */
export const SLASH_COMMANDS: Readonly<Record<string, SlashCommand>> = {
  to: {
    usage: "/to NAME TEXT",
    short: "send a private message",
    parse: (rest) => said(rest, "NAME", (user) => ({ user })),
  },
  toall: {
    usage: "/toall TEXT",
    short: "send a message to everyone",
    parse: (rest) => said(`${LOBBY} ${rest}`, "ROOM", (room) => ({ room })),
  },
  say: {
    usage: "/say ROOM TEXT",
    short: "send a message to a room",
    parse: (rest) => said(rest, "ROOM", (room) => ({ room })),
  },
  join: {
    usage: "/join ROOM",
    short: "enter a room; it is created if necessary",
    parse: (rest) => named("join", rest),
  },
  leave: {
    usage: "/leave [ROOM]",
    short: "leave a room",
    parse: (rest, here) => named("leave", rest === "" && here && "room" in here ? here.room : rest),
  },
  who: { usage: "/who", short: "show the members of the room", parse: (rest) => alone("who", rest) },
  search: { usage: "/search WORDS", short: "search messages", parse: (rest) => ({ type: "search", text: rest }) },
  edit: {
    usage: "/edit TEXT",
    short: "change the text of your last message",
    parse: (rest) => rest === "" ? { why: "TEXT is missing" } : { type: "edit", text: rest },
  },
  withdraw: {
    usage: "/withdraw",
    short: "withdraw your last message",
    parse: (rest) => alone("withdraw", rest),
  },
  help: { usage: "/help", short: "list commands and keys", parse: () => ({ type: "help" }) },
};

/** Cap on commands that are offered at once. */
const MOST_OFFERED = 8;

/** The command that a line has; undefined where it is none, and why it is not understood. */
export function readSlash(line: string, here: Target | undefined): Parsed | undefined {
  const [, verb, rest = ""] = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(line.trim()) ?? [];
  if (verb === undefined) return undefined;
  const command = Object.hasOwn(SLASH_COMMANDS, verb) ? SLASH_COMMANDS[verb] : undefined;
  if (!command) return undefined;
  const parsed = command.parse(rest.trim(), here);
  return "why" in parsed ? { why: `${parsed.why}: ${command.usage}` } : parsed;
}

/** The commands that begin like what stands before the cursor, which is nothing but the beginning of one. */
export function slashCandidates(value: string, cursor: number): string[] {
  const begun = /^\/([a-z]*)$/.exec(value.slice(0, cursor))?.[1];
  if (begun === undefined) return [];
  return Object.keys(SLASH_COMMANDS).filter((verb) => verb.startsWith(begun) && verb !== begun).slice(0, MOST_OFFERED);
}

function said(rest: string, what: string, target: (name: string) => Target): Parsed {
  const [, name, text] = /^(\S+)\s+([^]+)$/.exec(rest) ?? [];
  return name === undefined ? { why: `${what} and TEXT are needed` } : { type: "say", to: target(name), text: text! };
}

function named(type: "join" | "leave", room: string): Parsed {
  return /^\S+$/.test(room) ? { type, room } : { why: "ROOM is one word" };
}

function alone(type: "who" | "withdraw", rest: string): Parsed {
  return rest === "" ? { type } : { why: "nothing follows the command" };
}
