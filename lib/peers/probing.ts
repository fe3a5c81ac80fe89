import { type Address, addressKey } from "../core/address.ts";
import { Fault } from "../core/errors.ts";
import type { Contact } from "./contacts.ts";
import { decodeDialect, type DialectMessage, encodeProbe } from "./dialects.ts";
import type { DiscoveryContext, DiscoveryStats } from "./discovery_context.ts";

/** How much longer we wait after each first datagram to an address of the directory. */
const PROBE_BACKOFF = 6;

/**
 * Asks who is at an address: by ASK, or by a text where another program may be; and hears the texts of such programs.
 *
 * Once a directory has told us its table, nothing of our own protocol is sent to an address before something of ours has come
 * from it: the first datagram is a text that other programs survive, and another Partyline answers with ASK.
 */
export class Probing {
  readonly #context: DiscoveryContext;
  /** Our own address in the directory's table. */
  #self: Address | undefined;

  constructor(context: DiscoveryContext) {
    this.#context = context;
  }

  get stats(): DiscoveryStats {
    return this.#context.stats;
  }

  /** Our own address in the directory's table; undefined before a directory has answered. */
  get self(): Address | undefined {
    return this.#self;
  }

  /** The directory has these addresses, and has us at `self`. */
  listed(addresses: readonly Address[], self: Address, now: number): void {
    const { closing, contacts, options: { limits } } = this.#context;
    this.#context.now = now;
    this.#self = self;
    const keys = new Set(addresses.map(addressKey));
    for (const contact of contacts.all()) {
      if (!contact.isListed || keys.has(addressKey(contact.address))) continue;
      // When it is listed again, another program may be there.
      contact.isListed = contact.isPlain = false;
      contact.probes = 0;
      if (!contact.open) contact.askAt = Math.max(now, contact.wantedUntil);
      this.#context.wakeBy(contact.askAt);
    }
    for (const address of addresses) {
      const contact = closing === undefined ? contacts.reach(address) : undefined;
      const isNew = contact?.isListed === false;
      if (contact) contact.isListed = true;
      this.ask(address, now, limits.namedMs);
      // It may be waiting to be asked again.
      if (isNew && contact.asking && !contact.open) this.#context.askIn(contact, 0, limits.askMs);
    }
  }

  isLinked(address: Address): boolean {
    return this.#context.contacts.get(address)?.open !== undefined;
  }

  /** Whether a first datagram of ours went there. */
  wasProbed(address: Address): boolean {
    return (this.#context.contacts.get(address)?.probes ?? 0) > 0;
  }

  /** The address on this host to which our first datagram with this number went. */
  probedWith(tag: number, hostname: string): Address | undefined {
    for (const { address, tag: ours, probes } of this.#context.contacts.all()) {
      if (ours === tag && probes > 0 && address.hostname === hostname) return address;
    }
    return undefined;
  }

  /** Asks at an address for this long, now or later; false when too many addresses are known already. */
  ask(address: Address, now: number, forMs: number, inMs = 0): boolean {
    const { closing, aliases, contacts, options: { limits } } = this.#context;
    this.#context.now = now;
    if (aliases.has(address)) return true;
    const contact = closing === undefined ? contacts.reach(address) : undefined;
    if (!contact) return false;
    if (contact.isPlain) return true;
    contact.wantedUntil = Math.max(contact.wantedUntil, now + forMs);
    if (!contact.open && !contact.asking) this.#context.askIn(contact, inMs, limits.askMs);
    return true;
  }

  /** Sends a text to another program; one that the user writes is not held back as what strangers cause is. */
  sendText(address: Address, datagram: Uint8Array, byUser = false): void {
    if (byUser) this.#context.outputs.push({ type: "send", address, datagram });
    else this.#context.send(address, datagram);
  }

  /** Asks the program at an address, which speaks a dialect, for its name. */
  probe(address: Address): void {
    const contact = this.#context.closing === undefined ? this.#context.contacts.stranger(address) : undefined;
    if (contact && !contact.open) this.#probe(contact);
  }

  /** Another program has answered at an address: it is not asked any more. */
  plain(address: Address): void {
    const contact = this.#context.contacts.stranger(address);
    if (!contact || contact.open) return;
    contact.isPlain = true;
    contact.isOurs = false;
    contact.waitMs = 0;
    contact.wantedUntil = -Infinity;
    contact.askAt = Infinity;
  }

  /** Nothing more is expected of the other program at an address. */
  dropPlain(address: Address): void {
    const contact = this.#context.contacts.get(address);
    if (contact?.isPlain && !contact.open) this.#context.contacts.drop(contact);
  }

  /** A datagram that is not of our own protocol. */
  receiveText(source: Address, datagram: Uint8Array): void {
    const message = decodeDialect(datagram);
    if (message instanceof Fault) this.#context.stats.malformed++;
    else if (message.kind === "probe") this.#receiveProbe(source, message);
    else if (this.#context.closing === undefined) this.#context.events.push({ type: "plain", source, message });
  }

  /**
   * Another Partyline knows our address: we open our own protocol, towards where the text came from, whatever it names. It may be
   * forged, so it is worth one ASK.
   */
  #receiveProbe(address: Address, { tag }: Extract<DialectMessage, { kind: "probe" }>): void {
    const { closing, aliases, contacts, options: { limits }, now } = this.#context;
    if (closing !== undefined || aliases.has(address) || !this.#context.admitsAsk()) return;
    const contact = contacts.stranger(address);
    if (!contact) return;
    contact.heardTag = tag;
    if (!contact.open) {
      this.hearOurs(contact);
      if (!contact.asking) this.#context.askIn(contact, 0, limits.askMostMs);
    } else if (tag !== contact.tagBeforeLink && now - contact.open.openedAt >= limits.probeGraceMs) {
      // The other side has no link: it has started anew, or has lost it.
      this.#context.sendAsk(contact);
    }
  }

  /** HERE may be forged, so it is worth one ASK. */
  receiveHere(address: Address): void {
    const { closing, aliases, contacts, options: { limits } } = this.#context;
    const known = contacts.get(address);
    if (known?.open || known?.asking || closing !== undefined || aliases.has(address)) return;
    const contact = known ?? contacts.stranger(address);
    if (!contact) return;
    this.hearOurs(contact);
    this.#context.askIn(contact, 0, limits.askMostMs);
  }

  /** Something of our own protocol has come from there: it is spoken from now on. */
  hearOurs(contact: Contact): void {
    const isNew = !contact.isOurs;
    contact.isOurs = true;
    contact.isPlain = false;
    if (isNew && contact.asking && !contact.open) this.#context.askIn(contact, 0, this.#context.options.limits.askMs);
  }

  /** The time to ask at an address has come. */
  due(contact: Contact): void {
    const { closing, contacts, options: { limits }, now } = this.#context;
    if (contact.open || closing !== undefined) {
      contact.askAt = Infinity;
    } else if (now >= contact.wantedUntil && !contact.isListed && (contact.asked || !contact.asking)) {
      contacts.drop(contact);
    } else if (!contact.asking) {
      contact.askAt = now < contact.wantedUntil ? contact.wantedUntil : Infinity;
    } else {
      contact.asked = true;
      const { askMostMs, lostMs, probeMs } = limits;
      const isProbed = this.#self !== undefined && !contact.isOurs;
      if (isProbed && contact.isListed && !contact.wasLinked) {
        // It may be a program that shows each, so the waits grow; not at once, since a network may lose the first two.
        const gaps = Math.max(0, contact.probes - 1);
        contact.askAt = now + Math.min(probeMs * PROBE_BACKOFF ** gaps, lostMs);
        return this.#probe(contact);
      }
      contact.askAt = now + contact.waitMs;
      contact.waitMs = Math.min(contact.waitMs * 2, askMostMs);
      if (isProbed) this.#probe(contact);
      else this.#context.sendAsk(contact);
    }
  }

  #probe(contact: Contact): void {
    if (!this.#self) return;
    contact.probes++;
    this.sendText(contact.address, encodeProbe(contact.tag, this.#self));
  }
}
