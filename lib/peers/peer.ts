import type { Target } from "../chat/store.ts";
import { type Address, isLoopback, parseAddress } from "../core/address.ts";
import { encodeBase64 } from "../core/bytes.ts";
import { isThere, type PeerContext, type PeerCounts } from "./context.ts";
import type { Cryptography } from "./cryptography.ts";
import { PeerDelivery } from "./delivery.ts";
import { Discovery } from "./discovery.ts";
import type { PeerEvent, PeerQuestion } from "./event.ts";
import { GroupGossip } from "./group_gossip.ts";
import { Groups } from "./groups.ts";
import { KeyTrust } from "./key_trust.ts";
import type { PeerOptions } from "./options.ts";
import { BYE, PeerLinks } from "./peer_links.ts";
import type { PeerMessage } from "./peer_message.ts";
import { type KnownPerson, People } from "./people.ts";
import { Questions } from "./questions.ts";
import type { PeerStore } from "./store.ts";

/** What a peer can have done. */
export interface PeerWay {
  /** Eight bytes that nobody can guess. */
  random8(): Uint8Array;
  send(place: Address, datagram: Uint8Array): void;
  show(event: PeerEvent): void;
  /** Somebody's program tells ours something that is not for people; `at` is the address it has. */
  signalled?(from: string, text: string, at: string): void;
  /** `flush` is wanted when this turn is over. */
  due(): void;
  /** Present when somebody watches what is said, and to whom. */
  trace?(name: string, direction: "up" | "down", line: string): void;
}

/** What a peer is made of. */
export interface PeerParts {
  readonly name: string;
  readonly way: PeerWay;
  readonly secrecy: Cryptography;
  readonly store: PeerStore;
  readonly options: PeerOptions;
  /** Nobody will have this key again. */
  readonly passing?: boolean;
}

/** Between two looks for what nobody has come for. */
const EXPIRE_MS = 60 * 60_000;

/**
 * Chat without a server: finds friends at the places it is told of, and talks with them.
 *
 * 1. Whatever a turn brings is gathered; `flush`, at its end, keeps what is to be kept, then sends.
 * 2. Answers of `secrecy` come in turns of their own: call `turn` before, `flush` after.
 */
export class Peer implements PeerContext {
  readonly people: People;
  readonly counts: PeerCounts = { said: 0, delivered: 0, failed: 0, shown: 0, repeated: 0, unsealed: 0 };
  readonly secrecy: Cryptography;
  readonly store: PeerStore;
  readonly limits: PeerOptions["limits"];
  readonly groups: Groups;
  readonly #way: PeerWay;
  readonly #meetings: Discovery;
  readonly #company: PeerLinks;
  readonly #post: PeerDelivery;
  readonly #circles: GroupGossip;
  readonly #trusts: KeyTrust;
  readonly #questions: Questions;
  readonly #stirred = new Set<KnownPerson>();
  readonly #passing: boolean;
  #expireAt: number;
  #now: number;
  #leaving = false;

  constructor({ name, way, secrecy, store, options, passing }: PeerParts, now: number) {
    this.#passing = passing ?? false;
    this.#way = way;
    this.#now = now;
    this.#expireAt = now + EXPIRE_MS;
    this.secrecy = secrecy;
    this.store = store;
    this.limits = options.limits;
    this.people = new People(options.limits);
    this.groups = new Groups({ key: encodeBase64(secrecy.key), name }, options.limits);
    this.#post = new PeerDelivery(this, this.groups);
    this.#circles = new GroupGossip(this, this.groups);
    this.#trusts = new KeyTrust(this, secrecy.print);
    this.#meetings = new Discovery(
      { name, more: true },
      {
        random8: () => way.random8(),
        send: (place, datagram) => way.send(place, datagram),
        opened: (link, place, self) => this.#company.open(link, place, self),
        due: () => way.due(),
      },
      options,
      now,
    );
    this.#questions = new Questions(this, {
      meetings: this.#meetings,
      groups: this.groups,
      circles: this.#circles,
      trusts: this.#trusts,
    });
    this.#company = new PeerLinks({
      house: this,
      store,
      secrecy,
      self: this.groups.self,
      came: (person) => this.#came(person),
      letter: (person, letter, sealed) => this.#letter(person, letter, sealed),
      parting: (person) => this.#post.parting(person),
      gone: (person) => this.#post.parted(person),
      due: () => way.due(),
      ...(way.trace ? { trace: (...line) => way.trace!(...line) } : {}),
    }, this.#meetings);
  }

  get now(): number {
    return this.#now;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    const parts = [this.#meetings, this.#company, this.#circles, this.#questions];
    return Math.min(this.#expireAt, ...parts.map(({ wakeAt }) => wakeAt));
  }

  /** Links that are there. */
  get size(): number {
    return this.#meetings.size;
  }

  /** Who was asked, or has answered, and of whom it is not known yet who they are. */
  get unanswered(): number {
    return this.#meetings.asking + this.size - this.#company.all.size;
  }

  /** Messages to those who are there that have not arrived. */
  get underWay(): number {
    let count = 0;
    for (const { mail } of this.#company.all.values()) count += mail.size;
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
      const place = parseAddress(person.place);
      if (place) this.meet(place);
    }
  }

  /** A turn begins. */
  turn(now: number): void {
    this.#now = now;
  }

  /** Somebody may be at a place; false when too many places are asked already. */
  meet(place: Address, forMs: number = this.limits.namedMs): boolean {
    return this.#meetings.meet(place, this.#now, forMs);
  }

  /** The datagram that tells everybody on a LAN where we are. */
  here(port: number): Uint8Array {
    return this.#meetings.here(port);
  }

  receive(place: Address, datagram: Uint8Array, now: number): void {
    this.#now = now;
    this.#meetings.receive(place, datagram, now);
    this.#way.due();
  }

  /** Says something; the number its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string } {
    return this.#leaving ? { why: "you are leaving" } : this.#post.say(to, text);
  }

  /** Tells somebody's program something that is not for people; false when it is not there, or has no key. */
  signal(to: string, text: string): boolean {
    const person = this.people.find(to);
    if (typeof person === "string" || person.key === undefined || person.blocked || !isThere(person)) return false;
    person.friend!.say({ type: "signal", text });
    this.#way.due();
    return true;
  }

  /** Asks something; what is answered is shown. */
  ask(question: PeerQuestion): void {
    this.#questions.ask(question);
    this.#way.due();
  }

  /** Does what time asks for. */
  tick(now: number): void {
    this.#now = now;
    this.#circles.tick(now);
    this.#meetings.tick(now);
    this.#company.tick(now);
    this.#questions.tick(now);
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
    this.#company.flush();
    this.#meetings.flush(now);
  }

  /** Leaves once what was said has arrived, or has had its time; `size` is 0 then. */
  leave(): void {
    this.#leaving = true;
    if (this.#passing) this.#circles.leaveAll();
    this.#company.leave();
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

  stir(person: KnownPerson): void {
    this.#stirred.add(person);
    this.#way.due();
  }

  handOver(from: KnownPerson, to: KnownPerson): void {
    this.#post.move(from, to);
  }

  #came(person: KnownPerson): void {
    this.#questions.found(person.place);
    this.#trusts.cameIn(person);
    this.#circles.cameIn(person);
    this.#company.tellPlaces(person);
    this.stir(person);
  }

  #letter(person: KnownPerson, letter: PeerMessage, sealed: boolean): void {
    const friend = person.friend!;
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
    if (letter.type === "signal") {
      if (!person.blocked) this.#way.signalled?.(this.people.label(person), letter.text, friend.place.hostname);
    } else if (letter.type === "invite") this.#circles.invited(person, letter);
    else if (letter.type === "groups") this.#circles.told(letter.members);
    else if (letter.type === "sum") this.#circles.compared(person, letter.sum, letter.answer);
  }

  /** Places that a friend has told: asked a few times, and few of one address, or anybody could be flooded by us. */
  #meetTold(places: readonly Address[]): void {
    const counts = new Map<string, number>();
    for (const place of places) {
      const count = (counts.get(place.hostname) ?? 0) + 1;
      counts.set(place.hostname, count);
      if (count > this.limits.toldOfOneAddress && !isLoopback(place.hostname)) continue;
      this.meet(place, this.limits.toldMs);
    }
  }
}
