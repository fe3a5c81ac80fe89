import type { Limits } from "../core/limits.ts";
import { DeliveryCursor } from "./delivery_cursor.ts";
import type { Audience } from "./audience.ts";
import { AwaitedReceipts, type WaitingSender } from "./awaited_receipts.ts";
import { type PendingOutcome, settled } from "./outcome.ts";
import { type Effect, tell } from "./effect.ts";
import { type Event, Message, scopeOf, type SessionId } from "./event.ts";
import type { OnlineUsers, Session, User } from "./users.ts";
import { type Tally, UNTIMED } from "./tally.ts";
import { LOBBY } from "./names.ts";
import type { MessageStore, NewNotice, StoredEntry, StoredMessage, Target } from "./store.ts";

/** What is told to a handout session at once of what waits for its user. */
const HANDOUT_PAGE = 32;
/** After its 201 a client may go over to our own protocol; what waits for its user waits so long for that. */
const GRACE_MS = 500;

/**
 * What is kept, and who is told of it.
 *
 * 1. What is said under an id is kept once; said again, it is answered as the first time.
 * 2. A session of our own protocol is told all that concerns its user, in order, from where it begins (see `Course`).
 * 3. A handout session is told what was said to its user privately, also what waited, and what is said in the lobby while
 *    it is there. What went out to it and was never confirmed has failed, and is not sent a second time.
 * 4. The sender of a private message hears once that it was delivered or has failed. A sender at a handout door hears it
 *    within the receipt's time; what has failed there is forgotten.
 */
export class KeptDelivery {
  /** Who has acknowledged messages of rooms that are not marked in the store yet. */
  readonly #acknowledged = new Set<User>();
  /** Handout sessions that are not told yet what waits for them, and when they are. */
  readonly #newcomers = new Map<Session, number>();
  readonly #awaiting: AwaitedReceipts;

  constructor(
    readonly store: MessageStore,
    readonly people: OnlineUsers,
    readonly audience: Audience,
    readonly limits: Pick<Limits, "receiptMs" | "textBytes">,
    readonly tally: Tally,
  ) {
    this.#awaiting = new AwaitedReceipts(store, people);
  }

  /** Says a message that is allowed, or answers it as it was answered before. */
  say(sayer: Session, id: string, to: Target, text: string, fault: () => string | undefined, now: number): Effect[] {
    const name = sayer.name!;
    const answered = this.store.answer(name, id);
    if (answered?.type === "sent") return [tell(sayer.id, { ...answered, id })];
    const why = answered ? answered.why : fault();
    if (!answered) this.tally.said++;
    if (why !== undefined) {
      if (!answered) {
        this.tally.failed++;
        this.store.refuse(name, id, why, now);
      }
      return [tell(sayer.id, { type: "notSent", id, why })];
    }
    const kept = this.store.keep({ from: name, to, text, time: Math.floor(now), id });
    const effects = [
      tell(sayer.id, { type: "sent", id, seq: kept.seq, time: kept.time }),
      ...this.#spread(kept, sayer, now),
    ];
    // Whoever talks to themselves has it already.
    if ("user" in to && to.user === name && this.store.settle(kept.seq)) {
      effects.push(...this.notify({ type: "delivered", owner: name, to: name, id, of: kept.seq, time: kept.time }));
    }
    return effects;
  }

  /** Says something from a handout door; `delivery` hears what becomes of it at everybody who is online. */
  sayLive(sayer: Session, to: Target, text: string, delivery: PendingOutcome, now: number): Effect[] {
    this.tally.said++;
    const kept = this.store.keep({ from: sayer.name!, to, text, time: Math.floor(now) });
    // Held until everybody it is for is counted.
    delivery.expect();
    const effects = this.#spread(kept, sayer, now, { delivery, until: now + this.limits.receiptMs });
    return [...effects, ...settled(delivery, "taken")];
  }

  /** A guest says something in the lobby; everybody hears it, and nobody confirms it. */
  announce(guest: Session, text: string, now: number): Effect[] {
    this.tally.said++;
    const kept = this.store.keep({ from: guest.guestName, to: { room: LOBBY }, text, time: Math.floor(now) });
    return this.#spread(kept, guest, now);
  }

  /** Begins, or begins anew, to tell a session what concerns its user. */
  resume(session: Session, store: string | undefined, after: number | undefined, now: number): Effect[] {
    const { id, last } = this.store;
    const acked = this.#acked(session);
    const known = after !== undefined && store === id ? Math.min(after, last) : undefined;
    session.cursor = new DeliveryCursor(known ?? acked, known === undefined ? last : 0, now);
    if (!session.ready) this.audience.sessionsChanged();
    session.ready = true;
    const rooms = this.store.roomsOf(session.name!);
    const { textBytes } = this.limits;
    const effects: Effect[] = [tell(session.id, { type: "begun", store: id, last, rooms, textBytes })];
    const user = this.people.get(session.name)!;
    // The acknowledgement of what the client has may have been lost with its connection.
    if (known !== undefined && known > acked) {
      user.acked = known;
      effects.push(...this.#mark(user, now));
    }
    return [...effects, ...this.#page(session, session.cursor)];
  }

  /** The client has everything up to `seq` that it was told. */
  acknowledge(session: Session, seq: number, now: number): Effect[] {
    const { cursor } = session;
    const user = this.people.get(session.name);
    if (!cursor || !user) return [];
    const effects: Effect[] = [];
    const upTo = cursor.acknowledge(seq, this.tally, now);
    if (upTo > user.acked) {
      user.acked = upTo;
      if (user.privateFrom <= upTo) effects.push(...this.#mark(user, now));
      else this.#acknowledged.add(user);
      effects.push(...this.#awaiting.heard(user, upTo));
    }
    if (!cursor.live) effects.push(...this.#page(session, cursor));
    return effects;
  }

  /** A handout session can be told messages: soon what waits for its user privately goes to it. */
  ready(session: Session, now: number): void {
    this.#newcomers.set(session, now + GRACE_MS);
  }

  /** A handout session has taken a message, or will not have it; `sent`, when it may have it all the same. */
  settle(session: Session, id: number, what: "taken" | "missed", sent: boolean, now: number): Effect[] {
    const owed = session.owes.get(id);
    if (!owed) return [];
    session.owes.delete(id);
    const effects = owed.delivery ? settled(owed.delivery, what) : [];
    const kept = owed.message.kept;
    if (what === "taken") {
      this.tally.confirm(owed.said, now);
      effects.push(...this.#awaiting.tookAt(session, id));
    }
    if (kept && "room" in kept.to) {
      if (what === "taken") session.lobbyAcknowledged = id;
    } else if (kept) effects.push(...this.#settlePrivately(kept, session.name!, what, sent, owed.delivery, now));
    if (session.owing === 0 && session.ready && session.cursor && !session.cursor.live) {
      effects.push(...this.#handoutPage(session, session.cursor));
    }
    return effects;
  }

  /**
   * A session has left, or speaks our own protocol from now on: what it owes is settled. One message at a time goes down to a
   * handout session; `underWay`, when the first may have arrived. The others never went out.
   */
  release(session: Session, user: User, underWay: boolean, now: number): Effect[] {
    const effects: Effect[] = [];
    let sent = underWay && session.ready;
    session.ready = false;
    session.cursor = undefined;
    this.#newcomers.delete(session);
    for (const id of [...session.owes.keys()]) {
      effects.push(...this.settle(session, id, "missed", sent, now));
      sent = false;
    }
    if (session.lobbyAcknowledged > 0) this.store.seen(LOBBY, user.name, session.lobbyAcknowledged);
    if (!user.listens) {
      if (this.#acknowledged.has(user)) effects.push(...this.#mark(user, now));
      effects.push(...this.#awaiting.miss(user, Infinity));
    }
    this.audience.sessionsChanged();
    return effects;
  }

  /** Forgets what it remembers of the store. */
  recall(): void {
    this.#acknowledged.clear();
    this.audience.clear();
  }

  /** Puts into the store what was acknowledged, and gives up what was waited for too long. */
  tick(now: number): Effect[] {
    const effects: Effect[] = [];
    for (const user of this.#acknowledged) effects.push(...this.#mark(user, now));
    effects.push(...this.#awaiting.tick(now));
    for (const [session, due] of this.#newcomers) {
      if (due > now) break;
      this.#newcomers.delete(session);
      session.cursor = new DeliveryCursor(this.#acked(session), this.store.last, now);
      effects.push(...this.#handoutPage(session, session.cursor));
    }
    return effects;
  }

  /** Tells whoever said it what has become of a private message. */
  notify(notice: NewNotice): Effect[] {
    if (notice.type === "failed") this.tally.failed++;
    const kept = this.store.notify(notice);
    const owner = this.people.get(notice.owner);
    const to = owner ? this.#offered(owner.natives, kept.seq, notice.id.length, NaN, undefined, owner) : [];
    return to.length > 0 ? [{ type: "tell", to, event: { type: "notice", notice: kept } }] : [];
  }

  /** Tells everybody whom a message is for, and the sender's other sessions. */
  #spread(kept: StoredMessage, sayer: Session, now: number, awaiting?: WaitingSender): Effect[] {
    const { to, from, seq, text } = kept;
    const message = new Message(seq, from, scopeOf(to, LOBBY), text, kept);
    const ids: SessionId[] = [];
    if ("user" in to) {
      const receiver = this.people.get(to.user);
      if (receiver) {
        ids.push(...this.#offered(receiver.natives, seq, text.length, now, sayer, receiver));
        this.#toHandout(receiver.handout, message, ids, now, undefined);
        if (awaiting) this.#awaiting.expect(receiver, kept, awaiting);
      }
      const sender = this.people.get(from);
      if (sender && sender !== receiver) {
        ids.push(...this.#offered(sender.natives, seq, text.length, now, sayer, sender));
      }
    } else {
      ids.push(...this.#offered(this.audience.of(to.room), seq, text.length, now, sayer));
      if (to.room === LOBBY) {
        for (const guest of this.people.guests) if (guest !== sayer) ids.push(guest.id);
        for (const handout of this.people.handouts) {
          if (handout === sayer) continue;
          const user = this.people.get(handout.name)!;
          this.#toHandout(
            handout,
            message,
            ids,
            now,
            user.listens || user.name === from ? undefined : awaiting?.delivery,
          );
        }
        if (awaiting) {
          for (const user of this.people.all) {
            if (user.name !== from) this.#awaiting.expect(user, kept, awaiting);
          }
        }
      }
    }
    return ids.length > 0 ? [{ type: "tell", to: ids, event: message }] : [];
  }

  /** Which of these sessions are told number `seq` now; the others are behind and come to it by themselves. */
  #offered(
    sessions: readonly Session[],
    seq: number,
    characters: number,
    said: number,
    except: Session | undefined,
    privately?: User,
  ): SessionId[] {
    const ids: SessionId[] = [];
    for (const session of sessions) {
      if (session !== except && session.cursor?.offer(seq, characters, said)) ids.push(session.id);
    }
    if (privately && ids.length > 0) owedPrivately(privately, seq);
    return ids;
  }

  #toHandout(
    handout: Session | undefined,
    message: Message,
    ids: SessionId[],
    said: number,
    delivery: PendingOutcome | undefined,
  ): void {
    if (!handout?.ready) return;
    if (message.scope === "one") {
      // What waits for them is on its way to them page by page, this one with it.
      if (!handout.cursor?.live) return;
      handout.cursor.told = message.id;
    }
    delivery?.expect();
    handout.owes.set(message.id, { message, delivery, said });
    ids.push(handout.id);
  }

  /** Tells a session what it has not been told yet, as much as it may be told before it acknowledges. */
  #page(session: Session, cursor: DeliveryCursor): Effect[] {
    const name = session.name!;
    const user = this.people.get(name)!;
    const effects: Effect[] = [];
    for (let limit = cursor.room; limit > 0 && !cursor.live; limit = cursor.room) {
      const { told, waitingUpTo } = cursor;
      const waits = told < waitingUpTo;
      // What comes after may be the user's own, or acknowledged by another of their sessions meanwhile.
      const page = waits
        ? this.store.waiting(name, told, limit).filter(({ seq }) => seq <= waitingUpTo)
        : this.store.since(name, told, limit);
      for (const entry of page) {
        if (cursor.room === 0) return effects;
        if (entry.type === "message") cursor.tell(entry.seq, entry.text.length, entry.time);
        else cursor.tell(entry.seq, entry.id.length, NaN);
        if (entry.type !== "message" || "user" in entry.to) owedPrivately(user, entry.seq);
        effects.push(tell(session.id, eventOf(entry)));
      }
      if (page.length === limit) continue;
      cursor.live = !waits;
      cursor.told = waits ? waitingUpTo : Math.max(cursor.told, this.store.last);
    }
    return effects;
  }

  #handoutPage(session: Session, cursor: DeliveryCursor): Effect[] {
    const effects: Effect[] = [];
    while (!cursor.live && effects.length === 0) {
      const page = this.store.waiting(session.name!, cursor.told, HANDOUT_PAGE, "private");
      for (const entry of page) {
        cursor.told = entry.seq;
        if (entry.type !== "message") continue;
        const message = new Message(entry.seq, entry.from, "one", entry.text, entry);
        session.owes.set(entry.seq, { message, delivery: undefined, said: UNTIMED });
        effects.push(tell(session.id, message));
      }
      cursor.live = page.length < HANDOUT_PAGE;
    }
    return effects;
  }

  /** Marks in the store what a person has acknowledged, and tells the senders. */
  #mark(user: User, now: number): Effect[] {
    this.#acknowledged.delete(user);
    user.privateFrom = user.privateUpTo > user.acked ? user.acked + 1 : Infinity;
    const taken = this.store.acknowledge(user.name, user.acked);
    return taken.flatMap(({ seq, from, id }) => {
      if (id === undefined) return [];
      return this.notify({ type: "delivered", owner: from, to: user.name, id, of: seq, time: Math.floor(now) });
    });
  }

  #settlePrivately(
    { seq, from, id }: StoredMessage,
    to: string,
    what: "taken" | "missed",
    sent: boolean,
    delivery: PendingOutcome | undefined,
    now: number,
  ): Effect[] {
    if (what === "missed" && delivery) this.store.withdraw(seq);
    // What never went out waits for the next time; what other sessions of theirs can still take is theirs.
    if (what === "missed" && (delivery || !sent || this.people.get(to)?.listens)) return [];
    const waited = this.store.settle(seq);
    if (!waited || id === undefined) return [];
    const notice = { owner: from, to, id, of: seq, time: Math.floor(now) };
    if (what === "taken") return this.notify({ type: "delivered", ...notice });
    return this.notify({ type: "failed", ...notice, why: `${to}'s client did not confirm it` });
  }

  #acked(session: Session): number {
    const user = this.people.get(session.name)!;
    return user.acked = Math.max(user.acked, this.store.user(user.name)?.acked ?? 0);
  }
}

function owedPrivately(user: User, seq: number): void {
  user.privateFrom = Math.min(user.privateFrom, seq);
  user.privateUpTo = Math.max(user.privateUpTo, seq);
}

function eventOf(entry: StoredEntry): Event {
  if (entry.type !== "message") return { type: "notice", notice: entry };
  return new Message(entry.seq, entry.from, scopeOf(entry.to, LOBBY), entry.text, entry);
}
