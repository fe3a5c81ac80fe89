import { dirname, resolve } from "@std/path";
import { promptSecret } from "@std/cli/prompt-secret";
import { Accounts } from "./lib/chat/accounts.ts";
import type { Hub } from "./lib/chat/hub.ts";
import { formatAddress } from "./lib/core/address.ts";
import { UserError } from "./lib/core/errors.ts";
import { LOG_WAITING_BYTES } from "./lib/core/limits.ts";
import { log, openLog, RecentLog } from "./lib/core/log.ts";
import { reason } from "./lib/core/reason.ts";
import { sanitized } from "./lib/core/text.ts";
import { ownAddresses } from "./lib/net/own_addresses.ts";
import { LISTENER_ROWS } from "./lib/protocols/listener_table.ts";
import { accountsText, banner } from "./lib/server/banner.ts";
import { parseServerArgs, type ServerPlan } from "./lib/server/command_line.ts";
import { type ConsoleCommand, watchConsole } from "./lib/server/console.ts";
import { reachable } from "./lib/server/counts.ts";
import { manageUsers } from "./lib/server/manage_users.ts";
import { type Operating, operatingOf } from "./lib/server/operating.ts";
import { operatorCommands } from "./lib/server/operator_commands.ts";
import { openServer, type Server, within } from "./lib/server/server.ts";
import { exportChat, resetChat } from "./lib/store/kept_chat.ts";
import { checksAtOnce, Passwords } from "./lib/store/passwords.ts";
import { readConfig } from "./lib/store/config_file.ts";
import { codePaths, confineTo, type NeededPaths } from "./lib/store/file_permissions.ts";
import { readSecret } from "./lib/store/private_file.ts";
import { hashUsers, readUsers, readUsersIfAny } from "./lib/store/users_file.ts";
import { droppedText, Output, type Sink } from "./lib/terminal/output.ts";
import { print, printError } from "./lib/terminal/print.ts";

/** For the last log lines, when the server has stopped. */
const LAST_WORDS_MS = 500;

type ServePlan = Extract<ServerPlan, { type: "serve" }>;

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = parseServerArgs(args, { variable: (name) => Deno.env.get(name), config: readConfig });
    if (plan.type === "print") print(plan.text);
    else if (plan.type === "hash") await hash(plan.users, new Passwords(checksAtOnce(plan.limits.hashesAtOnce)));
    else if (plan.type === "users") print(await users(plan));
    else if (plan.type === "export") exportChat(plan, print);
    else if (plan.type === "reset") reset(plan);
    else await serve(plan);
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    printError(`server: ${sanitized(error.message)}\n`);
    return 2;
  }
}

function users({ users, task, passwordFile, limits }: Extract<ServerPlan, { type: "users" }>): Promise<string> {
  return manageUsers(users, task, {
    limits,
    passwords: new Passwords(checksAtOnce(limits.hashesAtOnce)),
    ask: (question) => promptSecret(question, { mask: "" }) ?? undefined,
    given: readSecret(passwordFile),
    progress: hashing,
  });
}

/** Hashing a class takes a while. */
function hashing(done: number, all: number): void {
  if (Deno.stderr.isTerminal()) printError(`\r${done} of ${all} passwords${done === all ? "\n" : ""}`);
}

async function hash(users: string, passwords: Passwords): Promise<void> {
  const { hashed, already } = await hashUsers(users, passwords, hashing);
  print(`${users}: ${hashed} ${hashed === 1 ? "password" : "passwords"} hashed, ${already} already were\n`);
}

function reset(plan: Extract<ServerPlan, { type: "reset" }>): void {
  if (!plan.sure && !Deno.stdin.isTerminal()) throw new UserError("reset asks before it begins; --yes answers for you");
  const question = `Begin anew, without the rooms and messages in ${plan.data}? A copy of them is kept. (yes or no)`;
  const copy = resetChat(plan.data, () => plan.sure || prompt(question) === "yes", Date.now());
  print(copy === undefined ? "nothing was changed\n" : `the chat is empty; what was kept is in ${copy}\n`);
}

/** The files and folders that a server reads and writes until it stops. */
function neededPaths(plan: ServePlan): NeededPaths {
  const { web, exchange, traceFile } = plan;
  const written = [plan.data, ...(traceFile === undefined ? [] : [traceFile])];
  // A changed users file replaces the former one, which takes a second file beside it.
  const users = plan.registration || plan.usersNamed ? [dirname(resolve(plan.users))] : [];
  const tls = typeof web.tls === "object" ? [web.tls.cert, web.tls.key] : [];
  const place = exchange?.place;
  const secrets = [
    web.watchPasswordFile,
    ...place?.type === "nats" ? [place.loginFile, place.authorityFile] : [place?.secretFile],
  ].filter((path) => path !== undefined);
  return {
    read: [...written, ...users, plan.users, ...tls, ...secrets, ...codePaths(), "/dev/null"],
    write: [...written, ...users],
  };
}

async function serve(plan: ServePlan): Promise<void> {
  confineTo(neededPaths(plan));
  const watched = queued(Deno.stderr);
  const recent = new RecentLog();
  openLog({
    level: plan.logLevel,
    json: plan.logJson,
    write: (line) => watched.push(line),
    keep: (line) => recent.add(line),
  });
  const accounts = accountsOf(plan);
  const open: { operating?: Operating } = {};
  // Before the listeners open: once they are open, a signal may come.
  const stopping = stopSignal(() => reload(plan.users, server.hub), operatorCommands(() => open.operating));
  // The lobby's handout shows on its terminal who comes and what they say.
  const isLobbyAlone = Object.keys(plan.listeners).join() === "lobby";
  const shown = queued(Deno.stdout);
  const server: Server = await openServer(
    {
      ...plan,
      recordsRequests: true,
      enrollIn: plan.registration ? plan.users : undefined,
      passwordsIn: plan.registration || plan.usersNamed ? plan.users : undefined,
      log: recent,
      show: isLobbyAlone ? (line) => shown.push(`${sanitized(line)}\n`) : undefined,
    },
    accounts ?? new Accounts(new Map()),
    // A busy trace leaves room for the log.
    (line) => watched.push(line, LOG_WAITING_BYTES / 2),
  );
  open.operating = operatingOf(server.runner);
  for (const { name, hostname, port } of server.listeners) {
    print(`${name} listening on ${formatAddress({ hostname, port })}\n`);
  }
  const columns = Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 0;
  const facts = {
    ...plan,
    columns,
    listeners: server.listeners,
    names: accounts?.names,
    hosts: reachable(ownAddresses()),
  };
  const missing = accounts?.size === 0 ? accountsText(facts).trimEnd() : "";
  if (Deno.stdout.isTerminal()) print(banner(facts));
  else if (missing !== "") log.warning(missing.replaceAll("\n", " "));
  log.info(
    `${await stopping}: telling ${
      server.runner.size === 1 ? "1 session" : `${server.runner.size} sessions`
    }, then stopping`,
  );
  await server.stop();
  await within(LAST_WORDS_MS, Promise.all([watched.flushed(), shown.flushed()]));
}

/** A reader that does not keep up loses lines; it never stops the chat. */
function queued(sink: Sink): Output {
  return new Output({
    sink,
    compose: (lines) => lines.join(""),
    broken: () => {},
    waitingBytes: LOG_WAITING_BYTES,
    droppedLine: (count) => `${droppedText(count)}\n`,
  });
}

/** The accounts of the users file; undefined where no listener has a use for them. Only a file that was named has to exist. */
function accountsOf({ users, usersNamed, listeners }: ServePlan): Accounts | undefined {
  if (!usersNamed && LISTENER_ROWS.every(({ name, accounts }) => !(name in listeners) || accounts === "unused")) return;
  return usersNamed ? readUsers(users) : readUsersIfAny(users);
}

/** Resolves with the reason to stop: a signal, or E on the console. `reread` is called at each SIGHUP that a person sends. */
function stopSignal(reread: () => void, commands: readonly ConsoleCommand[]): Promise<string> {
  return new Promise((resolve) => {
    const stop = { name: "E", help: "stop the server", run: () => resolve("E on the console") };
    const all = [...commands, stop];
    watchConsole(Deno.stdin.readable, all, print, Deno.stdin.isTerminal());
    const windows = Deno.build.os === "windows";
    for (const signal of ["SIGINT", windows ? "SIGBREAK" : "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
    if (windows) return;
    // A terminal that is closed sends SIGHUP, too; then nobody could stop the server by hand.
    const attended = Deno.stdin.isTerminal();
    Deno.addSignalListener("SIGHUP", () => attended && !Deno.stdin.isTerminal() ? resolve("SIGHUP") : reread());
  });
}

function reload(users: string, hub: Hub): void {
  try {
    const accounts = readUsers(users);
    hub.replaceAccounts(accounts);
    log.info(`SIGHUP: ${accounts.size} accounts read from ${users}`);
  } catch (error) {
    log.error(`SIGHUP: the accounts stay as they were: ${reason(error)}`);
  }
}

// Called through a promise: if an error is made while this module is on the stack, V8 parses the whole file again, 20 ms in
// an executable.
if (import.meta.main) Deno.exit(await Promise.resolve(Deno.args).then(main));
