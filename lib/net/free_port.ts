const FIRST = 20_000;
/** Below the range from which systems choose the ports of outgoing connections. */
const COUNT = 12_000;

const given = new Set<number>();

/** A TCP and UDP port that is free now and was not given before by this function. */
export function freePort(): number {
  while (given.size < COUNT) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    given.add(port);
    if (isFreePort(port)) return port;
  }
  given.clear();
  return freePort();
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
