import { assert, assertEquals } from "@std/assert";
import { SUITES } from "../lib/check/suites.ts";
import { play } from "./support/check.ts";

Deno.test("every rule has an id of its own within its handout, and a known section", () => {
  const ids = new Set<string>();
  for (const suite of SUITES) {
    for (const { id } of suite.rules) {
      const [handout, section, number, ...more] = id.split("/");
      assertEquals([handout, more.length], [suite.handout, 0], id);
      assert(section! in suite.sections && /^[1-9]\d*$/.test(number!), id);
      assert(!ids.has(id), `${id} stands twice`);
      ids.add(id);
    }
  }
});

Deno.test("a rule needs rules of its own suite, none that is open, and never itself by way of others", () => {
  for (const { rules } of SUITES) {
    const byId = new Map(rules.map((rule) => [rule.id, rule]));
    const visit = (id: string, trail: readonly string[]): void => {
      assert(!trail.includes(id), [...trail, id].join(" → "));
      const rule = byId.get(id)!;
      assert(rule !== undefined, `${trail.at(-1)} needs ${id}, which is no rule`);
      if (trail.length > 0) assert(rule.level !== "open", `${trail.at(-1)} needs ${id}, which is open`);
      for (const needed of rule.needs) visit(needed, [...trail, id]);
    };
    for (const { id } of rules) visit(id, []);
  }
});

Deno.test("every rule says its sentence, why it matters and the usual cause, each in one line", () => {
  for (const { rules } of SUITES) {
    for (const { id, title, quote, why, cause, level, points, steps } of rules) {
      for (const text of [title, quote, why, cause]) assert(text.trim() !== "" && !text.includes("\n"), id);
      assert(level === "open" ? points === 0 : points > 0, id);
      assert(steps.length > 0, id);
    }
  }
});

Deno.test("a running server needs accounts where a rule types a password, and nowhere else", () => {
  for (const { handout, side, rules, takesAnyName } of SUITES.filter(({ side }) => side === "server")) {
    const typesPassword = JSON.stringify(rules).includes(".password}");
    assertEquals(takesAnyName !== true, typesPassword, `${handout} ${side}`);
  }
});

Deno.test("a rule that waits for minutes is not judged without --long: it is noted, has no points, and blocks nothing", async () => {
  const [suite] = SUITES;
  const rules = suite!.rules.slice(0, 1).map((rule) => ({ ...rule, longSeconds: 90 }));
  const [result] = await play(suite!, ["no-such-program"], {}, rules);
  assertEquals([result!.verdict, result!.points, result!.rule.points, result!.notes], ["info", 0, 0, [
    "not judged without --long: it waits 90 s",
  ]]);
  for (const { id, longSeconds, needs } of SUITES.flatMap(({ rules }) => rules)) {
    const waits = SUITES.flatMap(({ rules }) => rules).filter((rule) => rule.longSeconds && needs.includes(rule.id));
    assert(longSeconds !== undefined || waits.length === 0, `${id} needs a rule that is not always judged`);
  }
});
