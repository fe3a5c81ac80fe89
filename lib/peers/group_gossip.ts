import { peerNameFault } from "../chat/names.ts";
import { isThere, type PeerContext } from "./context.ts";
import type { CryptographyAnswer } from "./cryptography.ts";
import type { Groups } from "./groups.ts";
import type { Membership, SignedMembership } from "./membership.ts";
import { MembershipSignatures } from "./membership_signatures.ts";
import type { PeerLink } from "./peer_link.ts";
import { encodePeerMessage, type PeerMessage } from "./peer_message.ts";
import type { KnownPerson } from "./people.ts";

const MEMBERSHIPS_PER_MESSAGE = 100;

/**
 * Spreads memberships among linked peers until all know the same.
 *
 * A peer that joins or leaves tells all its links. On a new link each side tells everything it knows. Some time after a change,
 * linked peers compare a checksum and tell everything where it differs, so changes also reach peers that are not linked.
 *
 * 1. A membership counts only with its member's signature, from whichever peer it comes.
 * 2. After the first signature that is wrong, no membership from that link is looked at.
 * 3. While ours is being signed, we send no messages, so that a group's members learn of it before they are written to.
 */
export class GroupGossip {
  readonly #context: PeerContext;
  readonly #groups: Groups;
  /** When we send our checksum. */
  #compareAt = Infinity;
  readonly #signatures: MembershipSignatures;
  /** Our departures from groups that we are in, signed before they are needed: a program that ends does not wait. */
  readonly #departures = new Map<string, SignedMembership>();
  /** All memberships, encoded. */
  #encoded: { readonly sum: number; readonly lines: readonly string[] } | undefined;

  constructor(context: PeerContext, groups: Groups) {
    this.#context = context;
    this.#groups = groups;
    this.#signatures = new MembershipSignatures(context.outputs);
  }

  /** Whether a change of ours is being signed. */
  get isSigning(): boolean {
    return this.#signatures.isSigning;
  }

  get wakeAt(): number {
    return this.#compareAt;
  }

  /** Restores our own memberships from the store. */
  restore(): void {
    const entries = this.#context.store.memberships().map(({ group, version, in: isIn }) => {
      if (isIn) this.#context.show({ type: "joined", room: group, members: 1 });
      return this.#groups.enter(group, isIn, version);
    });
    this.#signatures.sign(entries, []);
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
      if (!isThere(person)) return `${label} is not online; only people who are can be added to a group`;
      if (person.key === undefined) return `the program that ${label} uses has no groups`;
      invited.push(person);
    }
    // They have to know that we are in before they accept the invitation.
    const why = this.#tryJoin(group, invited);
    if (why !== undefined) return why;
    for (const { key, name } of invited) this.#groups.invite(group, key!, name);
    this.#showMembers(group);
    return undefined;
  }

  /** Joins a group, or creates it; why it cannot be done. */
  join(group: string): string | undefined {
    const why = this.#tryJoin(group);
    if (why === undefined) this.#showMembers(group);
    return why;
  }

  #tryJoin(group: string, invited: readonly KnownPerson[] = []): string | undefined {
    const fault = peerNameFault(group);
    if (fault !== undefined) return fault;
    if (this.#groups.isIn(group)) {
      this.#invite(group, invited);
      return undefined;
    }
    const { groups } = this.#context.limits;
    if (this.#groups.own >= groups) return `you have been in ${groups} groups, the most allowed`;
    this.#change([this.#groups.enter(group, true)], invited);
    return undefined;
  }

  #invite(group: string, people: readonly KnownPerson[]): void {
    for (const person of people) if (isThere(person)) person.link!.send({ type: "invite", group });
  }

  #showMembers(group: string): void {
    const names = this.#others(group);
    this.#context.show({ type: "joined", room: group, members: names.length + 1 });
    this.#context.show({ type: "members", room: group, names });
  }

  leave(group: string): string | undefined {
    if (!this.#groups.isIn(group)) return `you are not in ${group}`;
    const departure = this.#groups.enter(group, false);
    const signed = this.#departures.get(group);
    // It tells before anything that the user does next: leaving the program, for one.
    if (signed?.version === departure.version) this.#depart(signed);
    else this.#change([departure]);
    this.#context.show({ type: "left", room: group });
    return undefined;
  }

  /** Tells all of a departure that was signed before. */
  #depart(departure: SignedMembership): void {
    const { group, version } = departure;
    this.#context.store.keepMembership({ group, version, in: false });
    this.#groups.signed(departure);
    this.#departures.delete(group);
    this.#spread([departure]);
  }

  /** A person adds us to a group. */
  invited(person: KnownPerson, { group }: Extract<PeerMessage, { type: "invite" }>): void {
    const { link } = person;
    if (!link || this.#groups.isIn(group) || ++link.invites > this.#context.limits.invites) return;
    if (this.#groups.own >= this.#context.limits.groups) return;
    this.#context.show({ type: "notice", text: `${this.#context.people.label(person)} adds you to ${group}` });
    this.join(group);
  }

  /** Memberships from another peer: has the signatures verified of those that say something new. */
  receive(person: KnownPerson, members: readonly SignedMembership[]): void {
    const link = person.link!;
    if (!link.isForger) this.#signatures.verify({ person, link, entries: this.#groups.news(members) });
  }

  /** Signatures of others are verified: the link that may be read on. What came on a link counts even if it is over. */
  verified(answer: Extract<CryptographyAnswer, { type: "verified" }>): PeerLink | undefined {
    const { person, link, signed, forged } = this.#signatures.verified(answer);
    this.#merge(signed);
    if (forged.length > 0) this.#refuse(person, link, forged);
    return link;
  }

  /** Peers verify what they pass on, so a wrong signature is the sender's own. */
  #refuse(person: KnownPerson, link: PeerLink, forged: readonly Membership[]): void {
    link.isForger = true;
    const label = this.#context.people.label(person);
    const ours = forged.find(({ key }) => key === this.#groups.self.key);
    const what = ours
      ? `that you ${ours.in ? "joined" : "left"} ${ours.group}, which you have not signed`
      : `who is in ${forged[0]!.group}, which its members have not signed`;
    const text = `${label} says ${what}: nothing that ${label} says about groups is believed`;
    this.#context.show({ type: "notice", text });
  }

  #merge(members: readonly Membership[]): void {
    const { changed, wrong } = this.#groups.merge(members);
    if (wrong.length > 0) {
      this.#change(wrong);
      const groups = wrong.map(({ group, in: isIn }) => `${isIn ? "in" : "not in"} ${group}`).join(", ");
      const text = `you have said otherwise before, with this key: all are told again that you are ${groups}`;
      this.#context.show({ type: "notice", text });
    }
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

  /** Leaves all groups: our key is temporary, so no peer could send us anything there. */
  leaveAll(): void {
    const departures = [...this.#departures.values()];
    for (const { group, version } of departures) this.#groups.enter(group, false, version);
    this.#spread(departures);
  }

  /** Our memberships are signed: tells all. */
  signed(answer: Extract<CryptographyAnswer, { type: "signed" }>): void {
    const { entries, invited } = this.#signatures.signed(answer);
    const current = entries.filter((entry) => this.#groups.signed(entry));
    for (const { group, version, in: isIn } of current) {
      const next = isIn && entries.find((each) => each.group === group && each.version === version + 1 && !each.in);
      if (next) this.#departures.set(group, next);
      else this.#departures.delete(group);
    }
    this.#spread(current);
    if (current.length > 0) this.#invite(current[0]!.group, invited);
  }

  tick(now: number): void {
    if (now < this.#compareAt) return;
    this.#compareAt = Infinity;
    this.#sendAll({ type: "sum", sum: this.#groups.sum, answer: false });
  }

  /** Stores our changed memberships, and has them signed. */
  #change(entries: readonly Membership[], invited: readonly KnownPerson[] = []): void {
    for (const { group, version, in: isIn } of entries) {
      this.#context.store.keepMembership({ group, version, in: isIn });
    }
    this.#signatures.sign(entries, invited);
  }

  /** Tells all linked peers of memberships of ours. */
  #spread(members: readonly SignedMembership[]): void {
    if (members.length === 0) return;
    this.#sendAll({ type: "groups", members });
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
