import type { CheckReplayPlan } from "../check/command_line.ts";
import type { Finding } from "../check/replay/findings.ts";
import { readTrace, type Traced } from "../check/replay/record.ts";
import { type Coverage, coverageOf, REPLAYS } from "../check/replay/rules.ts";
import type { RuleResult } from "../check/run.ts";
import { story } from "../check/story.ts";
import { UserError } from "../core/errors.ts";
import { decodeLossy, sanitized } from "../core/text.ts";
import { VERSION } from "../core/version.ts";
import { readText, writeText } from "../store/text_file.ts";
import { print, printError } from "../terminal/print.ts";
import { THIS_CLIENT } from "./program.ts";

const COLUMNS = 100;

/** The violations of one rule by one program. */
interface Broken {
  readonly first: Finding;
  readonly count: number;
  readonly isFailed: boolean;
}

/** `client check HANDOUT replay FILE`: judges a trace afterwards; the exit status. */
export function checkReplay(plan: CheckReplayPlan): number {
  const replay = REPLAYS[plan.handout]!;
  const judge = replay.judge();
  const records = readTrace(plan.trace, readText(plan.trace));
  const its = records.filter((record) => record.session > 0 && judge.judges(record));
  if (its.length === 0) throw new UserError(noSession(plan, records));
  const findings = [...records.flatMap((record) => judge.feed(record)), ...judge.end()];
  const sessions = new Set(its.map(({ session }) => session)).size;
  const all = grouped(findings, plan.isStrict);
  const coverage = coverageOf(replay, judge.judged);
  const isPiped = plan.json === "-";
  if (!isPiped && plan.show !== "summary") { for (const each of all) print(`${storyOf(plan.handout, each)}\n\n`); }
  if (plan.show === "all" && !isPiped) print(coverageText(coverage));
  const lost = records.filter(({ session }) => session === 0).length;
  if (lost > 0) {
    printError("client: lines of the trace were dropped when it was written; what is missing may look broken\n");
  }
  if (plan.handout !== "im" && its.some(({ protocol }) => protocol === undefined)) {
    printError(
      `client: ${plan.trace} does not say which listener its sessions came by; all were judged as ${plan.handout}\n`,
    );
  }
  if (plan.json !== undefined) {
    const text = jsonOf(plan, all, coverage);
    if (isPiped) print(text);
    else writeText(plan.json, text);
  }
  const last = summaryOf(all, coverage, sessions);
  if (isPiped) printError(last);
  else print(last);
  return all.some(({ isFailed }) => isFailed) ? 1 : 0;
}

/** Why there is nothing to judge. */
function noSession({ trace, handout }: CheckReplayPlan, records: readonly Traced[]): string {
  const others = [...new Set(records.flatMap(({ protocol }) => protocol ?? []))].toSorted();
  const links = [...new Set(records.map(({ link }) => link))].filter((link) => link !== "").toSorted();
  const has = others.length > 0
    ? `its sessions are of ${others.join(", ")}`
    : `it does not say which listener its sessions came by, and its links are ${links.join(", ")}`;
  return `${trace} has no session of ${handout}: ${has}`;
}

function grouped(findings: readonly Finding[], isStrict: boolean): Broken[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.rule.id, finding.name]);
    groups.set(key, [...groups.get(key) ?? [], finding]);
  }
  return [...groups.values()].map((each) => {
    // Failed rules are shown before weak ones.
    const first = each.find(({ isWeak }) => !isWeak) ?? each[0]!;
    return { first, count: each.length, isFailed: isStrict || !first.isWeak };
  });
}

function storyOf(handout: string, { first, count, isFailed }: Broken): string {
  const { rule, side, name, session, time, link, expected, got, transcript } = first;
  const often = count === 1 ? "" : `, and ${count - 1} more like it`;
  const when = new Date(time).toISOString().slice(11, 23);
  const who = side === "client" ? `the client of ${name}` : `the server, to ${name}`;
  const result: RuleResult = {
    rule: { ...rule, points: 0 },
    verdict: isFailed ? "fail" : "weak",
    points: 0,
    ms: 0,
    failure: { step: 0, where: link, expected, got, isUnexpected: true },
    notes: [`${who}, session ${session}, at ${when} UTC${often}`],
    transcript,
    failed: 1,
    played: 1,
  };
  return story(result, {
    again: `${THIS_CLIENT} check ${handout} ${side} --only ${rule.id} -- COMMAND`,
    columns: COLUMNS,
  });
}

function summaryOf(all: readonly Broken[], { kept, broken, unseen, beyond }: Coverage, sessions: number): string {
  const failed = new Set(all.filter(({ isFailed }) => isFailed).map(({ first }) => first.rule.id)).size;
  const counts = [`${kept.length} kept`, `${failed} broken`, `${broken.length - failed} weak`].join(", ");
  const counted = sessions === 1 ? "1 session" : `${sessions} sessions`;
  return `${counted}: ${kept.length + broken.length} rules judged, ${counts}; ` +
    `${unseen.length} had no occasion, ${beyond.length} cannot be judged from a trace\n`;
}

function coverageText({ kept, unseen, beyond }: Coverage): string {
  const line = (what: string, ids: readonly string[]) => ids.length === 0 ? "" : `${what}: ${ids.join(" ")}\n`;
  return line("kept", kept) + line("no occasion", unseen) + line("not from a trace", beyond);
}

function jsonOf({ trace, handout }: CheckReplayPlan, all: readonly Broken[], coverage: Coverage): string {
  const findings = all.map(({ first, count, isFailed }) => ({
    id: first.rule.id,
    title: first.rule.title,
    quote: first.rule.quote,
    side: first.side,
    name: first.name,
    session: first.session,
    time: new Date(first.time).toISOString(),
    verdict: isFailed ? "fail" : "weak",
    times: count,
    link: first.link,
    expected: first.expected,
    got: first.got,
    why: first.rule.why,
    cause: first.rule.cause,
    steps: first.transcript.map(({ at, who, link, way, bytes }) => ({
      at,
      who: sanitized(who),
      link,
      way,
      text: decodeLossy(bytes),
    })),
  }));
  return JSON.stringify({ partyline: VERSION, handout, trace, findings, ...coverage }, null, 2) + "\n";
}
