import { encodeText } from "../../core/text.ts";
import { fingerprint } from "../../store/certificate.ts";
import { hmac, type PasswordProof, passwordProof } from "../../store/proofs.ts";

/** The first line of a keeper, before TLS: what it is, and its certificate in base64. */
export const GREETING = "PARTYLINE LINK 1 ";

/** What both sides of a login sign. */
export interface LinkLogin {
  /** The keeper's certificate in PEM, as this side knows it: with another one in between, the two sides sign different texts. */
  readonly certificate: string;
  readonly server: string;
  /** Those of the server that logs in, and of the keeper. */
  readonly nonces: readonly [string, string];
}

/** The proofs of both sides that they know the secret; neither shows it. */
export function linkProof(secret: string, { certificate, server, nonces }: LinkLogin): PasswordProof {
  const key = hmac(encodeText(secret), encodeText("partyline link 1"));
  return passwordProof(key, encodeText([fingerprint(certificate), server, ...nonces].join(",")));
}
