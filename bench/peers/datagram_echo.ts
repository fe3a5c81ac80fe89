import { join } from "@std/path";
import { start } from "../process.ts";
import { type Crowd, forEachOf, type JoinOptions, type Tally, TEXT, type Until } from "../traffic.ts";
import type { PeerKind } from "./peer.ts";

const program = join(import.meta.dirname!, "datagram_echo_server.ts");

/** Half of the users send, each again when its datagram has returned; on loopback none is lost. */
async function joinEcho(port: number, count: number, _options?: JoinOptions): Promise<Crowd> {
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const server: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
  const datagram = new TextEncoder().encode(TEXT);
  const sockets = await forEachOf(
    0,
    count / 2,
    8,
    () => Promise.resolve(Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 })),
  );
  const only = () => Promise.reject(new Error("an echo has no rooms"));
  const once = async (socket: Deno.DatagramConn, buffer: Uint8Array) => {
    await socket.send(datagram, server);
    await socket.receive(buffer);
    tally.acked++;
  };
  return {
    tally,
    shout: only,
    announce: only,
    async talk(pairs: number, until: Until) {
      await Promise.all(
        sockets.slice(0, pairs).map(async (socket) => {
          const buffer = new Uint8Array(2048);
          while (!until.over) await once(socket, buffer);
        }),
      );
    },
    whisper: () => once(sockets[0]!, new Uint8Array(2048)),
    leave() {
      for (const socket of sockets) socket.close();
    },
  };
}

/** Datagrams echoed by a Deno program: two a round, where a mailbox message takes eight. */
export const datagramEcho: PeerKind = {
  name: "bare datagrams",
  missing: () => Promise.resolve(undefined),
  join: joinEcho,
  async start(folder) {
    const args = ["run", "--unstable-net", "--allow-net", program];
    const running = await start(Deno.execPath(), args, folder, /^echo listening on \S+:(\d+)$/m);
    return { running, port: Number(running.match[1]) };
  },
};
