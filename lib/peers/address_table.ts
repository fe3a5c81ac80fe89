import { type Address, addressKey } from "../core/address.ts";
import type { ListedAddress } from "../protocols/directory/listing.ts";

/** An entry, and since when we know of it. */
export interface KnownEntry extends ListedAddress {
  readonly since: number;
}

/** The client address table as the directory had it last. */
export class AddressTable {
  #entries = new Map<string, KnownEntry>();

  get(address: Address): KnownEntry | undefined {
    return this.#entries.get(addressKey(address));
  }

  all(): readonly KnownEntry[] {
    return [...this.#entries.values()];
  }

  /** The directory has answered. An entry that it had before keeps its time. */
  replace(entries: readonly ListedAddress[], now: number): void {
    const before = this.#entries;
    this.#entries = new Map(entries.map((entry) => {
      const key = addressKey(entry);
      return [key, { ...entry, since: before.get(key)?.since ?? now }];
    }));
  }
}
