import { join } from "@std/path";
import { joinPeers } from "../peer_load.ts";
import { start } from "../process.ts";
import type { PeerKind } from "./peer.ts";

/** For fifty peers in one process: 1,225 links, each with keys of its own. */
const MEETING_MS = 60_000;

const program = join(import.meta.dirname!, "peer_program.ts");

/** Chat between peers: `others` of them in another process. */
export function peers(others: number): PeerKind {
  return {
    name: "peers",
    missing: () => Promise.resolve(undefined),
    join: joinPeers,
    async start(folder) {
      const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-sys"];
      const args = ["run", "--unstable-net", ...permissions, program, `${others}`, folder];
      const running = await start(Deno.execPath(), args, folder, /^peers listening on \S+:(\d+)$/m, {
        withinMs: MEETING_MS,
      });
      return { running, port: Number(running.match[1]) };
    },
  };
}
