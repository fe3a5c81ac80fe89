import { attachmentRows } from "./attachment_rows.ts";
import { compileLoad, withLoad } from "./c_load.ts";
import { exchangeRows } from "./exchange_rows.ts";
import { floodRow, slowDiskRow } from "./calm_rows.ts";
import { keptRow, mailboxRow, nativeIdleRow, pourRow, webRow } from "./kept_rows.ts";
import { fileRows, folderRows } from "./file_rows.ts";
import { roomRows } from "./lobby_rows.ts";
import type { Plan } from "./measure.ts";
import { pageRows } from "./page_rows.ts";
import { peerGroupRow, peerLatencyRows, peerTalkRow } from "./peer_rows.ts";
import { datagramEcho } from "./peers/datagram_echo.ts";
import { missingNats } from "./peers/across.ts";
import { echo } from "./peers/echo.ts";
import { ngircd } from "./peers/ngircd.ts";
import { fanOut } from "./peers/fan_out.ts";
import { lobby, mailbox, native, ours, web } from "./peers/ours.ts";
import type { PeerKind } from "./peers/peer.ts";
import { peers } from "./peers/peers.ts";
import { python } from "./peers/python.ts";
import { othersCpuMs } from "./process.ts";
import type { Row } from "./row.ts";
import { everybodyRow, latencyRows, loginRows, shoutRow, talkRow } from "./rows.ts";
import { startRow } from "./start_row.ts";
import { storeRows } from "./store_rows.ts";
import { table } from "./table.ts";
import { taskFlags } from "../tools/task_flags.ts";

const ABOUT =
  `Measures our server against others in the same run and prints one table. Figures are printed, never asserted;
the status is 1 only if a measurement failed.`;

const usual: Plan = { warmUpMs: 1000, windowMs: 3000, repeats: 3, settleMs: 2000, pauseMs: 5 };
const quick: Plan = { warmUpMs: 200, windowMs: 500, repeats: 1, settleMs: 200, pauseMs: 5 };

/** Other programs that take more are said. */
const BUSY_CORES = 0.2;

function busyNote(cores: number): string {
  return `other programs took ${cores.toFixed(1)} of ${navigator.hardwareConcurrency} cores meanwhile: a server with ` +
    `several threads waits for a core more often than one with a single thread, so its ratios are too low`;
}

function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

async function kindsHere(required: boolean): Promise<PeerKind[]> {
  const kinds: PeerKind[] = [];
  for (const kind of [ours, python, ngircd]) {
    const missing = await kind.missing();
    if (missing === undefined) kinds.push(kind);
    else if (required) throw new Error(`${kind.name}: ${missing}, and PARTYLINE_REQUIRE_ALL is set`);
    else print(`without ${kind.name}: ${missing}\n`);
  }
  return kinds;
}

/** The compiled load; undefined where there is no C compiler. */
async function loadProgram(required: boolean): Promise<string | undefined> {
  const program = await compileLoad();
  if (program !== undefined) {
    globalThis.addEventListener("unload", () => Deno.removeSync(program));
    return program;
  }
  const why = "gcc is not installed, and the load of kept messages is written in C";
  if (required) throw new Error(why);
  print(`skipped pour-20, pour-200, kept-1, kept-16 and flood: ${why}\n`);
  return undefined;
}

/** Rows of servers at a nats-server; none where that is not installed. */
async function exchangeJobs(plan: Plan, required: boolean): Promise<[string, () => Promise<Row[]>][]> {
  const missing = await missingNats();
  if (missing === undefined) return [["exchange", () => exchangeRows(plan)]];
  if (required) throw new Error(missing);
  print(`skipped exchange: ${missing}\n`);
  return [];
}

/** Rows whose load is the compiled program. */
function fastJobs(plan: Plan, kinds: PeerKind[], program: string): [string, () => Promise<Row>][] {
  const loaded = [
    withLoad(native, program, "native"),
    ...kinds.filter(({ name }) => name === "ngircd").map((kind) => withLoad(kind, program, "irc")),
  ];
  return [
    ["pour-20", () => pourRow(plan, loaded, 20)],
    ["pour-200", () => pourRow(plan, loaded, 200)],
    ["kept-1", () => keptRow(plan, loaded, 50, 1)],
    ["kept-16", () => keptRow(plan, loaded, 50, 16)],
    ["flood", () => floodRow(plan, program)],
  ];
}

function jobs(
  plan: Plan,
  kinds: PeerKind[],
  program: string | undefined,
  small: boolean,
  required: boolean,
): [string, () => Promise<Row | Row[]>][] {
  return [
    ...(program === undefined ? [] : fastJobs(plan, kinds, program)),
    ["slow-disk", () => slowDiskRow(plan)],
    ["to-1", () => talkRow(plan, kinds, 1)],
    ["to-50", () => talkRow(plan, kinds, 50)],
    ["toall-20", () => shoutRow(plan, kinds, 20)],
    ["toall-200", () => shoutRow(plan, kinds, 200)],
    ["web-20", () => webRow(plan, [web, native], 20)],
    ["web-500", () => webRow(plan, [web, native], small ? 50 : 499)],
    ["mailbox-50", () => mailboxRow(plan, [mailbox, datagramEcho], 50)],
    ["native-idle", () => nativeIdleRow(plan, native, small ? 50 : 1500)],
    ["store", () => storeRows(plan, small ? 20_000 : 1_000_000)],
    ["peers", () => peerTalkRow(plan, [peers(1), datagramEcho], 50)],
    ["peer-latency", () => peerLatencyRows(plan, [peers(1), datagramEcho])],
    ["peer-group", () => peerGroupRow(plan, peers(small ? 9 : 49), small ? 10 : 50)],
    ["room-200", () => roomRows(plan, [lobby, fanOut], small ? 50 : 200)],
    ["file", () => fileRows(plan, small ? 64 : 1024)],
    ["attachment", () => attachmentRows(plan, small ? 32 : 200)],
    ["folder", () => folderRows(plan, small ? 2000 : 100_000)],
    ["latency", () => latencyRows(plan, [echo, ...kinds])],
    ["logins", () => loginRows(plan, kinds, small ? 50 : 500)],
    ["everybody", () => everybodyRow(kinds, small ? 200 : 1000)],
    ["start", () => startRow(plan, kinds, required)],
    ["page", () => pageRows(plan, required)],
  ];
}

if (import.meta.main) {
  const flags = taskFlags("bench", ABOUT, [
    { name: "quick", help: "a smoke test: every row once and briefly; the figures mean nothing" },
    { name: "json", value: "FILE", help: "write the table as JSON, too" },
    { name: "only", value: "NAME", help: "this row alone; names are printed as they run" },
  ]);
  const [isQuick, only, json] = [flags.has("quick"), flags.value("only"), flags.value("json")];
  const plan = isQuick ? quick : usual;
  const required = Boolean(Deno.env.get("PARTYLINE_REQUIRE_ALL"));
  const rows: Row[] = [];
  const errors: string[] = [];
  const started = performance.now();
  const others = othersCpuMs();
  try {
    const kinds = await kindsHere(required);
    const all = [
      ...jobs(plan, kinds, await loadProgram(required), isQuick, required),
      ...await exchangeJobs(plan, required),
    ];
    const names = all.map(([name]) => name);
    if (only !== undefined && !names.includes(only)) {
      throw new Error(`there is no row ${only}; there are ${names.join(", ")}`);
    }
    const left = all.filter(([name]) => only === undefined || only === name);
    const measureNext = async (): Promise<void> => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [name, measure] = next;
        print(`${name} …\n`);
        try {
          rows.push(...[await measure()].flat());
        } catch (error) {
          errors.push(`${name}: ${error instanceof Error ? error.message : error}`);
        }
      }
    };
    // Figures that mean nothing may disturb each other.
    await Promise.all(Array.from({ length: isQuick ? 2 : 1 }, measureNext));
  } catch (error) {
    errors.push(error instanceof Error ? error.message : String(error));
  }
  const seconds = (performance.now() - started) / 1000;
  const busy = others === undefined ? NaN : (othersCpuMs()! - others) / 1000 / seconds;
  const machine = `${Deno.build.target}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}`;
  print(`\n${table(rows)}\n${machine}; took ${seconds.toFixed(0)} s; each figure the median of ${plan.repeats}\n`);
  if (busy > BUSY_CORES) print(`${busyNote(busy)}\n`);
  for (const error of errors) print(`error: ${error}\n`);
  if (json !== undefined) {
    await Deno.writeTextFile(
      json,
      JSON.stringify({ machine, plan, otherCores: busy, rows, errors }, null, 2) + "\n",
    );
  }
  Deno.exit(errors.length > 0 ? 1 : 0);
}
