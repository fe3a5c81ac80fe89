import type { Entry } from "../chat/entry.ts";
import type { Answer, Query } from "../chat/store.ts";
import type { ChatQueries, LogRow } from "./chat_queries.ts";
import type { Database } from "./database.ts";
import { FROM_CONVERSATION, type SearchIndex } from "./log_rows.ts";
import type { RecordRows } from "./record_rows.ts";

const HOUR_MS = 60 * 60 * 1000;
const COLUMNS = "log.seq, kind, log.conversation, sender, text, log.time, of, NULL AS client, NULL AS number";

/** Removes what is old or too much, a bounded piece at a time: first what is too old, then what is too much of each room. */
export class ChatPruning {
  readonly #database: Database;
  readonly #index: SearchIndex;
  readonly #queries: ChatQueries;
  readonly #statements: ReturnType<typeof prepare>;
  /** Rooms that may hold too much; undefined: all of them. */
  #grown: Set<number> | undefined;

  constructor(database: Database, index: SearchIndex, queries: ChatQueries, readonly records: RecordRows) {
    this.#database = database;
    this.#index = index;
    this.#queries = queries;
    this.#statements = prepare(database);
  }

  /** Something was said in a conversation. */
  grown(conversation: number): void {
    this.#grown?.add(conversation);
  }

  /** `age` is the log's own time. */
  prune({ keepMs, perRoom, limit }: Extract<Query, { type: "prune" }>, age: number): Answer {
    const { bound, old, surplus, upTo, remove } = this.#statements;
    const first = bound.get(Math.floor((age - keepMs) / HOUR_MS))?.seq ?? 0;
    const rows = first > 0 ? old.all(first, limit) : [];
    const newestOld = rows.at(-1);
    let more = rows.length === limit;
    const rooms = this.#grown ?? new Set(this.#statements.rooms.all().map(({ id }) => id));
    for (const room of rooms) {
      if (rows.length >= limit) break;
      const newest = surplus.get(room, perRoom)?.seq;
      const found = newest === undefined ? [] : upTo.all(room, first, newest, limit - rows.length);
      rows.push(...found);
      more ||= rows.length >= limit;
    }
    if (!more) this.#grown = new Set();
    if (first > 0 && this.records.hasOld(first)) {
      this.#database.begin();
      more = this.records.prune(first, limit) || more;
      this.#database.commit();
    }
    if (rows.length === 0) return { type: "pruned", expired: [], removed: 0, more };
    const expired: Entry[] = [];
    try {
      this.#database.begin();
      for (const row of rows) {
        if (row.kind === 0 && this.#waits(row)) expired.push(this.#queries.entry(row));
        remove.run(row.seq);
        if (row.kind === 0) this.#index.change(row.seq, undefined);
      }
      if (first > 0) {
        this.#statements.hours.run(first);
        // Clients that have said nothing for as long.
        if (newestOld) this.#statements.producers.run(newestOld.time);
        this.#statements.refused.run();
      }
      this.#database.commit();
    } catch (error) {
      this.#database.rollback();
      throw error;
    }
    return { type: "pruned", expired, removed: rows.length, more };
  }

  /** Whether a private message was never received. */
  #waits({ seq, conversation, sender }: LogRow): boolean {
    const pair = this.#statements.pair.get(conversation);
    if (!pair || pair.one === pair.other) return false;
    const received = pair.one === sender ? pair.other_received : pair.one_received;
    return seq > received && this.#statements.failure.get(seq) === undefined;
  }
}

function prepare(database: Database) {
  return {
    /** The first entry that is young enough. */
    bound: database.prepare<{ seq: number | null }>("SELECT min(seq) AS seq FROM hours WHERE hour >= ?"),
    old: database.prepare<LogRow>(`SELECT ${COLUMNS} FROM log WHERE seq < ? ORDER BY seq LIMIT ?`),
    rooms: database.prepare<{ id: number }>("SELECT id FROM conversations WHERE room IS NOT NULL"),
    surplus: database.prepare<{ seq: number }>(
      "SELECT entry AS seq FROM conversation_entries WHERE conversation = ? ORDER BY entry DESC LIMIT 1 OFFSET ?",
    ),
    upTo: database.prepare<LogRow>(
      `SELECT ${COLUMNS} ${FROM_CONVERSATION} WHERE c.conversation = ? AND entry >= ? AND entry <= ?
       ORDER BY entry LIMIT ?`,
    ),
    remove: database.prepare("DELETE FROM log WHERE seq = ?"),
    hours: database.prepare("DELETE FROM hours WHERE seq < (SELECT coalesce(max(seq), 0) FROM hours WHERE seq <= ?)"),
    producers: database.prepare("DELETE FROM producers WHERE time < ?"),
    refused: database.prepare("DELETE FROM refused WHERE producer NOT IN (SELECT id FROM producers)"),
    pair: database.prepare<{ one: number; other: number; one_received: number; other_received: number }>(
      "SELECT one, other, one_received, other_received FROM conversations WHERE id = ? AND room IS NULL",
    ),
    failure: database.prepare("SELECT 1 FROM log INDEXED BY log_of WHERE of = ? AND kind = 3"),
  };
}
