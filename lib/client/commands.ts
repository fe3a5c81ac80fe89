import { CHECK_OPTIONS } from "../check/options.ts";
import { type Option, optionHelp } from "../terminal/flags.ts";
import { type Command, COMMON_OPTIONS, completionsCommand, type Program } from "../terminal/program_help.ts";

/** The options of every command but check, which has its own. */
export const OPTIONS: readonly Option[] = [
  { name: "name", value: "NAME", help: "log in with this name, and do not ask for it" },
  { name: "password-file", value: "FILE", help: "log in with the password in the first line of FILE" },
  { name: "guest", help: "join without an account, with a name and a room" },
  { name: "room", value: "ROOM", help: "the room ID" },
  { name: "auto-accept", help: "save files at once, without /accept" },
  { name: "udp", value: "PORT", help: "the UDP port of your own (0: any free one)" },
  { name: "table-refresh", value: "S", help: "ask the address book every S seconds (30)" },
  {
    name: "data",
    value: "DIR",
    help: "folder for keys, read positions and unsent messages (.partyline in your home folder)",
  },
  { name: "no-history", help: "do not keep typed lines for the next run" },
  { name: "downloads", value: "DIR", help: "folder for received files (Downloads in your home folder)" },
  { name: "tls", help: "connect over TLS, to the server's --tls-port (2443)" },
  {
    name: "tls-cert",
    value: "FILE",
    help: "the same, and accept only the certificate in FILE (the server's tls-cert.pem)",
  },
  { name: "no-tls", help: "connect without TLS, even if the server offers it or its certificate is known" },
  { name: "plain", help: "speak only the mailbox authors' own protocol" },
  { name: "answer", help: "answer the doctor of another machine, until Ctrl-C" },
  { name: "page", help: "open the chat in a browser on this machine" },
  { name: "trace", help: "show on standard error what goes over the wire, as HH:MM:SS NAME La> …" },
  { name: "trace-file", value: "FILE", help: "append the same to FILE, one JSON object per line" },
  ...COMMON_OPTIONS,
];

const SCRIPTS = `At a terminal, Tab completes commands and names, /help lists what can be typed,
and Ctrl-C leaves. In a script, each event is one line.`;

const COMMANDS: readonly Command[] = [
  {
    name: "chat",
    synopsis: ["[chat [HOST [PORT]]]"],
    summary: "the full chat: rooms, history, files",
    text: `Joins the server at HOST (127.0.0.1), port 2001. A lost connection is restored
automatically, and messages typed meanwhile are then sent, once. If the server
speaks only the IM handout's protocol, the client continues as that client. If
the server allows it, /register NAME at the name prompt creates an account, and
--guest joins without one, with a room ID and a name that only this client can
use from then on. The client uses TLS where the server offers it; after a login
with a password, it accepts that server only with the same key.

  TEXT                 send to the current conversation, at first the lobby
  /to NAME TEXT        send to one user, online or offline
  /join ROOM           enter a room; it is created if necessary
  /history NAME|ROOM   show earlier messages
  /send NAME|ROOM FILE offer a file or a folder; /accept N accepts one
  /list, /rooms, /who  list users, rooms, and the members of a room
  /exit                leave

${SCRIPTS}`,
    options: [
      ...["name", "password-file", "guest", "room", "data", "downloads", "tls", "tls-cert", "no-tls", "page"],
      ...["trace", "trace-file", "no-history"],
    ],
    examples: [
      "client chat 192.168.1.7",
      "client chat 192.168.1.7 --guest --name alice --room lab1",
      "client chat 192.168.1.7:2001 --page",
      "client chat lab-server --name jacky --password-file ~/.partyline-password",
    ],
  },
  {
    name: "im",
    synopsis: ["HOST [PORT]"],
    summary: "the IM handout's client",
    text: `The client of the IM handout, with its reply codes, at port 2001: /list,
/to NAME TEXT, /toall TEXT and /exit. In a script, it prints exactly what the
handout says.`,
    options: ["name", "password-file", "data", "no-history", "downloads", "trace", "trace-file"],
    examples: [
      "client 192.168.1.7 2001",
      "client localhost --name jacky --password-file ~/.partyline-password",
      "printf 'jacky\\n12345\\n/list\\n/exit\\n' | client 127.0.0.1 2001",
    ],
  },
  {
    name: "lobby",
    synopsis: ["lobby HOST [PORT]"],
    summary: "the lobby handout's client",
    text: "The client of the lobby handout, at port 2003. `nc HOST 2003` works as well.",
    options: ["name", "data", "downloads", "trace", "trace-file"],
    examples: ["client lobby 192.168.1.7"],
  },
  {
    name: "rooms",
    synopsis: ["rooms HOST [PORT]"],
    summary: "the rooms handout's client",
    text: `The client of the rooms-and-files handout, at port 12345: a guest with a name
and a room ID, which it asks for at a terminal. /help lists what can be typed.`,
    options: ["name", "room", "auto-accept", "downloads", "trace", "trace-file"],
    examples: ["client rooms 192.168.1.7 --name alice --room lab1"],
  },
  {
    name: "mailbox",
    synopsis: ["mailbox HOST [PORT]"],
    summary: "the mailbox handout's client, over UDP",
    text: `The client of the mailbox handout, at port 2004: messages to users, online or
offline. It tries both our protocol and that of the handout's authors.

${SCRIPTS}`,
    options: ["name", "password-file", "data", "no-history", "downloads", "plain", "page", "trace", "trace-file"],
    examples: ["client mailbox 192.168.1.7 --name alice", "client mailbox 192.168.1.7 8000 --plain"],
  },
  {
    name: "peer",
    synopsis: ["peer [HOST [PORT]]"],
    summary: "chat between clients, without a server",
    text: `Messages go directly to their receivers, over UDP. The address book at HOST,
such as that of \`server\` on port 2002, lists the peers; without one, peers on
the same LAN are found by multicast. Without --name, the client asks for the
name, the UDP port and the server, at a terminal or in the page of --page. Users
of the course's own programs are shown as \`alice (plain)\`: messages to and from
them are not confirmed.

  /to NAME TEXT        send to one user; if offline, once you both are online
  /table               show the address book's table
  /group NAME FRIEND…  create a group with these friends
  /join GROUP          enter a group; TEXT then goes there
  /send NAME FILE      offer a file or a folder; /accept N accepts one
  /secure NAME         encrypt the conversation with NAME

Your key and those of your friends are in the --data folder: with another folder
you have another key, which your friends do not know.`,
    options: ["name", "udp", "table-refresh", "data", "no-history", "downloads", "page", "trace", "trace-file"],
    examples: ["client peer --name bob", "client peer 192.168.1.7 --name alice --udp 3001"],
  },
  {
    name: "check",
    synopsis: [
      "check HANDOUT SIDE -- COMMAND",
      "check HANDOUT server HOST PORT --users FILE",
      "check all FOLDER --with FILE [--out DIR]",
      "check im replay FILE",
      "check --list [HANDOUT [SIDE]]",
    ],
    summary: "test a program against its handout",
    text: `SIDE is server or client. COMMAND starts the program, with {port}, {host},
{users} and {data} (an empty folder) filled in, and for a client also {name} and
{udp}, its user's name and UDP port. With HOST PORT, the server that runs there
is checked. A client gets typed input, and its output is read.

"check all" plays every submission in FOLDER; FILE has a line for each check,
such as im server: python3 server.py {port} {users}. "check im replay" judges a
trace that the server's --record has written.

Each failure is explained: the sentence of the handout, what went over the wire,
what was expected, and what came. Exit status: 0 all passed, 1 a rule failed,
2 the check could not run.`,
    options: CHECK_OPTIONS.map(({ name }) => name),
    examples: [
      "client check im server -- python3 server.py {port} {users}",
      "client check im client -- python3 client.py {host} {port}",
      "client check im server 192.168.1.7 2001 --users users.txt --only im/4",
      "client check all submissions --with start.txt --out results",
    ],
  },
  {
    name: "forget",
    synopsis: ["forget HOST [PORT]"],
    summary: "forget the certificate of a server",
    text: `client chat remembers the certificate that a server has shown at the first
login, and accepts no other at that host and port (2001) afterwards. Once the
server's operator has confirmed that the certificate is a new one, this command
forgets the old one; the next login remembers the new one.`,
    options: ["data"],
    examples: ["client forget 192.168.1.7"],
  },
  {
    name: "doctor",
    synopsis: ["doctor [HOST]", "doctor --answer"],
    summary: "why two machines do not see each other",
    text: `Examines this machine: its addresses and which is that of the LAN, the default
route, firewalls, ports that are taken, and multicast. With HOST, it also
examines the way there; while \`client doctor --answer\` runs on that machine,
TCP, UDP and multicast in both directions, the largest packet, and the clocks.

The last lines say what is wrong, in one sentence, and what to do, in one
command. Exit status: 0 nothing is wrong, 1 something is, 2 it could not run.`,
    options: ["answer"],
    examples: ["client doctor", "client doctor --answer", "client doctor 192.168.1.7"],
  },
  completionsCommand("client"),
];

const MORE = `"client help COMMAND" explains a command, its options and what can be typed;
"client help options" lists all options. HOST:PORT can stand for HOST PORT, and
the variable PARTYLINE_NAME for --name, as for every other option.

In a browser: --page. See the wire: --trace. Without prompts: --name NAME
--password-file FILE.

  client chat 192.168.1.7            the server on that machine
  client peer --name alice           no server: peers on this LAN
  client check im server -- python3 server.py {port} {users}`;

const BASE = {
  name: "client",
  summary: "Partyline client: chat for a room, a lab or a LAN.",
  more: MORE,
  commands: COMMANDS,
  options: [...OPTIONS, ...CHECK_OPTIONS.filter(({ name }) => OPTIONS.every((option) => option.name !== name))],
} as const;

/** The client, with its commands and the pages of its help. */
export const CLIENT: Program = {
  ...BASE,
  topics: [{
    name: "options",
    text: () => `Options of the commands of client; each command has some of them.\n\n${optionHelp(BASE.options)}\n`,
  }],
};

/** The command with this name. */
export function commandNamed(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}
