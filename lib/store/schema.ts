import { UserError } from "../core/errors.ts";
import type { DatabaseSync } from "node:sqlite";

/** "Part", where SQLite has room for whose file it is. */
const APPLICATION_ID = 0x50617274;

/**
 * What takes a database from version n to n + 1, in order; the first makes an empty one. A step that was in a release is
 * never changed: a new one is put behind it.
 *
 * In `entries`: `kind` 0 is a message, 1 a notice that one was delivered, 2 that it failed. `recipient` is who may have to
 * come for it: the receiver of a private message, the owner of a notice. `conversation` is the number of a room, or below
 * zero of two people. What has a `recipient` waits until it is `settled` or its recipient has `acked` it: to acknowledge
 * much is to write one number. The `text` of a notice is whom its message was for. Text from outside that has a NUL in it is
 * kept as bytes.
 */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE store (
    id TEXT NOT NULL,
    last INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    added REAL,
    key BLOB,
    acked INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE members (
    person INTEGER NOT NULL REFERENCES people,
    room INTEGER NOT NULL REFERENCES rooms,
    joined REAL NOT NULL,
    since INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (person, room)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX members_room ON members (room);
  CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    sender INTEGER,
    recipient INTEGER,
    conversation INTEGER,
    id ANY,
    text ANY NOT NULL,
    time REAL NOT NULL,
    ref INTEGER,
    why ANY,
    settled INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX entries_open ON entries (recipient) WHERE recipient IS NOT NULL AND settled = 0;
  CREATE INDEX entries_settled ON entries (recipient) WHERE recipient IS NOT NULL AND settled = 1;
  CREATE INDEX entries_conversation ON entries (conversation) WHERE conversation IS NOT NULL;
  CREATE UNIQUE INDEX entries_answer ON entries (sender, id) WHERE sender IS NOT NULL AND id IS NOT NULL;
  CREATE INDEX entries_time ON entries (time);
  CREATE TABLE refusals (
    number INTEGER PRIMARY KEY,
    sender INTEGER NOT NULL,
    id ANY NOT NULL,
    why ANY NOT NULL,
    time REAL NOT NULL,
    UNIQUE (sender, id)
  ) STRICT;
  CREATE INDEX refusals_time ON refusals (time);
  INSERT INTO store VALUES (lower(hex(randomblob(16))), 0);
  INSERT INTO rooms (name) VALUES ('lobby');
  `,
];

/** Whose file this is, and of which version; throws a `UserError` when it is not one that this Partyline knows. */
export function readVersion(database: DatabaseSync, path: string, steps = STEPS): number {
  const application = number(database, "SELECT application_id AS n FROM pragma_application_id");
  const tables = number(database, "SELECT count(*) AS n FROM sqlite_schema");
  const version = number(database, "SELECT user_version AS n FROM pragma_user_version");
  if (tables === 0) return 0;
  if (application !== APPLICATION_ID) {
    throw new UserError(`cannot open the store ${path}: it is the database of another program`);
  }
  if (version > steps.length) {
    const known = steps.length === 1 ? "this one knows 1" : `this one knows 1 to ${steps.length}`;
    throw new UserError(
      `cannot open the store ${path}: it was made by a later Partyline (schema ${version}; ${known})`,
    );
  }
  if (version < 1) throw new UserError(`cannot open the store ${path}: it is damaged: it has schema ${version}`);
  return version;
}

/** Takes a database of this version to the newest one, a transaction a step. */
export function migrate(database: DatabaseSync, version: number, steps = STEPS): void {
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.exec("BEGIN IMMEDIATE");
    try {
      database.exec(step);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1}`);
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}

function number(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.n);
}
