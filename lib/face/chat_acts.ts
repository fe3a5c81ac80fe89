import type { Target } from "../hub/store.ts";
import { CHAT_VERBS, type ChatCommand, chatCommand, HISTORY_MOST, HISTORY_USUAL } from "./chat_commands.ts";

/** The room that everybody is in. */
export const LOBBY = "lobby";

/** What a typed line can ask of the server. */
export type ChatQuestion =
  | { readonly type: "users" | "rooms" }
  | { readonly type: "join" | "leave"; readonly room: string }
  | { readonly type: "history"; readonly of: Target; readonly limit: number };

/** What a typed line means. */
export type ChatAct =
  | { readonly type: "nothing" | "exit" }
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  | { readonly type: "ask"; readonly question: ChatQuestion }
  /** From here on a line that is no command goes there. */
  | { readonly type: "go"; readonly to: Target }
  /** Shows what there is; `back`, out of the conversation. */
  | { readonly type: "menu"; readonly back: boolean }
  | { readonly type: "help"; readonly topic: string | undefined }
  /** What was typed, the rule, an example. */
  | { readonly type: "fault"; readonly why: string };

/** Where a line is typed. */
export interface ChatPlace {
  /** Where a line goes that is no command. */
  readonly here: Target | undefined;
  /** Names that mean a room. */
  readonly rooms: ReadonlySet<string>;
}

/** Longer names are none; no server could answer for them. */
const NAME_CHARACTERS = 64;
const SHOWN_CHARACTERS = 60;
const NOTHING: ChatAct = { type: "nothing" };

/** Reads one typed line: a command, or something said where one is; `//text` says "/text". */
export function chatAct(line: string, place: ChatPlace): ChatAct {
  if (line.trim() === "") return NOTHING;
  if (!line.startsWith("/")) return say(line, line, place);
  if (line.startsWith("//")) return say(line, line.slice(1), place);
  const [verb, rest] = split(line);
  const command = chatCommand(verb.slice(1));
  if (!command) return unknown(verb);
  const wrong = (why: string) => fault(line, command, why);
  const [first, more] = split(rest.trimStart());
  if (verb !== "/toall" && !isName(first)) {
    return wrong(`a name has at most ${NAME_CHARACTERS} characters`);
  }
  switch (verb) {
    case "/list":
      return first === "" ? ask({ type: "users" }) : wrong("nothing follows it");
    case "/rooms":
      return first === "" ? ask({ type: "rooms" }) : wrong("nothing follows it");
    case "/exit":
      return first === "" ? { type: "exit" } : wrong("nothing follows it");
    case "/help":
      return more.trim() === ""
        ? { type: "help", topic: first === "" ? undefined : first }
        : wrong("one word follows it");
    case "/to":
      if (first === "") return wrong("the name is missing");
      return more.trim() === ""
        ? { type: "go", to: { user: first } }
        : { type: "say", to: { user: first }, text: more };
    case "/toall":
      return rest.trim() === "" ? wrong("the text is missing") : { type: "say", to: { room: LOBBY }, text: rest };
    case "/say":
      if (first === "") return wrong("the room is missing");
      return more.trim() === "" ? wrong("the text is missing") : { type: "say", to: { room: first }, text: more };
    case "/join":
    case "/leave":
      if (first === "") return wrong("the room is missing");
      if (more.trim() !== "") return wrong("the name of a room has no blanks");
      return ask({ type: verb === "/join" ? "join" : "leave", room: first });
    default:
      return history(first, more.trim(), place, wrong);
  }
}

/** Whether both are the same room or the same user. */
export function sameTarget(a: Target | undefined, b: Target | undefined): boolean {
  if (!a || !b) return a === b;
  return "user" in a ? "user" in b && a.user === b.user : "room" in b && a.room === b.room;
}

/** Whether a word can name somebody or a room. */
export function isName(word: string): boolean {
  return word.length <= NAME_CHARACTERS;
}

/** What was typed, short enough to be said again. */
export function shortened(line: string): string {
  const characters = [...line];
  return characters.length <= SHOWN_CHARACTERS ? line : `${characters.slice(0, SHOWN_CHARACTERS).join("")}…`;
}

function history(name: string, count: string, place: ChatPlace, wrong: (why: string) => ChatAct): ChatAct {
  if (name === "") return wrong("the name or room is missing");
  const limit = count === "" ? HISTORY_USUAL : /^\d{1,6}$/.test(count) ? Number(count) : 0;
  if (limit < 1 || limit > HISTORY_MOST) return wrong(`N is a whole number from 1 to ${HISTORY_MOST}`);
  return ask({ type: "history", of: place.rooms.has(name) ? { room: name } : { user: name }, limit });
}

function say(line: string, text: string, { here }: ChatPlace): ChatAct {
  if (here) return { type: "say", to: here, text };
  const why = `"${shortened(line)}" was typed outside of any conversation; /join ROOM or /to NAME goes to one, ` +
    `for example: /join ${LOBBY}`;
  return { type: "fault", why };
}

function ask(question: ChatQuestion): ChatAct {
  return { type: "ask", question };
}

function fault(line: string, { usage, example }: ChatCommand, why: string): ChatAct {
  return { type: "fault", why: `"${shortened(line)}" was typed, but it is ${usage}: ${why}; for example: ${example}` };
}

function unknown(verb: string): ChatAct {
  const typed = verb.toLowerCase();
  const meant = CHAT_VERBS.find((each) => each === typed) ??
    CHAT_VERBS.find((each) => typed.length > 1 && each.startsWith(typed));
  const rule = meant ? `did you mean ${meant}?` : `there are ${CHAT_VERBS.join(" ")}.`;
  return {
    type: "fault",
    why: `there is no command ${shortened(verb)}; ${rule} To say it, type one "/" more: /${shortened(verb)}`,
  };
}

/** The first word, and what stands behind the one blank that follows it. */
function split(text: string): [string, string] {
  const [, first = "", rest = ""] = /^(\S+)(?:\s([^]*))?$/.exec(text) ?? [];
  return [first, rest];
}
