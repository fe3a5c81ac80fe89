import { formatAddress, isLoopback, unwrapped } from "../../core/address.ts";
import type { Limits } from "../../core/limits.ts";
import { sanitized } from "../../core/text.ts";

/** A user who is online, and their UDP address. */
export interface DirectoryEntry {
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** When it was added. */
  readonly since: number;
  /** When it expires, unless it is renewed. */
  readonly until: number;
}

/** The result of adding or renewing an entry. */
export type Entered =
  | { readonly type: "added" | "renewed"; readonly entry: DirectoryEntry }
  /** The user at this address has changed. */
  | { readonly type: "renamed"; readonly entry: DirectoryEntry; readonly before: string }
  | { readonly type: "refused"; readonly why: string };

/** Characters of a name that are displayed. */
const NAME_CHARACTERS = 64;

/** An entry as text for display: its address and its name. */
export function entryText({ hostname, port, user }: Omit<DirectoryEntry, "since" | "until">): string {
  return `${formatAddress({ hostname, port })} ${nameText(user)}`;
}

/** A name from a request, shortened and without control characters, for display. */
export function nameText(user: string): string {
  return sanitized(user.length > NAME_CHARACTERS ? `${user.slice(0, NAME_CHARACTERS)}…` : user);
}

/**
 * The client address table: one entry for each address and UDP port, in the order in which they were added.
 *
 * 1. An entry that was not renewed stays until `expire` removes it.
 * 2. An IPv4-mapped IPv6 address is the same as its IPv4 address.
 * 3. The number of entries is limited, in all and for each address; a limit never removes an entry.
 */
export class DirectoryTable {
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #fromAddress = new Map<string, number>();
  #nextExpiry = Infinity;

  constructor(readonly limits: Pick<Limits, "bookEntries" | "bookEntriesPerAddress" | "bookExpiryMs">) {}

  get size(): number {
    return this.#entries.size;
  }

  /** No entry expires before this time. */
  get nextExpiry(): number {
    return this.#nextExpiry;
  }

  entries(): DirectoryEntry[] {
    return [...this.#entries.values()];
  }

  /** All entries but the one of this address. */
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
    const since = before?.since ?? now;
    const entry = { hostname: unwrapped(hostname), port, user, since, until: now + this.limits.bookExpiryMs };
    this.#entries.set(key, entry);
    this.#nextExpiry = Math.min(this.#nextExpiry, entry.until);
    if (before) {
      return before.user === user ? { type: "renewed", entry } : { type: "renamed", entry, before: before.user };
    }
    this.#count(entry.hostname, 1);
    return { type: "added", entry };
  }

  /** Removes an entry, if it is there. */
  remove(hostname: string, port: number): DirectoryEntry | undefined {
    const key = keyOf(hostname, port);
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#count(entry.hostname, -1);
    return entry;
  }

  /** Removes the entries that have expired. */
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
