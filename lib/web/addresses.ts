import type { ListenerView, Snapshot } from "./watch_state.ts";

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

const LISTENERS: Readonly<Record<string, { label: string; command?: (host: string, port: number) => string }>> = {
  web: { label: "Browser" },
  im: { label: "Chat, and the IM handout", command: (host, port) => `partyline-client chat ${host} ${port}` },
  tls: {
    label: "Chat over TLS",
    command: (host, port) => `partyline-client chat ${host} ${port} --tls-cert tls-cert.pem`,
  },
  mailbox: { label: "Mailbox", command: (host, port) => `partyline-client mailbox ${host} ${port}` },
  lobby: { label: "Lobby, for guests", command: (host, port) => `nc ${host} ${port}` },
  "address-book": {
    label: "Address book",
    command: (host, port) => `partyline-client peer ${host} ${port} --name NAME`,
  },
};

export function listenerLabel(name: string): string {
  return LISTENERS[name]?.label ?? name;
}

/** `hosts`: the addresses of the server's machine; `page`: where the page was loaded from. */
export function listenerAddress(
  { door: name, hostname, port }: ListenerView,
  hosts: readonly string[],
  page: PageLocation,
): ListenerAddress {
  const isWildcard = hostname === "0.0.0.0" || hostname === "::";
  // An address that has worked for this browser is the best one.
  const used = isLoopback(page.hostname) ? undefined : page.hostname.replace(/^\[|\]$/g, "");
  const host = isWildcard ? used ?? hosts[0] ?? "127.0.0.1" : hostname;
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const link = name === "web" ? `${page.protocol}//${address}/` : undefined;
  const how = link ?? LISTENERS[name]?.command?.(host, port) ?? address;
  return { address, link, how, isLocal: isLoopback(host) };
}

/** The address to tell others: the page's if other machines reach it, else that of the first listener they reach. */
export function headline(
  { doors: listeners, hosts }: Pick<Snapshot, "doors" | "hosts">,
  page: PageLocation,
): { readonly title: string; readonly text: string; readonly isLocal: boolean } | undefined {
  const rank = ({ name, isLocal }: { name: string; isLocal: boolean }) =>
    (isLocal ? 10 : 0) + (name === "web" ? 0 : name === "im" ? 1 : 2);
  const [best] = listeners
    .map((listener) => ({ name: listener.door, ...listenerAddress(listener, hosts, page) }))
    .sort((one, other) => rank(one) - rank(other));
  return best && { title: best.address, text: best.link ?? best.address, isLocal: best.isLocal };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || host.startsWith("127.");
}
