import { type Limits, limits } from "../base/limits.ts";
import { LOG_LEVELS } from "../base/log.ts";
import { VERSION } from "../base/version.ts";
import {
  type Flags,
  limitOptions,
  type Option,
  optionHelp,
  readFlags,
  readLimits,
  readPort,
  UsageError,
} from "./flags.ts";

/** What the server was asked to do. */
export type ServerPlan =
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "hash"; readonly users: string; readonly limits: Limits }
  | {
    readonly type: "serve";
    readonly host: string;
    readonly port: number;
    readonly users: string;
    readonly trace: boolean;
    readonly logLevel: typeof LOG_LEVELS[number];
    readonly logJson: boolean;
    readonly limits: Limits;
  };

const OPTIONS: readonly Option[] = [
  { name: "host", value: "ADDR", help: "address to listen on (0.0.0.0: every one that this machine has)" },
  { name: "trace", help: "show every wire line on standard error, as HH:MM:SS NAME La> …" },
  { name: "log-level", value: "LEVEL", help: `how much is logged: ${LOG_LEVELS.join(", ")} (info)` },
  { name: "log-json", help: "log one JSON object a line instead of text" },
  { name: "help", help: "show this" },
  { name: "version", help: "show the version" },
];

const HELP = `Partyline server: chat for a room, a lab, a LAN.

  server [PORT [USERS_FILE]] [options]   serve
  server hash-passwords USERS_FILE       make plain passwords scrypt entries

PORT is 2001 unless given, 0 for any free one; USERS_FILE is ./users.txt. It has
one user a line: username, white space, password; neither holds white space.
SIGHUP reads it again. SIGINT (Ctrl-C) and SIGTERM end the server in good order.

Options
${optionHelp(OPTIONS)}

Limits (N is a whole number; the usual one stands in brackets)
${optionHelp(limitOptions())}

Examples
  server                                 everything as usual
  server 5000 /home/lab/users.txt        another port, another file
  server 0 users.txt --host 127.0.0.1    any free port, this machine only
  server --trace                         watch the protocol, line by line
`;

/** Reads the server's command line; throws a `UsageError` when it cannot be obeyed. */
export function readServerLine(args: readonly string[]): ServerPlan {
  const flags = readFlags(args, [...OPTIONS, ...limitOptions()]);
  if (flags.has("help")) return { type: "print", text: HELP };
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  const numbers = limits(readLimits(flags));
  const [first, ...rest] = flags.words;
  if (first === "hash-passwords") {
    if (rest.length !== 1) throw new UsageError(`hash-passwords takes one users file, not ${rest.length}`);
    return { type: "hash", users: rest[0]!, limits: numbers };
  }
  if (rest.length > 1) throw new UsageError(`expected PORT and USERS_FILE, found one more: "${rest[1]}"`);
  return {
    type: "serve",
    host: flags.value("host") ?? "0.0.0.0",
    port: first === undefined ? 2001 : readPort(first, true),
    users: rest[0] ?? "users.txt",
    trace: flags.has("trace"),
    logLevel: readLevel(flags),
    logJson: flags.has("log-json"),
    limits: numbers,
  };
}

function readLevel(flags: Flags): typeof LOG_LEVELS[number] {
  const given = flags.value("log-level") ?? "info";
  const level = LOG_LEVELS.find((level) => level === given);
  if (level) return level;
  throw new UsageError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${given}"`);
}

/** What a person may type next, once the door is open. */
export function hint(plan: { users: string }, port: number, names: readonly string[]): string {
  const client = Deno.build.standalone ? "partyline-client" : "deno task client";
  const some = names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
  return `
${names.length} accounts in ${plan.users}: ${some}
To join, in another terminal:  ${client} 127.0.0.1 ${port}
To watch the protocol: --trace. To stop: Ctrl-C.

`;
}
