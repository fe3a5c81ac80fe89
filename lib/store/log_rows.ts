import type { EntryType } from "../chat/entry.ts";
import { decodeLossy, encodeText } from "../core/text.ts";
import type { Database, Query, Value } from "./database.ts";

/** By their numbers in the column `kind`. */
export const KINDS: readonly EntryType[] = ["message", "edit", "withdrawal", "failure"];

/** Text as the database takes it: what holds a NUL as bytes, since Deno reads text only up to there. */
export function stored(text: string): string | Uint8Array {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes("\0") ? encodeText(wellFormed) : wellFormed;
}

export function readText(value: Value): string {
  return value instanceof Uint8Array ? decodeLossy(value) : value as string;
}

/** The words of all messages, where SQLite has FTS5; an edited message is found by its newest text, a withdrawn one not at all. */
export class SearchIndex {
  readonly exists: boolean;
  readonly #add: Query | undefined;
  readonly #remove: Query | undefined;

  constructor(database: Database) {
    this.exists = makeIndex(database);
    if (!this.exists) return;
    this.#add = database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
    this.#remove = database.prepare("DELETE FROM words WHERE rowid = ?");
  }

  add(seq: number, text: string): void {
    this.#add?.run(seq, stored(text));
  }

  /** The message has another text, or none any more. */
  change(seq: number, text: string | undefined): void {
    this.#remove?.run(seq);
    if (text !== undefined) this.add(seq, text);
  }
}

function makeIndex(database: Database): boolean {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'words'").get() !== undefined;
  if (known) return true;
  try {
    database.execute(
      `BEGIN IMMEDIATE;
       CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, detail=full);
       INSERT INTO words (rowid, text) SELECT seq, text FROM log WHERE kind = 0;
       COMMIT`,
    );
    return true;
  } catch {
    database.execute("ROLLBACK");
    return false;
  }
}
