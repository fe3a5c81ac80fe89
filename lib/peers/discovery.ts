import { type Address, addressKey, formatAddress } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import { decodeLossy } from "../core/text.ts";
import { Outputs } from "../core/machine.ts";
import { RateLimiter } from "../core/limiters.ts";
import { DatagramLink } from "../protocols/datagram/link.ts";
import { encodePacket, type LinkPacket, readId } from "../protocols/datagram/packet.ts";
import { Aliases, type Contact, Contacts } from "./contacts.ts";
import { decodeDialect, type DialectMessage, encodeProbe } from "./dialects.ts";
import type { PeerOutput } from "./event.ts";
import type { PeerOptions } from "./options.ts";
import { decodePeerPacket, type DiscoveryPacket, encodeDiscovery, type Introduction } from "./packet.ts";

/** What discovery tells the peer that it is a part of. */
export type DiscoveryEvent =
  /** There is a link with a peer that has proved its address. */
  | { readonly type: "opened"; readonly link: DatagramLink; readonly introduction: Introduction }
  /** `link.read` has a message. */
  | { readonly type: "readable"; readonly link: DatagramLink }
  | { readonly type: "ended"; readonly link: DatagramLink; readonly why: string }
  /** A text of another program. */
  | { readonly type: "plain"; readonly source: Address; readonly message: PlainMessage };

/** A message of another program. */
export type PlainMessage = Exclude<DialectMessage, { kind: "probe" }>;

/** Datagrams without effect, by cause. */
export interface DiscoveryStats {
  /** Not of this protocol. */
  malformed: number;
  /** For a link that does not exist, or no longer. */
  unknown: number;
  /** ASK beyond the rate that is answered. */
  flooded: number;
  /** NAMED without an ASK of ours. */
  unasked: number;
  /** Pieces that had arrived before, on links that are over. */
  repeated: number;
  /** Texts of other programs that are unknown, name another address than theirs, or send too much. */
  strangers: number;
}

/** How much longer we wait after each first datagram to an address of the directory. */
const PROBE_BACKOFF = 6;

/**
 * Finds peers by address: sends ASK, answers it, and opens links with those that have proved their address.
 *
 * 1. Each side draws a number and tells it to the other, by ASK or its answer NAMED; their exclusive or is the id of the link.
 *    So only the receiver of the other's number can send on the link.
 * 2. Nobody is sent more bytes than came from there, but for the ASK that we send on our own account.
 * 3. Once a directory has told us its table, nothing of our own protocol is sent to an address before something of ours has come
 *    from it: the first datagram is a text that other programs survive, and another Partyline answers with ASK.
 * 4. The link of a peer that has started anew is replaced once the new one has proved its address, not before.
 */
export class Discovery {
  readonly stats: DiscoveryStats = { malformed: 0, unknown: 0, flooded: 0, unasked: 0, repeated: 0, strangers: 0 };
  /** Identifies this run of the program. */
  readonly run: bigint;
  readonly #events = new Outputs<DiscoveryEvent>();
  readonly #contacts: Contacts;
  readonly #aliases = new Aliases();
  readonly #active = new Set<DatagramLink>();
  readonly #askLimiter: RateLimiter;
  /** CLOSE is sent three times when we leave, since it is not acknowledged. */
  #closes: { readonly at: number; readonly address: Address; readonly datagram: Uint8Array }[] = [];
  #wakeAt = Infinity;
  #now: number;
  #closing: string | undefined;
  /** Our own address in the directory's table. */
  #self: Address | undefined;

  constructor(
    readonly introduction: Introduction,
    readonly options: PeerOptions,
    readonly outputs: Pick<Outputs<PeerOutput>, "push">,
    random8: () => Uint8Array,
    now: number,
    /** Whether texts of other programs are traced. */
    readonly traces = false,
  ) {
    this.#askLimiter = new RateLimiter(options.limits.askBurst, options.limits.asksPerSecond, now);
    this.#contacts = new Contacts(options.limits, () => readId(random8(), 0));
    this.run = readId(random8(), 0);
    this.#now = now;
  }

  get wakeAt(): number {
    return this.#wakeAt;
  }

  takeEvents(): readonly DiscoveryEvent[] {
    for (const link of this.#active) if (link.over) this.#finish(link);
    return this.#events.take();
  }

  /** Links that are open, or whose CLOSE is still repeated. */
  get size(): number {
    let size = this.#closes.length;
    for (const { open } of this.#contacts.all()) if (open) size++;
    return size;
  }

  /** Addresses that are asked and have not answered. */
  get asking(): number {
    let asking = 0;
    for (const contact of this.#contacts.all()) if (contact.asking && !contact.open) asking++;
    return asking;
  }

  /** The datagram that announces us on a LAN. */
  announcement(port: number): Uint8Array {
    return encodeDiscovery({ kind: "here", id: this.run, port });
  }

  /** Our own address in the directory's table; undefined before a directory has answered. */
  get self(): Address | undefined {
    return this.#self;
  }

  /** The directory has these addresses, and has us at `self`. */
  listed(addresses: readonly Address[], self: Address, now: number): void {
    this.#now = now;
    this.#self = self;
    const keys = new Set(addresses.map(addressKey));
    for (const contact of this.#contacts.all()) {
      if (!contact.isListed || keys.has(addressKey(contact.address))) continue;
      // When it is listed again, another program may be there.
      contact.isListed = contact.isPlain = false;
      contact.probes = 0;
      if (!contact.open) contact.askAt = Math.max(now, contact.wantedUntil);
      this.#wakeAt = Math.min(this.#wakeAt, contact.askAt);
    }
    for (const address of addresses) {
      const contact = this.#closing === undefined ? this.#contacts.reach(address) : undefined;
      const isNew = contact?.isListed === false;
      if (contact) contact.isListed = true;
      this.ask(address, now, this.options.limits.namedMs);
      // It may be waiting to be asked again.
      if (isNew && contact.asking && !contact.open) this.#askIn(contact, 0, this.options.limits.askMs);
    }
  }

  isLinked(address: Address): boolean {
    return this.#contacts.get(address)?.open !== undefined;
  }

  /** Whether a first datagram of ours went there. */
  wasProbed(address: Address): boolean {
    return (this.#contacts.get(address)?.probes ?? 0) > 0;
  }

  /** The address on this host to which our first datagram with this number went. */
  probedWith(tag: number, hostname: string): Address | undefined {
    for (const { address, tag: ours, probes } of this.#contacts.all()) {
      if (ours === tag && probes > 0 && address.hostname === hostname) return address;
    }
    return undefined;
  }

  /** Sends a text to another program; one that the user writes is not held back as what strangers cause is. */
  sendText(address: Address, datagram: Uint8Array, byUser = false): void {
    this.#trace("up", address, datagram);
    if (byUser) this.outputs.push({ type: "send", address, datagram });
    else this.#send(address, datagram);
  }

  /** Asks the program at an address, which speaks a dialect, for its name. */
  probe(address: Address): void {
    const contact = this.#closing === undefined ? this.#contacts.stranger(address) : undefined;
    if (contact && !contact.open) this.#probe(contact);
  }

  /** Another program has answered at an address: it is not asked any more. */
  plain(address: Address): void {
    const contact = this.#contacts.stranger(address);
    if (!contact || contact.open) return;
    contact.isPlain = true;
    contact.isOurs = false;
    contact.waitMs = 0;
    contact.wantedUntil = -Infinity;
    contact.askAt = Infinity;
  }

  /** Nothing more is expected of the other program at an address. */
  dropPlain(address: Address): void {
    const contact = this.#contacts.get(address);
    if (contact?.isPlain && !contact.open) this.#contacts.drop(contact);
  }

  /** Asks at an address for so long, now or later; false when too many addresses are known already. */
  ask(address: Address, now: number, forMs: number, inMs = 0): boolean {
    this.#now = now;
    if (this.#aliases.has(address)) return true;
    const contact = this.#closing === undefined ? this.#contacts.reach(address) : undefined;
    if (!contact) return false;
    if (contact.isPlain) return true;
    contact.wantedUntil = Math.max(contact.wantedUntil, now + forMs);
    if (!contact.open && !contact.asking) this.#askIn(contact, inMs, this.options.limits.askMs);
    return true;
  }

  /** How many consecutive links with an address were over soon. */
  shortLives(address: Address): number {
    return this.#contacts.get(address)?.shortLives ?? 0;
  }

  /** The peer at an address is the one to which we are linked at another. */
  addAlias(address: Address, linked: Address): void {
    this.#aliases.add(address, linked);
  }

  /** The link at an address is over: the other addresses at which that peer may be found. */
  removeAliases(linked: Address): Address[] {
    return this.#aliases.remove(linked);
  }

  /** A datagram from an address; the caller may reuse its buffer. */
  receive(address: Address, datagram: Uint8Array, now: number): void {
    this.#now = now;
    const packet = decodePeerPacket(datagram);
    if (packet instanceof Fault) return this.#receiveText(address, datagram, now);
    switch (packet.kind) {
      case "ask":
        return this.#receiveAsk(address, packet, now);
      case "named":
        return this.#receiveNamed(address, packet, now);
      case "here":
        if (packet.id !== this.run) this.#receiveHere({ hostname: address.hostname, port: packet.port });
        return;
      default:
        return this.#pass(address, packet, now);
    }
  }

  /** Sends what is due on the links that have something. */
  flush(now: number): void {
    this.#now = now;
    for (const link of this.#active) {
      link.flush(now);
      this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
      if (link.over) this.#finish(link);
      else this.#active.delete(link);
    }
  }

  /** Does what is due by now, and flushes. */
  tick(now: number): void {
    this.flush(now);
    if (now < this.#wakeAt) return;
    this.#wakeAt = Infinity;
    const closes = this.#closes;
    this.#closes = closes.filter(({ at }) => at > now);
    for (const { at, address, datagram } of closes) {
      if (at <= now) this.outputs.push({ type: "send", address, datagram });
      else this.#wakeAt = Math.min(this.#wakeAt, at);
    }
    for (const contact of this.#contacts.all()) {
      if (contact.askAt <= now) this.#ask(contact, now);
      const link = contact.open?.link;
      if (link && link.wakeAt <= now) link.tick(now);
      this.#wakeAt = Math.min(this.#wakeAt, contact.askAt, link?.wakeAt ?? Infinity);
    }
    this.flush(now);
  }

  /** Ends every link once what was sent has arrived; no new one opens. */
  close(why: string, now: number): void {
    this.#now = now;
    this.#closing = why;
    for (const { open } of this.#contacts.all()) open?.link.close(why, now);
  }

  /** Ends every link at once. */
  abort(why: string): void {
    this.#closing = why;
    for (const { open } of this.#contacts.all()) open?.link.abort(why);
    for (const link of this.#active) if (link.over) this.#finish(link);
    this.#closes = [];
  }

  #receiveText(source: Address, datagram: Uint8Array, now: number): void {
    this.#trace("down", source, datagram);
    const message = decodeDialect(datagram);
    if (message instanceof Fault) this.stats.malformed++;
    else if (message.kind === "probe") this.#receiveProbe(source, message, now);
    else if (this.#closing === undefined) this.#events.push({ type: "plain", source, message });
  }

  /**
   * Another Partyline knows our address: we open our own protocol, towards where the text came from, whatever it names. It may be
   * forged, so it is worth one ASK.
   */
  #receiveProbe(address: Address, { tag }: Extract<DialectMessage, { kind: "probe" }>, now: number): void {
    if (this.#closing !== undefined || this.#aliases.has(address)) return;
    if (!this.#askLimiter.take(now)) {
      this.stats.flooded++;
      return;
    }
    const contact = this.#contacts.stranger(address);
    if (!contact) return;
    contact.heardTag = tag;
    if (!contact.open) {
      this.#hearOurs(contact);
      if (!contact.asking) this.#askIn(contact, 0, this.options.limits.askMostMs);
    } else if (tag !== contact.tagBeforeLink && now - contact.open.openedAt >= this.options.limits.probeGraceMs) {
      // The other side has no link: it has started anew, or has lost it.
      this.#sendAsk(contact);
    }
  }

  /** Something of our own protocol has come from there: it is spoken from now on. */
  #hearOurs(contact: Contact): void {
    const isNew = !contact.isOurs;
    contact.isOurs = true;
    contact.isPlain = false;
    if (isNew && contact.asking && !contact.open) this.#askIn(contact, 0, this.options.limits.askMs);
  }

  #receiveAsk(address: Address, { id, self }: Extract<DiscoveryPacket, { kind: "ask" }>, now: number): void {
    if (this.#closing !== undefined) return;
    if (!this.#askLimiter.take(now)) {
      this.stats.flooded++;
      return;
    }
    const known = this.#contacts.get(address);
    if (known?.open?.theirs === id) return this.#sendNamed(known, id, known.open.mine);
    const contact = known ?? this.#contacts.stranger(address);
    if (!contact) {
      this.stats.flooded++;
      return;
    }
    contact.heard(id, self);
    this.#hearOurs(contact);
    this.#sendNamed(contact, id, contact.mine);
  }

  #sendNamed(contact: Contact, id: bigint, theirs: bigint): void {
    this.#send(contact.address, encodeDiscovery({ kind: "named", id, theirs, self: this.introduction }));
  }

  #receiveNamed(address: Address, packet: Extract<DiscoveryPacket, { kind: "named" }>, now: number): void {
    const contact = this.#contacts.get(address);
    if (contact?.open?.mine === packet.id) return;
    if (contact?.mine !== packet.id) {
      this.stats.unasked++;
      return;
    }
    // An answer with our own number comes from ourselves.
    if (packet.theirs === contact.mine) return this.#contacts.drop(contact);
    if (this.#closing === undefined) this.#open(contact, packet.theirs, packet.self, now);
  }

  #pass(address: Address, packet: LinkPacket, now: number): void {
    const contact = this.#contacts.get(address);
    const link = contact?.open?.link;
    if (link?.id === packet.id) return this.#receiveOn(link, packet, now);
    const made = contact?.numberOf(packet.id);
    // A CLOSE opens nothing.
    if (contact && made && packet.kind !== "close" && this.#closing === undefined) {
      return this.#receiveOn(this.#open(contact, made.theirs, made.introduction, now), packet, now);
    }
    this.stats.unknown++;
    // A bare CLOSE is shorter than every other kind, and must not be answered with another one.
    if (packet.kind === "close") return;
    this.#send(address, encodePacket({ kind: "close", id: packet.id, why: "" }));
  }

  #receiveOn(link: DatagramLink, packet: LinkPacket, now: number): void {
    link.receive(packet, now);
    if (link.readable) this.#events.push({ type: "readable", link });
  }

  #open(contact: Contact, theirs: bigint, introduction: Introduction, now: number): DatagramLink {
    const before = contact.open?.link;
    const { mine, address } = contact;
    this.#contacts.proved(contact);
    contact.askAt = Infinity;
    contact.waitMs = 0;
    contact.asked = false;
    contact.renew();
    contact.isOurs = contact.wasLinked = true;
    contact.isPlain = false;
    contact.tagBeforeLink = contact.heardTag;
    const link = new DatagramLink(mine ^ theirs, address, this.outputs, this.#active, this.options.datagrams, now);
    contact.open = { link, mine, theirs, openedAt: now };
    before?.abort("begun anew");
    if (before) this.#finish(before);
    this.#events.push({ type: "opened", link, introduction });
    this.#wakeAt = Math.min(this.#wakeAt, link.wakeAt);
    // Any packet on the link tells the other side that we have its number.
    const datagram = encodePacket({ kind: "ping", id: link.id, token: new Uint8Array(8) });
    this.outputs.push({ type: "send", address, datagram });
    return link;
  }

  /** A link is over. Its address is remembered for as long as it is wanted. */
  #finish(link: DatagramLink): void {
    this.#active.delete(link);
    this.stats.repeated += link.stats.repeatedPieces;
    this.#events.push({ type: "ended", link, why: link.endReason! });
    const contact = this.#contacts.get(link.address);
    if (contact?.open?.link !== link) return;
    const { shortMs, closeRepeatMs } = this.options.limits;
    contact.shortLives = this.#now - contact.open.openedAt < shortMs ? contact.shortLives + 1 : 0;
    if (this.#closing !== undefined) {
      const datagram = encodePacket({ kind: "close", id: link.id, why: this.#closing });
      for (const times of [1, 2]) {
        this.#closes.push({ at: this.#now + times * closeRepeatMs, address: link.address, datagram });
      }
      this.#wakeAt = Math.min(this.#wakeAt, this.#now + closeRepeatMs);
    }
    contact.open = undefined;
    contact.isOurs = false;
    contact.askAt = Math.max(this.#now, contact.wantedUntil);
    this.#wakeAt = Math.min(this.#wakeAt, contact.askAt);
  }

  #askIn(contact: Contact, inMs: number, waitMs: number): void {
    contact.waitMs = waitMs;
    contact.askAt = this.#now + inMs;
    this.#wakeAt = Math.min(this.#wakeAt, contact.askAt);
  }

  /** HERE may be forged, so it is worth one ASK. */
  #receiveHere(address: Address): void {
    const known = this.#contacts.get(address);
    if (known?.open || known?.asking || this.#closing !== undefined || this.#aliases.has(address)) return;
    const contact = known ?? this.#contacts.stranger(address);
    if (!contact) return;
    this.#hearOurs(contact);
    this.#askIn(contact, 0, this.options.limits.askMostMs);
  }

  #ask(contact: Contact, now: number): void {
    if (contact.open || this.#closing !== undefined) {
      contact.askAt = Infinity;
    } else if (now >= contact.wantedUntil && !contact.isListed && (contact.asked || !contact.asking)) {
      this.#contacts.drop(contact);
    } else if (!contact.asking) {
      contact.askAt = now < contact.wantedUntil ? contact.wantedUntil : Infinity;
    } else {
      contact.asked = true;
      const { askMostMs, lostMs, probeMs } = this.options.limits;
      const isProbed = this.#self !== undefined && !contact.isOurs;
      if (isProbed && contact.isListed && !contact.wasLinked) {
        // It may be a program that shows each.
        contact.askAt = now + Math.min(probeMs * PROBE_BACKOFF ** contact.probes, lostMs);
        return this.#probe(contact);
      }
      contact.askAt = now + contact.waitMs;
      contact.waitMs = Math.min(contact.waitMs * 2, askMostMs);
      if (isProbed) this.#probe(contact);
      else this.#sendAsk(contact);
    }
  }

  #probe(contact: Contact): void {
    if (!this.#self) return;
    contact.probes++;
    this.sendText(contact.address, encodeProbe(contact.tag, this.#self));
  }

  #sendAsk(contact: Contact): void {
    this.#send(contact.address, encodeDiscovery({ kind: "ask", id: contact.mine, self: this.introduction }));
  }

  #trace(direction: "up" | "down", address: Address, datagram: Uint8Array): void {
    if (!this.traces) return;
    this.outputs.push({ type: "trace", name: formatAddress(address), direction, line: decodeLossy(datagram) });
  }

  #send(address: Address, datagram: Uint8Array): void {
    this.outputs.push({ type: "send", address, datagram, toStranger: true });
  }
}
