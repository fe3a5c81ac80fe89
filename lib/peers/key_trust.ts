import { isThere, type PeerContext } from "./context.ts";
import type { PeerDelivery } from "./delivery.ts";
import type { KnownPerson } from "./people.ts";
import type { Trust } from "./store.ts";
import { fingerprintWords } from "./fingerprint.ts";

/**
 * With whom what is said is sealed, and by which key each is known.
 *
 * 1. A key is remembered by its owner's name from the first `/secure` on. Who comes with another one by that name is not talked
 *    with until the person has decided.
 * 2. It holds over restarts: what is said to somebody with whom it is on is sealed from the first word.
 */
export class KeyTrust {
  readonly #context: PeerContext;
  readonly #delivery: PeerDelivery;
  readonly #ours: readonly string[];

  constructor(context: PeerContext, delivery: PeerDelivery, ourFingerprint: Uint8Array) {
    this.#context = context;
    this.#delivery = delivery;
    this.#ours = fingerprintWords(ourFingerprint);
  }

  /** Somebody has proved their key. */
  ready(person: KnownPerson): void {
    const { store, people } = this.#context;
    if (this.#conflicts(person)) return;
    person.blocked = false;
    const trust = person.key === undefined ? undefined : store.trustOf(person.key);
    if (trust && trust.name !== person.name) {
      const text = `${people.label(person)} has the key that is remembered for ${trust.name}`;
      this.#context.show({ type: "notice", text });
    }
    if (trust?.secure) this.#seal(person, true);
  }

  /** The person wants it sealed, or not any more; why it cannot be. */
  secure(person: KnownPerson, on: boolean): string | undefined {
    const { people, store } = this.#context;
    const label = people.label(person);
    if (!isThere(person)) return `${label} is not there; both must be, for each to see the other's key`;
    if (!person.fingerprint) return `the program that ${label} uses has no keys`;
    if (this.#conflicts(person, true)) {
      return `${label} has another key than is remembered; /trust ${label} if that is right`;
    }
    if (!on) {
      this.#keep(person, false);
      person.link!.send({ type: "secure", on: false, why: undefined });
      this.#open(person);
      return undefined;
    }
    const known = store.trustOf(person.key!)?.secure ?? false;
    this.#keep(person, true);
    // Who asks again wants to see the words again.
    person.toldSecure = false;
    this.#seal(person, known);
    return undefined;
  }

  /** The person says that the key which somebody has now is theirs; why it cannot be. */
  trust(person: KnownPerson): string | undefined {
    if (!isThere(person) || !person.fingerprint) return `${this.#context.people.label(person)} is not there with a key`;
    const before = this.#context.store.trust(person.name)?.key;
    person.blocked = false;
    this.#keep(person, true);
    const other = before === undefined || before === person.key ? undefined : this.#context.people.get(before);
    if (other) this.#delivery.move(other, person);
    this.#seal(person, false);
    this.#context.pending.add(person);
    return undefined;
  }

  /** The other side wants it sealed, or not any more. */
  receive(person: KnownPerson, on: boolean, why: string | undefined): void {
    const { link } = person;
    if (!link || !person.fingerprint) return;
    const { people, store } = this.#context;
    if (why !== undefined) {
      const text = `${people.label(person)} does not take your key yet: ${why}`;
      return this.#context.show({ type: "notice", text });
    }
    const refused = on ? this.#refusal(person) : undefined;
    if (refused !== undefined) {
      // They take only what is sealed, this answer too.
      link.sealing = true;
      return link.send({ type: "secure", on: false, why: refused });
    }
    if (!on) {
      if (!link.sealing || person.blocked) return;
      this.#keep(person, false);
      return this.#open(person);
    }
    link.onlySealed = true;
    if (link.sealing) return;
    const known = store.trustOf(person.key!)?.secure ?? false;
    this.#keep(person, true);
    this.#seal(person, known);
  }

  /** Why a key is not taken because its owner wants it so: only we ourselves put another one in the place of one we know. */
  #refusal(person: KnownPerson): string | undefined {
    if (this.#conflicts(person)) return "another key is remembered for this name";
    if (this.#context.store.trust(person.name)) return undefined;
    const other = this.#context.people.called(person.name).find(({ key }) => key !== undefined && key !== person.key);
    if (!other) return undefined;
    const label = this.#context.people.label(person);
    const text =
      `${label} wants to talk sealed, but somebody else was met by that name; /secure ${label} if you want it too`;
    this.#context.show({ type: "notice", text });
    return "somebody else is known by your name";
  }

  /** Whether another key is remembered for somebody's name: then nothing is said to them, and the person is warned. */
  #conflicts(person: KnownPerson, again = false): boolean {
    const trust = this.#context.store.trust(person.name);
    if (!trust || trust.key === person.key) return false;
    if (!person.blocked || again) this.#warn(person, trust);
    person.blocked = true;
    return true;
  }

  #keep(person: KnownPerson, secure: boolean): void {
    this.#context.store.keepTrust({ name: person.name, key: person.key!, fingerprint: person.fingerprint!, secure });
  }

  #seal(person: KnownPerson, known: boolean): void {
    const link = person.link!;
    if (!link.sealing) {
      // What is under way may be on its way to somebody who takes only what is sealed.
      person.queue.linkLost();
      this.#context.pending.add(person);
    }
    link.sealing = true;
    link.onlySealed ||= known;
    link.send({ type: "secure", on: true, why: undefined });
    if (person.toldSecure) return;
    person.toldSecure = true;
    const [name, words] = [this.#context.people.label(person), fingerprintWords(person.fingerprint!)];
    this.#context.show({ type: "secure", name, words, ours: this.#ours, known });
  }

  #open(person: KnownPerson): void {
    person.link!.sealing = person.link!.onlySealed = person.toldSecure = false;
    this.#context.show({ type: "insecure", name: this.#context.people.label(person) });
  }

  #warn(person: KnownPerson, trust: Trust): void {
    if (!person.fingerprint) {
      const name = this.#context.people.label(person);
      const why =
        `${name} has a program without keys, and a key is remembered for this name: nothing is said to it or taken`;
      return this.#context.show({ type: "denied", why });
    }
    this.#context.show({
      type: "changedKey",
      name: this.#context.people.label(person),
      words: fingerprintWords(person.fingerprint),
      remembered: fingerprintWords(trust.fingerprint),
    });
  }
}
