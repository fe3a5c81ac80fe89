import { isPlainLabel, plainLabel, withoutPlain } from "../chat/names.ts";
import type { Address } from "../core/address.ts";
import type { Dialect } from "./dialects.ts";
import type { PeerLink } from "./peer_link.ts";
import { MessageQueue } from "./message_queue.ts";
import type { PeerLimits } from "./options.ts";

/** Shown in place of an unknown address. */
const UNKNOWN = "?";

/** A person with another program. */
export interface PlainProgram {
  dialect: Dialect;
  /** Where it is to be sent to. */
  readonly address: Address;
  /** Whether something has come from it; otherwise it is known from the table alone. */
  hasAnswered: boolean;
}

/** A person that we have met, online or not. */
export interface KnownPerson {
  /** The public key in base64, or the address if the program has no key. */
  readonly id: string;
  readonly key: string | undefined;
  name: string;
  /** The present or last address, `ADDRESS:PORT`; "" if it is not known. */
  address: string;
  link: PeerLink | undefined;
  /** Their program, if it is another one. */
  plain: PlainProgram | undefined;
  readonly queue: MessageQueue;
  /** Of the key, once it was proved. */
  fingerprint: Uint8Array | undefined;
  /** Whether no messages are exchanged until the user has confirmed the key. */
  blocked: boolean;
  /** Whether the user was shown that messages are sealed. */
  shownSecure: boolean;
}

/** The people that we have met, and their labels: people of the same name are told apart by their address. */
export class People {
  readonly #people = new Map<string, KnownPerson>();
  readonly #byName = new Map<string, Set<KnownPerson>>();

  constructor(readonly limits: PeerLimits) {}

  get(id: string): KnownPerson | undefined {
    return this.#people.get(id);
  }

  /** Adds or updates a person. */
  meet(id: string, key: string | undefined, name: string, address: string): KnownPerson {
    let person = this.#people.get(id);
    if (!person) {
      const queue = new MessageQueue(this.limits);
      const unknown = { link: undefined, plain: undefined, fingerprint: undefined, blocked: false, shownSecure: false };
      person = { id, key, name, address, queue, ...unknown };
      this.#people.set(id, person);
    } else this.#unname(person);
    person.name = name;
    if (address !== "") person.address = address;
    const named = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, named.add(person));
    return person;
  }

  /** Whether there are more people than possible addresses. */
  get isCrowded(): boolean {
    return this.#people.size > this.limits.addresses;
  }

  /** Forgets a person, unless there are messages for them. */
  forget(person: KnownPerson): void {
    if (person.queue.size > 0) return;
    this.#unname(person);
    this.#people.delete(person.id);
  }

  /** All people of a name. */
  called(name: string): KnownPerson[] {
    return [...this.#byName.get(name) ?? []];
  }

  all(): KnownPerson[] {
    return [...this.#people.values()];
  }

  /** A person's name, with the address if another person has it too, and a mark if their program is another one. */
  label(person: KnownPerson): string {
    const { name, address, plain } = person;
    let label = name;
    for (const other of this.#byName.get(name) ?? []) {
      if (other !== person && (isPresent(other) || !isPresent(person))) label = `${name}@${address || UNKNOWN}`;
    }
    return plain ? plainLabel(label) : label;
  }

  /** The person that a typed name means, or why there is none; people who are online come first. */
  find(text: string): KnownPerson | string {
    const label = withoutPlain(text);
    const at = label.indexOf("@");
    const name = at < 0 ? label : label.slice(0, at);
    const named = this.called(name).filter(({ address, plain }) =>
      (at < 0 || (address || UNKNOWN) === label.slice(at + 1)) && (plain !== undefined || !isPlainLabel(text))
    );
    const there = named.filter(isPresent);
    const [first, ...others] = there.length > 0 ? there : named;
    if (!first) return `no user called ${text} has been seen; /list shows those who have`;
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

function isPresent({ link, plain }: KnownPerson): boolean {
  return link !== undefined || (plain?.hasAnswered ?? false);
}
