import type { CheckAllPlan } from "../check/all/command_line.ts";
import {
  type CheckListPlan,
  type CheckPlan,
  type CheckReplayPlan,
  type OutputKind,
  readCheck,
} from "../check/command_line.ts";
import { listRules } from "../check/list.ts";
import { CHECK_OPTIONS } from "../check/options.ts";
import { onStop } from "./program.ts";
import { endPrograms } from "../check/program.ts";
import { type CheckReport, isKept } from "../check/report.ts";
import { classroomReport, type ClassroomRun, csvReport, gradescopeReport } from "../check/reports/graders.ts";
import { htmlReport } from "../check/reports/html.ts";
import { jsonReport } from "../check/reports/json.ts";
import { junitReport } from "../check/reports/junit.ts";
import { applyRubric, isHidden, NO_RUBRIC, parseRubric } from "../check/rubric.ts";
import type { Rule } from "../check/rule.ts";
import { runSuite, usersOf } from "../check/run.ts";
import type { Target } from "../check/target.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { VERSION } from "../core/version.ts";
import { connect } from "../net/dial.ts";
import { freePort } from "../net/free_port.ts";
import { FolderFiles } from "../store/folder_files.ts";
import { TemporaryFolder } from "../store/temporary_folder.ts";
import { expectWritable, readText, writeText } from "../store/text_file.ts";
import { type Option, readFlags } from "../terminal/flags.ts";
import { print } from "../terminal/print.ts";
import { COMMON_OPTIONS, helpOn } from "../terminal/program_help.ts";
import { accountsOf, againText, targetText, usersText } from "./check_accounts.ts";
import { checkAll } from "./check_all.ts";
import { CheckCredentials } from "./check_credentials.ts";
import { CheckOutput } from "./check_output.ts";
import { checkReplay } from "./check_replay.ts";
import type { PrintPlan } from "./command_line.ts";
import { CLIENT } from "./commands.ts";

const CONNECT_MS = 5000;
const INTERRUPTED = 130;

const REPORTS: Readonly<Record<OutputKind, (report: CheckReport) => string>> = {
  report: htmlReport,
  json: (report) => jsonReport(report),
  junit: junitReport,
  gradescope: gradescopeReport,
  classroom: (report) => classroomReport(report, classroomRun()),
  csv: csvReport,
};

/** The task of `client check`. */
type CheckCommand = CheckPlan | CheckListPlan | CheckReplayPlan | CheckAllPlan;

/** Parses what follows `client check`; throws a `UserError` for a mistake. */
export function parseCheckArgs(args: readonly string[]): CheckCommand | PrintPlan {
  const at = args.indexOf("--");
  const command = at < 0 ? undefined : args.slice(at + 1);
  const options: readonly Option[] = [...CHECK_OPTIONS, ...COMMON_OPTIONS];
  const flags = readFlags(at < 0 ? args : args.slice(0, at), options);
  if (flags.has("version")) return { type: "print", text: `partyline ${VERSION}\n` };
  if (flags.has("help") || args.length === 0) return { type: "print", text: helpOn(CLIENT, ["check"]) };
  return readCheck(flags.words, command, flags);
}

/** `client check ARGS`: plays the rules, tells what failed, and writes the reports; the exit status. */
export async function check(args: readonly string[]): Promise<number> {
  const plan = parseCheckArgs(args);
  if (plan.type === "print") return print(plan.text), 0;
  if (plan.type === "check-list") return list(plan);
  if (plan.type === "check-replay") return checkReplay(plan);
  if (plan.type === "check-all") return await checkAll(plan);
  const seed = plan.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]! % 100_000;
  const rubric = plan.rubric === undefined ? NO_RUBRIC : parseRubric(plan.rubric, readText(plan.rubric));
  const rules = applyRubric(plan.rubric ?? "", rubric, plan.suite.rules, plan.rules);
  const accounts = accountsOf(plan, seed);
  for (const file of Object.values(plan.outputs)) if (file !== "-") expectWritable(file);
  await expectServer(plan);
  const again = (rule: Rule) => againText(plan, seed, rule);
  const output = new CheckOutput(rules, plan.show, again, {
    isPiped: Object.values(plan.outputs).includes("-"),
    hasColours: Deno.stdout.isTerminal(),
    hasProgress: Deno.stderr.isTerminal() && plan.show !== "summary",
  });
  const folder = new TemporaryFolder();
  onStop(() => {
    output.clear();
    endPrograms();
    folder.remove();
    Deno.exit(INTERRUPTED);
  });
  try {
    const users = folder.write("users.txt", usersText(usersOf(plan.suite, accounts)));
    const target = targetOf(plan, users, folder);
    const { network, isStrict: strict, repeat, isLong, jobs, timeoutMs } = plan;
    const options = {
      seed,
      network,
      strict,
      repeat,
      isLong,
      jobs,
      timeoutMs,
      accounts,
      isRunning: "host" in plan.program,
      hasUsers: "host" in plan.program ? plan.users !== undefined : plan.program.command.join(" ").includes("{users}"),
      credentials: () => new CheckCredentials(),
      target,
    };
    const results = await runSuite(plan.suite, rules, options, (result) => output.result(result));
    const report: CheckReport = {
      suite: plan.suite,
      target: targetText(plan),
      seed,
      results,
      isHidden: (rule) => isHidden(rubric, rule),
      again,
    };
    output.clear();
    for (const [kind, file] of Object.entries(plan.outputs)) write(file, REPORTS[kind as OutputKind](report));
    output.end(results, seed);
    return results.every(({ verdict }) => isKept(verdict)) ? 0 : 1;
  } finally {
    output.clear();
    endPrograms();
    folder.remove();
  }
}

function list(plan: CheckListPlan): number {
  write(plan.file, listRules(plan));
  return 0;
}

function write(file: string, text: string): void {
  if (file === "-") print(text);
  else writeText(file, text);
}

/** A server that runs already is there; throws a `UserError`. */
async function expectServer({ suite, program }: CheckPlan): Promise<void> {
  if ("command" in program || suite.transport !== "tcp") return;
  const { host, port } = program;
  try {
    (await connect(host, port, CONNECT_MS)).close();
  } catch (error) {
    throw new UserError(`no server to check at ${host} ${port}: ${reason(error)}`);
  }
}

/** A program of its own for each play, at a port of its own; or the server that runs. */
function targetOf({ suite, program }: CheckPlan, users: string, folder: TemporaryFolder): () => Target {
  if ("host" in program) return () => ({ ...program, command: undefined, users, data: "", folder: undefined });
  const { command } = program;
  const portOf = suite.side === "server" ? freePort : () => 0;
  let runs = 0;
  const data = () => folder.makeFolder(`data${++runs}`);
  return () => {
    const own = data();
    const files = new FolderFiles(own);
    return { host: "127.0.0.1", port: portOf(), command, users, data: own, files, folder: undefined };
  };
}

/** The facts that a Classroom 50 runner provides about the submission; it fills in the empty ones itself. */
function classroomRun(): ClassroomRun {
  const given = (name: string) => Deno.env.get(name) ?? "";
  return {
    classroom: given("CLASSROOM"),
    assignment: given("ASSIGNMENT"),
    submission: given("SUBMISSION_TAG"),
    commit: given("COMMIT_URL"),
    release: given("RELEASE_URL"),
    review: given("REVIEW_URL") || given("COMMIT_URL"),
    datetime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  };
}
