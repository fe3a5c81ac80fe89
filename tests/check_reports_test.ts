import { assert, assertEquals, assertMatch } from "@std/assert";
import { classroomReport, csv, csvReport, gradescopeReport } from "../lib/check/reports/graders.ts";
import { htmlReport } from "../lib/check/reports/html.ts";
import { jsonReport } from "../lib/check/reports/json.ts";
import { junitReport } from "../lib/check/reports/junit.ts";
import { neededBesides, neededByBlocked, unjudgedByLack, weakByNote } from "../lib/check/report.ts";
import { type RuleResult, TOO_BUSY } from "../lib/check/run.ts";
import { story } from "../lib/check/story.ts";
import { hostileReport } from "./support/check_report.ts";

const report = hostileReport();
const [failed, passed, weak, info, blocked] = report.results;
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

Deno.test("the JSON is as docs/check.md has it", () => {
  const json = JSON.parse(jsonReport(report));
  const { rules, ...head } = json;
  assertEquals(head, {
    partyline: head.partyline,
    handout: "im",
    side: "server",
    target: report.target,
    seed: 7,
    points: passed!.points + weak!.points,
    of: report.results.reduce((sum, { rule }) => sum + rule.points, 0),
    counts: { pass: 1, weak: 1, fail: 2, info: 1, blocked: 1 },
  });
  assertMatch(head.partyline, /^\d+\.\d+\.\d+$/);
  const { id, title, quote, level, why, cause, points: of } = failed!.rule;
  const { where, expected, got } = failed!.failure!;
  const [, , last] = rules[0].steps;
  assertEquals(rules[0], {
    ...{ id, title, quote, level, verdict: "fail", points: 0, of, where, expected, got, why, cause, ms: 1234 },
    steps: rules[0].steps,
  });
  assertEquals(last, { at: 3, who: "bob", link: "Lb", way: "in", text: "<\ufffd\0\x1b\n" });
  assertEquals(rules.map(({ verdict }: { verdict: string }) => verdict).join(), "fail,pass,weak,info,blocked,fail");
  assertEquals(rules[2].notes, weak!.notes);
});

Deno.test("a rule that is played often says how often it failed, in the story and in the JSON", () => {
  const often = { ...failed!, failed: 3, played: 10 };
  assertMatch(story(often, { again: "", columns: 100 }), /^FAIL .* \(3 of 10 times\) /);
  const [rule] = JSON.parse(jsonReport({ ...report, results: [often] })).rules;
  assertEquals([rule.failed, rule.played], [3, 10]);
});

Deno.test("rules that are weak in the same way stand together; what blocks rules is named once, and not what it blocks", () => {
  const flawed = (notes: string[]) => ({ ...weak!, notes });
  const found = weakByNote([flawed(["no line end"]), failed!, flawed(["other words"]), flawed(["no line end"])]);
  assertEquals([...found].map(([note, each]) => [note, each.length]), [["no line end", 2], ["other words", 1]]);
  const by = (blockedBy: RuleResult) => ({ ...blocked!, blockedBy });
  const another = { ...failed!, rule: { ...failed!.rule, id: "im/2/4" } };
  const needing = [by(failed!), by(another), by(failed!), by({ ...blocked!, notes: [TOO_BUSY] })];
  assertEquals(neededByBlocked(needing), [failed!, another]);
  assertEquals(neededBesides([failed!, ...needing]), [another]);
  assertMatch(htmlReport({ ...report, results: needing }), /<article id="im-2-4">/);
  const lacks = (what: string) => ({ ...info!, lacks: what });
  assertEquals([...unjudgedByLack([lacks("a terminal"), info!, lacks("a terminal")])], [["a terminal", 2]]);
});

Deno.test("the JUnit XML is read by a parser, with the counts, the story and every verdict", async () => {
  const script = `
import sys, json, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
suite = root[0]
print(json.dumps({"root": root.tag, "attributes": suite.attrib, "cases": [
  {"name": case.get("name"), "class": case.get("classname"), "time": case.get("time"),
   "inner": [[each.tag, each.get("message"), each.text] for each in case]} for case in suite]}))`;
  const child = new Deno.Command("python3", { args: ["-c", script], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(junitReport(report)));
  await writer.close();
  const { stdout, success } = await child.output();
  assert(success, "xml.etree reads it");
  const { root, attributes, cases } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(root, "testsuites");
  assertEquals(attributes, { name: "im server", tests: "6", failures: "2", skipped: "1", time: "7.404" });
  assertEquals(cases[0].name, `${failed!.rule.id} ${failed!.rule.title}`);
  const [[tag, message, text]] = cases[0].inner;
  assertEquals(tag, "failure");
  assert(message.startsWith("expected /from jacky <script>"), message);
  assert(text.includes(`Usual cause: ${failed!.rule.cause}`));
  assertEquals(cases[1].inner, []);
  assertEquals(cases[4].inner[0][0], "skipped");
  assertEquals([info, blocked].map((each) => each!.verdict), ["info", "blocked"]);
});

Deno.test("Gradescope: its results.json, hidden rules after the due date, no point twice", () => {
  const { tests, output, execution_time, ...more } = JSON.parse(gradescopeReport(report));
  assertEquals([more, execution_time], [{}, 7]);
  assertMatch(output, /^1 passed, 1 weak, 2 failed, 1 noted, 1 blocked: /);
  const keys = ["max_score", "name", "number", "output", "score", "status", "visibility"];
  for (const test of tests) assertEquals(Object.keys(test).sort(), keys);
  assertEquals(tests[0].visibility, "after_due_date");
  assertEquals(tests[1].visibility, "visible");
  assertEquals([tests[0].status, tests[0].score, tests[0].max_score], ["failed", 0, failed!.rule.points]);
  assertEquals([tests[1].status, tests[1].score], ["passed", passed!.rule.points]);
  assertEquals(tests[0].number, failed!.rule.id.slice("im/".length).replace("/", "."));
});

Deno.test("Classroom 50: classroom50/result/v1 with whole scores, and no test without points", () => {
  const run = { classroom: "c", assignment: "a", submission: "s", commit: "k", release: "r", review: "v" };
  const result = JSON.parse(classroomReport(report, { ...run, datetime: "2026-11-28T18:00:00Z" }));
  assertEquals({ ...result, tests: [] }, {
    schema: "classroom50/result/v1",
    ...run,
    datetime: "2026-11-28T18:00:00Z",
    score: passed!.points + weak!.points,
    "max-score": report.results.reduce((sum, { rule }) => sum + rule.points, 0),
    tests: [],
  });
  for (const test of result.tests) {
    assertEquals(Object.keys(test), ["test-name", "passed", "score", "max-score"]);
    assert(Number.isInteger(test.score) && test["max-score"] > 0);
  }
});

Deno.test("CSV: no cell is a formula, and quotes, commas and line ends stay within their cell", () => {
  assertEquals(csv([["=1+1", "+1", "-1", "@x", "\tx", "\rx"]]), `'=1+1,'+1,'-1,'@x,'\tx,"'\rx"\r\n`);
  assertEquals(csv([['say "hi"', "a,b", "a\nb"], ["", "é", "1=1"]]), '"say ""hi""","a,b","a\nb"\r\n,é,1=1\r\n');
  const lines = csvReport(report).split("\r\n");
  assertEquals(lines[0], "target,rule,title,verdict,points,of,expected,got");
  assert(lines.slice(1, -1).every((line) => line.startsWith(`"'=cmd|`)), "a command line that begins with =");
});

Deno.test("the page escapes everything, and refers to nothing outside", () => {
  const html = htmlReport(report);
  assert(!CONTROL.test(html), "no control or direction characters");
  assert(!/<script|<b onclick|javascript:/i.test(html), "no markup of the program's");
  assert(
    !/(?:src|href)="(?!#)|url\(|@import|https?:|<(?:link|iframe|object|base|form|meta http-equiv="refresh)/i.test(html),
  );
  assertMatch(html, /content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) assert(html.includes(`id="${target}"`), target);
});

Deno.test("a rule that has failed by what is weak, as with --strict, is told everywhere; what is long is cut on the page", () => {
  const strict = { ...weak!, verdict: "fail" as const, notes: ["no line end"] };
  const only = { ...report, results: [strict] };
  assertMatch(story(strict, { again: "", columns: 100 }), /^FAIL .*\n[^]*note {6}no line end\n/);
  assertMatch(htmlReport(only), /<dt>Weak<\/dt><dd><code>no line end<\/code>/);
  assertMatch(junitReport(only), /<failure message="no line end">/);
  assertMatch(csvReport(only), /,no line end\r\n$/);
  const long = { ...failed!, failure: { ...failed!.failure!, expected: "x".repeat(5000) } };
  assert(!htmlReport({ ...report, results: [long] }).includes("x".repeat(201)));
});

Deno.test("a story has nothing that can control a terminal", () => {
  for (const result of report.results) {
    const text = story(result, { again: "client check", columns: 100 });
    assert(!CONTROL.test(text.replaceAll("\n", "")), text);
  }
});
