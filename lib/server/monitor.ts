import { RECEIPT_BOUNDS_MS } from "../chat/tally.ts";
import type { RoomView } from "../chat/view.ts";
import { log, LOG_LEVELS, type LogLine, type RecentLog, Ring } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import { VERSION } from "../core/version.ts";
import {
  countAll,
  type Counts,
  type ListenerCounts,
  type OpenListenerAddress,
  reachable,
  type UserCounts,
} from "./counts.ts";
import { type Family, openMetrics } from "./open_metrics.ts";
import { type Point, Rates } from "./rates.ts";
import type { SessionRunner } from "./runner.ts";

/** Points kept for a new watcher: five minutes. */
const PAST_POINTS = 300;
/** People, guests and rooms that are listed by name. The list is sent each second, and nobody reads a longer one. */
const SHOWN = 200;
/** Log lines sent to a watcher in one turn, so that no log slows the chat. */
const LINES_A_TURN = 20;

/** The parts of the server that are monitored. */
export interface MonitorSources {
  readonly runner: SessionRunner;
  /** The open listeners. */
  readonly doors: () => readonly OpenListenerAddress[];
  /** This machine's addresses; those that other machines can reach are shown. */
  readonly addresses: readonly string[];
  readonly log: RecentLog;
  /** The memory of this process. */
  readonly memoryBytes: () => number;
  /** Entries of the address book. */
  readonly bookEntries: () => number;
}

/** The state of the server. */
export interface Snapshot {
  readonly version: string;
  readonly startedAt: number;
  readonly time: number;
  /** The addresses at which other machines may reach this one. */
  readonly hosts: readonly string[];
  readonly doors: readonly ListenerCounts[];
  /** In the order in which they came; the last ones if there are too many. */
  readonly people: readonly UserCounts[];
  readonly online: number;
  readonly guests: readonly string[];
  readonly guestCount: number;
  /** The lobby first. */
  readonly rooms: readonly RoomView[];
  readonly roomCount: number;
  /** The last full second; undefined during the first. */
  readonly last: Point | undefined;
  readonly totals: { readonly said: number; readonly delivered: number; readonly failed: number };
  readonly sessions: number;
  /** Messages sent and not confirmed yet. */
  readonly underWay: number;
  readonly waitingBytes: number;
  readonly memoryBytes: number;
  readonly bookEntries: number;
  readonly logLines: Readonly<Record<LogLine["level"], number>>;
}

/** An event for a watcher. */
export type WatchEvent =
  /** Once a second. */
  | { readonly type: "now" } & Snapshot
  /** The history: the last seconds, and the last lines of the log. */
  | { readonly type: "past"; readonly points: readonly Point[]; readonly lines: readonly LogLine[] }
  | { readonly type: "log" } & LogLine
  /** The number of log lines that came too fast to be sent. */
  | { readonly type: "missed"; readonly lines: number };

/** Takes an event; false if there is no room for it now. */
export type WatchListener = (event: WatchEvent) => boolean | void;

/**
 * Monitors the whole server, for its operator.
 *
 * 1. It works in `tick` only and costs the chat nothing in between; without watchers it counts once a second.
 * 2. A new watcher gets a `now` and the `past` before `watch` returns; then, from `tick`, a `now` each second, and the lines
 *    of the log, in order.
 * 3. A watcher without room gets the same lines later, and the number of those that were dropped in the meantime; a `now`
 *    that it missed is lost. One that throws gets nothing more.
 */
export interface Monitor {
  snapshot(now?: number): Snapshot;
  /** In OpenMetrics; see `OPEN_METRICS_TYPE`. */
  metrics(now?: number): string;
  /** Adds a watcher; the function that it returns removes it. */
  watch(listener: WatchListener): () => void;
  tick(now: number): void;
}

/** Starts to monitor a server. */
export function openMonitor(looked: MonitorSources): Monitor {
  return new Lookout(looked);
}

/** A watcher, and the number of the next log line for it. */
interface Watcher {
  readonly listener: WatchListener;
  next: number;
}

class Lookout implements Monitor {
  readonly #monitored: MonitorSources;
  readonly #startedAt: number;
  readonly #hosts: readonly string[];
  readonly #pulse: Rates;
  readonly #points = new Ring<Point>(PAST_POINTS);
  readonly #watchers = new Set<Watcher>();

  constructor(looked: MonitorSources) {
    this.#monitored = looked;
    this.#startedAt = looked.runner.platform.now();
    this.#hosts = reachable(looked.addresses);
    this.#pulse = new Rates(looked.runner.hub.tally, this.#startedAt);
  }

  snapshot(now = this.#monitored.runner.platform.now()): Snapshot {
    const { runner, log, memoryBytes, bookEntries } = this.#monitored;
    const { said, delivered, failed } = runner.hub.tally;
    const view = runner.hub.view(SHOWN);
    const { doors, people, waitingBytes } = this.#counts(view);
    return {
      version: VERSION,
      startedAt: this.#startedAt,
      time: now,
      hosts: this.#hosts,
      doors,
      people: people.slice(-SHOWN),
      online: people.length,
      guests: view.guests.slice(-SHOWN).map(({ name }) => name),
      guestCount: view.guests.length,
      rooms: view.rooms,
      roomCount: view.roomCount,
      last: this.#points.last,
      totals: { said, delivered, failed },
      sessions: runner.size,
      underWay: runner.hub.size.underWay,
      waitingBytes,
      memoryBytes: memoryBytes(),
      bookEntries: bookEntries(),
      logLines: { ...log.counts },
    };
  }

  metrics(now = this.#monitored.runner.platform.now()): string {
    const { runner, log, memoryBytes, bookEntries } = this.#monitored;
    const { tally, size } = runner.hub;
    const view = runner.hub.view(0);
    const { doors, waitingBytes } = this.#counts(view);
    const gauge = (name: string, help: string, value: number, unit?: string): Family => ({
      ...{ name: `partyline_${name}`, help, type: "gauge", samples: [{ value }] },
      ...(unit === undefined ? {} : { unit }),
    });
    const counter = (name: string, help: string, value: number): Family => ({
      ...{ name: `partyline_${name}`, help, type: "counter", samples: [{ value }] },
    });
    const byDoor = (name: string, help: string, count: (door: ListenerCounts) => number): Family => ({
      ...{ name: `partyline_${name}`, help, type: "gauge" },
      samples: doors.map((door) => ({ labels: { door: door.door }, value: count(door) })),
    });
    return openMetrics([
      { name: "partyline", help: "Which server this is.", type: "info", labels: { version: VERSION } },
      gauge("uptime_seconds", "Since the server began.", (now - this.#startedAt) / 1000, "seconds"),
      counter("messages_said", "Messages sent, each counted once whatever the number of its receivers.", tally.said),
      counter("deliveries", "Messages confirmed by a session, once for each session.", tally.delivered),
      counter("failures", "Messages of which the sender was told that they failed.", tally.failed),
      {
        ...{ name: "partyline_receipt_seconds", unit: "seconds", type: "histogram" },
        help: "From a message's being said to its being confirmed by a session that was there all the time.",
        bounds: RECEIPT_BOUNDS_MS.map((ms) => ms / 1000),
        counts: tally.receipts,
        sum: tally.receiptMs / 1000,
      },
      gauge("messages_under_way", "Messages told and not confirmed yet.", size.underWay),
      byDoor("sessions", "Sessions of a listener, including those without a login.", (door) => door.sessions),
      byDoor("people", "People online by a listener.", (door) => door.people),
      gauge("people_online", "People online, each once.", size.online),
      gauge("guests", "Guests in the lobby.", view.guests.length),
      gauge("logins_held", "Logins that wait because earlier ones failed.", size.heldLogins),
      gauge("rooms", "Rooms, the lobby among them.", view.roomCount),
      gauge("address_book_entries", "Entries of the address book.", bookEntries()),
      gauge("waiting_bytes", "Written and not read yet by the peers.", waitingBytes, "bytes"),
      gauge("resident_memory_bytes", "Memory that the process holds.", memoryBytes(), "bytes"),
      {
        ...{ name: "partyline_log_lines", help: "Lines logged.", type: "counter" },
        samples: LOG_LEVELS.map((level) => ({ labels: { level }, value: log.counts[level] })),
      },
      gauge("watchers", "Those who watch the server's page.", this.#watchers.size),
    ]);
  }

  watch(listener: WatchListener): () => void {
    const { lines } = this.#monitored.log;
    const watcher = { listener, next: lines.next };
    this.#watchers.add(watcher);
    this.#tell(watcher, [
      { type: "now", ...this.snapshot() },
      { type: "past", points: this.#points.from(0), lines: lines.from(0) },
    ]);
    return () => void this.#watchers.delete(watcher);
  }

  tick(now: number): void {
    try {
      const events = this.#pulse.due(now) ? this.#secondIsOver(now) : [];
      for (const watcher of [...this.#watchers]) {
        this.#tell(watcher, events);
        this.#tellLines(watcher);
      }
    } catch (error) {
      log.error(`our own error in the look at the server: ${stackOf(error)}`);
    }
  }

  #secondIsOver(now: number): WatchEvent[] {
    const { runner, memoryBytes } = this.#monitored;
    this.#points.push(this.#pulse.take(now, { sessions: runner.size, memoryBytes: memoryBytes() }));
    return this.#watchers.size === 0 ? [] : [{ type: "now", ...this.snapshot(now) }];
  }

  #tellLines(watcher: Watcher): void {
    const { lines } = this.#monitored.log;
    const missed = lines.first - watcher.next;
    if (missed > 0) {
      if (!this.#tell(watcher, [{ type: "missed", lines: missed }])) return;
      watcher.next = lines.first;
    }
    for (const line of lines.from(watcher.next, LINES_A_TURN)) {
      if (!this.#tell(watcher, [{ type: "log", ...line }])) return;
      watcher.next++;
    }
  }

  /** Whether there was room for everything. */
  #tell(watcher: Watcher, events: readonly WatchEvent[]): boolean {
    try {
      return events.every((event) => this.#watchers.has(watcher) && watcher.listener(event) !== false);
    } catch (error) {
      this.#watchers.delete(watcher);
      log.error(`our own error, telling somebody who watches: ${stackOf(error)}`);
      return false;
    }
  }

  #counts(view: ReturnType<SessionRunner["hub"]["view"]>): Counts {
    return countAll(this.#monitored.runner, view, this.#monitored.doors());
  }
}
