import { LOBBY } from "../chat/names.ts";
import type { SavedWaiting } from "../chat/snapshot.ts";
import type { Database } from "./database.ts";
import { FROM_CONVERSATION } from "./log_rows.ts";

interface PairRow {
  readonly id: number;
  readonly one: number;
  readonly other: number;
  readonly one_received: number;
  readonly other_received: number;
  readonly one_read: number;
  readonly other_read: number;
  /** The newest entry; null without any. */
  readonly last: number | null;
}

/** The statements of a `ChatStore`: what it writes, and what it reads when it is opened. */
export function prepareChat(database: Database) {
  const cursor = (column: string) =>
    database.prepare(`UPDATE conversations SET ${column} = max(${column}, ?) WHERE id = ?`);
  const newest = "(SELECT max(entry) FROM conversation_entries WHERE conversation = conversations.id)";
  return {
    entry: database.prepare(
      `INSERT INTO log (seq, kind, conversation, sender, text, time, of, producer, number)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    forget: database.prepare("DELETE FROM log WHERE seq = ?"),
    identify: database.prepare("UPDATE state SET id = ?"),
    state: database.prepare("UPDATE state SET last = ?, time = ?, age = ?"),
    hour: database.prepare("INSERT OR IGNORE INTO hours (hour, seq) VALUES (?, ?)"),
    user: database.prepare("INSERT OR IGNORE INTO users (id, name) VALUES (?, ?)"),
    register: database.prepare("UPDATE users SET registered = coalesce(registered, ?), key = ? WHERE id = ?"),
    acked: database.prepare("UPDATE users SET acked = max(acked, ?) WHERE id = ?"),
    // A row that is replaced gets the highest number.
    network: database.prepare("INSERT OR REPLACE INTO networks (user, network) VALUES (?, ?)"),
    forgetNetwork: database.prepare("DELETE FROM networks WHERE user = ? AND network = ?"),
    room: database.prepare("INSERT OR IGNORE INTO conversations (id, room, unlisted) VALUES (?, ?, ?)"),
    dropRoom: database.prepare("DELETE FROM conversations WHERE id = ?"),
    pair: database.prepare("INSERT OR IGNORE INTO conversations (id, one, other) VALUES (?, ?, ?)"),
    join: database.prepare("INSERT OR REPLACE INTO memberships (user, room, since, read) VALUES (?, ?, ?, ?)"),
    leave: database.prepare("DELETE FROM memberships WHERE user = ? AND room = ?"),
    roomRead: database.prepare("UPDATE memberships SET read = max(read, ?) WHERE user = ? AND room = ?"),
    pairCursor: {
      one_received: cursor("one_received"),
      other_received: cursor("other_received"),
      one_read: cursor("one_read"),
      other_read: cursor("other_read"),
    },
    producer: database.prepare<{ id: number }>(
      `INSERT INTO producers (user, client, number, time) VALUES (?, ?, 0, ?)
       ON CONFLICT (user, client) DO UPDATE SET time = excluded.time RETURNING id`,
    ),
    taken: database.prepare("UPDATE producers SET number = max(number, ?), time = ? WHERE id = ?"),
    refuse: database.prepare("INSERT OR REPLACE INTO refused (producer, number, why) VALUES (?, ?, ?)"),
    forgetRefusals: database.prepare("DELETE FROM refused WHERE producer = ? AND number <= ?"),
    read: {
      users: database.prepare<
        { id: number; name: string; registered: number | null; key: Uint8Array | null; acked: number }
      >("SELECT id, name, registered, key, acked FROM users"),
      networks: database.prepare<{ user: number; network: string }>("SELECT user, network FROM networks ORDER BY id"),
      rooms: database.prepare<{ id: number; room: string; unlisted: number; last: number | null }>(
        `SELECT id, room, unlisted, ${newest} AS last
         FROM conversations WHERE room IS NOT NULL AND (room = '${LOBBY}'
           OR EXISTS (SELECT 1 FROM conversation_entries WHERE conversation = conversations.id)
           OR EXISTS (SELECT 1 FROM memberships WHERE room = conversations.id)) ORDER BY id`,
      ),
      memberships: database.prepare<{ user: number; room: number; since: number; read: number }>(
        "SELECT user, room, since, read FROM memberships",
      ),
      pairs: database.prepare<PairRow>(
        `SELECT id, one, other, one_received, other_received, one_read, other_read, ${newest} AS last
         FROM conversations WHERE one IS NOT NULL`,
      ),
      producers: database.prepare<{ id: number; user: number; client: string; number: number }>(
        "SELECT id, user, client, number FROM producers ORDER BY time",
      ),
      refused: database.prepare<{ producer: number; number: number; why: string }>(
        "SELECT producer, number, why FROM refused ORDER BY number",
      ),
      waiting: database.prepare<SavedWaiting>(
        `SELECT coalesce(sum(length(text)), 0) AS bytes, coalesce(max(seq), 0) AS upTo ${FROM_CONVERSATION}
           WHERE c.conversation = ? AND entry > ? AND sender = ? AND kind < 3
           AND NOT EXISTS (SELECT 1 FROM log AS failure WHERE failure.of = log.seq AND failure.kind = 3)`,
      ),
    },
  };
}
