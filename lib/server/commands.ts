import { LOG_LEVELS } from "../core/log.ts";
import { REPLY_FORMS } from "../protocols/directory/listing.ts";
import { LISTENER_ROWS } from "../protocols/listener_table.ts";
import { helpColumns, limitOptions, type Option, optionHelp } from "../terminal/flags.ts";
import { EXCHANGE_OPTIONS } from "./exchange_options.ts";
import { type Command, COMMON_OPTIONS, completionsCommand, type Program } from "../terminal/program_help.ts";

const DATA: Option = {
  name: "data",
  value: "DIR",
  help: "folder for messages and the log of the address book (./partyline-data)",
};

/** The options of a server that runs, without listeners and limits. */
const SERVE_OPTIONS: readonly Option[] = [
  { name: "config", value: "FILE", help: "read options from FILE (./partyline.toml, if it exists)" },
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
  { name: "no-tls", help: "do not offer client chat an encrypted connection" },
  { name: "tls-cert", value: "FILE", help: "serve the web page over TLS with this certificate (PEM)" },
  { name: "tls-key", value: "FILE", help: "the key of that certificate (PEM)" },
  DATA,
  { name: "registration", help: "let users register: /register NAME at the name prompt of client chat" },
  {
    name: "guests",
    help: "let guests join without an account: the page, and client chat --guest; on where the rooms listener is open",
  },
  ...EXCHANGE_OPTIONS,
  { name: "trace", help: "show on standard error what goes over the wire, as HH:MM:SS NAME La> …" },
  { name: "trace-file", value: "FILE", help: "append the same to FILE, one JSON object per line" },
  { name: "record", value: "FILE", help: "the same as --trace-file, for `client check im replay FILE`" },
  { name: "trace-only", value: "NAMES", help: "trace only these users or IP addresses, separated by commas" },
  { name: "log-level", value: "LEVEL", help: `lowest level that is logged: ${LOG_LEVELS.join(", ")} (info)` },
  { name: "log-json", help: "log JSON, one object per line" },
];

/** The options of the listeners; that of IM is PORT. */
const LISTENER_OPTIONS: readonly Option[] = LISTENER_ROWS.flatMap(({ option, title }) =>
  option === undefined ? [] : [{ name: option, value: "PORT", help: title }]
);

const LIMIT_OPTIONS: readonly Option[] = limitOptions();

/** Every option of a server that runs; each can be set by the environment and by the configuration file, too. */
export const START_OPTIONS: readonly Option[] = [...LISTENER_OPTIONS, ...SERVE_OPTIONS, ...LIMIT_OPTIONS];

/** Every option but those of the limits. */
const NAMED_OPTIONS: readonly Option[] = [
  ...SERVE_OPTIONS,
  { name: "text", help: "lines to read (the default)" },
  { name: "json", help: "JSON, one object per message and line" },
  { name: "yes", help: "do not ask" },
  { name: "users", value: "FILE", help: "the users file (users.txt)" },
  { name: "password-file", value: "FILE", help: "the password is the first line of FILE" },
  { name: "prefix", value: "WORD", help: "what the names of generated accounts begin with (s)" },
];

const ALL_OPTIONS: readonly Option[] = [...LISTENER_OPTIONS, ...NAMED_OPTIONS, ...LIMIT_OPTIONS];

/** Every option of the server. */
export const OPTIONS: readonly Option[] = [...ALL_OPTIONS, ...COMMON_OPTIONS];

const LISTENER_HELP = helpColumns(LISTENER_ROWS.map(({ option, title, note, transport, usualPort }) =>
  [
    option === undefined ? "PORT" : `--${option} PORT`,
    `${title} (${transport}, ${usualPort})${note === undefined ? "" : `; ${note}`}`,
  ] as const
));

/** Starts the server. It is the command without a word of its own: its arguments are ports, addresses and files. */
export const START: Command = {
  name: "start",
  synopsis: ["[PORT [USERS_FILE]]", "IP PORT"],
  summary: "start the server",
  text: `Without PORT and without an option of a listener, every listener but TLS opens
on its usual port. Otherwise only those that are named open: server --lobby 2003
is the lobby alone, and so is server IP PORT, the form of its handout. PORT is
for IM. Port 0 is any free port.

USERS_FILE has one user per line: username, white space, password; neither may
contain white space. Lines that begin with # are comments. SIGHUP reads it
again. If it is not named, ./users.txt is read if it exists.

SIGINT (Ctrl-C), SIGTERM, or E and Enter on its console stop the server cleanly.
The console also takes who (who is online), kick NAME (end all sessions of a
user or a guest), say TEXT (a notice to every user and guest), and help or H.
In the background, give it no console to read: server </dev/null &

Listeners (in parentheses: the usual port)
${LISTENER_HELP}

Each limit is an option, too: server help limits`,
  options: START_OPTIONS.map(({ name }) => name),
  examples: [
    "server                                 everything on its usual port",
    "server 5000 /home/lab/users.txt        IM alone, another port, another file",
    "server 0 users.txt --host 127.0.0.1    any free port, this machine only",
    "server 192.168.1.5 2003                the lobby alone",
    "server --lobby 2003 --web 2080         the lobby and the page alone",
    "server --exchange nats://lab:4222      one chat with other servers there",
    "server --trace                         show what goes over the wire",
    "server --trace-file t.jsonl            the same as JSON, in a file",
  ],
};

const COMMANDS: readonly Command[] = [
  START,
  {
    name: "config",
    synopsis: ["config [options]"],
    summary: "show the settings and their origin",
    text: `Writes every option as a line of partyline.toml, with its origin: the command
line, the environment, the file, or the default. An option --keep-days is set by

  server --keep-days 7        on the command line, which comes first
  PARTYLINE_KEEP_DAYS=7       in the environment
  keep-days = 7               in ./partyline.toml, or the file of --config

A switch is on with 1 in the environment and with true in the file. A list is
"a,b", or ["a", "b"] in the file. PORT and USERS_FILE can be given only on the
command line.`,
    options: START_OPTIONS.map(({ name }) => name),
    examples: ["server config", "server config --keep-days 7 >partyline.toml"],
  },
  {
    name: "users",
    synopsis: ["users add|passwd|remove NAME", "users generate N --prefix s >SHEET"],
    summary: "change the accounts in users.txt",
    text: `Adds an account, sets its password, or removes it. The password is asked for
twice, or read from a file. "users generate 30 --prefix s" adds s01 to s30 and
writes their names and passwords, once: the file has only scrypt entries.

USERS_FILE has one user per line, "name password"; blank lines, and lines that
begin with #, are left as they are. A server that runs reads the file again at
SIGHUP.`,
    options: ["users", "password-file", "prefix", "hashes-at-once", "password-least"],
    examples: ["server users add carol", "server users generate 30 --prefix s >sheet.txt"],
  },
  {
    name: "hash-passwords",
    synopsis: ["hash-passwords USERS_FILE"],
    summary: "replace plain passwords by hashes",
    text: `Replaces each plain password in USERS_FILE by its scrypt entry; everything else
in the file stays as it was.`,
    options: ["hashes-at-once"],
    examples: ["server hash-passwords users.txt"],
  },
  {
    name: "export",
    synopsis: ["export [ROOM|NAME] >FILE"],
    summary: "write the stored messages to a file",
    text: `Writes the stored messages to standard output: all of them, or those of a room,
or of the private conversations of a user.`,
    options: ["data", "text", "json"],
    examples: ["server export lab1 >lab1.txt", "server export --json >all.jsonl"],
  },
  {
    name: "reset",
    synopsis: ["reset"],
    summary: "start over without messages; keep a copy",
    text: "Starts over without rooms and messages. It asks first, and keeps a copy.",
    options: ["data", "yes"],
    examples: ["server reset", "server reset --data /var/lib/partyline --yes"],
  },
  completionsCommand("server"),
];

const MORE = `Every listener is open unless some are named: server 2001 users.txt is IM alone,
server --lobby 2003 --web 2080 the lobby and the page. users.txt has one user
per line, "name password".

"server help COMMAND" explains a command; so do the topics listeners, options
and limits. See what goes over the wire: --trace. This machine only:
--host 127.0.0.1. To stop: Ctrl-C, or E and Enter.`;

/** The server, with its commands and the pages of its help. */
export const SERVER: Program = {
  name: "server",
  summary: "Partyline server: chat for a room, a lab or a LAN.",
  more: MORE,
  commands: COMMANDS,
  options: ALL_OPTIONS,
  topics: [
    { name: "listeners", text: () => `Listeners (in parentheses: the usual port)\n${LISTENER_HELP}\n` },
    {
      name: "options",
      text: () =>
        `Options of the commands of server; limits and listeners have pages of their own.\n\n${
          optionHelp(NAMED_OPTIONS)
        }\n`,
    },
    {
      name: "limits",
      text: () => `Limits (N is a whole number; the default is in parentheses)\n\n${optionHelp(LIMIT_OPTIONS)}\n`,
    },
  ],
};
