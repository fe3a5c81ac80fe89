/** A port of this machine that nothing listens at. */
export function freePort(transport: "tcp" | "udp" = "tcp"): number {
  const hostname = "127.0.0.1";
  const socket = transport === "tcp"
    ? Deno.listen({ hostname, port: 0 })
    : Deno.listenDatagram({ transport, hostname, port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}
