import { join, resolve } from "@std/path";
import type { CheckAllPlan } from "../check/all/command_line.ts";
import { matrixHead, matrixLine, type Outcome, pointsCsv, rulesCsv, sectionsOf, seedIn } from "../check/all/outcome.ts";
import { nameOf, parseStarts, suitesOf } from "../check/all/starts.ts";
import { ProcessWatch } from "../check/all/watch.ts";
import { LoadMeter } from "../check/load_meter.ts";
import { PlayPorts } from "../check/play_ports.ts";
import { endPrograms } from "../check/program.ts";
import { applyRubric, NO_RUBRIC, parseRubric } from "../check/rubric.ts";
import type { Suite } from "../check/rule.ts";
import { UserError } from "../core/errors.ts";
import { sanitized } from "../core/text.ts";
import { foldersIn, makeFolders, textIfThere, writeWhole } from "../store/submissions.ts";
import { TemporaryFolder } from "../store/temporary_folder.ts";
import { readText } from "../store/text_file.ts";
import { print, printError } from "../terminal/print.ts";
import { checkCross } from "./check_cross.ts";
import { checkSubmission, type ClassCheck } from "./check_submission.ts";
import { onStop } from "./program.ts";

const INTERRUPTED = 130;
const UNWATCHED =
  "client: this system cannot tell what the processes of a submission use; their group is ended after " +
  "each rule, and limits hold for each process alone, where its shell has them\n";

/** `client check all`: every submission of a folder; the exit status. */
export async function checkAll(plan: CheckAllPlan): Promise<number> {
  const course = parseStarts(plan.starts, readText(plan.starts));
  const suites = suitesOf(course);
  if (suites.length === 0) throw new UserError(`${plan.starts} starts no program`);
  for (const suite of suites) plan.networkFor(suite);
  const names = foldersIn(plan.folder).filter((name) => resolve(plan.folder, name) !== resolve(plan.out));
  if (names.length === 0) throw new UserError(`${plan.folder} has no folder of a submission in it`);
  makeFolders(plan.out);
  const seed = plan.seed ?? earlierSeed(plan, names, suites) ??
    crypto.getRandomValues(new Uint32Array(1))[0]! % 100_000;
  const rubric = plan.rubric === undefined ? NO_RUBRIC : parseRubric(plan.rubric, readText(plan.rubric));
  const all = suites.flatMap(({ rules }) => rules);
  const rules = applyRubric(plan.rubric ?? "", rubric, all, plan.select(all));
  if (!ProcessWatch.isPossible) printError(UNWATCHED);

  const work = new TemporaryFolder();
  const watch = new ProcessWatch(plan.limits);
  const meter = new LoadMeter();
  const ports = new PlayPorts();
  const progress = new Progress(plan.isQuiet);
  onStop(() => {
    progress.clear();
    endPrograms();
    watch.killAll();
    work.remove();
    Deno.exit(INTERRUPTED);
  });
  try {
    const outcomes: Outcome[] = [];
    for (const suite of suites) {
      const ids = new Set(suite.rules.map(({ id }) => id));
      const played = rules.filter(({ id }) => ids.has(id));
      if (played.length === 0) continue;
      const check = { plan, course, suite, rules: played, rubric, seed, work, watch, meter, ports };
      outcomes.push(...await checkSuite(names, check, progress));
    }
    const common = { plan, course, rubric, seed, work, watch, meter, ports };
    const isCrossKept = !plan.isCross || await checkCross(names, common, (text) => progress.print(text));
    const counted = names.length === 1 ? "1 submission" : `${names.length} submissions`;
    progress.print(`${counted}: pages and tables are in ${plan.out} (seed ${seed})\n`);
    const isKept = outcomes.every(({ rules }) =>
      rules.length > 0 && rules.every(({ verdict }) => verdict !== "fail" && verdict !== "blocked")
    );
    return isKept && isCrossKept ? 0 : 1;
  } finally {
    progress.clear();
    endPrograms();
    await watch.close();
    await meter.close();
    work.remove();
  }
}

/** One check for all submissions, several at a time; prints the matrix as it goes, then writes the tables. */
async function checkSuite(names: readonly string[], check: ClassCheck, progress: Progress): Promise<Outcome[]> {
  const { plan, suite, rules } = check;
  const sections = sectionsOf(suite, rules.map(({ id }) => id));
  progress.print(`${suite.title}\n`);
  for (const section of sections) progress.print(`  ${section.padEnd(3)} ${suite.sections[section]}\n`);
  progress.print(`\n${matrixHead(sections)}\n`);
  progress.begin(names.length, rules.length);
  const outcomes: Outcome[] = [];
  let next = 0;
  const playNext = async () => {
    while (next < names.length) {
      const place = next++;
      const name = names[place]!;
      const outcome = await checked(name, place, check, progress);
      outcomes[place] = outcome;
      progress.done(name, sanitized(matrixLine(outcome, sections)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(plan.jobs, names.length) }, playNext));
  progress.print("\n");
  const file = nameOf(suite).replace(" ", "-");
  writeWhole(join(plan.out, `points-${file}.csv`), pointsCsv(suite, sections, outcomes));
  writeWhole(join(plan.out, `rules-${file}.csv`), rulesCsv(outcomes));
  return outcomes;
}

/** The reason why one submission cannot be played stands in its line of the matrix; the others go on. */
async function checked(name: string, place: number, check: ClassCheck, progress: Progress): Promise<Outcome> {
  try {
    return await checkSubmission(name, place, check, () => progress.rule(name));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { submission: name, rules: [], remark: error.message };
  }
}

/** A class that was stopped is played on with the same choices. */
function earlierSeed({ out }: CheckAllPlan, names: readonly string[], suites: readonly Suite[]): number | undefined {
  for (const name of names) {
    for (const suite of suites) {
      const text = textIfThere(join(out, name, `${nameOf(suite).replace(" ", "-")}.json`));
      const seed = text === undefined ? undefined : seedIn(text);
      if (seed !== undefined) return seed;
    }
  }
  return undefined;
}

/** The matrix on standard output and, on a terminal, a line of progress under it. */
class Progress {
  readonly #isShown: boolean;
  readonly #underWay = new Map<string, number>();
  #done = 0;
  #of = 0;
  #rules = 0;

  constructor(readonly isQuiet: boolean) {
    this.#isShown = Deno.stderr.isTerminal() && !isQuiet;
  }

  begin(of: number, rules: number): void {
    [this.#done, this.#of, this.#rules] = [0, of, rules];
  }

  rule(name: string): void {
    this.#underWay.set(name, (this.#underWay.get(name) ?? 0) + 1);
    this.#show();
  }

  done(name: string, line: string): void {
    this.#underWay.delete(name);
    this.#done++;
    this.print(`${line}\n`);
    this.#show();
  }

  print(text: string): void {
    this.clear();
    print(text);
  }

  clear(): void {
    if (this.#isShown) printError("\r\x1b[K");
  }

  #show(): void {
    if (!this.#isShown) return;
    const now = [...this.#underWay].map(([name, count]) => `${sanitized(name)} ${count}/${this.#rules}`).join(", ");
    this.clear();
    printError(`${this.#done} of ${this.#of} submissions; ${now}`.slice(0, 78));
  }
}
