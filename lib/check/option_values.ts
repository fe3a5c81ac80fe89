import { UserError } from "../core/errors.ts";
import { type NetworkKind, NETWORKS } from "./network.ts";
import { isWithin } from "./rubric.ts";
import type { Rule, Suite } from "./rule.ts";

/** The parsed options of a command line. */
export interface CheckFlags {
  has(name: string): boolean;
  value(name: string): string | undefined;
}

/** What `--network` names. */
export function networkOf(given = "none", { handout, isPaced, isUnrepeated, hasStreams = true }: Suite): NetworkKind {
  const kind = NETWORKS.find((each) => each === given);
  if (kind === undefined) throw new UserError(`--network must be one of ${NETWORKS.join(", ")}, not "${given}"`);
  if (kind === "lossy" && isUnrepeated) {
    throw new UserError(
      `--network lossy does not apply to ${handout}: what is lost there is not sent again; none and slow do`,
    );
  }
  if (kind === "cut" && !hasStreams) {
    const others = isUnrepeated ? "none and slow do" : "none, slow and lossy do";
    throw new UserError(`--network cut does not apply to ${handout}: each datagram arrives whole; ${others}`);
  }
  if (!isPaced || kind === "none" || kind === "slow") return kind;
  throw new UserError(
    `--network ${kind} does not apply to ${handout}: silence alone parts what is said there; none and slow do`,
  );
}

/** A whole number within bounds; undefined if it is not given. */
export function numberOf(flags: CheckFlags, name: string, least: number, most: number): number | undefined {
  const given = flags.value(name);
  if (given === undefined) return undefined;
  const value = /^\d+$/.test(given) ? Number(given) : NaN;
  if (value >= least && value <= most) return value;
  throw new UserError(`--${name} must be a whole number from ${least} to ${most}, not "${given}"`);
}

/** The rules that --only and --skip leave; an id that no rule of the check has is a mistake. */
export function selectedRules(check: string, rules: readonly Rule[], flags: CheckFlags): Rule[] {
  const [only, skip] = ["only", "skip"].map((name) =>
    flags.value(name)?.split(",").map((id) => {
      const prefix = id.trim();
      if (rules.some((rule) => isWithin(rule, prefix))) return prefix;
      throw new UserError(`--${name} ${prefix}: ${check} has no such rule; --list shows them`);
    })
  );
  return rules.filter((rule) =>
    (only === undefined || only.some((id) => isWithin(rule, id))) && !skip?.some((id) => isWithin(rule, id))
  );
}
