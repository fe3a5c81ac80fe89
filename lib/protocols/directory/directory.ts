import { isLoopback, unwrapped } from "../../core/address.ts";
import type { Limits } from "../../core/limits.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import { RateLimiter } from "../../core/limiters.ts";
import type { DirectoryRequest } from "./request.ts";
import { type DirectoryEntry, DirectoryTable, entryText, nameText } from "./table.ts";

/** A change of the table as text, for the directory's log file. */
export interface DirectoryChange {
  readonly time: number;
  readonly events: readonly string[];
  /** Entries after it. */
  readonly size: number;
  /** All of them as text. */
  readonly table: () => readonly string[];
}

export type DirectoryOutput =
  /** For the server's log. */
  | { readonly type: "log"; readonly text: string }
  /** The table has changed; a renewal changes nothing. */
  | { readonly type: "changed"; readonly change: DirectoryChange };

/** The result of one request. */
export interface DirectoryReply {
  /** The entries that the sender is told; none for `K`. */
  readonly others: readonly DirectoryEntry[];
  /** What happened, for the server's log. */
  readonly notes: readonly string[];
}

/** Entries in a log line that shows the table. */
const LOGGED_ENTRIES = 20;

/** The state that all sessions share: the table, and the request rate of each address. */
export class Directory implements Machine<DirectoryOutput> {
  readonly #outputs = new Outputs<DirectoryOutput>();
  readonly #table: DirectoryTable;
  readonly #limiter: RequestLimiter;

  constructor(limits: Limits) {
    this.#table = new DirectoryTable(limits);
    this.#limiter = new RequestLimiter(limits, this.#outputs);
  }

  /** Entries in the table. */
  get size(): number {
    return this.#table.size;
  }

  /** The oldest entries, at most this many. */
  entries(most: number): DirectoryEntry[] {
    return this.#table.entries().slice(0, most);
  }

  get wakeAt(): number {
    return Math.min(this.#table.nextExpiry, this.#limiter.nextExpiry);
  }

  takeOutputs(): readonly DirectoryOutput[] {
    return this.#outputs.take();
  }

  /** Counts a request from this address against its rate; whether it is to be answered. */
  admits(hostname: string, now: number): boolean {
    return this.#limiter.admits(unwrapped(hostname), now);
  }

  /** Carries out a request from this address, whatever address the request names. */
  handle(request: DirectoryRequest, hostname: string, now: number): DirectoryReply {
    this.#expire(now);
    const { port, user } = request;
    const sender = entryText({ hostname: unwrapped(hostname), port, user });
    if (request.type === "K") {
      const removed = this.#table.remove(hostname, port);
      const note = `receive offline from: ${sender}`;
      if (!removed) return { others: [], notes: [`${note} (was not in the table)`] };
      return { others: [], notes: [note, this.#changed([`removed: ${entryText(removed)}`], now)] };
    }
    const notes = [`got request from: ${sender}`];
    const entered = this.#table.enter(hostname, port, user, now);
    if (entered.type === "refused") notes.push(`${sender} is not entered: ${entered.why}`);
    else if (entered.type === "added") notes.push(this.#changed([`added: ${sender}`], now));
    else if (entered.type === "renamed") {
      notes.push(this.#changed([`renamed: ${sender}, before ${nameText(entered.before)}`], now));
    }
    return { others: this.#table.others(hostname, port), notes };
  }

  tick(now: number): void {
    this.#expire(now);
    this.#limiter.tick(now);
  }

  #expire(now: number): void {
    const events = this.#table.expire(now).map((entry) => `expired: ${entryText(entry)}`);
    for (const text of events) this.#outputs.push({ type: "log", text });
    if (events.length > 0) this.#outputs.push({ type: "log", text: this.#changed(events, now) });
  }

  /** Returns the table as a line of the server's log. */
  #changed(events: readonly string[], time: number): string {
    const table = this.#table.entries();
    this.#outputs.push({
      type: "changed",
      change: { time, events, size: table.length, table: () => table.map(entryText) },
    });
    if (table.length === 0) return "the client address table is empty";
    const entries = table.length === 1 ? "1 entry" : `${table.length} entries`;
    const more = table.length > LOGGED_ENTRIES ? `, and ${table.length - LOGGED_ENTRIES} more` : "";
    return `the client address table has ${entries}: ${
      table.slice(0, LOGGED_ENTRIES).map(entryText).join(", ")
    }${more}`;
  }
}

/** Addresses that are remembered. The one that has been quiet longest is forgotten first. */
const SENDERS = 10_000;
/** Interval between two log lines about the refused requests of an address. */
const LOG_INTERVAL_MS = 10_000;

interface Sender {
  readonly rate: RateLimiter;
  lastAt: number;
  /** Requests that were refused and not logged yet. */
  refused: number;
  logAt: number;
}

/** Limits the request rate of each address; this machine's own requests are not limited. */
export class RequestLimiter {
  /** By address, the latest sender last. */
  readonly #senders = new Map<string, Sender>();
  /** After this silence, an address is treated as a new one. */
  readonly #forgetMs: number;

  constructor(
    readonly limits: Pick<Limits, "bookBurst" | "bookRequestsPerSecond">,
    readonly outputs: Outputs<DirectoryOutput>,
  ) {
    this.#forgetMs = Math.max(LOG_INTERVAL_MS, (limits.bookBurst / limits.bookRequestsPerSecond) * 1000);
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#senders.size;
  }

  /** When the next address is to be forgotten. */
  get nextExpiry(): number {
    for (const { lastAt } of this.#senders.values()) return lastAt + this.#forgetMs;
    return Infinity;
  }

  /** Whether a request from this address is to be answered. */
  admits(hostname: string, now: number): boolean {
    if (isLoopback(hostname)) return true;
    const { bookBurst, bookRequestsPerSecond } = this.limits;
    const sender = this.#senders.get(hostname) ??
      { rate: new RateLimiter(bookBurst, bookRequestsPerSecond, now), lastAt: now, refused: 0, logAt: 0 };
    sender.lastAt = now;
    this.#senders.delete(hostname);
    this.#senders.set(hostname, sender);
    if (this.#senders.size > SENDERS) this.#forgetFirst();
    if (sender.rate.take(now)) return true;
    sender.refused++;
    if (now >= sender.logAt) this.#log(hostname, sender, now);
    return false;
  }

  /** Forgets the addresses that have been quiet for long. */
  tick(now: number): void {
    for (const { lastAt } of this.#senders.values()) {
      if (now < lastAt + this.#forgetMs) return;
      this.#forgetFirst();
    }
  }

  #forgetFirst(): void {
    for (const [hostname, sender] of this.#senders) {
      this.#senders.delete(hostname);
      if (sender.refused > 0) this.#log(hostname, sender, sender.lastAt);
      return;
    }
  }

  #log(hostname: string, sender: Sender, now: number): void {
    const { bookBurst, bookRequestsPerSecond } = this.limits;
    const requests = sender.refused === 1 ? "a request" : `${sender.refused} requests`;
    const rule = `more than ${bookBurst} at once and ${bookRequestsPerSecond} a second`;
    this.outputs.push({ type: "log", text: `${requests} from ${hostname} closed without an answer: ${rule}` });
    sender.refused = 0;
    sender.logAt = now + LOG_INTERVAL_MS;
  }
}
