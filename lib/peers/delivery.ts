import { textFault } from "../core/text.ts";
import type { Target } from "../chat/entry.ts";
import type { PeerLink } from "./peer_link.ts";
import type { Groups } from "./groups.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";
import type { Outgoing } from "./store.ts";

/** What is remembered of refusals to a program without keys. */
const REFUSALS = 1000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * What is said, from the moment it is typed until it has arrived or cannot any more.
 *
 * 1. What is for somebody with a key is kept before it is sent, and goes out again on each new link until they have it; they know
 *    what they have had by its number.
 * 2. What is for a program without keys is sent once: when the link is lost nobody knows whether it came, and we say so.
 */
export class PeerDelivery {
  readonly #context: PeerContext;
  readonly #groups: Groups;
  /** Who has said something in this turn, and up to where. */
  readonly #toConfirm = new Map<KnownPerson, number>();
  /** What was said in this turn, whose fate is to be told once its number is known. */
  #toTell: { readonly person: KnownPerson; readonly message: Outgoing }[] = [];
  /** Messages of this turn in groups with members of whom we have only heard. */
  #unmet: { readonly id: string; readonly room: string; readonly count: number }[] = [];
  /** And those for whom too much waits already. */
  #full: { readonly person: KnownPerson; readonly message: Outgoing; readonly why: string }[] = [];
  /** Of what waits it was told. */
  readonly #told = new WeakSet<Outgoing>();

  constructor(context: PeerContext, groups: Groups) {
    this.#context = context;
    this.#groups = groups;
  }

  /** Takes up what is kept from before. */
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

  /** Gives up what nobody has come for. */
  expire(now: number): void {
    const { limits, people } = this.#context;
    const why = `nobody came for it within ${Math.round(limits.keepMs / DAY_MS)} days`;
    for (const person of people.all()) {
      if (isThere(person)) continue;
      for (const message of person.queue.all()) {
        if (now - message.time > limits.keepMs) this.#giveUp(person, message, why);
      }
    }
  }

  /** What waits for one key waits for another from now on. */
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

  /** Says something; the number its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string } {
    const tooLong = textFault(text, this.#context.limits.textBytes);
    if (tooLong !== undefined) return { why: tooLong };
    if ("user" in to) {
      const person = this.#context.people.find(to.user);
      return typeof person === "string" ? { why: person } : this.#sayTo([person], text, undefined);
    }
    if (!this.#groups.isIn(to.room)) return { why: `you are not in ${to.room}; /join ${to.room} first` };
    const audience = this.#groups.audience(to.room);
    if (audience.length === 0) return { why: `nobody else is in ${to.room}` };
    const { people } = this.#context;
    const met = audience.map(({ key }) => people.get(key)).filter((person) => person !== undefined);
    if (met.length === 0) return { why: `nobody who is in ${to.room} was met here` };
    const said = this.#sayTo(met, text, to.room);
    const unmet = audience.length - met.length;
    if (unmet > 0 && "id" in said) this.#unmet.push({ ...said, room: to.room, count: unmet });
    return said;
  }

  /** Sends what waits for somebody, as far as may be under way. */
  send(person: KnownPerson): void {
    const { link, queue } = person;
    if (!link?.isReady || person.blocked) return;
    for (let message; (message = queue.next());) {
      const { n, group, text } = message;
      link.send({ type: "say", n, group, text });
    }
  }

  /** Tells what became of this turn's messages: those that wait, and those that were shown. */
  tell(): void {
    for (const { person, message } of this.#toTell.splice(0)) {
      if (person.blocked) this.#giveUp(person, message, "their new key is not trusted yet");
      else if (!person.link) this.#kept(person, message);
    }
    for (const { person, message, why } of this.#full.splice(0)) {
      this.#failed(this.#context.people.label(person), message, why);
    }
    for (const { id, room, count } of this.#unmet.splice(0)) {
      const why = `${count === 1 ? "one member was" : `${count} members were`} never met here, and did not get it`;
      this.#context.show({ type: "failed", id, to: { room }, why });
    }
    for (const person of this.#toConfirm.keys()) this.#confirm(person);
  }

  #confirm(person: KnownPerson): void {
    const n = this.#toConfirm.get(person);
    this.#toConfirm.delete(person);
    const { link } = person;
    if (n === undefined || !link) return;
    if (link.key !== undefined) this.#context.store.markSeen(link.series, n);
    link.send({ type: "got", n });
  }

  /** Somebody has said something. */
  receive(person: KnownPerson, { n, group, text }: Extract<PeerMessage, { type: "say" }>): void {
    const { people, store, counts, now } = this.#context;
    const link = person.link!;
    const last = this.#toConfirm.get(person) ?? this.#seen(link);
    // What somebody says first on a link is the first they have no answer to.
    if (link.lastSaid < 0 && link.key !== undefined) store.forgetRefusals(link.series, n);
    link.lastSaid = Math.max(link.lastSaid, n);
    // What was refused once stays so: that answer may be on its way.
    const before = link.key === undefined ? link.rejected.get(n) : store.refused(link.series, n);
    if (n <= last && before === undefined) {
      counts.repeated++;
      this.#toConfirm.set(person, last);
      return;
    }
    const why = before ?? this.#refusal(person, group, text);
    if (why !== undefined) return this.#refuse(person, n, why);
    this.#toConfirm.set(person, n);
    counts.shown++;
    const to = group === undefined ? { user: this.#groups.self.name } : { room: group };
    this.#context.show({
      type: "message",
      message: { seq: n, from: people.label(person), to, text, time: now },
      own: false,
    });
  }

  /** Everything up to a number has arrived. */
  delivered(person: KnownPerson, n: number): void {
    const { counts, now, people, store } = this.#context;
    for (const message of person.queue.arrived(n)) {
      if (person.key !== undefined) store.done(person.key, message.n);
      counts.delivered++;
      this.#context.show({ type: "delivered", id: `${message.n}`, to: people.label(person), time: now });
    }
    if (person.queue.size > 0) this.#context.pending.add(person);
  }

  /** One message was not taken. */
  rejected(person: KnownPerson, n: number, why: string): void {
    const message = person.queue.sent(n);
    if (!message) return;
    this.#giveUp(person, message, why);
    this.#context.pending.add(person);
  }

  /** Somebody's link is over: what it has brought in this turn was shown, and is noted as that. */
  acknowledge(person: KnownPerson): void {
    this.#confirm(person);
  }

  /** Somebody is gone. */
  gone(person: KnownPerson): void {
    if (person.key === undefined) {
      const why = "the connection was lost; it may have come all the same";
      for (const message of person.queue.clear()) this.#failed(this.#context.people.label(person), message, why);
      return;
    }
    person.queue.linkLost();
    for (const message of person.queue.all()) this.#kept(person, message);
  }

  #sayTo(people: readonly KnownPerson[], text: string, group: string | undefined): { id: string } | { why: string } {
    const { store, now, counts } = this.#context;
    for (const person of people) {
      const label = this.#context.people.label(person);
      if (person.blocked && group === undefined) return { why: blockedWhy(label, person) };
      if (person.key === undefined && !isThere(person)) return { why: `${label} is not there` };
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
      if (!person.link || person.blocked) this.#toTell.push({ person, message });
      this.#context.pending.add(person);
    }
    return { id: `${n}` };
  }

  /** Tells somebody that we do not take what they said. */
  #refuse(person: KnownPerson, n: number, why: string): void {
    const link = person.link!;
    if (link.key !== undefined) this.#context.store.refuse(link.series, n, why);
    else if (link.rejected.size < REFUSALS) link.rejected.set(n, why);
    person.link?.send({ type: "no", n, why });
  }

  #seen({ key, series, lastSaid }: PeerLink): number {
    return key === undefined ? lastSaid : this.#context.store.seen(series);
  }

  /** Why we do not take what somebody says. */
  #refusal(person: KnownPerson, group: string | undefined, text: string): string | undefined {
    const me = this.#groups.self.name;
    if (person.blocked) return `${me} has to decide first whether your new key is yours`;
    if (group !== undefined && !this.#groups.isIn(group)) return `${me} is not in ${group}`;
    if (group !== undefined && person.key === undefined) return "only who has a key can speak in a group";
    return textFault(text, this.#context.limits.textBytes);
  }

  #giveUp(person: KnownPerson, message: Outgoing, why: string): void {
    person.queue.remove(message);
    if (person.key !== undefined) this.#context.store.done(person.key, message.n);
    this.#failed(this.#context.people.label(person), message, why);
  }

  #kept(person: KnownPerson, message: Outgoing): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    const { n } = message;
    this.#context.show({ type: "queued", id: `${n}`, to: this.#context.people.label(person) });
  }

  #failed(label: string, { n }: Outgoing, why: string): void {
    this.#context.counts.failed++;
    this.#context.show({ type: "failed", id: `${n}`, to: { user: label }, why });
  }
}

function blockedWhy(label: string, { fingerprint }: KnownPerson): string {
  if (!fingerprint) return `${label} has a program without keys, and a key is remembered for this name`;
  return `${label} has another key than is remembered; /trust ${label} if that is right`;
}
