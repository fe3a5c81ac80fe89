import { Chromium, type Person } from "../tests/support/chromium.ts";
import { median, type Plan, withPeer } from "./measure.ts";
import { web } from "./peers/ours.ts";
import { type Row, row } from "./row.ts";
import { PASSWORD, userName } from "./traffic.ts";

/** Fresh browsers, one after the other. */
const BROWSERS = 8;
/** Messages in the conversation that the page opens with. */
const MESSAGES = 50;

/** Keeps when the login or the field for messages first had the focus, and when messages were first shown. */
const OBSERVER = `{
  window.seen = {};
  const keep = (name) => window.seen[name] ??= performance.now();
  addEventListener("focusin", ({ target }) => keep(target.id));
  new MutationObserver(() => document.querySelector("#messages > li") && keep("messages"))
    .observe(document, { subtree: true, childList: true });
}`;

/** Milliseconds from the end of the page's last script on the wire to what was seen. */
async function seenBy({ page }: Person): Promise<Record<string, number>> {
  return await page.evaluate(`(() => {
    const scripts = performance.getEntriesByType("resource").filter(({ name }) => new URL(name).pathname.endsWith(".js"));
    const end = Math.max(...scripts.map(({ responseEnd }) => responseEnd));
    return Object.fromEntries(Object.entries(window.seen).map(([name, ms]) => [name, ms - end]));
  })()`);
}

/** From the page's script to its use, in fresh browsers: the login of a first visit, and the chat of a later one. */
export async function pageRows(plan: Plan, required: boolean): Promise<Row[]> {
  if (Chromium.program() === undefined) {
    const why = "Chromium is not installed";
    if (required) throw new Error(why);
    return [row("page", "ms", {}, {}, [`skipped: ${why}`])];
  }
  const figures: Record<string, number[]> = {};
  await withPeer(web, 2, async ({ port }) => {
    const address = `http://127.0.0.1:${port}/`;
    for (let i = 0; i < (plan.repeats > 1 ? BROWSERS : 1); i++) {
      await using chromium = await Chromium.launch();
      await using first = await chromium.person("about:blank");
      await first.context.addInitScript(OBSERVER);
      await first.page.goto(address);
      await first.page.locator("#login-name:focus").waitFor();
      (figures["login-name"] ??= []).push((await seenBy(first))["login-name"]!);
      await first.login(userName(0), PASSWORD);
      if (i === 0) { for (let n = 0; n < MESSAGES; n++) await first.say(`message ${n} of a conversation`); }
      await first.sees(`message ${MESSAGES - 1} of`, "sent");
      await using later = await first.window(address);
      await later.sees(`message ${MESSAGES - 1} of`);
      for (const [name, ms] of Object.entries(await seenBy(later))) (figures[name] ??= []).push(ms);
    }
  });
  const shown = (name: string) => {
    const all = figures[name] ?? [];
    const note = `${BROWSERS} fresh browsers: ${all.map((ms) => ms.toFixed(0)).sort((a, b) => +a - +b).join(", ")} ms`;
    return [{ ours: { value: median(all) } }, note] as const;
  };
  return Object.entries({
    "login-name": "page: its script to the login with the focus, first visit",
    text: "page: its script to the field with the focus, later visit",
    messages: "page: its script to the messages, later visit",
  }).map(([name, title]) => {
    const [figure, note] = shown(name);
    return row(title, "ms", figure, name === "messages" ? {} : { below: 100 }, [note]);
  });
}
