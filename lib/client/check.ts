import { Choice } from "../check/choice.ts";
import type { CheckListPlan, CheckPlan, OutputKind } from "../check/command_line.ts";
import { listRules } from "../check/list.ts";
import { endPrograms } from "../check/program.ts";
import { type CheckReport, isKept, summary } from "../check/report.ts";
import { classroomReport, type ClassroomRun, csvReport, gradescopeReport } from "../check/reports/graders.ts";
import { htmlReport } from "../check/reports/html.ts";
import { jsonReport } from "../check/reports/json.ts";
import { junitReport } from "../check/reports/junit.ts";
import { applyRubric, isHidden, NO_RUBRIC, parseRubric } from "../check/rubric.ts";
import type { Rule } from "../check/rule.ts";
import { type Account, type RuleResult, runSuite } from "../check/run.ts";
import { headline, story } from "../check/story.ts";
import { freePort } from "../net/free_port.ts";
import { TemporaryFolder } from "../store/temporary_folder.ts";
import { readText, writeText } from "../store/text_file.ts";
import { readUsers } from "../store/users_file.ts";
import { print, printError } from "../terminal/print.ts";
import { UserError } from "../core/errors.ts";

const NAMES = ["jacky", "bob", "michael", "alice", "carol", "dave", "erin", "frank"];
const COLUMNS = 100;
const PASSWORD_BELOW = 90_000;

const REPORTS: Readonly<Record<OutputKind, (report: CheckReport) => string>> = {
  report: htmlReport,
  json: jsonReport,
  junit: junitReport,
  gradescope: gradescopeReport,
  classroom: (report) => classroomReport(report, classroomRun()),
  csv: csvReport,
};

/** `client check`: plays the rules, tells what failed, and writes the reports; the exit status. */
export async function check(plan: CheckPlan | CheckListPlan): Promise<number> {
  if (plan.type === "check-list") return print(listRules(plan)), 0;
  const seed = plan.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]! % 100_000;
  const folder = new TemporaryFolder();
  const stop = () => {
    endPrograms();
    folder.remove();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  try {
    return await play(plan, seed, folder);
  } finally {
    folder.remove();
  }
}

async function play(plan: CheckPlan, seed: number, folder: TemporaryFolder): Promise<number> {
  const { suite, program } = plan;
  const rubric = plan.rubric === undefined ? NO_RUBRIC : parseRubric(plan.rubric, readText(plan.rubric));
  const rules = applyRubric(plan.rubric ?? "", rubric, suite.rules, plan.rules);
  const accounts = accountsOf(plan, seed);
  const users = folder.write("users.txt", accounts.map(({ name, password }) => `${name} ${password}\n`).join(""));
  const again = (rule: Rule) => againText(plan, seed, rule);
  const tell = teller(plan, again);
  const results = await runSuite(suite, rules, {
    seed,
    network: plan.network,
    strict: plan.isStrict,
    repeat: plan.repeat,
    jobs: plan.jobs,
    timeoutMs: plan.timeoutMs,
    accounts,
    target: () =>
      "command" in program
        ? {
          host: "127.0.0.1",
          port: suite.side === "server" ? freePort() : 0,
          command: program.command,
          users,
          folder: undefined,
        }
        : { host: program.host, port: program.port, command: undefined, users, folder: undefined },
  }, tell.result);
  tell.end();
  const report: CheckReport = {
    suite,
    target: targetText(plan),
    seed,
    results,
    isHidden: (rule) => isHidden(rubric, rule),
    again,
  };
  const isPiped = Object.values(plan.outputs).includes("-");
  for (const [kind, file] of Object.entries(plan.outputs)) {
    const text = REPORTS[kind as OutputKind](report);
    if (file === "-") print(text);
    else writeText(file, text);
  }
  const last = `${summary(results)} (seed ${seed})\n`;
  if (isPiped) printError(last);
  else print(last);
  return results.every(({ verdict }) => isKept(verdict)) ? 0 : 1;
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
function accountsOf({ users, program }: CheckPlan, seed: number): Account[] {
  if (users !== undefined) {
    const known = readUsers(users);
    return known.names.map((name) => {
      const secret = known.secret(name)!;
      if (secret.type !== "plain") throw new UserError(`${users}: the password of ${name} is not plain text`);
      return { name, password: secret.password };
    });
  }
  if ("host" in program) throw new UserError("a server that runs already needs --users FILE: accounts to log in with");
  const choice = new Choice(seed);
  return NAMES.map((name) => ({ name, password: String(10_000 + choice.below(PASSWORD_BELOW)) }));
}

function targetText({ program }: CheckPlan): string {
  return "command" in program ? program.command.join(" ") : `${program.host}:${program.port}`;
}

function againText({ suite, program, network, users }: CheckPlan, seed: number, rule: Rule): string {
  const how = [
    `--only ${rule.id} --seed ${seed}`,
    ...(network === "none" ? [] : [`--network ${network}`]),
    ...(users === undefined ? [] : [`--users ${users}`]),
  ].join(" ");
  const base = `client check ${suite.handout} ${suite.side}`;
  return "command" in program
    ? `${base} ${how} -- ${program.command.join(" ")}`
    : `${base} ${program.host} ${program.port} ${how}`;
}

/** Shows results as they come; on a terminal with a line of progress. */
function teller(plan: CheckPlan, again: (rule: Rule) => string) {
  const isTerminal = Deno.stderr.isTerminal() && plan.show !== "summary";
  const toStdout = !Object.values(plan.outputs).includes("-");
  let done = 0;
  const clear = () => isTerminal ? printError("\r\x1b[K") : undefined;
  return {
    result(result: RuleResult): void {
      done++;
      clear();
      const text = told(plan, result, again);
      if (text !== undefined && toStdout) print(`${text}\n`);
      if (isTerminal) printError(`${done} of ${plan.rules.length} rules`);
    },
    end: clear,
  };
}

function told(plan: CheckPlan, result: RuleResult, again: (rule: Rule) => string): string | undefined {
  if (plan.show === "summary") return undefined;
  if (result.verdict === "fail") return story(result, { again: again(result.rule), columns: COLUMNS }) + "\n";
  if (plan.show === "failures" && (result.verdict === "pass" || result.verdict === "blocked")) return undefined;
  const notes = result.notes.map((note) => `\n     ${note}`).join("");
  return headline(result, COLUMNS) + notes;
}
