import { type ChatAction, type ChatPlace, shortened } from "./commands.ts";
import { type ChatMode, commandOf, type Known } from "./chat_style.ts";

/** What stands behind a command. */
export interface Given {
  /** All of it, behind the one blank that follows the command. */
  readonly rest: string;
  /** Its first word; empty when there is none. */
  readonly first: string;
  /** What stands behind the one blank that follows the first word. */
  readonly more: string;
}

/** Reads what stands behind a command: an act, or the rule that it breaks. */
export type Reader<Q> = (given: Given, place: ChatPlace) => ChatAction<Q> | string;

/** What is wrong with a word that is to name somebody or something; undefined when nothing is. */
export type NameRule = (word: string) => string | undefined;

/** Longer names are none; no server could answer for them. */
const NAME_CHARACTERS = 64;

/** The rule for whatever a server has names for: it has rules of its own. */
export const anyName: NameRule = (word) =>
  word.length <= NAME_CHARACTERS ? undefined : `a name has at most ${NAME_CHARACTERS} characters`;

/** Reads a command that stands alone. */
export function alone<Q>(act: ChatAction<Q>): Reader<Q> {
  return ({ first }) => first === "" ? act : "nothing follows it";
}

/** Reads a command behind which one name stands. */
export function one<Q>(
  what: "name" | "room" | "group",
  rule: NameRule,
  act: (name: string) => ChatAction<Q>,
): Reader<Q> {
  const blanks = what === "name" ? "a name has no blanks" : `the name of a ${what} has no blanks`;
  return ({ first, more }) => wrongName(first, what, rule) ?? (more.trim() === "" ? act(first) : blanks);
}

/** Reads `/to NAME [TEXT]`. */
export function to(rule: NameRule): Reader<never> {
  return ({ first, more }) =>
    wrongName(first, "name", rule) ??
      (more.trim() === "" ? { type: "go", to: { user: first } } : { type: "say", to: { user: first }, text: more });
}

/** Reads `/say ROOM TEXT`. */
export function say(what: "room" | "group", rule: NameRule): Reader<never> {
  return ({ first, more }) =>
    wrongName(first, what, rule) ??
      (more.trim() === "" ? "the text is missing" : { type: "say", to: { room: first }, text: more });
}

/** Reads `/help [COMMAND]`. */
export const help: Reader<never> = ({ first, more }) =>
  more.trim() === "" ? { type: "help", topic: first === "" ? undefined : first } : "one word follows it";

/** What is wrong with the word where a name is to stand. */
export function wrongName(word: string, what: string, rule: NameRule): string | undefined {
  return word === "" ? `the ${what} is missing` : rule(word);
}

/** Reads one typed line: a command, or something said where one is; `//text` says "/text". */
export function readLine<Q>(
  line: string,
  place: ChatPlace,
  style: Pick<ChatMode<Q>, "commands" | "absent" | "outside">,
): ChatAction<Q> {
  if (line.trim() === "") return { type: "nothing" };
  if (!line.startsWith("/")) return said(line, line, place, style.outside);
  if (line.startsWith("//")) return said(line, line.slice(1), place, style.outside);
  const [verb, rest] = split(line);
  const command = commandOf(style, verb);
  if (!command) return unknown(verb, style);
  const [first, more] = split(rest.trimStart());
  const act = command.read({ rest, first, more }, place);
  if (typeof act !== "string") return act;
  const { usage, example } = command;
  return { type: "fault", why: `"${shortened(line)}" was typed, but it is ${usage}: ${act}; for example: ${example}` };
}

function said(line: string, text: string, { here }: ChatPlace, outside: string): ChatAction<never> {
  if (here) return { type: "say", to: here, text };
  return { type: "fault", why: `"${shortened(line)}" was typed outside of any conversation; ${outside}` };
}

function unknown(
  verb: string,
  { commands, absent }: Pick<ChatMode<unknown>, "commands" | "absent">,
): ChatAction<never> {
  const typed = verb.toLowerCase();
  const why = Object.hasOwn(absent, typed.slice(1)) ? absent[typed.slice(1)] : undefined;
  if (why !== undefined) return { type: "fault", why };
  const verbs = Object.keys(commands).map((name) => `/${name}`);
  const meant = verbs.find((each) => each === typed) ??
    verbs.find((each) => typed.length > 1 && each.startsWith(typed));
  const rule = meant ? `did you mean ${meant}?` : `there are ${verbs.join(" ")}.`;
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

/** Users, for a command whose first word names one. */
export const users = (known: Known, at: number): Iterable<string> => at === 1 ? known.users : [];

/** Rooms heard of, for a command whose first word names one. */
export const rooms = (known: Known, at: number): Iterable<string> => at === 1 ? known.rooms : [];

/** Rooms that we are in, for a command whose first word names one. */
export const joined = (known: Known, at: number): Iterable<string> => at === 1 ? known.joined : [];
