import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Locator } from "playwright-core";
import { isAccessible } from "./support/accessible.ts";
import type { Person } from "./support/chromium.ts";
import { pageTest } from "./support/page_stage.ts";
import { becomes } from "./support/wire.ts";

// What is around the conversation, in a real browser: files in rows, the list, the ways in and out, settings, keys.

/** The least height, and the right edge, of the buttons that a selector finds. */
async function boxes(person: Person, selector: string): Promise<{ height: number; right: number }[]> {
  const all = await person.page.locator(selector).all();
  const found = await Promise.all(all.map((each) => each.boundingBox()));
  return found.flatMap((box) => box ? [{ height: Math.round(box.height), right: Math.round(box.x + box.width) }] : []);
}

/** What the browser shows an element with. */
async function styleOf(found: Locator, property: "fontWeight" | "backgroundColor"): Promise<string> {
  return await found.evaluate((each, property) => {
    const { getComputedStyle } = globalThis as unknown as {
      getComputedStyle: (each: unknown) => Record<string, string>;
    };
    return getComputedStyle(each)[property]!;
  }, property);
}

pageTest(
  "a file that is offered to a room is a card with its buttons in one line, wide and narrow",
  async ({ enter }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    await alice.offer(`${"lab results ".repeat(8)}.bin`, new Uint8Array(3000));
    await bob.sees("lab results", "kB");
    for (const width of [1440, 320]) {
      await bob.page.setViewportSize({ width, height: 700 });
      await bob.fits(width);
      for (const { height, right } of await boxes(bob, ".card .acts button")) {
        assert(height < 50 && right <= width, `${width}: ${height} high, up to ${right}`);
      }
      await isAccessible(bob, `a file card at ${width}`);
    }
  },
);

pageTest(
  "the list has rooms, direct messages by recency, users online, and those offline folded; new rooms and members appear",
  async ({ cable, enter }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    const groups = () => bob.page.locator("#places h2").allTextContents();
    await bob.place("alice").waitFor();
    await becomes(groups, ["Rooms", "Online", "Offline (2)"]);
    assertEquals(await bob.place("jacky").count(), 0);
    await bob.go("michael");
    await bob.say("for later");
    await alice.go("bob");
    await alice.say("now");
    await bob.place("alice").filter({ hasText: "1 unread" }).waitFor();
    await becomes(() => bob.page.locator('ul[aria-label="Direct messages"] .name').allTextContents(), [
      "alice",
      "michael",
    ]);
    const weight = (name: string) => styleOf(bob.place(name).locator(".name"), "fontWeight");
    await becomes(async () => [await weight("alice"), await weight("michael")], ["700", "450"]);
    const ground = (name: string) => styleOf(bob.place(name), "backgroundColor");
    await bob.place("alice").hover();
    const [hovered, selected] = [await ground("alice"), await ground("michael")];
    assert(hovered !== selected && hovered !== "rgba(0, 0, 0, 0)", `${hovered} ${selected}`);

    // A room that alice makes, and its members.
    await alice.page.locator("#search").fill("tea");
    await alice.page.getByRole("button", { name: "Create the room “tea”" }).click();
    await alice.isAt("tea");
    await alice.page.locator("#people").click();
    await bob.place("tea").click();
    await bob.isAt("tea");
    await alice.page.locator("#member-list li", { hasText: "bob" }).waitFor();
    await alice.shows("2 members");
    await alice.page.locator("#member-count", { hasText: /^2$/ }).waitFor();
    await isAccessible(alice, "members");
    await alice.page.locator("#member-list").getByRole("button", { name: "bob" }).click();
    await alice.isAt("bob");

    await bob.page.locator(".dot.online").first().waitFor();
    cable.pull();
    await bob.shows("Connection lost");
    await becomes(() => styleOf(bob.page.locator(".dot.online").first(), "backgroundColor"), "rgba(0, 0, 0, 0)");
    await isAccessible(bob, "the list without a connection");
  },
);

pageTest(
  "a narrow window: the field is usable beside the members, a tap beside closes them; on a phone, Back leads to the list",
  async ({ chromium, address }) => {
    await using bob = await chromium.user(address, "bob", { hasTouch: true });
    await bob.page.setViewportSize({ width: 720, height: 700 });
    await bob.page.locator("#people").click();
    await bob.page.locator("#member-list li").first().waitFor();
    const field = bob.page.getByRole("textbox", { name: "Message" });
    await field.click();
    await field.fill("typed beside the members");
    assert((await field.boundingBox())!.width > 250);
    assert(await bob.page.locator("#members").isVisible());
    await field.press("Enter");
    await bob.sees("typed beside", "sent");
    await bob.page.locator("#scroller").click({ position: { x: 20, y: 20 } });
    await bob.page.locator("#members").waitFor({ state: "hidden" });

    await bob.page.setViewportSize({ width: 390, height: 700 });
    await bob.page.getByRole("button", { name: "Back to the list" }).click();
    // A field with the focus would bring up the keyboard of a phone.
    await bob.page.locator("#places button:focus").waitFor();
    await bob.place("lobby").click();
    await bob.isAt("lobby");
    assertEquals(await bob.page.locator("#side").isVisible(), false);
    await bob.page.goBack();
    await bob.page.locator("#side").waitFor();
    assertEquals(new URL(bob.page.url()).pathname, "/");
    const small = (await boxes(bob, "#side button, #search")).filter(({ height }) => height < 44);
    assertEquals(small, []);
    await bob.place("lobby").click();
    const flat = (await boxes(bob, "#main > header button, #compose button")).filter(({ height }) => height < 44);
    assertEquals(flat, []);
    await bob.page.setViewportSize({ width: 320, height: 600 });
    await bob.fits(320);
    await isAccessible(bob, "a phone");
  },
);

pageTest(
  "settings: theme, time, Enter and a muted conversation; logging out everywhere ends other browsers",
  async ({ enter }) => {
    const [alice, phone, bob] = [await enter("alice"), await enter("alice"), await enter("bob")];
    const { page } = alice;
    await page.getByRole("button", { name: "Settings" }).click();
    await isAccessible(alice, "settings");
    await page.emulateMedia({ colorScheme: "light" });
    await page.getByLabel("Colours").selectOption("dark");
    assertEquals(await styleOf(page.locator("body"), "backgroundColor"), "rgb(23, 24, 26)");
    await page.getByLabel("Time").selectOption("12");
    await page.getByLabel("Enter sends").uncheck();
    await page.locator("#settings").getByRole("button", { name: "Close" }).click();
    const field = page.getByRole("textbox", { name: "Message" });
    await field.fill("one");
    await field.press("Enter");
    await field.pressSequentially("two");
    await field.press("Control+Enter");
    await alice.sees("one\ntwo", "sent");
    assertMatch((await alice.row("two").locator("time").textContent())!, /^\d+:\d\d [AP]M$/);
    await page.reload();
    await alice.isIn("alice");
    assertEquals(await styleOf(page.locator("body"), "backgroundColor"), "rgb(23, 24, 26)");

    await alice.go("bob");
    await page.getByRole("button", { name: "Mute" }).click();
    await alice.go("lobby");
    await bob.go("alice");
    await bob.say("psst");
    await alice.place("bob").filter({ hasText: "1 unread" }).waitFor();
    await isAccessible(alice, "a muted conversation");
    await alice.isTitled("lobby – Partyline");
    await phone.page.waitForFunction(() => {
      const { document } = globalThis as unknown as {
        document: { title: string; getElementById: (id: string) => { href: string } };
      };
      return document.title.startsWith("(1) ") && document.getElementById("icon").href.startsWith("data:");
    });

    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Log out everywhere" }).click();
    await phone.shows("This session was logged out everywhere.");
    await page.getByLabel("This is a shared computer").waitFor();
    await isAccessible(alice, "the login");
    await phone.page.getByRole("button", { name: "Connect again" }).click();
    await phone.shows("Please log in again.");
  },
);

pageTest(
  "by keyboard: Ctrl-K, Alt and the arrows, Esc, the list of keys, and slash commands with completion",
  async ({ enter }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    const { page } = alice;
    // Until then only the open conversation has a place for him.
    await alice.place("bob").filter({ hasText: "online" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("bob");
    await page.keyboard.press("Enter");
    await alice.isAt("bob");
    await page.keyboard.press("Alt+ArrowUp");
    await alice.isAt("lobby");
    await page.keyboard.press("Alt+ArrowDown");
    await alice.isAt("bob");
    const field = page.getByRole("textbox", { name: "Message" });
    await field.focus();
    await page.keyboard.type("/joi");
    await page.getByRole("option", { name: "/join" }).waitFor();
    await isAccessible(alice, "commands are offered");
    await page.keyboard.press("Tab");
    await page.keyboard.type("tea");
    await page.keyboard.press("Enter");
    await alice.isAt("tea");
    await page.keyboard.type("/to bob by a command");
    await page.keyboard.press("Enter");
    await bob.place("alice").filter({ hasText: "1 unread" }).waitFor();
    await page.keyboard.type("/nothing here");
    await page.keyboard.press("Enter");
    await alice.shows(/looks like a command/);
    await field.fill("");
    await bob.go("alice");
    await bob.say("shall we?");
    await alice.go("bob");
    await alice.sees("shall we?");
    await page.keyboard.press("Control+ArrowUp");
    await alice.shows("Replying to bob: shall we?");
    await isAccessible(alice, "a reply or a reaction");
    await page.keyboard.press("Tab");
    await page.locator("#replying-marks button:focus").waitFor();
    await field.focus();
    await page.keyboard.press("Tab");
    await page.locator("#submit:focus").waitFor();
    await page.locator("#replying-marks button").first().focus();
    await page.keyboard.press("Enter");
    await bob.row("shall we?").getByRole("button", { name: "thumbs up, 1" }).waitFor();
    // What is pressed keeps the focus, though its message is drawn again.
    await page.locator("#text:focus").waitFor();
    const mark = alice.row("shall we?").getByRole("button", { name: "thumbs up" });
    await bob.row("shall we?").getByRole("button", { name: "thumbs up, 1" }).click();
    await mark.and(page.getByLabel("thumbs up, 2")).focus();
    await page.keyboard.press("Enter");
    await mark.and(page.getByLabel("thumbs up, 1")).and(page.locator(":focus")).waitFor();
    // What is typed goes into the field, wherever the focus is.
    await page.keyboard.type("of course");
    await becomes(() => field.inputValue(), "of course");
    await field.fill("");
    await page.locator("#scroller").focus();
    await page.keyboard.press("?");
    await alice.shows("Keys and commands");
    await isAccessible(alice, "the list of keys");
    await page.keyboard.press("Escape");
    assertEquals(
      await page.evaluate(`(() => {
      const drop = new DragEvent('drop', { bubbles: true, cancelable: true });
      document.getElementById('side').dispatchEvent(drop);
      return drop.defaultPrevented;
    })()`),
      true,
    );
  },
);

pageTest(
  "the page can be installed: the browser reads its manifest and finds nothing wrong with it",
  async ({ enter }) => {
    const alice = await enter("alice");
    const browser = await alice.context.newCDPSession(alice.page);
    const { url, errors, data } = await browser.send("Page.getAppManifest");
    assertEquals([new URL(url).pathname, errors], ["/page/partyline.webmanifest", []]);
    assertEquals(JSON.parse(data!).display, "standalone");
    const { installabilityErrors } = await browser.send("Page.getInstallabilityErrors");
    assertEquals(installabilityErrors.map(({ errorId }) => errorId).filter((each) => each !== "in-incognito"), []);
    await alice.page.setViewportSize({ width: 320, height: 600 });
    await alice.fits(320);
    const [send] = await boxes(alice, "#submit");
    const outside = await alice.page.locator("#submit").evaluate((each) => {
      const { scrollWidth, clientWidth } = each as unknown as { scrollWidth: number; clientWidth: number };
      return scrollWidth - clientWidth;
    });
    assertEquals([send!.right <= 320, outside], [true, 0]);
  },
);
