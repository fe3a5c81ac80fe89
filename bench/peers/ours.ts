import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { joinIm } from "../im_load.ts";
import { start } from "../process.ts";
import { joinNative } from "../native_load.ts";
import type { PeerKind } from "./peer.ts";

const root = join(import.meta.dirname!, "..", "..");
const LISTENING = /^im listening on \S+:(\d+)$/m;

// A load test is what the limit on commands exists to slow down, and no other server here has one.
const unlimited = ["--burst-commands", "10000000", "--commands-per-second", "10000000", "--connections", "10000"];

/** Our server, as `deno task start` runs it. */
export const ours: PeerKind = {
  name: "ours",
  missing: () => Promise.resolve(undefined),
  join: joinIm,
  async start(folder, usersFile) {
    const task: string = config.tasks.start.command;
    const options = task.split(" ").slice(2, -1);
    const program = ["run", "--config", join(root, "deno.json"), "--no-prompt", ...options, join(root, "server.ts")];
    const args = [...program, "0", usersFile, "--host", "127.0.0.1", ...unlimited];
    const running = await start(Deno.execPath(), args, folder, LISTENING);
    return { running, port: Number(running.match[1]) };
  },
};

/** Our server with everybody speaking our own protocol: all that is said is kept on the disk before it is confirmed. */
export const native: PeerKind = { ...ours, name: "native", join: joinNative };
