import { UserError } from "../core/errors.ts";
import { type Limits, limits } from "../core/limits.ts";
import { LOG_LEVELS } from "../core/log.ts";
import { VERSION } from "../core/version.ts";
import {
  type Flags,
  limitOptions,
  type Option,
  optionHelp,
  readFlags,
  readLimits,
  readPort,
} from "../terminal/flags.ts";

/** The listeners that a server can have, with their default ports. */
export const LISTENERS = { im: 2001, "address-book": 2002, lobby: 2003, mailbox: 2004, web: 2080, tls: 2443 } as const;

export type ListenerName = keyof typeof LISTENERS;

/** How the web pages are served. */
export interface WebOptions {
  /** By default only for this machine. */
  readonly host: string;
  /** Host names accepted in requests, besides this machine's own. */
  readonly names: readonly string[];
  /** The file with the password that shows the server's page to other machines; undefined: it is not shown to them. */
  readonly watchPasswordFile: string | undefined;
  /** TLS with a certificate of our own, or with a given one; undefined: no TLS. */
  readonly tls: "own" | { readonly cert: string; readonly key: string } | undefined;
}

/** The task that a command line gives to the server. */
export type ServerPlan =
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "hash"; readonly users: string; readonly limits: Limits }
  /** Write what is kept: everything, or that of a room or a user. */
  | {
    readonly type: "export";
    readonly data: string;
    readonly format: "text" | "json";
    readonly of: string | undefined;
  }
  /** Begin anew with an empty store; `sure` where the operator need not be asked. */
  | { readonly type: "reset"; readonly data: string; readonly sure: boolean }
  | {
    readonly type: "serve";
    readonly host: string;
    readonly web: WebOptions;
    /** The listeners to open, with their ports. */
    readonly listeners: Readonly<Partial<Record<ListenerName, number>>>;
    /** The folder for messages, the certificate and the directory's log. */
    readonly data: string;
    readonly users: string;
    /** Whether users may register accounts. */
    readonly registration: boolean;
    readonly trace: boolean;
    readonly logLevel: typeof LOG_LEVELS[number];
    readonly logJson: boolean;
    readonly limits: Limits;
  };

const OPTIONS: readonly Option[] = [
  { name: "host", value: "ADDR", help: "address to listen on (0.0.0.0: all addresses of this machine)" },
  { name: "address-book", value: "PORT", help: `TCP port of the address book (${LISTENERS["address-book"]})` },
  { name: "lobby", value: "PORT", help: `TCP port of the lobby, for nc and telnet (${LISTENERS.lobby})` },
  { name: "mailbox", value: "PORT", help: `UDP port of the mailbox (${LISTENERS.mailbox})` },
  {
    name: "web",
    value: "PORT",
    help: `port of the web page (${LISTENERS.web}); on 127.0.0.1 unless --host is given`,
  },
  { name: "web-names", value: "NAMES", help: "further host names of the web page, separated by commas" },
  {
    name: "watch-password-file",
    value: "FILE",
    help: "show the server's page to other machines too, with the password in the first line of FILE",
  },
  {
    name: "tls-port",
    value: "PORT",
    help: `TCP port for client chat --tls (${LISTENERS.tls})`,
  },
  { name: "tls", help: "serve the web page over TLS, with a certificate created at the first start" },
  { name: "tls-cert", value: "FILE", help: "serve the web page over TLS with this certificate (PEM)" },
  { name: "tls-key", value: "FILE", help: "the key of that certificate (PEM)" },
  { name: "data", value: "DIR", help: "folder for messages and the log of the address book (./partyline-data)" },
  { name: "registration", help: "let users register: /register NAME at the name prompt of client chat" },
  { name: "trace", help: "show every protocol line on standard error, as HH:MM:SS NAME La> …" },
  { name: "log-level", value: "LEVEL", help: `lowest level that is logged: ${LOG_LEVELS.join(", ")} (info)` },
  { name: "log-json", help: "log JSON, one object per line" },
  { name: "text", help: "with export: lines to read (the default)" },
  { name: "json", help: "with export: JSON, one object per message and line" },
  { name: "yes", help: "with reset: do not ask" },
  { name: "help", help: "show this help" },
  { name: "version", help: "show the version" },
];

const HELP = `Partyline server: chat for a room, a lab or a LAN.

  server [PORT [USERS_FILE]] [options]   start the server
  server hash-passwords USERS_FILE       replace plain passwords by hashes
  server export [ROOM|NAME] >FILE        write the messages that are kept to FILE
  server reset                           begin anew; asks, and keeps a copy

Without PORT, every protocol but TLS is served on its default port. With PORT,
IM is served on that port, and the others only if their options are given.
Port 0 is any free port. USERS_FILE (./users.txt) has one user per line:
username, white space, password; neither may contain white space.
SIGHUP reads it again. SIGINT (Ctrl-C), SIGTERM, or E and Enter on its console
stop the server cleanly. In the background, give it no console to read:
server </dev/null &

Options
${optionHelp(OPTIONS)}

Limits (N is a whole number; the default is in parentheses)
${optionHelp(limitOptions())}

Examples
  server                                 everything on its default port
  server 5000 /home/lab/users.txt        another port, another file
  server 0 users.txt --host 127.0.0.1    any free port, this machine only
  server --trace                         show the protocol, line by line
`;

/** Parses the server's command line; throws a `UserError` for a mistake. */
export function parseServerArgs(args: readonly string[]): ServerPlan {
  const flags = readFlags(args, [...OPTIONS, ...limitOptions()]);
  if (flags.has("help")) return { type: "print", text: HELP };
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  const numbers = limits(readLimits(flags));
  const [first, ...rest] = flags.words;
  if (first === "hash-passwords") {
    if (rest.length !== 1) throw new UserError(`hash-passwords takes one users file, not ${rest.length}`);
    return { type: "hash", users: rest[0]!, limits: numbers };
  }
  const data = flags.value("data") ?? "partyline-data";
  if (first === "export") return readExport(flags, rest, data);
  if (first === "reset") {
    if (rest.length > 0) throw new UserError(`reset takes no argument, found "${rest[0]}"`);
    return { type: "reset", data, sure: flags.has("yes") };
  }
  if (rest.length > 1) throw new UserError(`expected PORT and USERS_FILE, found "${rest[1]}" after them`);
  return {
    type: "serve",
    host: flags.value("host") ?? "0.0.0.0",
    web: {
      host: flags.value("host") ?? "127.0.0.1",
      names: flags.value("web-names")?.split(",").map((name) => name.trim()) ?? [],
      watchPasswordFile: flags.value("watch-password-file"),
      tls: readTls(flags),
    },
    listeners: readListeners(flags, first),
    data,
    users: rest[0] ?? "users.txt",
    registration: flags.has("registration"),
    trace: flags.has("trace"),
    logLevel: readLevel(flags),
    logJson: flags.has("log-json"),
    limits: numbers,
  };
}

function readExport(flags: Flags, [of, ...more]: readonly string[], data: string): ServerPlan {
  if (more.length > 0) throw new UserError(`export takes one room or user, found "${more[0]}" after "${of}"`);
  if (flags.has("json") && flags.has("text")) throw new UserError("--json and --text exclude each other; give one");
  return { type: "export", data, format: flags.has("json") ? "json" : "text", of };
}

/** Without a port every listener on its default port; with one, IM there and the others only by option. */
function readListeners(flags: Flags, port: string | undefined): Partial<Record<ListenerName, number>> {
  const listeners: Partial<Record<ListenerName, number>> = {
    im: port === undefined ? LISTENERS.im : readPort(port, true),
  };
  for (const name of ["address-book", "lobby", "mailbox", "web", "tls"] as const) {
    const given = flags.value(name === "tls" ? "tls-port" : name);
    if (given !== undefined) listeners[name] = readPort(given, true);
    else if (port === undefined && name !== "tls") listeners[name] = LISTENERS[name];
  }
  return listeners;
}

function readTls(flags: Flags): WebOptions["tls"] {
  const [cert, key] = [flags.value("tls-cert"), flags.value("tls-key")];
  if (cert === undefined && key === undefined) return flags.has("tls") ? "own" : undefined;
  if (cert === undefined || key === undefined) {
    throw new UserError("--tls-cert and --tls-key go together; one of them is missing");
  }
  if (flags.has("tls")) {
    throw new UserError("--tls creates a certificate and cannot be combined with --tls-cert and --tls-key");
  }
  return { cert, key };
}

function readLevel(flags: Flags): typeof LOG_LEVELS[number] {
  const given = flags.value("log-level") ?? "info";
  const level = LOG_LEVELS.find((level) => level === given);
  if (level) return level;
  throw new UserError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${given}"`);
}
