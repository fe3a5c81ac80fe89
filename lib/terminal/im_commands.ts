import { suggestion } from "../core/suggestion.ts";
import { sanitized } from "../core/text.ts";
import { shortened, type Topic, users } from "./commands.ts";
import { completions, helpText } from "./help.ts";

/** The commands of the IM handout; the server parses them. A new command is one entry here; help and completion follow. */
const IM_COMMANDS: Readonly<Record<string, Topic>> = {
  list: {
    usage: "/list",
    short: "list the users who are online",
    long: [
      "The server answers 301 and the names of the users who are online:",
      "yours first, then the others in the order of their logins.",
    ],
  },
  to: {
    usage: "/to NAME TEXT",
    short: "send a message to one user",
    long: [
      "Example: /to bob Hello! Nice to meet you!",
      "bob sees: /from YOU Hello! Nice to meet you!",
      "The server answers 303 when bob's client has confirmed the message, 304 when",
      "bob is not online or his client did not confirm it in time.",
      "TEXT is everything after the space that follows NAME.",
    ],
    names: users,
  },
  toall: {
    usage: "/toall TEXT",
    short: "send a message to everyone",
    long: [
      "Example: /toall How about meeting at 3pm today?",
      "The others see: /broadcastfrom YOU How about meeting at 3pm today?",
      "The server answers 303 when every client has confirmed the message, 304 when",
      "one did not.",
    ],
  },
  exit: {
    usage: "/exit",
    short: "log out",
    long: ["The server answers 310 and removes your name from the list.", "Ctrl-C and Ctrl-D do the same."],
  },
  help: {
    usage: "/help [COMMAND]",
    short: "show this, or more about one command",
    long: ["The client answers it; the server does not see it."],
  },
};

const TABLES = { commands: IM_COMMANDS };
const NONE: ReadonlySet<string> = new Set();

/** The answer to `/help` or `/help COMMAND`; undefined for any other line. */
export function imHelp(line: string): string[] | undefined {
  const [verb, topic, ...more] = line.trim().split(/\s+/);
  return verb === "/help" && more.length === 0 ? helpText(topic, TABLES) : undefined;
}

/** Commands of other programs, and their counterparts here. */
const OF_OTHERS: Readonly<Record<string, string>> = {
  quit: "the handout has no /quit; /exit logs out",
  msg: "the handout has no /msg; /to NAME TEXT sends a message to one user, for example: /to bob Hello!",
  me: "the handout has no /me; /toall TEXT sends a message to all users",
  nick: "the handout has no /nick; the name is that of the login",
};

/** A hint at why the server has answered 401 to the typed line; undefined for other answers, or where there is no hint. */
export function imHint(reply: string, typed: string): string | undefined {
  const why = reply.startsWith("401") && typed.trim() !== "" ? rule(typed.trim()) : undefined;
  return why === undefined ? undefined : `-- 401: ${why} --`;
}

function rule(typed: string): string {
  if (!typed.startsWith("/")) {
    return `a command begins with /; /toall ${sanitized(shortened(typed))} sends it to all users`;
  }
  const verb = typed.slice(1).split(/\s/, 1)[0]!;
  if (Object.hasOwn(OF_OTHERS, verb)) return OF_OTHERS[verb]!;
  if (Object.hasOwn(IM_COMMANDS, verb)) return `usage: ${IM_COMMANDS[verb]!.usage}`;
  const names = Object.keys(IM_COMMANDS);
  const meant = suggestion(verb, names);
  return meant ? `did you mean /${meant}?` : `the commands are ${names.map((name) => `/${name}`).join(" ")}`;
}

/** The words that fit at the cursor: commands at the beginning of the line, names after `/to`. */
export function imCompletions(before: string, users: ReadonlySet<string>): string[] {
  return completions(before, { users, rooms: NONE, joined: NONE }, TABLES);
}
