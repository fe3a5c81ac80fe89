import type { DatagramLink } from "../protocols/datagram/link.ts";

/** The length of a public key, and of a signature, in bytes. */
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** The public half of a person's key. */
export interface OwnKey {
  readonly key: Uint8Array;
  readonly fingerprint: Uint8Array;
}

/** A key pair made for one link. */
export interface EphemeralKey {
  readonly public: Uint8Array;
}

/** The other side's public keys; it has to prove that it has the secret halves. */
export interface PublicKeys {
  readonly key: Uint8Array;
  readonly fresh: Uint8Array;
}

/** Two symmetric keys agreed on for one link, one for each direction. */
export interface LinkKeys {
  /** The fingerprint of the other side's key. */
  readonly fingerprint: Uint8Array;
}

/** A text that the owner of a key is said to have signed. */
export interface SignedText {
  readonly key: Uint8Array;
  readonly text: Uint8Array;
  readonly signature: Uint8Array;
}

/** A computation wanted. Each is answered later, by `Peer.answered`. */
export type CryptographyRequest =
  /** Signs texts with our key; `id` is that of the answer. */
  | { readonly type: "sign"; readonly id: number; readonly texts: readonly Uint8Array[] }
  | { readonly type: "verify"; readonly id: number; readonly signed: readonly SignedText[] }
  | { readonly type: "generate"; readonly link: DatagramLink }
  /**
   * The keys that only we and the owner of the secret halves of `theirs` can compute for this link, and only if both sides
   * use the same names.
   */
  | {
    readonly type: "agree";
    readonly link: DatagramLink;
    readonly own: EphemeralKey;
    readonly theirs: PublicKeys;
    readonly names: { readonly ours: string; readonly theirs: string };
  }
  /** `n` numbers the boxes of one direction; no number is used twice. */
  | {
    readonly type: "seal";
    readonly link: DatagramLink;
    readonly keys: LinkKeys;
    readonly n: number;
    readonly text: Uint8Array;
  }
  | {
    readonly type: "open";
    readonly link: DatagramLink;
    readonly keys: LinkKeys;
    readonly n: number;
    readonly box: Uint8Array;
  };

export type CryptographyAnswer =
  | { readonly type: "signed"; readonly id: number; readonly signatures: readonly Uint8Array[] }
  /** Whether each text was signed by the owner of its key. */
  | { readonly type: "verified"; readonly id: number; readonly valid: readonly boolean[] }
  | LinkAnswer;

/** An answer for a link. */
export type LinkAnswer =
  | { readonly type: "generated"; readonly link: DatagramLink; readonly key: EphemeralKey }
  /** Undefined when the other side's keys are not valid. */
  | { readonly type: "agreed"; readonly link: DatagramLink; readonly keys: LinkKeys | undefined }
  | { readonly type: "sealed"; readonly link: DatagramLink; readonly box: Uint8Array }
  /** Undefined when the box is not the other side's box of this number. */
  | { readonly type: "opened"; readonly link: DatagramLink; readonly text: Uint8Array | undefined };
