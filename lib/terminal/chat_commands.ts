import { LOBBY } from "../chat/names.ts";
import {
  alone,
  anyName,
  type ArgumentParser,
  type ChatMode,
  type ChatQuestion,
  type CommandTable,
  help,
  joined,
  type NameRule,
  one,
  parseLine,
  rooms,
  say,
  to,
  users,
  wrongName,
} from "./commands.ts";

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
    long: ["Every user the server has ever seen. Messages to offline users are kept."],
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
    long: ["You no longer get its messages. Nobody can leave the lobby."],
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
    long: ["Without ROOM: of the room you are in.", "The lobby has everyone who is online, and its guests."],
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
  ...fileCommands(anyName, "room"),
  help: {
    usage: "/help [COMMAND]",
    short: "show this, or more about one command",
    example: "/help to",
    long: ["It is answered here; the server does not see it."],
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

/** The last line of the help. */
export const HELP_FOOTER = 'Any other line is sent to the conversation; //text sends "/text".';

/** The chat with a server; it begins in the lobby. */
export const CHAT_MODE: ChatMode<ChatQuestion> = {
  commands: CHAT_COMMANDS,
  words: {},
  absent: {},
  footer: HELP_FOOTER,
  outside: `/join ROOM or /to NAME enters one, for example: /join ${LOBBY}`,
  home: { room: LOBBY },
  rooms: [LOBBY],
  menu: false,
  ordered: true,
  parse: (line, context) => parseLine(line, context, CHAT_MODE),
};

/** The commands for files, where senders and receivers have names after this rule. */
export function fileCommands(rule: NameRule, room: "room" | "group"): CommandTable<never> {
  return {
    send: {
      usage: `/send NAME|${room.toUpperCase()} FILE`,
      short: "offer a file or a folder",
      example: "/send bob slides.pdf",
      long: [
        `If a ${room} of yours and a user have the same name, the ${room} is meant; every`,
        "member may accept. The file goes directly to the receiver and is checked on",
        "arrival. An interrupted transfer resumes once you are both online again.",
        "Do not change FILE in the meantime.",
      ],
      parse: sendParser(rule, room),
      names: (known, at) => at === 1 ? new Set([...known.joined, ...known.users]) : [],
    },
    accept: {
      usage: "/accept N",
      short: "accept offer number N",
      example: "/accept 1",
      long: ["It goes to your downloads and never replaces a file. /files lists the offers."],
      parse: numberParser("accept"),
    },
    refuse: {
      usage: "/refuse N",
      short: "refuse offer number N; the sender is told",
      example: "/refuse 1",
      long: ["/files lists the offers."],
      parse: numberParser("refuse"),
    },
    stop: {
      usage: "/stop N",
      short: "cancel transfer or offer number N",
      example: "/stop 1",
      long: ["A partly received file is deleted. /files lists the transfers."],
      parse: numberParser("stop"),
    },
    files: {
      usage: "/files",
      short: "list offers and transfers",
      example: "/files",
      long: ["With their numbers, both to you and from you."],
      parse: alone({ type: "file", action: { type: "files" } }),
    },
  };
}

function sendParser(rule: NameRule, room: string): ArgumentParser<never> {
  return ({ first, more }, { rooms }) => {
    const wrong = wrongName(first, `NAME or ${room.toUpperCase()}`, rule);
    if (wrong !== undefined) return wrong;
    const path = more.trim();
    if (path === "") return "FILE is missing";
    const to = rooms.has(first) ? { room: first } : { user: first };
    return { type: "file", action: { type: "send", to, path: unquoted(path) } };
  };
}

/** A pasted path often is in quotes. */
function unquoted(path: string): string {
  return /^(["'])(.+)\1$/.exec(path)?.[2] ?? path;
}

function numberParser(type: "accept" | "refuse" | "stop"): ArgumentParser<never> {
  return ({ first, more }) => {
    if (first === "") return "N is missing";
    if (!/^\d{1,9}$/.test(first)) return "N must be a number that /files shows";
    return more.trim() === "" ? { type: "file", action: { type, n: Number(first) } } : "it takes one number";
  };
}
