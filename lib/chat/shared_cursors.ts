import { type Entry, sameTarget, type Target } from "./entry.ts";
import type { RecentLog } from "./log.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import type { SharedRecord } from "./records.ts";
import { type Conversation, type KnownUser, type Pair, sideOf } from "./roster.ts";
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
  /** Moves the cursor here: with what is shared, so that neither is kept alone. */
  readonly move: () => void;
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
 * What was received is told for the records of each server by themselves: their order is the same everywhere, while the orders of
 * logs differ if servers were apart.
 */
export class SharedCursors implements CursorMoves {
  #received = new Map<string, Received>();
  #read = new Map<string, Read>();
  #readAt = Infinity;

  /** `wanted` is called when a batch is to be written soon. */
  constructor(
    readonly sharing: Sharing,
    readonly log: RecentLog,
    readonly questions: Questions,
    readonly wanted: () => void,
  ) {}

  received(pair: Pair, user: KnownUser, after: number, upTo: number, move: () => void): void {
    const sender = pair.users[sideOf(pair, user) === 0 ? 1 : 0];
    if (sender === user) return move();
    this.wanted();
    const key = `${pair.id} ${user.id}`;
    this.#received.set(key, { pair, user, sender, after: this.#received.get(key)?.after ?? after, upTo, move });
  }

  read(conversation: Conversation, user: KnownUser, of: Target, upTo: number): void {
    const record = (id: RecordId) => ({ type: "read", user: user.name, of, upTo: id }) as const;
    this.#read.set(`${conversation.id} ${user.id}`, { upTo, conversation, record });
  }

  flush(now: number): void {
    if (this.#received.size > 0) {
      const moves = this.#received;
      this.#received = new Map();
      for (const move of moves.values()) this.#shareReceived(move);
    }
    if (this.#readAt === Infinity && this.#read.size > 0) this.#readAt = now + READ_MS;
    if (now < this.#readAt) return;
    const moves = this.#read;
    this.#read = new Map();
    this.#readAt = Infinity;
    for (const move of moves.values()) this.#shareRead(move);
  }

  #shareReceived({ pair, user, sender, after, upTo, move }: Received): void {
    const share = (ids: Iterable<RecordId>) => {
      move();
      for (const id of ids) this.sharing.share({ type: "received", by: user.name, from: sender.name, upTo: id });
    };
    if (after >= this.log.floor && upTo - after <= LOOKED_THROUGH) {
      const newest = new Map<string, RecordId>();
      for (let seq = after + 1; seq <= upTo; seq++) {
        const entry = this.log.get(seq);
        if (entry?.record && entry.from === sender.name && isIn(entry, pair)) {
          newest.set(entry.record.server, entry.record);
        }
      }
      return share(newest.values());
    }
    this.questions.ask(
      { type: "recordsIn", conversation: pair.id, sender: sender.id, after, upTo },
      ({ ids }) => share(ids),
      move,
    );
  }

  #shareRead({ upTo, conversation, record }: Read): void {
    const entry = this.log.get(upTo);
    if (entry?.record && isIn(entry, conversation)) return this.sharing.share(record(entry.record));
    this.sharing.recordOf(upTo, (id) => id && this.sharing.share(record(id)), conversation.id);
  }
}

function isIn({ from, to }: Entry, conversation: Conversation): boolean {
  if ("members" in conversation) return sameTarget(to, { room: conversation.name });
  const names = conversation.users.map(({ name }) => name);
  return "user" in to && names.includes(from) && names.includes(to.user);
}
