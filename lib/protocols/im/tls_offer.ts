import { decodeBase64, encodeBase64 } from "../../core/bytes.ts";

/** Our extension: asks, before a login, where the server speaks the native protocol over TLS. */
export const ASKS_TLS = "/partyline 2 tls";

/** Where a server speaks the native protocol over TLS, and what proves that it is the server. */
export interface TlsOffer {
  readonly port: number;
  /** One of the names in the certificate: the client verifies this one, however the user has named the host. */
  readonly name: string;
  /** In DER. */
  readonly certificate: Uint8Array;
}

/** A certificate of ours has 500 bytes, one with an RSA key of 4096 bits some 1,500. */
const CERTIFICATE_CHARACTERS = 8192;
const OFFER = new RegExp(
  `^113 tls (\\d{1,5}) ([A-Za-z0-9.:-]{1,253}) ([A-Za-z0-9+/]{4,${CERTIFICATE_CHARACTERS}}={0,2})$`,
);

/** The reply to `ASKS_TLS`. */
export function encodeTlsOffer({ port, name, certificate }: TlsOffer): string {
  return `113 tls ${port} ${name} ${encodeBase64(certificate)}`;
}

/** The offer in a reply; undefined where it is none. */
export function decodeTlsOffer(line: string): TlsOffer | undefined {
  const [, digits, name, base64] = OFFER.exec(line) ?? [];
  const [port, certificate] = [Number(digits), decodeBase64(base64 ?? "")];
  if (name === undefined || !certificate || port < 1 || port > 65535) return undefined;
  return { port, name, certificate };
}
