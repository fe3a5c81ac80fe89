import { assert, assertEquals } from "@std/assert";
import axe from "axe-core";
import { htmlReport } from "../lib/check/reports/html.ts";
import { hostileReport } from "./support/check_report.ts";
import { Chromium } from "./support/chromium.ts";
import { Folder } from "./support/programs.ts";

const program = Chromium.program();
if (program === undefined && Deno.env.get("PARTYLINE_REQUIRE_ALL")) throw new Error("there is no Chromium here");

Deno.test({
  name: "the page of a report: axe finds nothing in light and dark, it fits a phone and paper, and runs nothing",
  ignore: program === undefined,
}, async () => {
  using folder = new Folder();
  const path = folder.write("report.html", htmlReport(hostileReport()));
  const chromium = await Chromium.launch();
  try {
    // Only the tests may run a script in the page.
    const context = await chromium.browser.newContext({ bypassCSP: true, viewport: { width: 390, height: 800 } });
    const page = await context.newPage();
    const seen: string[] = [];
    page.on("dialog", (dialog) => (seen.push("a dialog"), dialog.dismiss()));
    page.on("request", (request) => seen.push(request.url()));
    await page.goto(`file://${path}`);
    assertEquals(seen, [`file://${path}`], "one file, and nothing else");
    const width = () => page.evaluate("document.documentElement.scrollWidth");
    assertEquals(await width(), 390, "no line is wider than a phone");
    await page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)");
    assertEquals(await width(), 390);
    await page.evaluate(axe.source);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const { violations } = await page.evaluate("axe.run({ resultTypes: ['violations'] })") as axe.AxeResults;
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      assertEquals(found, [], colorScheme);
    }
    await page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = false)");
    await page.setViewportSize({ width: 794, height: 1123 });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const shown = await page.evaluate(`({
      back: getComputedStyle(document.body).backgroundColor,
      story: document.querySelector('article pre').getBoundingClientRect().height,
      cut: [...document.querySelectorAll('.wide, pre')].filter((each) => each.scrollWidth > each.clientWidth + 1).length,
    })`) as { back: string; story: number; cut: number };
    assertEquals(shown.back, "rgb(255, 255, 255)", "paper is white");
    assert(shown.story > 0, "the story is printed");
    assertEquals(shown.cut, 0, "nothing is cut off on paper");
    assertEquals(seen.length, 1);
  } finally {
    await chromium.browser.close();
  }
});
