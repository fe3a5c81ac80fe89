import { isIpAddress } from "./address.ts";

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
