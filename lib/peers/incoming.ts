import { type Address, isLoopback } from "../core/address.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { PeerDelivery } from "./delivery.ts";
import type { Discovery } from "./discovery.ts";
import type { GroupGossip } from "./group_gossip.ts";
import type { Groups } from "./groups.ts";
import type { KeyTrust } from "./key_trust.ts";
import type { PeerLink } from "./peer_link.ts";
import type { PeerLinks } from "./peer_links.ts";
import type { PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";
import type { Questions } from "./questions.ts";

export interface IncomingParts {
  readonly links: PeerLinks;
  readonly discovery: Discovery;
  readonly delivery: PeerDelivery;
  readonly groups: Groups;
  readonly gossip: GroupGossip;
  readonly trust: KeyTrust;
  readonly questions: Questions;
}

/** Peers whose name another has too, and that were told of; beyond that, they are told of again. */
const NAMESAKES = 1000;

/** What comes on links: people who are there now, and their messages, each of which goes to the part that it concerns. */
export class IncomingMessages {
  readonly #context: PeerContext;
  readonly #parts: IncomingParts;
  readonly #namesakes = new Set<string>();

  constructor(context: PeerContext, parts: IncomingParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Handles what has come on a link. */
  read(link: PeerLink): void {
    for (let event = link.next(); event; event = link.next()) {
      const person = event.type === "ready" ? this.#parts.links.ready(link) : this.#parts.links.personOn(link);
      if (!person) continue;
      if (event.type === "ready") this.#ready(person);
      else this.#receiveMessage(person, event.message, event.sealed);
    }
  }

  #ready(person: KnownPerson): void {
    this.#parts.questions.found(person.address);
    this.#tellOfNamesakes(person);
    this.#parts.trust.ready(person);
    this.#parts.gossip.ready(person);
    this.#parts.links.tellAddresses(person);
    this.#context.pending.add(person);
  }

  /** Peers of one name are told apart by their addresses, once for each. */
  #tellOfNamesakes({ id, name, address }: KnownPerson): void {
    if (this.#namesakes.has(id)) return;
    const there = this.#context.people.called(name).filter(isThere).map((other) => `${name}@${other.address}`);
    const isOurs = name === this.#parts.groups.self.name;
    if (there.length < 2 && !isOurs) return;
    if (this.#namesakes.size >= NAMESAKES) this.#namesakes.clear();
    this.#namesakes.add(id);
    const text = isOurs
      ? `another peer is called ${name}, as you are: ${name}@${address}; others tell you two apart by your addresses`
      : `${there.length} peers are called ${name}: ${there.join(", ")}; add the address, as in /to ${there[0]} Hello!`;
    this.#context.show({ type: "notice", text });
  }

  #receiveMessage(person: KnownPerson, message: PeerMessage, sealed: boolean): void {
    const link = person.link!;
    if (link.onlySealed && !sealed) {
      // It was sent before the other side knew; it is sent again, sealed.
      this.#context.counts.unsealed++;
      return;
    }
    switch (message.type) {
      case "say":
        return this.#parts.delivery.receive(person, message);
      case "got":
        return this.#parts.delivery.delivered(person, message.n);
      case "no":
        return this.#parts.delivery.rejected(person, message.n, message.why);
      case "secure":
        return sealed ? this.#parts.trust.receive(person, message.on, message.why) : undefined;
      case "peers":
        // Once a link: otherwise a peer could make us send ASK to any address, again and again.
        if (link.hasToldAddresses) return;
        link.hasToldAddresses = true;
        return this.#meetAll(message.at.slice(0, this.#context.limits.toldAddresses));
    }
    if (person.key === undefined) return;
    if (message.type === "signal") {
      if (person.blocked) return;
      const from = this.#context.people.label(person);
      this.#context.outputs.push({ type: "signal", from, text: message.text, at: link.address.hostname });
    } else if (message.type === "invite") this.#parts.gossip.invited(person, message);
    else if (message.type === "groups") this.#parts.gossip.receive(person, message.members);
    else if (message.type === "sum") this.#parts.gossip.compare(person, message.sum, message.answer);
  }

  /** Asks at addresses that a peer has told: briefly, and at few of each host, so that no host can be flooded by us. */
  #meetAll(addresses: readonly Address[]): void {
    const counts = new Map<string, number>();
    for (const address of addresses) {
      const count = (counts.get(address.hostname) ?? 0) + 1;
      counts.set(address.hostname, count);
      if (count > this.#context.limits.toldPerHost && !isLoopback(address.hostname)) continue;
      this.#parts.discovery.probing.ask(address, this.#context.now, this.#context.limits.toldMs);
    }
  }
}
