import type { EntryType } from "../chat/entry.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import { DatabaseSync } from "node:sqlite";
import type { Database, Value } from "./database.ts";

/** By their numbers in the column `kind`. */
export const KINDS: readonly EntryType[] = ["message", "edit", "withdrawal", "failure", "reaction"];

/** The entries of `c.conversation`, up to where they are indexed: `entry` is the number that the index goes by. */
export const FROM_CONVERSATION = "FROM conversation_entries c CROSS JOIN log ON log.seq = entry";

/** Text as the database takes it: what holds a NUL as bytes, since Deno reads text only up to there. */
export function stored(text: string): string | Uint8Array {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes("\0") ? encodeText(wellFormed) : wellFormed;
}

export function readText(value: Value): string {
  return value instanceof Uint8Array ? decodeLossy(value) : value as string;
}

/** Messages that are indexed in one transaction. */
const MAX_INDEXED = 500;

interface Unindexed {
  readonly seq: number;
  readonly text: Value;
  /** The newest edit; a withdrawal. */
  readonly edited: Value;
  readonly withdrawn: number;
}

/**
 * The words of messages, where SQLite has FTS5. An edited message is found by its newest text, a withdrawn one not at all. The
 * index runs behind the log: indexing a message takes longer than storing it.
 */
export class SearchIndex {
  readonly exists: boolean;
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare> | undefined;
  /** Messages up to this number are indexed. */
  #upTo = 0;

  constructor(database: Database) {
    this.#database = database;
    this.exists = makeIndex(database);
    if (!this.exists) return;
    this.#statements = prepare(database);
    this.#upTo = this.#statements.upTo.get()!.seq;
  }

  /** Indexes more messages, up to `last`; whether some are left. */
  more(last: number): boolean {
    const statements = this.#statements;
    if (!statements || this.#upTo >= last) return false;
    const rows = statements.unindexed.all(this.#upTo, MAX_INDEXED);
    const upTo = rows.length === MAX_INDEXED ? rows.at(-1)!.seq : last;
    this.#database.begin();
    for (const { seq, text, edited, withdrawn } of rows) if (withdrawn === 0) statements.add.run(seq, edited ?? text);
    statements.indexed.run(upTo);
    this.#database.commit();
    this.#upTo = upTo;
    return upTo < last;
  }

  /** A message has another text, or none any more. */
  change(seq: number, text: string | undefined): void {
    if (!this.#statements || seq > this.#upTo) return;
    this.#statements.remove.run(seq);
    if (text !== undefined) this.#statements.add.run(seq, stored(text));
  }
}

function prepare(database: Database) {
  return {
    upTo: database.prepare<{ seq: number }>("SELECT seq FROM words_indexed"),
    indexed: database.prepare("UPDATE words_indexed SET seq = ?"),
    unindexed: database.prepare<Unindexed>(
      `SELECT seq, text,
         (SELECT text FROM log e WHERE e.of = log.seq AND e.kind = 1 ORDER BY e.seq DESC LIMIT 1) AS edited,
         EXISTS (SELECT 1 FROM log w WHERE w.of = log.seq AND w.kind = 2) AS withdrawn
       FROM log WHERE seq > ? AND kind = 0 ORDER BY seq LIMIT ?`,
    ),
    add: database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM words WHERE rowid = ?"),
  };
}

const WORDS = "CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1)";

/** Whether this SQLite has a full-text index. */
export function canSearch(): boolean {
  // Not `using`: the runtime of the executables may be one whose databases do not know it.
  const database = new DatabaseSync(":memory:");
  try {
    database.exec(WORDS);
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

function makeIndex(database: Database): boolean {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'words_indexed'").get() !== undefined;
  if (known) return true;
  try {
    database.execute(
      `BEGIN IMMEDIATE;
       ${WORDS};
       CREATE TABLE words_indexed (seq INTEGER NOT NULL) STRICT;
       INSERT INTO words_indexed VALUES (0);
       COMMIT`,
    );
    return true;
  } catch {
    database.execute("ROLLBACK");
    return false;
  }
}
