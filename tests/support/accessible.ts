// Minified, axe is loaded into a page in half the time.
// @ts-types="axe-core"
import axe from "axe-core/axe.min.js";
import { assertEquals } from "@std/assert";
import type { Person } from "./chromium.ts";

/** Checks the page by the rules of axe, in light colours and in dark ones. */
export async function isAccessible({ page }: Person, what: string): Promise<void> {
  if (!await page.evaluate("'axe' in globalThis")) await page.evaluate(axe.source);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Of all the rules, only the one about contrast looks at colours.
    const rules = colorScheme === "light" ? "" : ", runOnly: ['color-contrast']";
    const { violations } = await page.evaluate(`axe.run({ resultTypes: ['violations']${rules} })`) as axe.AxeResults;
    const found = violations.map(({ id, impact, nodes }) =>
      `${impact} ${id}: ${nodes.map(({ html }) => html).join(" ")}`
    );
    assertEquals(found, [], `${what}, ${colorScheme}`);
  }
}
