import type { Target } from "../hub/store.ts";
import { encodeText } from "../base/text.ts";
import type { Groups } from "./groups.ts";
import { isThere, type PeerHouse } from "./house.ts";
import type { Letter } from "./letter.ts";
import type { Person } from "./people.ts";
import type { Outgoing } from "./store.ts";

const DAY_MS = 24 * 60 * 60_000;

/**
 * What is said, from the moment it is typed until it has arrived or cannot any more.
 *
 * 1. What is for somebody with a key is kept before it is sent, and goes out again on each new link until they have it; they know
 *    what they have had by its number.
 * 2. What is for a program without keys is sent once: when the link is lost nobody knows whether it came, and we say so.
 */
export class Post {
  readonly #house: PeerHouse;
  readonly #groups: Groups;
  /** Who has said something in this turn, and up to where. */
  readonly #toConfirm = new Map<Person, number>();
  /** What was said in this turn, whose fate is to be told once its number is known. */
  #toTell: { readonly person: Person; readonly message: Outgoing }[] = [];
  /** Of what waits it was told. */
  readonly #told = new WeakSet<Outgoing>();

  constructor(house: PeerHouse, groups: Groups) {
    this.#house = house;
    this.#groups = groups;
  }

  /** Takes up what is kept from before. */
  restore(): void {
    const { store, people, limits, now } = this.#house;
    let expired = 0;
    for (const message of store.waiting()) {
      if (now - message.time > limits.keepMs) {
        store.done(message.to, message.n);
        expired++;
        this.#failed(message.name, message, `nobody came for it within ${Math.round(limits.keepMs / DAY_MS)} days`);
        continue;
      }
      const person = people.get(message.to) ?? people.meet(message.to, message.to, message.name, "");
      person.mail.push(message);
    }
    for (const person of people.all()) {
      const count = person.mail.size;
      if (count === 0) continue;
      const waits = count === 1 ? "1 message waits" : `${count} messages wait`;
      this.#house.show({ type: "news", text: `${waits} for ${people.label(person)}, from before` });
    }
    if (expired > 0) store.commit();
  }

  /** Says something; the number its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string } {
    const bytes = encodeText(text).length;
    const most = this.#house.limits.textBytes;
    if (bytes > most) return { why: `a text has at most ${most} bytes, this has ${bytes}` };
    if ("user" in to) {
      const person = this.#house.people.find(to.user);
      return typeof person === "string" ? { why: person } : this.#sayTo([person], text, undefined);
    }
    if (!this.#groups.isIn(to.room)) return { why: `you are not in ${to.room}; /join ${to.room} first` };
    const members = this.audience(to.room);
    return members.length === 0 ? { why: `nobody else is in ${to.room}` } : this.#sayTo(members, text, to.room);
  }

  /** Who hears what we say in a group: its members, and whom we have just taken into it. */
  audience(group: string): Person[] {
    const { people } = this.#house;
    return this.#groups.audience(group).map(({ key, name }) => people.get(key) ?? people.meet(key, key, name, ""));
  }

  /** Sends what waits for somebody, as far as may be under way. */
  pump(person: Person): void {
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
    for (const [person, n] of this.#toConfirm) {
      if (person.key !== undefined) this.#house.store.markSeen(person.key, n);
      person.friend?.say({ type: "got", n });
    }
    this.#toConfirm.clear();
  }

  /** Somebody has said something. */
  said(person: Person, { n, group, text }: Extract<Letter, { type: "say" }>): void {
    const { people, store, counts, now } = this.#house;
    const last = this.#toConfirm.get(person) ?? this.#seen(person);
    this.#begins(person, n);
    // What was refused once stays so: that answer may be on its way.
    const before = person.key === undefined ? undefined : store.refused(person.key, n);
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
      said: { seq: n, from: people.label(person), to, text, time: now },
      own: false,
    });
  }

  /** Everything up to a number has arrived. */
  got(person: Person, n: number): void {
    const { counts, now, people, store } = this.#house;
    for (const message of person.mail.got(n)) {
      if (person.key !== undefined) store.done(person.key, message.n);
      counts.delivered++;
      this.#house.show({ type: "delivered", id: `${message.n}`, to: people.label(person), time: now });
    }
    if (person.mail.size > 0) this.#house.stir(person);
  }

  /** One message was not taken. */
  refused(person: Person, n: number, why: string): void {
    const message = person.mail.refused(n);
    if (!message) return;
    this.#giveUp(person, message, why);
    this.#house.stir(person);
  }

  /** Somebody is gone. */
  parted(person: Person): void {
    this.#toConfirm.delete(person);
    if (person.key === undefined) {
      const why = "the connection was lost; it may have come all the same";
      for (const message of person.mail.clear()) this.#failed(this.#house.people.label(person), message, why);
      return;
    }
    person.mail.parted();
    for (const message of person.mail.all()) this.#kept(person, message);
  }

  #sayTo(people: readonly Person[], text: string, group: string | undefined): { id: string } | { why: string } {
    const { store, now, counts } = this.#house;
    for (const person of people) {
      const label = this.#house.people.label(person);
      if (person.blocked && group === undefined) return { why: blockedWhy(label, person) };
      if (person.key === undefined && !isThere(person)) return { why: `${label} is not there` };
      const full = person.mail.full(text);
      if (full !== undefined) return { why: `${label}: ${full}` };
    }
    const n = store.nextNumber();
    for (const person of people) {
      const message = { n, to: person.id, name: person.name, group, text, time: now };
      person.mail.push(message);
      if (person.key !== undefined) store.keep(message);
      counts.said++;
      if (!person.friend || person.blocked) this.#toTell.push({ person, message });
      this.#house.stir(person);
    }
    return { id: `${n}` };
  }

  /** Tells somebody that we do not take what they said. */
  #refuse(person: Person, n: number, why: string): void {
    if (person.key !== undefined) this.#house.store.refuse(person.key, n, why);
    person.friend?.say({ type: "no", n, why });
  }

  /** What somebody says first on a link is the first they have no answer to. */
  #begins({ friend, key }: Person, n: number): void {
    if (friend!.lastSaid === 0 && key !== undefined) this.#house.store.forgetRefusals(key, n);
    friend!.lastSaid = n;
  }

  #seen(person: Person): number {
    return person.key === undefined ? person.friend?.lastSaid ?? 0 : this.#house.store.seen(person.key);
  }

  /** Why we do not take what somebody says. */
  #refusal(person: Person, group: string | undefined, text: string): string | undefined {
    const me = this.#groups.self.name;
    if (person.blocked) return `${me} has to decide first whether your new key is yours`;
    if (group !== undefined && !this.#groups.isIn(group)) return `${me} is not in ${group}`;
    if (group !== undefined && person.key === undefined) return "only who has a key can speak in a group";
    const most = this.#house.limits.textBytes;
    return encodeText(text).length > most ? `a text has at most ${most} bytes` : undefined;
  }

  #giveUp(person: Person, message: Outgoing, why: string): void {
    person.mail.remove(message);
    if (person.key !== undefined) this.#house.store.done(person.key, message.n);
    this.#failed(this.#house.people.label(person), message, why);
  }

  #kept(person: Person, message: Outgoing): void {
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

function blockedWhy(label: string, { print }: Person): string {
  if (!print) return `${label} has a program without keys, and a key is remembered for this name`;
  return `${label} has another key than is remembered; /trust ${label} if that is right`;
}
