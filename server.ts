import { log, openLog } from "./lib/base/log.ts";
import { cleaned } from "./lib/base/text.ts";
import { reason } from "./lib/base/reason.ts";
import { UsageError } from "./lib/face/flags.ts";
import { Output } from "./lib/face/output.ts";
import { print, printError } from "./lib/face/print.ts";
import { hint, readServerLine, type ServerPlan } from "./lib/face/server_line.ts";
import { traceLine } from "./lib/face/trace.ts";
import type { Accounts } from "./lib/hub/accounts.ts";
import { Hub } from "./lib/hub/hub.ts";
import { endpoint } from "./lib/net/address.ts";
import { Places } from "./lib/net/places.ts";
import { StreamServer } from "./lib/net/stream_server.ts";
import { Switchboard } from "./lib/net/switchboard.ts";
import { openWorld } from "./lib/net/world.ts";
import { Passwords } from "./lib/store/passwords.ts";
import { hashUsers, readUsers, UsersFileError } from "./lib/store/users_file.ts";
import { IM_DOOR } from "./lib/wire/im/door.ts";

const TICK_MS = 50;
/** Log and trace lines that wait for a slow reader; past it they are counted and dropped. */
const LOG_BYTES = 1024 * 1024;
/** For the last log lines, when the server has stopped. */
const LAST_WORDS_MS = 500;

type ServePlan = Extract<ServerPlan, { type: "serve" }>;

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = readServerLine(args);
    if (plan.type === "print") print(plan.text);
    else if (plan.type === "hash") await hash(plan.users, new Passwords(plan.limits.hashesAtOnce));
    else await serve(plan);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof UsersFileError)) throw error;
    printError(`server: ${cleaned(error.message)}\n`);
    return 2;
  }
}

async function hash(users: string, passwords: Passwords): Promise<void> {
  const { hashed, already } = await hashUsers(users, passwords, (done, all) => {
    if (Deno.stderr.isTerminal()) printError(`\r${done} of ${all} passwords`);
  });
  if (Deno.stderr.isTerminal() && hashed > 0) printError("\n");
  print(`${users}: ${hashed} ${hashed === 1 ? "password" : "passwords"} hashed, ${already} already were\n`);
}

async function serve(plan: ServePlan): Promise<void> {
  // Whoever watches may stop reading; the chat goes on all the same.
  const watched = new Output({
    sink: Deno.stderr,
    compose: (lines) => lines.join(""),
    broken: () => {},
    waitingBytes: LOG_BYTES,
  });
  openLog({ level: plan.logLevel, json: plan.logJson, write: (line) => watched.push(line) });
  const accounts = readUsers(plan.users);
  // Before the door opens: whoever has seen it open may send a signal.
  const stopping = stopSignal(() => reload(plan.users, house.hub));
  const house: House = openHouse(plan, accounts, (line) => watched.push(line));
  const { hostname, port } = house.address;
  print(`im listening on ${endpoint(hostname, port)}\n`);
  if (Deno.stdout.isTerminal()) print(hint(plan, port, accounts.names));
  log.info(`${await stopping}: telling ${house.board.size} sessions, then stopping`);
  await house.stop();
  await within(LAST_WORDS_MS, watched.flushed());
}

/** A server with its doors open. */
export interface House {
  readonly hub: Hub;
  readonly board: Switchboard;
  readonly address: { hostname: string; port: number };
  /** Lets nobody in, tells those inside, and resolves when they are gone or have had their time. */
  stop(): Promise<void>;
}

/** Puts the parts together and opens the doors; throws a `UsageError` when one cannot be opened. */
export function openHouse(
  plan: Pick<ServePlan, "host" | "port" | "trace" | "limits">,
  accounts: Accounts,
  showTrace: (line: string) => void,
): House {
  const hub = new Hub(accounts, plan.limits);
  const passwords = new Passwords(plan.limits.hashesAtOnce);
  const world = openWorld({
    limits: plan.limits,
    verify: (password, secret, asker) => passwords.verify(password, secret, asker),
    trace: plan.trace ? (...line) => showTrace(traceLine(Date.now(), ...line)) : undefined,
  });
  const board = new Switchboard(hub, world, plan.limits);
  const door = openDoor(plan, board);
  const ticking = setInterval(() => board.tick(), TICK_MS);
  return {
    hub,
    board,
    address: door.address,
    async stop() {
      door.close();
      board.stop();
      await within(plan.limits.stopMs, door.over());
      clearInterval(ticking);
    },
  };
}

/** Waits for something, but no longer than so many milliseconds. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  await Promise.race([work, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer!);
}

function openDoor(plan: Pick<ServePlan, "host" | "port" | "limits">, board: Switchboard): StreamServer {
  try {
    return new StreamServer(
      IM_DOOR,
      { hostname: plan.host, port: plan.port },
      board,
      new Places(plan.limits),
      plan.limits,
    );
  } catch (error) {
    throw new UsageError(`cannot listen on ${endpoint(plan.host, plan.port)}: ${reason(error)}`);
  }
}

/** Resolves with the signal that says stop; `reread` is called at each SIGHUP that a person or a script sends. */
function stopSignal(reread: () => void): Promise<Deno.Signal> {
  return new Promise((resolve) => {
    const windows = Deno.build.os === "windows";
    for (const signal of ["SIGINT", windows ? "SIGBREAK" : "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
    if (windows) return;
    // A terminal that is closed sends the same signal; then nobody is left who could stop the server by hand.
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

if (import.meta.main) Deno.exit(await main(Deno.args));
