import type { Place } from "../core/address.ts";

/** Places of somebody who is spoken with at another one: they need not be asked. */
export class Aliases {
  readonly #aliases = new Map<string, { readonly place: Place; readonly spoken: string }>();

  has(place: Place): boolean {
    return this.#aliases.has(place.key);
  }

  /** Who is at a place is spoken with at another one. */
  add(place: Place, spoken: Place): void {
    this.#aliases.set(place.key, { place, spoken: spoken.key });
  }

  /** Nobody is spoken with there any more: the places at which whoever it was may be found. */
  parted(spoken: Place): Place[] {
    const others = [...this.#aliases.values()].filter((alias) => alias.spoken === spoken.key);
    for (const { place } of others) this.#aliases.delete(place.key);
    return others.map(({ place }) => place);
  }
}
