import { encodeText } from "../core/text.ts";

/** Whether a person is in a group; a higher version is later. */
export interface Membership {
  readonly group: string;
  /** The member's public key in base64. */
  readonly key: string;
  readonly name: string;
  readonly version: number;
  readonly in: boolean;
}

/** A membership as peers pass it on. */
export interface SignedMembership extends Membership {
  /** The member's signature of `membershipText`, in base64. */
  readonly signature: string;
}

/** What the member signs. No field has a line feed, so no two memberships have the same text. */
export function membershipText({ group, key, name, version, in: isIn }: Membership): Uint8Array {
  return encodeText(`partyline membership 1\n${group}\n${key}\n${name}\n${version}\n${isIn}`);
}

export function isSigned(membership: Membership): membership is SignedMembership {
  return "signature" in membership;
}
