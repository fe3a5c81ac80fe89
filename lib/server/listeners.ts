import { reason } from "../core/reason.ts";
import { UsageError } from "../terminal/flags.ts";
import type { DoorName, WebOptions } from "./command_line.ts";
import { endpoint } from "../core/address.ts";
import type { Certificate } from "../net/certificate.ts";
import type { GateSecrets } from "./datagram_listener.ts";
import { DatagramServer } from "./datagram_server.ts";
import { Places } from "../core/connection_limits.ts";
import { StreamServer } from "./tcp_listener.ts";
import type { Door } from "./session_host.ts";
import { certificateFor } from "./certificate.ts";
import { readWeb } from "./web.ts";
import type { Switchboard } from "./runner.ts";
import type { Overlook } from "./monitor.ts";
import type { AddressBook } from "../protocols/directory/directory.ts";
import { addressBookDoor } from "../protocols/directory/door.ts";
import { IM_DOOR } from "../protocols/im/door.ts";
import { LOBBY_DOOR } from "../protocols/lobby/door.ts";
import { MAILBOX_DOOR, nativeOnLines, TLS_DOOR } from "../protocols/native/door.ts";
import type { Limits } from "../core/limits.ts";

/** The IM door; a session there may go on in our own protocol. */
const IM: Door = { ...IM_DOOR, successors: { native: nativeOnLines } };

/** A door as the house uses it. */
export type DoorServer = Pick<StreamServer, "address" | "close" | "over"> & { shut?(): Promise<void> };

/** Which doors are wanted, and how. */
export interface DoorPlan {
  readonly host: string;
  readonly doors: Readonly<Partial<Record<DoorName, number>>>;
  /** As it is for `host`, where nothing else is said. */
  readonly web?: WebOptions;
  readonly data: string;
  readonly limits: Limits;
}

/** Opens every door that is wanted, or none; what cannot be read is told before the first is open. */
export function openDoors(
  plan: DoorPlan,
  board: Switchboard,
  book: AddressBook,
  overlook: Overlook,
  secrets: GateSecrets,
): Map<DoorName, DoorServer> {
  const { host: hostname, data, limits } = plan;
  const web = plan.web ?? { host: hostname, names: [], watchPasswordFile: undefined, tls: undefined };
  const servers = new Map<DoorName, DoorServer>();
  let own: Certificate | undefined;
  const certificate = (tls: WebOptions["tls"]) =>
    tls === "own" ? own ??= certificateFor(tls, web.names, data) : certificateFor(tls, web.names, data);
  const stream = (door: Door, certificate?: Certificate) => (port: number) =>
    new StreamServer(door, { hostname, port }, board, new Places(limits), limits, certificate);
  const readers: Record<DoorName, () => (port: number) => DoorServer> = {
    im: () => stream(IM),
    "address-book": () => stream(addressBookDoor(book)),
    lobby: () => stream(LOBBY_DOOR),
    mailbox: () => (port) =>
      new DatagramServer(MAILBOX_DOOR, { hostname, port }, board, new Places(limits), limits, secrets),
    web: () => readWeb({ web, data, limits }, board, overlook, certificate(web.tls)),
    tls: () => stream(TLS_DOOR, certificate(web.tls ?? "own")),
  };
  const abandon = (error: unknown) => {
    for (const server of servers.values()) (server.close(), server.shut?.());
    board.close();
    throw error;
  };
  const wanted = Object.entries(plan.doors) as [DoorName, number][];
  let openers: [DoorName, number, (port: number) => DoorServer][] = [];
  try {
    openers = wanted.map(([name, port]) => [name, port, readers[name]()]);
  } catch (error) {
    abandon(error);
  }
  for (const [name, port, open] of openers) {
    try {
      servers.set(name, open(port));
    } catch (error) {
      const option = { im: "", tls: " (--tls-port)" }[name as string] ?? ` (--${name})`;
      const where = endpoint(name === "web" ? web.host : hostname, port);
      abandon(new UsageError(`cannot listen on ${where}${option}: ${reason(error)}`));
    }
  }
  return servers;
}
