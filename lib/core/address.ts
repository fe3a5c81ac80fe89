/** A host, by its IP address or its name, and a port of it. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** The address as text: `HOST:PORT`, or `[HOST]:PORT` for IPv6. */
export function formatAddress({ hostname, port }: Address): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Parses `ADDRESS:PORT`, an IPv4 unicast address and a port; undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  const [, hostname, port] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  if (hostname === undefined || !isIpAddress(hostname)) return undefined;
  if (Number(port) < 1 || Number(port) > 65_535) return undefined;
  const first = Number(hostname.split(".", 1)[0]);
  const isUnicast = first > 0 && first < 224;
  return isUnicast ? { hostname, port: Number(port) } : undefined;
}

/** A key for maps: equal addresses have equal keys. */
export function addressKey({ hostname, port }: Address): string {
  return `${hostname}:${port}`;
}

export function sameAddress(one: Address, other: Address): boolean {
  return one.port === other.port && one.hostname === other.hostname;
}

/** Whether an IP address is a loopback address. */
export function isLoopback(hostname: string): boolean {
  return hostname === "::1" || hostname.startsWith("127.") || hostname.startsWith("::ffff:127.");
}

/** Whether a listener at this address listens on every address of its machine. */
export function isWildcard(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** The host by which a listener is reached; `own`: its machine's addresses for others, the best one first. */
export function reachableHost(hostname: string, own: readonly string[]): string {
  if (hostname === "0.0.0.0") return own.find((address) => !address.includes(":")) ?? "127.0.0.1";
  return hostname === "::" ? own[0] ?? "::1" : hostname;
}

/** An IPv4-mapped IPv6 address as IPv4, so that a host has one address on both kinds of socket. */
export function unwrapped(hostname: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname)?.[1] ?? hostname;
}

/** Whether a text is an IP address, IPv4 or IPv6. */
export function isIpAddress(text: string): boolean {
  if (text.includes(":")) return /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

/**
 * The network that an address is counted with: an IPv4 address alone, an IPv6 address with the rest of its /64, since one host
 * has as many addresses there as it likes.
 */
export function networkOf(hostname: string): string {
  const plain = unwrapped(hostname);
  if (!plain.includes(":") || isLoopback(plain)) return plain;
  const [before, after] = plain.split("%", 1)[0]!.toLowerCase().split("::") as [string, string | undefined];
  const groups = before === "" ? [] : before.split(":");
  if (after !== undefined) {
    const rest = after === "" ? [] : after.split(":");
    groups.push(...new Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill("0"), ...rest);
  }
  return `${groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
