import { join } from "@std/path";
import { joinIm } from "../im_load.ts";
import { installed, start } from "../process.ts";
import type { PeerKind } from "./peer.ts";

const program = join(import.meta.dirname!, "..", "thread_server.py");

/** The thread-per-client server that the IM handout suggests. */
export const python: PeerKind = {
  name: "thread server",
  missing: async () => await installed("python3") ? undefined : "python3 is not installed",
  join: joinIm,
  async start(folder, usersFile) {
    const running = await start("python3", [program, "0", usersFile], folder, /^im listening on \S+:(\d+)$/m);
    return { running, port: Number(running.match[1]) };
  },
};
