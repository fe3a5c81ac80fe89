import type { Hub } from "../chat/hub.ts";
import type { ExchangeStatus, ListenerCounts, ServerStatus } from "../chat/server_snapshot.ts";
import { RECEIPT_BOUNDS_MS } from "../chat/tally.ts";
import { LOG_LEVELS, type RecentLog } from "../core/log.ts";
import { VERSION } from "../core/version.ts";
import type { Counts } from "./counts.ts";
import { type Family, openMetrics } from "./open_metrics.ts";

/** The values that the hub and the counts do not have. */
export interface MetricValues {
  readonly uptimeMs: number;
  readonly guests: number;
  readonly rooms: number;
  readonly directoryEntries: number;
  readonly memoryBytes: number;
  readonly logLines: RecentLog["counts"];
  readonly watchers: number;
  /** Undefined for the only server of its chat. */
  readonly exchange: ExchangeStatus | undefined;
}

/** The metrics of a server in the OpenMetrics format. To add a metric, add a line here. */
export function serverMetrics(hub: Hub, { listeners, waitingBytes }: Counts, values: MetricValues): string {
  const { tally, size } = hub;
  return openMetrics([
    { name: "partyline", help: "Version of the server.", type: "info", labels: { version: VERSION } },
    gauge("uptime_seconds", "Time since the server started.", values.uptimeMs / 1000, "seconds"),
    counter("messages_said", "Messages sent by users, each counted once, however many receive it.", tally.said),
    counter("deliveries", "Confirmations of messages, one for each receiving session.", tally.delivered),
    counter("failures", "Messages reported to their sender as failed.", tally.failed),
    {
      ...{ name: "partyline_receipt_seconds", unit: "seconds", type: "histogram" },
      help: "Time from sending a message to its confirmation, by sessions that were online throughout.",
      bounds: RECEIPT_BOUNDS_MS.map((ms) => ms / 1000),
      counts: tally.receipts,
      sum: tally.receiptMs / 1000,
    },
    gauge("messages_under_way", "Messages sent to a session and not confirmed yet.", size.underWay),
    byListener("sessions", "Sessions at a listener, including those without a login yet.", ({ sessions }) => sessions),
    byListener("people", "Users online by a listener.", ({ people }) => people),
    gauge("people_online", "Users online, each counted once.", size.online),
    gauge("guests", "Guests in the lobby.", values.guests),
    gauge("logins_held", "Logins that are delayed because earlier ones failed.", size.heldLogins),
    gauge("rooms", "Rooms, including the lobby.", values.rooms),
    gauge("address_book_entries", "Entries of the address book.", values.directoryEntries),
    gauge("waiting_bytes", "Bytes written and not taken by the peers yet.", waitingBytes, "bytes"),
    gauge("resident_memory_bytes", "Resident memory of the process.", values.memoryBytes, "bytes"),
    {
      ...{ name: "partyline_log_lines", help: "Lines logged.", type: "counter" },
      samples: LOG_LEVELS.map((level) => ({ labels: { level }, value: values.logLines[level] })),
    },
    gauge("watchers", "Open connections of the server's page.", values.watchers),
    ...(values.exchange ? exchangeMetrics(values.exchange) : []),
  ]);

  function byListener(name: string, help: string, count: (listener: ListenerCounts) => number): Family {
    const samples = listeners.map((listener) => ({ labels: { listener: listener.name }, value: count(listener) }));
    return { name: `partyline_${name}`, help, type: "gauge", samples };
  }
}

/** How the servers of one chat stand. Several may have one name, so each has its id. */
function exchangeMetrics({ isConnected, isAlone, waiting, shared, servers }: ExchangeStatus): Family[] {
  const ofEach = (name: string, help: string, value: (server: ServerStatus) => number): Family => {
    const samples = servers.map((server) => ({ labels: { server: server.name, id: server.id }, value: value(server) }));
    return { name: `partyline_${name}`, help, type: "gauge", samples };
  };
  return [
    gauge("exchange_connected", "Whether the exchange answers.", Number(isConnected)),
    gauge("exchange_alone", "Whether this server goes on without the others.", Number(isAlone)),
    gauge("exchange_waiting_records", "Records of this server that the exchange has not given back.", waiting),
    counter(
      "exchange_records",
      "Records of this server that the exchange has given back, from the first one on.",
      shared,
    ),
    ofEach("server_heard", "Whether another server of the chat is heard.", ({ isAway }) => Number(!isAway)),
    ofEach(
      "server_behind_records",
      "Records that another server has not taken, as it has said.",
      ({ behind }) => behind,
    ),
  ];
}

function gauge(name: string, help: string, value: number, unit?: string): Family {
  const family = { name: `partyline_${name}`, help, type: "gauge", samples: [{ value }] } as const;
  return unit === undefined ? family : { ...family, unit };
}

function counter(name: string, help: string, value: number): Family {
  return { name: `partyline_${name}`, help, type: "counter", samples: [{ value }] };
}
