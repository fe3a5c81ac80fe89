import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { DeliveryCursor } from "./delivery_cursor.ts";
import type { Effect } from "./effect.ts";
import { type Entry, type Target, waits } from "./entry.ts";
import type { RecentLog } from "./log.ts";
import type { Draft } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import type { PresenceUpdates } from "./presence.ts";
import type { Questions } from "./questions.ts";
import type { RecordId } from "./record_id.ts";
import { ALL_SERVERS, type SharedRecord } from "./records.ts";
import type { RemoteOutcomes } from "./remote_outcomes.ts";
import type { Conversation, KnownUser, Pair, Producer, Room } from "./entities.ts";
import type { Roster } from "./roster.ts";
import { AwaitedOutcomes } from "./awaited_outcomes.ts";
import { CatchUp } from "./catch_up.ts";
import { FanOut, type Published } from "./fan_out.ts";
import { HandoutSessions } from "./handout_sessions.ts";
import { HandoutFanOut, type HandoutMessage, type LiveMessage } from "./handout_fan_out.ts";
import { type Tally, UNTIMED } from "./tally.ts";
import { type CursorMoves, UserCursors } from "./user_cursors.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session, User } from "./users.ts";

/** What delivery works on. */
export interface DeliveryParts {
  readonly log: RecentLog;
  readonly writer: LogWriter;
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly questions: Questions;
  readonly presence: PresenceUpdates;
  readonly tally: Tally;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "receiptMs">;
}

/** The parts that there are where servers share a chat. */
export interface DeliverySharing {
  readonly sharing: {
    shareEntry(draft: Draft, conversation: Conversation, live: HandoutMessage | undefined, isGuest: boolean): void;
    share(record: SharedRecord): void;
    recordOf(seq: number, then: (record: RecordId | undefined) => void, failed: () => void): void;
  };
  readonly cursors: CursorMoves;
  readonly outcomes: RemoteOutcomes;
}

/**
 * The one way of an entry to those whom it concerns.
 *
 * 1. A native session is told every entry that concerns its user, in order and once, from where its cursor stands.
 * 2. A handout session is told private messages, also those that waited, and what is said in the lobby while it is online.
 *    What was sent to it and never confirmed has failed, and is not sent again.
 * 3. The sender of a private message learns up to where the receiver has received, or that it failed. A handout sender has
 *    one outcome within the receipt's time; a private message that failed for it is forgotten.
 * 4. Entries that are not kept (between handout sessions) go the same way, without the store.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** Handout messages that are being written, by their drafts. */
  readonly #handoutMessages = new Map<Draft, HandoutMessage>();
  /** Messages that never arrived, and whose failure is not committed yet. */
  readonly #failing = new Set<number>();
  #lastUnkept = 0;

  #shared: DeliverySharing | undefined;

  readonly #cursors: UserCursors;
  readonly #catchUp: CatchUp;
  readonly #awaited = new AwaitedOutcomes((entry) => this.#forget(entry));
  readonly #fanOut: FanOut;
  readonly #handoutFanOut: HandoutFanOut;
  /** What handout sessions owe. */
  readonly handouts: HandoutSessions;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#cursors = new UserCursors(parts);
    const isFailing = (seq: number) => this.#failing.has(seq);
    this.#catchUp = new CatchUp({ ...parts, cursors: this.#cursors, isFailing });
    this.#fanOut = new FanOut({ ...parts, cursors: this.#cursors, catchUp: this.#catchUp });
    this.#handoutFanOut = new HandoutFanOut({ ...parts, awaited: this.#awaited });
    this.handouts = new HandoutSessions({
      ...parts,
      cursors: this.#cursors,
      awaited: this.#awaited,
      catchUp: this.#catchUp,
      fanOut: this.#fanOut,
      keep: (message, now) => this.#keepLive(message, now),
      fail: (entry, why) => this.fail(entry, why, true),
      forget: (entry) => this.#forget(entry),
    });
  }

  /** What is said from now on is shared with other servers. */
  share(shared: DeliverySharing): void {
    this.#shared = shared;
    this.#cursors.shared = shared.cursors;
  }

  /** Begins, or begins anew, to tell a native session what concerns its user. */
  begin(session: Session, known: KnownUser, after: number | undefined, now: number): void {
    this.#catchUp.begin(session, known, after, now);
    if (!session.ready) this.#fanOut.audienceChanged();
    session.ready = true;
  }

  /** Begins to tell a session without a proof what is said from now on. */
  beginUnproven(session: Session, now: number): void {
    const { last } = this.#parts.log;
    session.cursor = new DeliveryCursor(last, "all", last, now);
    session.cursor.live = true;
    session.ready = true;
    this.#fanOut.audienceChanged();
  }

  /** A session without a proof has confirmed one private message. */
  confirmed(session: Session, seq: number, now: number): void {
    const user = this.#parts.online.get(session.name);
    if (!session.unproven || !user) return;
    this.#parts.tally.confirm(UNTIMED, now);
    this.#awaited.has(user, seq);
  }

  /** The user of a session without a proof has received a part of a private conversation. */
  receivedPart(session: Session, from: string, since: number, upTo: number): void {
    const known = this.#parts.online.get(session.name)?.known;
    if (session.unproven && known) this.#cursors.receivedPart(from, known, since, upTo);
  }

  /** Tells a session what it has not been told, as much as it may be told. */
  catchUp(session: Session): void {
    this.#catchUp.run(session);
  }

  /** The user has read a conversation up to here. */
  read(user: User, of: Target, upTo: number, by: Session): void {
    this.#cursors.read(user, of, upTo, by);
  }

  /** Appends an entry of a native client, or one that the chat adds itself. */
  append(draft: Draft, live?: HandoutMessage): void {
    this.#keep(draft, this.#conversationOf(draft), live, false);
  }

  /** Appends an entry of another server, or one that was to be told to it. */
  take(draft: Draft, live: HandoutMessage | undefined, isGuest: boolean): void {
    if (live) this.#handoutMessages.set(draft, live);
    const { writer, log } = this.#parts;
    writer.append(draft, isGuest && "room" in draft.to ? this.#roomOf(draft.to.room) : this.#conversationOf(draft));
    const failed = draft.type === "failure" && draft.of !== undefined ? log.get(draft.of) : undefined;
    if (failed) this.#cursors.waitsNoMore(failed);
  }

  #keep(draft: Draft, conversation: Conversation, live: HandoutMessage | undefined, isGuest: boolean): void {
    if (this.#shared) this.#shared.sharing.shareEntry(draft, conversation, live, isGuest);
    else this.#parts.writer.append(draft, conversation);
  }

  #conversationOf(draft: Draft): Conversation {
    const { roster } = this.#parts;
    const from = roster.mention(draft.from);
    const { to } = draft;
    if ("room" in to) return this.#roomOf(to.room);
    const receiver = roster.mention(to.user);
    if (waits(draft)) roster.wait(receiver, draft.text.length);
    return roster.makePair(from, receiver);
  }

  #roomOf(name: string): Room {
    const room = this.#parts.roster.makeRoom(name);
    room.used = true;
    return room;
  }

  /** A user has received, at another server, everything up to an entry. */
  receivedElsewhere(pair: Pair, user: KnownUser, seq: number): void {
    this.#cursors.received(pair, user, seq, true);
  }

  readElsewhere(user: KnownUser, of: Target, seq: number): void {
    this.#cursors.readElsewhere(user, of, seq);
  }

  /** A private message failed for its handout sender at another server. */
  forgetElsewhere(entry: Entry): void {
    this.#forget(entry, true);
  }

  /** A private message failed for its handout sender here. */
  forget(entry: Entry): void {
    this.#forget(entry);
  }

  /** A client's message is in the log already, as one of another server. */
  saidElsewhere(producer: Producer, number: number): void {
    producer.committed = Math.max(producer.committed, number);
    this.#fanOut.confirmSent(producer, producer.committed, Infinity);
  }

  /** A draft could not be written, so nothing waits. */
  notWritten(draft: Draft): void {
    const { roster } = this.#parts;
    if (waits(draft)) roster.wait(roster.mention(draft.to.user), -draft.text.length);
  }

  /** Says something from a handout session, or for a guest or the operator; kept, or told at once to those who are online. */
  sayLive(message: LiveMessage, kept: boolean, now: number): void {
    const { limits, tally } = this.#parts;
    tally.said++;
    const live = { ...message, until: now + limits.receiptMs, awaits: this.#awaitsOf(message) };
    if (kept) return this.#keepLive(live, now);
    const { from, to, text } = live;
    const entry: Entry = { type: "message", seq: --this.#lastUnkept, from, to, text, time: 0 };
    this.#handoutFanOut.tell(entry, this.#draftOf(live, now), live);
  }

  #keepLive(live: HandoutMessage, now: number): void {
    const draft = this.#draftOf(live, now);
    this.#handoutMessages.set(draft, live);
    // A guest is no user, and neither is the operator.
    if (live.sayer?.kind !== "handout" && "room" in live.to) {
      this.#keep(draft, this.#roomOf(live.to.room), live, true);
    } else this.append(draft, live);
  }

  /** At which other servers the outcome of a message is decided. */
  #awaitsOf({ to, outcome }: LiveMessage): string | undefined {
    const { online } = this.#parts;
    if (!outcome || !online.elsewhere) return undefined;
    if ("room" in to) return ALL_SERVERS;
    return online.get(to.user) ? undefined : online.elsewhere.serverOf(to.user);
  }

  #draftOf(live: HandoutMessage, now: number): Draft {
    const { from, to, text, sayer } = live;
    const draft: Draft = {
      type: "message",
      from,
      to,
      text,
      sayer,
      said: now,
      done: () => {},
      failed: () => {
        this.notWritten(draft);
        this.#handoutMessages.delete(draft);
        live.outcome?.settle(false);
      },
    };
    return draft;
  }

  /** Tells entries that were committed. */
  publish(published: readonly Published[]): void {
    this.#parts.log.append(published.map(({ entry }) => entry));
    this.#fanOut.tell(published);
    for (const { entry, draft } of published) {
      const live = this.#handoutMessages.get(draft);
      this.#handoutMessages.delete(draft);
      this.#handoutFanOut.tell(entry, draft, live);
      if (entry.type === "withdrawal") this.#withdrawn(entry.of!);
    }
  }

  #withdrawn(seq: number): void {
    const { log, questions, outputs } = this.#parts;
    const found = (entry: Entry | undefined) => void (entry && outputs.push({ type: "withdrawn", entry }));
    const recent = log.get(seq);
    if (recent) found(recent);
    else questions.ask({ type: "entry", seq }, ({ entry }) => found(entry), () => {});
  }

  /** The client has everything up to `seq` that it was told. */
  acknowledge(session: Session, seq: number, now: number): void {
    const { cursor } = session;
    const user = this.#parts.online.get(session.name);
    if (!cursor || !user?.known) return;
    const { tally } = this.#parts;
    const before = tally.delivered;
    const { upTo, arrived } = cursor.acknowledge(seq, session.name, tally, now);
    session.confirmed += tally.delivered - before;
    for (const [pair, upTo] of arrived) this.#cursors.received(pair, user.known, upTo);
    this.#cursors.acked(user.known, upTo);
    this.#awaited.heard(user, upTo);
    this.#catchUp.run(session);
  }

  /** The members of a room, or the sessions of a user, have changed. */
  audienceChanged(): void {
    this.#fanOut.audienceChanged();
  }

  /** Gives up what was waited for too long, and tells newcomers what waits for them. */
  tick(now: number, wall: number): void {
    this.#catchUp.clockOffset = wall - now;
    this.#awaited.missAll(now);
    this.handouts.tick(now);
    this.#shared?.outcomes.tick(now);
    this.#shared?.cursors.flush(now);
  }

  /** How many handout senders wait for an outcome. */
  get awaiting(): number {
    return this.#handoutMessages.size + this.#awaited.size + (this.#shared?.outcomes.size ?? 0);
  }

  /** A private message never arrived: its sender is told, at all servers if it `isShared`. What is too old is so everywhere. */
  fail(entry: Entry, why: string, isShared = false): void {
    this.#parts.tally.failed++;
    this.#cursors.waitsNoMore(entry);
    this.#failing.add(entry.seq);
    if (!isShared || !this.#shared || entry.record) return this.#appendFailure(entry, why, entry.record);
    const { sharing, cursors } = this.#shared;
    const release = "user" in entry.to ? cursors.hold(entry.from, entry.to.user) : () => {};
    const append = (record?: RecordId) => {
      this.#appendFailure(entry, why, record);
      release();
    };
    sharing.recordOf(entry.seq, append, () => append());
  }

  #appendFailure(entry: Entry, why: string, ofRecord: RecordId | undefined): void {
    this.append({
      type: "failure",
      from: entry.from,
      to: entry.to,
      text: why,
      of: entry.seq,
      ofRecord,
      said: NaN,
      done: () => void this.#failing.delete(entry.seq),
      // It has failed all the same, and goes into the next batch.
      failed: () => {},
    });
  }

  #forget(entry: Entry, isElsewhere = false): void {
    if (!isElsewhere && entry.record) this.#shared?.sharing.share({ type: "forget", of: entry.record });
    this.#cursors.waitsNoMore(entry);
    this.#parts.log.forget(entry.seq);
    this.#parts.writer.write({ type: "forget", seq: entry.seq });
  }
}
