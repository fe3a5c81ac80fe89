import { UserError } from "../core/errors.ts";
import type { DatabaseSync } from "node:sqlite";

/** "Part", where SQLite has room for whose file it is. */
const APPLICATION_ID = 0x50617274;

/**
 * What takes a database from version n to n + 1, in order; the first makes an empty one. A step that was in a release is
 * never changed: a new one is put behind it.
 *
 * Version 2: `log.kind` is 0 for a message, 1 for an edit, 2 for a withdrawal, 3 for a failure; `sender` is the number of a
 * user, or the name of a guest. A pair's cursors are those of `one` and `other`. `state.age` is the log's own time, which goes
 * on with the clock but never jumps; `hours` has the first entry of each of its hours. Text that holds a NUL is kept as bytes.
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
  // The log and its cursors. Notices of delivery become cursors, and those of failure entries of the log. A message that waits
  // goes on waiting: the cursor stays before it, even if a later one was received.
  `
  ALTER TABLE people RENAME TO users;
  ALTER TABLE users RENAME COLUMN added TO registered;
  CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    room TEXT UNIQUE,
    one INTEGER,
    other INTEGER,
    one_received INTEGER NOT NULL DEFAULT 0,
    other_received INTEGER NOT NULL DEFAULT 0,
    one_read INTEGER NOT NULL DEFAULT 0,
    other_read INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX conversations_one ON conversations (one, other) WHERE one IS NOT NULL;
  CREATE INDEX conversations_other ON conversations (other) WHERE other IS NOT NULL;
  CREATE TABLE memberships (
    user INTEGER NOT NULL,
    room INTEGER NOT NULL,
    since INTEGER NOT NULL,
    read INTEGER NOT NULL,
    PRIMARY KEY (user, room)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE producers (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL,
    client TEXT NOT NULL,
    number INTEGER NOT NULL,
    time INTEGER NOT NULL,
    UNIQUE (user, client)
  ) STRICT;
  CREATE TABLE refused (
    producer INTEGER NOT NULL,
    number INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (producer, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    sender ANY NOT NULL,
    text ANY NOT NULL,
    time INTEGER NOT NULL,
    of INTEGER,
    producer INTEGER,
    number INTEGER
  ) STRICT;
  CREATE TABLE hours (
    hour INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL
  ) STRICT;

  INSERT INTO conversations (id, room) SELECT id, name FROM rooms;
  INSERT INTO conversations (one, other)
    SELECT DISTINCT min(sender, recipient), max(sender, recipient) FROM entries WHERE kind = 0 AND recipient IS NOT NULL
    UNION
    SELECT DISTINCT min(e.recipient, u.id), max(e.recipient, u.id)
    FROM entries e JOIN users u ON u.name = CAST(e.text AS TEXT) WHERE e.kind <> 0;
  INSERT INTO memberships (user, room, since, read)
    SELECT person, room, since, max(seen, since, min(acked, (SELECT last FROM store)))
    FROM members JOIN users ON users.id = person;
  INSERT INTO log (seq, kind, conversation, sender, text, time)
    SELECT seq, 0, CASE WHEN recipient IS NULL THEN conversation ELSE (
        SELECT id FROM conversations c WHERE c.one = min(e.sender, e.recipient) AND c.other = max(e.sender, e.recipient)
      ) END, sender, text, CAST(time AS INTEGER)
    FROM entries e WHERE kind = 0;
  INSERT INTO log (seq, kind, conversation, sender, text, time, of)
    SELECT e.seq, 3, c.id, e.recipient, coalesce(e.why, ''), CAST(e.time AS INTEGER), e.ref
    FROM entries e JOIN users u ON u.name = CAST(e.text AS TEXT)
      JOIN conversations c ON c.one = min(e.recipient, u.id) AND c.other = max(e.recipient, u.id)
    WHERE e.kind = 2 AND e.ref > 0;
  CREATE INDEX log_conversation ON log (conversation);
  CREATE INDEX log_of ON log (of) WHERE of IS NOT NULL;
  CREATE TEMP TABLE waits AS
    SELECT recipient, sender, min(seq) AS seq FROM entries JOIN users ON users.id = recipient
    WHERE kind = 0 AND settled = 0 AND seq > acked GROUP BY recipient, sender;
  CREATE UNIQUE INDEX waits_pair ON waits (recipient, sender);
  CREATE TEMP TABLE receipts AS
    SELECT e.recipient, e.sender, max(e.seq) AS seq
    FROM entries e JOIN users u ON u.id = e.recipient
      LEFT JOIN waits w ON w.recipient = e.recipient AND w.sender = e.sender
    WHERE e.kind = 0 AND (w.seq IS NULL OR e.seq < w.seq)
      AND (e.seq <= u.acked OR (e.settled = 1 AND NOT EXISTS (SELECT 1 FROM log f WHERE f.of = e.seq)))
    GROUP BY e.recipient, e.sender;
  CREATE UNIQUE INDEX receipts_pair ON receipts (recipient, sender);
  UPDATE conversations SET
    one_received = coalesce((SELECT seq FROM receipts WHERE recipient = one AND sender = other), 0),
    other_received = coalesce((SELECT seq FROM receipts WHERE recipient = other AND sender = one), 0)
    WHERE one IS NOT NULL;
  DROP TABLE waits;
  DROP TABLE receipts;
  UPDATE conversations SET one_read = one_received, other_read = other_received WHERE one IS NOT NULL;
  INSERT INTO hours (hour, seq) SELECT CAST(time / 3600000 AS INTEGER) AS hour, min(seq) FROM log GROUP BY hour;
  CREATE TABLE state (
    id TEXT NOT NULL,
    last INTEGER NOT NULL,
    time INTEGER NOT NULL,
    age INTEGER NOT NULL
  ) STRICT;
  INSERT INTO state SELECT id, last, coalesce((SELECT max(time) FROM log), 0), coalesce((SELECT max(time) FROM log), 0)
    FROM store;
  DROP TABLE entries;
  DROP TABLE refusals;
  DROP TABLE members;
  DROP TABLE rooms;
  DROP TABLE store;
  `,
  // Rooms that only their members find in lists.
  `ALTER TABLE conversations ADD COLUMN unlisted INTEGER NOT NULL DEFAULT 0;`,
  // Where users have logged in before, in the order of their last login there.
  `
  CREATE TABLE networks (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL,
    network TEXT NOT NULL,
    UNIQUE (user, network)
  ) STRICT;
  `,
  // `log.kind` 4, a reaction: only a version that knows it may read the log.
  `-- nothing else changes`,
  // What servers share. `records.at` is the newest entry when the record was written, or the entry that it is (`seq`). `received`:
  // up to which record of each server a user has received what the other one of a pair has said.
  `
  CREATE TABLE servers (
    id INTEGER PRIMARY KEY,
    server TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    taken INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE records (
    server INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    epoch INTEGER,
    place INTEGER,
    at INTEGER NOT NULL,
    seq INTEGER,
    PRIMARY KEY (server, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_at ON records (at);
  CREATE TABLE exchange (
    epoch INTEGER NOT NULL,
    place INTEGER NOT NULL
  ) STRICT;
  INSERT INTO exchange VALUES (0, 0);
  CREATE TABLE received (
    conversation INTEGER NOT NULL,
    user INTEGER NOT NULL,
    server INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (conversation, user, server)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE holders (
    name TEXT PRIMARY KEY,
    ref TEXT NOT NULL,
    server TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    place INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // The entries of each conversation, up to entry `state.indexed`: with an index of `log` each commit wrote a page for each
  // conversation.
  `
  CREATE TABLE conversation_entries (
    conversation INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (conversation, entry)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO conversation_entries SELECT conversation, seq FROM log ORDER BY conversation, seq;
  DROP INDEX log_conversation;
  ALTER TABLE state ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
  UPDATE state SET indexed = last;
  CREATE TRIGGER log_removed AFTER DELETE ON log BEGIN
    DELETE FROM conversation_entries WHERE conversation = old.conversation AND entry = old.seq;
  END;
  `,
  // How often the proof of a name was replaced.
  `ALTER TABLE holders ADD COLUMN version INTEGER NOT NULL DEFAULT 0;`,
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
