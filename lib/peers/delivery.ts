import { textFault } from "../core/text.ts";
import type { Target } from "../chat/store.ts";
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
  readonly #house: PeerContext;
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

  constructor(house: PeerContext, groups: Groups) {
    this.#house = house;
    this.#groups = groups;
  }

  /** Takes up what is kept from before. */
  restore(): void {
    const { store, people, now } = this.#house;
    for (const message of store.waiting()) {
      const person = people.get(message.to) ?? people.meet(message.to, message.to, message.name, "");
      person.mail.push(message);
    }
    for (const person of people.all()) {
      const count = person.mail.size;
      if (count === 0) continue;
      const waits = count === 1 ? "1 message waits" : `${count} messages wait`;
      this.#house.show({ type: "news", text: `${waits} for ${people.label(person)}, from before` });
    }
    this.expire(now);
    store.commit();
  }

  /** Gives up what nobody has come for. */
  expire(now: number): void {
    const { limits, people } = this.#house;
    const why = `nobody came for it within ${Math.round(limits.keepMs / DAY_MS)} days`;
    for (const person of people.all()) {
      if (isThere(person)) continue;
      for (const message of person.mail.all()) {
        if (now - message.time > limits.keepMs) this.#giveUp(person, message, why);
      }
    }
  }

  /** What waits for one key waits for another from now on. */
  move(from: KnownPerson, to: KnownPerson): void {
    const { store } = this.#house;
    for (const message of from.mail.clear()) {
      store.done(from.id, message.n);
      const moved = { ...message, to: to.id };
      to.mail.insert(moved);
      store.keep(moved);
    }
    this.#house.stir(to);
  }

  /** Says something; the number its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string } {
    const tooLong = textFault(text, this.#house.limits.textBytes);
    if (tooLong !== undefined) return { why: tooLong };
    if ("user" in to) {
      const person = this.#house.people.find(to.user);
      return typeof person === "string" ? { why: person } : this.#sayTo([person], text, undefined);
    }
    if (!this.#groups.isIn(to.room)) return { why: `you are not in ${to.room}; /join ${to.room} first` };
    const audience = this.#groups.audience(to.room);
    if (audience.length === 0) return { why: `nobody else is in ${to.room}` };
    const { people } = this.#house;
    const met = audience.map(({ key }) => people.get(key)).filter((person) => person !== undefined);
    if (met.length === 0) return { why: `nobody who is in ${to.room} was met here` };
    const said = this.#sayTo(met, text, to.room);
    const unmet = audience.length - met.length;
    if (unmet > 0 && "id" in said) this.#unmet.push({ ...said, room: to.room, count: unmet });
    return said;
  }

  /** Sends what waits for somebody, as far as may be under way. */
  pump(person: KnownPerson): void {
    const { friend, mail } = person;
    if (!friend?.isReady || person.blocked) return;
    for (let message; (message = mail.next());) {
      const { n, group, text } = message;
      friend.say({ type: "say", n, group, text });
    }
  }

  /** Tells what became of this turn's messages: those that wait, and those that were shown. */
  confirm(): void {
    for (const { person, message } of this.#toTell.splice(0)) {
      if (person.blocked) this.#giveUp(person, message, "their new key is not trusted yet");
      else if (!person.friend) this.#kept(person, message);
    }
    for (const { person, message, why } of this.#full.splice(0)) {
      this.#failed(this.#house.people.label(person), message, why);
    }
    for (const { id, room, count } of this.#unmet.splice(0)) {
      const why = `${count === 1 ? "one member was" : `${count} members were`} never met here, and did not get it`;
      this.#house.show({ type: "failed", id, to: { room }, why });
    }
    for (const person of this.#toConfirm.keys()) this.#confirm(person);
  }

  #confirm(person: KnownPerson): void {
    const n = this.#toConfirm.get(person);
    this.#toConfirm.delete(person);
    const { friend } = person;
    if (n === undefined || !friend) return;
    if (friend.key !== undefined) this.#house.store.markSeen(friend.series, n);
    friend.say({ type: "got", n });
  }

  /** Somebody has said something. */
  said(person: KnownPerson, { n, group, text }: Extract<PeerMessage, { type: "say" }>): void {
    const { people, store, counts, now } = this.#house;
    const friend = person.friend!;
    const last = this.#toConfirm.get(person) ?? this.#seen(friend);
    // What somebody says first on a link is the first they have no answer to.
    if (friend.lastSaid < 0 && friend.key !== undefined) store.forgetRefusals(friend.series, n);
    friend.lastSaid = Math.max(friend.lastSaid, n);
    // What was refused once stays so: that answer may be on its way.
    const before = friend.key === undefined ? friend.refused.get(n) : store.refused(friend.series, n);
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
    this.#house.show({
      type: "message",
      message: { seq: n, from: people.label(person), to, text, time: now },
      own: false,
    });
  }

  /** Everything up to a number has arrived. */
  got(person: KnownPerson, n: number): void {
    const { counts, now, people, store } = this.#house;
    for (const message of person.mail.got(n)) {
      if (person.key !== undefined) store.done(person.key, message.n);
      counts.delivered++;
      this.#house.show({ type: "delivered", id: `${message.n}`, to: people.label(person), time: now });
    }
    if (person.mail.size > 0) this.#house.stir(person);
  }

  /** One message was not taken. */
  refused(person: KnownPerson, n: number, why: string): void {
    const message = person.mail.refused(n);
    if (!message) return;
    this.#giveUp(person, message, why);
    this.#house.stir(person);
  }

  /** Somebody's link is over: what it has brought in this turn was shown, and is noted as that. */
  parting(person: KnownPerson): void {
    this.#confirm(person);
  }

  /** Somebody is gone. */
  parted(person: KnownPerson): void {
    if (person.key === undefined) {
      const why = "the connection was lost; it may have come all the same";
      for (const message of person.mail.clear()) this.#failed(this.#house.people.label(person), message, why);
      return;
    }
    person.mail.parted();
    for (const message of person.mail.all()) this.#kept(person, message);
  }

  #sayTo(people: readonly KnownPerson[], text: string, group: string | undefined): { id: string } | { why: string } {
    const { store, now, counts } = this.#house;
    for (const person of people) {
      const label = this.#house.people.label(person);
      if (person.blocked && group === undefined) return { why: blockedWhy(label, person) };
      if (person.key === undefined && !isThere(person)) return { why: `${label} is not there` };
      const full = person.mail.full(text);
      if (full !== undefined && group === undefined) return { why: `${label}: ${full}` };
    }
    const n = store.nextNumber();
    for (const person of people) {
      const message = { n, to: person.id, name: person.name, group, text, time: now };
      const full = person.mail.full(text);
      if (full !== undefined) {
        this.#full.push({ person, message, why: full });
        continue;
      }
      person.mail.push(message);
      if (person.key !== undefined) store.keep(message);
      counts.said++;
      if (!person.friend || person.blocked) this.#toTell.push({ person, message });
      this.#house.stir(person);
    }
    return { id: `${n}` };
  }

  /** Tells somebody that we do not take what they said. */
  #refuse(person: KnownPerson, n: number, why: string): void {
    const friend = person.friend!;
    if (friend.key !== undefined) this.#house.store.refuse(friend.series, n, why);
    else if (friend.refused.size < REFUSALS) friend.refused.set(n, why);
    person.friend?.say({ type: "no", n, why });
  }

  #seen({ key, series, lastSaid }: PeerLink): number {
    return key === undefined ? lastSaid : this.#house.store.seen(series);
  }

  /** Why we do not take what somebody says. */
  #refusal(person: KnownPerson, group: string | undefined, text: string): string | undefined {
    const me = this.#groups.self.name;
    if (person.blocked) return `${me} has to decide first whether your new key is yours`;
    if (group !== undefined && !this.#groups.isIn(group)) return `${me} is not in ${group}`;
    if (group !== undefined && person.key === undefined) return "only who has a key can speak in a group";
    return textFault(text, this.#house.limits.textBytes);
  }

  #giveUp(person: KnownPerson, message: Outgoing, why: string): void {
    person.mail.remove(message);
    if (person.key !== undefined) this.#house.store.done(person.key, message.n);
    this.#failed(this.#house.people.label(person), message, why);
  }

  #kept(person: KnownPerson, message: Outgoing): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    const { n } = message;
    this.#house.show({ type: "kept", id: `${n}`, to: this.#house.people.label(person) });
  }

  #failed(label: string, { n }: Outgoing, why: string): void {
    this.#house.counts.failed++;
    this.#house.show({ type: "failed", id: `${n}`, to: { user: label }, why });
  }
}

function blockedWhy(label: string, { print }: KnownPerson): string {
  if (!print) return `${label} has a program without keys, and a key is remembered for this name`;
  return `${label} has another key than is remembered; /trust ${label} if that is right`;
}
