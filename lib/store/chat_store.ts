import { REFUSALS } from "../chat/roster.ts";
import type { SavedPair, SavedProducer, SavedRoom, SavedUser, SavedWaiting, Snapshot } from "../chat/snapshot.ts";
import { type AnswerTo, type Batch, type Query, RECORD_QUERIES, type Store, type Write } from "../chat/store.ts";
import { ChatQueries } from "./chat_queries.ts";
import { ChatPruning } from "./chat_pruning.ts";
import { prepareChat } from "./chat_statements.ts";
import { ConversationIndex } from "./conversation_index.ts";
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
  readonly #statements: ReturnType<typeof prepareChat>;
  readonly #queries: ChatQueries;
  readonly #pruning: ChatPruning;
  readonly #index: SearchIndex;
  readonly #conversations: ConversationIndex;
  readonly #records: RecordRows;
  /** The rows of clients, by user and client. */
  readonly #producers = new Map<string, number>();
  /** The state of the last commit. */
  #state: { last: number; time: number; age: number };

  /** Opens the store, and makes it if need be, under this id; a `UserError` says why it cannot. */
  constructor(path: string, id?: string) {
    const database = this.#database = new Database(path);
    try {
      this.#statements = prepareChat(database);
      const index = this.#index = new SearchIndex(database);
      const row = database.prepare<{ id: string; last: number; time: number; age: number }>("SELECT * FROM state")
        .get();
      if (!row) throw new UserError(`cannot open the store ${path}: it is damaged: it does not say which it is`);
      this.#state = { last: row.last, time: row.time, age: row.age };
      if (id !== undefined && row.last === 0) this.#statements.identify.run(row.id = id);
      this.#queries = new ChatQueries(database, index);
      this.#conversations = new ConversationIndex(database);
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
    this.#conversations.complete();
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
        this.#conversations.advance();
      }
      database.commit();
      this.#state = last > this.#state.last ? { last, time, age } : this.#state;
    } catch (error) {
      this.#rollback();
      this.#queries.forget();
      this.#records.forget();
      this.#producers.clear();
      throw error;
    }
  }

  #rollback(): void {
    this.#database.rollback();
    this.#conversations.forget();
  }

  query<Q extends Query>(query: Q): AnswerTo<Q> {
    try {
      if (query.type === "search") this.#indexAll();
      this.#conversations.complete();
      if (isRecordQuery(query)) {
        return this.#records.answer(query) as AnswerTo<Q>;
      }
      if (query.type !== "prune") return this.#queries.answer(query, this.#state.last) as AnswerTo<Q>;
      this.#producers.clear();
      return this.#pruning.prune(query, this.#state.age) as AnswerTo<Q>;
    } catch (error) {
      // The next query is answered, whatever has failed now.
      this.#rollback();
      throw error;
    }
  }

  /** Indexes some of the messages that cannot be searched yet; whether there are more. Commits take less time without. */
  indexMore(): boolean {
    try {
      return this.#index.more(this.#state.last);
    } catch (error) {
      this.#rollback();
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
        this.#conversations.added(seq);
        this.#pruning.grown(conversation);
        if (kind === "edit" || kind === "withdrawal") this.#index.change(of!, kind === "edit" ? text : undefined);
        return;
      }
      case "pairCursor":
        return s.pairCursor[`${write.side === 0 ? "one" : "other"}_${write.cursor}`].run(write.upTo, write.pair);
      case "acked":
        return s.acked.run(write.upTo, write.user);
      case "roomRead":
        return s.roomRead.run(write.upTo, write.user, write.room);
      case "producer":
        return s.taken.run(write.number, time, this.#producer(write.user, write.client, time));
      case "refusal": {
        const producer = this.#producer(write.user, write.client, time);
        s.refuse.run(producer, write.number, write.why);
        return s.forgetRefusals.run(producer, write.number - REFUSALS);
      }
      case "user":
        return s.user.run(write.id, write.name);
      case "register":
        return s.register.run(time, write.key ?? null, write.user);
      case "network":
        return s.network.run(write.user, write.network);
      case "forgetNetwork":
        return s.forgetNetwork.run(write.user, write.network);
      case "room":
        return s.room.run(write.id, write.name, Number(write.unlisted));
      case "dropRoom":
        return s.dropRoom.run(write.id);
      case "pair":
        return s.pair.run(write.id, ...write.users);
      case "join":
        return s.join.run(write.user, write.room, write.since, write.since);
      case "leave":
        return s.leave.run(write.user, write.room);
      case "forget":
        this.#index.change(write.seq, undefined);
        return s.forget.run(write.seq);
      default:
        if (write.type === "sharedReceived") this.#conversations.complete();
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
