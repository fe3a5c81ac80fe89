import { UserError } from "../../core/errors.ts";
import type { NetworkKind } from "../network.ts";
import { DEFAULT_TIMEOUT_MS } from "../options.ts";
import { type CheckFlags, networkOf, numberOf, selectedRules } from "../option_values.ts";
import type { Rule, Suite } from "../rule.ts";
import { SUBMISSION_LIMITS, type SubmissionLimits } from "./limits.ts";

/** Submissions that are to be checked, a folder each. */
export interface CheckAllPlan {
  readonly type: "check-all";
  readonly folder: string;
  /** The file that says how a submission is started. */
  readonly starts: string;
  readonly out: string;
  /** Every client is played against every server, too. */
  readonly isCross: boolean;
  /** The rules that `--only` and `--skip` leave; throws a `UserError`. */
  readonly select: (rules: readonly Rule[]) => Rule[];
  readonly isStrict: boolean;
  /** Undefined: that of the results which are there, or a new one. */
  readonly seed: number | undefined;
  readonly networkFor: (suite: Suite) => NetworkKind;
  readonly repeat: number;
  readonly isLong: boolean;
  readonly rubric: string | undefined;
  /** Submissions at a time. */
  readonly jobs: number;
  readonly timeoutMs: number;
  readonly limits: SubmissionLimits;
  readonly isQuiet: boolean;
}

const EXAMPLE = "for example: client check all submissions --with start.txt --out results";
const DEFAULT_OUT = "results";
const OTHERS = ["users", "report", "json", "junit", "gradescope", "classroom", "csv"];

/** Reads what follows `client check all`. Throws a `UserError`. */
export function readCheckAll(
  [folder, ...more]: readonly string[],
  command: readonly string[] | undefined,
  flags: CheckFlags,
): CheckAllPlan {
  if (folder === undefined || more.length > 0 || command !== undefined) {
    throw new UserError(`all takes one folder, with a folder for each submission in it; ${EXAMPLE}`);
  }
  const starts = flags.value("with");
  if (starts === undefined) throw new UserError(`all needs --with FILE: how a submission is started; ${EXAMPLE}`);
  const out = flags.value("out") ?? DEFAULT_OUT;
  const other = OTHERS.find((name) => flags.value(name) !== undefined);
  if (other !== undefined) throw new UserError(`--${other} is not for all, whose results are in --out`);
  const network = flags.value("network");
  return {
    type: "check-all",
    folder,
    starts,
    out,
    isCross: flags.has("cross"),
    select: (rules) => selectedRules(starts, rules, flags),
    isStrict: flags.has("strict"),
    seed: numberOf(flags, "seed", 0, 2 ** 32 - 1),
    networkFor: (suite) => networkOf(network, suite),
    repeat: numberOf(flags, "repeat", 1, 1000) ?? 1,
    isLong: flags.has("long"),
    rubric: flags.value("rubric"),
    jobs: numberOf(flags, "jobs", 1, 64) ?? 4,
    timeoutMs: numberOf(flags, "timeout", 100, 60_000) ?? DEFAULT_TIMEOUT_MS,
    limits: {
      ...SUBMISSION_LIMITS,
      memoryMb: numberOf(flags, "memory", 16, 1024 * 1024) ?? SUBMISSION_LIMITS.memoryMb,
      totalSeconds: numberOf(flags, "total", 1, 86_400) ?? SUBMISSION_LIMITS.totalSeconds,
    },
    isQuiet: flags.has("quiet"),
  };
}
