import { type Entry, sameTarget, type Target } from "./entry.ts";
import type { RecentLog } from "./log.ts";
import type { Rows } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import type { SharedRecord } from "./records.ts";
import { type Conversation, type KnownUser, type Pair, sideOf } from "./entities.ts";
import type { Sharing } from "./sharing.ts";
import type { CursorMoves } from "./user_cursors.ts";

/** What was read is told to other servers this late: a lobby of 200 reads every message 200 times. */
const READ_MS = 2000;

interface Received {
  readonly pair: Pair;
  readonly user: KnownUser;
  readonly sender: KnownUser;
  readonly after: number;
  readonly upTo: number;
  /** The cursor of this server. */
  readonly rows: Rows;
}

interface Read {
  readonly upTo: number;
  readonly conversation: Conversation;
  readonly record: (id: RecordId) => SharedRecord;
}

/** Entries that are looked through in memory, before the store is asked. */
const LOOKED_THROUGH = 256;

/**
 * Tells other servers up to where users of this one have received and read. Of several moves of a cursor they are told the last.
 *
 * 1. What was received is told for the records of each server by themselves: their order is the same everywhere, while the orders
 *    of logs differ if servers were apart.
 * 2. A cursor of this server is written with the records that tell its move, or later: a crash leaves both or neither. Where the
 *    store must be asked for the records, the next move of that cursor waits for the answer; so it does while the record of a message
 *    that failed is looked up, since a receipt for a later one must not come before that failure.
 */
export class SharedCursors implements CursorMoves {
  /** Moves that are not shared, by sender and receiver. */
  readonly #received = new Map<string, Received>();
  /** How many answers of the store each waits for, and how many moves there are of each user. */
  readonly #held = new Map<string, number>();
  readonly #open = new Map<KnownUser, number>();
  readonly #whenShared = new Map<KnownUser, (() => void)[]>();
  #read = new Map<string, Read>();
  #readAt = Infinity;

  constructor(
    readonly sharing: Sharing,
    readonly log: RecentLog,
    readonly questions: Questions,
    readonly writer: LogWriter,
  ) {}

  received(pair: Pair, user: KnownUser, after: number, upTo: number, rows: Rows): void {
    this.writer.urge();
    const sender = pair.users[sideOf(pair, user) === 0 ? 1 : 0];
    const key = keyOf(sender.name, user.name);
    const before = this.#received.get(key);
    this.#received.set(key, { pair, user, sender, after: before?.after ?? after, upTo, rows });
    if (!before) this.#open.set(user, (this.#open.get(user) ?? 0) + 1);
  }

  hold(from: string, by: string): () => void {
    return this.#hold(keyOf(from, by));
  }

  whenShared(user: KnownUser, then: () => void): void {
    if (!this.#open.has(user)) return then();
    const waiting = this.#whenShared.get(user);
    if (waiting) waiting.push(then);
    else this.#whenShared.set(user, [then]);
  }

  read(conversation: Conversation, user: KnownUser, of: Target, upTo: number): void {
    const record = (id: RecordId) => ({ type: "read", user: user.name, of, upTo: id }) as const;
    this.#read.set(`${conversation.id} ${user.id}`, { upTo, conversation, record });
  }

  flush(now: number): void {
    for (const [key, move] of this.#received) {
      if (this.#held.has(key)) continue;
      this.#received.delete(key);
      this.#shareReceived(key, move);
    }
    if (this.#readAt === Infinity && this.#read.size > 0) this.#readAt = now + READ_MS;
    if (now < this.#readAt) return;
    const moves = this.#read;
    this.#read = new Map();
    this.#readAt = Infinity;
    for (const move of moves.values()) this.#shareRead(move);
  }

  #shareReceived(key: string, move: Received): void {
    const { pair, sender, after, upTo } = move;
    if (after < this.log.floor || upTo - after > LOOKED_THROUGH) return this.#askFor(key, move);
    const newest = new Map<string, RecordId>();
    for (let seq = after + 1; seq <= upTo; seq++) {
      const entry = this.log.get(seq);
      if (entry?.record && entry.from === sender.name && isIn(entry, pair)) {
        newest.set(entry.record.server, entry.record);
      }
    }
    this.#shared(move, [...newest.values()]);
  }

  #askFor(key: string, move: Received): void {
    const { pair, sender, after, upTo } = move;
    const release = this.#hold(key);
    this.questions.ask(
      { type: "recordsIn", conversation: pair.id, sender: sender.id, after, upTo },
      ({ ids }) => {
        release();
        this.#shared(move, ids);
        this.writer.urge();
      },
      () => {
        release();
        // The next move tells this one as well; without one, it is tried again.
        const next = this.#received.get(key);
        this.#received.set(key, { ...(next ?? move), after });
        if (next) this.#close(move.user);
      },
    );
  }

  #hold(key: string): () => void {
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    return () => {
      const left = this.#held.get(key)! - 1;
      if (left > 0) this.#held.set(key, left);
      else this.#held.delete(key);
    };
  }

  #shared({ user, sender, rows }: Received, ids: readonly RecordId[]): void {
    for (const [at, upTo] of ids.entries()) {
      const record = { type: "received", by: user.name, from: sender.name, upTo } as const;
      this.sharing.share(record, at === ids.length - 1 ? { rows } : {});
    }
    if (ids.length === 0) this.writer.writeRows(rows);
    this.#close(user);
  }

  /** A move is shared. */
  #close(user: KnownUser): void {
    const open = this.#open.get(user)! - 1;
    if (open > 0) return void this.#open.set(user, open);
    this.#open.delete(user);
    const waiting = this.#whenShared.get(user) ?? [];
    this.#whenShared.delete(user);
    for (const then of waiting) then();
  }

  #shareRead({ upTo, conversation, record }: Read): void {
    const entry = this.log.get(upTo);
    if (entry?.record && isIn(entry, conversation)) return this.sharing.share(record(entry.record));
    this.sharing.recordOf(upTo, (id) => id && this.sharing.share(record(id)), () => {}, conversation.id);
  }
}

function keyOf(sender: string, receiver: string): string {
  return `${sender} ${receiver}`;
}

function isIn({ from, to }: Entry, conversation: Conversation): boolean {
  if ("members" in conversation) return sameTarget(to, { room: conversation.name });
  const names = conversation.users.map(({ name }) => name);
  return "user" in to && names.includes(from) && names.includes(to.user);
}
