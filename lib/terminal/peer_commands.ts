import { peerNameFault } from "../chat/names.ts";
import type { PeerQuestion } from "../peers/event.ts";
import { CHAT_COMMANDS } from "./chat_commands.ts";
import type { ChatMode, Commands } from "./chat_style.ts";
import { alone, type Given, help, joined, one, readLine, rooms, say, to, users, wrongName } from "./command_reader.ts";
import { fileCommands } from "./file_commands.ts";
import { peerFault, readAddress } from "./peer_names.ts";

/** What can be typed between peers. */
export const PEER_COMMANDS: Commands<PeerQuestion> = {
  list: {
    usage: "/list",
    short: "who was heard of, online and offline",
    example: "/list",
    long: ["Whom the table, the network and /add have told of, and friends from before."],
    read: alone({ type: "ask", question: { type: "users" } }),
  },
  to: {
    usage: "/to NAME [TEXT]",
    short: "say something to one person",
    example: "/to bob Hello!",
    long: [
      "Without TEXT you go to the conversation with NAME; what you type goes there.",
      "Who is offline has it later: it is kept here and sent when you both are there.",
      "When two are called bob, say which: /to bob@10.0.0.5:3001 Hello!",
    ],
    read: to(peerFault),
    names: users,
  },
  group: {
    usage: "/group NAME FRIEND…",
    short: "make a group with friends in it, and go there",
    example: "/group lab1 bob carol",
    long: ["Everybody in a group sees what is said there, and who comes and goes."],
    read: group,
    names: (known, at) => at > 1 ? known.users : [],
  },
  join: {
    usage: "/join GROUP",
    short: "go to a group; it is made when there is none",
    example: "/join lab1",
    long: ["What you type then goes there. /rooms shows which groups there are."],
    read: one("group", peerNameFault, (room) => ({ type: "ask", question: { type: "join", room } })),
    names: rooms,
  },
  leave: {
    usage: "/leave GROUP",
    short: "hear no more of a group",
    example: "/leave lab1",
    long: ["The others go on without you."],
    read: one("group", peerNameFault, (room) => ({ type: "ask", question: { type: "leave", room } })),
    names: joined,
  },
  say: {
    usage: "/say GROUP TEXT",
    short: "say something in a group without going there",
    example: "/say lab1 Hello!",
    long: ["You must be in GROUP."],
    read: say("group", peerNameFault),
    names: joined,
  },
  rooms: {
    usage: "/rooms",
    short: "which groups there are",
    example: "/rooms",
    long: ["Those that you are in or have heard of, and how many are in each."],
    read: alone({ type: "ask", question: { type: "rooms" } }),
  },
  ...fileCommands(peerFault, "group"),
  secure: {
    usage: "/secure NAME [off]",
    short: "seal what you and NAME say to each other",
    example: "/secure bob",
    long: [
      "Only the two of you can read it then. Both of you are shown words: read them",
      "to each other, by voice, to be sure that nobody sits between you.",
      "/secure NAME off goes back to what anybody on the network can read.",
    ],
    read: secure,
    names: (known, at) => at === 1 ? known.users : at === 2 ? ["off"] : [],
  },
  trust: {
    usage: "/trust NAME",
    short: "take the key that NAME has now for theirs",
    example: "/trust bob",
    long: [
      "For when you are warned that NAME has another key than before. First ask NAME,",
      "by voice, for the words of the key: somebody else may use the name.",
    ],
    read: one("name", peerFault, (user) => ({ type: "ask", question: { type: "trust", user } })),
    names: users,
  },
  add: {
    usage: "/add HOST:PORT",
    short: "ask at an address who is there",
    example: "/add 10.0.0.5:3001",
    long: ["For whom neither the table nor the LAN tells of. /add HOST PORT does as well."],
    read: ({ rest }) => {
      const address = readAddress(rest);
      return typeof address === "string" ? address : { type: "ask", question: { type: "add", ...address } };
    },
  },
  stats: {
    usage: "/stats",
    short: "what was counted: datagrams, repeats, what was dropped",
    example: "/stats",
    long: ["What strangers send is dropped and counted, never shown."],
    read: alone({ type: "ask", question: { type: "stats" } }),
  },
  help: { ...CHAT_COMMANDS.help!, long: ["This stays with you; nobody else sees it."], read: help },
  exit: { ...CHAT_COMMANDS.exit!, read: alone({ type: "exit" }) },
};

/** Chat between peers: no server, no lobby, no menu; groups are rooms, and one begins in none. */
export const PEER_MODE: ChatMode<PeerQuestion> = {
  commands: PEER_COMMANDS,
  words: {},
  absent: {
    toall: "there is no /toall between peers, since no room has everybody in it; make a group, for example: " +
      PEER_COMMANDS.group!.example,
    history: "there is no /history between peers, since no server keeps what was said",
  },
  outside: "/to NAME or /join GROUP goes to one, for example: /to bob",
  home: undefined,
  rooms: [],
  menu: false,
  ordered: false,
  read: (line, place) => readLine(line, place, PEER_MODE),
};

type Reading = ReturnType<Commands<PeerQuestion>[string]["read"]>;

function group({ first, more }: Given): Reading {
  const wrong = wrongName(first, "group", peerNameFault);
  if (wrong !== undefined) return wrong;
  const friends = [...new Set(more.split(/\s+/).filter((word) => word !== ""))];
  if (friends.length === 0) return "the friends are missing";
  for (const friend of friends) {
    const fault = peerFault(friend);
    if (fault !== undefined) return fault;
  }
  return { type: "ask", question: { type: "group", room: first, friends } };
}

function secure({ first, more }: Given): Reading {
  const wrong = wrongName(first, "name", peerFault);
  if (wrong !== undefined) return wrong;
  const word = more.trim();
  if (word !== "" && word !== "off") return 'nothing but "off" follows the name';
  return { type: "ask", question: { type: "secure", user: first, on: word === "" } };
}
