import type { KnownPeer, Outgoing, OwnMembership, PeerStore, Trust } from "../peers/store.ts";
import { Database } from "./database.ts";
import { Refusals } from "./refusals.ts";

/** The migrations of a peer's database from version n to n + 1. Those of a release are never changed. */
export const PEER_STEPS: readonly string[] = [
  `
  CREATE TABLE numbers (id TEXT NOT NULL, reserved INTEGER NOT NULL) STRICT;
  CREATE TABLE outgoing (
    n INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    name TEXT NOT NULL,
    in_group TEXT,
    text BLOB NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (n, receiver)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE seen (key TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE refusals (
    key TEXT NOT NULL,
    n INTEGER NOT NULL,
    why BLOB NOT NULL,
    PRIMARY KEY (key, n)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE acquaintances (key TEXT PRIMARY KEY, name TEXT NOT NULL, place TEXT NOT NULL, time REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE trusts (
    name TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    print BLOB NOT NULL,
    secure INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE parts (name TEXT PRIMARY KEY, version INTEGER NOT NULL, inside INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO numbers VALUES (lower(hex(randomblob(8))), 0);
  `,
  // The messages to one person lie together: what has arrived is removed by one statement.
  `
  ALTER TABLE outgoing RENAME TO old_outgoing;
  CREATE TABLE outgoing (
    n INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    name TEXT NOT NULL,
    in_group TEXT,
    text BLOB NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (receiver, n)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO outgoing SELECT * FROM old_outgoing;
  DROP TABLE old_outgoing;
  `,
];

/** Numbers reserved on the disk at once: after a crash the unused ones are skipped. */
const RESERVED = 1000;

interface OutgoingRow {
  readonly n: number;
  readonly receiver: string;
  readonly name: string;
  readonly in_group: string | null;
  readonly text: Uint8Array;
  readonly time: number;
}

interface TrustRow {
  readonly name: string;
  readonly key: string;
  readonly print: Uint8Array;
  readonly secure: number;
}

/** The store of a peer, in a database of its own. */
export class PeerSqliteStore implements PeerStore {
  readonly id: string;
  readonly #database: Database;
  readonly #queries;
  /** As on the disk after the next commit. */
  readonly #seen: Map<string, number>;
  readonly #refusals = new Refusals();
  /** Writes of this turn that need no sync of their own. */
  readonly #unsynced: (() => void)[] = [];
  #last: number;
  #reserved: number;

  /** Opens or creates the file; throws a `UserError` if it cannot be used. */
  constructor(path: string) {
    const database = this.#database = new Database(path, PEER_STEPS);
    this.#queries = prepare(database);
    const { id, reserved } = this.#queries.numbers.get()!;
    this.id = id;
    this.#reserved = this.#last = reserved;
    this.#seen = new Map(this.#queries.allSeen.all().map(({ key, n }) => [key, n]));
    for (const { key, n, why } of this.#queries.allRefused.all()) this.#refusals.add(key, n, decoder.decode(why));
  }

  nextNumber(): number {
    if (this.#last === this.#reserved) {
      this.#beginSynced();
      this.#queries.reserve.run(this.#reserved + RESERVED);
      this.#reserved += RESERVED;
    }
    return ++this.#last;
  }

  keep({ n, to, name, group, text, time }: Outgoing): void {
    this.#beginSynced();
    this.#queries.keep.run(n, to, name, group ?? null, encoder.encode(text), time);
  }

  done(to: string, n: number): void {
    this.#beginSynced();
    this.#queries.done.run(to, n, n);
  }

  arrived(to: string, first: number, last: number): void {
    this.#unsynced.push(() => this.#queries.done.run(to, first, last));
  }

  waiting(): Outgoing[] {
    return this.#queries.waiting.all().map(({ n, receiver, name, in_group, text, time }) => ({
      n,
      to: receiver,
      name,
      group: in_group ?? undefined,
      text: decoder.decode(text),
      time,
    }));
  }

  seen(series: string): number {
    return this.#seen.get(series) ?? 0;
  }

  markSeen(series: string, n: number): void {
    this.#unsynced.push(() => this.#queries.markSeen.run(series, n));
    this.#seen.set(series, n);
  }

  refused(series: string, n: number): string | undefined {
    return this.#refusals.get(series, n);
  }

  refuse(series: string, n: number, why: string): void {
    this.#beginSynced();
    this.#queries.refuse.run(series, n, encoder.encode(why));
    for (const gone of this.#refusals.add(series, n, why)) this.#queries.forgetRefusal.run(series, gone);
  }

  forgetRefusals(series: string, below: number): void {
    for (const n of this.#refusals.forgetBelow(series, below)) {
      this.#beginSynced();
      this.#queries.forgetRefusal.run(series, n);
    }
  }

  acquaintances(most: number): KnownPeer[] {
    const all = this.#queries.acquaintances.all().map(({ key, name, place, time }) => ({
      key,
      name,
      address: place,
      time,
    }));
    for (const { key } of all.splice(most)) {
      this.#beginSynced();
      this.#queries.forget.run(key);
    }
    return all;
  }

  meet({ key, name, address, time }: KnownPeer): void {
    this.#beginSynced();
    this.#queries.meet.run(key, name, address, time);
  }

  trust(name: string): Trust | undefined {
    const row = this.#queries.trust.get(name);
    return row && trustOf(row);
  }

  trustOf(key: string): Trust | undefined {
    const row = this.#queries.trustOf.get(key);
    return row && trustOf(row);
  }

  keepTrust({ name, key, fingerprint, secure }: Trust): void {
    this.#beginSynced();
    this.#queries.keepTrust.run(name, key, fingerprint, secure ? 1 : 0);
  }

  memberships(): OwnMembership[] {
    return this.#queries.memberships.all().map(({ name, version, inside }) => ({
      group: name,
      version,
      in: inside === 1,
    }));
  }

  keepMembership({ group, version, in: isIn }: OwnMembership): void {
    this.#beginSynced();
    this.#queries.keepMembership.run(group, version, isIn ? 1 : 0);
  }

  commit(): void {
    if (this.#unsynced.length > 0) {
      this.#database.begin("unsynced");
      this.#writeUnsynced();
    }
    this.#database.commit();
  }

  close(): void {
    this.#database.close();
  }

  /** Before each write of a synced transaction. The order stays: a number that has arrived may be kept again. */
  #beginSynced(): void {
    this.#database.begin();
    this.#writeUnsynced();
  }

  #writeUnsynced(): void {
    for (const write of this.#unsynced.splice(0)) write();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function prepare(database: Database) {
  return {
    numbers: database.prepare<{ id: string; reserved: number }>("SELECT id, reserved FROM numbers"),
    reserve: database.prepare("UPDATE numbers SET reserved = ?"),
    keep: database.prepare("INSERT INTO outgoing VALUES (?, ?, ?, ?, ?, ?)"),
    done: database.prepare("DELETE FROM outgoing WHERE receiver = ? AND n BETWEEN ? AND ?"),
    waiting: database.prepare<OutgoingRow>("SELECT * FROM outgoing ORDER BY n, receiver"),
    allSeen: database.prepare<{ key: string; n: number }>("SELECT key, n FROM seen"),
    markSeen: database.prepare("INSERT OR REPLACE INTO seen VALUES (?, ?)"),
    allRefused: database.prepare<{ key: string; n: number; why: Uint8Array }>("SELECT key, n, why FROM refusals"),
    refuse: database.prepare("INSERT OR REPLACE INTO refusals VALUES (?, ?, ?)"),
    forgetRefusal: database.prepare("DELETE FROM refusals WHERE key = ? AND n = ?"),
    acquaintances: database.prepare<{ key: string; name: string; place: string; time: number }>(
      "SELECT key, name, place, time FROM acquaintances ORDER BY time DESC",
    ),
    forget: database.prepare("DELETE FROM acquaintances WHERE key = ?"),
    meet: database.prepare("INSERT OR REPLACE INTO acquaintances VALUES (?, ?, ?, ?)"),
    trust: database.prepare<TrustRow>(
      "SELECT name, key, print, secure FROM trusts WHERE name = ?",
    ),
    trustOf: database.prepare<TrustRow>(
      "SELECT name, key, print, secure FROM trusts WHERE key = ? ORDER BY name LIMIT 1",
    ),
    keepTrust: database.prepare("INSERT OR REPLACE INTO trusts VALUES (?, ?, ?, ?)"),
    memberships: database.prepare<{ name: string; version: number; inside: number }>(
      "SELECT name, version, inside FROM parts",
    ),
    keepMembership: database.prepare("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)"),
  };
}

function trustOf({ name, key, print, secure }: TrustRow): Trust {
  return { name, key, fingerprint: print, secure: secure === 1 };
}
