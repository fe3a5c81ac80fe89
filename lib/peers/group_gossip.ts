import { peerNameFault } from "../chat/names.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { Groups } from "./groups.ts";
import { encodePeerMessage, type Membership, type PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";

/** Memberships in one message. */
const TOLD = 100;

/**
 * What friends tell each other of groups, until all know the same.
 *
 * Whoever comes or leaves tells everybody. Who meets somebody tells all that they know; and some time after anything has changed
 * friends compare one number of it all, and tell everything where it differs: so news goes around those who are not linked too.
 */
export class GroupGossip {
  readonly #context: PeerContext;
  readonly #groups: Groups;
  /** When friends are asked whether they know the same. */
  #agreeAt = Infinity;
  #told: { readonly sum: number; readonly lines: readonly string[] } | undefined;

  constructor(context: PeerContext, groups: Groups) {
    this.#context = context;
    this.#groups = groups;
  }

  get wakeAt(): number {
    return this.#agreeAt;
  }

  /** Takes up the groups that we were in. */
  restore(): void {
    for (const { group, version, in: isIn } of this.#context.store.parts()) {
      this.#groups.enter(group, isIn, version);
      if (isIn) this.#context.show({ type: "joined", room: group, members: 1 });
    }
  }

  /** Somebody is there. */
  ready({ link, key }: KnownPerson): void {
    if (!link || key === undefined) return;
    for (const line of this.#everything()) link.sendLine(line);
    // Whoever knows more tells it then.
    link.send({ type: "sum", sum: this.#groups.sum, answer: false });
  }

  /** Makes a group, or comes into one, and takes friends into it; why not. */
  gather(group: string, names: readonly string[]): string | undefined {
    const invited: KnownPerson[] = [];
    for (const name of names) {
      const person = this.#context.people.find(name);
      if (typeof person === "string") return person;
      const label = this.#context.people.label(person);
      if (!isThere(person)) return `${label} is not there; a group is made of those who are`;
      if (person.key === undefined) return `the program that ${label} uses knows no groups`;
      invited.push(person);
    }
    // First they hear that we are in.
    const why = this.#comeIn(group);
    if (why !== undefined) return why;
    for (const { link, key, name } of invited) {
      this.#groups.invite(group, key!, name);
      link!.send({ type: "invite", group });
    }
    this.#showMembers(group);
    return undefined;
  }

  /** Comes into a group; it is made when there is none. */
  join(group: string): string | undefined {
    const why = this.#comeIn(group);
    if (why === undefined) this.#showMembers(group);
    return why;
  }

  #comeIn(group: string): string | undefined {
    const fault = peerNameFault(group);
    if (fault !== undefined || this.#groups.isIn(group)) return fault;
    const { groups } = this.#context.limits;
    if (this.#groups.own >= groups) return `you have been in ${groups} groups, the most that are kept`;
    this.#enter(group, true);
    return undefined;
  }

  #showMembers(group: string): void {
    const names = this.#others(group);
    this.#context.show({ type: "joined", room: group, members: names.length + 1 });
    this.#context.show({ type: "members", room: group, names });
  }

  leave(group: string): string | undefined {
    if (!this.#groups.isIn(group)) return `you are not in ${group}`;
    this.#enter(group, false);
    this.#context.show({ type: "left", room: group });
    return undefined;
  }

  /** Somebody takes us into a group. */
  invited(person: KnownPerson, { group }: Extract<PeerMessage, { type: "invite" }>): void {
    const { link } = person;
    if (!link || this.#groups.isIn(group) || ++link.invites > this.#context.limits.invites) return;
    if (this.#groups.own >= this.#context.limits.groups) return;
    this.#context.show({ type: "notice", text: `${this.#context.people.label(person)} takes you into ${group}` });
    this.join(group);
  }

  /** Somebody tells who is in which group. */
  receive(members: readonly Membership[]): void {
    const { changed, wrong } = this.#groups.merge(members);
    for (const entry of wrong) this.#spread(entry);
    if (changed.length > 0) this.#agreeSoon();
    for (const { group, key, name, in: isIn } of changed) {
      if (!this.#groups.isIn(group)) continue;
      const person = this.#context.people.get(key);
      const label = person ? this.#context.people.label(person) : name;
      this.#context.show({ type: isIn ? "memberJoined" : "memberLeft", room: group, name: label });
    }
  }

  /** Somebody tells their number: whoever knows otherwise answers with everything, once each. */
  compare({ link }: KnownPerson, sum: number, answer: boolean): void {
    if (!link || sum === this.#groups.sum) return;
    for (const line of this.#everything()) link.sendLine(line);
    if (!answer) link.send({ type: "sum", sum: this.#groups.sum, answer: true });
  }

  /** We have a key that nobody will have again: no group waits for us. */
  leaveAll(): void {
    for (const group of this.#groups.names) if (this.#groups.isIn(group)) this.#enter(group, false);
  }

  tick(now: number): void {
    if (now < this.#agreeAt) return;
    this.#agreeAt = Infinity;
    this.#tellEach({ type: "sum", sum: this.#groups.sum, answer: false });
  }

  #enter(group: string, isIn: boolean): void {
    this.#spread(this.#groups.enter(group, isIn));
  }

  #spread(entry: Membership): void {
    this.#context.store.keepPart({ group: entry.group, version: entry.version, in: entry.in });
    this.#tellEach({ type: "groups", members: [entry] });
    this.#agreeSoon();
  }

  #tellEach(message: PeerMessage): void {
    const line = encodePeerMessage(message);
    for (const person of this.#context.people.all()) {
      if (person.key !== undefined && isThere(person)) person.link!.sendLine(line);
    }
  }

  /** All that we know. Encoded once, until we know more. */
  #everything(): readonly string[] {
    const { sum } = this.#groups;
    if (this.#told?.sum === sum) return this.#told.lines;
    const all = this.#groups.all();
    const lines: string[] = [];
    for (let i = 0; i < all.length; i += TOLD) {
      lines.push(encodePeerMessage({ type: "groups", members: all.slice(i, i + TOLD) }));
    }
    this.#told = { sum, lines };
    return lines;
  }

  #agreeSoon(): void {
    this.#agreeAt = Math.min(this.#agreeAt, this.#context.now + this.#context.limits.agreeMs);
  }

  #others(group: string): string[] {
    const { people } = this.#context;
    return this.#groups.audience(group).map(({ key, name }) => {
      const person = people.get(key);
      return person ? people.label(person) : name;
    });
  }
}
