import { UserError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { type CheckAllPlan, readCheckAll } from "./all/command_line.ts";
import type { NetworkKind } from "./network.ts";
import { CHECK_OPTIONS, DEFAULT_TIMEOUT_MS } from "./options.ts";
import { type CheckFlags, networkOf, numberOf, selectedRules } from "./option_values.ts";
import type { Rule, Side, Suite } from "./rule.ts";
import { REPLAYS } from "./replay/rules.ts";
import { SUITES } from "./suites.ts";

export const OUTPUT_FILES = ["report", "json", "junit", "gradescope", "classroom", "csv"] as const;
export type OutputKind = (typeof OUTPUT_FILES)[number];

/** What `client check` is to do. */
export interface CheckPlan {
  readonly type: "check";
  readonly suite: Suite;
  readonly rules: readonly Rule[];
  /** A server that runs already, or a command that starts the program under test. */
  readonly program: { readonly host: string; readonly port: number } | { readonly command: readonly string[] };
  readonly isStrict: boolean;
  /** Undefined: a new one. */
  readonly seed: number | undefined;
  readonly network: NetworkKind;
  readonly repeat: number;
  /** Rules that wait for a minute and more are played, too. */
  readonly isLong: boolean;
  readonly users: string | undefined;
  readonly rubric: string | undefined;
  readonly outputs: Readonly<Partial<Record<OutputKind, string>>>;
  readonly jobs: number;
  readonly timeoutMs: number;
  readonly show: "all" | "failures" | "summary";
}

export interface CheckListPlan {
  readonly type: "check-list";
  readonly suites: readonly Suite[];
  readonly rules: readonly Rule[];
  readonly form: "text" | "json" | "markdown";
  /** Where it is written; `-` is standard output. */
  readonly file: string;
}

/** A trace that is to be judged. */
export interface CheckReplayPlan {
  readonly type: "check-replay";
  readonly handout: string;
  readonly trace: string;
  readonly isStrict: boolean;
  /** The file for the result as JSON. */
  readonly json: string | undefined;
  readonly show: CheckPlan["show"];
}

/** Reads what follows `client check`; `command` is what stands after `--`. Throws a `UserError`. */
export function readCheck(
  words: readonly string[],
  command: readonly string[] | undefined,
  flags: CheckFlags,
): CheckPlan | CheckListPlan | CheckReplayPlan | CheckAllPlan {
  const [handout, side, ...rest] = words;
  if (handout === "all") return readCheckAll(words.slice(1), command, flags);
  const ofAll = ["with", "out", "memory", "total"].find((name) => flags.value(name) !== undefined);
  if (ofAll || flags.has("cross")) {
    throw new UserError(`--${ofAll ?? "cross"} is for client check all FOLDER --with FILE`);
  }
  if (side === "replay") return readReplay(handout!, rest, command, flags);
  const suites = suitesOf(handout, side);
  if (flags.has("list")) {
    if (rest.length > 0) throw new UserError(`--list takes a handout and a side, found "${rest[0]}"`);
    const file = flags.value("json");
    const form = flags.has("markdown") ? "markdown" : file === undefined ? "text" : "json";
    const rules = suites.flatMap((suite) => selected(suite, flags));
    return { type: "check-list", suites, rules, form, file: form === "json" ? file! : "-" };
  }
  if (flags.has("markdown")) throw new UserError("--markdown is for --list: client check --list --markdown");
  const [suite] = suites;
  if (handout === undefined || suite === undefined || suites.length > 1 && side === undefined) {
    throw new UserError(`check needs a handout and a side; ${usage()}`);
  }
  const program = programOf(suite, rest, command);
  return {
    type: "check",
    suite,
    rules: selected(suite, flags),
    program,
    isStrict: flags.has("strict"),
    seed: numberOf(flags, "seed", 0, 2 ** 32 - 1),
    network: networkOf(flags.value("network"), suite),
    repeat: numberOf(flags, "repeat", 1, 1000) ?? 1,
    isLong: flags.has("long"),
    users: flags.value("users"),
    rubric: flags.value("rubric"),
    outputs: outputsOf(flags),
    jobs: jobsOf(flags, program),
    timeoutMs: numberOf(flags, "timeout", 100, 60_000) ?? DEFAULT_TIMEOUT_MS,
    show: shownOf(flags),
  };
}

/** In a server that runs already the persons of one rule would meet those of another. */
function jobsOf(flags: CheckFlags, program: CheckPlan["program"]): number {
  const jobs = numberOf(flags, "jobs", 1, 64) ?? ("command" in program ? 4 : 1);
  if (jobs === 1 || "command" in program) return jobs;
  throw new UserError(
    `--jobs ${jobs}: a server that runs already is played one rule at a time; one that the check starts can take more`,
  );
}

function readReplay(
  handout: string,
  files: readonly string[],
  command: readonly string[] | undefined,
  flags: CheckFlags,
): CheckReplayPlan {
  const example = "for example: client check im replay trace.jsonl";
  const known = Object.keys(REPLAYS);
  if (!known.includes(handout)) {
    throw new UserError(`traces of ${known.join(", ")} can be judged, and not of "${handout}"; ${example}`);
  }
  const [trace, ...more] = files;
  if (trace === undefined || more.length > 0 || command !== undefined) {
    throw new UserError(`replay takes the file that --trace-file has written; ${example}`);
  }
  const taken = ["json", "strict", "verbose", "quiet"];
  const other = CHECK_OPTIONS.find(({ name, value }) =>
    !taken.includes(name) && (value === undefined ? flags.has(name) : flags.value(name) !== undefined)
  );
  if (other) {
    throw new UserError(`--${other.name} is not for replay, which takes --json, --strict, --verbose and --quiet`);
  }
  return {
    type: "check-replay",
    handout,
    trace,
    isStrict: flags.has("strict"),
    json: flags.value("json"),
    show: shownOf(flags),
  };
}

function shownOf(flags: CheckFlags): CheckPlan["show"] {
  return flags.has("verbose") ? "all" : flags.has("quiet") ? "summary" : "failures";
}

/** The files of the reports; each gets one. */
function outputsOf(flags: CheckFlags): CheckPlan["outputs"] {
  const outputs = OUTPUT_FILES.flatMap((kind) => {
    const file = flags.value(kind);
    return file === undefined ? [] : [[kind, file] as const];
  });
  for (const [i, [kind, file]] of outputs.entries()) {
    const other = outputs.slice(0, i).find(([, each]) => each === file);
    if (other === undefined) continue;
    const where = file === "-" ? "standard output" : file;
    throw new UserError(`--${other[0]} and --${kind} cannot both be written to ${where}`);
  }
  return Object.fromEntries(outputs);
}

function usage(): string {
  const known = SUITES.map(nameOf).join(", ");
  return `for example: client check im server 127.0.0.1 2001. Known are: ${known}`;
}

/** The suites that are named: all, those of one handout, or one side of it. */
function suitesOf(handout: string | undefined, side: string | undefined): Suite[] {
  const ofHandout = SUITES.filter((suite) => handout === undefined || suite.handout === handout);
  if (ofHandout.length === 0) throw unknownCheck(handout!, SUITES.map((suite) => suite.handout));
  const found = ofHandout.filter((suite) => side === undefined || suite.side === side as Side);
  if (found.length === 0) throw unknownCheck(`${handout} ${side}`, ofHandout.map(nameOf));
  return found;
}

function unknownCheck(given: string, known: readonly string[]): UserError {
  const meant = suggestion(given, known);
  return new UserError(`there is no check for "${given}"; ${meant ? `did you mean "${meant}"?` : usage()}`);
}

function nameOf({ handout, side }: Suite): string {
  return `${handout} ${side}`;
}

function programOf(
  suite: Suite,
  rest: readonly string[],
  command: readonly string[] | undefined,
): CheckPlan["program"] {
  if (command !== undefined) {
    if (command.length === 0) throw new UserError("after -- comes the command that starts the program");
    if (rest.length > 0) throw new UserError(`a started program needs no HOST and PORT, found "${rest[0]}"`);
    return { command };
  }
  const [host, port, ...more] = rest;
  const example = `client check ${suite.handout} ${suite.side} -- python3 ${suite.side}.py {host} {port}`;
  if (suite.side !== "server") throw new UserError(`a ${suite.side} is started by the check: ${example}`);
  if (host === undefined || port === undefined || more.length > 0) {
    throw new UserError(`expected HOST and PORT of a running server, or a command that starts one: ${example}`);
  }
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new UserError(`the port must be a whole number from 1 to 65535, not "${port}"`);
  }
  return { host, port: Number(port) };
}

/** The rules that --only and --skip leave; an id that no rule of the check has is a mistake. */
function selected(suite: Suite, flags: CheckFlags): Rule[] {
  return selectedRules(nameOf(suite), suite.rules, flags);
}
