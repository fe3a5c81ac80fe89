import type { ProbeOutcome } from "../core/liveness.ts";

const PROBE_MS = 5000;

/** Connects to the port that a machine has connected from, where nothing listens: a machine that is there refuses. */
export async function probe(hostname: string, port: number): Promise<ProbeOutcome> {
  try {
    (await connect(hostname, port, PROBE_MS)).close();
    return "there";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "there";
    return /unreachable|no route to host/i.test(String(error)) ? "unreachable" : "silent";
  }
}

/** Connects; throws when the connection is refused, fails or takes longer than `withinMs`. */
export async function connect(hostname: string, port: number, withinMs: number): Promise<Deno.TcpConn> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), withinMs);
  try {
    return notItself(await Deno.connect({ hostname, port, signal: giveUp.signal }));
  } catch (error) {
    if (!giveUp.signal.aborted) throw error;
    throw new Deno.errors.TimedOut(`no answer from ${hostname} port ${port} within ${withinMs} ms`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** A dial to a free port of this machine can be given that same port as its own, and then connects to itself. */
function notItself(conn: Deno.TcpConn): Deno.TcpConn {
  const { localAddr: here, remoteAddr: there } = conn;
  if (here.port !== there.port || here.hostname !== there.hostname) return conn;
  conn.close();
  throw new Deno.errors.ConnectionRefused(`nobody listens on port ${there.port}`);
}
