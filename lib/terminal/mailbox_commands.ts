import { type ChatAction, type ChatPlace, type ChatQuestion, LOBBY, shortened } from "./commands.ts";
import { CHAT_MODE } from "./chat_commands.ts";
import type { ChatMode } from "./chat_style.ts";
import { anyName, rooms, users } from "./command_reader.ts";

/** The mailbox handout's: its own words beside everything that can be typed in a chat, and one begins in its menu. */
export const MAILBOX_MODE: ChatMode<ChatQuestion> = {
  ...CHAT_MODE,
  words: {
    JOIN: { usage: "JOIN GROUP", short: "go to a group; it is made when there is none", names: rooms },
    CHAT: { usage: "CHAT USER", short: "go to the conversation with one person", names: users },
    R: { usage: "R", short: "show groups and users anew" },
    B: { usage: "B", short: "go back to the menu" },
    E: { usage: "E", short: "leave the chat" },
  },
  home: undefined,
  menu: true,
  read: mailboxAct,
};

/**
 * Reads one typed line of the mailbox: the handout's words, and everything that can be typed in a chat.
 *
 * In a conversation only words in capitals are the handout's, everything else is said; in the menu, where nothing is said,
 * small letters do as well.
 */
function mailboxAct(line: string, place: ChatPlace): ChatAction<ChatQuestion> {
  const inMenu = place.here === undefined;
  const [given = "", name, ...more] = line.trimEnd().split(/\s+/);
  const word = inMenu ? given.toUpperCase() : given;
  if (name === undefined) {
    if (word === "R") return { type: "menu", back: false };
    if (word === "B") return { type: "menu", back: true };
    if (word === "E") return { type: "exit" };
  } else if (more.length === 0 && anyName(name) === undefined) {
    if (word === "JOIN") return { type: "ask", question: { type: "join", room: name } };
    if (word === "CHAT") return { type: "go", to: { user: name } };
  }
  if (!inMenu || line.startsWith("/") || line.trim() === "") return CHAT_MODE.read(line, place);
  const rule = word === "JOIN" || word === "CHAT"
    ? `one name follows ${word}, and names have no blanks`
    : "nothing is said in the menu: 'JOIN' + group name or 'CHAT' + user name first";
  return {
    type: "fault",
    why: `"${shortened(line)}" was typed, but ${rule}; for example: ${word === "CHAT" ? "CHAT bob" : `JOIN ${LOBBY}`}`,
  };
}
