import { withoutPlain } from "../chat/names.ts";
import { textFault } from "../core/text.ts";
import type { Target } from "../chat/entry.ts";
import { type Address, parseAddress } from "../core/address.ts";
import { encodeBase64 } from "../core/bytes.ts";
import type { ListedAddress } from "../protocols/directory/listing.ts";
import { isThere, PeerContext, type PeerCounts } from "./context.ts";
import type { CryptographyAnswer, OwnKey } from "./cryptography.ts";
import { PeerDelivery } from "./delivery.ts";
import { Discovery } from "./discovery.ts";
import type { PeerOutput, PeerQuestion, TableView } from "./event.ts";
import { GroupGossip } from "./group_gossip.ts";
import { Groups } from "./groups.ts";
import { IncomingMessages } from "./incoming.ts";
import { KeyTrust } from "./key_trust.ts";
import type { PeerLimits, PeerOptions } from "./options.ts";
import { BYE, PeerLinks } from "./peer_links.ts";
import type { People } from "./people.ts";
import { PlainPeers } from "./plain_peers.ts";
import { Questions } from "./questions.ts";
import type { PeerStore } from "./store.ts";

export interface PeerParts {
  readonly name: string;
  readonly key: OwnKey;
  readonly store: PeerStore;
  readonly options: PeerOptions;
  /** Eight unpredictable bytes. */
  readonly random8: () => Uint8Array;
  /** The key is for this run only. */
  readonly isTemporary?: boolean;
}

/** Interval between two removals of messages that are too old. */
const EXPIRE_MS = 60 * 60_000;

/**
 * Chat without a server: finds peers at the addresses that it is given, and talks with them.
 *
 * 1. Inputs gather; `flush`, at the end of a turn, commits what is to be kept, then sends.
 * 2. Cryptography is computed by the runner: each "compute" output is answered by `answered`, in a turn of its own.
 */
export class Peer {
  readonly key: OwnKey;
  readonly groups: Groups;
  readonly #context: PeerContext;
  readonly #discovery: Discovery;
  readonly #links: PeerLinks;
  readonly #delivery: PeerDelivery;
  readonly #gossip: GroupGossip;
  readonly #incoming: IncomingMessages;
  readonly #questions: Questions;
  readonly #plain: PlainPeers;
  readonly #isTemporary: boolean;
  #expireAt: number;
  /** The people met before are looked for once the directory has answered. */
  #awaitsDirectory = false;
  #state: "open" | "leaving" | "closing" | "closed" = "open";
  /** When we stop to wait in the states "leaving" and "closing". */
  #waitUntil = Infinity;

  constructor({ name, key, store, options, random8, isTemporary }: PeerParts, now: number) {
    this.key = key;
    this.#isTemporary = isTemporary ?? false;
    this.#expireAt = now + EXPIRE_MS;
    const context = this.#context = new PeerContext(store, options.limits, now);
    const self = { key: encodeBase64(key.key), name };
    this.groups = new Groups(self, options.limits);
    this.#delivery = new PeerDelivery(context, this.groups);
    this.#gossip = new GroupGossip(context, this.groups);
    this.#discovery = new Discovery({ name, more: true }, options, context.outputs, random8, now);
    this.#plain = new PlainPeers(context, this.#discovery.probing, name);
    this.#links = new PeerLinks(context, this.#discovery, this.#delivery, self, key);
    const parts = {
      discovery: this.#discovery,
      delivery: this.#delivery,
      groups: this.groups,
      gossip: this.#gossip,
      trust: new KeyTrust(context, this.#delivery, key.fingerprint),
      plain: this.#plain,
      links: this.#links,
    };
    this.#questions = new Questions(context, parts);
    this.#incoming = new IncomingMessages(context, { ...parts, questions: this.#questions });
  }

  get people(): People {
    return this.#context.people;
  }

  get counts(): Readonly<PeerCounts> {
    return this.#context.counts;
  }

  get limits(): PeerLimits {
    return this.#context.limits;
  }

  get wakeAt(): number {
    const parts = [this.#discovery, this.#links, this.#gossip, this.#questions, this.#plain];
    return Math.min(this.#expireAt, this.#waitUntil, ...parts.map(({ wakeAt }) => wakeAt));
  }

  /** The client address table. */
  get table(): TableView {
    return this.#plain.addresses();
  }

  takeOutputs(): readonly PeerOutput[] {
    return this.#context.outputs.take();
  }

  /** How many links are open or closing. */
  get size(): number {
    return this.#discovery.size;
  }

  /** How many addresses were asked, or have answered, of which it is not known yet who is there. */
  get unanswered(): number {
    return this.#discovery.asking + this.size - this.#links.people.size;
  }

  /** How many messages to people who are there have not arrived. */
  get undelivered(): number {
    let count = 0;
    for (const { queue } of this.#links.people.values()) count += queue.size;
    return count;
  }

  /**
   * Restores what the store has, and looks for the people it names where they were last; with `awaitsDirectory`, once the
   * directory has answered or cannot be reached, since another program may be there now.
   */
  start(now: number, awaitsDirectory = false): void {
    this.#context.now = now;
    const { store, limits, people } = this.#context;
    for (const { key, name, address } of store.acquaintances(limits.acquaintances)) {
      people.meet(key, key, name, address);
    }
    this.#delivery.restore();
    this.#gossip.restore();
    if (awaitsDirectory) this.#awaitsDirectory = true;
    else this.#lookForAll();
  }

  /** The directory has answered: who is in its table, without us, and where it has us. */
  listed(entries: readonly ListedAddress[], self: Address, now: number): void {
    this.#context.now = now;
    this.#discovery.probing.listed(entries, self, now);
    this.#plain.listed(entries);
    if (this.#awaitsDirectory) this.#lookForAll();
    this.#settle();
  }

  /** The directory cannot be reached. */
  unlisted(now: number): void {
    this.#context.now = now;
    if (this.#awaitsDirectory) this.#lookForAll();
  }

  /** A peer may be at an address: asks there for a while; false when too many addresses are asked already. */
  meet(address: Address, now: number, forMs: number = this.limits.namedMs): boolean {
    this.#context.now = now;
    return this.#discovery.probing.ask(address, now, forMs);
  }

  /** The datagram that announces us on a LAN. */
  announcement(port: number): Uint8Array {
    return this.#discovery.announcement(port);
  }

  /** A datagram from an address; the caller may reuse its buffer. */
  receive(address: Address, datagram: Uint8Array, now: number): void {
    this.#context.now = now;
    this.#discovery.receive(address, datagram, now);
    this.#settle();
  }

  /** The answer to a "compute" output. */
  answered(answer: CryptographyAnswer, now: number): void {
    this.#context.now = now;
    if (answer.type === "signed") this.#gossip.signed(answer);
    else {
      const link = answer.type === "verified" ? this.#gossip.verified(answer) : this.#links.answered(answer);
      if (link) this.#incoming.read(link);
    }
    this.#settle();
  }

  /** Sends a message: its id, or why it is not sent. */
  say(to: Target, text: string, now: number): { id: string } | { why: string } {
    this.#context.now = now;
    const isClosed = this.#state === "closing" || this.#state === "closed";
    const said = isClosed ? { why: "you are leaving" } : this.#say(to, text);
    this.#settle();
    return said;
  }

  /** Sends text to a person's program, not to the person; false when it is not there, or has no key. */
  signal(to: string, text: string, now: number): boolean {
    this.#context.now = now;
    const person = this.people.find(to);
    if (typeof person === "string" || person.key === undefined || person.blocked || !isThere(person)) return false;
    person.link!.send({ type: "signal", text });
    this.#settle();
    return true;
  }

  /** Asks a question. The answer is shown with `ref`. */
  ask(question: PeerQuestion, now: number, ref?: number): void {
    this.#context.now = now;
    this.#questions.ask(question, ref);
    this.#settle();
  }

  tick(now: number): void {
    this.#context.now = now;
    this.#gossip.tick(now);
    this.#discovery.tick(now);
    this.#settle();
    this.#links.tick(now);
    this.#settle();
    this.#questions.tick(now);
    this.#plain.tick(now);
    if (now >= this.#waitUntil) this.#stopWaiting();
    if (now < this.#expireAt) return;
    this.#expireAt = now + EXPIRE_MS;
    this.#delivery.expire(now);
  }

  /** Ends a turn: commits what is to be kept, then sends. */
  flush(now: number): void {
    const { pending, store } = this.#context;
    this.#context.now = now;
    if (!this.#gossip.isSigning) {
      for (const person of pending) this.#delivery.send(person);
      pending.clear();
    }
    this.#delivery.settle();
    store.commit();
    this.#links.flush();
    this.#discovery.flush(now);
    this.#settle();
    if (this.#state === "leaving" && this.undelivered === 0) this.close(now);
    if (this.#state === "closing" && this.size === 0) this.#stopWaiting();
  }

  /** Leaves once messages to people who are there have arrived, or after a while; called again, at once. */
  leave(now: number): void {
    const count = this.undelivered;
    if (this.#state !== "open" || count === 0) return this.close(now);
    this.#state = "leaving";
    this.#waitUntil = now + this.limits.leaveMs;
    const messages = count === 1 ? "1 message" : `${count} messages`;
    const text = `waiting for ${messages} to arrive; Ctrl-C leaves now, and kept messages are sent again later`;
    this.#context.show({ type: "notice", text });
  }

  /** Closes all links, once what was sent on them has arrived, or after a while. */
  close(now: number): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#context.now = now;
    this.#state = "closing";
    this.#waitUntil = now + this.limits.closeMs;
    this.#context.outputs.push({ type: "closing" });
    if (this.#isTemporary) this.#gossip.leaveAll();
    this.#links.leave();
    this.#discovery.close(BYE, now);
    this.#settle();
  }

  /** Ends everything at once. */
  abort(): void {
    this.#state = "closed";
    this.#waitUntil = Infinity;
    this.#discovery.abort(BYE);
    this.#settle();
  }

  #stopWaiting(): void {
    if (this.#state === "leaving") return this.close(this.#context.now);
    this.#state = "closed";
    this.#waitUntil = Infinity;
    this.#context.outputs.push({ type: "closed" });
  }

  #say(to: Target, text: string): { id: string } | { why: string } {
    const tooLong = textFault(text, this.limits.textBytes);
    if (tooLong !== undefined || "room" in to) return this.#delivery.say(to, text);
    this.#plain.prepare(withoutPlain(to.user));
    const person = this.people.find(to.user);
    return typeof person !== "string" && person.plain ? this.#plain.say(person, text) : this.#delivery.say(to, text);
  }

  #lookForAll(): void {
    this.#awaitsDirectory = false;
    for (const { address, plain } of this.people.all()) {
      const where = plain ? undefined : parseAddress(address);
      if (where) this.meet(where, this.#context.now);
    }
  }

  /** Handles what happened to links, until nothing more does. */
  #settle(): void {
    for (let events = this.#discovery.takeEvents(); events.length > 0; events = this.#discovery.takeEvents()) {
      for (const event of events) {
        if (event.type === "plain") this.#plain.receive(event.source, event.message);
        else if (event.type === "opened") {
          this.#plain.replaced(event.link.address);
          this.#incoming.read(this.#links.open(event.link, event.introduction));
        } else if (event.type === "ended") this.#links.ended(event.link, event.why);
        else {
          const link = this.#links.get(event.link);
          if (link) this.#incoming.read(link);
        }
      }
    }
  }
}
