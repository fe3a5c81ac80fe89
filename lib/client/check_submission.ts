import { join } from "@std/path";
import type { CheckAllPlan } from "../check/all/command_line.ts";
import { limited } from "../check/all/limits.ts";
import { type Outcome, outcomeOf, readOutcome, whyNothing, whyUnjudged } from "../check/all/outcome.ts";
import { nameOf, OWN_STARTS, parseStarts, type Starts, withOwn } from "../check/all/starts.ts";
import type { ProcessWatch, Watched } from "../check/all/watch.ts";
import type { LoadMeter } from "../check/load_meter.ts";
import { exitText, type ProgramExit } from "../check/program_exit.ts";
import type { PlayPorts } from "../check/play_ports.ts";
import { firstError, Program } from "../check/program.ts";
import type { CheckReport } from "../check/report.ts";
import { htmlReport } from "../check/reports/html.ts";
import { jsonReport } from "../check/reports/json.ts";
import { isHidden, type Rubric } from "../check/rubric.ts";
import type { Rule, Suite } from "../check/rule.ts";
import { runSuite, usersOf } from "../check/run.ts";
import type { Target } from "../check/target.ts";
import { UserError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { freePort } from "../net/free_port.ts";
import { FolderFiles } from "../store/folder_files.ts";
import { copyFolder, fingerprint, makeFolders, textIfThere, writeWhole } from "../store/submissions.ts";
import type { TemporaryFolder } from "../store/temporary_folder.ts";
import { accountsOf, againText, quoted, usersText } from "./check_accounts.ts";
import { CheckCredentials } from "./check_credentials.ts";

/** Rules of one submission that are played at a time: most of the time each of them waits. */
const RULES_AT_A_TIME = 4;
/** A compiler on a busy machine. */
const PREPARE_MS = 120_000;
/** How much of what it writes is searched for its first error. */
const PREPARE_CHARACTERS = 64 * 1024;

/** The settings that all submissions of one check share. */
export interface ClassCheck {
  readonly plan: CheckAllPlan;
  readonly course: Starts;
  readonly suite: Suite;
  readonly rules: readonly Rule[];
  readonly rubric: Rubric;
  readonly seed: number;
  readonly work: TemporaryFolder;
  readonly watch: ProcessWatch;
  /** A limit that all of them share: at most one program for each processor starts at a time. */
  readonly meter: LoadMeter;
  /** Programs that always take the same port are played one at a time, of all submissions. */
  readonly ports: PlayPorts;
}

/** A copy of a submission, which its programs run in. */
export interface Copy {
  readonly starts: Starts;
  readonly folder: string;
  readonly users: string;
  readonly watched: Watched;
  /** The folder of `work` that has all of it. */
  readonly name: string;
}

/**
 * Plays one check for one submission, in a copy of its folder, and writes its page and its result; or reads the result that an
 * earlier run has written for the same submission, rules and options.
 */
export async function checkSubmission(
  name: string,
  place: number,
  check: ClassCheck,
  tell: () => void,
): Promise<Outcome> {
  const { plan, suite, rules, rubric, seed, work, watch, meter, ports } = check;
  const from = join(plan.folder, name);
  const results = join(plan.out, name);
  const file = join(results, nameOf(suite).replace(" ", "-"));
  const mark = fingerprint(from, described(check));
  const earlier = textIfThere(`${file}.json`);
  const known = earlier === undefined ? undefined : readOutcome(name, earlier, mark);
  if (known) return { ...known, remark: "as before" };

  const copy = await copied(from, `${place}-${suite.side}`, check);
  const { totalSeconds } = plan.limits;
  let seconds = 0;
  try {
    const command = copy.starts.commands.get(nameOf(suite))!;
    const options = {
      seed,
      network: plan.networkFor(suite),
      strict: plan.isStrict,
      repeat: plan.repeat,
      isLong: plan.isLong,
      jobs: RULES_AT_A_TIME,
      timeoutMs: plan.timeoutMs,
      accounts: accountsOf({ users: undefined, program: { command }, suite }, seed),
      hasUsers: command.join(" ").includes("{users}"),
      credentials: () => new CheckCredentials(),
      meter,
      ports,
      stopped: () => copy.watched.stopped,
      took: (ms: number) => {
        seconds += ms / 1000 / RULES_AT_A_TIME;
        if (seconds >= totalSeconds) copy.watched.stopped ??= `the ${totalSeconds} s of the submission are over`;
      },
      target: () => targetOf(copy, command, suite, check),
    };
    const played = await runSuite(suite, rules, options, tell);
    const { isStrict, repeat, timeoutMs } = plan;
    const again = {
      suite,
      program: { command },
      network: options.network,
      users: undefined,
      isStrict,
      repeat,
      timeoutMs,
    };
    const report: CheckReport = {
      suite,
      target: `${name}: ${command.map(quoted).join(" ")}`,
      seed,
      results: played,
      isHidden: (rule) => isHidden(rubric, rule),
      again: (rule) => againText(again, seed, rule),
    };
    makeFolders(results);
    writeWhole(`${file}.html`, htmlReport(report));
    writeWhole(`${file}.json`, jsonReport(report, { submission: name, fingerprint: mark }));
    const outcome = outcomeOf(name, report);
    const remark = copy.watched.stopped ?? whyNothing(outcome) ?? whyUnjudged(report) ??
      (earlier === undefined ? undefined : "played again: it or the check has changed");
    return { ...outcome, remark };
  } finally {
    watch.end(copy.watched);
    work.remove(copy.name);
  }
}

/** Everything besides the submission that its result depends on. */
function described({ plan, course, suite, rules, seed }: ClassCheck): string {
  const { isStrict, repeat, isLong, timeoutMs, limits } = plan;
  const commands = [course.prepare, course.commands.get(nameOf(suite))];
  const played = rules.map(({ id, points }) => [id, points]);
  return JSON.stringify([
    VERSION,
    commands,
    played,
    plan.networkFor(suite),
    isStrict,
    repeat,
    isLong,
    timeoutMs,
    limits,
    seed,
  ]);
}

/** Copies a submission, and compiles it where it has to be. What fails stops it before the first rule. */
export async function copied(
  from: string,
  name: string,
  { plan, course, work, watch, seed, suite }: ClassCheck,
): Promise<Copy> {
  const root = work.makeFolder(name);
  const folder = join(root, "program");
  const watched = watch.begin(root);
  const accounts = accountsOf({ users: undefined, program: { command: [] }, suite }, seed);
  let starts = course;
  try {
    copyFolder(from, folder);
    const own = textIfThere(join(folder, OWN_STARTS));
    if (own !== undefined) starts = withOwn(course, parseStarts(join(from, OWN_STARTS), own));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    watched.stopped = error.message;
  }
  work.makeFolder(join(name, "tmp"));
  const copy = {
    starts,
    folder,
    watched,
    name,
    users: work.write(join(name, "users.txt"), usersText(usersOf(suite, accounts))),
  };
  if (starts.prepare && watched.stopped === undefined) {
    const why = await prepared(starts.prepare, copy, plan, watch);
    if (why !== undefined) watched.stopped ??= `${starts.prepare.join(" ")}: ${why}`;
  }
  return copy;
}

/** Runs the command that prepares a submission; why that failed. */
async function prepared(
  command: readonly string[],
  { folder, watched }: Copy,
  { limits }: CheckAllPlan,
  watch: ProcessWatch,
): Promise<string | undefined> {
  const exited = Promise.withResolvers<ProgramExit | string>();
  const { env, watch: begin } = watch.run(watched);
  const { started, over } = begin((why) => exited.resolve(why));
  const timer = setTimeout(() => exited.resolve(`it took longer than ${PREPARE_MS / 1000} s`), PREPARE_MS);
  const place = { folder, env: { ...env, TMPDIR: join(folder, "..", "tmp") } };
  const output = new TextDecoder();
  let text = "";
  const program = new Program(limited(command, limits, Deno.build.os === "windows"), place, {
    wrote: (bytes) => {
      if (text.length < PREPARE_CHARACTERS) text += output.decode(bytes, { stream: true });
    },
    exited: (exit) => exited.resolve(exit),
  });
  started(program.pid);
  const exit = await exited.promise;
  clearTimeout(timer);
  await program.end();
  over();
  if (typeof exit === "string") return exit;
  return exit.status === 0 ? undefined : exitText({ ...exit, lastWords: firstError(text) ?? exit.lastWords });
}

/** One run of a submission's program. */
export function targetOf(copy: Copy, command: readonly string[], suite: Suite, check: ClassCheck): Target {
  const { plan, watch, work } = check;
  const { env, watch: begin } = watch.run(copy.watched);
  const data = work.makeFolder(join(copy.name, `data${crypto.randomUUID()}`));
  return {
    host: "127.0.0.1",
    port: suite.side === "client" ? 0 : freePort(),
    command: limited(command, plan.limits, Deno.build.os === "windows"),
    users: copy.users,
    data,
    files: new FolderFiles(data),
    folder: copy.folder,
    env: { ...env, TMPDIR: join(copy.folder, "..", "tmp") },
    watch: begin,
  };
}
