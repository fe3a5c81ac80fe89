import { type Address, formatAddress, isLoopback, sameAddress } from "../core/address.ts";
import { CLOSED, type DatagramLink } from "../protocols/datagram/link.ts";
import type { PeerContext } from "./context.ts";
import type { LinkAnswer, OwnKey } from "./cryptography.ts";
import type { PeerDelivery } from "./delivery.ts";
import type { Discovery } from "./discovery.ts";
import type { Introduction } from "./packet.ts";
import { PeerLink, type PeerLinkContext } from "./peer_link.ts";
import type { KnownPerson } from "./people.ts";

/** The reason we give when we leave; a peer that is gone for another reason is looked for. */
export const BYE = "bye";
const TWICE = "you are there twice";

/** The links with peers, and who is at the other end of each; a person has one link. */
export class PeerLinks {
  readonly #context: PeerContext;
  readonly #discovery: Discovery;
  readonly #delivery: PeerDelivery;
  readonly #self: { readonly name: string; readonly key: string };
  readonly #linkContext: PeerLinkContext;
  readonly #links = new Map<DatagramLink, PeerLink>();
  readonly #people = new Map<PeerLink, KnownPerson>();
  /** Links whose other side has not proved its key, and until when it must. */
  readonly #proving = new Map<PeerLink, number>();
  /** People whose link is over while another one exists or is about to: until when it is not told that they are gone. */
  readonly #expected = new Map<KnownPerson, number>();
  readonly #due = new Set<PeerLink>();
  #duplicateKeyShown = false;
  #leaving = false;

  constructor(
    context: PeerContext,
    discovery: Discovery,
    delivery: PeerDelivery,
    /** Our name, and our key in base64. */
    self: { readonly name: string; readonly key: string },
    key: OwnKey,
  ) {
    this.#context = context;
    this.#discovery = discovery;
    this.#delivery = delivery;
    this.#self = self;
    this.#linkContext = {
      name: self.name,
      key,
      run: discovery.run.toString(16),
      storeId: context.store.id,
      limits: context.limits,
      outputs: context.outputs,
      due: this.#due,
    };
  }

  /** The people who are linked to us. */
  get people(): ReadonlyMap<PeerLink, KnownPerson> {
    return this.#people;
  }

  get wakeAt(): number {
    return Math.min(Infinity, ...this.#proving.values(), ...this.#expected.values());
  }

  /** The conversation on a link. */
  get(datagrams: DatagramLink): PeerLink | undefined {
    return this.#links.get(datagrams);
  }

  /** The person whose link this is; undefined when they have another one. */
  personOn(link: PeerLink): KnownPerson | undefined {
    const person = this.#people.get(link);
    return person?.link === link ? person : undefined;
  }

  open(datagrams: DatagramLink, introduction: Introduction): PeerLink {
    const link = new PeerLink(datagrams, introduction, this.#linkContext);
    this.#links.set(datagrams, link);
    if (introduction.more) this.#proving.set(link, this.#context.now + this.#context.limits.proveMs);
    link.start();
    return link;
  }

  /** A computation is done: the link that it was for, if it still exists. */
  answered(answer: LinkAnswer): PeerLink | undefined {
    const link = this.#links.get(answer.link);
    link?.answered(answer, (run) => [...this.#people.keys()].some((other) => other.run === run));
    return link;
  }

  tick(now: number): void {
    for (const [link, until] of this.#proving) if (until <= now) link.datagrams.abort("no key was proved in time");
    for (const [person, until] of this.#expected) {
      if (until > now) continue;
      this.#expected.delete(person);
      this.#gone(person);
    }
  }

  /** Hands the waiting messages to the links. */
  flush(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const link of due) {
      link.flush();
      // It has room again when something has come on it.
      if (link.isFull) this.#due.add(link);
    }
  }

  /** We leave: peers are not looked for any more. */
  leave(): void {
    this.#leaving = true;
    for (const link of this.#people.keys()) link.flush();
  }

  /** Tells a person the addresses of the others, so that finding one means finding all. */
  tellAddresses({ link }: KnownPerson): void {
    if (!link || link.key === undefined) return;
    const at: Address[] = [];
    for (const [{ address }, { key }] of this.#people) {
      if (key === undefined || sameAddress(address, link.address)) continue;
      if (isLoopback(address.hostname) && !isLoopback(link.address.hostname)) continue;
      if (at.push(address) === this.#context.limits.toldAddresses) break;
    }
    if (at.length > 0) link.send({ type: "peers", at });
  }

  /** It is known who is at the other end: that person, if this is their link from now on. */
  ready(link: PeerLink): KnownPerson | undefined {
    const { key, address, introduction: { name } } = link;
    const { people, store, now } = this.#context;
    this.#proving.delete(link);
    if (key === this.#self.key) return void this.#refuseOwnKey(link);
    const where = formatAddress(address);
    const person = people.meet(key ?? `@${where}`, key, name, where);
    const before = person.link;
    if (before && isBetter(before, link)) return void this.#drop(link, before.address);
    person.link = link;
    person.fingerprint = link.fingerprint;
    this.#people.set(link, person);
    if (before) {
      this.#drop(before, address);
      person.queue.linkLost();
    }
    if (key !== undefined) store.meet({ key, name, address: where, time: now });
    if (!before && !this.#expected.delete(person)) {
      this.#context.show({ type: "online", name: people.label(person) });
      this.#compareKeys(person);
    }
    return person;
  }

  ended(datagrams: DatagramLink, why: string): void {
    const link = this.#links.get(datagrams);
    if (!link) return;
    const isTheirs = this.personOn(link) !== undefined;
    const person = this.#people.get(link);
    // What came on the link in this turn has been shown, and is recorded as such.
    if (person && isTheirs) this.#delivery.acknowledge(person);
    this.#links.delete(datagrams);
    this.#people.delete(link);
    this.#proving.delete(link);
    this.#due.delete(link);
    if (why === TWICE) this.#addAlias(link);
    if (!person) return this.#neverReady(link, why);
    if (!isTheirs) return;
    const others = this.#discovery.removeAliases(link.address);
    if (!this.#leaving && why !== BYE && why !== TWICE) this.#lookFor(link, others);
    person.link = undefined;
    person.queue.linkLost();
    if (person.key !== undefined && (why === TWICE || why === CLOSED) && !this.#leaving) {
      this.#expected.set(person, this.#context.now + this.#context.limits.offlineMs);
    } else this.#gone(person);
  }

  #gone(person: KnownPerson): void {
    const { people } = this.#context;
    if (!this.#leaving) this.#context.show({ type: "offline", name: people.label(person) });
    this.#delivery.gone(person);
    if (person.key === undefined || people.isCrowded) people.forget(person);
  }

  /** A link ended before it was known who is at the other end. */
  #neverReady({ address }: PeerLink, why: string): void {
    const { limits, now } = this.#context;
    this.#discovery.removeAliases(address);
    // We do not ask again at once; the other side may.
    if (why !== TWICE) this.#discovery.probing.ask(address, now, limits.namedMs, limits.askMostMs);
  }

  /** A person is gone without having left. */
  #lookFor({ address, isFaulty }: PeerLink, others: readonly Address[]): void {
    const { limits: { askMostMs, againMs, lostMs }, now } = this.#context;
    for (const other of others) this.#discovery.probing.ask(other, now, lostMs);
    const again = Math.min(askMostMs, againMs * 2 ** this.#discovery.shortLives(address));
    this.#discovery.probing.ask(address, now, lostMs, isFaulty ? askMostMs : again);
  }

  /** The other side was first to notice that there are two links with it: the other one is kept. */
  #addAlias({ run, address, datagrams }: PeerLink): void {
    for (const other of [...this.#people.keys(), ...this.#proving.keys()]) {
      if (run === "" || other.run !== run || other.datagrams === datagrams) continue;
      return this.#discovery.addAlias(address, other.address);
    }
    // Each side has dropped the link that the other kept.
    const { limits: { againMs, lostMs }, now } = this.#context;
    this.#discovery.probing.ask(address, now, lostMs, againMs + Number(datagrams.id % 1000n));
  }

  #drop(link: PeerLink, kept: Address): void {
    if (!sameAddress(kept, link.address)) this.#discovery.addAlias(link.address, kept);
    link.datagrams.abort(TWICE);
  }

  #refuseOwnKey({ datagrams, address }: PeerLink): void {
    const text = `${formatAddress(address)} has our own key; two programs cannot be one person`;
    if (!this.#duplicateKeyShown) this.#context.show({ type: "notice", text });
    this.#duplicateKeyShown = true;
    datagrams.abort("you have the key that we have");
  }

  /** Warns if a person of this name was met before with another key. */
  #compareKeys({ name, key, fingerprint }: KnownPerson): void {
    const { people, store } = this.#context;
    const other = people.called(name).find((each) => each.key !== undefined && each.key !== key && !each.link);
    if (!other || !fingerprint || store.trust(name)) return;
    const text = `this ${name} has another key than the one met before; compare the words that /secure ${name} shows`;
    this.#context.show({ type: "notice", text });
  }
}

/**
 * Whether the older of two links with a person is kept. If the other side has only the new one, its program was restarted or
 * has moved, and the older one is dead. If both sides have both, the other side has two addresses, and both keep the link with
 * the lower id.
 */
function isBetter(before: PeerLink, link: PeerLink): boolean {
  return before.run === link.run && link.isSecond && before.datagrams.id < link.datagrams.id;
}
