import type { ExpiredMessage } from "../chat/store.ts";
import type { Database } from "./database.ts";
import { atMost, type Entries, type Forgotten } from "./entries.ts";
import type { Room, Roster } from "./roster.ts";

const COLUMNS = "seq, kind, sender, recipient, conversation, id, settled";

/**
 * Forgets what is old or too much in a database, a bounded piece at a time: first what is too old, then what is too much of
 * each room, then refusals too old.
 */
export class Pruning {
  readonly #database: Database;
  readonly #roster: Roster;
  readonly #entries: Entries;
  readonly #select;
  readonly #deleteRefusal;

  constructor(database: Database, roster: Roster, entries: Entries) {
    this.#database = database;
    this.#roster = roster;
    this.#entries = entries;
    this.#select = {
      old: database.prepare<Forgotten>(
        `SELECT ${COLUMNS} FROM entries INDEXED BY entries_time WHERE time < ? ORDER BY time, seq LIMIT ?`,
      ),
      /** The newest that is too much. */
      surplus: database.prepare<{ seq: number }>(
        `SELECT seq FROM entries INDEXED BY entries_conversation
         WHERE conversation = ? ORDER BY seq DESC LIMIT 1 OFFSET ?`,
      ),
      upTo: database.prepare<Forgotten>(
        `SELECT ${COLUMNS} FROM entries INDEXED BY entries_conversation
         WHERE conversation = ? AND seq <= ? ORDER BY seq LIMIT ?`,
      ),
      refusals: database.prepare<{ number: number }>(
        "SELECT number FROM refusals INDEXED BY refusals_time WHERE time < ? ORDER BY time, number LIMIT ?",
      ),
    };
    this.#deleteRefusal = database.prepare("DELETE FROM refusals WHERE number = ?");
  }

  prune(past: number, perRoom: number, limit: number): { expired: ExpiredMessage[]; more: boolean } {
    const expired: ExpiredMessage[] = [];
    const lessened = new Set<Room>();
    let left = Math.max(0, limit);
    let more = false;
    // One more is asked for than may go: it says that there is more.
    const take = <T>(rows: T[], forget: (row: T) => void) => {
      if (rows.length > left) {
        more = true;
        rows.length = left;
      }
      left -= rows.length;
      rows.forEach(forget);
    };
    const forget = (row: Forgotten) => {
      const untaken = this.#entries.expired(row);
      if (untaken) expired.push(untaken);
      this.#entries.delete(row.seq);
      if (row.kind === 0 && row.recipient === null) lessened.add(this.#roster.roomOf(row.conversation!));
    };
    take(this.#select.old.all(past, left + 1), forget);
    for (const name of more ? [] : this.#roster.rooms()) {
      const { id } = this.#roster.room(name)!;
      const newest = this.#select.surplus.get(id, atMost(perRoom));
      if (newest) take(this.#select.upTo.all(id, newest.seq, left + 1), forget);
      if (more) break;
    }
    if (!more) {
      take(this.#select.refusals.all(past, left + 1), ({ number }) => {
        this.#database.begin();
        this.#deleteRefusal.run(number);
      });
    }
    for (const room of lessened) this.#roster.dropIfEmpty(room);
    return { expired: expired.sort((one, other) => one.seq - other.seq), more };
  }
}
