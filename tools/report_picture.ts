import { join } from "@std/path";
import { Chromium } from "../tests/support/chromium.ts";
import { Folder, SOURCES } from "../tests/support/programs.ts";

/**
 * Takes the README's picture of a report: a wrong server of the tests, checked by the real client, in a real Chromium.
 *
 *   deno run -A tools/report_picture.ts       writes docs/check-report.png
 */

const ROOT = join(import.meta.dirname!, "..");
const WINDOW = { viewport: { width: 960, height: 640 }, deviceScaleFactor: 1.5 };

using folder = new Folder();
const report = join(folder.path, "report.html");
Deno.copyFileSync(join(ROOT, "tests/check/im_server.py"), join(folder.path, "server.py"));
const { path, args } = SOURCES.command("client", [
  ...["check", "im", "server", "--only", "im/4/3", "--seed", "8712", "--quiet", "--report", report],
  ...["--", "python3", "server.py", "{port}", "{users}", "303-at-once"],
]);
await new Deno.Command(path, { args, cwd: folder.path }).output();

await using chromium = await Chromium.launch();
const context = await chromium.browser.newContext(WINDOW);
const page = await context.newPage();
await page.goto(`file://${report}`);
await page.locator("article").first().screenshot({ path: join(ROOT, "docs/check-report.png"), animations: "disabled" });
