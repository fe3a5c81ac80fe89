import type { Address } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import { RateLimiter } from "../core/limiters.ts";
import { DatagramLink, type LinkOwner } from "../protocols/datagram/link.ts";
import { encodePacket, type LinkPacket, readId } from "../protocols/datagram/packet.ts";
import { Aliases } from "./aliases.ts";
import type { Contact } from "./contact.ts";
import { Contacts } from "./contacts.ts";
import { Farewells } from "./farewells.ts";
import type { PeerOptions } from "./options.ts";
import { decodePeerPacket, type DiscoveryPacket, encodeDiscovery, type Introduction } from "./packet.ts";

/** What meetings can have done, and what they must be given. */
export interface DiscoveryWay {
  /** Eight bytes that nobody can guess. */
  random8(): Uint8Array;
  send(place: Address, datagram: Uint8Array): void;
  /** Somebody is there, who has proved where: who speaks with them. */
  opened(link: DatagramLink, place: Address, self: Introduction): LinkOwner;
  /** A link has something to send: `flush` is wanted. */
  due(): void;
}

/** Datagrams that did nothing, by cause. */
export interface DiscoveryStats {
  /** Not one of ours. */
  malformed: number;
  /** For a link that is not there, or no longer. */
  unknown: number;
  /** Questions beyond what is answered. */
  flooded: number;
  /** An answer to a question that we did not ask. */
  unasked: number;
  /** What came on links that ended: pieces that were here already. */
  repeated: number;
}

/**
 * Who is where: asks at places, answers who asks, and opens links with those who have proved where they are.
 *
 * 1. Each of two draws a number and tells the other, by ASK or its answer NAMED; their exclusive or is the link's id. So only who
 *    got the other's number can speak on the link.
 * 2. Nobody is sent more bytes than came from there, but for the questions that we ask by ourselves.
 * 3. A link whose peer has begun anew is replaced when the new one has proved itself, not before.
 */
export class Discovery {
  readonly stats: DiscoveryStats = { malformed: 0, unknown: 0, flooded: 0, unasked: 0, repeated: 0 };
  readonly #contacts: Contacts;
  readonly #aliases = new Aliases();
  readonly #farewells: Farewells;
  readonly #due = new Set<DatagramLink>();
  readonly #asks: RateLimiter;
  /** Our own, by which we know what we sent ourselves. */
  readonly run: bigint;
  #wakeAt = Infinity;
  #now: number;
  #closing: string | undefined;

  constructor(readonly self: Introduction, readonly way: DiscoveryWay, readonly options: PeerOptions, now: number) {
    this.#asks = new RateLimiter(options.limits.askBurst, options.limits.asksPerSecond, now);
    this.#contacts = new Contacts(options.limits, () => readId(way.random8(), 0));
    this.#farewells = new Farewells(options.limits.farewellMs);
    this.run = readId(way.random8(), 0);
    this.#now = now;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** Links that are there, or that are not said good bye to often enough. */
  get size(): number {
    let { size } = this.#farewells;
    for (const { opened } of this.#contacts.all()) if (opened) size++;
    return size;
  }

  /** Places that are asked, and have not answered. */
  get asking(): number {
    let asking = 0;
    for (const contact of this.#contacts.all()) if (contact.asking && !contact.opened) asking++;
    return asking;
  }

  /** The datagram that tells everybody on a LAN where we are. */
  here(port: number): Uint8Array {
    return encodeDiscovery({ kind: "here", id: this.run, port });
  }

  /** Somebody may be there: asks for so long, soon or a while later; false when too many are asked already. */
  meet(place: Address, now: number, forMs: number, inMs = 0): boolean {
    this.#now = now;
    if (this.#aliases.has(place)) return true;
    const contact = this.#closing === undefined ? this.#contacts.reach(place) : undefined;
    if (!contact) return false;
    contact.wantedUntil = Math.max(contact.wantedUntil, now + forMs);
    if (!contact.opened && !contact.asking) this.#askIn(contact, inMs, this.options.limits.askMs);
    return true;
  }

  /** How many links with a place in a row lived but shortly. */
  shortLives(place: Address): number {
    return this.#contacts.get(place)?.shortLives ?? 0;
  }

  /** Who is at a place is spoken with at another one. */
  alias(place: Address, spoken: Address): void {
    this.#aliases.add(place, spoken);
  }

  /** Who was there may be found at their other places again: these. */
  parted(place: Address): Address[] {
    return this.#aliases.parted(place);
  }

  /** A datagram, and from where; the caller may use its buffer again at once. */
  receive(place: Address, datagram: Uint8Array, now: number): void {
    this.#now = now;
    const packet = decodePeerPacket(datagram);
    if (packet instanceof Fault) {
      this.stats.malformed++;
      return;
    }
    switch (packet.kind) {
      case "ask":
        return this.#asked(place, packet, now);
      case "named":
        return this.#answered(place, packet, now);
      case "here":
        if (packet.id !== this.run) this.#announced({ hostname: place.hostname, port: packet.port });
        return;
      default:
        return this.#pass(place, packet, now);
    }
  }

  /** Sends what is due on the links that have something. */
  flush(now: number): void {
    this.#now = now;
    for (const link of this.#due) {
      this.#due.delete(link);
      link.flush(now);
      this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
    }
  }

  /** Does what time asks for, and flushes. */
  tick(now: number): void {
    this.flush(now);
    if (now < this.#wakeAt) return;
    this.#farewells.tick(now, (place, datagram) => this.way.send(place, datagram));
    this.#wakeAt = this.#farewells.wakeAt;
    for (const contact of this.#contacts.all()) {
      if (contact.askAt <= now) this.#ask(contact, now);
      const link = contact.opened?.link;
      if (link && link.wakeAt <= now) link.tick(now);
      this.#wakeAt = Math.min(this.#wakeAt, contact.askAt, contact.opened?.link.wakeAt ?? Infinity);
    }
    this.flush(now);
  }

  /** Ends every link once what was sent has arrived; no new one opens. */
  close(why: string, now: number): void {
    this.#closing = why;
    for (const { opened } of this.#contacts.all()) opened?.link.close(why, now);
  }

  /** Ends every link at once. */
  abort(why: string): void {
    this.#closing = why;
    for (const { opened } of this.#contacts.all()) opened?.link.abort(why);
    this.#farewells.clear();
  }

  #asked(place: Address, { id, self }: Extract<DiscoveryPacket, { kind: "ask" }>, now: number): void {
    if (this.#closing !== undefined) return;
    if (!this.#asks.take(now)) {
      this.stats.flooded++;
      return;
    }
    const known = this.#contacts.get(place);
    if (known?.opened?.theirs === id) return this.#name(known, id, known.opened.mine);
    const contact = known ?? this.#contacts.stranger(place);
    if (!contact) {
      this.stats.flooded++;
      return;
    }
    contact.heard(id, self);
    this.#name(contact, id, contact.mine);
  }

  #name(contact: Contact, id: bigint, theirs: bigint): void {
    this.way.send(contact.place, encodeDiscovery({ kind: "named", id, theirs, self: this.self }));
  }

  #answered(place: Address, packet: Extract<DiscoveryPacket, { kind: "named" }>, now: number): void {
    const contact = this.#contacts.get(place);
    if (contact?.opened?.mine === packet.id) return;
    if (contact?.mine !== packet.id) {
      this.stats.unasked++;
      return;
    }
    // Whoever answers by our own number is us.
    if (packet.theirs === contact.mine) return this.#contacts.drop(contact);
    if (this.#closing === undefined) this.#open(contact, packet.theirs, packet.self, now);
  }

  #pass(place: Address, packet: LinkPacket, now: number): void {
    const contact = this.#contacts.get(place);
    const link = contact?.opened?.link;
    if (link?.id === packet.id) return this.#take(link, packet, now);
    const made = contact?.makes(packet.id);
    // A CLOSE opens nothing.
    if (contact && made && packet.kind !== "close" && this.#closing === undefined) {
      return this.#take(this.#open(contact, made.theirs, made.self, now), packet, now);
    }
    this.stats.unknown++;
    // A bare CLOSE is shorter than every other kind, and must not be answered by its like.
    if (packet.kind === "close") return;
    this.way.send(place, encodePacket({ kind: "close", id: packet.id, why: "" }));
  }

  #take(link: DatagramLink, packet: LinkPacket, now: number): void {
    link.take(packet, now);
    if (!link.over) this.#dueSoon(link);
  }

  #open(contact: Contact, theirs: bigint, self: Introduction, now: number): DatagramLink {
    const before = contact.opened;
    const { mine, place } = contact;
    this.#contacts.proved(contact);
    contact.askAt = Infinity;
    contact.waitMs = 0;
    contact.asked = false;
    contact.renew(readId(this.way.random8(), 0));
    let owner: LinkOwner | undefined = undefined;
    const link = new DatagramLink(
      mine ^ theirs,
      {
        send: (datagram) => this.way.send(place, datagram),
        message: (bytes) => owner?.message(bytes),
        hungry: () => owner?.hungry() ?? false,
        due: () => this.#dueSoon(link),
        ended: (why) => {
          this.#due.delete(link);
          this.stats.repeated += link.stats.repeatedPieces;
          if (contact.opened?.link === link) this.#ended(contact);
          owner?.ended(why);
        },
      },
      this.options.datagrams,
      now,
    );
    contact.opened = { link, mine, theirs, at: now };
    before?.link.abort("begun anew");
    owner = this.way.opened(link, place, self);
    this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
    // They learn that we have their number from anything that comes on the link.
    this.way.send(place, encodePacket({ kind: "ping", id: link.id, token: new Uint8Array(8) }));
    return link;
  }

  #dueSoon(link: DatagramLink): void {
    this.#due.add(link);
    this.way.due();
  }

  /** The link is gone; unless somebody wants it back, the place is remembered for as long as it was wanted. */
  #ended(contact: Contact): void {
    contact.shortLives = this.#now - contact.opened!.at < this.options.limits.shortMs ? contact.shortLives + 1 : 0;
    if (this.#closing !== undefined) this.#bid(contact.place, contact.opened!.link.id, this.#closing);
    contact.opened = undefined;
    contact.askAt = Math.max(this.#now, contact.wantedUntil);
    this.#wakeAt = Math.min(this.#wakeAt, contact.askAt);
  }

  /** The first good bye has gone out. */
  #bid(place: Address, id: bigint, why: string): void {
    this.#farewells.bid(place, encodePacket({ kind: "close", id, why }), this.#now);
    this.#wakeAt = Math.min(this.#wakeAt, this.#farewells.wakeAt);
  }

  #askIn(contact: Contact, inMs: number, waitMs: number): void {
    contact.waitMs = waitMs;
    contact.askAt = this.#now + inMs;
    this.#wakeAt = Math.min(this.#wakeAt, contact.askAt);
    this.way.due();
  }

  /** Somebody says that they are there. It may be said by others: one question is what it is worth. */
  #announced(place: Address): void {
    const known = this.#contacts.get(place);
    if (known?.opened || known?.asking || this.#closing !== undefined || this.#aliases.has(place)) return;
    const contact = known ?? this.#contacts.stranger(place);
    if (contact) this.#askIn(contact, 0, this.options.limits.askMostMs);
  }

  #ask(contact: Contact, now: number): void {
    if (contact.opened || this.#closing !== undefined) {
      contact.askAt = Infinity;
    } else if (now >= contact.wantedUntil && (contact.asked || !contact.asking)) {
      this.#contacts.drop(contact);
    } else if (!contact.asking) {
      contact.askAt = contact.wantedUntil;
    } else {
      contact.asked = true;
      contact.askAt = now + contact.waitMs;
      contact.waitMs = Math.min(contact.waitMs * 2, this.options.limits.askMostMs);
      this.way.send(contact.place, encodeDiscovery({ kind: "ask", id: contact.mine, self: this.self }));
    }
  }
}
