import { assert, assertEquals } from "@std/assert";
import { isAccessible } from "./support/accessible.ts";
import type { Person } from "./support/chromium.ts";
import { pageTest as test } from "./support/page_stage.ts";
import { becomes } from "./support/wire.ts";

// What is written in the page, in a real browser: texts of several lines and what they are made of, and the states of messages.

/** What stands in the message with this text: its elements in short. */
async function shape(person: Person, text: string): Promise<string> {
  return await person.row(text).locator(".text").first().evaluate((element) => {
    type Node = { nodeType: number; nodeName: string; textContent: string; childNodes: Iterable<Node> };
    const short = (node: Node): string => {
      if (node.nodeType === 3) return node.textContent;
      const inner = [...node.childNodes].map(short).join("");
      return node.nodeName === "SPAN" || node.nodeName === "DIV" ? inner : `${node.nodeName.toLowerCase()}(${inner})`;
    };
    return short(element as unknown as Node);
  });
}

const CODE = "if x:\n\n    y = **z";

test(
  "several lines are typed, pasted, sent and edited as they are; code is copied; a handout's client gets each line",
  async ({ server, enter }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    using jacky = await server.join("jacky");
    const field = alice.page.getByRole("textbox", { name: "Message" });
    await field.pressSequentially("first");
    await field.press("Shift+Enter");
    await field.pressSequentially("**second** line");
    await becomes(() => field.inputValue(), "first\n**second** line");
    await field.press("Enter");
    await bob.sees("first\nsecond line");
    assertEquals(await shape(bob, "first"), "first\nstrong(second) line");
    assertEquals([await jacky.take(), await jacky.take()], [
      "/broadcastfrom alice first",
      "/broadcastfrom alice **second** line",
    ]);

    // Pasted, as from an editor.
    await field.evaluate((element, code) => {
      const { document } = globalThis as unknown as { document: { execCommand: (...args: unknown[]) => boolean } };
      (element as unknown as { focus: () => void }).focus();
      document.execCommand("insertText", false, code);
    }, `\`\`\`\n${CODE}\n\`\`\`\nwhy?`);
    await field.press("Enter");
    await bob.sees("why?");
    assertEquals(await shape(bob, "why?"), `pre(code(${CODE}))button(Copy)why?`);
    await bob.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const row = bob.row("why?");
    await row.hover();
    await row.getByRole("button", { name: "Copy the code" }).click();
    await row.getByText("Copied").waitFor();
    assertEquals(await bob.page.evaluate("navigator.clipboard.readText()"), CODE);

    // The arrow that goes up edits the last message, and moves the cursor as long as there is a line above.
    await alice.sees("why?", "sent");
    await field.press("ArrowUp");
    await becomes(() => field.inputValue(), `\`\`\`\n${CODE}\n\`\`\`\nwhy?`);
    await field.press("ArrowUp");
    await field.press("End");
    await field.pressSequentially(" # really");
    await field.press("Control+End");
    await field.press("Enter");
    await bob.sees("really");
    assertEquals((await bob.texts()).length, 2);
    await isAccessible(bob, "texts of several lines");
  },
);

test("lists, quotes and links are elements; hostile texts are texts, run nothing, and break no layout", async ({ enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  const shapes: [text: string, seen: string, shape: string][] = [
    ["one\n1. a `b`\n2. c\n- d", "one", "oneol(li(a code(b))li(c))ul(li(d))"],
    ["> was\nis", "was", "blockquote(was)is"],
    ["(https://a.b/c_(d))", "c_(d)", "(a(https://a.b/c_(d)))"],
    [
      '<img src=x onerror="globalThis.ran = 1"><script>globalThis.ran = 1</script>',
      "<img",
      '<img src=x onerror="globalThis.ran = 1"><script>globalThis.ran = 1</script>',
    ],
    [
      "`<b>` **<i>x</i>** [y](javascript:globalThis.ran=1)",
      "<i>",
      "code(<b>) strong(<i>x</i>) [y](javascript:globalThis.ran=1)",
    ],
    ['https://a.b/"onclick="globalThis.ran=1', "onclick", 'a(https://a.b/)"onclick="globalThis.ran=1'],
    ["evil \u202e txt\u2028end", "evil", "evil � txt�end"],
  ];
  for (const [text, seen, expected] of shapes) {
    await alice.say(text);
    await bob.sees(seen);
    assertEquals(await shape(bob, seen), expected);
  }
  await alice.say(
    `wide ${"w".repeat(3000)}\n\`${"c".repeat(3000)}\`\n\`\`\`\n${"p".repeat(3000)}\n\`\`\`\n${
      "> ".repeat(40)
    }deep\nend of it`,
  );
  await bob.sees("end of it");
  await bob.page.setViewportSize({ width: 320, height: 640 });
  await bob.page.locator("#scroller").evaluate((element) => {
    const { scrollWidth, clientWidth } = element as unknown as { scrollWidth: number; clientWidth: number };
    if (scrollWidth > clientWidth) throw new Error(`${scrollWidth} px in ${clientWidth}`);
  });
  await bob.fits(320);
  assertEquals(await bob.page.evaluate("globalThis.ran"), undefined);
  assertEquals(await bob.page.locator("#messages :is(img, script, iframe)").count(), 0);
  await isAccessible(bob, "hostile texts, narrow");
});

test("rooms have rows with one name and time a group, two people have bubbles; a state moves no text", async ({ server, cable, enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  for (const text of ["one of three", "two of three", "three of three"]) await alice.say(text);
  await bob.sees("three of three");
  const rows = bob.page.locator("#messages .plain");
  assertEquals(await rows.locator(".from").allTextContents(), ["alice"]);
  assertEquals(await rows.locator(".initials").allTextContents(), ["A", "", ""]);
  const title = await rows.first().locator("time").getAttribute("title");
  assert(/^\w+,? \d+ \w+ \d{4}(?: at|,) \d\d:\d\d:\d\d$/.test(title!), title!);
  assertEquals(
    await bob.page.evaluate("Math.round(parseFloat(getComputedStyle(document.getElementById('title')).fontSize))"),
    18,
  );
  // All of it fits: nothing is below.
  assert(await bob.page.getByRole("button", { name: "Latest messages" }).isHidden());

  await alice.go("bob");
  // History that comes later would add lines above.
  await alice.shows("No messages yet.");
  cable.pull();
  await alice.shows("Connection lost");
  await alice.say("does it move?");
  await alice.sees("does it move?", "sending");
  const place = () =>
    alice.row("does it move?").locator(".text").evaluate((each) =>
      JSON.stringify((each as unknown as { getBoundingClientRect: () => unknown }).getBoundingClientRect())
    );
  const before = await place();
  assert(before.includes("width"), before);
  assertEquals(
    await alice.row("does it move?").locator(".state").getAttribute("title"),
    "sending: not at the server yet",
  );
  await alice.page.evaluate("getSelection().selectAllChildren(document.querySelector('#messages .own .text'))");
  cable.plug(server.portOf("web"));
  await Promise.all([alice.reconnects(), bob.reconnects()]);
  await alice.sees("does it move?", "delivered");
  assertEquals(await place(), before);
  assertEquals(await alice.page.evaluate("String(getSelection())"), "does it move?", "what is selected stays so");
  // Nothing else is below.
  assert(await alice.page.getByRole("button", { name: "Latest messages" }).isHidden());
});

test(
  "a message that has failed is said again; one that is too long is not sent, and the page says the server's rule",
  async ({ enter }) => {
    const alice = await enter("alice");
    const field = alice.page.getByRole("textbox", { name: "Message" });
    await field.fill("x".repeat(16_385));
    await alice.shows("A text has at most 16384 bytes here, found 16385.");
    await field.press("Enter");
    assertEquals([(await alice.texts()).length, (await field.inputValue()).length], [0, 16_385]);
    await field.fill("\n".repeat(400));
    await alice.shows("A text has at most 400 lines here, found 401.");
    await field.fill("fits");
    await alice.page.locator("#too-long").waitFor({ state: "hidden" });
    // More than may wait for bob, who takes what waits when he comes.
    await alice.go("bob");
    await alice.say("x".repeat(80));
    await alice.say("lost and found");
    await alice.sees("lost and found", "failed");
    await isAccessible(alice, "a failed message");
    const bob = await enter("bob");
    await bob.place("alice").filter({ hasText: "1 unread" }).waitFor();
    await alice.row("lost and found").getByRole("button", { name: "Send again" }).click();
    await alice.sees("lost and found", "delivered");
    await bob.go("alice");
    await bob.sees("lost and found");
    assertEquals((await alice.texts()).length, 2);
  },
  { waitingBytesPerUser: 90 },
);

test("a reply quotes the message, goes to it, and is written by mouse or keyboard", async ({ server, enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  using jacky = await server.join("jacky");
  await alice.say("who has **oven** 2?\nI need it");
  await bob.sees("oven 2?");
  await bob.row("oven 2?").hover();
  await bob.row("oven 2?").getByRole("button", { name: "Reply to this message" }).click();
  await bob.row("oven 2?").getByRole("button", { name: "Reply", exact: true }).click();
  await bob.shows("Replying to alice: who has oven 2?");
  await isAccessible(bob, "replying");
  await bob.say("I have");
  await bob.page.locator("#replying").waitFor({ state: "hidden" });
  await alice.sees("I have");
  assertEquals(await alice.row("I have").locator(".quoted").textContent(), "You: who has oven 2? …");
  for (const line of ["alice who has **oven** 2?", "alice I need it", "bob I have"]) {
    assertEquals(await jacky.take(), `/broadcastfrom ${line}`);
  }

  // By the keyboard: the arrow with Ctrl chooses an earlier one each time, Escape chooses none.
  const field = alice.page.getByRole("textbox", { name: "Message" });
  await field.press("Control+ArrowUp");
  await alice.shows("Replying to bob: I have");
  await field.press("Escape");
  await alice.page.locator("#replying").waitFor({ state: "hidden" });
  await field.press("Control+ArrowUp");
  await alice.say("until when?");
  await bob.sees("until when?");
  assertEquals(await bob.row("until when?").locator(".quoted").textContent(), "You: I have");

  // After a reload it is the same, and what is withdrawn is not quoted any more.
  await alice.page.reload();
  await alice.isIn("alice");
  await alice.sees("until when?");
  await alice.row("until when?").locator(".quoted").click();
  await alice.page.locator(".row.goal", { hasText: "I have" }).waitFor();
  await isAccessible(alice, "replies");
  for (const text of ["until when?", "who has **oven** 2?\nI need it"]) {
    await field.press("ArrowUp");
    while (await field.inputValue() !== text) await alice.page.evaluate("new Promise(requestAnimationFrame)");
  }
  await alice.page.getByRole("button", { name: "Withdraw it" }).click();
  await bob.page.locator(".quoted", { hasText: "withdrawn" }).waitFor();
});

test("a reaction is put to a message and taken back, and counted; what can be done stands beside the text", async ({ server, enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  using jacky = await server.join("jacky");
  await alice.say("oven 2 is free");
  await bob.sees("oven 2 is free");
  assertEquals(await jacky.take(), "/broadcastfrom alice oven 2 is free");
  const row = bob.row("oven 2 is free");
  await row.hover();
  await row.getByRole("button", { name: "Reply to this message" }).click();
  const [text, tools] = [await row.locator(".text").boundingBox(), await row.locator(".tools").boundingBox()];
  assert(tools!.y >= text!.y + text!.height - 1, "the menu is below the text");
  await isAccessible(bob, "reactions are offered");
  await row.getByRole("button", { name: "React with thumbs up" }).click();
  await bob.page.getByRole("button", { name: "thumbs up, 1", pressed: true }).waitFor();
  await row.locator(".tools").waitFor({ state: "hidden" });
  // What is opened stays open while the message is drawn again.
  await row.hover();
  await row.getByRole("button", { name: "Reply to this message" }).click();
  await alice.page.getByRole("button", { name: "thumbs up, 1", pressed: false }).click();
  for (const person of [alice, bob]) {
    await person.page.getByRole("button", { name: "thumbs up, 2", pressed: true }).waitFor();
  }
  assert(await row.locator(".tools").isVisible(), "the menu is open");
  await isAccessible(alice, "a reaction");
  await bob.page.getByRole("button", { name: "thumbs up, 2" }).click();
  await alice.page.reload();
  await alice.isIn("alice");
  await alice.page.getByRole("button", { name: "thumbs up, 1", pressed: true }).waitFor();
  assertEquals(await alice.page.locator(".reaction").getAttribute("title"), "You");
  await alice.say("next");
  assertEquals(await jacky.take(), "/broadcastfrom alice next");
});

test("a name behind an @ is completed, highlighted, and counted apart from what is unread", async ({ enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  await bob.go("alice");
  const field = alice.page.getByRole("textbox", { name: "Message" });
  await field.pressSequentially("ask @");
  const options = alice.page.getByRole("option");
  await becomes(() => options.allTextContents(), ["bob", "jacky", "michael"]);
  await isAccessible(alice, "names are offered");
  await field.press("ArrowDown");
  await field.press("ArrowUp");
  await field.pressSequentially("b");
  await becomes(() => options.allTextContents(), ["bob"]);
  await field.press("Enter");
  await becomes(() => field.inputValue(), "ask @bob ");
  await field.pressSequentially("and @bob");
  // What is a name already is sent.
  await field.press("Enter");
  await alice.sees("ask @bob and @bob");
  await field.pressSequentially("ask @bob or @j");
  await field.press("Escape");
  await field.pressSequentially("a");
  await becomes(() => options.count(), 0);
  await field.press("Enter");
  await alice.sees("ask @bob or @ja");
  assertEquals(await alice.row("or @ja").locator(".mention").allTextContents(), ["@bob"]);
  await bob.place("lobby").filter({ hasText: "@2 for you, 2 unread" }).waitFor();
  await isAccessible(bob, "a mention is unread");
  await bob.go("lobby");
  await bob.sees("ask @bob or");
  await bob.page.locator(".row.mentions .mention.me", { hasText: "@bob" }).first().waitFor();
  await bob.place("lobby").locator(".badge").first().waitFor({ state: "detached" });
  await isAccessible(bob, "a mention");
});

test("the time of a message links to it, in a room and in a private conversation", async ({ cable, enter }) => {
  const [alice, bob] = [await enter("alice"), await enter("bob")];
  for (const text of ["one", "two", "three"]) await alice.say(text);
  await bob.sees("three");
  await bob.row("two").hover();
  await bob.row("two").locator("time").click();
  await bob.page.locator(".row.goal", { hasText: "two" }).waitFor();
  const link = await bob.page.evaluate("location.hash") as string;
  assertEquals(link, "#lobby/2");
  await isAccessible(bob, "a message that a link led to");
  await alice.go("bob");
  await using second = await alice.window(`http://127.0.0.1:${cable.port}/${link}`);
  await second.isAt("lobby");
  await second.page.locator(".row.goal", { hasText: "two" }).waitFor();
  await second.page.evaluate("location.hash = '#secret/1'");
  await second.shows("The link leads to secret, where you are not.");
  await second.page.evaluate("location.hash = '#@bob/1'");
  await second.isAt("bob");
});
