import { log } from "../core/log.ts";
import type { WebOptions } from "./command_line.ts";
import { clock } from "../net/clock.ts";
import { ownAddresses, ownNames } from "../net/own_addresses.ts";
import { fingerprint, type KeyedCertificate, ownCertificate, readCertificate } from "../store/certificate.ts";

/** What makes a server's connections TLS: what was given, or what was made for this machine, whose fingerprint is told. */
export function certificateFor(
  tls: WebOptions["tls"],
  names: readonly string[],
  data: string,
): KeyedCertificate | undefined {
  if (tls === undefined) return undefined;
  if (tls !== "own") return readCertificate(tls);
  const own = ownCertificate(data, [...ownNames(), ...names, ...ownAddresses()], clock());
  log.info(`the SHA-256 fingerprint of this server's certificate is ${fingerprint(own.cert)}`);
  return own;
}
