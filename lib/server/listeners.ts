import { formatAddress } from "../core/address.ts";
import { UserError } from "../core/errors.ts";
import type { Limits } from "../core/limits.ts";
import { ConnectionLimiter } from "../core/limiters.ts";
import { reason } from "../core/reason.ts";
import type { Certificate } from "../core/transport.ts";
import { IM_PROTOCOL } from "../protocols/im/server.ts";
import { LOBBY_PROTOCOL } from "../protocols/lobby/server.ts";
import { MAILBOX_PROTOCOL, nativeOverLines, TLS_PROTOCOL } from "../protocols/native/server.ts";
import type { ServerProtocol } from "../protocols/session.ts";
import { certificateFor } from "./certificate.ts";
import type { ListenerName, WebOptions } from "./command_line.ts";
import { DatagramListener, type DatagramSecrets } from "./datagram_listener.ts";
import type { Monitor } from "./monitor.ts";
import type { SessionRunner } from "./runner.ts";
import { TcpListener } from "./tcp_listener.ts";
import { readWeb } from "./web.ts";

/** The IM door; a session there may go on in our own protocol. */
const IM: ServerProtocol = { ...IM_PROTOCOL, successors: { native: nativeOverLines } };

/** A door as the house uses it. */
export type Listener = Pick<TcpListener, "address" | "close" | "over"> & { shut?(): Promise<void> };

/** Which doors are wanted, and how. */
export interface ListenerPlan {
  readonly host: string;
  readonly listeners: Readonly<Partial<Record<ListenerName, number>>>;
  /** As it is for `host`, where nothing else is said. */
  readonly web?: WebOptions;
  readonly data: string;
  readonly limits: Limits;
}

/** Opens every door that is wanted, or none; what cannot be read is told before the first is open. */
export function openListeners(
  plan: ListenerPlan,
  runner: SessionRunner,
  directory: ServerProtocol,
  monitor: Monitor,
  secrets: DatagramSecrets,
): Map<ListenerName, Listener> {
  const { host: hostname, data, limits } = plan;
  const web = plan.web ?? { host: hostname, names: [], watchPasswordFile: undefined, tls: undefined };
  const servers = new Map<ListenerName, Listener>();
  let own: Certificate | undefined;
  const certificate = (tls: WebOptions["tls"]) =>
    tls === "own" ? own ??= certificateFor(tls, web.names, data) : certificateFor(tls, web.names, data);
  const stream = (door: ServerProtocol, certificate?: Certificate) => (port: number) =>
    new TcpListener(door, { hostname, port }, runner, new ConnectionLimiter(limits), limits, certificate);
  const readers: Record<ListenerName, () => (port: number) => Listener> = {
    im: () => stream(IM),
    "address-book": () => stream(directory),
    lobby: () => stream(LOBBY_PROTOCOL),
    mailbox: () => (port) =>
      new DatagramListener(
        MAILBOX_PROTOCOL,
        { hostname, port },
        runner,
        new ConnectionLimiter(limits),
        limits,
        secrets,
      ),
    web: () => readWeb({ web, data, limits }, runner, monitor, certificate(web.tls)),
    tls: () => stream(TLS_PROTOCOL, certificate(web.tls ?? "own")),
  };
  const abandon = (error: unknown) => {
    for (const server of servers.values()) (server.close(), server.shut?.());
    runner.close();
    throw error;
  };
  const wanted = Object.entries(plan.listeners) as [ListenerName, number][];
  let openers: [ListenerName, number, (port: number) => Listener][] = [];
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
      const where = formatAddress({ hostname: name === "web" ? web.host : hostname, port });
      abandon(new UserError(`cannot listen on ${where}${option}: ${reason(error)}`));
    }
  }
  return servers;
}
