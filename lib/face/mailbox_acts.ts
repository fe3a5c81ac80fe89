import { type ChatAct, chatAct, type ChatPlace, isName, LOBBY, shortened } from "./chat_acts.ts";

/** The mailbox handout's own words, as they are typed. */
export const MAILBOX_WORDS: readonly string[] = ["JOIN", "CHAT", "R", "B", "E"];

/**
 * Reads one typed line of the mailbox: the handout's words, and everything that can be typed in a chat.
 *
 * In a conversation only words in capitals are the handout's, everything else is said; in the menu, where nothing is said,
 * small letters do as well.
 */
export function mailboxAct(line: string, place: ChatPlace): ChatAct {
  const inMenu = place.here === undefined;
  const [given = "", name, ...more] = line.trimEnd().split(/\s+/);
  const word = inMenu ? given.toUpperCase() : given;
  if (name === undefined) {
    if (word === "R") return { type: "menu", back: false };
    if (word === "B") return { type: "menu", back: true };
    if (word === "E") return { type: "exit" };
  } else if (more.length === 0 && isName(name)) {
    if (word === "JOIN") return { type: "ask", question: { type: "join", room: name } };
    if (word === "CHAT") return { type: "go", to: { user: name } };
  }
  if (!inMenu || line.startsWith("/") || line.trim() === "") return chatAct(line, place);
  const rule = word === "JOIN" || word === "CHAT"
    ? `one name follows ${word}, and names have no blanks`
    : "nothing is said in the menu: 'JOIN' + group name or 'CHAT' + user name first";
  return {
    type: "fault",
    why: `"${shortened(line)}" was typed, but ${rule}; for example: ${word === "CHAT" ? "CHAT bob" : `JOIN ${LOBBY}`}`,
  };
}
