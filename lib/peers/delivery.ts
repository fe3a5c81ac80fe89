import { textFault } from "../core/text.ts";
import type { Target } from "../chat/entry.ts";
import type { PeerLink } from "./peer_link.ts";
import type { Groups } from "./groups.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";
import type { Outgoing } from "./store.ts";

/** Rejections remembered for a program without keys. */
const REJECTIONS = 1000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Sends and receives messages, each until it has arrived or failed.
 *
 * 1. A message to a person with a key is stored before it is sent, and is sent again on each new link until it is acknowledged;
 *    the receiver recognises repeats by their number.
 * 2. A message to a program without keys is sent once. If the link is lost before it is acknowledged, it is reported as failed.
 */
export class PeerDelivery {
  readonly #context: PeerContext;
  readonly #groups: Groups;
  /** The highest number that each person has sent in this turn: to be acknowledged after the commit. */
  readonly #toAcknowledge = new Map<KnownPerson, number>();
  /** Messages of this turn that are not sent now. The caller has to know their id before it is told so. */
  #unsent: { readonly person: KnownPerson; readonly message: Outgoing }[] = [];
  /** Messages of this turn to groups, and how many members we have never met. */
  #unmet: { readonly id: string; readonly room: string; readonly count: number }[] = [];
  /** Messages of this turn to people whose queue is full. */
  #full: { readonly person: KnownPerson; readonly message: Outgoing; readonly why: string }[] = [];
  /** Messages that were shown as queued. */
  readonly #shownQueued = new WeakSet<Outgoing>();

  constructor(context: PeerContext, groups: Groups) {
    this.#context = context;
    this.#groups = groups;
  }

  /** Restores the queues from the store. */
  restore(): void {
    const { store, people, now } = this.#context;
    for (const message of store.waiting()) {
      const person = people.get(message.to) ?? people.meet(message.to, message.to, message.name, "");
      person.queue.push(message);
    }
    for (const person of people.all()) {
      const count = person.queue.size;
      if (count === 0) continue;
      const waits = count === 1 ? "1 message waits" : `${count} messages wait`;
      this.#context.show({ type: "notice", text: `${waits} for ${people.label(person)}, from before` });
    }
    this.expire(now);
    store.commit();
  }

  /** Gives up messages that are too old. */
  expire(now: number): void {
    const { limits, people } = this.#context;
    const why = `it could not be delivered within ${Math.round(limits.keepMs / DAY_MS)} days`;
    for (const person of people.all()) {
      if (isThere(person)) continue;
      for (const message of person.queue.all()) {
        if (now - message.time > limits.keepMs) this.#giveUp(person, message, why);
      }
    }
  }

  /** Moves the queue of one key to another. */
  move(from: KnownPerson, to: KnownPerson): void {
    const { store } = this.#context;
    for (const message of from.queue.clear()) {
      store.done(from.id, message.n);
      const moved = { ...message, to: to.id };
      to.queue.insert(moved);
      store.keep(moved);
    }
    this.#context.pending.add(to);
  }

  /** Sends a message: its id, or why it is not sent. */
  say(to: Target, text: string): { id: string } | { why: string } {
    const tooLong = textFault(text, this.#context.limits.textBytes);
    if (tooLong !== undefined) return { why: tooLong };
    if ("user" in to) {
      const person = this.#context.people.find(to.user);
      return typeof person === "string" ? { why: person } : this.#sayTo([person], text, undefined);
    }
    if (!this.#groups.isIn(to.room)) return { why: `you are not in ${to.room}; /join ${to.room} first` };
    const audience = this.#groups.audience(to.room);
    if (audience.length === 0) return { why: `no other peer is in ${to.room}` };
    const { people } = this.#context;
    const met = audience.map(({ key }) => people.get(key)).filter((person) => person !== undefined);
    if (met.length === 0) return { why: `you have met no member of ${to.room}` };
    const said = this.#sayTo(met, text, to.room);
    const unmet = audience.length - met.length;
    if (unmet > 0 && "id" in said) this.#unmet.push({ ...said, room: to.room, count: unmet });
    return said;
  }

  /** Sends the queue of a person, as far as its window goes. */
  send(person: KnownPerson): void {
    const { link, queue } = person;
    if (!link?.isReady || person.blocked) return;
    for (let message; (message = queue.next());) {
      const { n, group, text } = message;
      link.send({ type: "say", n, group, text });
    }
  }

  /** Ends a turn: shows the outcome of messages sent in it, and acknowledges those received. */
  settle(): void {
    for (const { person, message } of this.#unsent.splice(0)) {
      if (person.blocked) this.#giveUp(person, message, "their new key is not trusted yet");
      else if (!person.link) this.#queued(person, message);
    }
    for (const { person, message, why } of this.#full.splice(0)) {
      this.#failed(this.#context.people.label(person), message, why);
    }
    for (const { id, room, count } of this.#unmet.splice(0)) {
      const why = `${count === 1 ? "one member has" : `${count} members have`} never been met here, and did not get it`;
      this.#context.show({ type: "failed", id, to: { room }, why });
    }
    for (const person of this.#toAcknowledge.keys()) this.acknowledge(person);
  }

  /** Records what a person has sent in this turn as shown, and acknowledges it. */
  acknowledge(person: KnownPerson): void {
    const n = this.#toAcknowledge.get(person);
    this.#toAcknowledge.delete(person);
    const { link } = person;
    if (n === undefined || !link) return;
    if (link.key !== undefined) this.#context.store.markSeen(link.series, n);
    link.send({ type: "got", n });
  }

  /** A message from a person. */
  receive(person: KnownPerson, { n, group, text }: Extract<PeerMessage, { type: "say" }>): void {
    const { people, store, counts, now } = this.#context;
    const link = person.link!;
    const last = this.#toAcknowledge.get(person) ?? this.#seen(link);
    // The first message on a link is the oldest without an answer.
    if (link.lastSaid < 0 && link.key !== undefined) store.forgetRefusals(link.series, n);
    link.lastSaid = Math.max(link.lastSaid, n);
    // A rejected message stays rejected: that answer may be on its way.
    const before = link.key === undefined ? link.rejected.get(n) : store.refused(link.series, n);
    if (n <= last && before === undefined) {
      counts.repeated++;
      this.#toAcknowledge.set(person, last);
      return;
    }
    const why = before ?? this.#rejection(person, group, text);
    if (why !== undefined) return this.#reject(person, n, why);
    this.#toAcknowledge.set(person, n);
    counts.shown++;
    const to = group === undefined ? { user: this.#groups.self.name } : { room: group };
    this.#context.show({
      type: "message",
      message: { seq: n, from: people.label(person), to, text, time: now },
      own: false,
    });
  }

  /** Everything up to this number has arrived. */
  delivered(person: KnownPerson, n: number): void {
    const { counts, now, people, store } = this.#context;
    const arrived = person.queue.arrived(n);
    if (person.key !== undefined && arrived.length > 0) store.arrived(person.key, arrived[0]!.n, arrived.at(-1)!.n);
    for (const message of arrived) {
      counts.delivered++;
      this.#context.show({ type: "delivered", id: `${message.n}`, to: people.label(person), time: now });
    }
    if (person.queue.size > 0) this.#context.pending.add(person);
  }

  /** The receiver has not accepted a message. */
  rejected(person: KnownPerson, n: number, why: string): void {
    const message = person.queue.sent(n);
    if (!message) return;
    this.#giveUp(person, message, why);
    this.#context.pending.add(person);
  }

  /** The link with a person is lost. */
  gone(person: KnownPerson): void {
    if (person.key === undefined) {
      const why = "the connection was lost; it may have arrived";
      for (const message of person.queue.clear()) this.#failed(this.#context.people.label(person), message, why);
      return;
    }
    person.queue.linkLost();
    for (const message of person.queue.all()) this.#queued(person, message);
  }

  #sayTo(people: readonly KnownPerson[], text: string, group: string | undefined): { id: string } | { why: string } {
    const { store, now, counts } = this.#context;
    for (const person of people) {
      const label = this.#context.people.label(person);
      if (person.blocked && group === undefined) return { why: blockedWhy(label, person) };
      if (person.key === undefined && !isThere(person)) return { why: `${label} is not online` };
      const full = person.queue.full(text);
      if (full !== undefined && group === undefined) return { why: `${label}: ${full}` };
    }
    const n = store.nextNumber();
    for (const person of people) {
      const message = { n, to: person.id, name: person.name, group, text, time: now };
      const full = person.queue.full(text);
      if (full !== undefined) {
        this.#full.push({ person, message, why: full });
        continue;
      }
      person.queue.push(message);
      if (person.key !== undefined) store.keep(message);
      counts.said++;
      if (!person.link || person.blocked) this.#unsent.push({ person, message });
      this.#context.pending.add(person);
    }
    return { id: `${n}` };
  }

  #reject(person: KnownPerson, n: number, why: string): void {
    const link = person.link!;
    if (link.key !== undefined) this.#context.store.refuse(link.series, n, why);
    else if (link.rejected.size < REJECTIONS) link.rejected.set(n, why);
    person.link?.send({ type: "no", n, why });
  }

  #seen({ key, series, lastSaid }: PeerLink): number {
    return key === undefined ? lastSaid : this.#context.store.seen(series);
  }

  /** Why a message is not accepted; undefined if it is. */
  #rejection(person: KnownPerson, group: string | undefined, text: string): string | undefined {
    const me = this.#groups.self.name;
    if (person.blocked) return `${me} has to confirm your new key first`;
    if (group !== undefined && !this.#groups.isIn(group)) return `${me} is not in ${group}`;
    if (group !== undefined && person.key === undefined) return "only people with a key can write in a group";
    return textFault(text, this.#context.limits.textBytes);
  }

  #giveUp(person: KnownPerson, message: Outgoing, why: string): void {
    person.queue.remove(message);
    if (person.key !== undefined) this.#context.store.done(person.key, message.n);
    this.#failed(this.#context.people.label(person), message, why);
  }

  #queued(person: KnownPerson, message: Outgoing): void {
    if (this.#shownQueued.has(message)) return;
    this.#shownQueued.add(message);
    const { n } = message;
    this.#context.show({ type: "queued", id: `${n}`, to: this.#context.people.label(person) });
  }

  #failed(label: string, { n }: Outgoing, why: string): void {
    this.#context.counts.failed++;
    this.#context.show({ type: "failed", id: `${n}`, to: { user: label }, why });
  }
}

function blockedWhy(label: string, { fingerprint }: KnownPerson): string {
  if (!fingerprint) return `${label} uses a program without keys, but a key is remembered for this name`;
  return `${label} has another key than the remembered one; /trust ${label} if that is right`;
}
