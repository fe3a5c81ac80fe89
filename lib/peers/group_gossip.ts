import { peerNameFault } from "../chat/names.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { Groups } from "./groups.ts";
import { encodePeerMessage, type Membership, type PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";

const MEMBERSHIPS_PER_MESSAGE = 100;

/**
 * Spreads memberships among linked peers until all know the same.
 *
 * A peer that joins or leaves tells all its links. On a new link each side tells everything it knows. Some time after a change,
 * linked peers compare a checksum and tell everything where it differs, so changes also reach peers that are not linked.
 */
export class GroupGossip {
  readonly #context: PeerContext;
  readonly #groups: Groups;
  /** When we send our checksum. */
  #compareAt = Infinity;
  /** All memberships, encoded. */
  #encoded: { readonly sum: number; readonly lines: readonly string[] } | undefined;

  constructor(context: PeerContext, groups: Groups) {
    this.#context = context;
    this.#groups = groups;
  }

  get wakeAt(): number {
    return this.#compareAt;
  }

  /** Restores our own memberships from the store. */
  restore(): void {
    for (const { group, version, in: isIn } of this.#context.store.memberships()) {
      this.#groups.enter(group, isIn, version);
      if (isIn) this.#context.show({ type: "joined", room: group, members: 1 });
    }
  }

  /** There is a link with a person. */
  ready({ link, key }: KnownPerson): void {
    if (!link || key === undefined) return;
    for (const line of this.#everything()) link.sendLine(line);
    // The other side answers if it knows more.
    link.send({ type: "sum", sum: this.#groups.sum, answer: false });
  }

  /** Joins a group, or creates it, and adds people to it; why it cannot be done. */
  createGroup(group: string, names: readonly string[]): string | undefined {
    const invited: KnownPerson[] = [];
    for (const name of names) {
      const person = this.#context.people.find(name);
      if (typeof person === "string") return person;
      const label = this.#context.people.label(person);
      if (!isThere(person)) return `${label} is not there; only people who are can be added to a group`;
      if (person.key === undefined) return `the program that ${label} uses has no groups`;
      invited.push(person);
    }
    // They have to know that we are in before they accept the invitation.
    const why = this.#tryJoin(group);
    if (why !== undefined) return why;
    for (const { link, key, name } of invited) {
      this.#groups.invite(group, key!, name);
      link!.send({ type: "invite", group });
    }
    this.#showMembers(group);
    return undefined;
  }

  /** Joins a group, or creates it; why it cannot be done. */
  join(group: string): string | undefined {
    const why = this.#tryJoin(group);
    if (why === undefined) this.#showMembers(group);
    return why;
  }

  #tryJoin(group: string): string | undefined {
    const fault = peerNameFault(group);
    if (fault !== undefined || this.#groups.isIn(group)) return fault;
    const { groups } = this.#context.limits;
    if (this.#groups.own >= groups) return `you have been in ${groups} groups, the most allowed`;
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

  /** A person adds us to a group. */
  invited(person: KnownPerson, { group }: Extract<PeerMessage, { type: "invite" }>): void {
    const { link } = person;
    if (!link || this.#groups.isIn(group) || ++link.invites > this.#context.limits.invites) return;
    if (this.#groups.own >= this.#context.limits.groups) return;
    this.#context.show({ type: "notice", text: `${this.#context.people.label(person)} adds you to ${group}` });
    this.join(group);
  }

  /** Memberships from another peer. */
  receive(members: readonly Membership[]): void {
    const { changed, wrong } = this.#groups.merge(members);
    for (const entry of wrong) this.#spread(entry);
    if (changed.length > 0) this.#compareSoon();
    for (const { group, key, name, in: isIn } of changed) {
      if (!this.#groups.isIn(group)) continue;
      const person = this.#context.people.get(key);
      const label = person ? this.#context.people.label(person) : name;
      this.#context.show({ type: isIn ? "memberJoined" : "memberLeft", room: group, name: label });
    }
  }

  /** The checksum of another peer. If it differs, both sides tell everything, once. */
  compare({ link }: KnownPerson, sum: number, answer: boolean): void {
    if (!link || sum === this.#groups.sum) return;
    for (const line of this.#everything()) link.sendLine(line);
    if (!answer) link.send({ type: "sum", sum: this.#groups.sum, answer: true });
  }

  /** Leaves all groups: our key is temporary, so nobody could send us anything there. */
  leaveAll(): void {
    for (const group of this.#groups.names) if (this.#groups.isIn(group)) this.#enter(group, false);
  }

  tick(now: number): void {
    if (now < this.#compareAt) return;
    this.#compareAt = Infinity;
    this.#sendAll({ type: "sum", sum: this.#groups.sum, answer: false });
  }

  #enter(group: string, isIn: boolean): void {
    this.#spread(this.#groups.enter(group, isIn));
  }

  #spread(entry: Membership): void {
    this.#context.store.keepMembership({ group: entry.group, version: entry.version, in: entry.in });
    this.#sendAll({ type: "groups", members: [entry] });
    this.#compareSoon();
  }

  #sendAll(message: PeerMessage): void {
    const line = encodePeerMessage(message);
    for (const person of this.#context.people.all()) {
      if (person.key !== undefined && isThere(person)) person.link!.sendLine(line);
    }
  }

  #everything(): readonly string[] {
    const { sum } = this.#groups;
    if (this.#encoded?.sum === sum) return this.#encoded.lines;
    const all = this.#groups.all();
    const lines: string[] = [];
    for (let i = 0; i < all.length; i += MEMBERSHIPS_PER_MESSAGE) {
      lines.push(encodePeerMessage({ type: "groups", members: all.slice(i, i + MEMBERSHIPS_PER_MESSAGE) }));
    }
    this.#encoded = { sum, lines };
    return lines;
  }

  #compareSoon(): void {
    this.#compareAt = Math.min(this.#compareAt, this.#context.now + this.#context.limits.compareMs);
  }

  #others(group: string): string[] {
    const { people } = this.#context;
    return this.#groups.audience(group).map(({ key, name }) => {
      const person = people.get(key);
      return person ? people.label(person) : name;
    });
  }
}
