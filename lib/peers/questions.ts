import { plainLabel } from "../chat/names.ts";
import { formatAddress, parseAddress, sameAddress } from "../core/address.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { Discovery } from "./discovery.ts";
import type { PeerQuestion } from "./event.ts";
import type { GroupGossip } from "./group_gossip.ts";
import type { Groups } from "./groups.ts";
import type { KeyTrust } from "./key_trust.ts";
import type { PlainPeers } from "./plain_peers.ts";

/** The parts that answer questions. */
export interface Answerers {
  readonly discovery: Discovery;
  readonly groups: Groups;
  readonly gossip: GroupGossip;
  readonly trust: KeyTrust;
  readonly plain: PlainPeers;
}

/** Answers the questions of the user, each at once, or denies them with the reason. */
export class Questions {
  readonly #context: PeerContext;
  readonly #answerers: Answerers;
  /** Addresses that the user has named and where no peer has answered, and when that is shown. */
  readonly #named = new Map<string, number>();

  constructor(context: PeerContext, answerers: Answerers) {
    this.#context = context;
    this.#answerers = answerers;
  }

  get wakeAt(): number {
    return Math.min(Infinity, ...this.#named.values());
  }

  /** Answers a question with `ref`. */
  ask(question: PeerQuestion, ref: number | undefined): void {
    const why = this.#answer(question, ref);
    if (why !== undefined) this.#context.show({ type: "denied", why }, ref);
  }

  /** A peer has answered at an address. */
  found(address: string): void {
    this.#named.delete(address);
  }

  tick(now: number): void {
    for (const [address, at] of this.#named) {
      if (at > now) continue;
      this.#named.delete(address);
      const isPlain = this.#context.people.all().some((person) => person.plain && person.address === address);
      if (isPlain) continue;
      const seconds = Math.round(this.#context.limits.namedMs / 1000);
      const text = `no peer has answered at ${address} so far; asking goes on for ${seconds} s`;
      this.#context.show({ type: "notice", text });
    }
  }

  #answer(question: PeerQuestion, ref: number | undefined): string | undefined {
    const { gossip, trust } = this.#answerers;
    switch (question.type) {
      case "users":
        return this.#showUsers(ref);
      case "table":
        return void this.#context.show({ type: "table", ...this.#answerers.plain.addresses() }, ref);
      case "rooms":
        return this.#showRooms(ref);
      case "group":
        return gossip.createGroup(question.room, question.members);
      case "join":
        return gossip.join(question.room);
      case "leave":
        return gossip.leave(question.room);
      case "secure":
      case "trust": {
        const person = this.#context.people.find(question.user);
        if (typeof person === "string") return person;
        if (person.plain) return `the program that ${this.#context.people.label(person)} uses has no keys`;
        return question.type === "trust" ? trust.trust(person) : trust.secure(person, question.on);
      }
      case "add":
        return this.#add(question.host, question.port);
      case "stats":
        return this.#showStats();
    }
  }

  #add(host: string, port: number): string | undefined {
    const address = parseAddress(`${host}:${port}`);
    if (!address) return `${host}:${port} is not an IPv4 address and port`;
    const { people, limits, now } = this.#context;
    if (people.all().some(({ link }) => link && sameAddress(link.address, address))) {
      return `you are linked with ${formatAddress(address)} already`;
    }
    if (!this.#answerers.discovery.probing.ask(address, now, limits.namedMs)) {
      return `${formatAddress(address)} cannot be asked: too many addresses are asked already`;
    }
    this.#named.set(formatAddress(address), now + limits.unansweredMs);
    return undefined;
  }

  #showUsers(ref: number | undefined): undefined {
    const { people } = this.#context;
    const users = people.all().map((person) => ({ name: people.label(person), online: isThere(person) }));
    for (const { name } of this.#answerers.plain.silent()) users.push({ name: plainLabel(name), online: false });
    this.#context.show({ type: "users", users }, ref);
  }

  #showRooms(ref: number | undefined): undefined {
    const { groups } = this.#answerers;
    const rooms = groups.names.map((name) => ({
      name,
      members: groups.members(name).length,
      joined: groups.isIn(name),
    })).filter(({ members }) => members > 0);
    this.#context.show({ type: "rooms", rooms }, ref);
  }

  #showStats(): undefined {
    const { discovery } = this.#answerers;
    const waiting = this.#context.people.all().reduce((sum, { queue }) => sum + queue.size, 0);
    const counts = [
      ...Object.entries({ links: discovery.size, waiting, ...this.#context.counts }),
      ...Object.entries(discovery.stats).map(([name, count]) => [`${name} datagrams`, count] as const),
    ];
    this.#context.show({ type: "stats", counts });
  }
}
