import type { Limits } from "../core/limits.ts";
import type { ProbeOutcome } from "../core/liveness.ts";
import type { DialOutcome, Link } from "../protocols/session.ts";
import { SessionConnection, sessionConnectionOptions, type SessionHost } from "../server/session_host.ts";

const PROBE_MS = 5000;

/** Opens a link of a seat to a port at the seat's address; resolves when it is gone again, or never came to be. */
export async function dialSeat(host: SessionHost, link: Link, port: number, limits: Limits): Promise<void> {
  let conn: Deno.TcpConn | undefined;
  let outcome: DialOutcome = "connected";
  try {
    conn = await connect(host.peer.hostname, port, limits.linkDialMs);
  } catch (error) {
    outcome = error instanceof Deno.errors.ConnectionRefused ? "refused" : "failed";
  }
  const stream = conn && new SessionConnection(conn, host, link, sessionConnectionOptions(limits));
  host.dialled(link, outcome, stream);
  await stream?.over;
}

/** Knocks on a port that a machine has connected from, where nobody listens. */
export async function probe(hostname: string, port: number): Promise<ProbeOutcome> {
  try {
    (await connect(hostname, port, PROBE_MS)).close();
    return "there";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "there";
    return /unreachable|no route to host/i.test(String(error)) ? "unreachable" : "silent";
  }
}

/** Connects, or throws when it is refused, fails or takes longer than `withinMs`. */
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

/** A dial to a free port of this machine can be given that very port to come from, and then it meets itself. */
function notItself(conn: Deno.TcpConn): Deno.TcpConn {
  const { localAddr: here, remoteAddr: there } = conn;
  if (here.port !== there.port || here.hostname !== there.hostname) return conn;
  conn.close();
  throw new Deno.errors.ConnectionRefused(`nobody listens on port ${there.port}`);
}
