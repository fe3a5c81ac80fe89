import { delay } from "@std/async/delay";
import { UserError } from "../lib/core/errors.ts";
import { freePort } from "../lib/net/free_port.ts";
import { print } from "../lib/terminal/print.ts";
import { orUsageError, taskFlags } from "../tools/task_flags.ts";
import { disposedAtSignals, Folder, Running, SOURCES } from "./support/programs.ts";
import { Attackers } from "./support/soak_attacker.ts";
import { ATTACKS, type Ports } from "./support/soak_attacks.ts";
import { Pair } from "./support/soak_pair.ts";

const ABOUT =
  `Honest pairs of clients at one server, on loopback, while every attack comes in turn, then all together with
kills of the server, and a full disk (as root on Linux). Prints how long messages took in each phase beside the quiet one.
Status 1 if a message is lost, repeated or out of order, or if descriptors or memory do not return.

Attacks
${Object.keys(ATTACKS).map((name) => `  ${name}`).join("\n")}`;
/** The attackers have the processor when no other program wants it: those on another machine take none of it. */
const ALONE = 19;

const flags = taskFlags("soak", ABOUT, [
  { name: "minutes", value: "N", help: "how long it takes in all (10)" },
  { name: "seconds", value: "N", help: "the same in seconds" },
  { name: "only", value: "ATTACK,…", help: "these attacks alone, without kills and a full disk" },
  { name: "nice", value: "N", help: `the niceness of the attackers, from 0 to 19 (${ALONE})` },
]);
const totalMs = flags.number("seconds", flags.number("minutes", 10) * 60) * 1000;
const attacks = orUsageError("soak", () => attacksOf(flags.value("only")));
/** Some attacks alone, without kills and a full disk. */
const some = flags.given.includes("only");
/** Quiet, each attack, quiet again; all together with kills; a full disk. */
const phaseMs = totalMs / (attacks.length + (some ? 2 : 4));
const DISK = "48m";
/** Descriptors that the server may have more than before, for its files and the pair's connections. */
const MORE_DESCRIPTORS = 16;
/** Memory that it may have more: its tables of failures and names are bounded, and are full after this. */
const MORE_MB = 64;
const RETURN_MS = 45_000;

const begun = new AsyncDisposableStack();
const dispose = disposedAtSignals(begun);
const folder = begun.use(new Folder());
folder.write(
  "users.txt",
  ["alice", "bob", "carol", "dave", "eve", "frank", "grace"].map((name) => `${name} 12345\n`).join(""),
);
folder.write("secret", "12345\n");
folder.write("operator", "correct horse\n");
const ports = portsOf();
const diskIsSmall = await mountSmall(`${folder.path}/data`);
const problems: string[] = [];
let server = await start();
const attackers = begun.use(new Attackers(folder.path, flags.number("nice", ALONE, 0)));
printRow("phase", ["messages", "p50 ms", "p99 ms", "p99/quiet", "server ms/s", "descriptors", "MB"]);
let quiet = 0;
try {
  const one = begun.use(new Pair(["alice", "bob"], folder.path, ports.im));
  const other = begun.use(new Pair(["carol", "dave"], folder.path, ports.im));
  const pairs = [one, other];
  // Everything is compiled and connected.
  await Promise.all(pairs.map((pair) => pair.talk(Math.min(phaseMs, 5000))));
  await Promise.all(pairs.map((pair) => pair.settled(60_000)));
  await phase("quiet", pairs);
  const before = usage();
  for (const name of attacks) await phase(name, pairs, [name]);
  if (!some) {
    await phase("all, and kills of the server", pairs, attacks, async (stop) => {
      for (let kills = 0; !stop.aborted && kills < 20; kills++) {
        await delay(Math.max(3000, phaseMs / 4));
        server.process.kill("SIGKILL");
        await server.over();
        server = await start();
      }
    });
  }
  if (diskIsSmall && !some) await phase("a full disk", pairs, [], fillDisk);
  await Promise.all(pairs.map((pair) => pair.settled(60_000)));
  await returned(before);
  await phase("quiet again", pairs);
  await Promise.all(pairs.map((pair) => pair.settled(60_000)));
  for (const pair of pairs) {
    problems.push(...pair.problems);
    print(`${pair.names.join(" to ")}: ${pair.said} said, ${pair.received} received, ${pair.failed} failed\n`);
    if (pair.problems.length > 0) print(`${pair.errors.slice(-2000)}\n`);
  }
} finally {
  await dispose();
}
if (!diskIsSmall) print("no full disk: a small file system cannot be mounted here\n");
for (const problem of problems) print(`WRONG: ${problem}\n`);
Deno.exit(problems.length > 0 ? 1 : 0);

/** Pairs talk while attacks and something else go on. */
async function phase(
  name: string,
  pairs: readonly Pair[],
  during: readonly string[] = [],
  beside: (stop: AbortSignal) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const stop = new AbortController();
  const going = beside(stop.signal).catch((error) => void problems.push(`${name}: ${error}`));
  const worked = server;
  const busyMs = usage().busyMs;
  await attackers.begin(during, ports);
  const times = await Promise.all(pairs.map((pair) => pair.talk(phaseMs)));
  const { descriptors, mb, busyMs: busyNow } = usage();
  stop.abort();
  await Promise.all([going, attackers.stop()]);
  // What a phase has held up counts for it, and not for the next one.
  await Promise.all(pairs.map((pair) => pair.settled(30_000)));
  const took = times.flat().sort((a, b) => a - b);
  const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? NaN;
  if (name === "quiet") quiet = at(0.99);
  const figures = [
    took.length,
    at(0.5).toFixed(1),
    at(0.99).toFixed(1),
    (at(0.99) / quiet).toFixed(2),
    server === worked ? Math.round((busyNow - busyMs) / (phaseMs / 1000)) : "-",
    descriptors,
    mb,
  ];
  printRow(name, figures);
}

function printRow(name: string, cells: readonly unknown[]): void {
  print(`${name.padEnd(40)}${cells.map((cell) => String(cell).padStart(12)).join("")}\n`);
}

async function start(): Promise<Running> {
  const { im, book, lobby, rooms, mailbox, mychat, web, tls } = ports;
  const options = { "address-book": book, lobby, rooms, mailbox, mychat, web, "tls-port": tls };
  const args = [String(im), "users.txt", "--host", "127.0.0.1", "--data", "data", "--log-level", "error"];
  args.push("--registration", "--watch-password-file", "operator");
  for (const [name, port] of Object.entries(options)) args.push(`--${name}`, String(port));
  // Throws when the soak is ending: nothing is begun any more.
  begun.defer(async () => await started[Symbol.asyncDispose]());
  const started = new Running(SOURCES, "server", args, folder.path);
  await started.printed(/^tls listening/m);
  return started;
}

/** What the server's process holds, and how long it has worked; zeros where the system does not say. */
function usage(): { descriptors: number; mb: number; busyMs: number } {
  try {
    const proc = `/proc/${server.process.pid}`;
    const kb = Number(/^VmRSS:\s+(\d+)/m.exec(Deno.readTextFileSync(`${proc}/status`))?.[1] ?? 0);
    // In hundredths of a second: what the process and the system for it have taken.
    const [user, system] = Deno.readTextFileSync(`${proc}/stat`).split(") ")[1]!.split(" ").slice(11, 13).map(Number);
    const descriptors = [...Deno.readDirSync(`${proc}/fd`)].length;
    return { descriptors, mb: Math.round(kb / 1024), busyMs: (user! + system!) * 10 };
  } catch {
    return { descriptors: 0, mb: 0, busyMs: 0 };
  }
}

/** Waits until the server holds no more than before the attacks. */
async function returned(before: { descriptors: number; mb: number }): Promise<void> {
  let now = usage();
  for (const end = performance.now() + RETURN_MS; performance.now() < end; await delay(500), now = usage()) {
    if (now.descriptors <= before.descriptors + MORE_DESCRIPTORS && now.mb <= before.mb + MORE_MB) return;
  }
  const text = (held: typeof before) => `${held.descriptors} descriptors and ${held.mb} MB`;
  problems.push(`after the attacks the server holds ${text(now)}, before them ${text(before)}`);
}

/** Fills the disk, and makes room again. */
async function fillDisk(stop: AbortSignal): Promise<void> {
  const path = `${folder.path}/data/filler`;
  const file = Deno.openSync(path, { write: true, create: true });
  for (const bytes of [1 << 16, 1 << 10, 1]) {
    try {
      while (true) file.writeSync(new Uint8Array(bytes));
    } catch {
      // There is no room for so many more.
    }
  }
  file.close();
  await delay(phaseMs / 2, { signal: stop }).catch(() => {});
  Deno.removeSync(path);
}

async function mountSmall(path: string): Promise<boolean> {
  Deno.mkdirSync(path);
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  begun.defer(async () => void await run("umount", path));
  return await run("mount", "-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", path);
}

async function run(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

function attacksOf(only: string | undefined): readonly string[] {
  const names = only?.split(",") ?? Object.keys(ATTACKS);
  const unknown = names.find((name) => !Object.hasOwn(ATTACKS, name));
  if (unknown !== undefined) throw new UserError(`there is no attack "${unknown}"; --help lists them`);
  return names;
}

function portsOf(): Ports {
  const names = ["im", "book", "lobby", "rooms", "mailbox", "mychat", "web", "tls"] as const;
  return Object.fromEntries(names.map((name) => [name, freePort()])) as unknown as Ports;
}
