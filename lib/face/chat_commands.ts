/** One command: how it is typed, what it does, an example, and more for who asks. */
export interface ChatCommand {
  readonly usage: string;
  readonly short: string;
  readonly example: string;
  readonly long: readonly string[];
}

/** The most that `/history` asks for; a server gives no more at once. */
export const HISTORY_MOST = 1000;
/** What `/history` asks for when no number is typed. */
export const HISTORY_USUAL = 20;

/** What can be typed in a chat, by the word behind the slash. */
export const CHAT_COMMANDS: Readonly<Record<string, ChatCommand>> = {
  list: {
    usage: "/list",
    short: "who there is, online and offline",
    example: "/list",
    long: ["Everybody the server has ever seen. What you say to those offline waits."],
  },
  to: {
    usage: "/to NAME [TEXT]",
    short: "say something to one person",
    example: "/to bob Hello!",
    long: [
      "Without TEXT you go to the conversation with NAME; what you type goes there.",
      "NAME need not be online: the message waits, and you see when it has arrived.",
    ],
  },
  toall: {
    usage: "/toall TEXT",
    short: "say something to everybody",
    example: "/toall How about meeting at 3pm today?",
    long: ["The same as /say lobby TEXT."],
  },
  join: {
    usage: "/join ROOM",
    short: "go to a room; it is made when there is none",
    example: "/join lab1",
    long: ["What you type then goes there. You see what is said in every room you joined."],
  },
  leave: {
    usage: "/leave ROOM",
    short: "hear no more of a room",
    example: "/leave lab1",
    long: ["Nobody leaves the lobby."],
  },
  say: {
    usage: "/say ROOM TEXT",
    short: "say something in a room without going there",
    example: "/say lab1 Hello!",
    long: ["You must have joined ROOM."],
  },
  rooms: {
    usage: "/rooms",
    short: "which rooms there are",
    example: "/rooms",
    long: ["With how many are in each, and whether you are one of them."],
  },
  history: {
    usage: "/history NAME|ROOM [N]",
    short: "what was said before",
    example: "/history bob 50",
    long: [
      `The last N messages, 1 to ${HISTORY_MOST}, ${HISTORY_USUAL} unless you say.`,
      "A room that you know comes before a person of the same name.",
    ],
  },
  help: {
    usage: "/help [COMMAND]",
    short: "this, or more of one command",
    example: "/help to",
    long: ["This stays with you; the server never sees it."],
  },
  exit: {
    usage: "/exit",
    short: "leave the chat",
    example: "/exit",
    long: ["What you have said goes out first, as with Ctrl-D.", "Ctrl-C leaves at once."],
  },
};

/** The commands as they are typed. */
export const CHAT_VERBS: readonly string[] = Object.keys(CHAT_COMMANDS).map((name) => `/${name}`);

/** The command of a name, with or without its slash. */
export function chatCommand(name: string): ChatCommand | undefined {
  const bare = name.replace(/^\//, "");
  return Object.hasOwn(CHAT_COMMANDS, bare) ? CHAT_COMMANDS[bare] : undefined;
}
