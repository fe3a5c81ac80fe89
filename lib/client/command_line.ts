import { UserError } from "../core/errors.ts";
import { peerNameFault } from "../chat/names.ts";
import { VERSION } from "../core/version.ts";
import { type Flags, type Option, optionHelp, readFlags, readNumber, readPort } from "../terminal/flags.ts";

/** What the client was asked to do. */
export type ClientPlan = PrintPlan | JoinPlan | PeerPlan;

/** A text is to be shown, and no more. */
export interface PrintPlan {
  readonly type: "print";
  readonly text: string;
}

/** Which server is to be joined, and how. */
export interface JoinPlan {
  /** The IM handout's client, our own, the mailbox handout's, or the lobby's. */
  readonly type: "im" | "chat" | "mailbox" | "lobby";
  readonly host: string;
  readonly port: number;
  readonly name: string | undefined;
  readonly passwordFile: string | undefined;
  /** Over TLS: to a server that this machine trusts, or that has the certificate in this file. */
  readonly tls: "trusted" | { readonly cert: string } | undefined;
  /** Where keys, and what was seen, are kept; undefined for the usual folder. */
  readonly data: string | undefined;
  /** Where files that are received go; undefined for the usual folder. */
  readonly downloads: string | undefined;
  /** Whether the chat is had in a browser on this machine. */
  readonly page: boolean;
  readonly trace: boolean;
}

/** Chat without a server is to be had. */
export interface PeerPlan {
  readonly type: "peer";
  /** Where the table of who is there is; undefined when the others are found on the network alone. */
  readonly table: { readonly host: string; readonly port: number } | undefined;
  readonly name: string;
  /** The port for datagrams; 0 for any free one. */
  readonly udp: number;
  /** Where keys, and what was seen, are kept; undefined for the usual folder. */
  readonly data: string | undefined;
  /** Where files that are received go; undefined for the usual folder. */
  readonly downloads: string | undefined;
  /** Whether the chat is had in a browser on this machine. */
  readonly page: boolean;
  readonly trace: boolean;
}

const HERE = "127.0.0.1";
const IM_PORT = 2001;
const TLS_PORT = 2443;
const TABLE_PORT = 2002;

const OPTIONS: readonly Option[] = [
  { name: "name", value: "NAME", help: "log in with this name instead of asking for it; peer needs it" },
  { name: "password-file", value: "FILE", help: "log in with the password in the first line of this file" },
  { name: "udp", value: "PORT", help: "with peer: the port for datagrams, 0 for any free one (0)" },
  {
    name: "data",
    value: "DIR",
    help: "where keys, what was seen, and what waits for friends are kept (.partyline in your home folder)",
  },
  { name: "downloads", value: "DIR", help: "where files that are received go (Downloads in your home folder)" },
  { name: "tls", help: "with chat: over TLS, to a server's --tls-port (2443)" },
  {
    name: "tls-cert",
    value: "FILE",
    help: "the same, to the server that has the certificate in FILE (its tls-cert.pem)",
  },
  { name: "page", help: "with chat, mailbox, peer: chat in a browser on this machine, which is opened" },
  { name: "trace", help: "show every wire line on standard error, as HH:MM:SS NAME La> …" },
  { name: "help", help: "show this" },
  { name: "version", help: "show the version" },
];

const HELP = `Partyline client: chat for a room, a lab, a LAN.

  client [chat [HOST [PORT]]] [options]  everything: rooms, history, what became
                                         of each message, also while away
  client mailbox HOST PORT [options]     the mailbox handout's client, over UDP
  client peer [HOST [PORT]] --name NAME  chat without a server, over UDP; HOST
                                         has the table of who is there
  client lobby HOST PORT                 the lobby handout's: one plain room
  client HOST PORT [options]             the IM handout's client, codes and all

\`client chat\` joins 127.0.0.1 2001 unless told otherwise; where a server speaks
the IM handout alone it goes on as the handout's client. Lost connections come
back by themselves, and what was said meanwhile is sent then, once.

Where the server allows it, /register NAME at the name prompt makes an account.

Once in, type
  TEXT                 to where you are; at first the room lobby
  /to NAME TEXT        to one person, there or away
  /join ROOM           into a room, which is made if need be
  /history NAME|ROOM   what was said before
  /send NAME|ROOM FILE offer a file or a folder; /accept N takes one
  /list, /rooms, /who  who and what there is
  /exit                leave
and /help for all, /help to for more of one. In a terminal Tab completes
commands and names, Ctrl-C leaves. Elsewhere one line is one event, for scripts;
the IM handout's client is then as its handout has it.

In the IM handout's client: /list, /to NAME TEXT, /toall TEXT, /exit.

Between peers what you say goes straight to whom it is for. A table, such as
\`server\` has on port 2002, tells who is there and where; without one, others on
the same LAN are found by multicast. Once in, type
  /to NAME TEXT        to one person; who is away has it later
  /group NAME FRIEND…  a group with these friends in it
  /join GROUP          to a group, where a TEXT goes from then on
  /send NAME FILE      offer a file or a folder; /accept N takes one
  /secure NAME         so that only the two of you can read what you say
Your key is kept in the folder of --data, and so are the keys of your friends:
with another folder you are somebody else to them.

Options
${optionHelp(OPTIONS)}

Examples
  client chat 192.168.1.7
  client mailbox 192.168.1.7 2004 --name alice
  client peer 192.168.1.7 --name alice --udp 3001
  client peer --name bob
  client chat 192.168.1.7 --page
  client 192.168.1.7 2001
  client localhost 2001 --name jacky --password-file ~/.partyline-password
  printf 'jacky\\n12345\\n/list\\n/exit\\n' | client 127.0.0.1 2001
`;

/** Reads the client's command line; throws a `UserError` when it cannot be obeyed. */
export function parseClientArgs(args: readonly string[]): ClientPlan {
  const flags = readFlags(args, OPTIONS);
  return readPrint(flags) ?? (flags.words[0] === "peer" ? readPeer(flags) : readJoin(flags));
}

function readPrint(flags: Flags): PrintPlan | undefined {
  if (flags.has("help")) return { type: "print", text: HELP };
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  return undefined;
}

function readPeer(flags: Flags): PeerPlan {
  const [, host, port, ...more] = flags.words;
  refuseMore("TABLE_HOST and TABLE_PORT after peer", more);
  if (flags.value("password-file") !== undefined) {
    throw new UserError("--password-file is for servers; between peers nobody logs in");
  }
  const name = flags.value("name");
  if (name === undefined) {
    const example = ["client", ...flags.words, "--name alice"].join(" ");
    throw new UserError(`peer needs the name that the others know you by; for example: ${example}`);
  }
  const fault = peerNameFault(name);
  if (fault !== undefined) throw new UserError(`--name ${JSON.stringify(name)}: ${fault}`);
  const udp = flags.value("udp");
  return {
    type: "peer",
    table: host === undefined ? undefined : { host, port: port === undefined ? TABLE_PORT : readPort(port, false) },
    name,
    udp: udp === undefined ? 0 : readNumber("--udp", udp, { min: 0, max: 65535 }),
    data: flags.value("data"),
    downloads: flags.value("downloads"),
    page: flags.has("page"),
    trace: flags.has("trace"),
  };
}

function readJoin(flags: Flags): JoinPlan {
  if (flags.value("udp") !== undefined) {
    throw new UserError("--udp is for peer alone; for example: client peer 192.168.1.7 --name alice --udp 3001");
  }
  const where = readWhere(flags.words, flags.has("tls") || flags.value("tls-cert") !== undefined ? TLS_PORT : IM_PORT);
  if (flags.has("page") && (where.type === "im" || where.type === "lobby")) {
    const chat = ["client chat", where.host, where.port, "--page"].join(" ");
    throw new UserError(`--page is for chat, mailbox and peer; the handout's client has no page. Perhaps: ${chat}`);
  }
  const tls = readTls(flags);
  if (tls !== undefined && where.type !== "chat") {
    throw new UserError("--tls and --tls-cert are for chat; the handouts' protocols have no TLS");
  }
  return {
    ...where,
    tls,
    name: flags.value("name"),
    passwordFile: flags.value("password-file"),
    data: flags.value("data"),
    downloads: flags.value("downloads"),
    page: flags.has("page"),
    trace: flags.has("trace"),
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
    const found = host === undefined ? "nothing more" : `only "${host}"`;
    throw new UserError(
      `expected HOST and PORT${type === "im" ? "" : ` after ${type}`}, found ${found}; --help shows how`,
    );
  }
  refuseMore("HOST and PORT", more);
  return { type, host, port: readPort(port, false) };
}

function refuseMore(expected: string, more: readonly string[]): void {
  if (more.length > 0) throw new UserError(`expected ${expected}, found one more: "${more[0]}"`);
}
