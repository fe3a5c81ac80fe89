import { assert, assertEquals } from "@std/assert";
import { SUITES } from "../lib/check/suites.ts";

Deno.test("every rule has an id of its own within its handout, a known section, and needs only rules before it", () => {
  const ids = new Set<string>();
  for (const suite of SUITES) {
    const before = new Set<string>();
    for (const { id, needs } of suite.rules) {
      const [handout, section, number, ...more] = id.split("/");
      assertEquals([handout, more.length], [suite.handout, 0], id);
      assert(section! in suite.sections && /^[1-9]\d*$/.test(number!), id);
      assert(!ids.has(id), `${id} stands twice`);
      for (const needed of needs) assert(before.has(needed), `${id} needs ${needed}, which does not stand before it`);
      ids.add(id);
      before.add(id);
    }
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
