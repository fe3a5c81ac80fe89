import type { ServerPlace } from "../chat/exchange_events.ts";
import { isLoopback, reachableHost } from "../core/address.ts";
import { ownAddresses } from "../net/own_addresses.ts";
import { decodeTlsOffer } from "../protocols/im/tls_offer.ts";
import { type ListenerName, pageAddress } from "../protocols/listener_table.ts";
import { keyFingerprint, pem } from "../store/certificate.ts";
import { reachable } from "./counts.ts";
import type { ExchangePlan } from "./exchange_options.ts";
import type { Listener } from "./listeners.ts";

/** The facts that decide where clients reach a server. */
export interface PlaceParts {
  readonly listeners: ReadonlyMap<ListenerName, Listener>;
  /** The line by which clients learn of TLS. */
  readonly tlsOffer: string | undefined;
  readonly pageScheme: "http" | "https";
}

/**
 * Where the clients of this server reach it, for those of the others: at its IM listener, by the address of `--address` or by
 * that of its machine. Undefined where there is no such listener.
 */
export function placeOf(
  { address }: ExchangePlan,
  { listeners, tlsOffer, pageScheme }: PlaceParts,
): ServerPlace | undefined {
  const im = listeners.get("im")?.address;
  if (!im) return undefined;
  const own = reachable(ownAddresses());
  const hostname = address?.hostname ?? reachableHost(im.hostname, own);
  const offer = tlsOffer === undefined ? undefined : decodeTlsOffer(tlsOffer);
  const page = listeners.get("web")?.address;
  const isPageReached = page && (!isLoopback(page.hostname) || isLoopback(hostname));
  return {
    hostname,
    port: address?.port ?? im.port,
    ...(offer ? { key: keyFingerprint(pem(offer.certificate)) } : {}),
    ...(isPageReached
      ? { page: pageAddress(pageScheme, address?.hostname ?? reachableHost(page.hostname, own), page.port) }
      : {}),
  };
}
