import { GROUP, startPeer } from "../peer_load.ts";

// peer_program.ts COUNT FOLDER: runs COUNT peers in one process, all linked and in one group.
const [given, folder] = Deno.args;
const count = Number(given);
let first: number | undefined;
const all: Promise<void>[] = [];
for (let number = 1; number <= count; number++) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let came = count - 1;
  const net = await startPeer(`p${number}`, folder!, (event) => {
    if (event.type === "memberJoined" && --came === 0) resolve();
  });
  if (count > 1) all.push(promise);
  if (first !== undefined) net.ask({ type: "add", host: "127.0.0.1", port: first });
  net.ask({ type: "join", room: GROUP });
  first ??= net.port;
}
await Promise.all(all);
const line = new TextEncoder().encode(`peers listening on 127.0.0.1:${first}\n`);
for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
