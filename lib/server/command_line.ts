import { isIpAddress } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import { type Limits, limits } from "../core/limits.ts";
import { LOG_LEVELS } from "../core/log.ts";
import { suggestion } from "../core/suggestion.ts";
import { VERSION } from "../core/version.ts";
import { CONFIG_FILE } from "../store/config_file.ts";
import { LISTENER_ROWS, type ListenerName, type ListenerPorts } from "../protocols/listener_table.ts";
import { REPLY_FORMS, type ReplyForm } from "../protocols/directory/listing.ts";
import { type Flags, limitDefaults, readFlags, readLimits, readNumber, readPort } from "../terminal/flags.ts";
import { completions } from "../terminal/completions.ts";
import { manualPage } from "../terminal/manual.ts";
import { environmentSettings, fileSettings, layered, type Settings, settingsText } from "../terminal/settings.ts";
import { commandHelp, helpOn, refuseForeignOptions } from "../terminal/program_help.ts";
import { OPTIONS, SERVER, START, START_OPTIONS } from "./commands.ts";
import { type ExchangePlan, readExchange } from "./exchange_options.ts";
import type { UsersTask } from "./manage_users.ts";

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
  | {
    readonly type: "users";
    readonly users: string;
    readonly task: UsersTask;
    readonly passwordFile: string | undefined;
    readonly limits: Limits;
  }
  /** Write the stored messages: all, or those of a room or a user. */
  | {
    readonly type: "export";
    readonly data: string;
    readonly format: "text" | "json";
    readonly of: string | undefined;
  }
  /** Start over with an empty store; `sure`: without asking the operator. */
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
    /** Whether guests may log in, with a name and a room and no account. */
    readonly guests: boolean;
    readonly addressBookReply: ReplyForm;
    /** Where the chat is shared with other servers; undefined: the server is alone. */
    readonly exchange: ExchangePlan | undefined;
    readonly trace: boolean;
    /** The file that gets the trace as JSON, too. */
    readonly traceFile: string | undefined;
    /** The users whose wire is traced; undefined: all. */
    readonly traceOnly: readonly string[] | undefined;
    readonly logLevel: typeof LOG_LEVELS[number];
    readonly logJson: boolean;
    readonly limits: Limits;
  };

/** The sources of settings besides the command line. */
export interface Surroundings {
  variable(name: string): string | undefined;
  /** The content of the configuration file; undefined if it is not named and there is none. */
  config(path: string | undefined): Readonly<Record<string, unknown>> | undefined;
}

/** Parses the server's command line; throws a `UserError` for a mistake. Without `surroundings`, there are no other settings. */
export function parseServerArgs(args: readonly string[], around?: Surroundings): ServerPlan {
  if (args[0] === "help") return { type: "print", text: helpOn(SERVER, args.slice(1)) };
  if (args[0] === "completions") return { type: "print", text: completions(SERVER, args.slice(1)) };
  if (args[0] === "man") return { type: "print", text: manualPage(SERVER) };
  const given = readFlags(args, OPTIONS);
  if (given.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  const [first, ...rest] = given.words;
  const command = SERVER.commands.find(({ name }) => name === first && name !== "start") ?? START;
  if (given.has("help")) {
    return { type: "print", text: first === undefined ? helpOn(SERVER, []) : commandHelp(SERVER, command) };
  }
  refuseForeignOptions(SERVER, command, given.given);
  const flags = layered(given, around === undefined ? [] : settingsAround(around, given), command.options);
  if (first === "config") {
    if (rest.length > 0) throw new UserError(`config takes no argument, found "${rest[0]}"`);
    return { type: "print", text: settingsText(flags, START_OPTIONS, limitDefaults()) };
  }
  const numbers = limits(readLimits(flags));
  if (first === "hash-passwords") {
    if (rest.length !== 1) throw new UserError(`hash-passwords takes one users file, not ${rest.length}`);
    return { type: "hash", users: rest[0]!, limits: numbers };
  }
  if (first === "users") {
    const [users, passwordFile] = [flags.value("users") ?? "users.txt", flags.value("password-file")];
    return { type: "users", users, task: readUsersTask(flags, rest), passwordFile, limits: numbers };
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
    guests: flags.has("guests") || listeners.rooms !== undefined,
    addressBookReply: readReply(flags),
    exchange: readExchange(flags),
    ...readTrace(flags),
    logLevel: readLevel(flags),
    logJson: flags.has("log-json"),
    limits: numbers,
  };
}

/** The environment, and the configuration file. */
function settingsAround(around: Surroundings, given: Flags): Settings[] {
  const environment = environmentSettings((name) => around.variable(name), START_OPTIONS);
  const path = given.value("config") ?? environment.values.get("config");
  const named = path === true ? undefined : path;
  const content = around.config(named);
  return content === undefined ? [environment] : [
    environment,
    fileSettings(content, named ?? CONFIG_FILE, START_OPTIONS),
  ];
}

function readExport(flags: Flags, [of, ...more]: readonly string[], data: string): ServerPlan {
  if (more.length > 0) throw new UserError(`export takes one room or user, found "${more[0]}" after "${of}"`);
  if (flags.has("json") && flags.has("text")) throw new UserError("--json and --text exclude each other; give one");
  return { type: "export", data, format: flags.has("json") ? "json" : "text", of };
}

const USERS_TASKS = ["add", "passwd", "remove", "generate"] as const;

function readUsersTask(flags: Flags, [word, value, ...more]: readonly string[]): UsersTask {
  const type = USERS_TASKS.find((each) => each === word);
  if (type === undefined) {
    throw new UserError(
      `users takes one of ${USERS_TASKS.join(", ")}, found ${word === undefined ? "nothing" : `"${word}"`}`,
    );
  }
  if (value === undefined || more.length > 0) {
    const form = type === "generate" ? "generate N" : `${type} NAME`;
    throw new UserError(`expected users ${form}, found "users ${[word, value ?? "", ...more].join(" ").trim()}"`);
  }
  if (type !== "generate") return { type, name: value };
  const count = readNumber("the number of accounts", value, { min: 1, max: 1000 });
  return { type, count, prefix: flags.value("prefix") ?? "s" };
}

/** Parses the arguments, `[PORT [USERS_FILE]]` or `IP PORT`, and the options of the listeners. */
function readPlaces(flags: Flags): { host: string | undefined; listeners: ListenerPorts; users: string | undefined } {
  const [first, second, third] = flags.words;
  const named: Partial<Record<ListenerName, number>> = {};
  for (const { name, option } of LISTENER_ROWS) {
    const given = option === undefined ? undefined : flags.value(option);
    if (given !== undefined) named[name] = readPort(given, true, `--${option}`);
  }
  if (named.tls !== undefined && flags.has("no-tls")) {
    throw new UserError("--no-tls and --tls-port exclude each other; give one");
  }
  const host = flags.value("host");
  if (first === undefined) {
    const listeners = Object.keys(named).length > 0 ? named : usualPorts(flags.has("no-tls"));
    return { host, listeners, users: undefined };
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
    const meant = suggestion(first, SERVER.commands.map(({ name }) => name));
    const hint = meant === undefined ? "--help shows the usage" : `did you mean ${meant}?`;
    throw new UserError(`expected a command, a port, or an IP address and a port, not "${first}"; ${hint}`);
  }
  if (third !== undefined) throw new UserError(`expected PORT and USERS_FILE, found "${third}" after them`);
  return { host, listeners: { im: readPort(first, true), ...named }, users: second };
}

function usualPorts(withoutTls: boolean): ListenerPorts {
  const rows = LISTENER_ROWS.filter(({ name, isUsual }) => isUsual && !(withoutTls && name === "tls"));
  return Object.fromEntries(rows.map((row) => [row.name, row.usualPort]));
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
  const trace = flags.has("trace");
  const [file, record] = [flags.value("trace-file"), flags.value("record")];
  if (file !== undefined && record !== undefined) {
    throw new UserError("--record and --trace-file are the same; give one");
  }
  const traceFile = file ?? record;
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
