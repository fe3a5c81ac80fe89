import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { DeliveryCursor } from "./delivery_cursor.ts";
import { type Effect, tell } from "./effect.ts";
import type { Entry, Target } from "./entry.ts";
import { LOBBY } from "./names.ts";
import { Entries, Message, scopeOf } from "./event.ts";
import type { RecentLog } from "./log.ts";
import type { Draft, LogWriter } from "./log_writer.ts";
import type { PendingOutcome } from "./outcome.ts";
import type { Questions } from "./questions.ts";
import { type KnownUser, type Pair, type Producer, type Roster, sideOf } from "./roster.ts";
import { type Tally, UNTIMED } from "./tally.ts";
import type { OnlineUsers, Session, User } from "./users.ts";

/** Entries in one event at most, and characters: so much is written at once to a session. */
const MAX_RUN = 64;
const MAX_RUN_CHARACTERS = 32 * 1024;
/** What a handout session is told at once of what waits for its user. */
const HANDOUT_PAGE = 32;
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
  /** Messages that never arrived, and whose failure is not committed yet; those that could not be written. */
  readonly #failing = new Set<number>();
  #unwritten: { readonly entry: Entry; readonly why: string }[] = [];
  #lastUnkept = 0;
  /** The wall clock less the clock of timers. */
  #clockOffset = 0;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
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
    } else writer.append(draft, roster.makePair(from, roster.mention(to.user)));
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
    if (live.sayer.kind === "guest") {
      const room = roster.makeRoom(LOBBY);
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
      if (entry.type !== "failure") this.#wait(entry);
    }
    flush();
    for (const { entry, draft } of published) {
      const live = this.#handoutMessages.get(draft);
      this.#handoutMessages.delete(draft);
      this.#tellHandouts(entry, draft, live);
    }
    for (const [producer, { upTo, seq }] of answered) this.#confirmSent(producer, upTo, seq);
  }

  /** Begins, or begins anew, to tell a native session what concerns its user. */
  begin(session: Session, known: KnownUser, after: number | undefined, now: number): void {
    const { log, questions } = this.#parts;
    session.cursor = after === undefined
      ? new DeliveryCursor(known.acked, "unreceived", log.last, now)
      : new DeliveryCursor(Math.min(after, log.last), "all", log.last, now);
    if (!session.ready) this.#audiences.clear();
    session.ready = true;
    // The acknowledgement of what the client has may have been lost with its connection.
    if (after !== undefined && after > known.acked) {
      const upTo = Math.min(after, log.last);
      questions.ask(
        { type: "arrived", user: known.id, after: known.acked, upTo },
        ({ pairs }) => {
          for (const { pair, upTo } of pairs) {
            this.#received(this.#parts.roster.conversation(pair) as Pair, known, upTo);
          }
        },
        () => {},
      );
      this.#acked(known, upTo);
    }
  }

  /** Tells a session what it has not been told, as much as it may be told. */
  catchUp(session: Session): void {
    const { log, questions, outputs, online } = this.#parts;
    const { cursor } = session;
    const known = online.get(session.name)?.known;
    if (!cursor || !known) return;
    while (!cursor.live && !cursor.reading) {
      const limit = this.#pageLimit(session, cursor);
      if (limit === 0) return;
      const filtered = cursor.told < cursor.filteredUpTo;
      const filter = filtered || cursor.filter === "private" ? cursor.filter : "all";
      if (cursor.told < log.floor) {
        cursor.reading = true;
        const upTo = filtered ? Math.min(cursor.filteredUpTo, log.last) : log.last;
        questions.ask(
          { type: "page", user: known.id, after: cursor.told, upTo, limit, filter },
          ({ entries, upTo }) => this.#paged(session, cursor, entries, upTo),
          (why) => outputs.push({ type: "end", session: session.id, why: `what waits cannot be read: ${why}` }),
        );
        return;
      }
      const wants = (entry: Entry) =>
        filter === "all" || (filter === "unreceived" && entry.seq > cursor.filteredUpTo)
          ? this.#concerns(entry, known)
          : this.#waitsFor(entry, known, filter === "private");
      const { entries, upTo } = log.page(cursor.told, limit, wants);
      this.#tellPage(session, cursor, entries);
      cursor.told = upTo;
      cursor.live = upTo === log.last;
      if (cursor.live && session.kind === "native") outputs.push(tell(session.id, { type: "live", upTo }));
    }
  }

  /** The client has everything up to `seq` that it was told. */
  acknowledge(session: Session, seq: number, now: number): void {
    const { cursor } = session;
    const user = this.#parts.online.get(session.name);
    if (!cursor || !user?.known) return;
    const { upTo, arrived, characters } = cursor.acknowledge(seq, this.#parts.tally, now);
    user.known.waitingBytes = Math.max(0, user.known.waitingBytes - characters);
    for (const [pair, upTo] of arrived) this.#received(pair, user.known, upTo);
    this.#acked(user.known, upTo);
    this.#heard(user, upTo);
    this.catchUp(session);
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
    owed.outcome?.settle(received);
    const known = roster.user(session.name ?? "");
    if (entry && known) {
      if ("room" in entry.to) { if (received) this.#readLobby(session, known, entry.seq); }
      else this.#settlePrivate(entry, known, session, received, sent, owed.outcome);
    }
    if (session.owing === 0 && session.ready && session.cursor) this.catchUp(session);
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
        user.awaited.set(id, { outcome, until, isPrivate: scope === "one" });
        this.#awaited.add(user);
      } else if (scope === "one") {
        const sayer = online.get(from)?.handout;
        if (sayer) this.#keepLive({ from, to: { user: user.name }, text, sayer, outcome, until }, now);
      } else outcome.settle(false);
    }
  }

  /** The members of a room, or the sessions of a user, have changed. */
  audienceChanged(): void {
    this.#audiences.clear();
  }

  /** The user has read a conversation up to here. */
  read(user: User, of: Target, upTo: number, by: Session): void {
    const { roster, log, writer, outputs } = this.#parts;
    const known = user.known!;
    const seq = Math.min(upTo, log.last);
    const tellOthers = () => {
      const to = user.natives.filter((each) => each.ready && each !== by).map(({ id }) => id);
      if (to.length > 0) outputs.push({ type: "tell", to, event: { type: "read", of, upTo: seq } });
    };
    if ("room" in of) return void this.#readRoom(known, of.room, seq, tellOthers);
    const other = roster.user(of.user);
    const pair = other && roster.pair(known, other);
    if (!pair) return;
    const side = sideOf(pair, known);
    if (seq <= pair.read[side]) return;
    pair.read[side] = seq;
    const write = { type: "pairCursor", cursor: "read", pair: pair.id, side, upTo: seq } as const;
    writer.move(`read ${pair.id} ${side}`, write, true, tellOthers);
  }

  /** Gives up what was waited for too long, and tells newcomers what waits for them. */
  tick(now: number, wall: number): void {
    this.#clockOffset = wall - now;
    for (const user of this.#awaited) this.#miss(user, now);
    for (const { entry, why } of this.#unwritten.splice(0)) this.#appendFailure(entry, why);
    for (const [session, due] of this.#newcomers) {
      if (due > now) break;
      this.#newcomers.delete(session);
      const known = this.#parts.roster.user(session.name!);
      if (!known) continue;
      session.cursor = new DeliveryCursor(known.acked, "private", Infinity, now);
      this.catchUp(session);
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
    this.#failing.add(entry.seq);
    this.#appendFailure(entry, why);
  }

  #appendFailure(entry: Entry, why: string): void {
    this.append({
      type: "failure",
      from: entry.from,
      to: entry.to,
      text: why,
      of: entry.seq,
      said: NaN,
      done: () => void this.#failing.delete(entry.seq),
      // It has failed all the same, and is written as soon as that is possible.
      failed: () => this.#unwritten.push({ entry, why }),
    });
  }

  #paged(session: Session, cursor: DeliveryCursor, entries: readonly Entry[], upTo: number): void {
    cursor.reading = false;
    if (session.cursor !== cursor) return;
    this.#tellPage(session, cursor, entries.filter(({ seq }) => !this.#failing.has(seq)));
    cursor.told = Math.max(cursor.told, upTo);
    this.catchUp(session);
  }

  #tellPage(session: Session, cursor: DeliveryCursor, entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const { outputs } = this.#parts;
    if (session.kind !== "native") {
      for (const entry of entries) {
        cursor.told = entry.seq;
        if (entry.type !== "message") continue;
        const message = new Message(entry.seq, entry.from, "one", entry.text, entry);
        session.owes.set(entry.seq, { message, outcome: undefined, said: UNTIMED });
        outputs.push(tell(session.id, message));
      }
      return;
    }
    for (const entry of entries) {
      cursor.tell(
        entry.seq,
        entry.text.length,
        this.#isDelivery(entry, session) ? entry.time - this.#clockOffset : NaN,
        this.#pairFor(session, entry),
      );
    }
    outputs.push(tell(session.id, new Entries(entries)));
  }

  #pageLimit(session: Session, cursor: DeliveryCursor): number {
    if (session.kind === "native") return cursor.room;
    return session.owing === 0 ? HANDOUT_PAGE : 0;
  }

  /** What a turn has added for one audience. */
  #tellRun(audience: readonly Session[], entries: readonly Entry[], said: readonly number[]): void {
    const to: number[] = [];
    for (const session of audience) {
      const cursor = session.cursor;
      if (!cursor?.live) continue;
      if (cursor.room === 0) {
        cursor.live = false;
        continue;
      }
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i]!;
        const since = this.#isDelivery(entry, session) ? said[i]! : NaN;
        cursor.tell(entry.seq, entry.text.length, since, this.#pairFor(session, entry));
      }
      to.push(session.id);
    }
    if (to.length > 0) this.#parts.outputs.push({ type: "tell", to, event: new Entries(entries) });
  }

  /** Whether the session's acknowledgement counts: one's own words are only confirmed by it. */
  #isDelivery({ type, from }: Entry, { name }: Session): boolean {
    return type === "message" && from !== name;
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
    } else if (entry.to.room === LOBBY) {
      for (const guest of online.guests) if (guest !== draft.sayer) to.push(guest.id);
      for (const handout of online.handouts) {
        if (handout === draft.sayer) continue;
        const user = online.get(handout.name)!;
        const answers = !user.listens && user.name !== entry.from;
        this.#toHandout(handout, message, to, draft.said, answers ? live?.outcome : undefined);
      }
      if (live?.outcome) {
        for (const user of online.all) {
          if (user.name !== entry.from) this.#expect(user, entry, live, live.outcome, false);
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
    { seq }: Entry,
    { until }: HandoutMessage,
    outcome: PendingOutcome,
    isPrivate: boolean,
  ): void {
    if (user?.listens && seq > 0) {
      outcome.expect();
      user.awaited.set(seq, { outcome, until, isPrivate });
      this.#awaited.add(user);
    } else if (!user?.handout?.ready) {
      outcome.expect();
      outcome.settle(false);
      if (isPrivate && seq > 0) this.#forget(seq);
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
    for (const [seq, { outcome, until, isPrivate }] of user.awaited) {
      if (until > now) continue;
      user.awaited.delete(seq);
      if (isPrivate) this.#forget(seq);
      outcome.settle(false);
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
    if (received) {
      const sender = roster.user(entry.from);
      const pair = sender && roster.pair(sender, known);
      if (!pair) return;
      known.waitingBytes = Math.max(0, known.waitingBytes - entry.text.length);
      this.#received(pair, known, entry.seq);
      this.#readPair(pair, known, entry.seq);
    } else if (outcome) this.#forget(entry.seq);
    // What was never sent waits for the next time; what native sessions of the user can still take is theirs.
    else if (sent && entry.type === "message" && !online.get(session.name)?.listens) {
      this.fail(entry, `${session.name}'s client did not confirm it`);
    }
  }

  #forget(seq: number): void {
    this.#parts.log.forget(seq);
    this.#parts.writer.write({ type: "forget", seq });
  }

  /** `user` has everything up to `upTo` that the other one of the pair said; who is told once that is committed. */
  #received(pair: Pair, user: KnownUser, upTo: number): void {
    const side = sideOf(pair, user);
    if (upTo <= pair.received[side]) return;
    pair.received[side] = upTo;
    const { writer, online, outputs } = this.#parts;
    const write = { type: "pairCursor", cursor: "received", pair: pair.id, side, upTo } as const;
    writer.move(`received ${pair.id} ${side}`, write, true, () => {
      const sender = online.get(pair.users[side === 0 ? 1 : 0].name);
      const to = sender?.natives.filter(({ ready }) => ready).map(({ id }) => id) ?? [];
      const event = { type: "received", by: user.name, upTo: pair.received[side] } as const;
      if (to.length > 0) outputs.push({ type: "tell", to, event });
    });
  }

  #acked(known: KnownUser, upTo: number): void {
    if (upTo <= known.acked) return;
    known.acked = upTo;
    this.#parts.writer.move(`acked ${known.id}`, { type: "acked", user: known.id, upTo }, false);
  }

  #readPair(pair: Pair, known: KnownUser, upTo: number): void {
    const side = sideOf(pair, known);
    if (upTo <= pair.read[side]) return;
    pair.read[side] = upTo;
    const write = { type: "pairCursor", cursor: "read", pair: pair.id, side, upTo } as const;
    this.#parts.writer.move(`read ${pair.id} ${side}`, write, false);
  }

  /** A handout session was not told what was said before it began: unless that is read, the cursor stays before it. */
  #readLobby(session: Session, known: KnownUser, seq: number): void {
    const read = this.#parts.roster.room(LOBBY)!.members.get(known)?.read ?? 0;
    if (Math.max(read, known.acked) >= session.lobbyAt) this.#readRoom(known, LOBBY, seq);
  }

  #readRoom(known: KnownUser, name: string, upTo: number, done?: () => void): void {
    const room = this.#parts.roster.room(name);
    const membership = room?.members.get(known);
    if (!room || !membership || upTo <= membership.read) return;
    membership.read = upTo;
    const write = { type: "roomRead", room: room.id, user: known.id, upTo } as const;
    this.#parts.writer.move(`read ${room.id} ${known.id}`, write, done !== undefined, done);
  }

  /** Everything that a client said is kept up to here; where its own entry `seq` tells it, nothing more is said. */
  #confirmSent(producer: Producer, upTo: number, seq: number): void {
    for (const session of this.#parts.online.get(producer.user.name)?.natives ?? []) {
      if (session.producer !== producer || (session.cursor && session.cursor.told >= seq)) continue;
      this.#parts.outputs.push(tell(session.id, { type: "sent", upTo }));
    }
  }

  /** A private message waits for its receiver; one to oneself has arrived. */
  #wait(entry: Entry): void {
    if (!("user" in entry.to)) return;
    const { roster } = this.#parts;
    const receiver = roster.user(entry.to.user);
    const sender = roster.user(entry.from);
    if (!receiver || !sender) return;
    if (receiver === sender) this.#received(roster.makePair(sender, receiver), receiver, entry.seq);
    else receiver.waitingBytes += entry.text.length;
  }

  #pairFor(session: Session, entry: Entry): Pair | undefined {
    if (entry.type === "failure" || !("user" in entry.to) || entry.from === session.name) return undefined;
    const { roster } = this.#parts;
    const [sender, receiver] = [roster.user(entry.from), roster.user(entry.to.user)];
    return sender && receiver && roster.pair(sender, receiver);
  }

  #concerns(entry: Entry, known: KnownUser): boolean {
    if (entry.from === known.name && "user" in entry.to) return true;
    if ("user" in entry.to) return entry.to.user === known.name && entry.type !== "failure";
    const room = this.#parts.roster.room(entry.to.room);
    const membership = room?.members.get(known);
    return membership !== undefined && entry.seq > membership.since;
  }

  /** Whether something that others said has not been received by any client of the user. */
  #waitsFor(entry: Entry, known: KnownUser, onlyPrivate: boolean): boolean {
    if (entry.from === known.name) return !onlyPrivate && entry.type === "failure";
    if ("room" in entry.to) {
      if (onlyPrivate || !this.#concerns(entry, known)) return false;
      return entry.seq > this.#parts.roster.room(entry.to.room)!.members.get(known)!.read;
    }
    if (entry.to.user !== known.name || entry.type === "failure") return false;
    const sender = this.#parts.roster.user(entry.from);
    const pair = sender && this.#parts.roster.pair(sender, known);
    return pair !== undefined && entry.seq > pair.received[sideOf(pair, known)] &&
      !this.#parts.log.hasFailed(entry.seq) && !this.#failing.has(entry.seq);
  }
}

function audienceKey(entry: Entry): string {
  if ("room" in entry.to) return `#${entry.to.room}`;
  return entry.type === "failure" ? `!${entry.from}` : `${entry.from} ${entry.to.user}`;
}

/** An entry in the words of a handout; undefined where it has none. */
function handoutText({ type, text }: Entry): string | undefined {
  if (type === "message") return text;
  if (type === "edit") return `(edited) ${text}`;
  return type === "withdrawal" ? "(withdrawn a message)" : undefined;
}
