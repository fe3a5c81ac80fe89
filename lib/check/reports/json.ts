import { decodeLossy } from "../../core/text.ts";
import { VERSION } from "../../core/version.ts";
import { type CheckReport, countsOf, pointsOf } from "../report.ts";

/** The result as `--json` writes it, with further fields first; see docs/check.md. */
export function jsonReport(report: CheckReport, more: Readonly<Record<string, string>> = {}): string {
  const { suite, target, seed, results } = report;
  return JSON.stringify(
    {
      ...more,
      partyline: VERSION,
      handout: suite.handout,
      side: suite.side,
      target,
      seed,
      ...pointsOf(results),
      counts: countsOf(results),
      rules: results.map(({ rule, verdict, points, failure, notes, ms, transcript, failed, played }) => ({
        id: rule.id,
        title: rule.title,
        quote: rule.quote,
        level: rule.level,
        verdict,
        points,
        of: rule.points,
        ...(failure && { where: failure.where, expected: failure.expected, got: failure.got }),
        ...(notes.length > 0 && { notes }),
        ...(played > 1 && { failed, played }),
        why: rule.why,
        cause: rule.cause,
        ms,
        steps: transcript.map(({ at, who, link, way, bytes, more = 0 }) => ({
          at: Math.round(at),
          who,
          link,
          way,
          text: decodeLossy(bytes),
          ...(more > 0 && { more }),
        })),
      })),
    },
    null,
    2,
  ) + "\n";
}
