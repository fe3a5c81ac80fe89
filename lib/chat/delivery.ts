import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { DeliveryCursor } from "./delivery_cursor.ts";
import { type Effect, tell } from "./effect.ts";
import { type Entry, handoutText, type Target, waits } from "./entry.ts";
import { LOBBY } from "./names.ts";
import { Entries, Message, scopeOf } from "./event.ts";
import type { RecentLog } from "./log.ts";
import type { Draft, LogWriter } from "./log_writer.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { Questions } from "./questions.ts";
import { type KnownUser, type Producer, type Roster, sideOf } from "./roster.ts";
import { CatchUp } from "./catch_up.ts";
import { type Tally, UNTIMED } from "./tally.ts";
import { UserCursors } from "./user_cursors.ts";
import type { OnlineUsers, Session, User } from "./users.ts";

/** Entries in one event at most, and characters: so much is written at once to a session. */
const MAX_RUN = 64;
const MAX_RUN_CHARACTERS = 32 * 1024;
/** After its 201 a client may go over to our own protocol; what waits for its user waits so long for that. */
const GRACE_MS = 500;

/** What delivery works on. */
export interface DeliveryParts {
  readonly log: RecentLog;
  readonly writer: LogWriter;
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly questions: Questions;
  readonly tally: Tally;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "receiptMs">;
}

/** A message of a handout session or a guest. */
export interface LiveMessage {
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  readonly sayer: Session;
  readonly outcome: PendingOutcome | undefined;
}

interface HandoutMessage extends LiveMessage {
  readonly until: number;
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
  /** The native sessions in each room, as long as neither members nor sessions change. */
  readonly #audiences = new Map<string, readonly Session[]>();
  /** Handout sessions that are not told yet what waits for them, and when they are. */
  readonly #newcomers = new Map<Session, number>();
  /** Users for whom somebody waits. */
  readonly #awaited = new Set<User>();
  /** Messages that never arrived, and whose failure is not committed yet. */
  readonly #failing = new Set<number>();
  #lastUnkept = 0;

  readonly #cursors: UserCursors;
  readonly #catchUp: CatchUp;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#cursors = new UserCursors(parts);
    const isFailing = (seq: number) => this.#failing.has(seq);
    this.#catchUp = new CatchUp({ ...parts, cursors: this.#cursors, isFailing });
  }

  /** Begins, or begins anew, to tell a native session what concerns its user. */
  begin(session: Session, known: KnownUser, after: number | undefined, now: number): void {
    this.#catchUp.begin(session, known, after, now);
    if (!session.ready) this.#audiences.clear();
    session.ready = true;
  }

  /** Begins to tell a session without a proof what is said from now on. */
  beginUnproven(session: Session, now: number): void {
    const { last } = this.#parts.log;
    session.cursor = new DeliveryCursor(last, "all", last, now);
    session.cursor.live = true;
    session.ready = true;
    this.#audiences.clear();
  }

  /** A session without a proof has confirmed one private message. */
  confirmed(session: Session, seq: number, now: number): void {
    const user = this.#parts.online.get(session.name);
    if (!session.unproven || !user) return;
    this.#parts.tally.confirm(UNTIMED, now);
    this.#awaitedAt(user, seq)?.outcome.settle(true);
    if (user.awaited.size === 0) this.#awaited.delete(user);
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

  /** Appends an entry of a native client, or one that the chat adds by itself. */
  append(draft: Draft): void {
    const { roster, writer } = this.#parts;
    const from = roster.mention(draft.from);
    const { to } = draft;
    if ("room" in to) {
      const room = roster.makeRoom(to.room);
      room.used = true;
      writer.append(draft, room);
    } else {
      const receiver = roster.mention(to.user);
      if (waits(draft)) roster.wait(receiver, draft.text.length);
      writer.append(draft, roster.makePair(from, receiver));
    }
  }

  /** A draft could not be written, so nothing waits. */
  notWritten(draft: Draft): void {
    const { roster } = this.#parts;
    if (waits(draft)) roster.wait(roster.mention(draft.to.user), -draft.text.length);
  }

  /** Says something from a handout session, or for a guest; kept, or told at once to those who are online. */
  sayLive(message: LiveMessage, kept: boolean, now: number): void {
    const { limits, tally } = this.#parts;
    tally.said++;
    const live = { ...message, until: now + limits.receiptMs };
    if (kept) return this.#keepLive(live, now);
    const { from, to, text } = live;
    const entry: Entry = { type: "message", seq: --this.#lastUnkept, from, to, text, time: 0 };
    this.#tellHandouts(entry, this.#draftOf(live, now), live);
  }

  #keepLive(live: HandoutMessage, now: number): void {
    const { roster, writer } = this.#parts;
    const draft = this.#draftOf(live, now);
    this.#handoutMessages.set(draft, live);
    // A guest is nobody's user.
    if (live.sayer.kind === "guest" && "room" in live.to) {
      const room = roster.makeRoom(live.to.room);
      room.used = true;
      writer.append(draft, room);
    } else this.append(draft);
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
  publish(published: readonly { readonly entry: Entry; readonly draft: Draft }[]): void {
    this.#parts.log.append(published.map(({ entry }) => entry));
    const answered = new Map<Producer, { upTo: number; seq: number }>();
    let run:
      | { key: string; audience: readonly Session[]; entries: Entry[]; said: number[]; characters: number }
      | undefined;
    const flush = () => {
      if (run) this.#tellRun(run.audience, run.entries, run.said);
      run = undefined;
    };
    for (const { entry, draft } of published) {
      if ("room" in entry.to) this.#parts.roster.room(entry.to.room)!.last = entry.seq;
      const key = audienceKey(entry);
      if (run?.key !== key || run.entries.length === MAX_RUN || run.characters > MAX_RUN_CHARACTERS) {
        flush();
        run = { key, audience: this.#audienceOf(entry), entries: [], said: [], characters: 0 };
      }
      run.entries.push(entry);
      run.said.push(draft.said);
      run.characters += entry.text.length;
      if (draft.producer && draft.number !== undefined) {
        draft.producer.committed = Math.max(draft.producer.committed, draft.number);
        answered.set(draft.producer, { upTo: draft.producer.committed, seq: entry.seq });
      }
      if (entry.type !== "failure") this.#cursors.waits(entry);
    }
    flush();
    for (const { entry, draft } of published) {
      const live = this.#handoutMessages.get(draft);
      this.#handoutMessages.delete(draft);
      this.#tellHandouts(entry, draft, live);
    }
    for (const [producer, { upTo, seq }] of answered) this.#confirmSent(producer, upTo, seq);
  }

  /** The client has everything up to `seq` that it was told. */
  acknowledge(session: Session, seq: number, now: number): void {
    const { cursor } = session;
    const user = this.#parts.online.get(session.name);
    if (!cursor || !user?.known) return;
    const { upTo, arrived } = cursor.acknowledge(seq, this.#parts.tally, now);
    for (const [pair, upTo] of arrived) this.#cursors.received(pair, user.known, upTo);
    this.#cursors.acked(user.known, upTo);
    this.#heard(user, upTo);
    this.#catchUp.run(session);
  }

  /** A handout session can be told messages: soon it is told what waits for its user. */
  handoutReady(session: Session, now: number): void {
    this.#newcomers.set(session, now + GRACE_MS);
    session.lobbyAt = this.#parts.roster.room(LOBBY)!.last;
  }

  /** A handout session has confirmed a message, or never will; `sent`, when it may have it all the same. */
  settle(session: Session, id: number, received: boolean, sent: boolean, now: number): void {
    const owed = session.owes.get(id);
    if (!owed) return;
    session.owes.delete(id);
    const { online, tally, roster } = this.#parts;
    const { entry } = owed.message;
    if (received) {
      tally.confirm(owed.said, now);
      this.#awaitedAt(online.get(session.name), id)?.outcome.settle(true);
    }
    owed.outcome?.settle(received, `no receipt from ${session.name}`);
    const known = roster.user(session.name ?? "");
    if (entry && known) {
      if ("room" in entry.to) { if (received) this.#cursors.readLobby(session, known, entry.seq); }
      else this.#settlePrivate(entry, known, session, received, sent, owed.outcome);
    }
    if (session.owing === 0 && session.ready && session.cursor) this.#catchUp.run(session);
  }

  /**
   * A session has left: what it owes is settled. One message at a time goes to a handout session; `underWay`, when the first
   * may have arrived. The others were never sent.
   */
  release(session: Session, underWay: boolean, now: number): void {
    let sent = underWay && session.ready;
    session.ready = false;
    session.cursor = undefined;
    this.#newcomers.delete(session);
    this.#audiences.clear();
    for (const id of [...session.owes.keys()]) {
      this.settle(session, id, false, sent, now);
      sent = false;
    }
    const user = this.#parts.online.get(session.name);
    if (user?.natives.every((each) => each === session)) this.#miss(user, Infinity);
  }

  /**
   * A handout session speaks our own protocol from now on: what it has not confirmed counts as not received. What is kept comes
   * to it by the log, and its senders go on waiting; a private message that was not kept is kept now.
   */
  handOver(session: Session, user: User, now: number): void {
    const { online, limits } = this.#parts;
    const owes = [...session.owes.values()];
    session.owes.clear();
    this.release(session, false, now);
    online.switchToNative(session);
    const until = now + limits.receiptMs;
    for (const { message: { id, from, scope, text, entry }, outcome } of owes) {
      if (!outcome) continue;
      if (entry) {
        user.awaited.set(id, { outcome, until, forgets: scope === "one" ? entry : undefined });
        this.#awaited.add(user);
      } else if (scope === "one") {
        const sayer = online.get(from)?.handout;
        if (sayer) this.#keepLive({ from, to: { user: user.name }, text, sayer, outcome, until }, now);
      } else outcome.settle(false, `${user.name} continues in the native protocol`);
    }
  }

  /** The members of a room, or the sessions of a user, have changed. */
  audienceChanged(): void {
    this.#audiences.clear();
  }

  /** Gives up what was waited for too long, and tells newcomers what waits for them. */
  tick(now: number, wall: number): void {
    this.#catchUp.clockOffset = wall - now;
    for (const user of this.#awaited) this.#miss(user, now);
    for (const [session, due] of this.#newcomers) {
      if (due > now) break;
      this.#newcomers.delete(session);
      const known = this.#parts.roster.user(session.name!);
      if (!known) continue;
      session.cursor = new DeliveryCursor(known.acked, "private", Infinity, now);
      this.#catchUp.run(session);
    }
  }

  /** How many handout senders wait for an outcome. */
  get awaiting(): number {
    let count = this.#handoutMessages.size;
    for (const user of this.#awaited) count += user.awaited.size;
    return count;
  }

  /** A private message never arrived: its sender is told. */
  fail(entry: Entry, why: string): void {
    this.#parts.tally.failed++;
    this.#cursors.waitsNoMore(entry);
    this.#failing.add(entry.seq);
    this.append({
      type: "failure",
      from: entry.from,
      to: entry.to,
      text: why,
      of: entry.seq,
      said: NaN,
      done: () => void this.#failing.delete(entry.seq),
      // It has failed all the same, and goes into the next batch.
      failed: () => {},
    });
  }

  /** What a turn has added for one audience. */
  #tellRun(audience: readonly Session[], entries: readonly Entry[], said: readonly number[]): void {
    const to: number[] = [];
    for (const session of audience) {
      const cursor = session.cursor;
      if (!cursor?.live) continue;
      if (session.unproven) {
        cursor.told = entries.at(-1)!.seq;
        to.push(session.id);
        continue;
      }
      if (cursor.room === 0) {
        this.#catchUp.fallBehind(session, cursor);
        continue;
      }
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i]!;
        const since = this.#catchUp.isDelivery(entry, session) ? said[i]! : NaN;
        cursor.tell(entry.seq, entry.text.length, since, this.#catchUp.pairFor(session, entry));
      }
      to.push(session.id);
    }
    if (to.length > 0) this.#parts.outputs.push({ type: "tell", to, event: new Entries(entries) });
  }

  /** The native sessions that an entry concerns. */
  #audienceOf(entry: Entry): readonly Session[] {
    const { online, roster } = this.#parts;
    if ("user" in entry.to) {
      const own = online.get(entry.from)?.natives ?? [];
      if (entry.type === "failure" || entry.to.user === entry.from) return own;
      const other = online.get(entry.to.user)?.natives ?? [];
      return own.length === 0 ? other : other.length === 0 ? own : [...own, ...other];
    }
    const { room } = entry.to;
    let audience = this.#audiences.get(room);
    if (!audience) {
      audience = room === LOBBY
        ? [...online.natives].filter(({ ready }) => ready)
        : [...roster.room(room)?.members.keys() ?? []].flatMap(({ name }) => online.get(name)?.natives ?? []);
      this.#audiences.set(room, audience);
    }
    return audience;
  }

  /** Tells handout sessions and guests, and has the sender wait for those who answer. */
  #tellHandouts(entry: Entry, draft: Draft, live: HandoutMessage | undefined): void {
    const { online } = this.#parts;
    const text = handoutText(entry);
    if (text === undefined) return live?.outcome?.settle(true);
    const message = new Message(entry.seq, entry.from, scopeOf(entry.to), text, entry.seq > 0 ? entry : undefined);
    const to: number[] = [];
    if ("user" in entry.to) {
      const receiver = online.get(entry.to.user);
      if (receiver?.handout) {
        this.#toHandout(receiver.handout, message, to, draft.said, receiver.listens ? undefined : live?.outcome);
      }
      if (live?.outcome) this.#expect(receiver, entry, live, live.outcome, true);
    } else {
      for (const guest of online.guestsIn(entry.to.room)) if (guest !== draft.sayer) to.push(guest.id);
    }
    if ("room" in entry.to && entry.to.room === LOBBY) {
      for (const handout of online.handouts) {
        if (handout === draft.sayer) continue;
        const user = online.get(handout.name)!;
        const answers = !user.listens && user.name !== entry.from;
        this.#toHandout(handout, message, to, draft.said, answers ? live?.outcome : undefined);
      }
      if (live?.outcome) {
        for (const user of online.all) {
          // Protocols without a proof confirm private messages alone.
          if (user.name !== entry.from && !user.isUnproven) this.#expect(user, entry, live, live.outcome, false);
        }
      }
    }
    if (to.length > 0) this.#parts.outputs.push({ type: "tell", to, event: message });
    // All receivers are counted.
    live?.outcome?.settle(true);
  }

  #toHandout(
    handout: Session,
    message: Message,
    to: number[],
    said: number,
    outcome: PendingOutcome | undefined,
  ): void {
    if (!handout.ready) return;
    if (message.scope === "one" && message.id > 0) {
      // What waits for the user is on its way page by page, this message with it.
      if (!handout.cursor?.live) return;
      handout.cursor.told = message.id;
    }
    outcome?.expect();
    handout.owes.set(message.id, { message, outcome, said: Number.isNaN(said) ? UNTIMED : said });
    to.push(handout.id);
  }

  /** Has a handout sender wait for a user's native sessions; a handout session of theirs answers for itself. */
  #expect(
    user: User | undefined,
    entry: Entry,
    { until }: HandoutMessage,
    outcome: PendingOutcome,
    isPrivate: boolean,
  ): void {
    if (user?.listens && entry.seq > 0) {
      outcome.expect();
      user.awaited.set(entry.seq, { outcome, until, forgets: isPrivate ? entry : undefined });
      this.#awaited.add(user);
    } else if (!user?.handout?.ready) {
      outcome.expect();
      const name = user?.name ?? ("user" in entry.to ? entry.to.user : "");
      outcome.settle(false, user ? `${name} has no Lb yet` : `${name} is not online`);
      if (isPrivate && entry.seq > 0) this.#forget(entry);
    }
  }

  /** Handout senders that wait for a user hear that its native sessions have everything up to `seq`. */
  #heard(user: User, seq: number): void {
    for (const [number, { outcome }] of user.awaited) {
      if (number > seq) break;
      user.awaited.delete(number);
      outcome.settle(true);
    }
    if (user.awaited.size === 0) this.#awaited.delete(user);
  }

  #awaitedAt(user: User | undefined, seq: number) {
    const awaited = user?.awaited.get(seq);
    if (awaited) user!.awaited.delete(seq);
    return awaited;
  }

  #miss(user: User, now: number): void {
    for (const [seq, { outcome, until, forgets }] of user.awaited) {
      if (until > now) continue;
      user.awaited.delete(seq);
      if (forgets) this.#forget(forgets);
      outcome.settle(false, `no receipt from ${user.name}`);
    }
    if (user.awaited.size === 0) this.#awaited.delete(user);
  }

  #settlePrivate(
    entry: Entry,
    known: KnownUser,
    session: Session,
    received: boolean,
    sent: boolean,
    outcome: PendingOutcome | undefined,
  ): void {
    const { roster, online } = this.#parts;
    const sender = roster.user(entry.from);
    const pair = sender && roster.pair(sender, known);
    if (!pair) return;
    if (received) {
      this.#cursors.received(pair, known, entry.seq);
      this.#cursors.readPair(pair, known, entry.seq);
      return;
    }
    // Another client of the user has it, and its sender was told.
    if (entry.seq <= pair.received[sideOf(pair, known)]) return;
    if (outcome) this.#forget(entry);
    // What was never sent waits for the next time; what native sessions of the user can still take is theirs.
    else if (sent && entry.type === "message" && !online.get(session.name)?.listens) {
      this.fail(entry, `${session.name}'s client did not confirm it`);
    }
  }

  #forget(entry: Entry): void {
    this.#cursors.waitsNoMore(entry);
    this.#parts.log.forget(entry.seq);
    this.#parts.writer.write({ type: "forget", seq: entry.seq });
  }

  /** Everything that a client said is kept up to here; where its own entry `seq` tells it, nothing more is said. */
  #confirmSent(producer: Producer, upTo: number, seq: number): void {
    for (const session of this.#parts.online.get(producer.user.name)?.natives ?? []) {
      if (session.producer !== producer || (session.cursor && session.cursor.told >= seq)) continue;
      this.#parts.outputs.push(tell(session.id, { type: "sent", upTo }));
    }
  }
}

function audienceKey(entry: Entry): string {
  if ("room" in entry.to) return `#${entry.to.room}`;
  return entry.type === "failure" ? `!${entry.from}` : `${entry.from} ${entry.to.user}`;
}
