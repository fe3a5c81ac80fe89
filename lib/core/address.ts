/** Whether an address is this machine's own. */
export function isLoopback(hostname: string): boolean {
  return hostname === "::1" || hostname.startsWith("127.") || hostname.startsWith("::ffff:127.");
}

/** An address and a port as they are written together. */
export function endpoint(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The address as IPv4 where IPv6 only wraps it: one host is one address, whichever way it came. */
export function unwrapped(hostname: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname)?.[1] ?? hostname;
}

/** Whether a text is an IP address, IPv4 or IPv6. */
export function isIpAddress(text: string): boolean {
  if (text.includes(":")) return /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

/** Where datagrams come from and go to; equal keys are the same place. */
export interface Place {
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
}

/** The place of an address and a port. */
export function placeAt(hostname: string, port: number): Place {
  return { key: `${hostname}:${port}`, hostname, port };
}

/** Reads `ADDRESS:PORT`, an IPv4 address and a port; undefined when it is none. */
export function readPlace(text: string): Place | undefined {
  const [, hostname, port] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  if (hostname === undefined || !isIpAddress(hostname)) return undefined;
  if (Number(port) < 1 || Number(port) > 65_535) return undefined;
  // Nobody is at an address that is for many, or for none.
  const first = Number(hostname.split(".", 1)[0]);
  return first === 0 || first >= 224 ? undefined : placeAt(hostname, Number(port));
}
