import { join } from "@std/path";
import { freePort } from "../../lib/net/free_port.ts";
import { joining, NativeUser } from "../native_load.ts";
import { installed, type Running, start } from "../process.ts";
import { startOurs } from "./ours.ts";
import type { PeerKind } from "./peer.ts";

/** Why there is no nats-server; undefined where there is one. */
export async function missingNats(): Promise<string | undefined> {
  return await installed("nats-server") ? undefined : "nats-server is not installed";
}

/** A nats-server with JetStream, whose files are in a folder. */
export async function startNats(folder: string): Promise<{ readonly running: Running; readonly port: number }> {
  const port = freePort();
  const args = ["-js", "-sd", join(folder, "nats"), "-a", "127.0.0.1", "-p", String(port), "-l", "/dev/stdout"];
  const running = await start("nats-server", args, folder, /Server is ready/);
  return { running, port };
}

/** Writes of `POUR` messages that are under way: a message is on the disk of two servers before it has arrived. */
export const WRITES = 64;

/** The port of the second server of those that were started last. */
let second = 0;

/** Two of our servers at one nats-server, with native clients: users with an even number at the first, the others at the second. */
export const across: PeerKind = {
  name: "two servers",
  missing: missingNats,
  join: joining(
    (port, name, tally) => NativeUser.login(Number(name.slice(1)) % 2 === 0 ? port : second, name, tally),
    WRITES,
  ),
  async start(folder, usersFile) {
    const users = (await Deno.readTextFile(usersFile)).trimEnd().split("\n");
    const nats = await startNats(folder);
    const servers: { readonly running: Running; readonly port: number }[] = [];
    const stop = async () => {
      for (const { running } of [...servers, nats]) await running.stop();
    };
    try {
      for (const index of [0, 1]) {
        const file = join(folder, `users-${index}.txt`);
        await Deno.writeTextFile(
          file,
          users.filter((_, number) => number % 2 === index).map((line) => `${line}\n`).join(""),
        );
        const options = ["--exchange", `nats://127.0.0.1:${nats.port}`, "--name", `lab${index}`];
        servers.push(await startOurs(folder, file, "im", [...options, "--data", `data-${index}`]));
      }
    } catch (error) {
      await stop();
      throw error;
    }
    const [first, other] = servers;
    second = other!.port;
    return { port: first!.port, running: { ...first!.running, stop } };
  },
};
