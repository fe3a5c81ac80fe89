import { formatAddress, isLoopback as isLoopbackAddress, isWildcard, reachableHost } from "../core/address.ts";
import { listenerRow } from "../protocols/listener_table.ts";
import type { ListenerCounts, ServerSnapshot } from "../chat/server_snapshot.ts";
import { serverTexts } from "./texts.ts";

/** Where the page itself was loaded from: a part of `location`. */
export interface PageLocation {
  readonly protocol: string;
  readonly hostname: string;
}

/** The address of a listener as other machines, or only this one, reach it. */
export interface ListenerAddress {
  readonly address: string;
  /** For a browser. */
  readonly link: string | undefined;
  /** What to type or to open. */
  readonly how: string;
  /** Whether only this machine reaches it. */
  readonly isLocal: boolean;
}

export function listenerLabel(name: string): string {
  return listenerRow(name)?.ways.map(({ label }) => translated(label)).join(", ") ?? name;
}

/** What a listener or a program is called in the language of the page. */
export function translated(name: string): string {
  return serverTexts.names[name] ?? name;
}

/** `hosts`: the addresses of the server's machine; `page`: where the page was loaded from. */
export function listenerAddress(
  { name, hostname, port }: ListenerCounts,
  hosts: readonly string[],
  page: PageLocation,
): ListenerAddress {
  // An address that has worked for this browser is the best one.
  const used = isLoopback(page.hostname) ? undefined : page.hostname.replace(/^\[|\]$/g, "");
  const host = isWildcard(hostname) ? used ?? reachableHost(hostname, hosts) : hostname;
  const address = formatAddress({ hostname: host, port });
  const scheme = page.protocol === "https:" ? "https" : "http";
  const facts = { client: "partyline-client", host, port, scheme, certificate: "tls-cert.pem" } as const;
  const how = listenerRow(name)?.ways[0].command(facts) ?? address;
  const link = name === "web" ? how : undefined;
  return { address, link, how, isLocal: isLoopback(host) };
}

/** The address to tell others: the page's if other machines reach it, else that of the first listener they reach. */
export function headline(
  { listeners, hosts }: Pick<ServerSnapshot, "listeners" | "hosts">,
  page: PageLocation,
): { readonly title: string; readonly text: string; readonly isLocal: boolean; readonly isPage: boolean } | undefined {
  const rank = ({ name, isLocal }: { name: string; isLocal: boolean }) =>
    (isLocal ? 10 : 0) + (name === "web" ? 0 : name === "im" ? 1 : 2);
  const [best] = listeners
    .map((listener) => ({ name: listener.name, ...listenerAddress(listener, hosts, page) }))
    .sort((one, other) => rank(one) - rank(other));
  return best &&
    { title: best.address, text: best.link ?? best.address, isLocal: best.isLocal, isPage: best.link !== undefined };
}

/** Of the host of an address on the web. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || isLoopbackAddress(host);
}
