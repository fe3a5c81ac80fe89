const FIRST = 20_000;
/** Below the range from which systems choose the ports of outgoing connections. */
const COUNT = 12_000;

const given = new Set<number>();

/** A TCP port that is free now and was not given before by this function. */
export function freePort(): number {
  while (given.size < COUNT) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    given.add(port);
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  given.clear();
  return freePort();
}
