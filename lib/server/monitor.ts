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

/** Points that are shown to whoever begins to watch: five minutes. */
const PAST_POINTS = 300;
/** Of people, guests and rooms so many are shown by name; nobody reads more, and it is told each second. */
const SHOWN = 200;
/** Log lines told to one watcher in one turn, so that no log can slow the chat. */
const LINES_A_TURN = 20;

/** What is looked at. */
export interface MonitorSources {
  readonly runner: SessionRunner;
  /** The doors that are open. */
  readonly doors: () => readonly OpenListenerAddress[];
  /** This machine's addresses; those that others can reach are shown. */
  readonly addresses: readonly string[];
  readonly log: RecentLog;
  /** What this process holds. */
  readonly memoryBytes: () => number;
  /** Entries of the address book. */
  readonly bookEntries: () => number;
}

/** The server as it is now. */
export interface Snapshot {
  readonly version: string;
  readonly startedAt: number;
  readonly time: number;
  /** Where other machines may reach this one. */
  readonly hosts: readonly string[];
  readonly doors: readonly ListenerCounts[];
  /** As they came; the last of them when there are too many. */
  readonly people: readonly UserCounts[];
  readonly online: number;
  readonly guests: readonly string[];
  readonly guestCount: number;
  /** The lobby first. */
  readonly rooms: readonly RoomView[];
  readonly roomCount: number;
  /** The second that was over last; undefined in the first. */
  readonly last: Point | undefined;
  readonly totals: { readonly said: number; readonly delivered: number; readonly failed: number };
  readonly sessions: number;
  /** Messages told and not confirmed yet. */
  readonly underWay: number;
  readonly waitingBytes: number;
  readonly memoryBytes: number;
  readonly bookEntries: number;
  readonly logLines: Readonly<Record<LogLine["level"], number>>;
}

/** What somebody who watches is told. */
export type WatchEvent =
  /** Once a second. */
  | { readonly type: "now" } & Snapshot
  /** What was before: the last seconds, and the last lines of the log. */
  | { readonly type: "past"; readonly points: readonly Point[]; readonly lines: readonly LogLine[] }
  | { readonly type: "log" } & LogLine
  /** So many lines of the log came too fast to be told. */
  | { readonly type: "missed"; readonly lines: number };

/** Takes an event; false when there is no room for it now. */
export type WatchListener = (event: WatchEvent) => boolean | void;

/**
 * A look at the whole server, for whoever runs it.
 *
 * 1. It watches by `tick` and costs the chat nothing between two of them; without watchers it counts once a second.
 * 2. Who begins to watch is told a `now` and the `past` before `watch` returns; then, from `tick`, a `now` each second, and
 *    the lines of the log, in order.
 * 3. A listener without room is told the same lines again later, and of those that have gone meanwhile how many they were;
 *    a `now` it has missed is lost. One that throws is told nothing more.
 */
export interface Monitor {
  snapshot(now?: number): Snapshot;
  /** In OpenMetrics; see `OPEN_METRICS_TYPE`. */
  metrics(now?: number): string;
  /** Tells a listener what happens, until the function that it returns is called. */
  watch(listener: WatchListener): () => void;
  /** Time has passed. */
  tick(now: number): void;
}

/** Begins to look at a server. */
export function openMonitor(looked: MonitorSources): Monitor {
  return new Lookout(looked);
}

/** Somebody who watches, and the number of the log line that they are told next. */
interface Watcher {
  readonly listener: WatchListener;
  next: number;
}

class Lookout implements Monitor {
  readonly #looked: MonitorSources;
  readonly #startedAt: number;
  readonly #hosts: readonly string[];
  readonly #pulse: Rates;
  readonly #points = new Ring<Point>(PAST_POINTS);
  readonly #watchers = new Set<Watcher>();

  constructor(looked: MonitorSources) {
    this.#looked = looked;
    this.#startedAt = looked.runner.platform.now();
    this.#hosts = reachable(looked.addresses);
    this.#pulse = new Rates(looked.runner.hub.tally, this.#startedAt);
  }

  snapshot(now = this.#looked.runner.platform.now()): Snapshot {
    const { runner, log, memoryBytes, bookEntries } = this.#looked;
    const { said, delivered, failed } = runner.hub.tally;
    const view = runner.hub.view(SHOWN);
    const { doors, people, waitingBytes } = this.#census(view);
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

  metrics(now = this.#looked.runner.platform.now()): string {
    const { runner, log, memoryBytes, bookEntries } = this.#looked;
    const { tally, size } = runner.hub;
    const view = runner.hub.view(0);
    const { doors, waitingBytes } = this.#census(view);
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
      counter("messages_said", "Messages that somebody said, each once, whoever it was for.", tally.said),
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
      byDoor("sessions", "Sessions at a door, with those that nobody has logged in on yet.", (door) => door.sessions),
      byDoor("people", "People online through a door.", (door) => door.people),
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
    const { lines } = this.#looked.log;
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
    const { runner, memoryBytes } = this.#looked;
    this.#points.push(this.#pulse.take(now, { sessions: runner.size, memoryBytes: memoryBytes() }));
    return this.#watchers.size === 0 ? [] : [{ type: "now", ...this.snapshot(now) }];
  }

  #tellLines(watcher: Watcher): void {
    const { lines } = this.#looked.log;
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

  /** Whether there was room for all of it. */
  #tell(watcher: Watcher, events: readonly WatchEvent[]): boolean {
    try {
      return events.every((event) => this.#watchers.has(watcher) && watcher.listener(event) !== false);
    } catch (error) {
      this.#watchers.delete(watcher);
      log.error(`our own error, telling somebody who watches: ${stackOf(error)}`);
      return false;
    }
  }

  #census(view: ReturnType<SessionRunner["hub"]["view"]>): Counts {
    return countAll(this.#looked.runner, view, this.#looked.doors());
  }
}
