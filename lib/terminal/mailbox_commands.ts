import type { Target } from "../chat/entry.ts";
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
    JOIN: { usage: "JOIN GROUP", short: "enter a group; it is created if necessary; also J GROUP", names: rooms },
    CHAT: { usage: "CHAT USER", short: "enter the conversation with one user", names: users },
    R: { usage: "R", short: "refresh groups and users" },
    B: { usage: "B", short: "go back to the menu" },
    E: { usage: "E", short: "leave the chat" },
  },
  home: undefined,
  menu: true,
  showsRooms: false,
  parse: parseMailboxLine,
};

/** Another name of the lobby here, that of the handout's one group. */
const MYCHAT = "mychat";

/**
 * Parses a typed line of the mailbox: the handout's words and the commands of the chat.
 *
 * In a conversation the words are in capitals, and everything else is text; only the commands of one letter may be small, after
 * a question. The menu has no text, so there all words may be small.
 */
function parseMailboxLine(line: string, context: CommandContext): ChatAction<ChatQuestion> {
  const { here } = context;
  const [given = "", name, ...more] = line.trimEnd().split(/\s+/);
  const word = here === undefined ? given.toUpperCase() : given;
  const letter = name === undefined ? LETTERS[given.toUpperCase()] : undefined;
  if (letter) return word === given.toUpperCase() ? letter : unsure(given, here!, letter);
  if (name !== undefined && more.length === 0 && anyName(name) === undefined) {
    if (word === "JOIN" || word === "J") return named({ type: "ask", question: { type: "join", room: name } });
    if (word === "CHAT") return { type: "go", to: { user: name } };
  }
  if (here !== undefined || line.startsWith("/") || line.trim() === "") return named(CHAT_MODE.parse(line, context));
  const isWord = word === "JOIN" || word === "J" || word === "CHAT";
  const why = isWord
    ? `: ${word} takes one name, without spaces`
    : " was not sent, since you are in no conversation; type 'JOIN' + group name or 'CHAT' + user name first";
  const example = word === "CHAT" ? "CHAT bob" : `JOIN ${LOBBY}`;
  return { type: "mistake", why: `"${shortened(line)}"${why}, for example: ${example}` };
}

const LETTERS: Readonly<Record<string, ChatAction<ChatQuestion>>> = {
  R: { type: "menu", leave: false },
  B: { type: "menu", leave: true },
  E: { type: "exit" },
};

/** The command of a small letter in a conversation, which is performed after a question. */
function unsure(line: string, here: Target, action: ChatAction<ChatQuestion>): ChatAction<ChatQuestion> {
  const command = "room" in here ? `/say ${here.room} ${line}` : `/to ${here.user} ${line}`;
  const does = MAILBOX_MODE.words[line.toUpperCase()]!.short;
  const question = `'${line}' means: ${does}; type it again for that, or send it as text by ${command}`;
  return { type: "unsure", line, question, action };
}

/** An action in which MyChat is the lobby. */
function named(action: ChatAction<ChatQuestion>): ChatAction<ChatQuestion> {
  if (action.type === "say") return "room" in action.to ? { ...action, to: { room: roomOf(action.to.room) } } : action;
  if (action.type !== "ask") return action;
  const { question } = action;
  switch (question.type) {
    case "join": {
      const room = roomOf(question.room);
      return { ...action, question: { ...question, room }, ...(room === LOBBY ? { as: question.room } : {}) };
    }
    case "leave":
    case "who":
      return { ...action, question: { ...question, room: roomOf(question.room) } };
    case "history":
      return "user" in question.of && roomOf(question.of.user) === LOBBY
        ? { ...action, question: { ...question, of: { room: LOBBY } } }
        : action;
    default:
      return action;
  }
}

function roomOf(name: string): string {
  return name.toLowerCase() === MYCHAT ? LOBBY : name;
}
