import { isThere, type PeerContext } from "./context.ts";
import type { PeerDelivery } from "./delivery.ts";
import type { KnownPerson } from "./people.ts";
import type { Trust } from "./store.ts";

/**
 * Remembers by which key a person is known, and with whom messages are sealed.
 *
 * 1. A key is remembered for its owner's name from the first `/secure` on. With a person of that name who has another key no
 *    messages are exchanged until the user has decided.
 * 2. This holds across restarts: messages to a person with whom sealing is on are sealed from the first one.
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

  /** A person has proved their key, or has none. */
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

  /** The user turns sealing on or off; why it cannot be done. */
  secure(person: KnownPerson, on: boolean): string | undefined {
    const { people, store } = this.#context;
    const label = people.label(person);
    if (!isThere(person)) return `${label} is not online; both sides have to be online to compare keys`;
    if (!person.fingerprint) return `the program that ${label} uses has no keys`;
    if (this.#conflicts(person, true)) {
      return `${label} has another key than the remembered one; /trust ${label} if that is right`;
    }
    if (!on) {
      this.#keep(person, false);
      person.link!.send({ type: "secure", on: false, why: undefined });
      this.#open(person);
      return undefined;
    }
    const known = store.trustOf(person.key!)?.secure ?? false;
    this.#keep(person, true);
    // A repeated request shows the words again.
    person.shownSecure = false;
    this.#seal(person, known);
    return undefined;
  }

  /** The user accepts the present key of a person; why it cannot be done. */
  trust(person: KnownPerson): string | undefined {
    if (!isThere(person) || !person.fingerprint) {
      return `${this.#context.people.label(person)} is not online with a key`;
    }
    const before = this.#context.store.trust(person.name)?.key;
    const label = this.#context.people.label(person);
    const text = before === undefined
      ? `the key of ${label} is remembered from now on`
      : before === person.key
      ? `${label} has the key that is remembered; nothing had to be accepted`
      : `the new key of ${label} is accepted`;
    this.#context.show({ type: "notice", text });
    person.blocked = false;
    this.#keep(person, true);
    const other = before === undefined || before === person.key ? undefined : this.#context.people.get(before);
    if (other) this.#delivery.move(other, person);
    this.#seal(person, false);
    this.#context.pending.add(person);
    return undefined;
  }

  /** The other side turns sealing on or off, or does not accept our key. */
  receive(person: KnownPerson, on: boolean, why: string | undefined): void {
    const { link } = person;
    if (!link || !person.fingerprint) return;
    const { people, store } = this.#context;
    if (why !== undefined) {
      const text = `${people.label(person)} does not accept your key yet: ${why}`;
      return this.#context.show({ type: "notice", text });
    }
    const refused = on ? this.#refusal(person) : undefined;
    if (refused !== undefined) {
      // The other side accepts only sealed messages, and so only a sealed answer.
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

  /** Why a key is not accepted at its owner's request: only the user replaces a known key. */
  #refusal(person: KnownPerson): string | undefined {
    if (this.#conflicts(person)) return "another key is remembered for this name";
    if (this.#context.store.trust(person.name)) return undefined;
    const other = this.#context.people.called(person.name).find(({ key }) => key !== undefined && key !== person.key);
    if (!other) return undefined;
    const label = this.#context.people.label(person);
    const text =
      `${label} asks for sealing, but another person of that name was met before; /secure ${label} if you want it too`;
    this.#context.show({ type: "notice", text });
    return "another person is known by your name";
  }

  /** Whether another key is remembered for a person's name: then they are blocked, and the user is warned. */
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
      // Messages in flight may reach a receiver that accepts only sealed ones: they are sent again.
      person.queue.linkLost();
      this.#context.pending.add(person);
    }
    link.sealing = true;
    link.onlySealed ||= known;
    link.send({ type: "secure", on: true, why: undefined });
    if (person.shownSecure) return;
    person.shownSecure = true;
    const [name, words] = [this.#context.people.label(person), fingerprintWords(person.fingerprint!)];
    this.#context.show({ type: "secure", name, words, ours: this.#ours, known });
  }

  #open(person: KnownPerson): void {
    person.link!.sealing = person.link!.onlySealed = person.shownSecure = false;
    this.#context.show({ type: "insecure", name: this.#context.people.label(person) });
  }

  #warn(person: KnownPerson, trust: Trust): void {
    if (!person.fingerprint) {
      const name = this.#context.people.label(person);
      const why =
        `${name} uses a program without keys, but a key is remembered for this name: nothing is sent to it or accepted`;
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

/** Words that sound different when read aloud, one for each byte. */
const WORDS = `
acid acorn actor afternoon album almond anchor animal apple april archer armor arrow artist atlas autumn bacon
badge bagel bakery balcony bamboo banana banjo barrel basket beaver bishop blanket blossom bonfire bottle
bracelet bridge bronze bubble bucket buffalo butter cabin cactus camel candle canoe canvas captain caramel
carpet castle cedar ceiling cello cherry chimney cinema circus clover cobra coconut coffee comet compass copper
coral cotton cousin cowboy crayon cricket crystal cupboard curtain cushion dagger dancer daisy december desert
diamond dinner doctor dolphin domino donkey dragon drummer duckling eagle easel echo eleven elbow emerald engine
envelope evening fabric falcon family farmer feather fiddle figure finger flamingo flower forest fossil fountain
freckle friday frozen galaxy garden garlic gazelle ginger giraffe glacier goblin gorilla grammar granite grape
guitar hammer harbor harvest hazel hedgehog helmet herring hockey honey horizon hotel hunter iceberg igloo india
ink insect iris island ivory jacket jaguar january jasmine jelly jersey jewel jigsaw jungle justice kangaroo
kettle keyboard kingdom kitchen kitten kiwi ladder lagoon lantern laptop lavender lemon leopard lettuce lily
linen lizard lobster locket lotus magnet mango maple marble market meadow melon mermaid mineral mirror monday
monkey mosaic mountain muffin museum mustard napkin nectar needle nickel noodle november nutmeg ocean octopus
olive onion opera orange orbit orchid otter oyster paddle palace panda paper parrot peacock peanut pebble
pelican pencil penguin pepper piano picnic pigeon pillow pirate planet plum pocket polar poppy potato prairie
pumpkin puppet puzzle pyramid quartz quilt rabbit radish rainbow raven ribbon river robin rocket saddle salmon
sandal saturn scarf shadow silver window
`.trim().split(/\s+/);

/** Words in a fingerprint: 80 bits, so that a second key cannot be made with the same ones. */
const FINGERPRINT_WORDS = 10;

/** The first bytes of a fingerprint as words, for comparison by phone. */
export function fingerprintWords(digest: Uint8Array): string[] {
  return Array.from(digest.subarray(0, FINGERPRINT_WORDS), (byte) => WORDS[byte]!);
}
