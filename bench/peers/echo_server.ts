// Echoes its input: the lower bound for a message through Deno's sockets.
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
Deno.stdout.writeSync(new TextEncoder().encode(`echo listening on 127.0.0.1:${listener.addr.port}\n`));
for await (const conn of listener) {
  conn.setNoDelay(true);
  echo(conn);
}

async function echo(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      await conn.write(buffer.subarray(0, n));
    }
  } catch {
    // Reset by the other side.
  }
  conn.close();
}
