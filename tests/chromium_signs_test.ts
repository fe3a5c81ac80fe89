import { assert, assertEquals } from "@std/assert";
import type { Locator } from "playwright-core";
import { isAccessible } from "./support/accessible.ts";
import type { Person } from "./support/chromium.ts";
import { pageTest } from "./support/page_stage.ts";
import { becomes, until } from "./support/wire.ts";

// What the page shows, sounds and prints besides the conversation, in a real browser.

/** The messages of one type that a page sends over its WebSockets from now on. */
function sentBy({ page }: Person, type: string): string[] {
  const sent: string[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      if (JSON.parse(String(payload)).type === type) sent.push(String(payload));
    }));
  return sent;
}

async function setting(person: Person, name: string, isOn: boolean): Promise<void> {
  await person.page.getByRole("button", { name: "Settings" }).click();
  await person.page.getByLabel(name).setChecked(isOn);
  await person.page.locator("#settings").getByRole("button", { name: "Close" }).click();
}

/** Which of these the browser shows. */
async function shown(person: Person, ...selectors: string[]): Promise<string[]> {
  const found = await Promise.all(selectors.map((each) => person.page.locator(each).first().isVisible()));
  return selectors.filter((_, i) => found[i]);
}

async function heightOf(found: Locator): Promise<number> {
  return (await found.boundingBox())!.height;
}

pageTest(
  "who is typing is shown in private and in a room until the message comes, or nothing more; off, nothing is sent",
  async ({ enter }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    const sent = sentBy(alice, "typing");
    await alice.page.reload();
    await alice.isIn("alice");
    const field = alice.page.getByRole("textbox", { name: "Message" });
    const line = bob.page.locator("#typing");
    const place = await bob.page.locator("#scroller").boundingBox();
    await bob.isAt("lobby");
    // At once: a slow typist is told of again.
    await field.fill("good mor");
    await line.filter({ hasText: "alice is typing …" }).waitFor();
    await isAccessible(bob, "a user is typing");
    assertEquals(await bob.page.locator("#scroller").boundingBox(), place, "nothing moves");
    await field.press("Enter");
    await bob.sees("good mor");
    await line.filter({ hasText: /^$/ }).waitFor({ state: "attached" });

    await bob.go("alice");
    await alice.go("bob");
    await field.fill("first thoughts");
    await line.filter({ hasText: "alice is typing …" }).waitFor();
    // It ends by itself.
    await line.filter({ hasText: /^$/ }).waitFor({ state: "attached" });
    assertEquals(sent.length, 2);

    await setting(alice, "Show who is typing", false);
    await field.fill("not told");
    await field.press("Enter");
    await bob.sees("not told");
    await bob.page.getByRole("textbox", { name: "Message" }).fill("not shown");
    await bob.say("shown");
    await alice.sees("shown");
    assertEquals([sent.length, await alice.page.locator("#typing").textContent()], [2, ""]);
  },
);

pageTest("on paper there is the conversation alone, all of what is loaded of it", async ({ enter }) => {
  const bob = await enter("bob");
  for (let i = 1; i <= 60; i++) await bob.say(`line ${i} of the paper`);
  await bob.sees("line 60 of", "sent");
  await bob.page.locator("#people").click();
  await bob.page.locator("#member-list li").first().waitFor();
  const parts = ["#side", "#members", "#compose", "#people", "#mute", "#typing", "#title", "#messages"];
  assertEquals(await shown(bob, ...parts), parts);
  await bob.page.emulateMedia({ media: "print" });
  assertEquals(await shown(bob, ...parts, "#messages .tools"), ["#title", "#messages"]);
  await isAccessible(bob, "paper");
  await bob.page.emulateMedia({ media: "screen" });
  await bob.sees("line 60 of", "sent");
  assertEquals(await shown(bob, "#side", "#compose"), ["#side", "#compose"]);
  // Printing it: the list draws all rows for that, and the visible ones again afterwards.
  const rows = () => bob.page.locator("#messages > li", { hasText: "of the paper" }).count();
  await becomes(async () => await rows() < 60, true);
  const before = await rows();
  await bob.page.evaluate(`addEventListener("beforeprint", () => {
    document.documentElement.dataset.printed = [...document.querySelectorAll("#messages .text")]
      .map(({ textContent }) => textContent).filter((text) => text.includes("of the paper")).join("; ");
  })`);
  await bob.page.pdf();
  const printed = await bob.page.locator("html").getAttribute("data-printed");
  assertEquals(printed, Array.from({ length: 60 }, (_, i) => `line ${i + 1} of the paper`).join("; "));
  await becomes(rows, before);
});

pageTest("a sound is played for a message elsewhere, once that is set, and not before", async ({ enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  const browser = await alice.context.newCDPSession(alice.page);
  const played: string[] = [];
  browser.on("WebAudio.audioNodeCreated", ({ node }) => played.push(node.nodeType));
  await browser.send("WebAudio.enable");
  await bob.go("alice");
  await bob.say("in silence");
  await alice.place("bob").filter({ hasText: "1 unread" }).waitFor();
  await setting(alice, "Sound for new messages", true);
  await bob.say("with a sound");
  await alice.place("bob").filter({ hasText: "2 unread" }).waitFor();
  const tones = () => played.filter((type) => type === "Oscillator").length;
  await until(() => tones() > 0, "a tone is played");
  await alice.go("bob");
  await bob.say("seen anyway");
  await alice.sees("seen anyway");
  assertEquals(tones(), 1);
});

pageTest(
  "a notification is shown for a private message while the page is in the background, and a press leads there",
  async ({ address, chromium, enter }) => {
    const bob = await enter("bob");
    await using alice = await chromium.person(address);
    await alice.context.grantPermissions(["notifications"], { origin: new URL(address).origin });
    await alice.login("alice");
    await setting(alice, "Notifications", true);
    const notifications = () =>
      alice.page.evaluate(`navigator.serviceWorker.ready.then((each) => each.getNotifications())
        .then((all) => all.map(({ title, body, tag }) => [title, body, tag].join(" | ")))`) as Promise<string[]>;
    await bob.go("alice");
    await bob.say("while you look");
    await alice.place("bob").filter({ hasText: "1 unread" }).waitFor();
    assertEquals(await notifications(), []);
    // Another window is in front.
    await alice.page.evaluate("document.hasFocus = () => false, dispatchEvent(new Event('blur'))");
    await bob.say("are you *there*?");
    await alice.place("bob").filter({ hasText: "2 unread" }).waitFor();
    let found: string[] = [];
    for (; found.length === 0; found = await notifications());
    assertEquals(found, ["bob | are you *there*? | user bob"]);
    await alice.isAt("lobby");
    // What the system reports when the notification is pressed.
    await alice.context.serviceWorkers()[0]!.evaluate(`registration.getNotifications().then(([notification]) =>
      void dispatchEvent(new NotificationEvent("notificationclick", { notification })))`);
    await alice.isAt("bob");
    await becomes(notifications, []);
    await alice.go("lobby");
    const text = "to everyone, and none of alice's business";
    await bob.go("lobby");
    await bob.say(text);
    await alice.sees(text);
    assertEquals(await notifications(), []);
  },
);

pageTest("the compact density shows more of the same messages", async ({ enter }) => {
  const bob = await enter("bob");
  for (const text of ["one", "two"]) await bob.say(text);
  await bob.sees("two", "sent");
  const heights = async () => [await heightOf(bob.row("one")), await heightOf(bob.place("lobby"))] as const;
  const roomy = await heights();
  await bob.page.getByRole("button", { name: "Settings" }).click();
  await bob.page.getByLabel("Density").selectOption("compact");
  await bob.page.locator("#settings").getByRole("button", { name: "Close" }).click();
  const compact = await heights();
  assert(compact[0] < roomy[0] && compact[1] < roomy[1], `${compact} of ${roomy}`);
  await becomes(
    async () => {
      const [one, two] = [await bob.row("one").boundingBox(), await bob.row("two").boundingBox()];
      return two!.y - one!.y - one!.height;
    },
    0,
    "the list knows the other heights",
  );
  await isAccessible(bob, "the compact density");
  await bob.page.reload();
  await bob.isIn("bob");
  await bob.sees("two");
  await becomes<readonly number[]>(heights, compact);
});
