import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import { chatTexts } from "./texts.ts";

/** What a command of the field does. */
export type SlashAction =
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  | { readonly type: "open"; readonly target: Target }
  | { readonly type: "join" | "leave"; readonly room: string }
  | { readonly type: "search"; readonly text: string }
  | { readonly type: "edit"; readonly text: string }
  | { readonly type: "who" | "withdraw" | "help" };

type Parsed = SlashAction | { readonly why: string };

/** The names of the commands; each has a text. */
type Verb = keyof typeof chatTexts.commands;

interface SlashCommand {
  readonly parse: (rest: string, here: Target | undefined) => Parsed;
}

/** The commands that the page has, with the words of the terminal. */
export const SLASH_COMMANDS: Readonly<Record<Verb, SlashCommand>> = {
  to: {
    parse: (rest) => said(rest, chatTexts.needsNameAndText, (user) => ({ user })),
  },
  toall: {
    parse: (rest) => said(`${LOBBY} ${rest}`, chatTexts.needsRoomAndText, (room) => ({ room })),
  },
  say: {
    parse: (rest) => said(rest, chatTexts.needsRoomAndText, (room) => ({ room })),
  },
  join: {
    parse: (rest) => named("join", rest),
  },
  leave: {
    parse: (rest, here) => named("leave", rest === "" && here && "room" in here ? here.room : rest),
  },
  who: { parse: (rest) => alone("who", rest) },
  search: { parse: (rest) => ({ type: "search", text: rest }) },
  edit: {
    parse: (rest) => rest === "" ? { why: chatTexts.needsText } : { type: "edit", text: rest },
  },
  withdraw: {
    parse: (rest) => alone("withdraw", rest),
  },
  help: { parse: () => ({ type: "help" }) },
};

/** Cap on commands that are offered at once. */
const MOST_OFFERED = 8;

/** The command that a line has; undefined where it is none, and why it is not understood. */
export function readSlash(line: string, here: Target | undefined): Parsed | undefined {
  const [, verb, rest = ""] = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(line.trim()) ?? [];
  if (verb === undefined) return undefined;
  const command = Object.hasOwn(SLASH_COMMANDS, verb) ? SLASH_COMMANDS[verb as Verb] : undefined;
  if (!command) return undefined;
  const parsed = command.parse(rest.trim(), here);
  return "why" in parsed ? { why: chatTexts.wrongCommand(parsed.why, chatTexts.commands[verb as Verb].usage) } : parsed;
}

/** The commands that begin like what stands before the cursor, which is nothing but the beginning of one. */
export function slashCandidates(value: string, cursor: number): string[] {
  const begun = /^\/([a-z]*)$/.exec(value.slice(0, cursor))?.[1];
  if (begun === undefined) return [];
  return Object.keys(SLASH_COMMANDS).filter((verb) => verb.startsWith(begun) && verb !== begun).slice(0, MOST_OFFERED);
}

function said(rest: string, why: string, target: (name: string) => Target): Parsed {
  const [, name, text] = /^(\S+)\s+([^]+)$/.exec(rest) ?? [];
  return name === undefined ? { why } : { type: "say", to: target(name), text: text! };
}

function named(type: "join" | "leave", room: string): Parsed {
  return /^\S+$/.test(room) ? { type, room } : { why: chatTexts.roomIsWord };
}

function alone(type: "who" | "withdraw", rest: string): Parsed {
  return rest === "" ? { type } : { why: chatTexts.needsNothing };
}
