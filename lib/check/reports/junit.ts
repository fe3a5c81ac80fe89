import { escape } from "@std/html/entities";
import { type CheckReport, countsOf } from "../report.ts";
import { story } from "../story.ts";

const COLUMNS = 100;

/** The result as JUnit XML, which most graders and CI systems read. */
export function junitReport(report: CheckReport): string {
  const { suite, results, again } = report;
  const counts = countsOf(results);
  const name = `${suite.handout} ${suite.side}`;
  const total = attributes({
    name,
    tests: results.length,
    failures: counts.fail,
    skipped: counts.blocked,
    time: seconds(results.reduce((sum, { ms }) => sum + ms, 0)),
  });
  const cases = results.map((result) => {
    const { rule, verdict, ms, failure, notes } = result;
    const head = `    <testcase${attributes({ classname: name, name: `${rule.id} ${rule.title}`, time: seconds(ms) })}`;
    if (verdict === "fail") {
      const message = failure ? `expected ${failure.expected}, got ${failure.got}` : notes.join("; ");
      const text = story(result, { again: again(rule), columns: COLUMNS });
      return `${head}>\n      <failure${attributes({ message })}>${escaped(text)}</failure>\n    </testcase>`;
    }
    if (verdict === "blocked") {
      return `${head}>\n      <skipped${attributes({ message: notes.join("; ") })}/>\n    </testcase>`;
    }
    if (notes.length === 0) return `${head}/>`;
    return `${head}>\n      <system-out>${escaped(notes.join("\n"))}</system-out>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${total}>`,
    `  <testsuite${total}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values).map(([name, value]) => ` ${name}="${escaped(String(value))}"`).join("");
}

/** Characters that XML cannot hold are replaced: a program's words may have any. */
function escaped(text: string): string {
  // deno-lint-ignore no-control-regex
  const allowed = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
  return escape(allowed.toWellFormed());
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
