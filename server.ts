import { log, openLog } from "./lib/base/log.ts";
import { cleaned } from "./lib/base/text.ts";
import { reason } from "./lib/base/reason.ts";
import { UsageError } from "./lib/face/flags.ts";
import { Output } from "./lib/face/output.ts";
import { print, printError } from "./lib/face/print.ts";
import { hint } from "./lib/face/server_hint.ts";
import { type DoorName, readServerLine, type ServerPlan, type WebOptions } from "./lib/face/server_line.ts";
import { traceLine } from "./lib/face/trace.ts";
import type { Accounts } from "./lib/hub/accounts.ts";
import { Hub } from "./lib/hub/hub.ts";
import { endpoint } from "./lib/base/address.ts";
import type { Certificate } from "./lib/net/certificate.ts";
import type { GateSecrets } from "./lib/net/datagram_door.ts";
import { DatagramServer } from "./lib/net/datagram_server.ts";
import { ownAddresses } from "./lib/net/own_names.ts";
import { Places } from "./lib/net/places.ts";
import { StreamServer } from "./lib/net/stream_server.ts";
import type { Door } from "./lib/net/seat.ts";
import { certificateFor } from "./servers/tls.ts";
import { openWeb } from "./servers/web.ts";
import { Switchboard } from "./lib/net/switchboard.ts";
import { openOverlook, type Overlook } from "./lib/net/web/overlook.ts";
import { RecentLog } from "./lib/net/web/recent_log.ts";
import { openWorld } from "./lib/net/world.ts";
import { isKept, openKept } from "./lib/store/kept.ts";
import { Passwords } from "./lib/store/passwords.ts";
import { Proofs } from "./lib/store/proofs.ts";
import { StoreError } from "./lib/store/store_error.ts";
import { TableLog } from "./lib/store/table_log.ts";
import { addUser, hashUsers, readUsers, UsersFileError } from "./lib/store/users_file.ts";
import { AddressBook } from "./lib/wire/address_book/book.ts";
import { addressBookDoor } from "./lib/wire/address_book/door.ts";
import { IM_DOOR } from "./lib/wire/im/door.ts";
import { LOBBY_DOOR } from "./lib/wire/lobby/door.ts";
import { MAILBOX_DOOR, nativeOnLines, TLS_DOOR } from "./lib/wire/native/door.ts";

const TICK_MS = 50;
/** Log and trace lines that wait for a slow reader; past it they are counted and dropped. */
const LOG_BYTES = 1024 * 1024;
/** For the last log lines, when the server has stopped. */
const LAST_WORDS_MS = 500;

/** The IM door; a session there may go on in our own protocol. */
const IM: Door = { ...IM_DOOR, successors: { native: nativeOnLines } };

type ServePlan = Extract<ServerPlan, { type: "serve" }>;

async function main(args: readonly string[]): Promise<number> {
  try {
    const plan = readServerLine(args);
    if (plan.type === "print") print(plan.text);
    else if (plan.type === "hash") await hash(plan.users, new Passwords(plan.limits.hashesAtOnce));
    else await serve(plan);
    return 0;
  } catch (error) {
    const known = [UsageError, UsersFileError, StoreError].some((kind) => error instanceof kind);
    if (!known || !(error instanceof Error)) throw error;
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
  const recent = new RecentLog();
  openLog({
    level: plan.logLevel,
    json: plan.logJson,
    write: (line) => watched.push(line),
    keep: (line) => recent.keep(line),
  });
  const accounts = readUsers(plan.users);
  // Before the doors open: whoever has seen them open may send a signal.
  const stopping = stopSignal(() => reload(plan.users, house.hub));
  const house: House = openHouse(
    { ...plan, enrollIn: plan.registration ? plan.users : undefined, log: recent },
    accounts,
    (line) => watched.push(line),
  );
  for (const { door, hostname, port } of house.doors) print(`${door} listening on ${endpoint(hostname, port)}\n`);
  if (Deno.stdout.isTerminal()) print(hint(plan, house.doors, accounts.names));
  log.info(`${await stopping}: telling ${house.board.size} sessions, then stopping`);
  await house.stop();
  await within(LAST_WORDS_MS, watched.flushed());
}

/** A door as the house uses it. */
type DoorServer = Pick<StreamServer, "address" | "close" | "over"> & { shut?(): Promise<void> };

/** A server with its doors open. */
export interface House {
  readonly hub: Hub;
  readonly board: Switchboard;
  readonly doors: readonly OpenDoor[];
  /** Lets nobody in, tells those inside, and resolves when they are gone or have had their time. */
  stop(): Promise<void>;
}

/** A door that is open, and where. */
export interface OpenDoor {
  readonly door: DoorName;
  readonly hostname: string;
  readonly port: number;
}

type HousePlan = Pick<ServePlan, "host" | "doors" | "data" | "trace" | "limits"> & {
  readonly web?: WebOptions;
  /** The users file that new accounts are written into; without one nobody can register. */
  readonly enrollIn?: string | undefined;
  /** What is logged, for the server's page. */
  readonly log?: RecentLog;
};

/** Puts the parts together and opens the doors; throws when one, or what is kept already, cannot be opened. */
export function openHouse(plan: HousePlan, accounts: Accounts, showTrace: (line: string) => void): House {
  const { limits, enrollIn } = plan;
  const passwords = new Passwords(limits.hashesAtOnce);
  const proofs = new Proofs(passwords);
  const keeping = {
    open: () => openKept(plan.data),
    failed: (error: unknown) => log.error(`nobody can be let in who needs messages to be kept: ${reason(error)}`),
    dice: proofs,
    registers: enrollIn !== undefined,
  };
  const hub = new Hub(accounts, limits, keeping);
  const world = openWorld({
    limits,
    verify: (password, secret, asker) => passwords.verify(password, secret, asker),
    prove: (effect, asker) => proofs.answer(effect, asker),
    enroll: async (name, password) => {
      const secret = await passwords.hash(password);
      addUser(enrollIn!, name, secret);
      return secret;
    },
    trace: plan.trace ? (...line) => showTrace(traceLine(Date.now(), ...line)) : undefined,
  });
  const board = new Switchboard(hub, world, limits);
  // What was kept before is opened now: if it cannot be, whoever starts the server is the one to know.
  if (isKept(plan.data)) hub.keep(board.beginTurn());
  const tableLog = new TableLog(plan.data, (why) => log.error(why));
  const book = new AddressBook(limits, {
    note: (text) => log.info(`address-book: ${text}`),
    changed: (change) => tableLog.write(change),
  });
  const doors = () =>
    [...servers].map(([door, { address }]) => ({ door, hostname: address.hostname, port: address.port }));
  const overlook = openOverlook({
    board,
    doors,
    addresses: plan.doors.web === undefined ? [] : ownAddresses(),
    log: plan.log ?? new RecentLog(),
    memoryBytes: () => Deno.memoryUsage().rss,
    bookEntries: () => book.size,
  });
  const servers = openDoors(plan, board, book, overlook, proofs);
  const ticking = setInterval(() => (board.tick(), book.tick(board.now), overlook.tick(board.now)), TICK_MS);
  return {
    hub,
    board,
    doors: doors(),
    async stop() {
      for (const server of servers.values()) server.close();
      board.stop();
      await within(limits.stopMs, Promise.all([world, ...servers.values()].map((part) => part.over())));
      clearInterval(ticking);
      await Promise.all([...servers.values()].map((server) => server.shut?.()));
      board.close();
    },
  };
}

/** Opens every door that is wanted, or none. */
function openDoors(
  plan: HousePlan,
  board: Switchboard,
  book: AddressBook,
  overlook: Overlook,
  secrets: GateSecrets,
): Map<DoorName, DoorServer> {
  const servers = new Map<DoorName, DoorServer>();
  const { host: hostname, data, limits } = plan;
  const stream = (door: Door, certificate?: Certificate) => (port: number) =>
    new StreamServer(door, { hostname, port }, board, new Places(limits), limits, certificate);
  const web = plan.web ?? { host: hostname, names: [], watchPasswordFile: undefined, tls: undefined };
  const certificate = () => certificateFor(web, data);
  const open: Record<DoorName, (port: number) => DoorServer> = {
    im: stream(IM),
    "address-book": stream(addressBookDoor(book)),
    lobby: stream(LOBBY_DOOR),
    mailbox: (port) => new DatagramServer(MAILBOX_DOOR, { hostname, port }, board, new Places(limits), limits, secrets),
    web: (port) => openWeb({ web, data, limits }, port, board, overlook, certificate()),
    tls: (port) => stream(TLS_DOOR, certificate() ?? certificateFor({ ...web, tls: "own" }, data))(port),
  };
  for (const [name, port] of Object.entries(plan.doors) as [DoorName, number][]) {
    try {
      servers.set(name, open[name](port));
    } catch (error) {
      for (const server of servers.values()) (server.close(), server.shut?.());
      board.close();
      if (error instanceof StoreError) throw error;
      const option = { im: "", tls: " (--tls-port)" }[name as string] ?? ` (--${name})`;
      const where = endpoint(name === "web" ? web.host : hostname, port);
      throw new UsageError(`cannot listen on ${where}${option}: ${reason(error)}`);
    }
  }
  return servers;
}

/** Waits for something, but no longer than so many milliseconds. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  await Promise.race([work, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer!);
}

/** Resolves with what says stop, a signal or E on the console; `reread` is called at each SIGHUP that a person sends. */
function stopSignal(reread: () => void): Promise<string> {
  return new Promise((resolve) => {
    watchConsole(() => resolve("E on the console"));
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

/** Calls `stop` at the mailbox handout's word for it. */
async function watchConsole(stop: () => void): Promise<void> {
  try {
    for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      if (/^E\r?$/m.test(text)) stop();
    }
  } catch { /* the console is gone; a signal still stops the server */ }
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
