import type { Failure } from "../../lib/check/expectations.ts";
import type { CheckReport } from "../../lib/check/report.ts";
import type { Verdict } from "../../lib/check/rule.ts";
import type { RuleResult } from "../../lib/check/run.ts";
import { SUITES } from "../../lib/check/suites.ts";
import { encodeText } from "../../lib/core/text.ts";

/** What a hostile program may say: markup, control characters, direction overrides, half a character. */
export const HOSTILE = `<script>alert("1")</script>]]>&amp;'\x00\x1b[2J\x07\u202egnp.exe\u200b\ufffe`;

const FAILURE: Failure = {
  step: 1,
  where: `<b onclick="x">${HOSTILE} Lb`,
  expected: `/from jacky ${HOSTILE}`,
  got: HOSTILE,
  isUnexpected: true,
};

/** A report with every verdict, of a program that is hostile where it can be. */
export function hostileReport(): CheckReport {
  const suite = SUITES[0]!;
  const verdicts: readonly Verdict[] = ["fail", "pass", "weak", "info", "blocked", "fail"];
  const results = verdicts.map((verdict, i): RuleResult => ({
    rule: suite.rules[i]!,
    verdict,
    points: verdict === "pass" || verdict === "weak" ? suite.rules[i]!.points : 0,
    ms: 1234,
    failure: verdict === "fail" ? FAILURE : undefined,
    notes: verdict === "pass" || verdict === "fail" ? [] : [HOSTILE],
    transcript: [
      { at: 0.4, who: "jacky", link: "La", way: "event", bytes: encodeText("connected"), step: 0 },
      { at: 1, who: HOSTILE, link: HOSTILE, way: "out", bytes: encodeText(`/to bob ${HOSTILE}\n`), step: 0 },
      { at: 2.6, who: "bob", link: "Lb", way: "in", bytes: new Uint8Array([0x3c, 0xff, 0, 0x1b, 0x0a]), step: 1 },
    ],
    failed: verdict === "fail" ? 1 : 0,
    played: 1,
  }));
  return {
    suite,
    target: `=cmd|' /C calc'!A0 ${HOSTILE}`,
    seed: 7,
    results,
    isHidden: ({ id }) => id === suite.rules[0]!.id,
    again: ({ id }) => `client check im server --only ${id} -- ${HOSTILE}`,
  };
}
