import { reason } from "../lib/base/reason.ts";
import { UsageError } from "../lib/face/flags.ts";
import type { DoorName, WebOptions } from "../lib/face/server_line.ts";
import { endpoint } from "../lib/base/address.ts";
import type { Certificate } from "../lib/net/certificate.ts";
import type { GateSecrets } from "../lib/net/datagram_door.ts";
import { DatagramServer } from "../lib/net/datagram_server.ts";
import { Places } from "../lib/net/places.ts";
import { StreamServer } from "../lib/net/stream_server.ts";
import type { Door } from "../lib/net/seat.ts";
import { certificateFor } from "./tls.ts";
import { openWeb } from "./web.ts";
import type { Switchboard } from "../lib/net/switchboard.ts";
import type { Overlook } from "../lib/net/web/overlook.ts";
import { StoreError } from "../lib/store/store_error.ts";
import type { AddressBook } from "../lib/wire/address_book/book.ts";
import { addressBookDoor } from "../lib/wire/address_book/door.ts";
import { IM_DOOR } from "../lib/wire/im/door.ts";
import { LOBBY_DOOR } from "../lib/wire/lobby/door.ts";
import { MAILBOX_DOOR, nativeOnLines, TLS_DOOR } from "../lib/wire/native/door.ts";
import type { Limits } from "../lib/base/limits.ts";

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

/** Opens every door that is wanted, or none. */
export function openDoors(
  plan: DoorPlan,
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
  let made: Certificate | undefined;
  const certificate = () => made ??= certificateFor(web, data);
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
