import { UserError } from "../core/errors.ts";
import { peerNameFault } from "../chat/names.ts";
import { VERSION } from "../core/version.ts";
import { ADDRESS_BOOK_PORT, type PeerStart } from "./peer_form.ts";
import { suggestion } from "../core/suggestion.ts";
import { LISTENERS } from "../protocols/listener_table.ts";
import { type Flags, readFlags, readNumber, readPort } from "../terminal/flags.ts";
import { completions } from "../terminal/completions.ts";
import { manualPage } from "../terminal/manual.ts";
import { type Command, commandHelp, helpOn, refuseForeignOptions } from "../terminal/program_help.ts";
import { environmentSettings, layered } from "../terminal/settings.ts";
import { CLIENT, commandNamed, OPTIONS } from "./commands.ts";

/** The task that a command line gives to the client. */
export type ClientPlan =
  | PrintPlan
  | JoinPlan
  | RoomsPlan
  | PeerPlan
  | DoctorPlan
  | ForgetPlan;

/** Find out why two machines do not see each other. */
export interface DoctorPlan {
  readonly type: "doctor";
  /** The other machine; undefined to examine only this one. */
  readonly host: string | undefined;
  /** Whether to answer the doctor of another machine. */
  readonly answer: boolean;
}

/** Forget the certificate of a server. */
export interface ForgetPlan {
  readonly type: "forget";
  readonly host: string;
  readonly port: number;
  readonly data: string | undefined;
}

/** Print a text and end. */
export interface PrintPlan {
  readonly type: "print";
  readonly text: string;
}

/** Options of both the chat with a server and the chat between peers. */
interface CommonPlan {
  /** The folder for keys and for what was shown; undefined for the default. */
  readonly data: string | undefined;
  /** Whether typed lines are kept for the next run. */
  readonly history: boolean;
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
  /** Whether a mailbox client speaks only the authors' protocol. */
  readonly plain: boolean;
  /** Whether to join without an account, and the room to enter; undefined to ask for it at a terminal. */
  readonly guest: { readonly room: string | undefined } | undefined;
  /** TLS, to a server with a trusted certificate or with the one in this file; undefined: no TLS. */
  readonly tls: "trusted" | { readonly cert: string } | undefined;
  /** Whether to do without TLS where a server offers it. */
  readonly noTls: boolean;
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
  /** The values that the user is asked for, at the terminal or in the page, with their defaults. */
  readonly asked: readonly (keyof PeerStart)[];
  /** Between two requests to the address book. */
  readonly tableRefreshMs: number;
}

const HERE = "127.0.0.1";

/**
 * Parses the client's command line; throws a `UserError` for a mistake. `attended`: whether a user can be asked at a terminal;
 * `variable`: the environment.
 */
export function parseClientArgs(
  args: readonly string[],
  attended = false,
  variable: (name: string) => string | undefined = () => undefined,
): ClientPlan {
  if (args[0] === "help") return { type: "print", text: helpOn(CLIENT, args.slice(1)) };
  if (args[0] === "completions") return { type: "print", text: completions(CLIENT, args.slice(1)) };
  if (args[0] === "man") return { type: "print", text: manualPage(CLIENT) };
  const given = readFlags(args, OPTIONS);
  if (given.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  const command = readCommand(given.words[0]);
  if (given.has("help")) {
    return { type: "print", text: given.words.length === 0 ? helpOn(CLIENT, []) : commandHelp(CLIENT, command) };
  }
  refuseForeignOptions(CLIENT, command, given.given);
  const flags = layered(given, [environmentSettings(variable, OPTIONS)], command.options);
  if (command.name === "doctor") return readDoctor(flags);
  if (command.name === "forget") {
    const place = requirePlace("forget", flags.words.slice(1), LISTENERS.im.usualPort);
    return { type: "forget", ...place, data: flags.value("data") };
  }
  if (command.name === "rooms") return readRooms(flags);
  return command.name === "peer" ? readPeer(flags, attended) : readJoin(flags, command.name as JoinPlan["type"]);
}

/** The command of a command line; a first word that is no command is the host of an IM server. */
function readCommand(first: string | undefined): Command {
  const command = commandNamed(first ?? "chat");
  if (command !== undefined && first !== "im") return command;
  const meant = /^[a-z]+$/i.test(first!) && first !== "localhost"
    ? suggestion(first!, CLIENT.commands.map(({ name }) => name))
    : undefined;
  if (meant !== undefined && meant !== first) {
    throw new UserError(
      `there is no command "${first}"; did you mean ${meant}? For a host of that name: ${first}:2001`,
    );
  }
  return commandNamed("im")!;
}

function readDoctor(flags: Flags): DoctorPlan {
  const [, host, ...more] = flags.words;
  if (more.length > 0) throw new UserError(`doctor takes one host, found "${more[0]}" after ${host}`);
  const answer = flags.has("answer");
  if (answer && host !== undefined) {
    throw new UserError(`--answer takes no host, found "${host}"; the other machine names this one`);
  }
  return { type: "doctor", host, answer };
}

function readPeer(flags: Flags, attended: boolean): PeerPlan {
  const table = readPlace("peer", flags.words.slice(1), ADDRESS_BOOK_PORT);
  const name = flags.value("name");
  const page = flags.has("page");
  if (name === undefined && !attended && !page) {
    const example = ["client", ...flags.words, "--name alice"].join(" ");
    const others = "--udp and the address book's HOST can be left out";
    throw new UserError(`peer requires --name; ${others}; for example: ${example}`);
  }
  const fault = name === undefined ? undefined : peerNameFault(name);
  if (fault !== undefined) throw new UserError(`--name ${JSON.stringify(name)}: ${fault}`);
  const udp = flags.value("udp");
  const refresh = flags.value("table-refresh");
  const canAsk = attended || page && name === undefined;
  // With a user name, the rest has defaults: any free port, and multicast.
  const asked = canAsk && name === undefined ? openFields({ name, udp, table: table?.host }) : [];
  if (refresh !== undefined && table === undefined && !asked.includes("table")) {
    throw new UserError("--table-refresh requires peer HOST; for example: client peer 192.168.1.7 --name alice");
  }
  return {
    type: "peer",
    table,
    asked,
    name: name ?? "",
    udp: udp === undefined ? 0 : readNumber("--udp", udp, { min: 0, max: 65535 }),
    // An entry that is not renewed for 90 s is dropped.
    tableRefreshMs: 1000 * (refresh === undefined ? 30 : readNumber("--table-refresh", refresh, { min: 1, max: 80 })),
    data: flags.value("data"),
    history: !flags.has("no-history"),
    downloads: flags.value("downloads"),
    page,
    trace: flags.has("trace"),
    traceFile: flags.value("trace-file"),
  };
}

function readRooms(flags: Flags): RoomsPlan {
  return {
    type: "rooms",
    ...requirePlace("rooms", flags.words.slice(1), LISTENERS.rooms.usualPort),
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

function readJoin(flags: Flags, type: JoinPlan["type"]): JoinPlan {
  const [tls, noTls] = [readTls(flags), flags.has("no-tls")];
  if (noTls && tls !== undefined) throw new UserError("--no-tls excludes --tls and --tls-cert; give one");
  if (flags.value("room") !== undefined && !flags.has("guest")) {
    throw new UserError("--room requires --guest; for example: client chat 192.168.1.7 --guest --room lab1");
  }
  const guest = flags.has("guest") ? { room: flags.value("room") } : undefined;
  if (guest && (tls !== undefined || flags.has("page"))) {
    throw new UserError(
      "--guest is for a terminal or a script, without --tls; the server's page has a form for guests",
    );
  }
  if (guest && flags.value("password-file") !== undefined) {
    throw new UserError("--guest and --password-file exclude each other: a guest has no password");
  }
  const plain = flags.has("plain");
  const words = type === "im" ? flags.words : flags.words.slice(1);
  const port = tls === undefined ? LISTENERS[type === "chat" ? "im" : type].usualPort : LISTENERS.tls.usualPort;
  const where = type === "chat"
    ? readPlace(type, words, port) ?? { host: HERE, port }
    : requirePlace(type, words, port);
  return {
    type,
    ...where,
    tls,
    noTls,
    guest,
    plain,
    name: flags.value("name"),
    passwordFile: flags.value("password-file"),
    data: flags.value("data"),
    history: !flags.has("no-history"),
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

/** A host and a port, as `HOST`, `HOST PORT`, `HOST:PORT` or `[IPV6]:PORT`; undefined where nothing is given. */
function readPlace(
  command: string,
  [first, second, ...more]: readonly string[],
  usualPort: number,
): { host: string; port: number } | undefined {
  if (first === undefined) return undefined;
  const after = command === "im" ? "" : ` after ${command}`;
  if (more.length > 0) throw new UserError(`expected HOST and PORT${after}, found "${more[0]}" after them`);
  // More than one colon without brackets is an IPv6 address alone.
  const [, bracketed, plain, joined] = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/s.exec(first) ?? [];
  const host = bracketed ?? plain ?? first;
  if (host === "") throw new UserError(`expected HOST:PORT${after}, found "${first}" without a host`);
  if (joined !== undefined && second !== undefined) {
    throw new UserError(`the port is given twice: ${first} and ${second}`);
  }
  const port = joined ?? second;
  return { host, port: port === undefined ? usualPort : readPort(port, false) };
}

function requirePlace(command: string, words: readonly string[], usualPort: number): { host: string; port: number } {
  const place = readPlace(command, words, usualPort);
  if (place) return place;
  throw new UserError(`expected HOST after ${command}, found nothing; for example: client ${command} 192.168.1.7`);
}
