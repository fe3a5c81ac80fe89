import { unwrapped } from "../../core/address.ts";
import type { Limits } from "../../core/limits.ts";
import { RequestLimiter } from "./request_limiter.ts";
import type { DirectoryRequest } from "./request.ts";
import { type DirectoryEntry, DirectoryTable, entryText, nameText } from "./table.ts";

/** A change of the table, in words: what happened, and who is in it now. */
export interface DirectoryChange {
  readonly time: number;
  readonly events: readonly string[];
  readonly table: readonly string[];
}

/** What the address book can have done. */
export interface DirectoryHooks {
  /** For the log: what happened without anybody asking for it. */
  note(text: string): void;
  /** The table is another one; a mere renewal is no change. */
  changed(change: DirectoryChange): void;
}

/** What one request has come to. */
export interface DirectoryReply {
  /** Whom the asker is told of; for `K` nobody. */
  readonly others: readonly DirectoryEntry[];
  /** What happened, for the log. */
  readonly notes: readonly string[];
}

/** The address book behind its door: the table, who asks how often, and what is told of both. */
export class Directory {
  readonly #table: DirectoryTable;
  readonly #askers: RequestLimiter;

  constructor(limits: Limits, readonly way: DirectoryHooks) {
    this.#table = new DirectoryTable(limits);
    this.#askers = new RequestLimiter(limits, (text) => way.note(text));
  }

  /** Entries in the table. */
  get size(): number {
    return this.#table.size;
  }

  /** Whether a request from this address is to be answered. */
  admits(hostname: string, now: number): boolean {
    return this.#askers.admits(unwrapped(hostname), now);
  }

  /** Does what is asked from this address, whatever address stands in the request. */
  handle(request: DirectoryRequest, hostname: string, now: number): DirectoryReply {
    this.#expire(now);
    const { port, user } = request;
    const who = entryText({ hostname: unwrapped(hostname), port, user });
    if (request.type === "K") {
      const gone = this.#table.remove(hostname, port);
      if (gone) this.#changed([`removed: ${entryText(gone)}`], now);
      const note = `receive offline from: ${who}`;
      return { others: [], notes: [gone ? note : `${note} (was not in the table)`] };
    }
    const notes = [`got request from: ${who}`];
    const entered = this.#table.enter(hostname, port, user, now);
    if (entered.type === "refused") notes.push(`${who} is not entered: ${entered.why}`);
    else if (entered.type === "added") this.#changed([`added: ${who}`], now);
    else if (entered.type === "renamed") this.#changed([`renamed: ${who}, before ${nameText(entered.before)}`], now);
    return { others: this.#table.others(hostname, port), notes };
  }

  /** Time has passed. */
  tick(now: number): void {
    this.#expire(now);
    this.#askers.tick(now);
  }

  #expire(now: number): void {
    const events = this.#table.expire(now).map((entry) => `expired: ${entryText(entry)}`);
    for (const event of events) this.way.note(event);
    if (events.length > 0) this.#changed(events, now);
  }

  #changed(events: readonly string[], time: number): void {
    this.way.changed({ time, events, table: this.#table.entries().map(entryText) });
  }
}
