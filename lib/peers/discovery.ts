import type { Address } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import type { Outputs } from "../core/machine.ts";
import { DatagramLink } from "../protocols/datagram/link.ts";
import { encodePacket, type LinkPacket } from "../protocols/datagram/packet.ts";
import type { Contact } from "./contacts.ts";
import { DiscoveryContext, type DiscoveryEvent, type DiscoveryStats } from "./discovery_context.ts";
import type { PeerOutput } from "./event.ts";
import type { PeerOptions } from "./options.ts";
import { decodePeerPacket, type DiscoveryPacket, encodeDiscovery, type Introduction } from "./packet.ts";
import { Probing } from "./probing.ts";

/**
 * Answers ASK, and opens links with peers that have proved their address.
 *
 * 1. Each side draws a number and tells it to the other, by ASK or its answer NAMED; their exclusive or is the id of the link.
 *    So only the receiver of the other's number can send on the link.
 * 2. No address is sent more bytes than came from there, but for the ASK that we send on our own account.
 * 3. The link of a peer that has started anew is replaced once the new one has proved its address, not before.
 */
export class Discovery {
  readonly probing: Probing;
  readonly #context: DiscoveryContext;
  readonly #active = new Set<DatagramLink>();
  /** CLOSE is sent three times when we leave, since it is not acknowledged. */
  #closes: { readonly at: number; readonly address: Address; readonly datagram: Uint8Array }[] = [];

  constructor(
    introduction: Introduction,
    options: PeerOptions,
    outputs: Pick<Outputs<PeerOutput>, "push">,
    random8: () => Uint8Array,
    now: number,
  ) {
    this.#context = new DiscoveryContext(introduction, options, outputs, random8, now);
    this.probing = new Probing(this.#context);
  }

  get stats(): DiscoveryStats {
    return this.#context.stats;
  }

  /** Identifies this run of the program. */
  get run(): bigint {
    return this.#context.run;
  }

  get wakeAt(): number {
    return this.#context.wakeAt;
  }

  takeEvents(): readonly DiscoveryEvent[] {
    for (const link of this.#active) if (link.over) this.#finish(link);
    return this.#context.events.take();
  }

  /** Links that are open, or whose CLOSE is still repeated. */
  get size(): number {
    let size = this.#closes.length;
    for (const { open } of this.#context.contacts.all()) if (open) size++;
    return size;
  }

  /** Addresses that are asked and have not answered. */
  get asking(): number {
    let asking = 0;
    for (const contact of this.#context.contacts.all()) if (contact.asking && !contact.open) asking++;
    return asking;
  }

  /** The datagram that announces us on a LAN. */
  announcement(port: number): Uint8Array {
    return encodeDiscovery({ kind: "here", id: this.#context.run, port });
  }

  /** How many consecutive links with an address were over soon. */
  shortLives(address: Address): number {
    return this.#context.contacts.get(address)?.shortLives ?? 0;
  }

  /** The peer at an address is the one to which we are linked at another. */
  addAlias(address: Address, linked: Address): void {
    this.#context.aliases.add(address, linked);
  }

  /** The link at an address is over: the other addresses at which that peer may be found. */
  removeAliases(linked: Address): Address[] {
    return this.#context.aliases.remove(linked);
  }

  /** A datagram from an address; the caller may reuse its buffer. */
  receive(address: Address, datagram: Uint8Array, now: number): void {
    this.#context.now = now;
    const packet = decodePeerPacket(datagram);
    if (packet instanceof Fault) return this.probing.receiveText(address, datagram);
    switch (packet.kind) {
      case "ask":
        return this.#receiveAsk(address, packet);
      case "named":
        return this.#receiveNamed(address, packet, now);
      case "here":
        if (packet.id !== this.#context.run) this.probing.receiveHere({ ...address, port: packet.port });
        return;
      default:
        return this.#pass(address, packet, now);
    }
  }

  /** Sends what is due on the links that have something. */
  flush(now: number): void {
    this.#context.now = now;
    for (const link of this.#active) {
      link.flush(now);
      this.#context.wakeBy(link.wakeAt);
      if (link.over) this.#finish(link);
      else this.#active.delete(link);
    }
  }

  /** Does what is due by now, and flushes. */
  tick(now: number): void {
    this.flush(now);
    if (now < this.#context.wakeAt) return;
    this.#context.wakeAt = Infinity;
    const closes = this.#closes;
    this.#closes = closes.filter(({ at }) => at > now);
    for (const { at, address, datagram } of closes) {
      if (at <= now) this.#context.outputs.push({ type: "send", address, datagram });
      else this.#context.wakeBy(at);
    }
    for (const contact of this.#context.contacts.all()) {
      if (contact.askAt <= now) this.probing.due(contact);
      const link = contact.open?.link;
      if (link && link.wakeAt <= now) link.tick(now);
      this.#context.wakeBy(Math.min(contact.askAt, link?.wakeAt ?? Infinity));
    }
    this.flush(now);
  }

  /** Ends every link once what was sent has arrived; no new one opens. */
  close(why: string, now: number): void {
    this.#context.now = now;
    this.#context.closing = why;
    for (const { open } of this.#context.contacts.all()) open?.link.close(why, now);
  }

  /** Ends every link at once. */
  abort(why: string): void {
    this.#context.closing = why;
    for (const { open } of this.#context.contacts.all()) open?.link.abort(why);
    for (const link of this.#active) if (link.over) this.#finish(link);
    this.#closes = [];
  }

  #receiveAsk(address: Address, { id, self }: Extract<DiscoveryPacket, { kind: "ask" }>): void {
    if (this.#context.closing !== undefined || !this.#context.admitsAsk()) return;
    const known = this.#context.contacts.get(address);
    if (known?.open?.theirs === id) return this.#sendNamed(known, id, known.open.mine);
    const contact = known ?? this.#context.contacts.stranger(address);
    if (!contact) {
      this.#context.stats.flooded++;
      return;
    }
    contact.heard(id, self);
    this.probing.hearOurs(contact);
    this.#sendNamed(contact, id, contact.mine);
  }

  #sendNamed(contact: Contact, id: bigint, theirs: bigint): void {
    this.#context.send(
      contact.address,
      encodeDiscovery({ kind: "named", id, theirs, self: this.#context.introduction }),
    );
  }

  #receiveNamed(address: Address, packet: Extract<DiscoveryPacket, { kind: "named" }>, now: number): void {
    const contact = this.#context.contacts.get(address);
    if (contact?.open?.mine === packet.id) return;
    if (contact?.mine !== packet.id) {
      this.#context.stats.unasked++;
      return;
    }
    // An answer with our own number comes from ourselves.
    if (packet.theirs === contact.mine) return this.#context.contacts.drop(contact);
    if (this.#context.closing === undefined) this.#open(contact, packet.theirs, packet.self, now);
  }

  #pass(address: Address, packet: LinkPacket, now: number): void {
    const contact = this.#context.contacts.get(address);
    const link = contact?.open?.link;
    if (link?.id === packet.id) return this.#receiveOn(link, packet, now);
    const made = contact?.numberOf(packet.id);
    // A CLOSE opens nothing.
    if (contact && made && packet.kind !== "close" && this.#context.closing === undefined) {
      return this.#receiveOn(this.#open(contact, made.theirs, made.introduction, now), packet, now);
    }
    this.#context.stats.unknown++;
    // A bare CLOSE is shorter than every other kind, and must not be answered with another one.
    if (packet.kind === "close") return;
    this.#context.send(address, encodePacket({ kind: "close", id: packet.id, why: "" }));
  }

  #receiveOn(link: DatagramLink, packet: LinkPacket, now: number): void {
    link.receive(packet, now);
    if (link.readable) this.#context.events.push({ type: "readable", link });
  }

  #open(contact: Contact, theirs: bigint, introduction: Introduction, now: number): DatagramLink {
    const before = contact.open?.link;
    const { mine, address } = contact;
    this.#context.contacts.proved(contact);
    contact.askAt = Infinity;
    contact.waitMs = 0;
    contact.asked = false;
    contact.renew();
    contact.isOurs = contact.wasLinked = true;
    contact.isPlain = false;
    contact.tagBeforeLink = contact.heardTag;
    const { outputs, options } = this.#context;
    const link = new DatagramLink(mine ^ theirs, address, outputs, this.#active, options.datagrams, now);
    contact.open = { link, mine, theirs, openedAt: now };
    before?.abort("begun anew");
    if (before) this.#finish(before);
    this.#context.events.push({ type: "opened", link, introduction });
    this.#context.wakeBy(link.wakeAt);
    // Any packet on the link tells the other side that we have its number.
    const datagram = encodePacket({ kind: "ping", id: link.id, token: new Uint8Array(8) });
    outputs.push({ type: "send", address, datagram });
    return link;
  }

  /** A link is over. Its address is remembered for as long as it is wanted. */
  #finish(link: DatagramLink): void {
    this.#active.delete(link);
    this.#context.stats.repeated += link.stats.repeatedPieces;
    this.#context.events.push({ type: "ended", link, why: link.endReason! });
    const contact = this.#context.contacts.get(link.address);
    if (contact?.open?.link !== link) return;
    const { shortMs, closeRepeatMs } = this.#context.options.limits;
    contact.shortLives = this.#context.now - contact.open.openedAt < shortMs ? contact.shortLives + 1 : 0;
    if (this.#context.closing !== undefined) {
      const datagram = encodePacket({ kind: "close", id: link.id, why: this.#context.closing });
      for (const times of [1, 2]) {
        this.#closes.push({ at: this.#context.now + times * closeRepeatMs, address: link.address, datagram });
      }
      this.#context.wakeBy(this.#context.now + closeRepeatMs);
    }
    contact.open = undefined;
    contact.isOurs = false;
    contact.askAt = Math.max(this.#context.now, contact.wantedUntil);
    this.#context.wakeBy(contact.askAt);
  }
}
