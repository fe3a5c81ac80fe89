import { assert, assertEquals } from "@std/assert";
import { isAccessible } from "./support/accessible.ts";
import type { Person } from "./support/chromium.ts";
import { pageTest } from "./support/page_stage.ts";

// What is around the conversation, in a real browser: files in rows, the list, the ways in and out, settings, keys.

/** The least height, and the right edge, of the buttons that a selector finds. */
async function boxes(person: Person, selector: string): Promise<{ height: number; right: number }[]> {
  const all = await person.page.locator(selector).all();
  const found = await Promise.all(all.map((each) => each.boundingBox()));
  return found.flatMap((box) => box ? [{ height: Math.round(box.height), right: Math.round(box.x + box.width) }] : []);
}

pageTest(
  "a file that is offered to a room is a card with its buttons in one line, wide and narrow",
  async ({ enter }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    await alice.offer(`${"lab results ".repeat(8)}.bin`, new Uint8Array(3000));
    await bob.sees("lab results", "kB");
    for (const width of [1440, 320]) {
      await bob.page.setViewportSize({ width, height: 700 });
      for (const { height, right } of await boxes(bob, ".card .acts button")) {
        assert(height < 50 && right <= width, `${width}: ${height} high, up to ${right}`);
      }
      assertEquals(await bob.page.evaluate("document.documentElement.scrollWidth"), width);
      await isAccessible(bob, `a file card at ${width}`);
    }
  },
);
