import { UserError } from "../core/errors.ts";
import type {
  AcknowledgedMessage,
  Answer,
  ExpiredMessage,
  MessageStore,
  NewMessage,
  NewNotice,
  StoredEntry,
  StoredMessage,
  StoredNotice,
  StoredUser,
} from "../chat/store.ts";
import { Database } from "./database.ts";
import { Entries } from "./entries.ts";
import { Pruning } from "./pruning.ts";
import { Roster } from "./roster.ts";

/** Opens, and makes if need be, the store in a file, or in ":memory:"; a `UserError` says why it cannot. */
export function openSqlite(path: string): MessageStore {
  const database = new Database(path);
  try {
    return new SqliteStore(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteStore implements MessageStore {
  readonly id: string;
  #last: number;
  /** As the database has it after the last commit. */
  #lastWritten: number;
  readonly #database: Database;
  readonly #roster: Roster;
  readonly #entries: Entries;
  readonly #pruning: Pruning;
  readonly #writeLast;

  constructor(database: Database) {
    this.#database = database;
    this.#roster = new Roster(database);
    this.#entries = new Entries(database, this.#roster);
    this.#pruning = new Pruning(database, this.#roster, this.#entries);
    this.#writeLast = database.prepare("UPDATE store SET last = ?");
    const row = database.prepare<{ id: string; last: number }>("SELECT id, last FROM store").get();
    if (!row) {
      throw new UserError(`cannot open the store ${database.path}: it is damaged: it does not say which it is`);
    }
    this.id = row.id;
    this.#last = this.#lastWritten = row.last;
  }

  get last(): number {
    return this.#last;
  }

  get dirty(): boolean {
    return this.#database.inTransaction;
  }

  user(name: string): StoredUser | undefined {
    return this.#roster.user(name);
  }

  users(): string[] {
    return this.#roster.users();
  }

  addUser(name: string, key: Uint8Array | undefined, time: number): void {
    this.#roster.addUser(name, key, time, this.#last);
  }

  rooms(): string[] {
    return this.#roster.rooms();
  }

  members(room: string): string[] {
    return this.#roster.members(room);
  }

  roomsOf(name: string): string[] {
    return this.#roster.roomsOf(name);
  }

  join(room: string, name: string, time: number): void {
    this.#roster.join(room, name, time, this.#last);
  }

  leave(room: string, name: string): void {
    this.#roster.leave(room, name);
  }

  answer(from: string, id: string): Answer | undefined {
    return this.#entries.answer(from, id);
  }

  keep(message: NewMessage): StoredMessage {
    const kept = this.#entries.keep(this.#last + 1, message);
    this.#last++;
    return kept;
  }

  refuse(from: string, id: string, why: string, time: number): void {
    this.#entries.refuse(from, id, why, time);
  }

  notify(notice: NewNotice): StoredNotice {
    const kept = this.#entries.notify(this.#last + 1, notice);
    this.#last++;
    return kept;
  }

  acknowledge(name: string, seq: number): AcknowledgedMessage[] {
    const upTo = Math.min(seq, this.#last);
    return upTo > (this.#roster.person(name)?.acked ?? 0) ? this.#entries.acknowledge(name, upTo) : [];
  }

  settle(seq: number): AcknowledgedMessage | undefined {
    return this.#entries.settle(seq);
  }

  withdraw(seq: number): void {
    this.#entries.withdraw(seq);
  }

  seen(room: string, name: string, seq: number): void {
    this.#roster.seen(room, name, Math.min(seq, this.#last));
  }

  waiting(name: string, after: number, limit: number, only?: "private"): StoredEntry[] {
    const person = this.#roster.person(name);
    return person ? this.#entries.waiting(person, after, limit, only) : [];
  }

  since(name: string, after: number, limit: number): StoredEntry[] {
    const person = this.#roster.person(name);
    return person ? this.#entries.since(person, after, limit) : [];
  }

  history(
    where: { readonly between: readonly [string, string] } | { readonly room: string },
    before: number,
    limit: number,
  ): StoredMessage[] {
    if ("room" in where) {
      const room = this.#roster.room(where.room);
      return room ? this.#entries.history(room.id, before, limit) : [];
    }
    const [one, other] = where.between.map((name) => this.#roster.person(name));
    return one && other ? this.#entries.history([one, other], before, limit) : [];
  }

  prune(oldest: number, perRoom: number, limit: number): { expired: ExpiredMessage[]; more: boolean } {
    return this.#pruning.prune(oldest, perRoom, limit);
  }

  commit(): void {
    if (this.#last !== this.#lastWritten) this.#writeLast.run(this.#last);
    this.#database.commit();
    this.#lastWritten = this.#last;
  }

  rollback(): void {
    this.#database.rollback();
    this.#roster.forget();
    this.#entries.forget();
    this.#last = this.#lastWritten;
  }

  close(): void {
    try {
      if (this.dirty) this.commit();
    } finally {
      this.#database.close();
    }
  }
}
