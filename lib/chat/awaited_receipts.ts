import { type Delivery, settled } from "./outcome.ts";
import type { Effect } from "./effect.ts";
import type { Person, Presence } from "./users.ts";
import type { People } from "./users.ts";
import type { KeptMessage, Store } from "./store.ts";

/** A sender at a handout door, and how long they wait. */
export interface Sender {
  readonly delivery: Delivery;
  readonly until: number;
}

/**
 * Senders at handout doors who wait for people with sessions of our own: such a sender has one answer, soon. A private message
 * that they were told has failed is forgotten.
 */
export class Awaiting {
  /** Who is waited for. */
  readonly #persons = new Set<Person>();

  constructor(readonly store: Store, readonly people: People) {}

  /** Has a sender at a handout door wait for a person's clients; a handout session of theirs answers for itself. */
  expect(person: Person, kept: KeptMessage, { delivery, until }: Sender): void {
    if (person.listens) {
      delivery.expect();
      person.awaited.set(kept.seq, { delivery, until, kept });
      this.#persons.add(person);
    } else if (!person.handout?.ready) {
      delivery.expect();
      delivery.miss();
    }
  }

  /** Those who wait for a person at a handout door hear that it has everything up to `seq`. */
  heard(person: Person, seq: number): Effect[] {
    const effects: Effect[] = [];
    for (const [number, { delivery }] of person.awaited) {
      if (number > seq) break;
      person.awaited.delete(number);
      effects.push(...settled(delivery, "taken"));
    }
    if (person.awaited.size === 0) this.#persons.delete(person);
    return effects;
  }

  /** Whoever waits at a handout door for a person hears that one of their sessions, at such a door too, has a message. */
  tookAt(presence: Presence, seq: number): Effect[] {
    const awaited = this.people.get(presence.name)?.awaited.get(seq);
    if (!awaited) return [];
    this.people.get(presence.name)!.awaited.delete(seq);
    return settled(awaited.delivery, "taken");
  }

  /** Those who have waited for a person until now hear that it was in vain. */
  miss(person: Person, now: number): Effect[] {
    const due = [...person.awaited].filter(([, { until }]) => until <= now);
    // What can fail comes first: then they are still waited for.
    for (const [seq, { kept }] of due) if ("user" in kept.to) this.store.withdraw(seq);
    const effects: Effect[] = [];
    for (const [seq, { delivery }] of due) {
      person.awaited.delete(seq);
      effects.push(...settled(delivery, "missed"));
    }
    if (person.awaited.size === 0) this.#persons.delete(person);
    return effects;
  }

  /** Time has passed. */
  tick(now: number): Effect[] {
    return [...this.#persons].flatMap((person) => this.miss(person, now));
  }
}
