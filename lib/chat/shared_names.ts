import type { Place, RecordId } from "./record_id.ts";
import type { NameHolder } from "./store.ts";

/** What the proof of a name begins with that a key holds. */
export const KEY = "key ";

/**
 * Which server holds each name, and what proves it.
 *
 * 1. The claim with the earliest place holds, at all servers, in whatever order they learn of claims.
 * 2. A name can be used where its holder is, and where the same thing proves it: a copy of the account, or the key.
 * 3. Only where a name can be used, another proof can take the place of the one that holds it.
 */
export class SharedNames {
  readonly #holders: Map<string, NameHolder>;
  readonly #self: string;

  constructor(self: string, holders: readonly NameHolder[], readonly nameOf: (server: string) => string) {
    this.#self = self;
    this.#holders = new Map(holders.map((each) => [each.name, each]));
  }

  get(name: string): NameHolder | undefined {
    return this.#holders.get(name);
  }

  get names(): Iterable<string> {
    return this.#holders.keys();
  }

  /** Why a name cannot be used with this proof; undefined when it can, or when no server holds it. */
  fault(name: string, ref: string): string | undefined {
    const holder = this.#holders.get(name);
    if (!holder || holder.ref === ref) return undefined;
    // The password of an account may have been changed here.
    if (holder.server === this.#self && !holder.ref.startsWith(KEY)) return undefined;
    const where = `"${name}" is held by the server ${this.nameOf(holder.server)}`;
    if (!holder.ref.startsWith("account ")) return `${where}, and what proves it there does not prove it here`;
    return `${where}: two servers share an account if their users files have the same entry, with a hashed password`;
  }

  /** Decides a claim; returns the new holder, if it has changed. */
  claim(
    { name, ref, instead }: { readonly name: string; readonly ref: string; readonly instead?: string | undefined },
    { server }: RecordId,
    place: Place,
  ): NameHolder | undefined {
    const current = this.#holders.get(name);
    const claim = { name, ref, server, ...place };
    if (current && current.ref === ref && current.server === server) return undefined;
    const replaces = current !== undefined && instead === current.ref;
    if (current && !replaces && !isEarlier(claim, current)) return undefined;
    this.#holders.set(name, claim);
    return claim;
  }
}

function isEarlier(one: NameHolder, other: NameHolder): boolean {
  if (one.epoch !== other.epoch) return one.epoch < other.epoch;
  if (one.place !== other.place) return one.place < other.place;
  return one.server < other.server;
}
