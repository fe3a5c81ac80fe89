import { formatAddress, isLoopback, unwrapped } from "../../core/address.ts";
import type { Limits } from "../../core/limits.ts";
import { sanitized } from "../../core/text.ts";

/** Who is online, and at which UDP address. */
export interface DirectoryEntry {
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** When it is dropped, unless it is renewed. */
  readonly until: number;
}

/** What became of an entry that was to be added or renewed. */
export type Entered =
  | { readonly type: "added" | "renewed"; readonly entry: DirectoryEntry }
  /** Somebody else is at this address now. */
  | { readonly type: "renamed"; readonly entry: DirectoryEntry; readonly before: string }
  | { readonly type: "refused"; readonly why: string };

/** Of a name, shown. */
const NAME_CHARACTERS = 64;

/** An entry for people: its address and its name, fit to be shown. */
export function entryText({ hostname, port, user }: Omit<DirectoryEntry, "until">): string {
  return `${formatAddress({ hostname, port })} ${nameText(user)}`;
}

/** A name that a stranger has chosen, fit to be shown. */
export function nameText(user: string): string {
  return sanitized(user.length > NAME_CHARACTERS ? `${user.slice(0, NAME_CHARACTERS)}…` : user);
}

/**
 * The client address table: one entry for each address and UDP port, in the order in which they came.
 *
 * 1. An entry that was not renewed is there until `expire` takes it.
 * 2. IPv4 wrapped in IPv6 is the same address as without.
 * 3. No more entries than allowed, in all and from one address; who is in stays in.
 */
export class DirectoryTable {
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #fromAddress = new Map<string, number>();
  /** Before this nothing expires. */
  #nextExpiry = Infinity;

  constructor(readonly limits: Pick<Limits, "bookEntries" | "bookEntriesPerAddress" | "bookExpiryMs">) {}

  get size(): number {
    return this.#entries.size;
  }

  /** All entries. */
  entries(): DirectoryEntry[] {
    return [...this.#entries.values()];
  }

  /** All entries but one. */
  others(hostname: string, port: number): DirectoryEntry[] {
    const own = this.#entries.get(keyOf(hostname, port));
    return this.entries().filter((entry) => entry !== own);
  }

  /** Adds or renews an entry. */
  enter(hostname: string, port: number, user: string, now: number): Entered {
    const key = keyOf(hostname, port);
    const before = this.#entries.get(key);
    const why = before ? undefined : this.#refusal(unwrapped(hostname));
    if (why !== undefined) return { type: "refused", why };
    const entry = { hostname: unwrapped(hostname), port, user, until: now + this.limits.bookExpiryMs };
    this.#entries.set(key, entry);
    this.#nextExpiry = Math.min(this.#nextExpiry, entry.until);
    if (before) {
      return before.user === user ? { type: "renewed", entry } : { type: "renamed", entry, before: before.user };
    }
    this.#count(entry.hostname, 1);
    return { type: "added", entry };
  }

  /** Takes an entry out, if it is there. */
  remove(hostname: string, port: number): DirectoryEntry | undefined {
    const key = keyOf(hostname, port);
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#count(entry.hostname, -1);
    return entry;
  }

  /** Takes out the entries whose time is over. */
  expire(now: number): DirectoryEntry[] {
    if (now < this.#nextExpiry) return [];
    const expired: DirectoryEntry[] = [];
    this.#nextExpiry = Infinity;
    for (const entry of this.#entries.values()) {
      if (entry.until <= now) expired.push(entry);
      else this.#nextExpiry = Math.min(this.#nextExpiry, entry.until);
    }
    for (const { hostname, port } of expired) this.remove(hostname, port);
    return expired;
  }

  #refusal(hostname: string): string | undefined {
    const { bookEntries, bookEntriesPerAddress } = this.limits;
    if (this.size >= bookEntries) return `the table has ${bookEntries} entries, the most allowed`;
    if (isLoopback(hostname) || (this.#fromAddress.get(hostname) ?? 0) < bookEntriesPerAddress) return undefined;
    return `the table has ${bookEntriesPerAddress} entries of its address, the most allowed`;
  }

  #count(hostname: string, more: number): void {
    const count = (this.#fromAddress.get(hostname) ?? 0) + more;
    if (count > 0) this.#fromAddress.set(hostname, count);
    else this.#fromAddress.delete(hostname);
  }
}

function keyOf(hostname: string, port: number): string {
  return `${unwrapped(hostname)} ${port}`;
}
