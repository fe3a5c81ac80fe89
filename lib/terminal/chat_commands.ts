import { type ChatPlace, type ChatQuestion, LOBBY } from "./commands.ts";
import type { ChatMode, Commands } from "./chat_style.ts";
import {
  alone,
  anyName,
  type Given,
  help,
  joined,
  one,
  readLine,
  rooms,
  say,
  to,
  users,
  wrongName,
} from "./command_reader.ts";
import { fileCommands } from "./file_commands.ts";

/** The most that `/history` asks for; a server gives no more at once. */
export const HISTORY_MOST = 1000;
/** What `/history` asks for when no number is typed. */
export const HISTORY_USUAL = 20;

/** What can be typed in a chat. */
export const CHAT_COMMANDS: Commands<ChatQuestion> = {
  list: {
    usage: "/list",
    short: "who there is, online and offline",
    example: "/list",
    long: ["Everybody the server has ever seen. What you say to those offline waits."],
    read: alone({ type: "ask", question: { type: "users" } }),
  },
  to: {
    usage: "/to NAME [TEXT]",
    short: "say something to one person",
    example: "/to bob Hello!",
    long: [
      "Without TEXT you go to the conversation with NAME; what you type goes there.",
      "NAME need not be online: the message waits, and you see when it has arrived.",
    ],
    read: to(anyName),
    names: users,
  },
  toall: {
    usage: "/toall TEXT",
    short: "say something to everybody",
    example: "/toall How about meeting at 3pm today?",
    long: ["The same as /say lobby TEXT."],
    read: ({ rest }) => rest.trim() === "" ? "the text is missing" : { type: "say", to: { room: LOBBY }, text: rest },
  },
  join: {
    usage: "/join ROOM",
    short: "go to a room; it is made when there is none",
    example: "/join lab1",
    long: ["What you type then goes there. You see what is said in every room you joined."],
    read: one("room", anyName, (room) => ({ type: "ask", question: { type: "join", room } })),
    names: rooms,
  },
  leave: {
    usage: "/leave ROOM",
    short: "hear no more of a room",
    example: "/leave lab1",
    long: ["Nobody leaves the lobby."],
    read: one("room", anyName, (room) => ({ type: "ask", question: { type: "leave", room } })),
    names: joined,
  },
  say: {
    usage: "/say ROOM TEXT",
    short: "say something in a room without going there",
    example: "/say lab1 Hello!",
    long: ["You must have joined ROOM."],
    read: say("room", anyName),
    names: joined,
  },
  who: {
    usage: "/who [ROOM]",
    short: "who is in a room",
    example: "/who lab1",
    long: ["Without ROOM, of the one where you are.", "In the lobby is whoever is online, and its guests."],
    read: who,
    names: joined,
  },
  rooms: {
    usage: "/rooms",
    short: "which rooms there are",
    example: "/rooms",
    long: ["With how many are in each, and whether you are one of them."],
    read: alone({ type: "ask", question: { type: "rooms" } }),
  },
  history: {
    usage: "/history NAME|ROOM [N]",
    short: "what was said before",
    example: "/history bob 50",
    long: [
      `The last N messages, 1 to ${HISTORY_MOST}, ${HISTORY_USUAL} unless you say.`,
      "A room that you know comes before a person of the same name.",
    ],
    read: history,
    names: (known, at) => at === 1 ? new Set([...known.joined, ...known.users]) : [],
  },
  ...fileCommands(anyName, "room"),
  help: {
    usage: "/help [COMMAND]",
    short: "this, or more of one command",
    example: "/help to",
    long: ["This stays with you; the server never sees it."],
    read: help,
  },
  exit: {
    usage: "/exit",
    short: "leave the chat",
    example: "/exit",
    long: ["What you have said goes out first, as with Ctrl-D.", "Ctrl-C leaves at once."],
    read: alone({ type: "exit" }),
  },
};

/** Our own chat with a server: one begins in the lobby. */
export const CHAT_MODE: ChatMode<ChatQuestion> = {
  commands: CHAT_COMMANDS,
  words: {},
  absent: {},
  outside: `/join ROOM or /to NAME goes to one, for example: /join ${LOBBY}`,
  home: { room: LOBBY },
  rooms: [LOBBY],
  menu: false,
  ordered: true,
  read: (line, place) => readLine(line, place, CHAT_MODE),
};

function who({ first, more }: Given, { here }: ChatPlace): ReturnType<Commands<ChatQuestion>[string]["read"]> {
  if (more.trim() !== "") return "the name of a room has no blanks";
  if (first !== "") return anyName(first) ?? { type: "ask", question: { type: "who", room: first } };
  if (here && "room" in here) return { type: "ask", question: { type: "who", room: here.room } };
  return "you are in no room; name one";
}

function history({ first, more }: Given, { rooms }: ChatPlace): ReturnType<Commands<ChatQuestion>[string]["read"]> {
  const wrong = wrongName(first, "name or room", anyName);
  if (wrong !== undefined) return wrong;
  const count = more.trim();
  const limit = count === "" ? HISTORY_USUAL : /^\d{1,6}$/.test(count) ? Number(count) : 0;
  if (limit < 1 || limit > HISTORY_MOST) return `N is a whole number from 1 to ${HISTORY_MOST}`;
  const of = rooms.has(first) ? { room: first } : { user: first };
  return { type: "ask", question: { type: "history", of, limit } };
}
