import type { Accounts } from "../chat/accounts.ts";
import { Hub } from "../chat/hub.ts";
import { log, RecentLog } from "../core/log.ts";
import { ownAddresses } from "../net/own_addresses.ts";
import { Directory } from "../protocols/directory/directory.ts";
import { directoryProtocol } from "../protocols/directory/server.ts";
import { DirectoryLog } from "../store/directory_log.ts";
import { Passwords } from "../store/passwords.ts";
import { ProofVerifier } from "../store/proofs.ts";
import { addUser } from "../store/users_file.ts";
import { openStore } from "../store/worker_store.ts";
import { traceLine } from "../terminal/print.ts";
import type { ListenerName } from "./command_line.ts";
import { type ListenerPlan, openListeners } from "./listeners.ts";
import { openMonitor } from "./monitor.ts";
import { openPlatform } from "./platform.ts";
import { SessionRunner } from "./runner.ts";

const TICK_MS = 50;

/** A server with its doors open. */
export interface Server {
  readonly hub: Hub;
  readonly runner: SessionRunner;
  readonly listeners: readonly OpenListener[];
  /** Lets nobody in, tells those inside, and resolves when they are gone or have had their time. */
  stop(): Promise<void>;
}

/** A door that is open, and where. */
export interface OpenListener {
  readonly door: ListenerName;
  readonly hostname: string;
  readonly port: number;
}

/** What a server is made of. */
export interface ServerOptions extends ListenerPlan {
  readonly trace: boolean;
  /** The users file that new accounts are written into; without one nobody can register. */
  readonly enrollIn?: string | undefined;
  /** What is logged, for the server's page. */
  readonly log?: RecentLog;
}

/** Puts the parts together and opens the doors; throws when one, or what is kept already, cannot be opened. */
export async function openServer(
  plan: ServerOptions,
  accounts: Accounts,
  showTrace: (line: string) => void,
): Promise<Server> {
  const { limits, enrollIn } = plan;
  const passwords = new Passwords(limits.hashesAtOnce);
  const proofs = new ProofVerifier(passwords);
  // A store that exists is opened now: if it cannot be, the person who starts the server has to know.
  const store = await openStore(plan.data);
  const hub = new Hub(accounts, limits, {
    snapshot: store.snapshot,
    randomness: proofs,
    registers: enrollIn !== undefined,
  });
  const world = openPlatform({
    limits,
    verify: (password, secret, asker) => passwords.verify(password, secret, asker),
    prove: (effect, asker) => proofs.verify(effect, asker),
    enroll: async (name, password) => {
      const secret = await passwords.hash(password);
      addUser(enrollIn!, name, secret);
      return secret;
    },
    trace: plan.trace ? (...line) => showTrace(traceLine(Date.now(), ...line)) : undefined,
  });
  const runner = new SessionRunner(hub, world, limits, store);
  const tableLog = new DirectoryLog(plan.data, (why) => log.error(why));
  const book = new Directory(limits);
  const drainBook = () => {
    for (const output of book.takeOutputs()) {
      if (output.type === "log") log.info(`address-book: ${output.text}`);
      else tableLog.write(output.change);
    }
  };
  const doors = () =>
    [...servers].map(([door, { address }]) => ({ door, hostname: address.hostname, port: address.port }));
  const monitor = openMonitor({
    runner,
    doors,
    addresses: plan.listeners.web === undefined ? [] : ownAddresses(),
    log: plan.log ?? new RecentLog(),
    memoryBytes: () => Deno.memoryUsage().rss,
    bookEntries: () => book.size,
  });
  const servers = openListeners(plan, runner, directoryProtocol(book, drainBook), monitor, proofs);
  const ticking = setInterval(
    () => (runner.tick(), book.tick(runner.now), drainBook(), monitor.tick(runner.now)),
    TICK_MS,
  );
  return {
    hub,
    runner,
    listeners: doors(),
    async stop() {
      for (const server of servers.values()) server.close();
      runner.stop();
      await within(limits.stopMs, Promise.all([world, ...servers.values()].map((part) => part.over())));
      clearInterval(ticking);
      await Promise.all([...servers.values()].map((server) => server.shut?.()));
      await runner.close();
    },
  };
}

/** Waits for something, but no longer than so many milliseconds. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  await Promise.race([work, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer!);
}
