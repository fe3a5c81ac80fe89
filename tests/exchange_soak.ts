import { delay } from "@std/async/delay";
import { print } from "../lib/terminal/print.ts";
import { taskFlags } from "../tools/task_flags.ts";
import { ExchangeField } from "./support/exchange_field.ts";
import { Hosts } from "./support/hosts.ts";
import { missingNats } from "./support/nats_server.ts";
import { disposedAtSignals, Folder, Running, SOURCES } from "./support/programs.ts";
import { Pair } from "./support/soak_pair.ts";

const ABOUT =
  `Three servers at one nats-server, or linked to the first of them, on loopback. Pairs of real clients talk across
them while servers and the nats-server are killed in turn. With --cuts each is on a host of its own, in a network
namespace (as root on Linux), and its cable is pulled as often as it is killed. Clients then stay at their server: what a
user says at two servers that are apart is in two pieces. Status 1 if a message is lost, repeated or out of order, or if
it has arrived and its sender is not told.`;

const flags = taskFlags("soak-exchange", ABOUT, [
  { name: "seconds", value: "N", help: "how long servers are killed (120; with --cuts 220)" },
  { name: "link", help: "servers are linked, without a nats-server" },
  { name: "cuts", help: "cables are pulled as well" },
]);
const [isLinked, hasCuts] = [flags.has("link"), flags.has("cuts")];
const totalMs = flags.number("seconds", hasCuts ? 220 : 120) * 1000;
/** Between two failures: a server has started again, and its clients are back. */
const EVERY_MS = 4000;
/** How long a failure lasts. After three seconds servers go on alone; after ten a connection that is cut counts as lost. */
const [KILLED_MS, CUT_MS] = [[500, 5000], [1000, 5000, 14_000]];
const SETTLE_MS = 90_000;

const why = (isLinked ? undefined : missingNats) ?? (hasCuts ? await Hosts.missing() : undefined);
if (why !== undefined) {
  print(`skipped: ${why}\n`);
  Deno.exit(Deno.env.has("PARTYLINE_REQUIRE_ALL") ? 1 : 0);
}

const begun = new AsyncDisposableStack();
const dispose = disposedAtSignals(begun);
const folder = begun.use(new Folder());
const users = ["alice", "bob", "carol", "dave", "eve", "frank"];
folder.write("users.txt", users.map((name) => `${name} 12345\n`).join(""));
folder.write("secret", "12345\n");
await new Running(SOURCES, "server", ["hash-passwords", "users.txt"], folder.path).over();
const field = await ExchangeField.open({ isLinked, hasHosts: hasCuts }, folder, begun);
const problems: string[] = [];
try {
  const [kills, cuts] = await talkThroughFailures();
  await field.stop();
  problems.push(...field.wrongStates());
  if (problems.length > 0) { for (const log of field.logs) print(`${log}\n----\n`); }
  for (const problem of problems) print(`WRONG: ${problem}\n`);
  print(`${kills} kills, ${cuts} cuts, ${problems.length} problems\n`);
} finally {
  await dispose();
}
Deno.exit(problems.length > 0 ? 1 : 0);

/** Returns the numbers of kills and cuts. */
async function talkThroughFailures(): Promise<[kills: number, cuts: number]> {
  const pair = (from: number, to: number) =>
    begun.use(
      new Pair([users[2 * from]!, users[2 * from + 1]!], folder.path, [field.clientOf(from), field.clientOf(to)]),
    );
  const pairs = [pair(0, 1), pair(1, 2), pair(2, 0)];
  const settle = () => Promise.all(pairs.map((pair) => pair.settled(SETTLE_MS)));
  const talk = (ms: number) => Promise.all(pairs.map((pair) => pair.talk(ms)));
  await talk(5000);
  await settle();
  printTimes("quiet", await talk(10_000));
  await settle();
  const talking = talk(totalMs);
  const counts: [number, number] = [0, 0];
  for (const end = performance.now() + totalMs; performance.now() < end; await delay(EVERY_MS)) await fail(counts);
  printTimes(`with ${counts[0]} kills and ${counts[1]} cuts`, await talking);
  await settle();
  // A receipt that a crash has taken along comes with the next one of its conversation.
  await talk(1000);
  await settle();
  for (const pair of pairs) {
    problems.push(...pair.problems);
    print(`${pair.names.join(" to ")}: ${pair.said} said, ${pair.received} received, ${pair.failed} failed\n`);
    if (pair.problems.length > 0) print(`${pair.errors.slice(-2000)}\n`);
  }
  return counts;
}

/** Kills a target, or cuts it off, in turn; each of them for each duration. */
async function fail(counts: [number, number]): Promise<void> {
  const { targets } = field;
  const isCut = hasCuts && counts[1] < counts[0];
  const turn = counts[isCut ? 1 : 0]++;
  const durations = isCut ? CUT_MS! : KILLED_MS!;
  const target = targets[turn % targets.length]!;
  const downMs = durations[(turn + Math.floor(turn / targets.length)) % durations.length]!;
  print(`${isCut ? "cuts" : "kills"} ${target} for ${downMs / 1000} s\n`);
  await (isCut ? field.cut(target, downMs) : field.kill(target, downMs));
}

function printTimes(name: string, times: readonly (readonly number[])[]): void {
  const took = times.flat().sort((a, b) => a - b);
  const at = (part: number) => (took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? NaN).toFixed(1);
  print(`${name}: ${took.length} messages, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`);
}
