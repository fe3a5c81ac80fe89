/** A key made for one link alone. */
export interface FreshKey {
  /** What the other side is told of it. */
  readonly public: Uint8Array;
}

/** The keys of one link, one for each direction; `n` is the number of the box in its direction, never used twice. */
export interface LinkKeys {
  seal(n: number, text: Uint8Array, done: (box: Uint8Array) => void): void;
  /** Gives undefined when the box was not made by whom the keys were agreed with, for this number. */
  open(n: number, box: Uint8Array, done: (text: Uint8Array | undefined) => void): void;
}

/** What two have agreed on, and the fingerprint of the other's key. */
export interface Agreement {
  readonly keys: LinkKeys;
  readonly print: Uint8Array;
}

/** What is known of a peer's key: who has the secret half is who they were before. */
export interface PublicKeys {
  readonly key: Uint8Array;
  readonly fresh: Uint8Array;
}

/** Cryptography as peers need it. Each answer comes later, in a turn of its own. */
export interface Cryptography {
  /** Our own key, and its fingerprint. */
  readonly key: Uint8Array;
  readonly print: Uint8Array;
  fresh(done: (fresh: FreshKey) => void): void;
  /**
   * The keys that only we and whoever has the secret halves of `theirs` can have on this link, and only if both mean the same
   * names; undefined when they are none.
   */
  agree(
    fresh: FreshKey,
    theirs: PublicKeys,
    link: Uint8Array,
    names: { readonly ours: string; readonly theirs: string },
    done: (agreement: Agreement | undefined) => void,
  ): void;
}

/** The length of a public key. */
export const KEY_BYTES = 32;
