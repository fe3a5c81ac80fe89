import { cleaned } from "../../base/text.ts";
import { CHAT_COMMANDS, CHAT_VERBS, type ChatCommand, chatCommand } from "../chat_commands.ts";
import type { ChatMemory } from "../chat_memory.ts";
import { MAILBOX_WORDS } from "../mailbox_acts.ts";

const MAILBOX_TOPICS: readonly Pick<ChatCommand, "usage" | "short">[] = [
  { usage: "JOIN GROUP", short: "go to a group; it is made when there is none" },
  { usage: "CHAT USER", short: "go to the conversation with one person" },
  { usage: "R", short: "show groups and users anew" },
  { usage: "B", short: "go back to the menu" },
  { usage: "E", short: "leave the chat" },
];

/** The answer to `/help` or `/help COMMAND`. */
export function chatHelp(topic: string | undefined, mailbox: boolean): string[] {
  if (topic === undefined) return overview(mailbox);
  // "join" in small letters is the command.
  const word = mailbox ? MAILBOX_TOPICS.find(({ usage }) => usage.split(" ", 1)[0] === topic) : undefined;
  if (word) return [word.usage, `  ${word.short}`];
  const command = chatCommand(topic);
  if (!command) return [`there is no command ${cleaned(topic)}; these there are:`, ...overview(mailbox)];
  return [command.usage, ...command.long.map((text) => `  ${text}`), `  Example: ${command.example}`];
}

/** What could stand where the cursor is: commands at the beginning of the line, then names of users and rooms. */
export function chatCompletions(
  before: string,
  memory: Pick<ChatMemory, "users" | "rooms" | "joined">,
  mailbox: boolean,
): string[] {
  const [, verb, begun = ""] = /^(\S+) (\S*)$/.exec(before) ?? [];
  if (verb === undefined) {
    const words = [...CHAT_VERBS, ...(mailbox ? MAILBOX_WORDS : [])];
    return before.includes(" ") ? [] : beginning(before, words);
  }
  switch (verb) {
    case "/help":
      return beginning(begun, [...Object.keys(CHAT_COMMANDS), ...(mailbox ? MAILBOX_WORDS : [])]);
    case "/to":
      return beginning(begun, memory.users);
    case "/say":
    case "/leave":
      return beginning(begun, memory.joined);
    case "/join":
      return beginning(begun, memory.rooms);
    case "/history":
      return beginning(begun, new Set([...memory.joined, ...memory.users]));
    case "JOIN":
      return mailbox ? beginning(begun, memory.rooms) : [];
    case "CHAT":
      return mailbox ? beginning(begun, memory.users) : [];
    default:
      return [];
  }
}

// A name that would steer the terminal is not put into the line being typed.
function beginning(begun: string, words: Iterable<string>): string[] {
  return [...words].filter((word) => word.startsWith(begun) && cleaned(word) === word && !/\s/.test(word)).sort();
}

function overview(mailbox: boolean): string[] {
  const topics = [...(mailbox ? MAILBOX_TOPICS : []), ...Object.values(CHAT_COMMANDS)];
  const width = Math.max(...topics.map(({ usage }) => usage.length)) + 2;
  return [
    ...topics.map(({ usage, short }) => `  ${usage.padEnd(width)}${short}`),
    'Other lines are said where you are; //text says "/text".',
  ];
}
