import type { Address } from "../core/address.ts";
import { log, type RecentLog, Ring } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import { VERSION } from "../core/version.ts";
import type { Directory } from "../protocols/directory/directory.ts";
import { nameText } from "../protocols/directory/table.ts";
import type { Point, ServerSnapshot, WatchEvent } from "../chat/server_snapshot.ts";
import { countAll, reachable } from "./counts.ts";
import { serverMetrics } from "./metrics.ts";
import { Rates } from "./rates.ts";
import type { SessionRunner } from "./runner.ts";
import { userRows, usersToday } from "./user_rows.ts";

/** Points that a new watcher gets: five minutes. */
const PAST_POINTS = 300;
/** Cap on users, guests and rooms in the list, which is sent every second; a longer one would not be read. */
const LISTED = 200;
/** Broken rules that are listed. */
const HELP_LISTED = 50;
/** Log lines for one watcher in one tick, so that no log can slow the chat. */
const LINES_A_TICK = 20;

/** The parts of the server that the monitor watches. */
export interface MonitorSources {
  readonly runner: SessionRunner;
  /** The open listeners. */
  readonly listeners: () => readonly (Address & { readonly name: string })[];
  /** This machine's addresses. */
  readonly addresses: readonly string[];
  readonly log: RecentLog;
  /** Resident memory of this process. */
  readonly memoryBytes: () => number;
  readonly directory: Pick<Directory, "size" | "entries">;
}

/** Takes an event; returns false when it has no room for it now. */
export type WatchListener = (event: WatchEvent) => boolean | void;

interface Watcher {
  readonly listener: WatchListener;
  /** The number of the next log line for it. */
  next: number;
}

/**
 * Watches the whole server, for its page and for metrics.
 *
 * 1. It works in `tick`, and costs the chat nothing between two ticks; without watchers it counts once a second.
 * 2. A new watcher is told a `now` and the `past` before `watch` returns; then, from `tick`, a `now` every second and the
 *    log lines in order.
 * 3. A listener without room is told the same lines later, and the number of lines that were lost meanwhile; a `now` that
 *    it has no room for is lost. A listener that throws is removed.
 */
export class Monitor {
  readonly #sources: MonitorSources;
  readonly #startedAt: number;
  readonly #hosts: readonly string[];
  readonly #rates: Rates;
  readonly #points = new Ring<Point>(PAST_POINTS);
  readonly #watchers = new Set<Watcher>();

  constructor(sources: MonitorSources) {
    this.#sources = sources;
    this.#startedAt = sources.runner.platform.now();
    this.#hosts = reachable(sources.addresses);
    this.#rates = new Rates(sources.runner.hub.tally, this.#startedAt);
  }

  snapshot(now = this.#sources.runner.platform.now()): ServerSnapshot {
    const { runner, listeners, log, memoryBytes, directory } = this.#sources;
    const { said, delivered, failed } = runner.hub.tally;
    const view = runner.hub.view(LISTED);
    const { listeners: counted, people, waitingBytes } = countAll(runner, view, listeners());
    const users = userRows(runner, view, now);
    return {
      version: VERSION,
      startedAt: this.#startedAt,
      time: now,
      hosts: this.#hosts,
      listeners: counted,
      users: users.slice(0, LISTED),
      connected: users.length,
      online: people.length,
      guestCount: view.guests.length,
      today: usersToday(runner, view, now, LISTED),
      help: runner.wires?.help.latest(HELP_LISTED) ?? [],
      rooms: view.rooms,
      roomCount: view.roomCount,
      last: this.#points.last,
      totals: { said, delivered, failed },
      sessions: runner.size,
      underWay: runner.hub.size.underWay,
      waitingBytes,
      memoryBytes: memoryBytes(),
      bookEntries: directory.size,
      book: directory.entries(LISTED).map(({ hostname, port, user, since }) => {
        return { hostname, port, name: nameText(user), since };
      }),
      logLines: { ...log.counts },
      exchange: runner.exchange?.status,
    };
  }

  /** The metrics in OpenMetrics; see `OPEN_METRICS_TYPE`. */
  metrics(now = this.#sources.runner.platform.now()): string {
    const { runner, listeners, log, memoryBytes, directory } = this.#sources;
    const view = runner.hub.view(0);
    return serverMetrics(runner.hub, countAll(runner, view, listeners()), {
      uptimeMs: now - this.#startedAt,
      guests: view.guests.length,
      rooms: view.roomCount,
      directoryEntries: directory.size,
      memoryBytes: memoryBytes(),
      logLines: log.counts,
      watchers: this.#watchers.size,
      exchange: runner.exchange?.status,
    });
  }

  /** Tells a listener all events, until the returned function is called. */
  watch(listener: WatchListener): () => void {
    const { lines } = this.#sources.log;
    const watcher = { listener, next: lines.next };
    this.#watchers.add(watcher);
    const { wires, platform } = this.#sources.runner;
    const unwatched = wires?.watched(() => platform.now());
    this.#tell(watcher, [
      { type: "now", ...this.snapshot() },
      { type: "past", points: this.#points.from(0), lines: lines.from(0) },
    ]);
    let isOver = false;
    return () => {
      this.#watchers.delete(watcher);
      if (!isOver) unwatched?.();
      isOver = true;
    };
  }

  tick(now: number): void {
    try {
      const events = this.#rates.due(now) ? this.#endSecond(now) : [];
      for (const watcher of [...this.#watchers]) {
        this.#tell(watcher, events);
        this.#tellLines(watcher);
      }
      this.#sources.runner.wires?.tick(now);
    } catch (error) {
      log.error(`internal error in the monitor: ${stackOf(error)}`);
    }
  }

  #endSecond(now: number): WatchEvent[] {
    const { runner, memoryBytes } = this.#sources;
    this.#points.push(this.#rates.take(now, { sessions: runner.size, memoryBytes: memoryBytes() }));
    return this.#watchers.size === 0 ? [] : [{ type: "now", ...this.snapshot(now) }];
  }

  #tellLines(watcher: Watcher): void {
    const { lines } = this.#sources.log;
    const missed = lines.first - watcher.next;
    if (missed > 0) {
      if (!this.#tell(watcher, [{ type: "missed", lines: missed }])) return;
      watcher.next = lines.first;
    }
    for (const line of lines.from(watcher.next, LINES_A_TICK)) {
      if (!this.#tell(watcher, [{ type: "log", ...line }])) return;
      watcher.next++;
    }
  }

  /** Whether there was room for all events. */
  #tell(watcher: Watcher, events: readonly WatchEvent[]): boolean {
    try {
      return events.every((event) => this.#watchers.has(watcher) && watcher.listener(event) !== false);
    } catch (error) {
      this.#watchers.delete(watcher);
      log.error(`internal error in a listener of the monitor: ${stackOf(error)}`);
      return false;
    }
  }
}
