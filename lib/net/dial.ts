import { reason } from "../core/reason.ts";
import type { ProbeOutcome } from "../core/liveness.ts";

const PROBE_MS = 5000;

/** The result of connecting to a port. */
export type TcpOutcome = "open" | "refused" | "silent" | "unreachable";

/** Connects to the port that a machine has connected from, where nothing listens: a machine that is there refuses. */
export async function probe(hostname: string, port: number): Promise<ProbeOutcome> {
  const outcome = await probeTcp(hostname, port, PROBE_MS);
  return outcome === "open" || outcome === "refused" ? "there" : outcome;
}

/** Connects to a port and closes the connection again. */
export async function probeTcp(hostname: string, port: number, withinMs: number): Promise<TcpOutcome> {
  try {
    (await connect(hostname, port, withinMs)).close();
    return "open";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return "refused";
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
  throw new Deno.errors.ConnectionRefused(`nothing listens on port ${there.port}`);
}

/** The peer does not prove that it is the one who is meant, or speaks no TLS. */
export class HandshakeError extends Error {}

/** The server of a TLS connection. */
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** A certificate to accept besides those that this machine trusts. */
  readonly trusted: string | undefined;
  /** The name that the certificate must have; the host's by default. */
  readonly serverName?: string;
  readonly withinMs: number;
}

/** Opens a TLS connection; throws when that fails, or takes longer than twice `withinMs`. */
export async function connectTls(target: TlsTarget): Promise<Deno.TlsConn> {
  return await startTls(await connect(target.host, target.port, target.withinMs), target);
}

/** Goes on with TLS on a connection; throws, and closes it, when that fails or takes longer than `withinMs`. */
export async function startTls(
  tcp: Deno.TcpConn,
  { host, trusted, serverName, withinMs }: Omit<TlsTarget, "port">,
): Promise<Deno.TlsConn> {
  let conn: Deno.TlsConn;
  try {
    // It cannot be set later. Without it, a message may wait 40 ms for the system at the other end to confirm the last one.
    tcp.setNoDelay(true);
    conn = await Deno.startTls(tcp, {
      hostname: serverName ?? host,
      ...(trusted === undefined ? {} : { caCerts: [trusted] }),
    });
  } catch (error) {
    tcp.close();
    throw new HandshakeError(reason(error), { cause: error });
  }
  // Otherwise a server that accepts and stays silent would block this forever.
  let late = false;
  const timer = setTimeout(() => (late = true, conn.close()), withinMs);
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    if (late) throw new Deno.errors.TimedOut(`no handshake within ${withinMs} ms`, { cause: error });
    conn.close();
    throw new HandshakeError(reason(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
