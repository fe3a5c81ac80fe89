import type { RecordId } from "../chat/record_id.ts";
import type { SavedSharing } from "../chat/snapshot.ts";
import type { AnswerTo, Query, RECORD_QUERIES, Write } from "../chat/store.ts";
import type { Database } from "./database.ts";
import { FROM_CONVERSATION, KINDS } from "./log_rows.ts";

type RecordWrite = Extract<
  Write,
  { type: "record" | "exchangeRead" | "serverName" | "holder" | "sharedReceived" | "sharedPairRead" | "sharedRoomRead" }
>;
type RecordQuery = Extract<Query, { type: typeof RECORD_QUERIES[number] }>;

/** The most text that one answer with records holds; it has one record at least. */
const MAX_CHARACTERS = 256 * 1024;
/** Entries among which a message is looked for by its client's number. */
const RECENT = 100_000;

/** Entries of which the exchange may still lose some, so that other servers have only the later ones. */
const UNSETTLED = 10_000;

/** What servers at an exchange share, in the chat's database. A server that is at none writes and reads nothing here. */
export class RecordRows {
  readonly #statements: ReturnType<typeof prepare>;
  /** The rows of servers. */
  readonly #servers = new Map<string, number>();

  constructor(database: Database) {
    this.#statements = prepare(database);
  }

  /** Remembers nothing: a transaction was undone. */
  forget(): void {
    this.#servers.clear();
  }

  /** `last` is the newest entry of the log. */
  write(write: RecordWrite, last: number): void {
    const s = this.#statements;
    switch (write.type) {
      case "record": {
        const { id: { server, number }, text, isTaken, place, seq } = write;
        const row = this.#server(server);
        s.record.run(row, number, text, place?.epoch ?? null, place?.place ?? null, seq ?? last, seq ?? null);
        if (isTaken) s.taken.run(number, row);
        if (place) s.readOn.run(place.epoch, place.place, place.epoch, place.epoch, place.place);
        return;
      }
      case "exchangeRead":
        return s.read.run(write.place.epoch, write.place.place);
      case "serverName":
        return s.name.run(write.name, this.#server(write.server));
      case "holder": {
        const { name, ref, server, epoch, place, version } = write.holder;
        return s.hold.run(name, ref, server, epoch, place, version);
      }
      case "sharedReceived": {
        const { pair, side, user, sender, upTo } = write;
        s.receive.run(pair, user, this.#server(upTo.server), upTo.number);
        return s.received[side].run(pair, sender, user, pair, sender, pair);
      }
      case "sharedPairRead": {
        const { pair, side, upTo } = write;
        return s.pairRead[side].run(this.#server(upTo.server), upTo.number, pair);
      }
      case "sharedRoomRead":
        return s.roomRead.run(this.#server(write.upTo.server), write.upTo.number, write.user, write.room);
    }
  }

  answer<Q extends RecordQuery>(query: Q): AnswerTo<Q>;
  answer(query: RecordQuery): AnswerTo<RecordQuery> {
    const s = this.#statements;
    switch (query.type) {
      case "records": {
        const rows = s.after.all(query.server, query.after, query.limit);
        let characters = 0;
        const count = rows.findIndex(({ text }, at) => (characters += text.length) > MAX_CHARACTERS && at > 0);
        const records = rows.slice(0, count < 0 ? undefined : count).map(({ number, text, epoch, place }) => ({
          number,
          text,
          place: epoch === null || place === null ? undefined : { epoch, place },
        }));
        return { type: "records", records };
      }
      case "entryOf":
        return { type: "entryOf", seq: s.entryOf.get(query.id.server, query.id.number)?.seq ?? undefined };
      case "recordOf": {
        const { seq, conversation } = query;
        const found: RecordId | undefined = conversation === undefined
          ? s.recordOf.get(seq, seq)
          : s.newest.get(conversation, seq);
        const id = found && { server: found.server, number: found.number };
        return { type: "recordOf", id, changedAt: s.changedAt.get(seq)?.time ?? 0 };
      }
      case "recordsIn": {
        const { conversation, sender, after, upTo } = query;
        return { type: "recordsIn", ids: s.recordsIn.all(conversation, sender, after, upTo) };
      }
      case "receivedUpTo": {
        const row = s.receivedUpTo.get(query.pair);
        return { type: "receivedUpTo", seq: (query.side === 0 ? row?.one_received : row?.other_received) ?? 0 };
      }
      case "saidAs":
        return { type: "saidAs", seq: s.saidAs.get(query.user, query.client, query.number)?.seq };
      case "isOutdated": {
        const { of, kind, sender, text, time, id: { server, number } } = query;
        const mark = kind === "reaction" ? text : null;
        const newer = s.newerChange.get(of, KINDS.indexOf(kind), sender, mark, time, server, number);
        return { type: "isOutdated", outdated: newer !== undefined };
      }
    }
  }

  /** What the hub holds in memory; `id` is this server. Undefined where nothing was ever shared. */
  sharing(id: string): SavedSharing | undefined {
    const { servers, exchange, newest, placeless, pending, holders, newestElsewhere } = this.#statements.saved;
    const all = servers.all();
    if (all.length === 0) return undefined;
    const taken = all.find(({ server }) => server === id)?.taken ?? 0;
    const last = Math.max(taken, newest.get(id)?.number ?? 0);
    const first = placeless.get(id)?.number ?? last + 1;
    return {
      read: exchange.get()!,
      servers: all,
      last,
      givenBack: first - 1,
      pending: pending.all(id, taken),
      names: holders.all(),
      newestElsewhere: newestElsewhere.all(id).map(({ user, server, number }) => ({ user, id: { server, number } })),
    };
  }

  /** Whether there are records that are older than an entry. */
  hasOld(first: number): boolean {
    return this.#statements.old.get(first) !== undefined;
  }

  /** Removes at most this many of them; whether there may be more. */
  prune(first: number, limit: number): boolean {
    return this.#statements.prune.all(first, limit).length === limit;
  }

  #server(server: string): number {
    let row = this.#servers.get(server);
    if (row === undefined) this.#servers.set(server, row = this.#statements.server.get(server)!.id);
    return row;
  }
}

const AND_RECORD = "JOIN records ON at = log.seq AND records.seq = log.seq JOIN servers ON servers.id = records.server";
const OF_SERVER = "server = (SELECT id FROM servers WHERE server = ?)";

function prepare(database: Database) {
  const seqOf = "(SELECT seq FROM records WHERE server = ? AND number = ?)";
  const cursor = (column: string) =>
    database.prepare(`UPDATE conversations SET ${column} = max(${column}, coalesce(${seqOf}, 0)) WHERE id = ?`);
  // Up to the first entry that is in no record up to where the user has received. Orders differ, if servers were apart.
  const received = (column: string) =>
    database.prepare(
      `UPDATE conversations SET ${column} = max(${column}, coalesce(
         (SELECT min(entry) - 1 ${FROM_CONVERSATION} WHERE c.conversation = ? AND sender = ? AND entry > ${column}
            AND kind < 3 AND NOT EXISTS (SELECT 1 FROM log f WHERE f.of = log.seq AND f.kind = 3)
            AND NOT EXISTS (SELECT 1 FROM records r JOIN received p ON p.server = r.server AND r.number <= p.number
              WHERE r.at = log.seq AND r.seq = log.seq AND p.conversation = log.conversation AND p.user = ?)),
         (SELECT max(entry) ${FROM_CONVERSATION} WHERE c.conversation = ? AND sender = ? AND kind < 3), 0)) WHERE id = ?`,
    );
  return {
    server: database.prepare<{ id: number }>(
      "INSERT INTO servers (server) VALUES (?) ON CONFLICT (server) DO UPDATE SET server = excluded.server RETURNING id",
    ),
    record: database.prepare(
      `INSERT INTO records (server, number, text, epoch, place, at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (server, number) DO UPDATE SET epoch = coalesce(excluded.epoch, epoch),
         place = coalesce(excluded.place, place), at = coalesce(excluded.seq, at), seq = coalesce(excluded.seq, seq)`,
    ),
    taken: database.prepare("UPDATE servers SET taken = max(taken, ?) WHERE id = ?"),
    read: database.prepare("UPDATE exchange SET epoch = ?, place = ?"),
    readOn: database.prepare(
      "UPDATE exchange SET epoch = ?, place = ? WHERE epoch < ? OR (epoch = ? AND place < ?)",
    ),
    name: database.prepare("UPDATE servers SET name = ? WHERE id = ?"),
    hold: database.prepare(
      "INSERT OR REPLACE INTO holders (name, ref, server, epoch, place, version) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    receive: database.prepare(
      `INSERT INTO received (conversation, user, server, number) VALUES (?, ?, ?, ?)
       ON CONFLICT (conversation, user, server) DO UPDATE SET number = max(number, excluded.number)`,
    ),
    received: [received("one_received"), received("other_received")] as const,
    pairRead: [cursor("one_read"), cursor("other_read")] as const,
    // What was said at two servers has a record of each; that of one may come before others of that server in this log.
    recordsIn: database.prepare<RecordId>(
      `WITH later AS (SELECT records.server, min(records.number) AS number ${FROM_CONVERSATION} ${AND_RECORD}
         WHERE c.conversation = ?1 AND log.sender = ?2 AND entry > ?4 GROUP BY records.server)
       SELECT servers.server, max(records.number) AS number ${FROM_CONVERSATION} ${AND_RECORD}
         LEFT JOIN later ON later.server = records.server
       WHERE c.conversation = ?1 AND log.sender = ?2 AND entry > ?3 AND entry <= ?4
         AND (later.number IS NULL OR records.number < later.number) GROUP BY servers.server`,
    ),
    receivedUpTo: database.prepare<{ one_received: number; other_received: number }>(
      "SELECT one_received, other_received FROM conversations WHERE id = ?",
    ),
    roomRead: database.prepare(
      `UPDATE memberships SET read = max(read, coalesce(${seqOf}, 0)) WHERE user = ? AND room = ?`,
    ),
    after: database.prepare<{ number: number; text: string; epoch: number | null; place: number | null }>(
      `SELECT number, text, epoch, place FROM records WHERE ${OF_SERVER} AND number > ? ORDER BY number LIMIT ?`,
    ),
    entryOf: database.prepare<{ seq: number | null }>(`SELECT seq FROM records WHERE ${OF_SERVER} AND number = ?`),
    recordOf: database.prepare<RecordId>(
      `SELECT servers.server, number FROM records JOIN servers ON servers.id = records.server WHERE at = ? AND seq = ?`,
    ),
    newest: database.prepare<RecordId>(
      `SELECT servers.server, records.number ${FROM_CONVERSATION} ${AND_RECORD}
       WHERE c.conversation = ? AND entry <= ? ORDER BY entry DESC LIMIT 1`,
    ),
    saidAs: database.prepare<{ seq: number }>(
      // No index has this: it is asked for what was said of late, when a client has gone over to another server.
      `SELECT seq FROM log WHERE seq > (SELECT last FROM state) - ${RECENT}
         AND producer = (SELECT id FROM producers WHERE user = ? AND client = ?) AND number = ?
       ORDER BY seq DESC LIMIT 1`,
    ),
    changedAt: database.prepare<{ time: number | null }>(
      "SELECT max(time) AS time FROM log INDEXED BY log_of WHERE of = ? AND kind IN (1, 2, 4)",
    ),
    newerChange: database.prepare(
      // A mark that is taken back begins with "-".
      `SELECT 1 FROM log a INDEXED BY log_of LEFT JOIN records r ON r.at = a.seq AND r.seq = a.seq
         LEFT JOIN servers s ON s.id = r.server
       WHERE of = ?1 AND (kind = 2 OR (kind = ?2 AND sender = ?3 AND (?4 IS NULL OR ltrim(a.text, '-') = ltrim(?4, '-'))
         AND (a.time, coalesce(s.server, ''), coalesce(r.number, 0)) > (?5, ?6, ?7))) LIMIT 1`,
    ),
    // Without a place, the exchange has not given a record back, and no other server has it.
    old: database.prepare("SELECT 1 FROM records WHERE at < ? AND place IS NOT NULL LIMIT 1"),
    prune: database.prepare(
      `DELETE FROM records WHERE (server, number) IN (SELECT server, number FROM records
         WHERE at < ? AND place IS NOT NULL LIMIT ?)
       RETURNING 1`,
    ),
    saved: {
      servers: database.prepare<{ server: string; name: string; taken: number }>(
        "SELECT server, name, taken FROM servers",
      ),
      exchange: database.prepare<{ epoch: number; place: number }>("SELECT epoch, place FROM exchange"),
      newest: database.prepare<{ number: number | null }>(
        `SELECT max(number) AS number FROM records WHERE ${OF_SERVER}`,
      ),
      placeless: database.prepare<{ number: number | null }>(
        `SELECT min(number) AS number FROM records WHERE ${OF_SERVER} AND place IS NULL`,
      ),
      pending: database.prepare<{ number: number; text: string }>(
        `SELECT number, text FROM records WHERE ${OF_SERVER} AND number > ? ORDER BY number`,
      ),
      holders: database.prepare<
        { name: string; ref: string; server: string; epoch: number; place: number; version: number }
      >("SELECT name, ref, server, epoch, place, version FROM holders"),
      // Numbers are stored as floating-point ones in `sender`, which takes any type.
      newestElsewhere: database.prepare<{ user: number; server: string; number: number }>(
        `SELECT sender AS user, servers.server, max(records.number) AS number
         FROM log JOIN records ON at = log.seq AND records.seq = log.seq JOIN servers ON servers.id = records.server
         WHERE log.seq > (SELECT last FROM state) - ${UNSETTLED} AND kind <> 3 AND typeof(sender) <> 'text'
           AND servers.server <> ? GROUP BY sender, servers.server`,
      ),
    },
  };
}
