import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import type { DoorName } from "./command_line.ts";
import { traceLine } from "../terminal/trace.ts";
import type { Accounts } from "../chat/accounts.ts";
import { Hub } from "../chat/hub.ts";
import { ownAddresses } from "../net/own_addresses.ts";
import { Switchboard } from "./runner.ts";
import { openOverlook } from "./monitor.ts";
import { RecentLog } from "../core/recent_log.ts";
import { openWorld } from "./platform.ts";
import { isKept, openKept } from "../store/open_store.ts";
import { Passwords } from "../store/passwords.ts";
import { Proofs } from "../store/proofs.ts";
import { TableLog } from "../store/directory_log.ts";
import { addUser } from "../store/users_file.ts";
import { AddressBook } from "../protocols/directory/directory.ts";
import { type DoorPlan, openDoors } from "./listeners.ts";
import { within } from "./within.ts";

const TICK_MS = 50;

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

/** What a server is made of. */
export interface HousePlan extends DoorPlan {
  readonly trace: boolean;
  /** The users file that new accounts are written into; without one nobody can register. */
  readonly enrollIn?: string | undefined;
  /** What is logged, for the server's page. */
  readonly log?: RecentLog;
}

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
