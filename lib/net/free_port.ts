import { UserError } from "../core/errors.ts";

const FIRST = 20_000;
/** Below the range from which systems choose the ports of outgoing connections. */
const COUNT = 12_000;

/**
 * Ports are given in turn, from a random one on, so that several checks on one machine rarely choose the same port at the same
 * time.
 */
let next = Math.floor(Math.random() * COUNT);

/** A TCP and UDP port that is free now, and that this function gives again only after all others. */
export function freePort(): number {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + next++ % COUNT;
    if (isFreePort(port)) return port;
  }
  throw new UserError(`this machine has no free port from ${FIRST} to ${FIRST + COUNT - 1}`);
}

/** Whether this machine has nothing that listens at a TCP or UDP port. */
export function isFreePort(port: number): boolean {
  const at = { hostname: "0.0.0.0", port };
  try {
    Deno.listen(at).close();
    Deno.listenDatagram({ ...at, transport: "udp" }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** Whether a UDP port can be taken now; 0, any free one, always can. */
export function isFreeUdpPort(port: number): boolean {
  try {
    Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
