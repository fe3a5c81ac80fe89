import { connect } from "./dial.ts";

/**
 * Opens a TLS connection; throws when that fails, or takes longer than twice `withinMs`. `trusted` is a certificate to accept
 * besides those that this machine trusts.
 */
export async function connectTls(
  { host, port, trusted, withinMs }: { host: string; port: number; trusted: string | undefined; withinMs: number },
): Promise<Deno.TlsConn> {
  const tcp = await connect(host, port, withinMs);
  const conn = await Deno.startTls(tcp, { hostname: host, ...(trusted === undefined ? {} : { caCerts: [trusted] }) });
  // A server that accepts and then says nothing would be waited for without an end.
  let late = false;
  const timer = setTimeout(() => (late = true, conn.close()), withinMs);
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    if (late) throw new Deno.errors.TimedOut(`no handshake within ${withinMs} ms`, { cause: error });
    conn.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
