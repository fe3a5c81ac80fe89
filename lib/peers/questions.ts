import { formatAddress, parseAddress, sameAddress } from "../core/address.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { Discovery } from "./discovery.ts";
import type { PeerQuestion } from "./event.ts";
import type { GroupGossip } from "./group_gossip.ts";
import type { Groups } from "./groups.ts";
import type { KeyTrust } from "./key_trust.ts";

/** Who answers, besides the house. */
export interface Answerers {
  readonly meetings: Discovery;
  readonly groups: Groups;
  readonly circles: GroupGossip;
  readonly trusts: KeyTrust;
}

/** What a person can ask of a peer's program, and its answers; each question is answered at once, or denied with why. */
export class Questions {
  readonly #house: PeerContext;
  readonly #answerers: Answerers;
  /** Places that a person has named and where nobody has answered yet, and when that is said. */
  readonly #named = new Map<string, number>();

  constructor(house: PeerContext, answerers: Answerers) {
    this.#house = house;
    this.#answerers = answerers;
  }

  /** When `tick` is next wanted; Infinity when it is not. */
  get wakeAt(): number {
    return Math.min(Infinity, ...this.#named.values());
  }

  ask(question: PeerQuestion): void {
    const why = this.#answer(question);
    if (why !== undefined) this.#house.show({ type: "denied", why });
  }

  /** Somebody has answered at a place. */
  found(place: string): void {
    this.#named.delete(place);
  }

  tick(now: number): void {
    for (const [place, at] of this.#named) {
      if (at > now) continue;
      this.#named.delete(place);
      const seconds = Math.round(this.#house.limits.namedMs / 1000);
      const text = `nobody has answered at ${place} so far; it is asked for ${seconds} s`;
      this.#house.show({ type: "news", text });
    }
  }

  #answer(question: PeerQuestion): string | undefined {
    const { circles, trusts } = this.#answerers;
    switch (question.type) {
      case "users":
        return this.#showUsers();
      case "rooms":
        return this.#showRooms();
      case "group":
        return circles.gather(question.room, question.friends);
      case "join":
        return circles.join(question.room);
      case "leave":
        return circles.leave(question.room);
      case "secure":
      case "trust": {
        const person = this.#house.people.find(question.user);
        if (typeof person === "string") return person;
        return question.type === "trust" ? trusts.trust(person) : trusts.secure(person, question.on);
      }
      case "add":
        return this.#add(question.host, question.port);
      case "stats":
        return this.#showStats();
    }
  }

  #add(host: string, port: number): string | undefined {
    const place = parseAddress(`${host}:${port}`);
    if (!place) return `${host}:${port} is no IPv4 address and port`;
    const { people, limits, now } = this.#house;
    if (people.all().some(({ friend }) => friend && sameAddress(friend.place, place))) {
      return `whoever is at ${formatAddress(place)} is here already`;
    }
    if (!this.#answerers.meetings.meet(place, now, limits.namedMs)) {
      return `${formatAddress(place)} cannot be asked: too many places are asked already`;
    }
    this.#named.set(formatAddress(place), now + limits.silentMs);
    return undefined;
  }

  #showUsers(): undefined {
    const { people } = this.#house;
    const users = people.all().map((person) => ({ name: people.label(person), online: isThere(person) }));
    this.#house.show({ type: "users", users });
  }

  #showRooms(): undefined {
    const { groups } = this.#answerers;
    const rooms = groups.names.map((name) => ({
      name,
      members: groups.members(name).length,
      joined: groups.isIn(name),
    })).filter(({ members }) => members > 0);
    this.#house.show({ type: "rooms", rooms });
  }

  #showStats(): undefined {
    const { meetings } = this.#answerers;
    const waiting = this.#house.people.all().reduce((sum, { mail }) => sum + mail.size, 0);
    const counts = [
      ...Object.entries({ links: meetings.size, waiting, ...this.#house.counts }),
      ...Object.entries(meetings.stats).map(([name, count]) => [`${name} datagrams`, count] as const),
    ];
    this.#house.show({ type: "stats", counts });
  }
}
