import { fnv1a } from "../core/text.ts";
import type { Place, RecordId } from "./record_id.ts";
import type { NameHolder } from "./snapshot.ts";

/** What the proof of a name begins with that a key holds. */
export const KEY = "key ";

/**
 * Which server holds each name, and what proves it.
 *
 * 1. The claim with the earliest place holds, at all servers, in whatever order they learn of claims. A claim has several places if
 *    the exchange has lost it and was told again; servers that know different ones tell each other who holds which name, and all
 *    come to the same.
 * 2. A name can be used where its holder is, and where the same thing proves it: a copy of the account, or the key.
 * 3. Only where a name can be used, another proof can take the place of the one that holds it.
 */
export class SharedNames {
  readonly #holders: Map<string, NameHolder>;
  readonly #self: string;
  /** Of the hashes of all holders. */
  #sum = 0;

  constructor(self: string, holders: readonly NameHolder[], readonly nameOf: (server: string) => string) {
    this.#self = self;
    this.#holders = new Map();
    for (const holder of holders) this.merge(holder);
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
    const version = current !== undefined && instead === current.ref ? current.version + 1 : 0;
    return this.merge({ name, ref, server, ...place, version });
  }

  /** Another server says who holds a name, or a claim is decided; returns the holder, if that is news here. */
  merge(holder: NameHolder): NameHolder | undefined {
    const current = this.#holders.get(holder.name);
    if (current && !takesPlace(holder, current)) return undefined;
    this.#holders.set(holder.name, holder);
    this.#sum = (this.#sum + hash(holder) - (current ? hash(current) : 0)) >>> 0;
    return holder;
  }

  get all(): Iterable<NameHolder> {
    return this.#holders.values();
  }

  /** The same at servers that agree about all names. */
  get digest(): string {
    return `${this.#holders.size}-${this.#sum.toString(36)}`;
  }
}

/** A total order: of several holders of a name, all servers choose the same. */
function takesPlace(one: NameHolder, other: NameHolder): boolean {
  if (one.version !== other.version) return one.version > other.version;
  if (one.epoch !== other.epoch) return one.epoch < other.epoch;
  if (one.place !== other.place) return one.place < other.place;
  if (one.server !== other.server) return one.server < other.server;
  return one.ref < other.ref;
}

function hash({ name, ref, server, epoch, place, version }: NameHolder): number {
  return fnv1a([name, ref, server, epoch, place, version].join(" "));
}
