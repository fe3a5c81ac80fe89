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

/** The doors that a server can have, with their usual ports. */
export const LISTENERS = { im: 2001, "address-book": 2002, lobby: 2003, mailbox: 2004, web: 2080, tls: 2443 } as const;

export type ListenerName = keyof typeof LISTENERS;

/** How the page is served. */
export interface WebOptions {
  /** For this machine alone, unless an address is named. */
  readonly host: string;
  /** What else it may be asked for by, besides this machine's own names. */
  readonly names: readonly string[];
  /** With the password in it, the server's page is shown to others too. */
  readonly watchPasswordFile: string | undefined;
  /** Over TLS: with a certificate of our own making, or a given one. */
  readonly tls: "own" | { readonly cert: string; readonly key: string } | undefined;
}

/** What the server was asked to do. */
export type ServerPlan =
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "hash"; readonly users: string; readonly limits: Limits }
  | {
    readonly type: "serve";
    readonly host: string;
    readonly web: WebOptions;
    /** The doors to be opened, and on which ports. */
    readonly doors: Readonly<Partial<Record<ListenerName, number>>>;
    /** Where messages, and the address book's log, are kept. */
    readonly data: string;
    readonly users: string;
    /** Whether people may make accounts for themselves. */
    readonly registration: boolean;
    readonly trace: boolean;
    readonly logLevel: typeof LOG_LEVELS[number];
    readonly logJson: boolean;
    readonly limits: Limits;
  };

const OPTIONS: readonly Option[] = [
  { name: "host", value: "ADDR", help: "address to listen on (0.0.0.0: every one that this machine has)" },
  { name: "address-book", value: "PORT", help: `the address book's door, on TCP (${LISTENERS["address-book"]})` },
  { name: "lobby", value: "PORT", help: `the lobby's door, on TCP, for nc and telnet (${LISTENERS.lobby})` },
  { name: "mailbox", value: "PORT", help: `the mailbox's door, on UDP (${LISTENERS.mailbox})` },
  {
    name: "web",
    value: "PORT",
    help: `the page's door, for browsers (${LISTENERS.web}); on 127.0.0.1 unless --host is given`,
  },
  { name: "web-names", value: "NAMES", help: "names that the page may be asked for by, with commas between" },
  {
    name: "watch-password-file",
    value: "FILE",
    help: "show the server's page to other machines too, for the password in the first line of FILE",
  },
  {
    name: "tls-port",
    value: "PORT",
    help: `our own protocol over TLS on TCP, for client chat --tls (${LISTENERS.tls})`,
  },
  { name: "tls", help: "serve the page over TLS, with a certificate that is made at the first start" },
  { name: "tls-cert", value: "FILE", help: "serve the page over TLS with this certificate (PEM)" },
  { name: "tls-key", value: "FILE", help: "and its key (PEM)" },
  { name: "data", value: "DIR", help: "where messages, and the address book's log, are kept (./partyline-data)" },
  { name: "registration", help: "people may register: /register NAME, at the name prompt of client chat" },
  { name: "trace", help: "show every wire line on standard error, as HH:MM:SS NAME La> …" },
  { name: "log-level", value: "LEVEL", help: `how much is logged: ${LOG_LEVELS.join(", ")} (info)` },
  { name: "log-json", help: "log one JSON object a line instead of text" },
  { name: "help", help: "show this" },
  { name: "version", help: "show the version" },
];

const HELP = `Partyline server: chat for a room, a lab, a LAN.

  server [PORT [USERS_FILE]] [options]   serve
  server hash-passwords USERS_FILE       make plain passwords scrypt entries

Alone, \`server\` opens every door on its usual port. With PORT it opens the IM
door there, and of the others those that are named by their options. Port 0 is
any free one. USERS_FILE is ./users.txt unless given; it has one user a line:
username, white space, password; neither holds white space.
SIGHUP reads it again. SIGINT (Ctrl-C), SIGTERM, or E and Enter on its console
end the server in good order. In the background give it no console to read:
server </dev/null &

Options
${optionHelp(OPTIONS)}

Limits (N is a whole number; the default is in parentheses)
${optionHelp(limitOptions())}

Examples
  server                                 everything as usual
  server 5000 /home/lab/users.txt        another port, another file
  server 0 users.txt --host 127.0.0.1    any free port, this machine only
  server --trace                         watch the protocol, line by line
`;

/** Reads the server's command line; throws a `UserError` when it cannot be obeyed. */
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
  if (rest.length > 1) throw new UserError(`expected PORT and USERS_FILE, found one more: "${rest[1]}"`);
  return {
    type: "serve",
    host: flags.value("host") ?? "0.0.0.0",
    web: {
      host: flags.value("host") ?? "127.0.0.1",
      names: flags.value("web-names")?.split(",").map((name) => name.trim()) ?? [],
      watchPasswordFile: flags.value("watch-password-file"),
      tls: readTls(flags),
    },
    doors: readDoors(flags, first),
    data: flags.value("data") ?? "partyline-data",
    users: rest[0] ?? "users.txt",
    registration: flags.has("registration"),
    trace: flags.has("trace"),
    logLevel: readLevel(flags),
    logJson: flags.has("log-json"),
    limits: numbers,
  };
}

/** Alone every door on its usual port; with a port the IM door there, and the others only when they are named. */
function readDoors(flags: Flags, port: string | undefined): Partial<Record<ListenerName, number>> {
  const doors: Partial<Record<ListenerName, number>> = { im: port === undefined ? LISTENERS.im : readPort(port, true) };
  for (const door of ["address-book", "lobby", "mailbox", "web", "tls"] as const) {
    const given = flags.value(door === "tls" ? "tls-port" : door);
    if (given !== undefined) doors[door] = readPort(given, true);
    else if (port === undefined && door !== "tls") doors[door] = LISTENERS[door];
  }
  return doors;
}

function readTls(flags: Flags): WebOptions["tls"] {
  const [cert, key] = [flags.value("tls-cert"), flags.value("tls-key")];
  if (cert === undefined && key === undefined) return flags.has("tls") ? "own" : undefined;
  if (cert === undefined || key === undefined) {
    throw new UserError("--tls-cert and --tls-key go together; one is missing");
  }
  if (flags.has("tls")) {
    throw new UserError("--tls makes a certificate; with --tls-cert and --tls-key it is not needed");
  }
  return { cert, key };
}

function readLevel(flags: Flags): typeof LOG_LEVELS[number] {
  const given = flags.value("log-level") ?? "info";
  const level = LOG_LEVELS.find((level) => level === given);
  if (level) return level;
  throw new UserError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${given}"`);
}
