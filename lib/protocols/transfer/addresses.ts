import { type Address, formatAddress, isIpAddress, isLoopback, sameAddress, unwrapped } from "../../core/address.ts";
import type { RtcDescription } from "./rtc_description.ts";

/** Cap on addresses tried for one connection. */
const ADDRESSES = 8;
/** What a browser gives instead of an address of its machine; one on the same network can resolve it. */
const MDNS_NAME = /^[\da-f-]{36}\.local:(\d{1,5})$/i;

/**
 * The addresses to dial for a user who claims `told` and whose chat connection comes from `seen`: only that address, and
 * addresses of a LAN, so that no user can make us connect to a machine of their choice. A user may hide `seen`.
 */
export function dialAddresses(told: readonly string[], seen: string | undefined): Address[] {
  const found: Address[] = [];
  const add = (hostname: string, port: number) => {
    const address = { hostname, port };
    if (!found.some((other) => sameAddress(other, address))) found.push(address);
  };
  const source = seen === undefined ? undefined : unwrapped(seen);
  for (const text of told) {
    const address = readAddress(text);
    if (!address) continue;
    const { hostname, port } = address;
    if (source !== undefined && !isLoopback(source)) add(source, port);
    // A loopback address is theirs only if both are on the same machine.
    const isUsable = isLoopback(hostname)
      ? source !== undefined && isLoopback(source)
      : isPrivate(hostname) || hostname === source;
    if (isUsable) add(hostname, port);
  }
  return found.slice(0, ADDRESSES);
}

/**
 * What another user's browser tells, with the addresses that ours may try: a name for its machine's address, the same port at
 * the address that the chat sees, and else as for `dialAddresses`.
 */
export function candidatesOf(told: RtcDescription, seen: string | undefined): RtcDescription {
  const names = told.at.filter((text) => isUserPort(MDNS_NAME.exec(text)?.[1])).slice(0, ADDRESSES);
  const asSeen = seen === undefined ? [] : names.map((name) => `${seen}:${MDNS_NAME.exec(name)![1]}`);
  return { ...told, at: [...names, ...dialAddresses([...told.at, ...asSeen], seen).map(formatAddress)] };
}

function readAddress(text: string): Address | undefined {
  const [, hostname = "", port = ""] = /^\[?([\da-fA-F:.]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  return isIpAddress(hostname) && isUserPort(port) ? { hostname, port: Number(port) } : undefined;
}

/** Whether it is a port that programs of users listen at. */
function isUserPort(port: string | undefined): boolean {
  return Number(port) >= 1024 && Number(port) <= 65_535;
}

/** Private, link-local and shared (100.64/10) address ranges. */
function isPrivate(hostname: string): boolean {
  return /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe[89ab])/i
    .test(hostname);
}
