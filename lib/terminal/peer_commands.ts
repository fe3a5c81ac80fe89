import { peerNameFault } from "../chat/names.ts";
import { isIpAddress } from "../core/address.ts";
import type { PeerQuestion } from "../peers/event.ts";
import { CHAT_COMMANDS, HELP_FOOTER, OF_OTHERS } from "./chat_commands.ts";
import {
  alone,
  type ChatMode,
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

/** The commands of a chat between peers. A new command is one entry here; help and completion follow. */
export const PEER_COMMANDS: CommandTable<PeerQuestion> = {
  list: {
    usage: "/list",
    short: "list all known users, online and offline",
    example: "/list",
    long: ["From the address book, the LAN, /add, and earlier conversations."],
    parse: alone({ type: "ask", question: { type: "users" } }),
  },
  to: {
    usage: "/to NAME [TEXT]",
    short: "send a message to one user",
    example: "/to bob Hello!",
    long: [
      "Without TEXT you enter the conversation with NAME; what you type goes there.",
      "NAME may be offline: the message is kept here until you are both online.",
      "Users shown as (plain) have another program: nothing is kept or confirmed.",
      "If two users are called bob, add the address: /to bob@10.0.0.5:3001 Hello!",
    ],
    parse: ({ rest, first, more }, context) =>
      // The name of a peer with another program, as it is shown.
      to(peerRule)({ rest, first, more: more.replace(/^\(plain\)(\s|$)/, "") }, context),
    names: users,
  },
  table: {
    usage: "/table",
    short: "show the client address table",
    example: "/table",
    long: [
      "The address book's present table: IP, port, name, and since when the entry is",
      "known; and your own address and port.",
    ],
    parse: alone({ type: "ask", question: { type: "table" } }),
  },
  group: {
    usage: "/group NAME FRIEND…",
    short: "create a group with these friends and enter it",
    example: "/group lab1 bob carol",
    long: ["Every member of a group sees its messages, and who joins and leaves."],
    parse: ({ first, more }) => {
      const wrong = wrongName(first, "NAME", peerNameFault);
      if (wrong !== undefined) return wrong;
      const friends = [...new Set(more.split(/\s+/).filter((word) => word !== ""))];
      if (friends.length === 0) return "FRIEND is missing";
      for (const friend of friends) {
        const fault = peerRule(friend);
        if (fault !== undefined) return fault;
      }
      return { type: "ask", question: { type: "group", room: first, members: friends } };
    },
    names: (known, at) => at > 1 ? known.users : [],
  },
  join: {
    usage: "/join GROUP",
    short: "enter a group; it is created if necessary",
    example: "/join lab1",
    long: ["What you type then goes there. /rooms lists the groups."],
    parse: one("GROUP", peerNameFault, (room) => ({ type: "ask", question: { type: "join", room } })),
    names: rooms,
  },
  leave: {
    usage: "/leave GROUP",
    short: "leave a group",
    example: "/leave lab1",
    long: ["You no longer get its messages. The others stay."],
    parse: one("GROUP", peerNameFault, (room) => ({ type: "ask", question: { type: "leave", room } })),
    names: joined,
  },
  say: {
    usage: "/say GROUP TEXT",
    short: "send a message to a group without entering it",
    example: "/say lab1 Hello!",
    long: ["You must have joined GROUP."],
    parse: say("GROUP", peerNameFault),
    names: joined,
  },
  rooms: {
    usage: "/rooms",
    short: "list all known groups",
    example: "/rooms",
    long: ["With the number of members, and whether you are one."],
    parse: alone({ type: "ask", question: { type: "rooms" } }),
  },
  ...fileCommands(peerRule, "group"),
  secure: {
    usage: "/secure NAME [off]",
    short: "encrypt the conversation with NAME",
    example: "/secure bob",
    long: [
      "Only the two of you can then read it. You are both shown words: compare them",
      "by voice to be sure that no one is in the middle.",
      "/secure NAME off: anyone on the network can read the conversation again.",
    ],
    parse: ({ first, more }) => {
      const wrong = wrongName(first, "NAME", peerRule);
      if (wrong !== undefined) return wrong;
      const word = more.trim();
      if (word !== "" && word !== "off") return 'only "off" may follow NAME';
      return { type: "ask", question: { type: "secure", user: first, on: word === "" } };
    },
    names: (known, at) => at === 1 ? known.users : at === 2 ? ["off"] : [],
  },
  trust: {
    usage: "/trust NAME",
    short: "accept the new key of NAME",
    example: "/trust bob",
    long: [
      "Use it after the warning that the key of NAME has changed. First ask NAME by",
      "voice for the words of the key: another person may be using the name.",
    ],
    parse: one("NAME", peerRule, (user) => ({ type: "ask", question: { type: "trust", user } })),
    names: (known, at) => at === 1 ? known.users : [],
  },
  add: {
    usage: "/add HOST:PORT",
    short: "look for a user at an address",
    example: "/add 10.0.0.5:3001",
    long: ["For users who are neither in the address book nor on the LAN.", "/add HOST PORT works too."],
    parse: ({ rest }) => {
      const address = parseAddress(rest);
      return typeof address === "string" ? address : { type: "ask", question: { type: "add", ...address } };
    },
  },
  stats: {
    usage: "/stats",
    short: "show counters: datagrams, duplicates, drops",
    example: "/stats",
    long: ["Datagrams from strangers are dropped and counted, but never shown."],
    parse: alone({ type: "ask", question: { type: "stats" } }),
  },
  help: { ...CHAT_COMMANDS.help!, long: ["The client answers it; no other user sees it."], parse: help },
  exit: { ...CHAT_COMMANDS.exit!, parse: alone({ type: "exit" }) },
};

/** The chat between peers: no server, no lobby, no menu; groups are rooms, and it begins in none. */
export const PEER_MODE: ChatMode<PeerQuestion> = {
  commands: PEER_COMMANDS,
  words: {},
  absent: {
    ...OF_OTHERS,
    nick: "there is no /nick; your name is that of your key, and client peer --name NAME starts with another",
    toall: "there is no /toall between peers, since no room has everyone in it; create a group, for example: " +
      PEER_COMMANDS.group!.example,
    history: "there is no /history between peers, since no server keeps the messages",
    search: "there is no /search between peers, since no server keeps the messages",
    edit: "there is no /edit between peers: a message that was sent stays as it is",
    versions: "there is no /versions between peers: a message that was sent stays as it is",
    passwd: "there is no /passwd between peers, who have keys and no passwords",
    withdraw: "there is no /withdraw between peers: a message that was sent stays as it is",
  },
  footer: HELP_FOOTER,
  outside: "/to NAME or /join GROUP enters one, for example: /to bob",
  home: undefined,
  rooms: [],
  menu: false,
  showsRooms: false,
  answersAll: false,
  parse: (line, context) => parseLine(line, context, PEER_MODE),
};

/** The rule for a peer's name, or for `bob@10.0.0.5:3001`, which tells two peers of one name apart. */
function peerRule(name: string): string | undefined {
  const at = name.indexOf("@");
  if (at < 0) return peerNameFault(name);
  if (/^[^\s@]+:\d{1,5}$/.test(name.slice(at + 1)) && isPort(name.slice(name.lastIndexOf(":") + 1))) {
    return peerNameFault(name.slice(0, at));
  }
  return 'the peer\'s address must follow "@", as in bob@10.0.0.5:3001';
}

/** The address in `HOST:PORT` or `HOST PORT`, or the rule that it breaks. */
function parseAddress(text: string): { readonly host: string; readonly port: number } | string {
  const [, host = "", port = "", more = ""] = /^\s*([^\s:]*)(?::|\s+|$)(\S*)\s*([^]*)$/.exec(text) ?? [];
  if (host === "") return "HOST is missing";
  if (port === "") return "PORT is missing";
  if (more !== "" || port.includes(":")) return "it takes one HOST, an IPv4 address or a host name, and one PORT";
  if (!isHost(host)) return "HOST must be an IPv4 address or a host name";
  if (!isPort(port)) return "PORT must be a whole number from 1 to 65535";
  return { host, port: Number(port) };
}

function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIpAddress(host);
  return host.length <= 253 && /^[\p{L}\p{N}_]([\p{L}\p{N}_-]*[\p{L}\p{N}_])?(\.[\p{L}\p{N}_-]+)*\.?$/u.test(host);
}

function isPort(port: string): boolean {
  return /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535;
}
