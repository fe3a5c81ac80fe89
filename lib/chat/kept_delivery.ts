import type { Limits } from "../core/limits.ts";
import { Course } from "./delivery_cursor.ts";
import type { Audience } from "./audience.ts";
import { Awaiting, type Sender } from "./awaited_receipts.ts";
import { type Delivery, settled } from "./outcome.ts";
import { type Effect, tell } from "./effect.ts";
import { type Event, Message, scopeOf } from "./event.ts";
import type { People, Person, Presence, SessionId } from "./users.ts";
import { type Tally, UNTIMED } from "./tally.ts";
import { type Kept, type KeptMessage, LOBBY, type NewNotice, type Store, type Target } from "./store.ts";

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
export class Post {
  /** Who has acknowledged messages of rooms that are not marked in the store yet. */
  readonly #acknowledged = new Set<Person>();
  /** Handout sessions that are not told yet what waits for them, and when they are. */
  readonly #newcomers = new Map<Presence, number>();
  readonly #awaiting: Awaiting;

  constructor(
    readonly store: Store,
    readonly people: People,
    readonly audience: Audience,
    readonly limits: Pick<Limits, "receiptMs" | "textBytes">,
    readonly tally: Tally,
  ) {
    this.#awaiting = new Awaiting(store, people);
  }

  /** Says a message that is allowed, or answers it as it was answered before. */
  say(sayer: Presence, id: string, to: Target, text: string, fault: () => string | undefined, now: number): Effect[] {
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
  sayLive(sayer: Presence, to: Target, text: string, delivery: Delivery, now: number): Effect[] {
    this.tally.said++;
    const kept = this.store.keep({ from: sayer.name!, to, text, time: Math.floor(now) });
    // Held until everybody it is for is counted.
    delivery.expect();
    const effects = this.#spread(kept, sayer, now, { delivery, until: now + this.limits.receiptMs });
    return [...effects, ...settled(delivery, "taken")];
  }

  /** A guest says something in the lobby; everybody hears it, and nobody confirms it. */
  announce(guest: Presence, text: string, now: number): Effect[] {
    this.tally.said++;
    const kept = this.store.keep({ from: guest.visitor, to: { room: LOBBY }, text, time: Math.floor(now) });
    return this.#spread(kept, guest, now);
  }

  /** Begins, or begins anew, to tell a session what concerns its user. */
  resume(presence: Presence, store: string | undefined, after: number | undefined, now: number): Effect[] {
    const { id, last } = this.store;
    const acked = this.#acked(presence);
    const known = after !== undefined && store === id ? Math.min(after, last) : undefined;
    presence.course = new Course(known ?? acked, known === undefined ? last : 0, now);
    if (!presence.ready) this.audience.moved();
    presence.ready = true;
    const rooms = this.store.roomsOf(presence.name!);
    const { textBytes } = this.limits;
    const effects: Effect[] = [tell(presence.id, { type: "begun", store: id, last, rooms, textBytes })];
    const person = this.people.get(presence.name)!;
    // The acknowledgement of what the client has may have been lost with its connection.
    if (known !== undefined && known > acked) {
      person.acked = known;
      effects.push(...this.#mark(person, now));
    }
    return [...effects, ...this.#page(presence, presence.course)];
  }

  /** The client has everything up to `seq` that it was told. */
  acknowledge(presence: Presence, seq: number, now: number): Effect[] {
    const { course } = presence;
    const person = this.people.get(presence.name);
    if (!course || !person) return [];
    const effects: Effect[] = [];
    const upTo = course.acknowledge(seq, this.tally, now);
    if (upTo > person.acked) {
      person.acked = upTo;
      if (person.privateFrom <= upTo) effects.push(...this.#mark(person, now));
      else this.#acknowledged.add(person);
      effects.push(...this.#awaiting.heard(person, upTo));
    }
    if (!course.live) effects.push(...this.#page(presence, course));
    return effects;
  }

  /** A handout session can be told messages: soon what waits for its user privately goes to it. */
  ready(presence: Presence, now: number): void {
    this.#newcomers.set(presence, now + GRACE_MS);
  }

  /** A handout session has taken a message, or will not have it; `sent`, when it may have it all the same. */
  settle(presence: Presence, id: number, what: "taken" | "missed", sent: boolean, now: number): Effect[] {
    const owed = presence.owes.get(id);
    if (!owed) return [];
    presence.owes.delete(id);
    const effects = owed.delivery ? settled(owed.delivery, what) : [];
    const kept = owed.message.kept;
    if (what === "taken") {
      this.tally.confirm(owed.said, now);
      effects.push(...this.#awaiting.tookAt(presence, id));
    }
    if (kept && "room" in kept.to) {
      if (what === "taken") presence.lobbyTaken = id;
    } else if (kept) effects.push(...this.#settlePrivately(kept, presence.name!, what, sent, owed.delivery, now));
    if (presence.owing === 0 && presence.ready && presence.course && !presence.course.live) {
      effects.push(...this.#handoutPage(presence, presence.course));
    }
    return effects;
  }

  /**
   * A session has left, or speaks our own protocol from now on: what it owes is settled. One message at a time goes down to a
   * handout session; `underWay`, when the first may have arrived. The others never went out.
   */
  release(presence: Presence, person: Person, underWay: boolean, now: number): Effect[] {
    const effects: Effect[] = [];
    let sent = underWay && presence.ready;
    presence.ready = false;
    presence.course = undefined;
    this.#newcomers.delete(presence);
    for (const id of [...presence.owes.keys()]) {
      effects.push(...this.settle(presence, id, "missed", sent, now));
      sent = false;
    }
    if (presence.lobbyTaken > 0) this.store.seen(LOBBY, person.name, presence.lobbyTaken);
    if (!person.listens) {
      if (this.#acknowledged.has(person)) effects.push(...this.#mark(person, now));
      effects.push(...this.#awaiting.miss(person, Infinity));
    }
    this.audience.moved();
    return effects;
  }

  /** Forgets what it remembers of the store. */
  recall(): void {
    this.#acknowledged.clear();
    this.audience.recall();
  }

  /** Puts into the store what was acknowledged, and gives up what was waited for too long. */
  tick(now: number): Effect[] {
    const effects: Effect[] = [];
    for (const person of this.#acknowledged) effects.push(...this.#mark(person, now));
    effects.push(...this.#awaiting.tick(now));
    for (const [presence, due] of this.#newcomers) {
      if (due > now) break;
      this.#newcomers.delete(presence);
      presence.course = new Course(this.#acked(presence), this.store.last, now);
      effects.push(...this.#handoutPage(presence, presence.course));
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
  #spread(kept: KeptMessage, sayer: Presence, now: number, awaiting?: Sender): Effect[] {
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
          const person = this.people.get(handout.name)!;
          this.#toHandout(
            handout,
            message,
            ids,
            now,
            person.listens || person.name === from ? undefined : awaiting?.delivery,
          );
        }
        if (awaiting) {
          for (const person of this.people.all) {
            if (person.name !== from) this.#awaiting.expect(person, kept, awaiting);
          }
        }
      }
    }
    return ids.length > 0 ? [{ type: "tell", to: ids, event: message }] : [];
  }

  /** Which of these sessions are told number `seq` now; the others are behind and come to it by themselves. */
  #offered(
    presences: readonly Presence[],
    seq: number,
    characters: number,
    said: number,
    except: Presence | undefined,
    privately?: Person,
  ): SessionId[] {
    const ids: SessionId[] = [];
    for (const presence of presences) {
      if (presence !== except && presence.course?.offer(seq, characters, said)) ids.push(presence.id);
    }
    if (privately && ids.length > 0) owedPrivately(privately, seq);
    return ids;
  }

  #toHandout(
    handout: Presence | undefined,
    message: Message,
    ids: SessionId[],
    said: number,
    delivery: Delivery | undefined,
  ): void {
    if (!handout?.ready) return;
    if (message.scope === "one") {
      // What waits for them is on its way to them page by page, this one with it.
      if (!handout.course?.live) return;
      handout.course.told = message.id;
    }
    delivery?.expect();
    handout.owes.set(message.id, { message, delivery, said });
    ids.push(handout.id);
  }

  /** Tells a session what it has not been told yet, as much as it may be told before it acknowledges. */
  #page(presence: Presence, course: Course): Effect[] {
    const name = presence.name!;
    const person = this.people.get(name)!;
    const effects: Effect[] = [];
    for (let limit = course.room; limit > 0 && !course.live; limit = course.room) {
      const { told, waitingUpTo } = course;
      const waits = told < waitingUpTo;
      // What comes after may be the user's own, or acknowledged by another of their sessions meanwhile.
      const page = waits
        ? this.store.waiting(name, told, limit).filter(({ seq }) => seq <= waitingUpTo)
        : this.store.since(name, told, limit);
      for (const entry of page) {
        if (course.room === 0) return effects;
        if (entry.type === "message") course.tell(entry.seq, entry.text.length, entry.time);
        else course.tell(entry.seq, entry.id.length, NaN);
        if (entry.type !== "message" || "user" in entry.to) owedPrivately(person, entry.seq);
        effects.push(tell(presence.id, eventOf(entry)));
      }
      if (page.length === limit) continue;
      course.live = !waits;
      course.told = waits ? waitingUpTo : Math.max(course.told, this.store.last);
    }
    return effects;
  }

  #handoutPage(presence: Presence, course: Course): Effect[] {
    const effects: Effect[] = [];
    while (!course.live && effects.length === 0) {
      const page = this.store.waiting(presence.name!, course.told, HANDOUT_PAGE, "private");
      for (const entry of page) {
        course.told = entry.seq;
        if (entry.type !== "message") continue;
        const message = new Message(entry.seq, entry.from, "one", entry.text, entry);
        presence.owes.set(entry.seq, { message, delivery: undefined, said: UNTIMED });
        effects.push(tell(presence.id, message));
      }
      course.live = page.length < HANDOUT_PAGE;
    }
    return effects;
  }

  /** Marks in the store what a person has acknowledged, and tells the senders. */
  #mark(person: Person, now: number): Effect[] {
    this.#acknowledged.delete(person);
    person.privateFrom = person.privateUpTo > person.acked ? person.acked + 1 : Infinity;
    const taken = this.store.acknowledge(person.name, person.acked);
    return taken.flatMap(({ seq, from, id }) => {
      if (id === undefined) return [];
      return this.notify({ type: "delivered", owner: from, to: person.name, id, of: seq, time: Math.floor(now) });
    });
  }

  #settlePrivately(
    { seq, from, id }: KeptMessage,
    to: string,
    what: "taken" | "missed",
    sent: boolean,
    delivery: Delivery | undefined,
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

  #acked(presence: Presence): number {
    const person = this.people.get(presence.name)!;
    return person.acked = Math.max(person.acked, this.store.user(person.name)?.acked ?? 0);
  }
}

function owedPrivately(person: Person, seq: number): void {
  person.privateFrom = Math.min(person.privateFrom, seq);
  person.privateUpTo = Math.max(person.privateUpTo, seq);
}

function eventOf(entry: Kept): Event {
  if (entry.type !== "message") return { type: "notice", notice: entry };
  return new Message(entry.seq, entry.from, scopeOf(entry.to, LOBBY), entry.text, entry);
}
