import type { Target } from "../chat/entry.ts";
import { LOBBY } from "../chat/names.ts";
import {
  alone,
  anyName,
  type ChatAction,
  type ChatMode,
  type ChatQuestion,
  type CommandTable,
  help,
  joined,
  one,
  parseLine,
  rooms,
  say,
  to,
  users,
  wrongName,
} from "./commands.ts";
import { fileCommands } from "./file_commands.ts";
import { SEARCH_COMMAND } from "./search_command.ts";

/** The most messages that `/history` asks for; a server gives no more at once. */
export const HISTORY_MOST = 1000;
/** The messages that `/history` asks for without a number. */
const HISTORY_USUAL = 20;

/** The commands of a chat with a server. A new command is one entry here; help and completion follow. */
export const CHAT_COMMANDS: CommandTable<ChatQuestion> = {
  list: {
    usage: "/list",
    short: "list all users, online and offline",
    example: "/list",
    long: ["All users that the server knows. Messages to offline users are kept."],
    parse: alone({ type: "ask", question: { type: "users" } }),
  },
  to: {
    usage: "/to NAME [TEXT]",
    short: "send a message to one user",
    example: "/to bob Hello!",
    long: [
      "Without TEXT you enter the conversation with NAME; what you type goes there.",
      "NAME may be offline: the message is kept, and you see when it is delivered.",
    ],
    parse: to(anyName),
    names: users,
  },
  direct: {
    usage: "/direct NAME [off]",
    short: "connect directly with one user",
    example: "/direct bob",
    long: [
      "NAME is asked, and accepts with /direct and your name. Then your private",
      "messages go encrypted from one program to the other, and the server stores",
      "none of them. /direct NAME off refuses or ends it. If no connection can be",
      "made, both of you see why, and messages go through the server as before.",
    ],
    parse: ({ first, more }) => {
      const word = more.trim();
      if (word !== "" && word !== "off") return 'after NAME there can be "off"';
      return wrongName(first, "NAME", anyName) ??
        { type: "direct", user: first, on: word === "" };
    },
    names: users,
  },
  toall: {
    usage: "/toall TEXT",
    short: "send a message to everyone",
    example: "/toall How about meeting at 3pm today?",
    long: ["The same as /say lobby TEXT."],
    parse: ({ rest }) => rest.trim() === "" ? "TEXT is missing" : { type: "say", to: { room: LOBBY }, text: rest },
  },
  join: {
    usage: "/join ROOM",
    short: "enter a room; it is created if necessary",
    example: "/join lab1",
    long: ["What you type then goes there. You see the messages of every room you joined."],
    parse: one("ROOM", anyName, (room) => ({ type: "ask", question: { type: "join", room } })),
    names: rooms,
  },
  leave: {
    usage: "/leave ROOM",
    short: "leave a room",
    example: "/leave lab1",
    long: ["You no longer get its messages. The lobby cannot be left."],
    parse: one("ROOM", anyName, (room) => ({ type: "ask", question: { type: "leave", room } })),
    names: joined,
  },
  say: {
    usage: "/say ROOM TEXT",
    short: "send a message to a room without entering it",
    example: "/say lab1 Hello!",
    long: ["You must have joined ROOM."],
    parse: say("ROOM", anyName),
    names: joined,
  },
  who: {
    usage: "/who [ROOM]",
    short: "list the members of a room",
    example: "/who lab1",
    long: [
      "Without ROOM: of the room you are in.",
      "The lobby's members are all users who are online, and its guests.",
    ],
    parse: ({ first, more }, { here }) => {
      if (more.trim() !== "") return "ROOM cannot contain spaces";
      if (first !== "") return anyName(first) ?? { type: "ask", question: { type: "who", room: first } };
      if (here && "room" in here) return { type: "ask", question: { type: "who", room: here.room } };
      return "you are not in a room; name one";
    },
    names: joined,
  },
  rooms: {
    usage: "/rooms",
    short: "list all rooms",
    example: "/rooms",
    long: ["With the number of members, and whether you are one."],
    parse: alone({ type: "ask", question: { type: "rooms" } }),
  },
  history: {
    usage: "/history NAME|ROOM [N]",
    short: "show earlier messages",
    example: "/history bob 50",
    long: [
      `The last N messages, 1 to ${HISTORY_MOST}; ${HISTORY_USUAL} by default.`,
      "If a room and a user have the same name, the room is meant.",
      "Your own messages are marked: ✓ sent, ✓✓ delivered, ✗ not delivered. In the",
      "conversation that you are in they are numbered for /edit and /withdraw; #1 is",
      "the last.",
    ],
    parse: ({ first, more }, { rooms }) => {
      const wrong = wrongName(first, "NAME or ROOM", anyName);
      if (wrong !== undefined) return wrong;
      const count = more.trim();
      const limit = count === "" ? HISTORY_USUAL : /^\d{1,6}$/.test(count) ? Number(count) : 0;
      if (limit < 1 || limit > HISTORY_MOST) return `N must be a whole number from 1 to ${HISTORY_MOST}`;
      const of = rooms.has(first) ? { room: first } : { user: first };
      return { type: "ask", question: { type: "history", of, limit } };
    },
    names: (known, at) => at === 1 ? new Set([...known.joined, ...known.users]) : [],
  },
  search: SEARCH_COMMAND,
  edit: {
    usage: "/edit [N] TEXT",
    short: "change the text of your last message",
    example: "/edit See you at 4pm",
    long: [
      "In the conversation that you are in. With N, of your Nth last message there,",
      "as /history numbers them. The others see both the old text and the new one.",
      "If the new text begins with a number: /edit 1 42 people come",
    ],
    parse: ({ rest, first, more }, { here }) => {
      if (first === "") return "TEXT is missing";
      const nth = messageNumber(first);
      if (nth === undefined) return amend(here, 1, rest.trim());
      return more.trim() === "" ? "TEXT is missing after N" : amend(here, nth, more.trim());
    },
  },
  withdraw: {
    usage: "/withdraw [N]",
    short: "withdraw your last message",
    example: "/withdraw 2",
    long: [
      "In the conversation that you are in. With N, your Nth last message there,",
      "as /history numbers them. The others see that it was withdrawn.",
    ],
    parse: ({ first, more }, { here }) => {
      const nth = first === "" ? 1 : messageNumber(first);
      return nth === undefined || more.trim() !== "" ? NUMBER_RULE : amend(here, nth, undefined);
    },
  },
  versions: {
    usage: "/versions [NAME] [N]",
    short: "show the earlier texts of an edited message",
    example: "/versions bob",
    long: [
      "In the conversation that you are in: all texts of your last message. With N,",
      "of your Nth last message there, as /history numbers them; with NAME, of",
      "NAME's messages, counted in the same way.",
    ],
    parse: ({ first, more }, { here }) => {
      if (!here) return NO_CONVERSATION;
      const isNumber = /^\d*$/.test(first);
      const [from, word] = isNumber ? [undefined, first] : [first, more.trim()];
      const nth = word === "" ? 1 : messageNumber(word);
      if (nth === undefined || (isNumber && more.trim() !== "")) return NUMBER_RULE;
      return (from && anyName(from)) ?? { type: "versions", in: here, nth, from };
    },
    names: users,
  },
  ...fileCommands(anyName, "room"),
  passwd: {
    usage: "/passwd",
    short: "change your password",
    example: "/passwd",
    long: [
      "Asks for the old password and twice for the new one; an empty answer changes",
      "nothing. Your other connections end, and the page asks for a login again.",
    ],
    parse: alone({ type: "passwd" }),
  },
  help: {
    usage: "/help [COMMAND]",
    short: "show this, or more about one command",
    example: "/help to",
    long: ["The client answers it; the server does not see it."],
    parse: help,
  },
  exit: {
    usage: "/exit",
    short: "leave the chat",
    example: "/exit",
    long: ["Messages that wait are sent first, as with Ctrl-D.", "Ctrl-C leaves at once."],
    parse: alone({ type: "exit" }),
  },
};

const NUMBER_RULE = `N must be a whole number from 1 to ${HISTORY_MOST}`;

const NO_CONVERSATION = "you are in no conversation; enter the one with the message first";

/** The number of a message; undefined for a word that is not a number. */
function messageNumber(word: string): number | undefined {
  return /^[1-9]\d{0,3}$/.test(word) && Number(word) <= HISTORY_MOST ? Number(word) : undefined;
}

function amend(to: Target | undefined, nth: number, text: string | undefined): ChatAction<never> | string {
  return to ? { type: "amend", to, nth, text } : NO_CONVERSATION;
}

/** The last line of the help. */
export const HELP_FOOTER = 'Any other line is sent to the conversation; //text sends "/text".';

/** Commands of other programs, and their counterparts here. */
export const OF_OTHERS: Readonly<Record<string, string>> = {
  quit: "there is no /quit; /exit leaves the chat",
  msg: "there is no /msg; /to NAME TEXT sends a message to one user, for example: /to bob Hello!",
  me: "there is no /me; type the sentence as it is, and it is shown after your name",
  nick: "there is no /nick; your name is that of your login, so /exit and log in with another",
};

/** The chat with a server; it begins in the lobby. */
export const CHAT_MODE: ChatMode<ChatQuestion> = {
  commands: CHAT_COMMANDS,
  words: {},
  absent: OF_OTHERS,
  footer: HELP_FOOTER,
  outside: `/join ROOM or /to NAME enters one, for example: /join ${LOBBY}`,
  home: { room: LOBBY },
  rooms: [LOBBY],
  menu: false,
  showsRooms: true,
  answersAll: true,
  parse: (line, context) => parseLine(line, context, CHAT_MODE),
};
