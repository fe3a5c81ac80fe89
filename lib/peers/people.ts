import type { PeerLink } from "./peer_link.ts";
import { MessageQueue } from "./message_queue.ts";
import type { PeerLimits } from "./options.ts";

/** Where somebody is of whom that was never known. */
const UNKNOWN = "?";

/** Somebody: there or away. */
export interface KnownPerson {
  /** Their public key in base64, or where they are when their program has none. */
  readonly id: string;
  readonly key: string | undefined;
  name: string;
  /** Where they are, or were last: `ADDRESS:PORT`; "" when that is not known. */
  address: string;
  link: PeerLink | undefined;
  readonly queue: MessageQueue;
  /** The fingerprint of their key, once they have proved it. */
  fingerprint: Uint8Array | undefined;
  /** Whether nothing is said to them and nothing taken, until the person decides. */
  blocked: boolean;
  /** Whether it was told that what is said is sealed. */
  toldSecure: boolean;
}

/** Everybody we know of, and what each is called: two of one name are told apart by where they are. */
export class People {
  readonly #people = new Map<string, KnownPerson>();
  readonly #byName = new Map<string, Set<KnownPerson>>();

  constructor(readonly limits: PeerLimits) {}

  get(id: string): KnownPerson | undefined {
    return this.#people.get(id);
  }

  /** Somebody by their id; they are new if they were not known. */
  meet(id: string, key: string | undefined, name: string, address: string): KnownPerson {
    let person = this.#people.get(id);
    if (!person) {
      const queue = new MessageQueue(this.limits);
      const unknown = { link: undefined, fingerprint: undefined, blocked: false, toldSecure: false };
      person = { id, key, name, address, queue, ...unknown };
      this.#people.set(id, person);
    } else this.#unname(person);
    person.name = name;
    if (address !== "") person.address = address;
    const named = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, named.add(person));
    return person;
  }

  /** Whether more are known than there can be places. */
  get isCrowded(): boolean {
    return this.#people.size > this.limits.addresses;
  }

  /** Forgets somebody, unless something waits for them. */
  forget(person: KnownPerson): void {
    if (person.queue.size > 0) return;
    this.#unname(person);
    this.#people.delete(person.id);
  }

  /** Everybody of a name. */
  called(name: string): KnownPerson[] {
    return [...this.#byName.get(name) ?? []];
  }

  all(): KnownPerson[] {
    return [...this.#people.values()];
  }

  /** What somebody is called: by their name, with where they are when another one has it too. */
  label(person: KnownPerson): string {
    const { name, address } = person;
    for (const other of this.#byName.get(name) ?? []) {
      if (other !== person && (other.link || !person.link)) return `${name}@${address || UNKNOWN}`;
    }
    return name;
  }

  /** Whom a typed name means, or why nobody: those who are there come before those who were. */
  find(text: string): KnownPerson | string {
    const at = text.indexOf("@");
    const name = at < 0 ? text : text.slice(0, at);
    const named = this.called(name).filter(({ address }) => at < 0 || (address || UNKNOWN) === text.slice(at + 1));
    const there = named.filter(({ link }) => link);
    const [first, ...others] = there.length > 0 ? there : named;
    if (!first) return `nobody called ${text} has been seen; /list shows who has`;
    if (others.length === 0) return first;
    const labels = [first, ...others].map((person) => `${name}@${person.address || UNKNOWN}`);
    return `${labels.length} people are called ${name}: ${labels.join(", ")}; say which`;
  }

  #unname(person: KnownPerson): void {
    const named = this.#byName.get(person.name);
    named?.delete(person);
    if (named?.size === 0) this.#byName.delete(person.name);
  }
}
