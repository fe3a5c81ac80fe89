import { isIpAddress } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { type Limits, limits } from "../core/limits.ts";
import { LOG_LEVELS } from "../core/log.ts";
import { VERSION } from "../core/version.ts";
import { LISTENER_ROWS, type ListenerName, type ListenerPorts } from "../protocols/listener_table.ts";
import { REPLY_FORMS, type ReplyForm } from "../protocols/directory/listing.ts";
import {
  type Flags,
  helpColumns,
  limitOptions,
  type Option,
  optionHelp,
  readFlags,
  readLimits,
  readPort,
} from "../terminal/flags.ts";

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
    readonly listeners: ListenerPorts;
    /** The folder for messages, the certificate and the directory's log. */
    readonly data: string;
    readonly users: string;
    /** Whether the users file was named, and so has to be there. */
    readonly usersNamed: boolean;
    /** Whether users may register accounts. */
    readonly registration: boolean;
    readonly addressBookReply: ReplyForm;
    readonly trace: boolean;
    /** The file that gets the trace as JSON, too. */
    readonly traceFile: string | undefined;
    /** The users whose wire is traced; undefined: all. */
    readonly traceOnly: readonly string[] | undefined;
    readonly logLevel: typeof LOG_LEVELS[number];
    readonly logJson: boolean;
    readonly limits: Limits;
  };

const OPTIONS: readonly Option[] = [
  { name: "host", value: "ADDR", help: "address to listen on (0.0.0.0: all addresses of this machine)" },
  {
    name: "address-book-reply",
    value: "FORM",
    help: `form of the address book's replies: ${
      REPLY_FORMS.join(", ")
    } (text); the course's clients need count or names`,
  },
  { name: "web-names", value: "NAMES", help: "further host names of the web page, separated by commas" },
  {
    name: "watch-password-file",
    value: "FILE",
    help: "show the server's page to other machines too, with the password in the first line of FILE",
  },
  { name: "tls", help: "serve the web page over TLS, with a certificate created at the first start" },
  { name: "tls-cert", value: "FILE", help: "serve the web page over TLS with this certificate (PEM)" },
  { name: "tls-key", value: "FILE", help: "the key of that certificate (PEM)" },
  { name: "data", value: "DIR", help: "folder for messages and the log of the address book (./partyline-data)" },
  { name: "registration", help: "let users register: /register NAME at the name prompt of client chat" },
  { name: "trace", help: "show what goes over the wire on standard error, as HH:MM:SS NAME La> …" },
  { name: "trace-file", value: "FILE", help: "append the same to FILE, one JSON object per line" },
  { name: "trace-only", value: "NAMES", help: "trace these users alone, separated by commas; or IP addresses" },
  { name: "log-level", value: "LEVEL", help: `lowest level that is logged: ${LOG_LEVELS.join(", ")} (info)` },
  { name: "log-json", help: "log JSON, one object per line" },
  { name: "text", help: "with export: lines to read (the default)" },
  { name: "json", help: "with export: JSON, one object per message and line" },
  { name: "yes", help: "with reset: do not ask" },
  { name: "help", help: "show this help" },
  { name: "version", help: "show the version" },
];

/** The options of the listeners; that of IM is PORT. */
const LISTENER_OPTIONS: readonly Option[] = LISTENER_ROWS.flatMap(({ option, title }) =>
  option === undefined ? [] : [{ name: option, value: "PORT", help: title }]
);

const LISTENER_HELP = LISTENER_ROWS.map(({ option, title, note, transport, usualPort }) =>
  [
    option === undefined ? "PORT" : `--${option} PORT`,
    `${title} (${transport}, ${usualPort})${note === undefined ? "" : `; ${note}`}`,
  ] as const
);

const HELP = `Partyline server: chat for a room, a lab or a LAN.

  server [PORT [USERS_FILE]] [options]   start the server
  server IP PORT [options]               the lobby alone, as its handout has it
  server hash-passwords USERS_FILE       replace plain passwords by hashes
  server export [ROOM|NAME] >FILE        write the kept messages to FILE
  server reset                           begin anew; asks, and keeps a copy

Without PORT and without an option of a listener, every listener but TLS is
opened on its usual port. Otherwise those that are named are opened, and no
other: server --lobby 2003 is the lobby alone. PORT is for IM. Port 0 is any
free port.

USERS_FILE has one user per line: username, white space, password; neither may
contain white space. SIGHUP reads it again. If it is not named, ./users.txt is
read if it exists.

SIGINT (Ctrl-C), SIGTERM, or E and Enter on its console stop the server cleanly;
H and Enter show what else can be typed there. In the background, give it no
console to read: server </dev/null &

Listeners (in parentheses: the usual port)
${helpColumns(LISTENER_HELP)}

Options
${optionHelp(OPTIONS)}

Limits (N is a whole number; the default is in parentheses)
${optionHelp(limitOptions())}

Examples
  server                                 everything on its usual port
  server 5000 /home/lab/users.txt        IM alone, another port, another file
  server 0 users.txt --host 127.0.0.1    any free port, this machine only
  server 192.168.1.5 2003                the lobby alone
  server --lobby 2003 --web 2080         the lobby and the page alone
  server --trace                         show what goes over the wire
  server --trace-file t.jsonl            the same as JSON, in a file
`;

/** Parses the server's command line; throws a `UserError` for a mistake. */
export function parseServerArgs(args: readonly string[]): ServerPlan {
  const flags = readFlags(args, [...LISTENER_OPTIONS, ...OPTIONS, ...limitOptions()]);
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
  const { host, listeners, users } = readPlaces(flags);
  return {
    type: "serve",
    host: host ?? "0.0.0.0",
    web: {
      host: host ?? "127.0.0.1",
      names: flags.value("web-names")?.split(",").map((name) => name.trim()) ?? [],
      watchPasswordFile: flags.value("watch-password-file"),
      tls: readTls(flags),
    },
    listeners,
    data,
    users: users ?? "users.txt",
    usersNamed: users !== undefined,
    registration: flags.has("registration"),
    addressBookReply: readReply(flags),
    ...readTrace(flags),
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

/** What the words of the command line and the options of the listeners say: `[PORT [USERS_FILE]]`, or `IP PORT`. */
function readPlaces(flags: Flags): { host: string | undefined; listeners: ListenerPorts; users: string | undefined } {
  const [first, second, third] = flags.words;
  const named: Partial<Record<ListenerName, number>> = {};
  for (const { name, option } of LISTENER_ROWS) {
    const given = option === undefined ? undefined : flags.value(option);
    if (given !== undefined) named[name] = readPort(given, true);
  }
  const host = flags.value("host");
  if (first === undefined) {
    return { host, listeners: Object.keys(named).length > 0 ? named : usualPorts(), users: undefined };
  }
  if (isIpAddress(first) || first === "localhost") {
    if (second === undefined || third !== undefined) {
      const count = flags.words.length;
      throw new UserError(`the lobby alone takes an IP address and a port: server IP PORT; found ${count} of 2 words`);
    }
    if (host !== undefined) throw new UserError(`the address is given twice: ${first} and --host ${host}`);
    if (named.lobby !== undefined) throw new UserError(`the lobby's port is given twice: ${second} and --lobby`);
    return { host: first, listeners: { ...named, lobby: readPort(second, true) }, users: undefined };
  }
  if (!/^\d+$/.test(first)) {
    throw new UserError(`expected a port, or an IP address and a port, not "${first}"; --help shows the usage`);
  }
  if (third !== undefined) throw new UserError(`expected PORT and USERS_FILE, found "${third}" after them`);
  return { host, listeners: { im: readPort(first, true), ...named }, users: second };
}

function usualPorts(): ListenerPorts {
  return Object.fromEntries(LISTENER_ROWS.filter((row) => row.isUsual).map((row) => [row.name, row.usualPort]));
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

function readReply(flags: Flags): ReplyForm {
  const given = flags.value("address-book-reply") ?? "text";
  const form = REPLY_FORMS.find((form) => form === given);
  if (form) return form;
  throw new UserError(`--address-book-reply must be one of ${REPLY_FORMS.join(", ")}, not "${given}"`);
}

function readTrace(flags: Flags) {
  const [trace, traceFile] = [flags.has("trace"), flags.value("trace-file")];
  const traceOnly = flags.value("trace-only")?.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (traceOnly !== undefined && !trace && traceFile === undefined) {
    throw new UserError("--trace-only needs --trace or --trace-file FILE");
  }
  return { trace, traceFile, traceOnly };
}

function readLevel(flags: Flags): typeof LOG_LEVELS[number] {
  const given = flags.value("log-level") ?? "info";
  const level = LOG_LEVELS.find((level) => level === given);
  if (level) return level;
  throw new UserError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${given}"`);
}
