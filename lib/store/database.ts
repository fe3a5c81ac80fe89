import { UserError } from "../core/errors.ts";
import { dirname } from "@std/path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { reason } from "../core/reason.ts";
import { migrate, readVersion, STEPS } from "./schema.ts";

/** A database up to this size is read through when it is opened: a second at most, also on an old machine. */
const CHECKED_BYTES = 32 * 1024 * 1024;

/** How long another program may hold the file when it is opened: one that only looks is soon gone, a server never. */
const BUSY_MS = 250;

/** Beyond this what SQLite has written ahead is given back to the disk. */
const JOURNAL_BYTES = 16 * 1024 * 1024;

/** The pages kept in memory, in KiB: the ends of all indexes, which every new message touches. */
const CACHE_KIB = 16 * 1024;

const MEMORY = ":memory:";

/** What a database takes and gives. */
export type Value = null | number | string | Uint8Array;

/**
 * An open database and its one transaction.
 *
 * 1. `begin` is said before each write; the transaction lasts until `commit` or `rollback`.
 * 2. What is committed survives the end of the program. It also survives that of the machine, unless the transaction was begun
 *    with "unsynced": that takes a tenth of the time, and is synced together with the next transaction that is synced.
 * 3. After a call that failed everything throws, until `rollback`.
 * 4. No other program can open the file while it is open here.
 */
export class Database {
  readonly #database: DatabaseSync;
  readonly #begin: Query;
  readonly #commit: Query;
  #open = true;
  #failure: UserError | undefined;
  #inTransaction = false;
  #isSynced = true;

  constructor(readonly path: string, steps: readonly string[] = STEPS) {
    this.#database = openFile(path, steps);
    this.#begin = this.prepare("BEGIN IMMEDIATE");
    this.#commit = this.prepare("COMMIT");
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** A query made once and asked often. Its parameters are all `?`, or all numbered as in `?1`. */
  prepare<Row = never>(sql: string): Query<Row> {
    // Deno 2.4 cannot bind numbered parameters.
    const order: number[] = [];
    const unnumbered = sql.replaceAll(/\?(\d+)/g, (_, number) => (order.push(Number(number) - 1), "?"));
    try {
      return new Query<Row>(this, this.#database.prepare(unnumbered), order);
    } catch (error) {
      this.close();
      throw openError(this.path, error);
    }
  }

  /** Statements that are run once, outside of a transaction. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  begin(sync: "synced" | "unsynced" = "synced"): void {
    if (this.#inTransaction) {
      if (sync === "synced" && !this.#isSynced) throw new Error("the open transaction is not synced");
      return;
    }
    this.#setSynced(sync === "synced");
    this.#begin.run();
    this.#inTransaction = true;
  }

  commit(): void {
    this.mustWork();
    if (!this.#inTransaction) return;
    this.#commit.run();
    this.#inTransaction = false;
  }

  rollback(): void {
    if (!this.#open) return;
    this.#failure = undefined;
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    try {
      this.#database.exec("ROLLBACK");
    } catch { /* SQLite has done it itself, as after a full disk */ }
  }

  /** Lets go of the file; what was not committed is gone. */
  close(): void {
    if (!this.#open) return;
    this.rollback();
    this.#open = false;
    this.#database.close();
  }

  #setSynced(isSynced: boolean): void {
    if (isSynced === this.#isSynced) return;
    this.mustWork();
    this.#database.exec(`PRAGMA synchronous = ${isSynced ? "FULL" : "NORMAL"}`);
    this.#isSynced = isSynced;
  }

  /** Throws when nothing can be asked: Deno 2.4 does not survive a statement of a closed database. */
  mustWork(): void {
    if (this.#failure) throw this.#failure;
    if (!this.#open) throw new UserError(`cannot use the store ${this.path}: it is closed`);
  }

  /** What a failed statement throws. */
  failed(error: unknown): UserError {
    return this.#failure = new UserError(`cannot use the store ${this.path}: ${explained(error)}`, { cause: error });
  }
}

/** A prepared statement of a `Database`. */
export class Query<Row = never> {
  readonly #database: Database;
  readonly #statement: StatementSync;
  /** For each parameter the index of its value; empty if they are in order. */
  readonly #order: readonly number[];

  constructor(database: Database, statement: StatementSync, order: readonly number[]) {
    this.#database = database;
    this.#statement = statement;
    this.#order = order;
  }

  /** The first row. */
  get(...values: Value[]): Row | undefined {
    this.#database.mustWork();
    try {
      return this.#statement.get(...this.#ordered(values)) as Row | undefined;
    } catch (error) {
      throw this.#database.failed(error);
    }
  }

  /** All rows. */
  all(...values: Value[]): Row[] {
    this.#database.mustWork();
    try {
      return this.#statement.all(...this.#ordered(values)) as Row[];
    } catch (error) {
      throw this.#database.failed(error);
    }
  }

  /** Runs a statement that gives no rows. */
  run(...values: Value[]): void {
    this.#database.mustWork();
    try {
      // A third faster than `run` of the statement, which says what was changed.
      this.#statement.get(...this.#ordered(values));
    } catch (error) {
      throw this.#database.failed(error);
    }
  }

  #ordered(values: Value[]): Value[] {
    return this.#order.length === 0 ? values : this.#order.map((index) => values[index]!);
  }
}

function openFile(path: string, steps: readonly string[]): DatabaseSync {
  if (path !== MEMORY) makeFile(path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // Held until it is closed; and nothing is changed before it is known whose it is.
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT`);
    const version = readVersion(database, path, steps);
    if (path !== MEMORY && Deno.statSync(path).size <= CHECKED_BYTES) check(database);
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON`);
    database.exec(`PRAGMA journal_size_limit = ${JOURNAL_BYTES}; PRAGMA cache_size = -${CACHE_KIB}`);
    migrate(database, version, steps);
    return database;
  } catch (error) {
    database?.close();
    throw openError(path, error);
  }
}

function makeFile(path: string): void {
  const folder = dirname(path);
  // SQLite would make the file that a link points to.
  if (linksToNothing(path)) {
    throw new UserError(
      `cannot open the store ${path}: it is a link to ${Deno.readLinkSync(path)}, which does not exist`,
    );
  }
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists
      ? "a file is in its place"
      : reason(error);
    throw new UserError(`cannot make the folder ${folder} of the store: ${why}`, { cause: error });
  }
  try {
    // A file that is there is not opened: closing it would give up the locks that this process may have on it.
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw new UserError(`cannot make the store ${path}: ${reason(error)}`, { cause: error });
  }
}

function linksToNothing(path: string): boolean {
  try {
    if (!Deno.lstatSync(path).isSymlink) return false;
  } catch {
    return false;
  }
  try {
    Deno.statSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function check(database: DatabaseSync): void {
  const found = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== "ok") throw new Error(`database disk image is malformed: ${found}`);
}

function openError(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(`cannot open the store ${path}: ${explained(error)}`, { cause: error });
}

/** What is wrong, and what to do. SQLite's words are all that Deno hands on; its numbers it keeps to itself. */
function explained(error: unknown): string {
  const said = reason(error).replaceAll("\n", " ");
  if (/is not a database/.test(said)) return "it is not a database; move it away, or choose another folder";
  if (/is locked/.test(said)) {
    return "another running program uses it; stop that program, or choose another folder";
  }
  if (/malformed|no such|prepare statement/.test(said)) {
    return `it is damaged: ${said}; put a backup in its place, or move it away to start over`;
  }
  if (/disk is full/.test(said)) return "the disk is full; make room on it";
  if (/readonly/.test(said)) return "it can be read but not written; make it and its folder writable";
  if (/unable to open/.test(said)) return "it cannot be read and written as a file; it and its folder must be writable";
  if (/disk I\/O error/.test(said)) return "its disk cannot be read or written; it and its folder must be writable";
  return said;
}
