import { LOBBY } from "../chat/names.ts";
import { REFUSALS } from "../chat/roster.ts";
import {
  type AnswerTo,
  type Batch,
  type Query,
  RECORD_QUERIES,
  type SavedPair,
  type SavedProducer,
  type SavedRoom,
  type SavedUser,
  type SavedWaiting,
  type Snapshot,
  type Store,
  type Write,
} from "../chat/store.ts";
import { ChatQueries } from "./chat_queries.ts";
import { ChatPruning } from "./chat_pruning.ts";
import { Database } from "./database.ts";
import { KINDS, SearchIndex, stored } from "./log_rows.ts";
import { RecordRows } from "./record_rows.ts";
import { UserError } from "../core/errors.ts";

const NOTHING_WAITS: SavedWaiting = { bytes: 0, upTo: 0 };
const HOUR_MS = 60 * 60 * 1000;
/** Rows of clients that are remembered. */
const MAX_PRODUCERS = 10_000;
/** So far the log's own time goes on at once at most: a wrong clock, or a long holiday, makes nothing old. */
const MAX_AGING_MS = 24 * HOUR_MS;

/**
 * The chat's store in SQLite: in a file, or in ":memory:". Synchronous; it runs in a worker, or directly in tests.
 *
 * 1. Each batch is one transaction: when `append` returns, it is on the disk; when it throws, nothing of it is kept.
 * 2. A file is for one process alone, as long as it is open.
 */
export class ChatStore implements Store {
  readonly #id: string;
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #queries: ChatQueries;
  readonly #pruning: ChatPruning;
  readonly #index: SearchIndex;
  readonly #records: RecordRows;
  /** The rows of clients, by user and client. */
  readonly #producers = new Map<string, number>();
  /** The state of the last commit. */
  #state: { last: number; time: number; age: number };

  /** Opens the store, and makes it if need be, under this id; a `UserError` says why it cannot. */
  constructor(path: string, id?: string) {
    const database = this.#database = new Database(path);
    try {
      this.#statements = prepare(database);
      const index = this.#index = new SearchIndex(database);
      const row = database.prepare<{ id: string; last: number; time: number; age: number }>("SELECT * FROM state")
        .get();
      if (!row) throw new UserError(`cannot open the store ${path}: it is damaged: it does not say which it is`);
      this.#state = { last: row.last, time: row.time, age: row.age };
      if (id !== undefined && row.last === 0) this.#statements.identify.run(row.id = id);
      this.#queries = new ChatQueries(database, index);
      this.#records = new RecordRows(database);
      this.#pruning = new ChatPruning(database, index, this.#queries, this.#records);
      this.#id = row.id;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Everything that the chat holds in memory, as it was committed last. */
  get snapshot(): Snapshot {
    return this.#read(this.#id);
  }

  append({ writes, last, time }: Batch): void {
    const database = this.#database;
    try {
      database.begin();
      for (const write of writes) this.#write(write, time, last);
      let { age } = this.#state;
      if (last > this.#state.last) {
        age += Math.min(Math.max(0, time - (this.#state.time || time)), MAX_AGING_MS);
        if (this.#state.age === 0) age = time;
        this.#statements.hour.run(Math.floor(age / HOUR_MS), this.#state.last + 1);
        this.#statements.state.run(last, time, age);
      }
      database.commit();
      this.#state = last > this.#state.last ? { last, time, age } : this.#state;
    } catch (error) {
      database.rollback();
      this.#queries.forget();
      this.#records.forget();
      this.#producers.clear();
      throw error;
    }
  }

  query<Q extends Query>(query: Q): AnswerTo<Q> {
    try {
      if (query.type === "search") this.#indexAll();
      if (isRecordQuery(query)) {
        return this.#records.answer(query) as AnswerTo<Q>;
      }
      if (query.type !== "prune") return this.#queries.answer(query, this.#state.last) as AnswerTo<Q>;
      this.#producers.clear();
      return this.#pruning.prune(query, this.#state.age) as AnswerTo<Q>;
    } catch (error) {
      // The next query is answered, whatever has failed now.
      this.#database.rollback();
      throw error;
    }
  }

  /** Indexes some of the messages that cannot be searched yet; whether there are more. Commits take less time without. */
  indexMore(): boolean {
    try {
      return this.#index.more(this.#state.last);
    } catch (error) {
      this.#database.rollback();
      throw error;
    }
  }

  #indexAll(): void {
    try {
      while (this.indexMore());
    } catch { /* a full disk: what is indexed is found */ }
  }

  close(): void {
    this.#database.close();
  }

  #write(write: Write, time: number, last: number): void {
    const s = this.#statements;
    switch (write.type) {
      case "entry": {
        const { seq, kind, conversation, from, text, of, client, number } = write;
        const producer = client === undefined ? null : this.#producer(Number(from), client, time);
        const args = [
          seq,
          KINDS.indexOf(kind),
          conversation,
          from,
          stored(text),
          write.time,
          of ?? null,
          producer,
          number ?? null,
        ];
        s.entry.run(...args);
        this.#pruning.grown(conversation);
        if (kind === "edit" || kind === "withdrawal") this.#index.change(of!, kind === "edit" ? text : undefined);
        return;
      }
      case "pairCursor":
        return void s.pairCursor[`${write.side === 0 ? "one" : "other"}_${write.cursor}`].run(write.upTo, write.pair);
      case "acked":
        return void s.acked.run(write.upTo, write.user);
      case "roomRead":
        return void s.roomRead.run(write.upTo, write.user, write.room);
      case "producer":
        return void s.taken.run(write.number, time, this.#producer(write.user, write.client, time));
      case "refusal": {
        const producer = this.#producer(write.user, write.client, time);
        s.refuse.run(producer, write.number, write.why);
        return void s.forgetRefusals.run(producer, write.number - REFUSALS);
      }
      case "user":
        return void s.user.run(write.id, write.name);
      case "register":
        return void s.register.run(time, write.key ?? null, write.user);
      case "network":
        return void s.network.run(write.user, write.network);
      case "forgetNetwork":
        return void s.forgetNetwork.run(write.user, write.network);
      case "room":
        return void s.room.run(write.id, write.name, Number(write.unlisted));
      case "dropRoom":
        return void s.dropRoom.run(write.id);
      case "pair":
        return void s.pair.run(write.id, ...write.users);
      case "join":
        return void s.join.run(write.user, write.room, write.since, write.since);
      case "leave":
        return void s.leave.run(write.user, write.room);
      case "forget":
        this.#index.change(write.seq, undefined);
        return void s.forget.run(write.seq);
      default:
        return this.#records.write(write, last);
    }
  }

  #producer(user: number, client: string, time: number): number {
    const key = `${user} ${client}`;
    let id = this.#producers.get(key);
    if (id === undefined) {
      id = this.#statements.producer.get(user, client, time)!.id;
      if (this.#producers.size >= MAX_PRODUCERS) this.#producers.clear();
      this.#producers.set(key, id);
    }
    return id;
  }

  #read(id: string): Snapshot {
    const { users, networks, rooms, memberships, pairs, producers, refused, waiting } = this.#statements.read;
    const savedPairs = pairs.all().map((row): SavedPair => {
      const { id, one, other, last, one_received, other_received } = row;
      const waitingFrom = (sender: number, received: number) =>
        last === null || last <= received || one === other ? NOTHING_WAITS : waiting.get(id, received, sender)!;
      return {
        id,
        users: [one, other],
        received: [one_received, other_received],
        read: [row.one_read, row.other_read],
        waiting: [waitingFrom(other, one_received), waitingFrom(one, other_received)],
      };
    });
    const sharing = this.#records.sharing(id);
    const networksOf = Map.groupBy(networks.all(), ({ user }) => user);
    const members = Map.groupBy(memberships.all(), ({ room }) => room);
    const reasons = Map.groupBy(refused.all(), ({ producer }) => producer);
    return {
      id,
      last: this.#state.last,
      time: this.#state.time,
      searches: this.#index.exists,
      users: users.all().map(({ id, name, registered, key, acked }): SavedUser => ({
        id,
        name,
        registered: registered !== null,
        key: key ?? undefined,
        acked,
        networks: (networksOf.get(id) ?? []).map(({ network }) => network),
      })),
      rooms: rooms.all().map(({ id, room, unlisted, last }): SavedRoom => ({
        id,
        name: room,
        unlisted: unlisted === 1,
        last: last ?? 0,
        members: members.get(id) ?? [],
      })),
      pairs: savedPairs,
      producers: producers.all().map(({ id, user, client, number }): SavedProducer => ({
        user,
        client,
        number,
        refused: reasons.get(id) ?? [],
      })),
      ...(sharing && { sharing }),
    };
  }
}

function isRecordQuery(query: Query): query is Extract<Query, { type: typeof RECORD_QUERIES[number] }> {
  return (RECORD_QUERIES as readonly string[]).includes(query.type);
}

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

function prepare(database: Database) {
  const cursor = (column: string) =>
    database.prepare(`UPDATE conversations SET ${column} = max(${column}, ?) WHERE id = ?`);
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
        `SELECT id, room, unlisted, (SELECT max(seq) FROM log WHERE conversation = conversations.id) AS last
         FROM conversations WHERE room IS NOT NULL AND (room = '${LOBBY}'
           OR EXISTS (SELECT 1 FROM log WHERE conversation = conversations.id)
           OR EXISTS (SELECT 1 FROM memberships WHERE room = conversations.id)) ORDER BY id`,
      ),
      memberships: database.prepare<{ user: number; room: number; since: number; read: number }>(
        "SELECT user, room, since, read FROM memberships",
      ),
      pairs: database.prepare<PairRow>(
        `SELECT id, one, other, one_received, other_received, one_read, other_read,
           (SELECT max(seq) FROM log WHERE conversation = conversations.id) AS last
         FROM conversations WHERE one IS NOT NULL`,
      ),
      producers: database.prepare<{ id: number; user: number; client: string; number: number }>(
        "SELECT id, user, client, number FROM producers ORDER BY time",
      ),
      refused: database.prepare<{ producer: number; number: number; why: string }>(
        "SELECT producer, number, why FROM refused ORDER BY number",
      ),
      waiting: database.prepare<SavedWaiting>(
        `SELECT coalesce(sum(length(text)), 0) AS bytes, coalesce(max(seq), 0) AS upTo FROM log
           WHERE conversation = ? AND seq > ? AND sender = ? AND kind < 3
           AND NOT EXISTS (SELECT 1 FROM log AS failure WHERE failure.of = log.seq AND failure.kind = 3)`,
      ),
    },
  };
}
