import { Choice } from "../check/choice.ts";
import {
  type CheckListPlan,
  type CheckPlan,
  type CheckReplayPlan,
  DEFAULT_TIMEOUT_MS,
  type OutputKind,
} from "../check/command_line.ts";
import { listRules } from "../check/list.ts";
import { onStop } from "./program.ts";
import { endPrograms } from "../check/program.ts";
import { type CheckReport, isKept } from "../check/report.ts";
import { classroomReport, type ClassroomRun, csvReport, gradescopeReport } from "../check/reports/graders.ts";
import { htmlReport } from "../check/reports/html.ts";
import { jsonReport } from "../check/reports/json.ts";
import { junitReport } from "../check/reports/junit.ts";
import { applyRubric, isHidden, NO_RUBRIC, parseRubric } from "../check/rubric.ts";
import type { Rule } from "../check/rule.ts";
import { type Account, runSuite, usersOf } from "../check/run.ts";
import type { Target } from "../check/runner.ts";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { connect } from "../net/dial.ts";
import { freePort } from "../net/free_port.ts";
import { FolderFiles } from "../store/folder_files.ts";
import { TemporaryFolder } from "../store/temporary_folder.ts";
import { expectWritable, readText, writeText } from "../store/text_file.ts";
import { readUsers } from "../store/users_file.ts";
import { print } from "../terminal/print.ts";
import { CheckCredentials } from "./check_credentials.ts";
import { CheckOutput } from "./check_output.ts";
import { checkReplay } from "./check_replay.ts";

const NAMES = ["jacky", "bob", "michael", "alice", "carol", "dave", "erin", "frank"];
/** Names that a server with accounts of its own hardly has. */
const GUESTS = ["prince", "ama", "kofi", "esi", "yaw", "efua", "kwame", "abena"];
const PASSWORD_BELOW = 90_000;
const CONNECT_MS = 5000;
const INTERRUPTED = 130;

const REPORTS: Readonly<Record<OutputKind, (report: CheckReport) => string>> = {
  report: htmlReport,
  json: jsonReport,
  junit: junitReport,
  gradescope: gradescopeReport,
  classroom: (report) => classroomReport(report, classroomRun()),
  csv: csvReport,
};

/** `client check`: plays the rules, tells what failed, and writes the reports; the exit status. */
export async function check(plan: CheckPlan | CheckListPlan | CheckReplayPlan): Promise<number> {
  if (plan.type === "check-list") return list(plan);
  if (plan.type === "check-replay") return checkReplay(plan);
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
    const users = folder.write(
      "users.txt",
      usersOf(plan.suite, accounts).map(({ name, password }) => `${name} ${password}\n`).join(""),
    );
    const target = targetOf(plan, users, folder);
    const { network, isStrict: strict, repeat, jobs, timeoutMs } = plan;
    const options = {
      seed,
      network,
      strict,
      repeat,
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

/** What the runner of a Classroom 50 says about the submission; its own runner puts in what is left empty. */
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

/** The accounts of the run: those of a file, or names with passwords that follow from the seed. */
function accountsOf({ users, program, suite }: CheckPlan, seed: number): Account[] {
  if (users !== undefined) {
    const known = readUsers(users);
    if (known.names.length === 0) throw new UserError(`${users}: there are no accounts in it to log in with`);
    return known.names.map((name) => {
      const secret = known.secret(name)!;
      if (secret.type !== "plain") throw new UserError(`${users}: the password of ${name} is not plain text`);
      return { name, password: secret.password };
    });
  }
  if ("host" in program && !suite.takesAnyName) {
    throw new UserError("a server that runs already needs --users FILE: accounts to log in with");
  }
  const choice = new Choice(seed);
  return (suite.takesAnyName ? GUESTS : NAMES).map((name) => ({
    name,
    password: String(10_000 + choice.below(PASSWORD_BELOW)),
  }));
}

function targetText({ program }: CheckPlan): string {
  return "command" in program ? program.command.map(quoted).join(" ") : `${program.host}:${program.port}`;
}

function againText(
  { suite, program, network, users, isStrict, timeoutMs }: CheckPlan,
  seed: number,
  rule: Rule,
): string {
  const options = [
    `--only ${rule.id} --seed ${seed}`,
    ...(network === "none" ? [] : [`--network ${network}`]),
    ...(users === undefined ? [] : [`--users ${quoted(users)}`]),
    ...(isStrict ? ["--strict"] : []),
    ...(timeoutMs === DEFAULT_TIMEOUT_MS ? [] : [`--timeout ${timeoutMs}`]),
  ].join(" ");
  const base = `client check ${suite.handout} ${suite.side}`;
  return "command" in program
    ? `${base} ${options} -- ${program.command.map(quoted).join(" ")}`
    : `${base} ${program.host} ${program.port} ${options}`;
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
