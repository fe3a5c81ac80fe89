import { delay } from "@std/async/delay";
import { parseArgs } from "@std/cli/parse-args";
import { freePort } from "../lib/net/free_port.ts";
import { print } from "../lib/terminal/print.ts";
import { NatsServer } from "./support/nats_server.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { Pair } from "./support/soak_pair.ts";

// deno task soak-exchange [--seconds N] [--link]: three servers at one nats-server, or linked to the first of them, on loopback.
// Pairs of real clients talk across them while servers and the nats-server are killed in turn. Status 1 if a message is lost,
// repeated or out of order.

const flags = parseArgs(Deno.args, { string: ["seconds"], boolean: ["link"] });
const totalMs = Number(flags.seconds ?? 120) * 1000;
/** Between two kills: a server has started again, and its clients are back. */
const KILL_EVERY_MS = 4000;
/** Until what was killed is started again: longer than servers wait before they go on alone, every second time. */
const DOWN_MS = [500, 5000];
const SETTLE_MS = 90_000;
const SERVERS = 3;

using folder = new Folder();
const users = ["alice", "bob", "carol", "dave", "eve", "frank"];
folder.write("users.txt", users.map((name) => `${name} 12345\n`).join(""));
folder.write("secret", "12345\n");
await new Running(SOURCES, "server", ["hash-passwords", "users.txt"], folder.path).over();
const nats = flags.link ? undefined : await NatsServer.open();
const ports = Array.from({ length: SERVERS }, () => freePort());
const linkPort = freePort();
const servers: Running[] = [];
for (let index = 0; index < SERVERS; index++) servers.push(await start(index));
const problems: string[] = [];
let kills = 0;
try {
  await using one = new Pair(["alice", "bob"], folder.path, [ports[0]!, ports[1]!]);
  await using two = new Pair(["carol", "dave"], folder.path, [ports[1]!, ports[2]!]);
  await using three = new Pair(["eve", "frank"], folder.path, [ports[2]!, ports[0]!]);
  const pairs = [one, two, three];
  await Promise.all(pairs.map((pair) => pair.talk(5000)));
  await Promise.all(pairs.map((pair) => pair.settled(SETTLE_MS)));
  printTimes("quiet", await Promise.all(pairs.map((pair) => pair.talk(10_000))));
  await Promise.all(pairs.map((pair) => pair.settled(SETTLE_MS)));
  const talking = Promise.all(pairs.map((pair) => pair.talk(totalMs)));
  for (const end = performance.now() + totalMs; performance.now() < end;) {
    await kill(kills++);
    await delay(KILL_EVERY_MS);
  }
  printTimes(`with ${kills} kills`, await talking);
  await Promise.all(pairs.map((pair) => pair.settled(SETTLE_MS)));
  for (const pair of pairs) {
    problems.push(...pair.problems);
    print(`${pair.names.join(" to ")}: ${pair.said} said, ${pair.received} received, ${pair.failed} failed\n`);
    if (pair.problems.length > 0) print(`${pair.errors.slice(-2000)}\n`);
  }
  if (problems.length > 0) { for (const server of servers) print(`${server.err.slice(-4000)}\n----\n`); }
} finally {
  for (const server of servers) await server[Symbol.asyncDispose]();
  await nats?.[Symbol.asyncDispose]();
}
for (const problem of problems) print(`WRONG: ${problem}\n`);
Deno.exit(problems.length > 0 ? 1 : 0);

/** Kills a server or the nats-server, one after the other, and starts it again. */
async function kill(turn: number): Promise<void> {
  const count = SERVERS + (nats ? 1 : 0);
  const index = turn % count;
  const down = DOWN_MS[Math.floor(turn / count) % DOWN_MS.length]!;
  if (index === SERVERS) {
    await nats!.kill();
    await delay(down);
    return await nats!.start();
  }
  servers[index]!.process.kill("SIGKILL");
  await servers[index]!.over();
  await delay(down);
  servers[index] = await start(index);
}

async function start(index: number): Promise<Running> {
  const args = [String(ports[index]), "users.txt", "--host", "127.0.0.1", "--data", `data-${index}`];
  args.push("--name", `lab${index + 1}`);
  if (nats) args.push("--exchange", `nats://127.0.0.1:${nats.port}`);
  else if (index === 0) args.push("--link-port", String(linkPort));
  else args.push("--link", `127.0.0.1:${linkPort}`, "--link-secret", "data-0/link-secret");
  const started = new Running(SOURCES, "server", args, folder.path);
  await started.printed(/^im listening/m);
  return started;
}

function printTimes(name: string, times: readonly (readonly number[])[]): void {
  const took = times.flat().sort((a, b) => a - b);
  const at = (part: number) => (took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? NaN).toFixed(1);
  print(`${name}: ${took.length} messages, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`);
}
