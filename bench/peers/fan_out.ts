import { join } from "@std/path";
import { joinRoom } from "../lobby_load.ts";
import { start } from "../process.ts";
import type { PeerKind } from "./peer.ts";

const program = join(import.meta.dirname!, "fan_out_server.ts");

/** A bare room in Deno. */
export const fanOut: PeerKind = {
  name: "bare fan-out",
  missing: () => Promise.resolve(undefined),
  join: joinRoom,
  async start(folder) {
    const running = await start(
      Deno.execPath(),
      ["run", "--allow-net", program],
      folder,
      /^fan-out listening on \S+:(\d+)$/m,
    );
    return { running, port: Number(running.match[1]) };
  },
};
