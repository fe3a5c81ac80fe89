import { LOBBY } from "../chat/names.ts";
import { CHAT_MODE } from "./chat_commands.ts";
import {
  anyName,
  type ChatAction,
  type ChatMode,
  type ChatQuestion,
  type CommandContext,
  rooms,
  shortened,
  users,
} from "./commands.ts";

/** The mailbox handout's client: the handout's words beside the commands of the chat; it begins in the menu. */
export const MAILBOX_MODE: ChatMode<ChatQuestion> = {
  ...CHAT_MODE,
  words: {
    JOIN: { usage: "JOIN GROUP", short: "enter a group; it is created if necessary", names: rooms },
    CHAT: { usage: "CHAT USER", short: "enter the conversation with one user", names: users },
    R: { usage: "R", short: "refresh groups and users" },
    B: { usage: "B", short: "go back to the menu" },
    E: { usage: "E", short: "leave the chat" },
  },
  home: undefined,
  menu: true,
  parse: parseMailboxLine,
};

/**
 * Parses a typed line of the mailbox: the handout's words and the commands of the chat.
 *
 * In a conversation only words in capitals are the handout's, and everything else is text. The menu has no text, so there small
 * letters are accepted too.
 */
function parseMailboxLine(line: string, context: CommandContext): ChatAction<ChatQuestion> {
  const inMenu = context.here === undefined;
  const [given = "", name, ...more] = line.trimEnd().split(/\s+/);
  const word = inMenu ? given.toUpperCase() : given;
  if (name === undefined) {
    if (word === "R") return { type: "menu", leave: false };
    if (word === "B") return { type: "menu", leave: true };
    if (word === "E") return { type: "exit" };
  } else if (more.length === 0 && anyName(name) === undefined) {
    if (word === "JOIN") return { type: "ask", question: { type: "join", room: name } };
    if (word === "CHAT") return { type: "go", to: { user: name } };
  }
  if (!inMenu || line.startsWith("/") || line.trim() === "") return CHAT_MODE.parse(line, context);
  const why = word === "JOIN" || word === "CHAT"
    ? `: ${word} takes one name, without spaces`
    : " was not sent, since you are in no conversation; type 'JOIN' + group name or 'CHAT' + user name first";
  const example = word === "CHAT" ? "CHAT bob" : `JOIN ${LOBBY}`;
  return { type: "mistake", why: `"${shortened(line)}"${why}, for example: ${example}` };
}
