import { withoutPlain } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import { suggestion } from "../core/suggestion.ts";
import type { DirectWish } from "../peers/direct.ts";
import type { PeerQuestion } from "../peers/event.ts";
import type { ClientQuestion } from "../protocols/native/client_event.ts";
import type { FileCommand } from "../protocols/transfer/event.ts";

/** A question to the server that a typed line can ask. */
export type ChatQuestion = ClientQuestion;

/** A question to the server or to the peers. */
export type Question = ChatQuestion | PeerQuestion;

/** The questions of every mode; the terminal also asks them on its own. */
export type Listing = { readonly type: "users" } | { readonly type: "rooms" };

/** The meaning of a typed line; `Q` are the questions of the mode. */
export type ChatAction<Q> =
  | { readonly type: "nothing" | "exit" }
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  /** `as`: the user's name for the lobby. */
  | { readonly type: "ask"; readonly question: Q; readonly as?: string }
  | { readonly type: "file"; readonly action: FileCommand }
  | DirectWish
  /** Changes the text of the user's `nth` last message in this conversation; without a text, withdraws it. */
  | { readonly type: "amend"; readonly to: Target; readonly nth: number; readonly text: string | undefined }
  /** Shows the texts that the `nth` last message of a user in this conversation had; without a name, of this user. */
  | { readonly type: "versions"; readonly in: Target; readonly nth: number; readonly from: string | undefined }
  /** Asks for the old password, and twice for a new one. */
  | { readonly type: "passwd" }
  /** From here on plain text goes to this conversation. */
  | { readonly type: "go"; readonly to: Target }
  /** Shows the menu; `leave`: and leaves the conversation. */
  | { readonly type: "menu"; readonly leave: boolean }
  | { readonly type: "help"; readonly topic: string | undefined }
  /** The line may be text or a command: a terminal asks once with `question`, then performs `action`. */
  | { readonly type: "unsure"; readonly line: string; readonly question: string; readonly action: ChatAction<Q> }
  /** The line is wrong; `why` names the line, the rule and an example. */
  | { readonly type: "mistake"; readonly why: string };

/** Where a line is typed. */
export interface CommandContext {
  /** The conversation that plain text goes to. */
  readonly here: Target | undefined;
  /** Names that mean a room. */
  readonly rooms: ReadonlySet<string>;
  /** The present time, for words such as "today". */
  readonly now: number;
}

/** The names that completion offers. */
export interface KnownNames {
  readonly users: ReadonlySet<string>;
  /** Every room heard of. */
  readonly rooms: ReadonlySet<string>;
  /** The rooms that this user is in. */
  readonly joined: ReadonlySet<string>;
}

/** A command or word as help shows it and Tab completes it. */
export interface Topic {
  readonly usage: string;
  /** One line for the overview. */
  readonly short: string;
  /** Lines for `/help COMMAND`. */
  readonly long?: readonly string[];
  readonly example?: string;
  /** Candidates for argument number `at`, counted from 1. */
  names?(known: KnownNames, at: number): Iterable<string>;
}

/** A command of a chat mode. */
export interface Command<Q> extends Topic {
  readonly long: readonly string[];
  readonly example: string;
  readonly parse: ArgumentParser<Q>;
}

/** Commands by the word after the slash, in the order of the overview. */
export type CommandTable<Q> = Readonly<Record<string, Command<Q>>>;

/** One kind of chat: its commands, where it begins, and how its questions are answered. */
export interface ChatMode<Q> {
  readonly commands: CommandTable<Q>;
  /** A handout's own words, typed without a slash. */
  readonly words: Readonly<Record<string, Topic>>;
  /** Commands of other modes, by the word after the slash, and the reason why this mode has none. */
  readonly absent: Readonly<Record<string, string>>;
  /** The last line of the help. */
  readonly footer: string;
  /** For text that is typed in no conversation: how to open one, with an example. */
  readonly outside: string;
  /** The conversation at first, and after leaving a room; undefined for none. */
  readonly home: Target | undefined;
  /** Rooms that exist from the start. */
  readonly rooms: readonly string[];
  /** Whether a terminal shows the menu after login. */
  readonly menu: boolean;
  /** Whether a terminal shows the members and the last messages of a room that is entered. */
  readonly showsRooms: boolean;
  /**
   * Whether every question is answered, and a denial names its question. Otherwise a denial belongs to the question that is
   * just being asked, and a later one to none.
   */
  readonly answersAll: boolean;
  parse(line: string, context: CommandContext): ChatAction<Q>;
}

/** The text after a command. */
export interface Arguments {
  /** Everything after the one space that follows the command. */
  readonly rest: string;
  /** The first word; empty when there is none. */
  readonly first: string;
  /** Everything after the one space that follows the first word. */
  readonly more: string;
}

/** Turns the arguments of a command into its action, or into the rule that they break. */
export type ArgumentParser<Q> = (given: Arguments, context: CommandContext) => ChatAction<Q> | string;

/** The rule that a name breaks; undefined when it is well-formed. */
export type NameRule = (word: string) => string | undefined;

const NAME_CHARACTERS = 64;

/** For names that a server checks by its own rules: only a bound on the length. */
export const anyName: NameRule = (word) =>
  word.length <= NAME_CHARACTERS ? undefined : `a name has at most ${NAME_CHARACTERS} characters`;

const TAKES_NO_ARGUMENT = "takes no argument";

/** For a command without arguments. */
export function alone<Q>(action: ChatAction<Q>): ArgumentParser<Q> {
  return ({ first }) => first === "" ? action : TAKES_NO_ARGUMENT;
}

/** For a command with one name. */
export function one<Q>(
  what: "NAME" | "ROOM" | "GROUP",
  rule: NameRule,
  action: (name: string) => ChatAction<Q>,
): ArgumentParser<Q> {
  return ({ first, more }) =>
    wrongName(first, what, rule) ?? (more.trim() === "" ? action(first) : `${what} cannot contain spaces`);
}

/** For `/to NAME [TEXT]`. */
export function to(rule: NameRule): ArgumentParser<never> {
  return ({ first, more }) =>
    wrongName(first, "NAME", rule) ??
      (more.trim() === "" ? { type: "go", to: { user: first } } : { type: "say", to: { user: first }, text: more });
}

/** For `/say ROOM TEXT`. */
export function say(what: "ROOM" | "GROUP", rule: NameRule): ArgumentParser<never> {
  return ({ first, more }) =>
    wrongName(first, what, rule) ??
      (more.trim() === "" ? "TEXT is missing" : { type: "say", to: { room: first }, text: more });
}

/** For `/help [COMMAND]`. */
export const help: ArgumentParser<never> = ({ first, more }) =>
  more.trim() === "" ? { type: "help", topic: first === "" ? undefined : first } : "it takes one COMMAND";

/** The error for a word that is not a valid name. */
export function wrongName(word: string, what: string, rule: NameRule): string | undefined {
  return word === "" ? `${what} is missing` : rule(word);
}

/** Candidates for a first argument that names a user. */
export const users = (known: KnownNames, at: number): Iterable<string> =>
  at === 1 ? [...known.users].map(withoutPlain) : [];

/** Candidates for a first argument that names any room. */
export const rooms = (known: KnownNames, at: number): Iterable<string> => at === 1 ? known.rooms : [];

/** Candidates for a first argument that names a room that this user is in. */
export const joined = (known: KnownNames, at: number): Iterable<string> => at === 1 ? known.joined : [];

/** The command of a name, with or without its slash. */
export function findCommand<Q>(commands: CommandTable<Q>, name: string): Command<Q> | undefined {
  const bare = name.replace(/^\//, "");
  return Object.hasOwn(commands, bare) ? commands[bare] : undefined;
}

/** Parses a typed line: a command, or text for the conversation; `//text` says "/text". */
export function parseLine<Q>(
  line: string,
  context: CommandContext,
  mode: Pick<ChatMode<Q>, "commands" | "absent" | "outside">,
): ChatAction<Q> {
  if (line.trim() === "") return { type: "nothing" };
  if (!line.startsWith("/")) return plainText(line, line, context, mode.outside);
  if (line.startsWith("//")) return plainText(line, line.slice(1), context, mode.outside);
  const [verb, rest] = splitWord(line);
  const command = findCommand(mode.commands, verb);
  if (!command) return unknownCommand(verb, mode);
  const [first, more] = splitWord(rest.trimStart());
  const action = command.parse({ rest, first, more }, context);
  if (typeof action !== "string") return action;
  const { usage, example } = command;
  const why = action === TAKES_NO_ARGUMENT
    ? `${verb} ${action}`
    : `${action}; usage: ${usage}, for example: ${example}`;
  return { type: "mistake", why: `"${shortened(line)}": ${why}` };
}

function plainText(line: string, text: string, { here }: CommandContext, outside: string): ChatAction<never> {
  if (here) return { type: "say", to: here, text };
  return { type: "mistake", why: `"${shortened(line)}" was not sent, since you are in no conversation; ${outside}` };
}

function unknownCommand(
  verb: string,
  { commands, absent }: Pick<ChatMode<unknown>, "commands" | "absent">,
): ChatAction<never> {
  const typed = verb.toLowerCase();
  const why = Object.hasOwn(absent, typed.slice(1)) ? absent[typed.slice(1)] : undefined;
  if (why !== undefined) return { type: "mistake", why };
  const verbs = Object.keys(commands).map((name) => `/${name}`);
  const meant = suggestion(typed, verbs);
  const rule = meant ? `did you mean ${meant}?` : `the commands are ${verbs.join(" ")}.`;
  return {
    type: "mistake",
    why: `there is no command ${shortened(verb)}; ${rule} To send it as text, add a slash: /${shortened(verb)}`,
  };
}

/** The first word, and everything after the one space that follows it. */
function splitWord(text: string): [string, string] {
  const [, first = "", rest = ""] = /^(\S+)(?:\s([^]*))?$/.exec(text) ?? [];
  return [first, rest];
}

const QUOTED_CHARACTERS = 60;

/** A typed line, short enough to be quoted in a message. */
export function shortened(line: string): string {
  const characters = [...line];
  return characters.length <= QUOTED_CHARACTERS ? line : `${characters.slice(0, QUOTED_CHARACTERS).join("")}…`;
}
