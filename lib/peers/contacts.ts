import { type Address, addressKey, isLoopback } from "../core/address.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import type { PeerLimits } from "./options.ts";
import type { Introduction } from "./packet.ts";

/** Numbers remembered of the other side: the newest may be forged. */
const NUMBERS = 4;

/** An open link, and the two numbers that its id is made of. */
export interface OpenLink {
  readonly link: DatagramLink;
  readonly mine: bigint;
  readonly theirs: bigint;
  readonly openedAt: number;
}

/** The state of discovery at one address. */
export class Contact {
  /** The number that we have drawn for the next link. */
  mine: bigint;
  /** The same for our first datagram: another program repeats it in its answer. */
  tag: number;
  /** Whether something of our own protocol has come from there since the last link. */
  isOurs = false;
  /** Whether another program has answered there: it is not asked any more. */
  isPlain = false;
  /** Whether it is in the directory's table. */
  isListed = false;
  /** Whether there was a link. */
  wasLinked = false;
  /** First datagrams that were sent since the last link. */
  probes = 0;
  /** The number in the other side's last first datagram, and in the last one before the link. */
  heardTag: number | undefined;
  tagBeforeLink: number | undefined;
  open: OpenLink | undefined;
  /** Until when we send ASK; the other side may ask us at any time. */
  wantedUntil = -Infinity;
  askAt = Infinity;
  /** How long we wait after the next ASK; 0 while we do not ask. */
  waitMs = 0;
  /** Consecutive links that were over soon. */
  shortLives = 0;
  /** Whether we have asked since the last link. */
  asked = false;
  /** Numbers that the other side has told us for the next link. */
  readonly #heard = new Map<bigint, Introduction>();

  /** `draw` draws eight random bytes. */
  constructor(readonly address: Address, readonly draw: () => bigint) {
    this.mine = draw();
    this.tag = drawTag(draw);
  }

  /** Whether we send ASK. */
  get asking(): boolean {
    return this.waitMs > 0;
  }

  /** The other side has asked, with this number. */
  heard(theirs: bigint, introduction: Introduction): void {
    this.#heard.delete(theirs);
    this.#heard.set(theirs, introduction);
    if (this.#heard.size <= NUMBERS) return;
    for (const oldest of this.#heard.keys()) return void this.#heard.delete(oldest);
  }

  /** The other side's number of the link with this id, if the id is made of one that we have heard. */
  numberOf(id: bigint): { theirs: bigint; introduction: Introduction } | undefined {
    const theirs = this.mine ^ id;
    const introduction = this.#heard.get(theirs);
    return introduction && { theirs, introduction };
  }

  /** Forgets the numbers so far: they open no further link. */
  renew(): void {
    this.mine = this.draw();
    this.tag = drawTag(this.draw);
    this.probes = 0;
    this.#heard.clear();
  }
}

/** A number of at most nine digits. */
function drawTag(draw: () => bigint): number {
  return Number(draw() % 1_000_000_000n);
}

/** The known addresses. Their number is limited: in all, for each host, and of those that have only asked us. */
export class Contacts {
  readonly #contacts = new Map<string, Contact>();
  readonly #perHost = new Map<string, number>();
  /** Those that have only asked us, the oldest first. */
  readonly #strangers = new Set<Contact>();

  /** `draw` draws eight random bytes. */
  constructor(readonly limits: PeerLimits, readonly draw: () => bigint) {}

  get(address: Address): Contact | undefined {
    return this.#contacts.get(addressKey(address));
  }

  all(): IterableIterator<Contact> {
    return this.#contacts.values();
  }

  /** The contact of an address that we have a reason to know; undefined when too many are known already. */
  reach(address: Address): Contact | undefined {
    const contact = this.get(address) ?? this.#add(address);
    if (contact) this.#strangers.delete(contact);
    return contact;
  }

  /** The contact of an address that we know only as a sender; the oldest of this kind is dropped for it. */
  stranger(address: Address): Contact | undefined {
    const known = this.get(address);
    if (known) return known;
    if (this.#isFull(address)) return undefined;
    if (this.#strangers.size >= this.limits.strangers) {
      for (const oldest of this.#strangers) {
        this.drop(oldest);
        break;
      }
    }
    const contact = this.#add(address);
    if (contact) this.#strangers.add(contact);
    return contact;
  }

  /** The other side has proved its address. */
  proved(contact: Contact): void {
    this.#strangers.delete(contact);
  }

  drop(contact: Contact): void {
    contact.askAt = Infinity;
    this.#strangers.delete(contact);
    if (!this.#contacts.delete(addressKey(contact.address))) return;
    const { hostname } = contact.address;
    const left = this.#perHost.get(hostname)! - 1;
    if (left > 0) this.#perHost.set(hostname, left);
    else this.#perHost.delete(hostname);
  }

  #add(address: Address): Contact | undefined {
    const { addresses, strangers } = this.limits;
    if (this.#contacts.size >= addresses + strangers || this.#isFull(address)) return undefined;
    this.#perHost.set(address.hostname, (this.#perHost.get(address.hostname) ?? 0) + 1);
    const contact = new Contact(address, this.draw);
    this.#contacts.set(addressKey(address), contact);
    return contact;
  }

  #isFull({ hostname }: Address): boolean {
    return (this.#perHost.get(hostname) ?? 0) >= this.limits.addressesPerHost && !isLoopback(hostname);
  }
}

/** Further addresses of people to whom we are linked at another one: they need not be asked. */
export class Aliases {
  readonly #aliases = new Map<string, { readonly address: Address; readonly linked: string }>();

  has(address: Address): boolean {
    return this.#aliases.has(addressKey(address));
  }

  add(address: Address, linked: Address): void {
    this.#aliases.set(addressKey(address), { address, linked: addressKey(linked) });
  }

  /** The link at this address is over: removes and returns the other addresses of the same person. */
  remove(linked: Address): Address[] {
    const key = addressKey(linked);
    const others = [...this.#aliases.values()].filter((alias) => alias.linked === key);
    for (const { address } of others) this.#aliases.delete(addressKey(address));
    return others.map(({ address }) => address);
  }
}
