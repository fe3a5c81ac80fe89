import { type Entry, sameTarget, type Target } from "./entry.ts";
import type { RecentLog } from "./log.ts";
import type { RecordId } from "./record_id.ts";
import type { SharedRecord } from "./records.ts";
import { type Conversation, type KnownUser, type Pair, sideOf } from "./roster.ts";
import type { Sharing } from "./sharing.ts";
import type { CursorMoves } from "./user_cursors.ts";

/** What was read is told to other servers this late: a lobby of 200 reads every message 200 times. */
const READ_MS = 2000;

interface Move {
  readonly upTo: number;
  readonly conversation: Conversation;
  readonly record: (id: RecordId) => SharedRecord;
}

/** Tells other servers up to where users of this one have received and read. Of several moves of a cursor they are told the last. */
export class SharedCursors implements CursorMoves {
  #received = new Map<string, Move>();
  #read = new Map<string, Move>();
  #readAt = Infinity;

  constructor(readonly sharing: Sharing, readonly log: RecentLog) {}

  received(pair: Pair, user: KnownUser, upTo: number): void {
    const sender = pair.users[sideOf(pair, user) === 0 ? 1 : 0].name;
    if (sender === user.name) return;
    const record = (id: RecordId) => ({ type: "received", by: user.name, from: sender, upTo: id }) as const;
    this.#received.set(`${pair.id} ${user.id}`, { upTo, conversation: pair, record });
  }

  read(conversation: Conversation, user: KnownUser, of: Target, upTo: number): void {
    const record = (id: RecordId) => ({ type: "read", user: user.name, of, upTo: id }) as const;
    this.#read.set(`${conversation.id} ${user.id}`, { upTo, conversation, record });
  }

  flush(now: number): void {
    if (this.#received.size > 0) {
      const moves = this.#received;
      this.#received = new Map();
      for (const move of moves.values()) this.#share(move);
    }
    if (this.#readAt === Infinity && this.#read.size > 0) this.#readAt = now + READ_MS;
    if (now < this.#readAt) return;
    const moves = this.#read;
    this.#read = new Map();
    this.#readAt = Infinity;
    for (const move of moves.values()) this.#share(move);
  }

  #share({ upTo, conversation, record }: Move): void {
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
