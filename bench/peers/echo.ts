import { join } from "@std/path";
import { start } from "../process.ts";
import { type Crowd, type Tally, TEXT } from "../traffic.ts";
import type { PeerKind } from "./peer.ts";

const program = join(import.meta.dirname!, "echo_server.ts");

async function joinEcho(port: number): Promise<Crowd> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const line = new TextEncoder().encode(`${TEXT}\n`);
  const buffer = new Uint8Array(1024);
  const only = () => Promise.reject(new Error("an echo is for one connection"));
  return {
    tally,
    talk: only,
    shout: only,
    announce: only,
    async whisper() {
      await conn.write(line);
      if (await conn.read(buffer) === line.length) tally.acked++;
      else tally.errors++;
    },
    leave: () => conn.close(),
  };
}

/** A TCP echo in Deno: one round trip, where an acknowledged message takes two. */
export const echo: PeerKind = {
  name: "bare echo",
  missing: () => Promise.resolve(undefined),
  join: joinEcho,
  async start(folder) {
    const running = await start(
      Deno.execPath(),
      ["run", "--allow-net", program],
      folder,
      /^echo listening on \S+:(\d+)$/m,
    );
    return { running, port: Number(running.match[1]) };
  },
};
