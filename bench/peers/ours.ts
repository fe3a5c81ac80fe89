import { join } from "@std/path";
import { programs } from "../../tools/targets.ts";
import { joinIm } from "../im_load.ts";
import { start } from "../process.ts";
import { joinRoom } from "../lobby_load.ts";
import { joinMailbox } from "../mailbox_load.ts";
import { joinNative } from "../native_load.ts";
import { joinWeb } from "../web_load.ts";
import type { PeerKind } from "./peer.ts";

const root = join(import.meta.dirname!, "..", "..");
const listening = (listener: string) => new RegExp(`^${listener} listening on \\S+:(\\d+)$`, "m");

// The limits exist to slow down such loads, which come from one address; no other server here has them.
const unlimited = [
  ...["--burst-commands", "10000000", "--commands-per-second", "10000000", "--connections", "10000"],
  ...["--lobby-burst", "10000000", "--registrations-per-hour", "1000000"],
];

/** Our server, with the permissions and flags of its executable. */
export const ours: PeerKind = {
  name: "ours",
  missing: () => Promise.resolve(undefined),
  join: joinIm,
  start: (folder, usersFile) => startOurs(folder, usersFile, "im", []),
};

/** Starts our server with a listener at any free port, and waits for it. */
export async function startOurs(
  folder: string,
  usersFile: string,
  listener: string,
  listeners: string[],
  { program = [join(root, "server.ts")], limits = unlimited }: { program?: string[]; limits?: string[] } = {},
) {
  const { v8, permissions } = programs.find(({ name }) => name === "server")!;
  const options = [`--v8-flags=${v8.join(",")}`, ...permissions];
  const run = ["run", "--config", join(root, "deno.json"), "--no-prompt", ...options, ...program];
  const args = [...run, "0", usersFile, "--host", "127.0.0.1", ...listeners, ...limits];
  const running = await start(Deno.execPath(), args, folder, listening(listener));
  return { running, port: Number(running.match[1]) };
}

/** Our server with its limits, which keep one connection from taking everything. */
export const limited: PeerKind = {
  ...ours,
  start: (folder, usersFile) => startOurs(folder, usersFile, "im", [], { limits: [] }),
};

/** Our server on a disk whose sync takes so long. */
export function onSlowDisk(syncMs: number): PeerKind {
  const program = [join(import.meta.dirname!, "slow_disk_server.ts"), `${syncMs}`];
  return {
    ...ours,
    name: `sync takes ${syncMs} ms`,
    start: (folder, usersFile) => startOurs(folder, usersFile, "im", [], { program }),
  };
}

/** Our server with native clients: every message is on disk before it is confirmed. */
export const native: PeerKind = { ...ours, name: "native", join: joinNative };

/** Our server with lobby guests. */
export const lobby: PeerKind = {
  ...ours,
  name: "lobby",
  join: joinRoom,
  start: (folder, usersFile) => startOurs(folder, usersFile, "lobby", ["--lobby", "0"]),
};

/** Our server with mailbox clients. */
export const mailbox: PeerKind = {
  ...ours,
  name: "mailbox",
  join: joinMailbox,
  start: (folder, usersFile) => startOurs(folder, usersFile, "mailbox", ["--mailbox", "0"]),
};

/** Our server with WebSocket clients. */
export const web: PeerKind = {
  ...ours,
  name: "WebSocket",
  join: joinWeb,
  start: (folder, usersFile) => startOurs(folder, usersFile, "web", ["--web", "0"]),
};
