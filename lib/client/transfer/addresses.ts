import { formatAddress, isIpAddress, isLoopback, unwrapped } from "../../core/address.ts";
import { connect } from "../../net/dial.ts";
import { shut } from "./listener.ts";

/** Somewhere a client may be called. */
export interface CallPlace {
  readonly hostname: string;
  readonly port: number;
}

/** So many are tried; who has more addresses than this has them for other things. */
const PLACES = 8;
/** For all that are tried at once; a LAN answers in milliseconds. */
const CALL_MS = 1500;

/** Where this machine may be called at a port: its addresses, as the system tells them. */
export function ownPlaces(port: number | undefined): string[] {
  if (port === undefined) return [];
  let addresses: string[];
  try {
    addresses = Deno.networkInterfaces().filter(({ family }) => family === "IPv4").map(({ address }) => address);
  } catch {
    // The chat knows one of them at least.
    addresses = [];
  }
  const outside = addresses.filter((address) => !isLoopback(address));
  return [...outside, "127.0.0.1"].map((address) => formatAddress({ hostname: address, port }));
}

/**
 * Where somebody may be called who says to be at `told` and is seen at `seen`: only there, and at addresses of a LAN, so that nobody
 * can have us call whomever they like.
 */
export function callPlaces(told: readonly string[], seen: string | undefined): CallPlace[] {
  const places: CallPlace[] = [];
  const add = (hostname: string, port: number) => {
    if (!places.some((place) => place.hostname === hostname && place.port === port)) places.push({ hostname, port });
  };
  const at = seen === undefined ? undefined : unwrapped(seen);
  for (const text of told) {
    const place = readEndpoint(text);
    if (!place) continue;
    if (at !== undefined && !isLoopback(at)) add(at, place.port);
    // Ours is not theirs, unless we are seen to share a machine.
    if (
      isLoopback(place.hostname) ? at === undefined || isLoopback(at) : isLocal(place.hostname) || place.hostname === at
    ) {
      add(place.hostname, place.port);
    }
  }
  return places.slice(0, PLACES);
}

/** Calls all places at once; the first that answers, or nobody. */
export async function callFirst(places: readonly CallPlace[]): Promise<Deno.TcpConn | undefined> {
  let found: Deno.TcpConn | undefined;
  const calls = places.map(async ({ hostname, port }) => {
    const conn = await connect(hostname, port, CALL_MS);
    if (found) return shut(conn);
    found = conn;
  });
  // Rejects only when all have.
  await Promise.any(calls).catch(() => {});
  return found;
}

function readEndpoint(text: string): CallPlace | undefined {
  const [, hostname = "", port = ""] = /^\[?([\da-fA-F:.]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (!isIpAddress(hostname) || Number(port) < 1024 || Number(port) > 65_535) return undefined;
  return { hostname, port: Number(port) };
}

/** Addresses that no router leads to from outside. */
function isLocal(hostname: string): boolean {
  return /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe[89ab])/i
    .test(hostname);
}
