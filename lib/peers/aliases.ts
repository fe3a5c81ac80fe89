import { type Address, addressKey } from "../core/address.ts";

/** Places of somebody who is spoken with at another one: they need not be asked. */
export class Aliases {
  readonly #aliases = new Map<string, { readonly place: Address; readonly spoken: string }>();

  has(place: Address): boolean {
    return this.#aliases.has(addressKey(place));
  }

  /** Who is at a place is spoken with at another one. */
  add(place: Address, spoken: Address): void {
    this.#aliases.set(addressKey(place), { place, spoken: addressKey(spoken) });
  }

  /** Nobody is spoken with there any more: the places at which whoever it was may be found. */
  parted(spoken: Address): Address[] {
    const others = [...this.#aliases.values()].filter((alias) => alias.spoken === addressKey(spoken));
    for (const { place } of others) this.#aliases.delete(addressKey(place));
    return others.map(({ place }) => place);
  }
}
