import { type Address, addressKey, isLoopback } from "../core/address.ts";
import { Contact } from "./contact.ts";
import type { PeerLimits } from "./options.ts";

/** The places that are known, so many in all, so many of one address, and so many of which nothing but a question is known. */
export class Contacts {
  readonly #contacts = new Map<string, Contact>();
  readonly #ofAddress = new Map<string, number>();
  /** Those that have only asked us, the oldest first. */
  readonly #strangers = new Set<Contact>();

  /** `draw` draws the number for the next link to a place. */
  constructor(readonly limits: PeerLimits, readonly draw: () => bigint) {}

  get(place: Address): Contact | undefined {
    return this.#contacts.get(addressKey(place));
  }

  all(): IterableIterator<Contact> {
    return this.#contacts.values();
  }

  /** The contact of a place that we have a reason to know; undefined when too many are known already. */
  reach(place: Address): Contact | undefined {
    const contact = this.get(place) ?? this.#add(place);
    if (contact) this.#strangers.delete(contact);
    return contact;
  }

  /** The contact of a place of which nothing is known but that something came from there; the oldest such gives way. */
  stranger(place: Address): Contact | undefined {
    const known = this.get(place);
    if (known) return known;
    if (this.#isFull(place)) return undefined;
    if (this.#strangers.size >= this.limits.strangers) {
      for (const oldest of this.#strangers) {
        this.drop(oldest);
        break;
      }
    }
    const contact = this.#add(place);
    if (contact) this.#strangers.add(contact);
    return contact;
  }

  /** Somebody there has proved that they are. */
  proved(contact: Contact): void {
    this.#strangers.delete(contact);
  }

  drop(contact: Contact): void {
    contact.askAt = Infinity;
    this.#strangers.delete(contact);
    if (!this.#contacts.delete(addressKey(contact.place))) return;
    const { hostname } = contact.place;
    const left = this.#ofAddress.get(hostname)! - 1;
    if (left > 0) this.#ofAddress.set(hostname, left);
    else this.#ofAddress.delete(hostname);
  }

  #add(place: Address): Contact | undefined {
    if (this.#contacts.size >= this.limits.places + this.limits.strangers || this.#isFull(place)) return undefined;
    this.#ofAddress.set(place.hostname, (this.#ofAddress.get(place.hostname) ?? 0) + 1);
    const contact = new Contact(place, this.draw());
    this.#contacts.set(addressKey(place), contact);
    return contact;
  }

  /** Whether one address has as many as it may. */
  #isFull({ hostname }: Address): boolean {
    return (this.#ofAddress.get(hostname) ?? 0) >= this.limits.placesOfOneAddress && !isLoopback(hostname);
  }
}
