import type { Outputs } from "../core/machine.ts";
import type { Effect } from "./effect.ts";
import { type Entry, type Target, waits } from "./entry.ts";
import type { RecentLog } from "./log.ts";
import type { Rows } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import { LOBBY } from "./names.ts";
import { type Conversation, type KnownUser, type Pair, sideOf } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session, User } from "./users.ts";
import { WaitingBytes } from "./waiting_bytes.ts";

export interface CursorParts {
  readonly log: RecentLog;
  readonly writer: LogWriter;
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly outputs: Outputs<Effect>;
}

/** Is told of moves, for other servers. */
export interface CursorMoves {
  /** `user` has received what the other one said after `after` and up to `upTo`; `rows` are written when that is shared. */
  received(pair: Pair, user: KnownUser, after: number, upTo: number, rows: Rows): void;
  /** Calls back once all that the user has received so far is shared. */
  whenShared(user: KnownUser, then: () => void): void;
  /** What `by` has received of `from` is not told before the returned function is called: a failure is to come first. */
  hold(from: string, by: string): () => void;
  read(conversation: Conversation, user: KnownUser, of: Target, upTo: number): void;
  /** Before a batch is written. */
  flush(now: number): void;
}

/** Moves the cursors of users, forward only, and has that written. Those concerned are told once it is committed. */
export class UserCursors {
  readonly #parts: CursorParts;
  /** Where there are other servers. */
  shared: CursorMoves | undefined;

  constructor(parts: CursorParts) {
    this.#parts = parts;
  }

  /** `user` has everything up to `upTo` that the other one of the pair said; who is told once that is committed. */
  received(pair: Pair, user: KnownUser, upTo: number, isElsewhere = false): void {
    const side = sideOf(pair, user);
    if (upTo <= pair.received[side]) return;
    const before = pair.received[side];
    pair.received[side] = upTo;
    const waiting = pair.waiting[side]?.arrive(upTo) ?? 0;
    if (waiting > 0) this.#parts.roster.wait(user, -waiting);
    const { writer, online, outputs } = this.#parts;
    const write = { type: "pairCursor", cursor: "received", pair: pair.id, side, upTo } as const;
    const done = () => {
      const sender = online.get(pair.users[side === 0 ? 1 : 0].name);
      const to = sender?.natives.filter(({ ready }) => ready).map(({ id }) => id) ?? [];
      const event = { type: "received", by: user.name, upTo } as const;
      if (to.length > 0) outputs.push({ type: "tell", to, event });
    };
    const isShared = this.shared && !isElsewhere && pair.users[0] !== pair.users[1];
    if (isShared) this.shared!.received(pair, user, before, upTo, { writes: [write], done });
    else writer.move(`received ${pair.id} ${side}`, write, true, done);
  }

  /** `user` has what `from` said after `since` and up to `upTo`; with something before it that still waits, nothing moves. */
  receivedPart(from: string, user: KnownUser, since: number, upTo: number): void {
    const { roster, log } = this.#parts;
    const sender = roster.user(from);
    const pair = sender && sender !== user ? roster.pair(sender, user) : undefined;
    if (!pair || pair.waiting[sideOf(pair, user)]?.waitsUpTo(since)) return;
    this.received(pair, user, Math.min(upTo, log.last));
  }

  acked(known: KnownUser, upTo: number): void {
    if (upTo <= known.acked) return;
    known.acked = upTo;
    const move = () => this.#parts.writer.moveLater(`acked ${known.id}`, { type: "acked", user: known.id, upTo });
    // A client that resumes is asked for receipts after it.
    if (this.shared) this.shared.whenShared(known, move);
    else move();
  }

  /** The user has read a conversation up to here. */
  read(user: User, of: Target, upTo: number, by: Session): void {
    const seq = Math.min(upTo, this.#parts.log.last);
    this.#read(user.known!, of, seq, () => this.#tellRead(user.natives.filter((each) => each !== by), of, seq));
  }

  /** The user has read a conversation, at another server. */
  readElsewhere(known: KnownUser, of: Target, upTo: number): void {
    const natives = () => this.#parts.online.get(known.name)?.natives ?? [];
    this.#read(known, of, upTo, () => this.#tellRead(natives(), of, upTo), true);
  }

  readPair(pair: Pair, known: KnownUser, upTo: number): void {
    this.#readPair(pair, known, upTo, undefined, false);
  }

  #tellRead(natives: readonly Session[], of: Target, upTo: number): void {
    const to = natives.filter(({ ready }) => ready).map(({ id }) => id);
    if (to.length > 0) this.#parts.outputs.push({ type: "tell", to, event: { type: "read", of, upTo } });
  }

  #read(known: KnownUser, of: Target, upTo: number, done: () => void, isElsewhere = false): void {
    if ("room" in of) return this.#readRoom(known, of.room, upTo, done, isElsewhere);
    const { roster } = this.#parts;
    const other = roster.user(of.user);
    const pair = other && roster.pair(known, other);
    if (pair) this.#readPair(pair, known, upTo, done, isElsewhere);
  }

  #readPair(pair: Pair, known: KnownUser, upTo: number, done: (() => void) | undefined, isElsewhere: boolean): void {
    const side = sideOf(pair, known);
    if (upTo <= pair.read[side]) return;
    pair.read[side] = upTo;
    const other = pair.users[side === 0 ? 1 : 0].name;
    if (!isElsewhere) this.shared?.read(pair, known, { user: other }, upTo);
    const write = { type: "pairCursor", cursor: "read", pair: pair.id, side, upTo } as const;
    this.#parts.writer.move(`read ${pair.id} ${side}`, write, done !== undefined, done);
  }

  /** A handout session was not told what was said before it began: unless that is read, the cursor stays before it. */
  readLobby(session: Session, known: KnownUser, seq: number): void {
    const read = this.#parts.roster.room(LOBBY)!.members.get(known)?.read ?? 0;
    if (Math.max(read, known.acked) >= session.lobbyAt) this.#readRoom(known, LOBBY, seq);
  }

  #readRoom(known: KnownUser, name: string, upTo: number, done?: () => void, isElsewhere = false): void {
    const room = this.#parts.roster.room(name);
    const membership = room?.members.get(known);
    if (!room || !membership || upTo <= membership.read) return;
    membership.read = upTo;
    if (!isElsewhere) this.shared?.read(room, known, { room: name }, upTo);
    const write = { type: "roomRead", room: room.id, user: known.id, upTo } as const;
    this.#parts.writer.move(`read ${room.id} ${known.id}`, write, done !== undefined, done);
  }

  /** A private message is in the log, and waits for its receiver; one to oneself has arrived. */
  waits({ from, to, seq, text }: Entry): void {
    if (!("user" in to)) return;
    const { roster } = this.#parts;
    const [sender, receiver] = [roster.user(from), roster.user(to.user)];
    if (!sender || !receiver) return;
    const pair = roster.makePair(sender, receiver);
    if (sender === receiver) this.received(pair, receiver, seq);
    else (pair.waiting[sideOf(pair, receiver)] ??= new WaitingBytes()).add(seq, text.length);
  }

  /** A private message never arrives. */
  waitsNoMore(entry: Entry): void {
    if (!waits(entry)) return;
    const { roster } = this.#parts;
    const [sender, receiver] = [roster.user(entry.from), roster.user(entry.to.user)];
    const pair = sender && receiver && roster.pair(sender, receiver);
    if (!pair) return;
    const side = sideOf(pair, receiver);
    if (entry.seq <= pair.received[side]) return;
    roster.wait(receiver, -(pair.waiting[side]?.remove(entry.seq, entry.text.length) ?? 0));
  }
}
