import type { Database } from "./database.ts";

/** Entries at most that are not in the index: indexing this many takes a few ms. */
const MAX_BEHIND = 2000;

/**
 * Which entries each conversation has. The index runs behind the log, since entries of many conversations change a page each:
 * many entries at once cost half as much time of the store's thread as those of one commit.
 *
 * 1. Before anything is asked, `complete` indexes the rest.
 * 2. What is indexed is part of the transaction that is open, or else of one that the next batch commits: so a question neither
 *    waits for the disk nor fails because it is full.
 */
export class ConversationIndex {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare>;
  /** The newest entry, and up to where they are indexed; undefined when a transaction was undone. */
  #state: { last: number; indexed: number } | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepare(database);
  }

  /** An entry was written, the newest. */
  added(entry: number): void {
    this.#read().last = entry;
  }

  /** Indexes everything that was written, if that is much. */
  advance(): void {
    const { last, indexed } = this.#read();
    if (last - indexed > MAX_BEHIND) this.complete();
  }

  /** Indexes everything that was written. */
  complete(): void {
    const state = this.#read();
    if (state.last <= state.indexed) return;
    this.#database.begin();
    this.#statements.index.run(state.indexed);
    this.#statements.indexed.run(state.last);
    state.indexed = state.last;
  }

  /** Remembers nothing: a transaction was undone. */
  forget(): void {
    this.#state = undefined;
  }

  #read(): { last: number; indexed: number } {
    return this.#state ??= { ...this.#statements.state.get()! };
  }
}

function prepare(database: Database) {
  return {
    state: database.prepare<{ last: number; indexed: number }>("SELECT last, indexed FROM state"),
    indexed: database.prepare("UPDATE state SET indexed = ?"),
    index: database.prepare(
      "INSERT INTO conversation_entries SELECT conversation, seq FROM log WHERE seq > ? ORDER BY conversation, seq",
    ),
  };
}
