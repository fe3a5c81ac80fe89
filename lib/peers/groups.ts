import type { Membership } from "./peer_message.ts";
import type { PeerLimits } from "./options.ts";

/** How far others may be ahead of what we have said of ourselves: what a disk that went back may have forgotten. */
const BELIEVED_VERSIONS = 1000;
/** Two 32-bit numbers of FNV-1a. */
const OFFSET = 0x811c9dc5, PRIME = 0x01000193;

/**
 * Who is in which group, as far as is known here.
 *
 * Everybody speaks for themselves alone, each time with a higher version; whoever has heard the same has the same picture, in
 * whatever order it came. `sum` is one number of it all: two that have the same number know the same.
 */
export class Groups {
  readonly #entries = new Map<string, Map<string, Membership>>();
  /** Whom we have taken in, and who have not said so yet. */
  readonly #invited = new Map<string, Map<string, string>>();
  #size = 0;
  #sum = 0;
  /** What was not taken because too much is known already. */
  refused = 0;

  constructor(readonly self: { readonly key: string; readonly name: string }, readonly limits: PeerLimits) {}

  get sum(): number {
    return this.#sum;
  }

  /** The groups heard of. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Who is in a group, we among them if we are. */
  members(group: string): Membership[] {
    return [...this.#entries.get(group)?.values() ?? []].filter((each) => each.in);
  }

  /** Who hears what we say: members, and those whom we take in, who come before they hear it. We ourselves are not among them. */
  audience(group: string): { readonly key: string; readonly name: string }[] {
    const members = this.members(group).filter(({ key }) => key !== this.self.key);
    const invited = [...this.#invited.get(group) ?? []].map(([key, name]) => ({ key, name }));
    return [...members, ...invited];
  }

  /** We take somebody in. */
  invite(group: string, key: string, name: string): void {
    if (this.isIn(group, key)) return;
    const invited = this.#invited.get(group) ?? new Map<string, string>();
    this.#invited.set(group, invited.set(key, name));
  }

  isIn(group: string, key = this.self.key): boolean {
    return this.#entries.get(group)?.get(key)?.in ?? false;
  }

  /** All that is known. */
  all(): Membership[] {
    return [...this.#entries.values()].flatMap((members) => [...members.values()]);
  }

  /** We come into a group, or leave it: what the others are to know. */
  enter(group: string, isIn: boolean, version = this.#ownVersion(group) + 1): Membership {
    const { key, name } = this.self;
    const entry = { group, key, name, version, in: isIn };
    this.#set(entry);
    return entry;
  }

  /** Learns what others know: what changed by it, and what of ours they have wrong. */
  merge(entries: readonly Membership[]): { changed: Membership[]; wrong: Membership[] } {
    const changed: Membership[] = [];
    const wrong: Membership[] = [];
    for (const entry of entries) {
      const known = this.#entries.get(entry.group)?.get(entry.key);
      if (known && !isLater(entry, known)) continue;
      if (entry.key === this.self.key) {
        // Nobody else knows better where we are; but lies of groups that we never entered, or of another age, are not answered.
        if (!known || entry.version > known.version + BELIEVED_VERSIONS) continue;
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

  /** How many groups we have been in. */
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

/** Of two with one version the one that has left is right. */
function isLater(entry: Membership, known: Membership): boolean {
  return entry.version > known.version || (entry.version === known.version && known.in && !entry.in);
}

function hash({ group, key, version, in: isIn }: Membership): number {
  let sum = OFFSET;
  const text = `${group} ${key} ${version} ${isIn}`;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), PRIME);
  return sum >>> 0;
}
