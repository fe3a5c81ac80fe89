import { decodeBase64, encodeBase64 } from "../core/bytes.ts";
import type { Outputs } from "../core/machine.ts";
import type { CryptographyAnswer } from "./cryptography.ts";
import type { PeerOutput } from "./event.ts";
import { type Membership, membershipText, type SignedMembership } from "./membership.ts";
import type { PeerLink } from "./peer_link.ts";
import type { KnownPerson } from "./people.ts";

/** Memberships that a person has told on a link. */
interface Told {
  readonly person: KnownPerson;
  readonly link: PeerLink;
  readonly entries: readonly SignedMembership[];
}

/** Changes of our memberships, and the people to be invited once they are signed. */
interface Change {
  readonly entries: readonly Membership[];
  readonly invited: readonly KnownPerson[];
}

/**
 * Has our memberships signed, and those of others verified.
 *
 * 1. While memberships from a link are verified, nothing further is read from it: their order stays, and each link has at most
 *    one message under verification.
 * 2. With each joining the departure is signed too, so that a program that ends need not wait for a signature.
 */
export class MembershipSignatures {
  readonly #outputs: Pick<Outputs<PeerOutput>, "push">;
  readonly #signing = new Map<number, Change>();
  readonly #verifying = new Map<number, Told>();
  #requests = 0;

  constructor(outputs: Pick<Outputs<PeerOutput>, "push">) {
    this.#outputs = outputs;
  }

  /** Whether a change of ours is being signed. */
  get isSigning(): boolean {
    return this.#signing.size > 0;
  }

  sign(changed: readonly Membership[], invited: readonly KnownPerson[]): void {
    if (changed.length === 0) return;
    const id = ++this.#requests;
    const departures = changed.filter((entry) => entry.in)
      .map((entry) => ({ ...entry, version: entry.version + 1, in: false }));
    const entries = [...changed, ...departures];
    this.#signing.set(id, { entries, invited });
    this.#outputs.push({ type: "compute", request: { type: "sign", id, texts: entries.map(membershipText) } });
  }

  signed({ id, signatures }: Extract<CryptographyAnswer, { type: "signed" }>) {
    const { entries, invited } = this.#signing.get(id)!;
    this.#signing.delete(id);
    return {
      entries: entries.map((entry, i): SignedMembership => ({ ...entry, signature: encodeBase64(signatures[i]!) })),
      invited,
    };
  }

  verify(told: Told): void {
    if (told.entries.length === 0) return;
    const id = ++this.#requests;
    const signed = told.entries.map((entry) => ({
      key: decodeBase64(entry.key)!,
      text: membershipText(entry),
      signature: decodeBase64(entry.signature)!,
    }));
    told.link.isHeld = true;
    this.#verifying.set(id, told);
    this.#outputs.push({ type: "compute", request: { type: "verify", id, signed } });
  }

  verified({ id, valid }: Extract<CryptographyAnswer, { type: "verified" }>) {
    const { person, link, entries } = this.#verifying.get(id)!;
    this.#verifying.delete(id);
    link.isHeld = false;
    return {
      person,
      link,
      signed: entries.filter((_, i) => valid[i]),
      forged: entries.filter((_, i) => !valid[i]),
    };
  }
}
