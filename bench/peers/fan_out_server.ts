// Forwards every chunk to all others: the lower bound for a room through Deno's sockets.
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
Deno.stdout.writeSync(new TextEncoder().encode(`fan-out listening on 127.0.0.1:${listener.addr.port}\n`));
const members = new Map<Deno.TcpConn, Promise<unknown>>();
for await (const conn of listener) {
  conn.setNoDelay(true);
  members.set(conn, Promise.resolve());
  serve(conn);
}

async function serve(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      const bytes = buffer.slice(0, n);
      for (const [other, before] of members) {
        if (other !== conn) members.set(other, before.then(() => write(other, bytes)).catch(() => {}));
      }
    }
  } catch {
    // Reset by the other side.
  }
  members.delete(conn);
  conn.close();
}

async function write(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
