import { type Address, formatAddress, isLoopback, sameAddress } from "../core/address.ts";
import { CLOSED, type DatagramLink, type LinkOwner } from "../protocols/datagram/link.ts";
import type { PeerContext } from "./context.ts";
import type { Cryptography } from "./cryptography.ts";
import type { Discovery } from "./discovery.ts";
import type { Introduction } from "./packet.ts";
import { PeerLink, type PeerLinkWay } from "./peer_link.ts";
import type { PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";
import type { PeerStore } from "./store.ts";

/** What we say when we leave; who is left in another way is looked for. */
export const BYE = "bye";
const TWICE = "you are there twice";

/** Who listens to the company. */
export interface PeerLinksWay {
  readonly house: PeerContext;
  readonly store: PeerStore;
  readonly secrecy: Cryptography;
  /** What we are called, and our key in base64. */
  readonly self: { readonly name: string; readonly key: string };
  /** Somebody is there, on a new link. */
  came(person: KnownPerson): void;
  /** `sealed`: only they can have said it. */
  letter(person: KnownPerson, letter: PeerMessage, sealed: boolean): void;
  /** Somebody's link is over; what it has brought in this turn is still to be noted. */
  parting(person: KnownPerson): void;
  /** Somebody is gone. */
  gone(person: KnownPerson): void;
  /** `flush` is wanted. */
  due(): void;
  trace?(name: string, direction: "up" | "down", line: string): void;
}

/** Who is there: links become friends, friends are persons, and each person is there once. */
export class PeerLinks implements PeerLinkWay {
  readonly name: string;
  readonly run: string;
  readonly store: PeerStore;
  readonly secrecy: Cryptography;
  readonly limits: PeerContext["limits"];
  readonly trace?: NonNullable<PeerLinkWay["trace"]>;
  readonly #way: PeerLinksWay;
  readonly #house: PeerContext;
  readonly #meetings: Discovery;
  readonly #persons = new Map<PeerLink, KnownPerson>();
  /** Links whose other side has not proved its key yet, and until when it must. */
  readonly #proving = new Map<PeerLink, number>();
  /** Persons who are not missed yet, and until when: their program is there, and another link with it, or soon will be. */
  readonly #coming = new Map<KnownPerson, number>();
  readonly #due = new Set<PeerLink>();
  #twinTold = false;
  #leaving = false;

  constructor(way: PeerLinksWay, meetings: Discovery) {
    this.#way = way;
    this.#house = way.house;
    this.#meetings = meetings;
    this.name = way.self.name;
    this.run = meetings.run.toString(16);
    this.store = way.store;
    this.secrecy = way.secrecy;
    this.limits = way.house.limits;
    if (way.trace) this.trace = ({ self }, ...line) => way.trace!(self.name, ...line);
  }

  /** Everybody who is there, and by which link. */
  get all(): ReadonlyMap<PeerLink, KnownPerson> {
    return this.#persons;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return Math.min(Infinity, ...this.#proving.values(), ...this.#coming.values());
  }

  /** A link is there: who speaks on it. */
  open(link: DatagramLink, place: Address, self: Introduction): LinkOwner {
    const friend = new PeerLink(link, place, self, this);
    if (self.more) this.#proving.set(friend, this.#house.now + this.limits.proveMs);
    friend.start();
    return friend;
  }

  tick(now: number): void {
    for (const [friend, until] of this.#proving) if (until <= now) friend.link.abort("no key was proved in time");
    for (const [person, until] of this.#coming) {
      if (until > now) continue;
      this.#coming.delete(person);
      this.#miss(person);
    }
  }

  /** Hands to the links what waits for them. */
  flush(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const friend of due) {
      friend.flush();
      // The link is full: it has room again when something has come on it.
      if (friend.isWaiting) this.#due.add(friend);
    }
  }

  /** We leave: nobody is looked for any more. */
  leave(): void {
    this.#leaving = true;
    for (const [friend] of this.#persons) friend.flush();
  }

  /** Tells somebody where the others are; who is found once finds all. */
  tellPlaces({ friend }: KnownPerson): void {
    if (!friend || friend.key === undefined) return;
    const at: Address[] = [];
    for (const [{ place }, { key }] of this.#persons) {
      if (key === undefined || sameAddress(place, friend.place)) continue;
      if (isLoopback(place.hostname) && !isLoopback(friend.place.hostname)) continue;
      if (at.push(place) === this.limits.toldPlaces) break;
    }
    if (at.length > 0) friend.say({ type: "peers", at });
  }

  // What friends tell and ask.

  due(friend: PeerLink): void {
    this.#due.add(friend);
    this.#way.due();
  }

  resume(link: DatagramLink): void {
    link.resume(this.#house.now);
    this.#way.due();
  }

  knowsRun(run: string): boolean {
    for (const [friend] of this.#persons) if (friend.run === run) return true;
    return false;
  }

  letter(friend: PeerLink, letter: PeerMessage, sealed: boolean): void {
    const person = this.#persons.get(friend);
    if (person?.friend === friend) this.#way.letter(person, letter, sealed);
  }

  ready(friend: PeerLink): void {
    const { key, place, self } = friend;
    const { people } = this.#house;
    this.#proving.delete(friend);
    if (key === this.#way.self.key) return this.#refuseTwin(friend);
    const person = people.meet(key ?? `@${formatAddress(place)}`, key, self.name, formatAddress(place));
    const before = person.friend;
    if (before && isBetter(before, friend)) return this.#drop(friend, before.place);
    person.friend = friend;
    person.print = friend.print;
    this.#persons.set(friend, person);
    if (before) {
      this.#drop(before, place);
      person.mail.parted();
    }
    if (key !== undefined) {
      this.store.meet({ key, name: self.name, place: formatAddress(place), time: this.#house.now });
    }
    const wasMissed = !before && !this.#coming.delete(person);
    if (wasMissed) this.#house.show({ type: "online", name: people.label(person) });
    if (wasMissed) this.#compareKeys(person);
    this.#way.came(person);
  }

  ended(friend: PeerLink, why: string): void {
    const person = this.#persons.get(friend);
    if (person?.friend === friend) this.#way.parting(person);
    this.#persons.delete(friend);
    this.#proving.delete(friend);
    this.#due.delete(friend);
    if (why === TWICE) this.#isElsewhere(friend);
    if (!person) return this.#neverReady(friend, why);
    if (person.friend !== friend) return;
    const others = this.#meetings.parted(friend.place);
    if (!this.#leaving && why !== BYE && why !== TWICE) this.#lookFor(friend, others);
    person.friend = undefined;
    person.mail.parted();
    if (person.key !== undefined && (why === TWICE || why === CLOSED) && !this.#leaving) {
      this.#coming.set(person, this.#house.now + this.limits.missMs);
    } else this.#miss(person);
  }

  /** Somebody is not there any more. */
  #miss(person: KnownPerson): void {
    const { people } = this.#house;
    if (!this.#leaving) this.#house.show({ type: "offline", name: people.label(person) });
    this.#way.gone(person);
    if (person.key === undefined || people.isCrowded) people.forget(person);
  }

  /** A link ended before it was known with whom. */
  #neverReady({ place }: PeerLink, why: string): void {
    this.#meetings.parted(place);
    // They are not asked again at once, but may try.
    if (why !== TWICE) this.#meetings.meet(place, this.#house.now, this.limits.namedMs, this.limits.askMostMs);
  }

  /** Somebody is gone who has not said so. */
  #lookFor({ place, isFaulty }: PeerLink, others: readonly Address[]): void {
    const { askMostMs, againMs, lostMs } = this.limits;
    for (const other of others) this.#meetings.meet(other, this.#house.now, lostMs);
    const again = Math.min(askMostMs, againMs * 2 ** this.#meetings.shortLives(place));
    this.#meetings.meet(place, this.#house.now, lostMs, isFaulty ? askMostMs : again);
  }

  /** The other side has noticed first that they are here twice: the other link, or one that will be it. */
  #isElsewhere({ run, place, link }: PeerLink): void {
    for (const other of [...this.#persons.keys(), ...this.#proving.keys()]) {
      if (run === "" || other.run !== run || other.link === link) continue;
      return this.#meetings.alias(place, other.place);
    }
    // Each side has dropped the link that the other kept.
    const inMs = this.limits.againMs + Number(link.id % 1000n);
    this.#meetings.meet(place, this.#house.now, this.limits.lostMs, inMs);
  }

  #drop(friend: PeerLink, kept: Address): void {
    if (!sameAddress(kept, friend.place)) this.#meetings.alias(friend.place, kept);
    friend.link.abort(TWICE);
  }

  #refuseTwin({ link, place }: PeerLink): void {
    const text = `${formatAddress(place)} has the key that we have; two programs cannot be one person`;
    if (!this.#twinTold) this.#house.show({ type: "news", text });
    this.#twinTold = true;
    link.abort("you have the key that we have");
  }

  /** Somebody was met by this name before, with another key. */
  #compareKeys({ name, key, print }: KnownPerson): void {
    const { people } = this.#house;
    const other = people.called(name).find((each) => each.key !== undefined && each.key !== key && !each.friend);
    if (!other || !print || this.store.trust(name)) return;
    const text = `this ${name} has another key than the one met before; /secure ${name} shows by whom it is held`;
    this.#house.show({ type: "news", text });
  }
}

/**
 * Somebody is there twice, and whether it is the older link that stays. When the other side has only the new one, they have
 * begun anew or have moved, and the older one is dead. When both have both, they have two addresses, and each keeps the link
 * with the lower number.
 */
function isBetter(before: PeerLink, friend: PeerLink): boolean {
  return before.run === friend.run && friend.isTwice && before.link.id < friend.link.id;
}
