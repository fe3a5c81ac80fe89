import { isLoopback } from "../base/address.ts";
import { encodeBase64 } from "../base/base64.ts";
import type { Target } from "../hub/store.ts";
import type { DatagramLink, LinkOwner } from "../wire/datagram/link.ts";
import { Circles } from "./circles.ts";
import type { PeerEvent, PeerQuestion } from "./event.ts";
import { Friend, type FriendWay } from "./friend.ts";
import { Groups } from "./groups.ts";
import { isThere, type PeerCounts, type PeerHouse } from "./house.ts";
import type { Letter } from "./letter.ts";
import { Meetings } from "./meetings.ts";
import type { PeerOptions } from "./options.ts";
import type { Introduction } from "./packet.ts";
import { People, type Person } from "./people.ts";
import { type Place, readPlace } from "./place.ts";
import { Post } from "./post.ts";
import type { Secrecy } from "./secrecy.ts";
import type { PeerStore } from "./store.ts";
import { Trusts } from "./trusts.ts";

/** What a peer can have done. */
export interface PeerWay {
  /** Eight bytes that nobody can guess. */
  random8(): Uint8Array;
  send(place: Place, datagram: Uint8Array): void;
  show(event: PeerEvent): void;
  /** `flush` is wanted when this turn is over. */
  due(): void;
  /** Present when somebody watches what is said, and to whom. */
  trace?(name: string, direction: "up" | "down", line: string): void;
}

/** What a peer is made of. */
export interface PeerParts {
  readonly name: string;
  readonly way: PeerWay;
  readonly secrecy: Secrecy;
  readonly store: PeerStore;
  readonly options: PeerOptions;
  /** Nobody will have this key again. */
  readonly passing?: boolean;
}

/** What we say when we leave; who is left in another way is looked for. */
const BYE = "bye";
/** Between two looks for what nobody has come for. */
const EXPIRE_MS = 60 * 60_000;
const TWICE = "you are there twice";

/**
 * Chat without a server: finds friends at the places it is told of, and talks with them.
 *
 * 1. Whatever a turn brings is gathered; `flush`, at its end, keeps what is to be kept, then sends.
 * 2. Answers of `secrecy` come in turns of their own: call `turn` before, `flush` after.
 */
export class Peer implements FriendWay, PeerHouse {
  readonly people: People;
  readonly counts: PeerCounts = { said: 0, delivered: 0, failed: 0, shown: 0, repeated: 0, unsealed: 0 };
  readonly name: string;
  readonly secrecy: Secrecy;
  readonly store: PeerStore;
  readonly limits: PeerOptions["limits"];
  readonly groups: Groups;
  readonly #way: PeerWay;
  readonly #meetings: Meetings;
  readonly #post: Post;
  readonly #circles: Circles;
  readonly #trusts: Trusts;
  readonly run: string;
  readonly #persons = new Map<Friend, Person>();
  readonly #dueFriends = new Set<Friend>();
  readonly #stirred = new Set<Person>();
  /** Links whose other side has not proved its key yet, and until when it must. */
  readonly #proving = new Map<Friend, number>();
  /** Places that a person has named and where nobody has answered yet, and when that is said. */
  readonly #named = new Map<string, number>();
  readonly #passing: boolean;
  #twinTold = false;
  #expireAt: number;
  #now: number;
  #leaving = false;

  constructor({ name, way, secrecy, store, options, passing }: PeerParts, now: number) {
    this.name = name;
    this.#passing = passing ?? false;
    this.#way = way;
    if (way.trace) this.trace = ({ self }, ...rest) => way.trace!(self.name, ...rest);
    this.#now = now;
    this.#expireAt = now + EXPIRE_MS;
    this.secrecy = secrecy;
    this.store = store;
    this.limits = options.limits;
    this.people = new People(options.limits);
    this.groups = new Groups({ key: encodeBase64(secrecy.key), name }, options.limits);
    this.#post = new Post(this, this.groups);
    this.#circles = new Circles(this, this.groups);
    this.#trusts = new Trusts(this, secrecy.print);
    this.#meetings = new Meetings(
      { name, more: true },
      {
        random8: () => way.random8(),
        send: (place, datagram) => way.send(place, datagram),
        opened: (link, place, self) => this.#opened(link, place, self),
        due: () => way.due(),
      },
      options,
      now,
    );
    this.run = this.#meetings.run.toString(16);
  }

  trace?: NonNullable<FriendWay["trace"]>;

  get now(): number {
    return this.#now;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return Math.min(
      this.#meetings.wakeAt,
      this.#circles.wakeAt,
      this.#expireAt,
      ...this.#proving.values(),
      ...this.#named.values(),
    );
  }

  /** Links that are there. */
  get size(): number {
    return this.#meetings.size;
  }

  /** Who was asked, or has answered, and of whom it is not known yet who they are. */
  get unanswered(): number {
    return this.#meetings.asking + this.size - this.#persons.size;
  }

  /** Messages to those who are there that have not arrived. */
  get underWay(): number {
    let count = 0;
    for (const { mail } of this.#persons.values()) count += mail.size;
    return count;
  }

  /** Takes up what is kept, and looks for those it waits for where they were last. */
  start(): void {
    const { acquaintances } = this.limits;
    for (const { key, name, place } of this.store.acquaintances(acquaintances)) {
      this.people.meet(key, key, name, place);
    }
    this.#post.restore();
    this.#circles.restore();
    for (const person of this.people.all()) {
      const place = readPlace(person.place);
      if (place) this.meet(place, this.limits.namedMs);
    }
  }

  /** A turn begins. */
  turn(now: number): void {
    this.#now = now;
  }

  /** Somebody may be at a place. */
  meet(place: Place, forMs: number = this.limits.namedMs): boolean {
    return this.#meetings.meet(place, this.#now, forMs);
  }

  /** The datagram that tells everybody on a LAN where we are. */
  here(port: number): Uint8Array {
    return this.#meetings.here(port);
  }

  receive(place: Place, datagram: Uint8Array, now: number): void {
    this.#now = now;
    this.#meetings.receive(place, datagram, now);
    this.#way.due();
  }

  /** Says something; the number its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string } {
    return this.#leaving ? { why: "you are leaving" } : this.#post.say(to, text);
  }

  /** Asks something; what is answered is shown. */
  ask(question: PeerQuestion): void {
    const why = this.#answer(question);
    if (why !== undefined) this.show({ type: "denied", why });
    this.#way.due();
  }

  /** Does what time asks for. */
  tick(now: number): void {
    this.#now = now;
    this.#circles.tick(now);
    this.#meetings.tick(now);
    for (const [friend, until] of this.#proving) if (until <= now) friend.link.abort("no key was proved in time");
    for (const [key, at] of this.#named) if (at <= now) this.#tellSilence(key);
    if (now >= this.#expireAt) {
      this.#expireAt = now + EXPIRE_MS;
      this.#post.expire(now);
    }
    this.#way.due();
  }

  /** Ends a turn: keeps what is to be kept, then sends. */
  flush(now: number): void {
    this.#now = now;
    for (const person of this.#stirred) this.#post.pump(person);
    this.#stirred.clear();
    this.#post.confirm();
    this.store.commit();
    const due = [...this.#dueFriends];
    this.#dueFriends.clear();
    for (const friend of due) {
      friend.flush();
      // The link is full: it has room again when something has come on it.
      if (friend.isWaiting) this.#dueFriends.add(friend);
    }
    this.#meetings.flush(now);
  }

  /** Leaves once what was said has arrived, or has had its time; `size` is 0 then. */
  leave(): void {
    this.#leaving = true;
    if (this.#passing) this.#circles.leaveAll();
    for (const [friend] of this.#persons) friend.flush();
    this.#meetings.close(BYE, this.#now);
    this.#way.due();
  }

  /** Ends everything at once. */
  abort(): void {
    this.#leaving = true;
    this.#meetings.abort(BYE);
  }

  // What its parts ask.

  show(event: PeerEvent): void {
    this.#way.show(event);
  }

  stir(person: Person): void {
    this.#stirred.add(person);
    this.#way.due();
  }

  due(friend: Friend): void {
    this.#dueFriends.add(friend);
    this.#way.due();
  }

  resume(link: DatagramLink): void {
    link.resume(this.#now);
    this.#way.due();
  }

  ready(friend: Friend): void {
    const { key, place, self } = friend;
    this.#proving.delete(friend);
    this.#named.delete(place.key);
    if (key === this.groups.self.key) {
      if (!this.#twinTold) {
        this.show({ type: "news", text: `${place.key} has the key that we have; two programs cannot be one person` });
      }
      this.#twinTold = true;
      return friend.link.abort("you have the key that we have");
    }
    const person = this.people.meet(key ?? `@${place.key}`, key, self.name, place.key);
    const before = person.friend;
    if (before && this.#isBetter(before, friend)) return this.#drop(friend, before.place);
    person.friend = friend;
    person.print = friend.print;
    this.#persons.set(friend, person);
    if (before) {
      this.#drop(before, place);
      person.mail.parted();
    }
    if (key !== undefined) this.store.meet({ key, name: self.name, place: place.key, time: this.#now });
    if (!before) {
      this.show({ type: "online", name: this.people.label(person) });
      this.#compareKeys(person);
    }
    this.#trusts.cameIn(person);
    if (key !== undefined) this.#circles.cameIn(person);
    this.#tellPlaces(person);
    this.stir(person);
  }

  letter(friend: Friend, letter: Letter, sealed: boolean): void {
    const person = this.#persons.get(friend);
    if (!person || person.friend !== friend) return;
    if (friend.onlySealed && !sealed) {
      // Said before they knew; they say it again, sealed.
      this.counts.unsealed++;
      return;
    }
    switch (letter.type) {
      case "say":
        return this.#post.said(person, letter);
      case "got":
        return this.#post.got(person, letter.n);
      case "no":
        return this.#post.refused(person, letter.n, letter.why);
      case "secure":
        return sealed ? this.#trusts.asked(person, letter.on, letter.why) : undefined;
      case "peers":
        // Once a link: whoever could say it again and again would have us ask anybody.
        if (friend.hasToldPlaces) return;
        friend.hasToldPlaces = true;
        return this.#meetTold(letter.at.slice(0, this.limits.toldPlaces));
    }
    if (person.key === undefined) return;
    if (letter.type === "invite") this.#circles.invited(person, letter);
    else if (letter.type === "groups") this.#circles.told(letter.members);
    else if (letter.type === "sum") this.#circles.compared(person, letter.sum, letter.answer);
  }

  ended(friend: Friend, why: string): void {
    const person = this.#persons.get(friend);
    if (person?.friend === friend) this.#post.parting(person);
    this.#persons.delete(friend);
    this.#proving.delete(friend);
    this.#dueFriends.delete(friend);
    if (why === TWICE) this.#isElsewhere(friend);
    // With whom no keys were agreed on is not asked again at once, but may try.
    else if (!person) {
      return void this.#meetings.meet(friend.place, this.#now, this.limits.namedMs, this.limits.askMostMs);
    }
    if (!person || person.friend !== friend) return;
    const others = this.#meetings.parted(friend.place);
    if (!this.#leaving && why !== BYE && why !== TWICE) this.#lookFor(friend, others);
    const label = this.people.label(person);
    person.friend = undefined;
    if (!this.#leaving) this.show({ type: "offline", name: label });
    this.#post.parted(person);
    if (person.key === undefined || this.people.isCrowded) this.people.forget(person);
  }

  /** Somebody is gone who has not said so. */
  #lookFor({ place, isFaulty }: Friend, others: readonly Place[]): void {
    const { askMostMs, againMs, lostMs } = this.limits;
    for (const other of others) this.#meetings.meet(other, this.#now, lostMs);
    const again = Math.min(askMostMs, againMs * 2 ** this.#meetings.shortLives(place));
    this.#meetings.meet(place, this.#now, lostMs, isFaulty ? askMostMs : again);
  }

  /**
   * Somebody is there twice, and whether it is the older link that stays. When the other side has only the new one, they have
   * begun anew or have moved, and the older one is dead. When both have both, they have two addresses, and each keeps the link
   * with the lower number.
   */
  #isBetter(before: Friend, friend: Friend): boolean {
    return before.run === friend.run && friend.isTwice && before.link.id < friend.link.id;
  }

  /** The other side has noticed it first; if we have no other link, each has dropped the one that the other kept. */
  #isElsewhere({ run, place, link }: Friend): void {
    for (const [other] of this.#persons) {
      if (run !== "" && other.run === run && other.link !== link) return this.#meetings.alias(place, other.place);
    }
    this.#meetings.meet(place, this.#now, this.limits.lostMs, this.limits.againMs + Number(link.id % 1000n));
  }

  #drop(friend: Friend, kept: Place): void {
    if (kept.key !== friend.place.key) this.#meetings.alias(friend.place, kept);
    friend.link.abort(TWICE);
  }

  knowsRun(run: string): boolean {
    for (const [friend] of this.#persons) if (friend.run === run) return true;
    return false;
  }

  #opened(link: DatagramLink, place: Place, self: Introduction): LinkOwner {
    const friend = new Friend(link, place, self, this);
    if (self.more) this.#proving.set(friend, this.#now + this.limits.proveMs);
    friend.start();
    return friend;
  }

  handOver(from: Person, to: Person): void {
    this.#post.move(from, to);
  }

  /** Somebody was met by this name before, with another key. */
  #compareKeys({ name, key, print }: Person): void {
    const other = this.people.called(name).find((each) => each.key !== undefined && each.key !== key && !each.friend);
    if (!other || !print || this.store.trust(name)) return;
    const text = `this ${name} has another key than the one met before; /secure ${name} shows by whom it is held`;
    this.show({ type: "news", text });
  }

  /** Places that a friend has told: asked a few times, and few of one address, or anybody could be flooded by us. */
  #meetTold(places: readonly Place[]): void {
    const counts = new Map<string, number>();
    for (const place of places) {
      const count = (counts.get(place.hostname) ?? 0) + 1;
      counts.set(place.hostname, count);
      if (count > this.limits.toldOfOneAddress && !isLoopback(place.hostname)) continue;
      this.meet(place, this.limits.toldMs);
    }
  }

  #tellSilence(key: string): void {
    this.#named.delete(key);
    const seconds = Math.round(this.limits.namedMs / 1000);
    this.show({ type: "news", text: `nobody has answered at ${key} so far; it is asked for ${seconds} s` });
  }

  /** Tells somebody where the others are; who is found once finds all. */
  #tellPlaces({ friend }: Person): void {
    if (!friend || friend.key === undefined) return;
    const at: Place[] = [];
    for (const [{ place }, { key }] of this.#persons) {
      if (key === undefined || place.key === friend.place.key) continue;
      if (isLoopback(place.hostname) && !isLoopback(friend.place.hostname)) continue;
      if (at.push(place) === this.limits.toldPlaces) break;
    }
    if (at.length > 0) friend.say({ type: "peers", at });
  }

  #answer(question: PeerQuestion): string | undefined {
    switch (question.type) {
      case "users":
        return this.#showUsers();
      case "rooms":
        return this.#showRooms();
      case "group":
        return this.#circles.gather(question.room, question.friends);
      case "join":
        return this.#circles.join(question.room);
      case "leave":
        return this.#circles.leave(question.room);
      case "secure":
      case "trust": {
        const person = this.people.find(question.user);
        if (typeof person === "string") return person;
        return question.type === "trust" ? this.#trusts.trust(person) : this.#trusts.secure(person, question.on);
      }
      case "add":
        return this.#add(question.host, question.port);
      case "stats":
        return this.#showStats();
    }
  }

  #add(host: string, port: number): string | undefined {
    const place = readPlace(`${host}:${port}`);
    if (!place) return `${host}:${port} is no IPv4 address and port`;
    if (this.#persons.size > 0 && [...this.#persons.keys()].some((friend) => friend.place.key === place.key)) {
      return `whoever is at ${place.key} is here already`;
    }
    if (!this.meet(place, this.limits.namedMs)) {
      return `${place.key} cannot be asked: too many places are asked already`;
    }
    this.#named.set(place.key, this.#now + this.limits.silentMs);
    return undefined;
  }

  #showUsers(): undefined {
    const users = this.people.all().map((person) => ({ name: this.people.label(person), online: isThere(person) }));
    this.show({ type: "users", users });
  }

  #showRooms(): undefined {
    const { groups } = this;
    const rooms = groups.names.map((name) => ({
      name,
      members: groups.members(name).length,
      joined: groups.isIn(name),
    })).filter(({ members }) => members > 0);
    this.show({ type: "rooms", rooms });
  }

  #showStats(): undefined {
    const waiting = this.people.all().reduce((sum, { mail }) => sum + mail.size, 0);
    const counts = [
      ...Object.entries({ links: this.size, waiting, ...this.counts }),
      ...Object.entries(this.#meetings.stats).map(([name, count]) => [`${name} datagrams`, count] as const),
    ];
    this.show({ type: "stats", counts });
  }
}
