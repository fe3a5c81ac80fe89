import { fnv1a } from "../core/text.ts";
import { isSigned, type Membership, type SignedMembership } from "./membership.ts";
import type { PeerLimits } from "./options.ts";

/**
 * The memberships of all groups, as far as they are known here.
 *
 * Only the member changes a membership, each time with a higher version and a signature, so the result does not depend on the
 * order in which changes arrive. `sum` is a checksum: two peers with the same sum know the same.
 */
export class Groups {
  readonly #entries = new Map<string, Map<string, Membership>>();
  /** People whom we have invited, and who have not joined yet. */
  readonly #invited = new Map<string, Map<string, string>>();
  #size = 0;
  #sum = 0;
  /** Memberships that were not stored, because there are too many. */
  refused = 0;

  constructor(readonly self: { readonly key: string; readonly name: string }, readonly limits: PeerLimits) {}

  get sum(): number {
    return this.#sum;
  }

  /** All known groups. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The members of a group, including us. */
  members(group: string): Membership[] {
    return [...this.#entries.get(group)?.values() ?? []].filter((each) => each.in);
  }

  /** The receivers of our messages to a group: the other members, and those invited, who join before a message reaches them. */
  audience(group: string): { readonly key: string; readonly name: string }[] {
    const members = this.members(group).filter(({ key }) => key !== this.self.key);
    const invited = [...this.#invited.get(group) ?? []].map(([key, name]) => ({ key, name }));
    return [...members, ...invited];
  }

  invite(group: string, key: string, name: string): void {
    if (this.isIn(group, key)) return;
    const invited = this.#invited.get(group) ?? new Map<string, string>();
    this.#invited.set(group, invited.set(key, name));
  }

  isIn(group: string, key = this.self.key): boolean {
    return this.#entries.get(group)?.get(key)?.in ?? false;
  }

  /** All memberships that are signed; ours are a moment after they have changed. */
  all(): SignedMembership[] {
    return [...this.#entries.values()].flatMap((members) => [...members.values()].filter(isSigned));
  }

  /** Joins or leaves a group: our membership, for the others. */
  enter(group: string, isIn: boolean, version = this.#ownVersion(group) + 1): Membership {
    const { key, name } = this.self;
    const entry = { group, key, name, version, in: isIn };
    this.#set(entry);
    return entry;
  }

  /** Our membership, once it is signed; false if it has changed meanwhile. */
  signed(entry: SignedMembership): boolean {
    const members = this.#entries.get(entry.group);
    const known = members?.get(entry.key);
    if (known?.version !== entry.version || known.in !== entry.in) return false;
    members!.set(entry.key, entry);
    return true;
  }

  /** Those of another peer's memberships that are later than ours, so that their signatures matter. */
  news(entries: readonly SignedMembership[]): SignedMembership[] {
    return entries.filter((entry) => {
      const known = this.#entries.get(entry.group)?.get(entry.key);
      if (known) return isLater(entry, known);
      // Memberships of ours in groups that we were never in are not answered.
      if (entry.key === this.self.key) return false;
      if (!this.#isFull(entry.group)) return true;
      this.refused++;
      return false;
    });
  }

  /** Merges verified memberships from another peer: what has changed, and our own ones that the other peer has wrong. */
  merge(entries: readonly Membership[]): { changed: Membership[]; wrong: Membership[] } {
    const changed: Membership[] = [];
    const wrong: Membership[] = [];
    for (const entry of entries) {
      const known = this.#entries.get(entry.group)?.get(entry.key);
      if (known && !isLater(entry, known)) continue;
      if (entry.key === this.self.key) {
        // We have signed it, with a disk that was lost since or in another program; what this program knows holds.
        if (!known) continue;
        wrong.push(this.enter(entry.group, known.in, entry.version + 1));
      } else if (!known && this.#isFull(entry.group)) {
        this.refused++;
      } else {
        this.#set(entry);
        if (entry.in !== (known?.in ?? false)) changed.push(entry);
      }
    }
    return { changed, wrong };
  }

  /** How many groups we are or were in. */
  get own(): number {
    let own = 0;
    for (const members of this.#entries.values()) if (members.has(this.self.key)) own++;
    return own;
  }

  #isFull(group: string): boolean {
    const { members, memberships } = this.limits;
    return this.#size >= memberships || (this.#entries.get(group)?.size ?? 0) >= members;
  }

  #ownVersion(group: string): number {
    return this.#entries.get(group)?.get(this.self.key)?.version ?? 0;
  }

  #set(entry: Membership): void {
    let members = this.#entries.get(entry.group);
    if (!members) this.#entries.set(entry.group, members = new Map());
    const known = members.get(entry.key);
    if (known) this.#sum = (this.#sum - hash(known)) >>> 0;
    else this.#size++;
    members.set(entry.key, entry);
    this.#invited.get(entry.group)?.delete(entry.key);
    this.#sum = (this.#sum + hash(entry)) >>> 0;
  }
}

/** Of two with the same version, the one that has left wins. */
function isLater(entry: Membership, known: Membership): boolean {
  return entry.version > known.version || (entry.version === known.version && known.in && !entry.in);
}

function hash({ group, key, version, in: isIn }: Membership): number {
  return fnv1a(`${group} ${key} ${version} ${isIn}`);
}
