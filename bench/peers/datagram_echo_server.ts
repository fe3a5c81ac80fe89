// Echoes every datagram.
const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
const { port } = socket.addr as Deno.NetAddr;
const line = new TextEncoder().encode(`echo listening on 127.0.0.1:${port}\n`);
for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
const buffer = new Uint8Array(65_536);
for (;;) {
  const [datagram, from] = await socket.receive(buffer);
  await socket.send(datagram, from);
}
