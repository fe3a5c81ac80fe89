import { CHECK_OPTIONS, type CheckListPlan, type CheckPlan, readCheck } from "../check/command_line.ts";
import { UserError } from "../core/errors.ts";
import { peerNameFault } from "../chat/names.ts";
import { VERSION } from "../core/version.ts";
import { ADDRESS_BOOK_PORT, type PeerStart } from "./peer_form.ts";
import { type Flags, type Option, optionHelp, readFlags, readNumber, readPort } from "../terminal/flags.ts";

/** The task that a command line gives to the client. */
export type ClientPlan = PrintPlan | JoinPlan | RoomsPlan | PeerPlan | CheckPlan | CheckListPlan;

/** Print a text and end. */
export interface PrintPlan {
  readonly type: "print";
  readonly text: string;
}

/** What the chat with a server and the chat between peers have in common. */
interface CommonPlan {
  /** The folder for keys and for what was shown; undefined for the default. */
  readonly data: string | undefined;
  /** The folder for received files; undefined for the default. */
  readonly downloads: string | undefined;
  /** Whether the chat is in a browser on this machine. */
  readonly page: boolean;
  readonly trace: boolean;
  /** The file that gets the trace as JSON, too. */
  readonly traceFile: string | undefined;
}

/** Join a server. */
export interface JoinPlan extends CommonPlan {
  /** Our own client, or that of the IM, the mailbox or the lobby handout. */
  readonly type: "im" | "chat" | "mailbox" | "lobby";
  readonly host: string;
  readonly port: number;
  readonly name: string | undefined;
  readonly passwordFile: string | undefined;
  /** Whether the server of a mailbox speaks the authors' protocol, and is never spoken to in ours. */
  readonly plain: boolean;
  /** TLS, to a server with a trusted certificate or with the one in this file; undefined: no TLS. */
  readonly tls: "trusted" | { readonly cert: string } | undefined;
}

/** Join a server of the rooms handout. */
export interface RoomsPlan extends Pick<JoinPlan, "host" | "port" | "name" | "downloads" | "trace" | "traceFile"> {
  readonly type: "rooms";
  readonly room: string | undefined;
  /** Whether files are saved at once. */
  readonly autoAccept: boolean;
}

/** Chat without a server. */
export interface PeerPlan extends CommonPlan, PeerStart {
  readonly type: "peer";
  /** What the user is asked for at the terminal; its value here is the default. */
  readonly asked: readonly (keyof PeerStart)[];
  /** Between two requests to the address book. */
  readonly tableRefreshMs: number;
}

const HERE = "127.0.0.1";
const IM_PORT = 2001;
const TLS_PORT = 2443;
const ROOMS_PORT = 12345;

const OPTIONS: readonly Option[] = [
  {
    name: "name",
    value: "NAME",
    help: "log in with this name; peer asks for it at a terminal, and requires it in a script",
  },
  { name: "room", value: "ROOM", help: "with rooms: the room ID" },
  { name: "auto-accept", help: "with rooms: save files at once" },
  { name: "password-file", value: "FILE", help: "log in with the password in the first line of FILE" },
  { name: "udp", value: "PORT", help: "with peer: the UDP port (0: any free one)" },
  { name: "table-refresh", value: "S", help: "with peer HOST: ask the address book every S seconds (30)" },
  {
    name: "data",
    value: "DIR",
    help: "folder for keys, read positions and unsent messages (.partyline in your home folder)",
  },
  { name: "downloads", value: "DIR", help: "folder for received files (Downloads in your home folder)" },
  { name: "tls", help: "with chat: over TLS, to a server's --tls-port (2443)" },
  { name: "tls-cert", value: "FILE", help: "the same, to the server with the certificate in FILE (its tls-cert.pem)" },
  { name: "plain", help: "with mailbox: only the mailbox authors' own protocol, as their server speaks" },
  { name: "page", help: "with chat, mailbox, peer: open the chat in a browser on this machine" },
  { name: "trace", help: "show what goes over the wire on standard error, as HH:MM:SS NAME La> …" },
  { name: "trace-file", value: "FILE", help: "append the same to FILE, one JSON object per line" },
  { name: "help", help: "show this help" },
  { name: "version", help: "show the version" },
];

const HELP = `Partyline client: chat for a room, a lab or a LAN.

  client [chat [HOST [PORT]]] [options]  the full chat: rooms, history, delivery
                                         states, messages to offline users
  client mailbox HOST PORT [options]     the mailbox handout's client, over UDP
  client peer [HOST [PORT]] --name NAME  chat without a server, over UDP; HOST
                                         has the address book
  client lobby HOST PORT                 the lobby handout's client: one room
  client rooms HOST [PORT] --name NAME --room ROOM
                                         the rooms handout's client (12345)
  client HOST PORT [options]             the IM handout's client, with its codes
  client check …                         tests a program against its handout;
                                         client check --help

\`client chat\` joins 127.0.0.1 2001 by default; if a server speaks only the IM
handout's protocol, it continues as the handout's client. A lost connection is
restored automatically, and messages typed meanwhile are then sent, once.

If the server allows it, /register NAME at the name prompt creates an account.

Commands
  TEXT                 send to the current conversation, at first the lobby
  /to NAME TEXT        send to one user, online or offline
  /join ROOM           enter a room; it is created if necessary
  /history NAME|ROOM   show earlier messages
  /send NAME|ROOM FILE offer a file or a folder; /accept N accepts one
  /list, /rooms, /who  list users, rooms, and the members of a room
  /exit                leave
/help lists all commands, /help to explains one. At a terminal, Tab completes
commands and names, and Ctrl-C leaves. Otherwise each event is one line, for
scripts, and the IM handout's client prints exactly what its handout says.

The IM handout's client has /list, /to NAME TEXT, /toall TEXT and /exit.

Between peers, messages go directly to their receivers. An address book, such as
that of \`server\` on port 2002, lists the peers; without one, peers on the same
LAN are found by multicast. Users of the course's own programs are shown as
\`alice (plain)\`: what they and you say is unconfirmed. Commands
  /to NAME TEXT        send to one user; if offline, once you both are online
  /table               show the address book's table
  /group NAME FRIEND…  create a group with these friends
  /join GROUP          enter a group; TEXT then goes there
  /send NAME FILE      offer a file or a folder; /accept N accepts one
  /secure NAME         encrypt the conversation with NAME
Your key and those of your friends are in the --data folder: with another folder
you are a stranger to them.

Options
${optionHelp(OPTIONS)}

Examples
  client chat 192.168.1.7
  client mailbox 192.168.1.7 2004 --name alice
  client mailbox 192.168.1.7 8000 --plain
  client peer 192.168.1.7 --name alice --udp 3001
  client peer --name bob
  client chat 192.168.1.7 --page
  client 192.168.1.7 2001
  client localhost 2001 --name jacky --password-file ~/.partyline-password
  printf 'jacky\\n12345\\n/list\\n/exit\\n' | client 127.0.0.1 2001
`;

/** Parses the client's command line; throws a `UserError` for a mistake. `attended`: whether a user can be asked at a terminal. */
export function parseClientArgs(args: readonly string[], attended = false): ClientPlan {
  if (args[0] === "check") return parseCheck(args.slice(1));
  const flags = readFlags(args, OPTIONS);
  const print = readPrint(flags);
  if (print) return print;
  if (flags.words[0] === "rooms") return readRooms(flags);
  if (flags.value("room") !== undefined || flags.has("auto-accept")) {
    throw new UserError(
      "--room and --auto-accept require rooms; for example: client rooms HOST --name alice --room lab1",
    );
  }
  return flags.words[0] === "peer" ? readPeer(flags, attended) : readJoin(flags);
}

const CHECK_HELP = `Partyline check: tests a program against its handout.

  client check HANDOUT server HOST PORT --users FILE   a server that runs already
  client check HANDOUT server [options] -- COMMAND     starts it; {port}, {host},
                                                       {users} and {data}, an empty folder,
                                                       are filled in
  client check HANDOUT client [options] -- COMMAND     starts the client, types to it
                                                       and reads what it shows
  client check --list [HANDOUT [SIDE]]                 the rules

Each failure is told as a story: the sentence of the handout, what went over the
wire, what was expected and what came. Exit status: 0 all passed, 1 a rule failed,
2 the check could not run.

Options
${optionHelp(CHECK_OPTIONS)}

Examples
  client check im server -- python3 server.py {port} {users}
  client check im client -- python3 client.py {host} {port}
  client check im server 192.168.1.7 2001 --users users.txt --only im/4
`;

function parseCheck(args: readonly string[]): ClientPlan {
  const at = args.indexOf("--");
  const command = at < 0 ? undefined : args.slice(at + 1);
  const options: readonly Option[] = [...CHECK_OPTIONS, { name: "help", help: "show this help" }];
  const flags = readFlags(at < 0 ? args : args.slice(0, at), options);
  if (flags.has("help") || args.length === 0) return { type: "print", text: CHECK_HELP };
  return readCheck(flags.words, command, flags);
}

function readPrint(flags: Flags): PrintPlan | undefined {
  if (flags.has("help")) return { type: "print", text: HELP };
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  return undefined;
}

function readPeer(flags: Flags, attended: boolean): PeerPlan {
  const [, host, port, ...more] = flags.words;
  refuseMore("HOST and PORT after peer", more);
  if (flags.value("password-file") !== undefined) {
    throw new UserError("--password-file needs a server; peers do not log in");
  }
  const name = flags.value("name");
  if (name === undefined && !attended) {
    const example = ["client", ...flags.words, "--name alice"].join(" ");
    const others = "--udp and the address book's HOST can be left out";
    throw new UserError(`peer requires --name; ${others}; for example: ${example}`);
  }
  const fault = name === undefined ? undefined : peerNameFault(name);
  if (fault !== undefined) throw new UserError(`--name ${JSON.stringify(name)}: ${fault}`);
  const udp = flags.value("udp");
  const refresh = flags.value("table-refresh");
  // A command line with a user name and a server needs nothing more.
  const isWhole = name !== undefined && host !== undefined;
  const asked = attended && !isWhole ? openFields({ name, udp, table: host }) : [];
  if (refresh !== undefined && host === undefined && !attended) {
    throw new UserError("--table-refresh requires peer HOST; for example: client peer 192.168.1.7 --name alice");
  }
  return {
    type: "peer",
    table: host === undefined
      ? undefined
      : { host, port: port === undefined ? ADDRESS_BOOK_PORT : readPort(port, false) },
    asked,
    name: name ?? "",
    udp: udp === undefined ? 0 : readNumber("--udp", udp, { min: 0, max: 65535 }),
    // An entry that is not renewed for 90 s is dropped.
    tableRefreshMs: 1000 * (refresh === undefined ? 30 : readNumber("--table-refresh", refresh, { min: 1, max: 80 })),
    data: flags.value("data"),
    downloads: flags.value("downloads"),
    page: flags.has("page"),
    trace: flags.has("trace"),
    traceFile: flags.value("trace-file"),
  };
}

function readRooms(flags: Flags): RoomsPlan {
  const [, host, port, ...more] = flags.words;
  refuseMore("HOST and PORT after rooms", more);
  if (host === undefined) throw new UserError("expected HOST after rooms, found nothing; --help shows the usage");
  if (flags.value("password-file") !== undefined) {
    throw new UserError("--password-file is not for rooms: it has no login");
  }
  return {
    type: "rooms",
    host,
    port: port === undefined ? ROOMS_PORT : readPort(port, false),
    name: flags.value("name"),
    room: flags.value("room"),
    autoAccept: flags.has("auto-accept"),
    downloads: flags.value("downloads"),
    trace: flags.has("trace"),
    traceFile: flags.value("trace-file"),
  };
}

function openFields(given: Readonly<Record<keyof PeerStart, string | undefined>>): (keyof PeerStart)[] {
  return (["name", "udp", "table"] as const).filter((field) => given[field] === undefined);
}

function readJoin(flags: Flags): JoinPlan {
  if (flags.value("table-refresh") !== undefined) {
    throw new UserError("--table-refresh requires peer HOST; for example: client peer 192.168.1.7 --name alice");
  }
  if (flags.value("udp") !== undefined) {
    throw new UserError("--udp requires peer; for example: client peer 192.168.1.7 --name alice --udp 3001");
  }
  const where = readWhere(flags.words, flags.has("tls") || flags.value("tls-cert") !== undefined ? TLS_PORT : IM_PORT);
  if (flags.has("page") && (where.type === "im" || where.type === "lobby")) {
    const chat = ["client chat", where.host, where.port, "--page"].join(" ");
    throw new UserError(`--page requires chat, mailbox or peer; for example: ${chat}`);
  }
  const tls = readTls(flags);
  if (tls !== undefined && where.type !== "chat") {
    throw new UserError("--tls and --tls-cert require chat; the handouts' protocols have no TLS");
  }
  const plain = flags.has("plain");
  if (plain && (where.type !== "mailbox" || flags.has("page"))) {
    throw new UserError(
      "--plain requires mailbox, in a terminal; for example: client mailbox 192.168.1.7 8000 --plain",
    );
  }
  return {
    ...where,
    tls,
    plain,
    name: flags.value("name"),
    passwordFile: flags.value("password-file"),
    data: flags.value("data"),
    downloads: flags.value("downloads"),
    page: flags.has("page"),
    trace: flags.has("trace"),
    traceFile: flags.value("trace-file"),
  };
}

function readTls(flags: Flags): JoinPlan["tls"] {
  const cert = flags.value("tls-cert");
  if (cert !== undefined) return { cert };
  return flags.has("tls") ? "trusted" : undefined;
}

function readWhere(
  [first, ...rest]: readonly string[],
  chatPort: number,
): Pick<JoinPlan, "type" | "host" | "port"> {
  if (first === undefined || first === "chat") {
    const [host = HERE, port, ...more] = rest;
    refuseMore("HOST and PORT after chat", more);
    return { type: "chat", host, port: port === undefined ? chatPort : readPort(port, false) };
  }
  const type = first === "mailbox" || first === "lobby" ? first : "im";
  const [host, port, ...more] = type === "im" ? [first, ...rest] : rest;
  if (host === undefined || port === undefined) {
    const found = host === undefined ? "nothing" : `only "${host}"`;
    throw new UserError(
      `expected HOST and PORT${type === "im" ? "" : ` after ${type}`}, found ${found}; --help shows the usage`,
    );
  }
  refuseMore("HOST and PORT", more);
  return { type, host, port: readPort(port, false) };
}

function refuseMore(expected: string, more: readonly string[]): void {
  if (more.length > 0) throw new UserError(`expected ${expected}, found "${more[0]}" after them`);
}
