import { VERSION } from "../base/version.ts";
import { type Option, optionHelp, readFlags, readPort, UsageError } from "./flags.ts";

/** What the client was asked to do. */
export type ClientPlan =
  | { readonly type: "print"; readonly text: string }
  | {
    readonly type: "im";
    readonly host: string;
    readonly port: number;
    readonly name: string | undefined;
    readonly passwordFile: string | undefined;
    readonly trace: boolean;
  };

const OPTIONS: readonly Option[] = [
  { name: "name", value: "NAME", help: "log in with this name instead of asking for it" },
  { name: "password-file", value: "FILE", help: "log in with the password in the first line of this file" },
  { name: "trace", help: "show every wire line on standard error, as HH:MM:SS NAME La> …" },
  { name: "help", help: "show this" },
  { name: "version", help: "show the version" },
];

const HELP = `Partyline client: chat for a room, a lab, a LAN.

  client [HOST PORT] [options]   join a server, 127.0.0.1 2001 unless given

It is the client of the IM handout, prompts and codes and all.

Once logged in, type
  /list                who is online
  /to NAME TEXT        say something to one person
  /toall TEXT          say something to everybody
  /exit                leave
In a terminal /help and /help to tell more, Tab completes commands and names,
Ctrl-C leaves. Where input or output is no terminal all is as in the handout.

Options
${optionHelp(OPTIONS)}

Examples
  client 192.168.1.7 2001
  client localhost 2001 --name jacky --password-file ~/.partyline-password
  printf 'jacky\\n12345\\n/list\\n/exit\\n' | client 127.0.0.1 2001
`;

/** Reads the client's command line; throws a `UsageError` when it cannot be obeyed. */
export function readClientLine(args: readonly string[]): ClientPlan {
  const flags = readFlags(args, OPTIONS);
  if (flags.has("help")) return { type: "print", text: HELP };
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  const [host, port, ...more] = flags.words;
  if (host !== undefined && port === undefined) {
    throw new UsageError(`expected HOST and PORT, found only "${host}"; --help shows how`);
  }
  if (more.length > 0) throw new UsageError(`expected HOST and PORT, found one more: "${more[0]}"`);
  return {
    type: "im",
    host: host ?? "127.0.0.1",
    port: port === undefined ? 2001 : readPort(port, false),
    name: flags.value("name"),
    passwordFile: flags.value("password-file"),
    trace: flags.has("trace"),
  };
}
