import { join } from "@std/path";
import { limited } from "../check/all/limits.ts";
import {
  crossCsv,
  crossHead,
  crossJson,
  crossLine,
  journalLine,
  type Pair,
  readJournal,
} from "../check/cross/pairs.ts";
import { Relay } from "../check/cross/relay.ts";
import { CROSS, stageOf } from "../check/cross/script.ts";
import { fillCommand, Program } from "../check/program.ts";
import type { Finding } from "../check/replay/findings.ts";
import { ImTraceJudge } from "../check/replay/im_judge.ts";
import { runSuite } from "../check/run.ts";
import { UserError } from "../core/errors.ts";
import { sanitized } from "../core/text.ts";
import { VERSION } from "../core/version.ts";
import { freePort } from "../net/free_port.ts";
import { appendText, fingerprint, textIfThere, writeWhole } from "../store/submissions.ts";
import { accountsOf } from "./check_accounts.ts";
import { type ClassCheck, copied, type Copy, targetOf } from "./check_submission.ts";

/** The journal from which an interrupted run continues. */
const JOURNAL = "cross.jsonl";

/**
 * Plays every client against every server, several at a time; prints the matrix, and writes it. A pair that the journal of an
 * earlier run has is not played again. Whether all pairs work.
 */
export async function checkCross(
  names: readonly string[],
  check: Omit<ClassCheck, "suite" | "rules">,
  print: (text: string) => void,
): Promise<boolean> {
  const all = { ...check, suite: CROSS, rules: CROSS.rules };
  const { plan, course } = check;
  for (const side of ["im server", "im client"]) {
    if (!course.commands.has(side)) throw new UserError(`--cross needs a line for ${side} in ${plan.starts}`);
  }
  const copies = new Map<string, Promise<Copy>>();
  const copyOf = (name: string) => {
    const known = copies.get(name) ?? copied(join(plan.folder, name), `cross${names.indexOf(name)}`, all);
    copies.set(name, known);
    return known;
  };
  const marks = new Map(names.map((name) => [name, fingerprint(join(plan.folder, name), described(name, all))]));
  const journal = join(plan.out, JOURNAL);
  const known = readJournal(textIfThere(journal) ?? "");
  // A line that was cut when the run was stopped must not run into the next.
  writeWhole(journal, [...known].map(([mark, pair]) => journalLine(mark, pair)).join(""));
  print(`${CROSS.title}\n${crossHead(names.map(sanitized))}\n`);
  const pairs: Pair[] = [];
  for (const client of names) {
    const row: Pair[] = [];
    let next = 0;
    let isPlayed = false;
    const playNext = async () => {
      while (next < names.length) {
        const place = next++;
        const server = names[place]!;
        const mark = `${marks.get(client)} ${marks.get(server)}`;
        const earlier = known.get(mark);
        if (earlier) {
          row[place] = earlier;
          continue;
        }
        isPlayed = true;
        row[place] = await played(client, server, await copyOf(client), await copyOf(server), all);
        appendText(journal, journalLine(mark, row[place]));
      }
    };
    await Promise.all(Array.from({ length: Math.min(plan.jobs, names.length) }, playNext));
    pairs.push(...row);
    print(`${sanitized(crossLine(client, row, isPlayed ? undefined : "as before"))}\n`);
  }
  writeWhole(join(plan.out, "cross.csv"), crossCsv(pairs));
  writeWhole(join(plan.out, "cross.json"), crossJson(pairs));
  return pairs.every(({ failedAt }) => failedAt === undefined);
}

/** Everything besides its folder that the results of a submission depend on. */
function described(name: string, { plan, course, seed }: ClassCheck): string {
  const commands = [course.prepare, ...["im server", "im client"].map((side) => course.commands.get(side))];
  return JSON.stringify([name, VERSION, commands, plan.timeoutMs, plan.limits, seed]);
}

/** One client with one server. */
async function played(
  client: string,
  server: string,
  ofClient: Copy,
  ofServer: Copy,
  check: ClassCheck,
): Promise<Pair> {
  const judge = new ImTraceJudge();
  const broken = new Set<string>();
  const stopped = ofClient.watched.stopped ?? ofServer.watched.stopped;
  if (stopped !== undefined) return { client, server, failedAt: "start", expected: "", got: stopped, broken: [] };
  const { plan, seed, watch, meter } = check;
  const port = freePort();
  const running = watch.run(ofServer.watched);
  const { started, over } = running.watch(() => program.killAll());
  const words = fillCommand(ofServer.starts.commands.get("im server")!, {
    host: "127.0.0.1",
    port: String(port),
    users: ofServer.users,
    data: join(ofServer.folder, "..", "tmp"),
  });
  const program = new Program(limited(words, plan.limits, Deno.build.os === "windows"), {
    folder: ofServer.folder,
    env: running.env,
  }, { wrote: () => {}, exited: () => {} });
  started(program.pid);
  const note = (findings: readonly Finding[]) => {
    for (const { rule, side, isWeak } of findings) if (!isWeak) broken.add(`${rule.id} ${side}`);
  };
  const relay = new Relay(port, (record) => note(judge.feed(record)));
  try {
    const command = ofClient.starts.commands.get("im client")!;
    const [result] = await runSuite(CROSS, CROSS.rules, {
      seed,
      network: "none",
      strict: false,
      repeat: 1,
      jobs: 1,
      timeoutMs: plan.timeoutMs,
      meter,
      accounts: accountsOf({ users: undefined, program: { command }, suite: CROSS }, seed),
      target: () => ({ ...targetOf(ofClient, command, CROSS, check), port: relay.port }),
    }, () => {});
    relay.close();
    note(judge.end());
    const failure = result!.failure;
    const failedAt = failure && stageOf(failure.step);
    return {
      client,
      server,
      failedAt,
      expected: failure?.expected ?? "",
      got: failure?.got ?? "",
      broken: [...broken],
    };
  } finally {
    relay.close();
    await program.end();
    over();
  }
}
