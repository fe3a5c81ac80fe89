import { peerNameFault } from "../chat/names.ts";
import { type Address, addressKey, formatAddress } from "../core/address.ts";
import { RateLimiter } from "../core/limiters.ts";
import { encodeText, sanitized } from "../core/text.ts";
import type { ListedAddress } from "../protocols/directory/listing.ts";
import { readOffer } from "../protocols/transfer/offer.ts";
import { AddressTable } from "./address_table.ts";
import type { PeerContext } from "./context.ts";
import { type Dialect, encodeChat, encodeName } from "./dialects.ts";
import type { PlainMessage } from "./discovery_context.ts";
import type { TableView } from "./event.ts";
import type { KnownPerson } from "./people.ts";
import type { Probing } from "./probing.ts";

type Chat = Extract<PlainMessage, { kind: "chat" }>;

/** A person with another program, and the rate of what they say. */
interface PlainPeer {
  readonly person: KnownPerson;
  readonly limiter: RateLimiter;
}

/** A message of an address that may be new in the directory's table. */
interface HeldMessage {
  readonly address: Address;
  readonly message: Chat;
  readonly until: number;
}

/** Longest name, as for a name of ours. */
const NAME_BYTES = 64;

/**
 * The people with other programs: names and plain chat, one to one, in the dialect of their program. Nothing is confirmed.
 *
 * 1. A text counts only if the address that it names is the one it came from. It is shown only if that address is in the
 *    directory's table, or has answered with the number that we have sent there; otherwise it is held until the directory has
 *    been asked again, then dropped and counted.
 * 2. A person is there until the directory's table no longer has their address, or a Partyline answers at it.
 * 3. An address that the directory names and that answers nothing may have a program of dialect C, which answers nothing until
 *    its user writes: the person can be written to, and is shown as offline.
 */
export class PlainPeers {
  readonly table = new AddressTable();
  readonly #context: PeerContext;
  readonly #probing: Probing;
  readonly #name: string;
  readonly #peers = new Map<string, PlainPeer>();
  /** For names that are asked for and answered. */
  readonly #answerLimiter: RateLimiter;
  /** Labels of people about whose program the user was told. */
  readonly #explained = new Set<string>();
  #held: HeldMessage[] = [];

  constructor(context: PeerContext, probing: Probing, name: string) {
    this.#context = context;
    this.#probing = probing;
    this.#name = name;
    this.#answerLimiter = new RateLimiter(context.limits.askBurst, context.limits.asksPerSecond, context.now);
  }

  get wakeAt(): number {
    return this.#held[0]?.until ?? Infinity;
  }

  tick(now: number): void {
    const late = this.#held.filter(({ until }) => until <= now).length;
    this.#probing.stats.strangers += late;
    this.#held.splice(0, late);
  }

  /** The directory has answered. */
  listed(entries: readonly ListedAddress[]): void {
    this.table.replace(entries, this.#context.now);
    for (const [key, peer] of this.#peers) if (!this.table.get(peer.person.plain!.address)) this.#remove(key, peer);
    for (const { address, message } of this.#held.splice(0)) {
      if (this.table.get(address)) this.#say(address, message);
      else this.#probing.stats.strangers++;
    }
  }

  /** A Partyline has answered at an address. */
  replaced(address: Address): void {
    const key = addressKey(address);
    const peer = this.#peers.get(key);
    if (peer) this.#remove(key, peer);
  }

  /** The client address table, with the names that people say for themselves where they do. */
  addresses(): TableView {
    const names = new Map(
      this.#context.people.all().flatMap((person) =>
        person.link || person.plain ? [[person.address, person.name] as const] : []
      ),
    );
    const entries = this.table.all().map(({ hostname, port, name, since }) => {
      const address = { hostname, port };
      return { ...address, name: names.get(formatAddress(address)) ?? (name && nameOf(name, address)), since };
    });
    return { self: this.#probing.self, entries };
  }

  /** A text has come from another program. */
  receive(source: Address, message: PlainMessage): void {
    // Where our own protocol is spoken, such a text is forged.
    if (this.#probing.isLinked(source) || this.#peers.size >= this.#context.limits.addresses) return this.#drop();
    switch (message.kind) {
      case "ask": {
        const address = message.dialect === "A" ? message.from : { hostname: source.hostname, port: message.port };
        return this.#isFrom(source, address) ? this.#answer(address, message) : this.#drop();
      }
      case "name": {
        const address = message.dialect === "A"
          ? this.#probing.probedWith(message.tag, source.hostname)
          : { hostname: source.hostname, port: message.port };
        if (address && this.#probing.isLinked(address)) return this.#drop();
        if (!this.#answerLimiter.take(this.#context.now)) return this.#drop();
        if (address && this.#probing.wasProbed(address)) this.#meet(address, message.dialect, message.name);
        else this.#probing.stats.unasked++;
        return;
      }
      case "chat": {
        const address = message.dialect === "A"
          ? message.from
          : message.dialect === "B"
          ? { hostname: source.hostname, port: message.port }
          : source;
        if (!this.#isFrom(source, address)) this.#drop();
        else if (this.table.get(address) || this.#peers.has(addressKey(address))) this.#say(address, message);
        else this.#hold(address, message);
      }
    }
  }

  /** People whom the directory names, and whose program answers nothing. */
  silent(): { readonly name: string; readonly address: Address }[] {
    const { now, limits, people } = this.#context;
    return this.table.all().flatMap(({ name, since, hostname, port }) => {
      const address = { hostname, port };
      if (name === undefined || since + limits.silentMs > now || this.#probing.isLinked(address)) return [];
      const shown = nameOf(name, address);
      if (this.#peers.has(addressKey(address)) || people.called(shown).length > 0) return [];
      return [{ name: shown, address }];
    });
  }

  /** Makes it possible to write to a peer whom only the directory names. */
  prepare(name: string): void {
    for (const { name: known, address } of this.silent()) {
      if (known !== name) continue;
      this.#enter(address, "C", name, false);
      const text = `${name} has not answered; what you write is sent as plain text, and may not arrive`;
      return this.#context.show({ type: "notice", text });
    }
  }

  /** Sends a message: its id, or why it is not sent. */
  say(person: KnownPerson, text: string): { id: string } | { why: string } {
    const { people, store, counts, limits } = this.#context;
    const { self } = this.#probing;
    const to = people.label(person);
    if (!person.plain || !self) return { why: `${to} cannot be reached` };
    if (readOffer(text)) return { why: `the program that ${to} uses takes no files` };
    const { dialect, address } = person.plain;
    const datagrams = encodeChat(dialect, text, { ...self, name: this.#name });
    if (datagrams.some(({ length }) => length > limits.plainBytes)) {
      const [empty] = encodeChat(dialect, "", { ...self, name: this.#name });
      const most = limits.plainBytes - empty!.length;
      return { why: `a line to ${to} has at most about ${most} bytes, since another program receives it` };
    }
    const id = `${store.nextNumber()}`;
    for (const datagram of datagrams) this.#probing.sendText(address, datagram, true);
    counts.said++;
    this.#context.show({ type: "unconfirmed", id, to });
    return { id };
  }

  #answer(address: Address, ask: Extract<PlainMessage, { kind: "ask" }>): void {
    const { self } = this.#probing;
    if (!self || !this.#answerLimiter.take(this.#context.now)) return this.#drop();
    this.#probing.sendText(address, encodeName(ask, { ...self, name: this.#name }));
    if (this.#peers.has(addressKey(address))) this.#meet(address, ask.dialect, undefined);
    else this.#probing.probe(address);
  }

  #say(address: Address, message: Chat): void {
    const { limiter, person } = this.#meet(address, message.dialect, "name" in message ? message.name : undefined);
    const { counts, now, people } = this.#context;
    if (!limiter.take(now)) return this.#drop();
    counts.shown++;
    const said = { seq: 0, from: people.label(person), to: { user: this.#name }, text: message.text, time: now };
    this.#context.show({ type: "message", message: said, own: false });
  }

  #hold(address: Address, message: Chat): void {
    const { now, limits, outputs } = this.#context;
    if (this.#held.length >= limits.heldMessages || !this.#probing.self) return this.#drop();
    this.#held.push({ address, message, until: now + limits.heldMs });
    outputs.push({ type: "refresh" });
  }

  /** Something has come from another program at an address. */
  #meet(address: Address, dialect: Dialect, said: string | undefined): PlainPeer {
    const key = addressKey(address);
    const known = this.#peers.get(key);
    const isKnown = known?.person.plain?.hasAnswered ?? false;
    const given = said ?? (isKnown ? known!.person.name : this.table.get(address)?.name);
    // The name is asked for once its program is known.
    if (given === undefined) this.#probing.probe(address);
    const name = nameOf(given ?? "", address);
    if (known && isKnown && known.person.name === name) {
      known.person.plain!.dialect = dialect;
      return known;
    }
    if (known) this.#remove(key, known);
    this.#probing.plain(address);
    return this.#enter(address, dialect, name, true);
  }

  #enter(address: Address, dialect: Dialect, name: string, hasAnswered: boolean): PlainPeer {
    const { people, limits, now } = this.#context;
    const where = formatAddress(address);
    const person = people.meet(`plain ${where}`, undefined, name, where);
    person.plain = { dialect, address, hasAnswered };
    const peer = { person, limiter: new RateLimiter(limits.plainBurst, limits.plainPerSecond, now) };
    this.#peers.set(addressKey(address), peer);
    if (!hasAnswered) return peer;
    const label = people.label(person);
    this.#context.show({ type: "online", name: label });
    if (this.#explained.has(label)) return peer;
    if (this.#explained.size >= limits.addresses) this.#explained.clear();
    this.#explained.add(label);
    const text =
      `${label} uses another program: messages are unconfirmed, anyone on the network can read and forge them, ` +
      "and there are no groups";
    this.#context.show({ type: "notice", text });
    return peer;
  }

  #remove(key: string, { person }: PlainPeer): void {
    const { people } = this.#context;
    this.#peers.delete(key);
    this.#probing.dropPlain(person.plain!.address);
    const label = people.label(person);
    const { hasAnswered } = person.plain!;
    people.forget(person);
    if (hasAnswered) this.#context.show({ type: "offline", name: label });
  }

  /** Programs of dialects A and B send from a new port each time. */
  #isFrom(source: Address, address: Address): boolean {
    return source.hostname === address.hostname && !this.#probing.isLinked(address);
  }

  #drop(): void {
    this.#probing.stats.strangers++;
  }
}

/** A name as another program gives it, as one that we can use; the address where nothing is left of it. */
function nameOf(given: string, address: Address): string {
  const characters = [
    ...sanitized(given.trim()).replace(/[\s@]/g, "_").replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, ""),
  ].slice(0, NAME_BYTES);
  while (encodeText(characters.join("")).length > NAME_BYTES) characters.pop();
  const name = characters.join("");
  return peerNameFault(name) === undefined ? name : formatAddress(address);
}
