import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Route } from "playwright-core";
import { Browser as RawBrowser } from "./support/browser.ts";
import { isAccessible } from "./support/accessible.ts";
import { Cable } from "./support/cable.ts";
import { Chromium, Person } from "./support/chromium.ts";
import { LinkedServers } from "./support/linked_servers.ts";
import { RawClient, TestServer, USERS } from "./support/test_server.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { WebTestServer } from "./support/test_server.ts";
import { becomes, until } from "./support/wire.ts";

// The pages in a real browser. All scenes share one Chromium; each person has a context of their own.
const why = Chromium.program() === undefined ? "Chromium is not installed" : undefined;
const required = Deno.env.has("PARTYLINE_REQUIRE_ALL");

const PHONE = { width: 390, height: 760 };

type Scene = (chromium: Chromium) => Promise<void>;
const scenes: [string, Scene][] = [];

function scene(name: string, play: Scene): void {
  scenes.push([name, play]);
}

function addressOf(server: TestServer, scheme = "http"): string {
  return `${scheme}://127.0.0.1:${server.portOf("web")}/`;
}

/** Bytes that do not repeat, the same for every run. */
function bytesOf(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0, x = 1; i < count; i++) bytes[i] = x = (x * 73 + (i >> 8) + 41) & 255;
  return bytes;
}

/** Sends a file between two open conversations, and compares what arrives. */
async function passFile(from: Person, to: Person, bytes: Uint8Array): Promise<void> {
  await from.offer("lab results.bin", bytes);
  const saved = to.page.waitForEvent("download");
  await to.page.getByRole("button", { name: "Accept lab results.bin" }).click();
  const download = await saved;
  assertEquals(download.suggestedFilename(), "lab results.bin");
  const found = await Deno.readFile(await download.path());
  assertEquals([found.length, found.every((byte, i) => byte === bytes[i])], [bytes.length, true]);
  await to.sees("lab results.bin", "received and verified");
  await from.sees("lab results.bin", "received by");
}

/** The list, as the page has it. */
interface Scrolling {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly textContent: string;
  readonly firstElementChild: { readonly childElementCount: number; readonly style: { readonly height: string } };
}

/** Scrolls down and up; how many rows were in the document before they were put there, and whether rows came and went. */
const MOVED_ROWS = `(async () => {
  const scroller = document.getElementById("scroller");
  const gone = new Set();
  let moved = 0;
  new MutationObserver((changes) => {
    for (const { addedNodes, removedNodes } of changes) {
      for (const row of removedNodes) gone.add(row);
      for (const row of addedNodes) if (gone.has(row)) moved++;
    }
  }).observe(document.getElementById("messages"), { childList: true });
  for (let step = 0; step < 20; step++) {
    scroller.scrollTop += step < 10 ? 200 : -200;
    await new Promise(requestAnimationFrame);
  }
  return [moved, gone.size > 20];
})()`;

scene("of 3,000 messages only the visible ones are in the document, and all can be read", async (chromium) => {
  const COUNT = 3000;
  await using server = await WebTestServer.open({ limits: { burstCommands: 100_000 } });
  await using jacky = await new RawBrowser(server.portOf("web")).join("jacky");
  await jacky.resume();
  for (let at = 1; at <= COUNT; at++) {
    await jacky.say({ type: "say", number: at, room: "lobby", text: `reading ${at} of the long run` });
    // As many are in flight as from a page.
    if (at % 500 === 0) {
      const isSaid = ({ type, number, upTo }: Record<string, unknown>) =>
        type === "message" ? number === at : type === "sent" && Number(upTo) >= at;
      await until(() => jacky.heard.some(isSaid), `${at} are said`);
      jacky.heard.length = 0;
    }
  }
  await using alice = await chromium.user(addressOf(server), "alice");
  await alice.sees(`reading ${COUNT} of`);
  // Scrolls up whenever history has arrived, and counts the rows in the document.
  const most = await alice.page.locator("#scroller").evaluate(async (scroller: Scrolling) => {
    const list = scroller.firstElementChild;
    let most = 0;
    let height = "";
    do {
      // The height of the list shows that it has grown; the browser need not lay it out for that.
      while (list.style.height === height) await new Promise((resolve) => setTimeout(resolve));
      height = list.style.height;
      scroller.scrollTop = 0;
      await new Promise((resolve) => setTimeout(resolve));
      most = Math.max(most, list.childElementCount);
    } while (!scroller.textContent.includes("Start of the conversation"));
    return most;
  });
  assert(most > 10 && most < 120, `${most} rows`);
  await alice.sees("reading 1 of the long run");
  await alice.page.locator("#scroller").evaluate((scroller: Scrolling) => {
    scroller.scrollTop = scroller.scrollHeight / 2;
  });
  await alice.page.locator("#messages > li", { hasText: /reading 1[2-7]\d\d of/ }).first().waitFor();
  const texts = await alice.texts();
  const numbers = texts.map((text) => Number(text.split(" ")[1]));
  assertEquals(numbers, numbers.map((_, i) => numbers[0]! + i), "in order, without a gap");
  assertEquals(await alice.page.evaluate(MOVED_ROWS), [0, true], "no row is taken out and put back while one scrolls");
  await alice.page.getByRole("button", { name: "Latest messages" }).click();
  await alice.sees(`reading ${COUNT} of`);
});

scene("two users of the page and one of the IM handout's client chat in the lobby and in private", async (chromium) => {
  await using server = await WebTestServer.open();
  using jacky = await server.join("jacky");
  await using alice = await chromium.user(addressOf(server), "alice");
  await using bob = await chromium.user(addressOf(server), "bob");
  await alice.say("good morning, lab");
  await bob.sees("good morning, lab", "alice");
  assertEquals(await jacky.take(), "/broadcastfrom alice good morning, lab");
  await jacky.la.send("/toall good morning, all\n");
  for (const person of [alice, bob]) await person.sees("good morning, all", "jacky");

  await alice.go("bob");
  await alice.say("is <b>oven 2</b> free?");
  await bob.place("alice").filter({ hasText: "1 unread" }).waitFor();
  await bob.go("alice");
  await bob.sees("is <b>oven 2</b> free?");
  await alice.sees("is <b>oven 2</b> free?", "delivered");
  await bob.say("until four");
  await alice.sees("until four");

  await alice.go("jacky");
  await alice.say("and yours?");
  assertEquals(await jacky.take(), "/from alice and yours?");
  await alice.sees("and yours?", "delivered");
  await jacky.la.send("/to alice it is taken\n");
  await alice.sees("it is taken");
  await alice.say("never mind");
  assertEquals(await jacky.lb.line(), "/from alice never mind");
  await alice.sees("never mind", "sent");
  jacky.close();
  await alice.sees("never mind", "failed");
});

scene("a file is sent from one user to another", async (chromium) => {
  await using server = await WebTestServer.open();
  await using alice = await chromium.user(addressOf(server), "alice");
  await using bob = await chromium.user(addressOf(server), "bob");
  await alice.go("bob");
  await bob.go("alice");
  await passFile(alice, bob, bytesOf(3_000_001));
});

scene("after a network failure, messages written meanwhile arrive once, in order", async (chromium) => {
  await using server = await WebTestServer.open();
  using bob = await server.join("bob");
  using cable = new Cable(server.portOf("web"));
  await using alice = await chromium.person(`http://127.0.0.1:${cable.port}/`);
  await alice.login("alice");
  await alice.go("bob");
  await alice.say("one");
  assertEquals(await bob.take(), "/from alice one");
  cable.pull();
  await alice.shows("Connection lost");
  for (const text of ["two", "three", "four"]) await alice.say(text);
  await alice.sees("four", "sending");
  await alice.page.getByRole("textbox", { name: "Message" }).fill("half a sen");
  cable.plug(server.portOf("web"));
  await alice.reconnects();
  for (const text of ["two", "three", "four"]) assertEquals(await bob.take(), `/from alice ${text}`);
  await alice.sees("four", "delivered");
  assertEquals(await alice.texts(), ["one", "two", "three", "four"]);
  await becomes(() => alice.page.getByRole("textbox", { name: "Message" }).inputValue(), "half a sen");
});

scene("after a restart of the server the page resumes by itself, without another login", async (chromium) => {
  using folder = new Folder();
  const first = await TestServer.open({ web: true, data: folder.path });
  using cable = new Cable(first.portOf("web"));
  await using alice = await chromium.person(`http://127.0.0.1:${cable.port}/`);
  await alice.login("alice");
  await alice.go("bob");
  await alice.say("one");
  await alice.sees("one", "sent");
  await first.instance.stop();
  cable.pull();
  await alice.shows("Connection lost");
  await alice.say("two");
  // A tab cannot be reloaded now; after the restart a reload must lose nothing.
  await using second = await TestServer.open({ web: true, data: folder.path });
  cable.plug(second.portOf("web"));
  await alice.sees("two", "sent");
  await using bob = await chromium.user(addressOf(second), "bob");
  await bob.go("alice");
  await bob.sees("two");
  assertEquals(await bob.texts(), ["one", "two"]);
  await alice.sees("one", "delivered");
  await alice.sees("two", "delivered");
  await alice.page.getByRole("textbox", { name: "Message" }).fill("not yet said");
  await alice.page.reload();
  await alice.isIn("alice");
  await alice.isAt("bob");
  await alice.sees("two");
  assertEquals(await alice.texts(), ["one", "two"]);
  await becomes(() => alice.page.getByRole("textbox", { name: "Message" }).inputValue(), "not yet said");
});

scene("states and unread messages are the same after a reload, in two tabs and after a restart", async (chromium) => {
  using folder = new Folder();
  const first = await TestServer.open({ web: true, data: folder.path });
  using cable = new Cable(first.portOf("web"));
  const address = `http://127.0.0.1:${cable.port}/`;
  await using alice = await chromium.user(address, "alice");
  await using bob = await chromium.user(address, "bob");
  const unread = (person: Person, name: string, count: number) =>
    person.place(name).filter({ hasText: `${count} unread` }).waitFor();
  const isRead = (person: Person, name: string) => person.place(name).locator(".badge").waitFor({ state: "detached" });
  await alice.go("bob");
  await alice.say("one");
  await alice.sees("one", "delivered");
  await alice.go("jacky");
  await alice.say("for later");
  await alice.sees("for later", "sent");
  await alice.page.reload();
  await alice.isIn("alice");
  await alice.isAt("jacky");
  await alice.sees("for later", "sent");
  await alice.go("bob");
  await alice.sees("one", "delivered");
  // Another device knows the same.
  await using laptop = await chromium.user(address, "alice");
  await laptop.go("bob");
  await laptop.sees("one", "delivered");
  await laptop.go("jacky");
  await laptop.sees("for later", "sent");

  await alice.go("lobby");
  await unread(bob, "alice", 1);
  await using tab = await bob.window(address);
  await tab.isIn("bob");
  await unread(tab, "alice", 1);
  await tab.go("alice");
  await isRead(bob, "alice");
  await tab.go("lobby");
  await alice.go("bob");
  for (const text of ["two", "three"]) await alice.say(text);
  for (const person of [bob, tab]) await unread(person, "alice", 2);
  await bob.page.reload();
  await bob.isIn("bob");
  await unread(bob, "alice", 2);

  await first.instance.stop();
  cable.pull();
  await bob.shows("Connection lost");
  await using second = await TestServer.open({ web: true, data: folder.path });
  cable.plug(second.portOf("web"));
  for (const person of [bob, tab, alice]) {
    await person.reconnects();
  }
  await unread(bob, "alice", 2);
  await unread(tab, "alice", 2);
  await bob.go("alice");
  for (const text of ["one", "New messages", "two"]) await bob.sees(text);
  const rows = await bob.page.locator("#messages > li").allInnerTexts();
  const at = rows.findIndex((text) => text.trim() === "New messages");
  assert(at > 0 && rows[at - 1]!.includes("one") && rows[at + 1]!.includes("two"), rows.join(" / "));
  await isRead(tab, "alice");
  for (const text of ["one", "two", "three"]) await alice.sees(text, "delivered");
});

scene(
  "an own message is edited and withdrawn, by keyboard and mouse; earlier texts are shown on request",
  async (chromium) => {
    await using server = await WebTestServer.open();
    await using alice = await chromium.user(addressOf(server), "alice");
    await using bob = await chromium.user(addressOf(server), "bob");
    await alice.go("bob");
    await bob.go("alice");
    const field = alice.page.getByRole("textbox", { name: "Message" });
    await alice.say("the oven is fre");
    await alice.sees("the oven is fre", "delivered");
    await field.press("ArrowUp");
    await alice.shows("Editing your message");
    await becomes(() => field.inputValue(), "the oven is fre");
    await field.fill("the oven is free");
    await field.press("Enter");
    for (const person of [alice, bob]) await person.sees("the oven is free", "edited");
    await becomes(() => field.inputValue(), "");
    await bob.page.getByRole("button", { name: "edited, earlier texts" }).click();
    await bob.page.locator(".earlier").getByText("the oven is fre", { exact: true }).waitFor();
    await isAccessible(bob, "an earlier text");
    await bob.page.getByRole("button", { name: "edited, earlier texts" }).click();
    await bob.page.locator(".earlier").waitFor({ state: "detached" });

    await alice.say("a mistake");
    await bob.sees("a mistake");
    await alice.row("a mistake").hover();
    await alice.row("a mistake").getByRole("button", { name: "Change this message" }).click();
    await isAccessible(alice, "a message can be changed");
    await alice.row("a mistake").getByRole("button", { name: "Withdraw" }).click();
    for (const person of [alice, bob]) {
      await person.sees("withdrawn");
      assertEquals(await person.row("a mistake").count(), 0);
    }
    await field.fill("half a sentence");
    await field.fill("");
    await field.press("ArrowUp");
    await alice.shows("Editing your message");
    await becomes(() => field.inputValue(), "the oven is free");
    await isAccessible(alice, "a message is edited");
    await field.press("Escape");
    await alice.page.locator("#editing").waitFor({ state: "hidden" });
    await becomes(() => field.inputValue(), "");
    await bob.page.reload();
    await bob.isIn("bob");
    await bob.sees("the oven is free", "edited");
    await bob.sees("withdrawn");
  },
);

scene("a search finds an old message, goes to it, and comes back to the latest", async (chromium) => {
  await using server = await WebTestServer.open({ limits: { burstCommands: 100_000 } });
  await using alice = await chromium.user(addressOf(server), "alice");
  await using jacky = await new RawBrowser(server.portOf("web")).join("jacky");
  await jacky.resume();
  for (let at = 1; at <= 400; at++) {
    const text = at === 40 ? "the blue flask is broken" : `reading ${at} of the run`;
    await jacky.say({ type: "say", number: at, room: "lobby", text });
  }
  await alice.page.reload();
  await alice.isIn("alice");
  await alice.sees("reading 400 of");
  await alice.page.getByRole("button", { name: "Search messages" }).click();
  const field = alice.page.getByRole("searchbox", { name: "Words" });
  await field.fill("from:jacky");
  await field.press("Enter");
  await alice.shows("a word to search for is missing");
  await field.fill("flask from:jacky in:lobby after:2020-01-31");
  await field.press("Enter");
  await alice.page.locator("#hits button", { hasText: "blue flask" }).click();
  await alice.sees("the blue flask is broken");
  await alice.sees("reading 41 of");
  await alice.page.locator(".row.goal", { hasText: "blue flask" }).waitFor();
  assertEquals(await alice.row("reading 400 of").count(), 0);
  // What is typed goes into the field of the part that was pressed last.
  await alice.page.locator("#finder-help").click();
  await alice.page.keyboard.type("x");
  await alice.page.locator("#finder-text:focus").waitFor();
  await becomes(() => alice.page.getByRole("textbox", { name: "Message" }).inputValue(), "");
  await field.fill("flask from:jacky in:lobby after:2020-01-31");
  await isAccessible(alice, "a message is found");
  // The window on history grows until it is one with the newest messages.
  await alice.page.locator("#scroller").evaluate(async (scroller: Scrolling) => {
    do {
      scroller.scrollTop = scroller.scrollHeight;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } while (!scroller.textContent.includes("reading 400 of"));
  });
  await alice.page.locator("#hits button", { hasText: "blue flask" }).click();
  await alice.page.locator(".row.goal").waitFor();
  await alice.page.getByRole("button", { name: "Latest messages" }).click();
  await alice.sees("reading 400 of");
  await field.fill("nowhere");
  await field.press("Enter");
  await alice.shows("Nothing found.");
  await alice.page.setViewportSize(PHONE);
  await isAccessible(alice, "phone, a search");
});

scene(
  "a duplicated tab has a name of its own; a reloaded one keeps its name and what it has not sent",
  async (chromium) => {
    await using server = await WebTestServer.open();
    using cable = new Cable(server.portOf("web"));
    await using alice = await chromium.user(`http://127.0.0.1:${cable.port}/`, "alice");
    const nameOf = async ({ page }: Person) =>
      JSON.parse(await page.evaluate("sessionStorage.getItem('partyline alice tab')") as string);
    await alice.go("bob");
    await alice.say("one");
    await alice.sees("one", "sent");
    const opened = alice.context.waitForEvent("page");
    // A window that is opened by another one gets a copy of its storage, as a duplicated tab does.
    await alice.page.evaluate("void open(location.href)");
    const copy = new Person(alice.context, await opened);
    await copy.isIn("alice");
    await copy.isAt("bob");
    const [original, duplicate] = [await nameOf(alice), await nameOf(copy)];
    assert(original.client !== duplicate.client, "two tabs with one name");
    assertEquals([original.lastNumber, duplicate.lastNumber], [1, 0]);
    for (const [person, text] of [[alice, "from the first"], [copy, "from the second"]] as const) {
      await person.say(text);
      for (const each of [alice, copy]) await each.sees(text, "sent");
    }
    await alice.page.reload();
    await alice.isIn("alice");
    assertEquals((await nameOf(alice)).client, original.client);
    await alice.say("after the reload");
    await copy.sees("after the reload", "sent");
    assertEquals((await nameOf(alice)).lastNumber, 3);
    assertEquals(await copy.texts(), ["one", "from the first", "from the second", "after the reload"]);
  },
);

scene(
  "the keyboard alone suffices to log in, select a person, write and read the answer",
  async (chromium) => {
    await using server = await WebTestServer.open();
    using bob = await server.join("bob");
    await using alice = await chromium.person(addressOf(server));
    const { page } = alice;
    const { keyboard } = page;
    const isFocused = (selector: string) => page.locator(`${selector}:focus`).waitFor();
    await isFocused("#login-name");
    await keyboard.type("alice");
    await keyboard.press("Tab");
    await keyboard.type("12345");
    await keyboard.press("Enter");
    await alice.isIn("alice");
    await isFocused("#text");
    await keyboard.press("Escape");
    await isFocused("#search");
    await keyboard.type("bo");
    await alice.place("bob").waitFor();
    await keyboard.press("ArrowDown");
    await isFocused("#places button");
    // A message arrives, and the list is drawn again.
    await bob.la.send("/to alice are you there?\n");
    await alice.place("bob").locator(".badge").waitFor();
    await isFocused("#places button");
    await keyboard.press("Enter");
    await alice.isAt("bob");
    await isFocused("#text");
    await keyboard.type("can you hear me?");
    await keyboard.press("Enter");
    assertEquals(await bob.take(), "/from alice can you hear me?");
    await bob.la.send("/to alice every word\n");
    await alice.sees("every word");
    // A screen reader announces it.
    await page.locator("#announced", { hasText: "bob: every word" }).waitFor();
    await isFocused("#text");
    // Past the plus button, and the two answers about notifications, which were asked for after the first message.
    for (let i = 0; i < 4; i++) await keyboard.press("Shift+Tab");
    await isFocused("#scroller");
  },
);

scene("a wrong password is explained; a new user creates an account and is logged in", async (chromium) => {
  using folder = new Folder();
  folder.write("users.txt", "jacky 12345\n");
  await using server = await WebTestServer.open({ enrollIn: `${folder.path}/users.txt`, users: "jacky 12345" });
  await using dora = await chromium.person(addressOf(server));
  const { page } = dora;
  await page.getByLabel("Name", { exact: true }).fill("dora");
  await page.getByLabel("Password", { exact: true }).fill("guessed");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "wrong name or password" }).waitFor();
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Password", { exact: true }).fill("qwertz");
  await page.getByLabel("Confirm password").fill("qwerty");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "do not match" }).waitFor();
  await page.getByLabel("Confirm password").fill("qwertz");
  await page.keyboard.press("Enter");
  await dora.isIn("dora");
  using raw = await server.join("dora", "qwertz");
  await dora.say("here I am");
  assertEquals(await raw.take(), "/broadcastfrom dora here I am");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Name", { exact: true }).waitFor();
});

scene(
  "login, chat and files are accessible, light and dark, on desktop and phone",
  async (chromium) => {
    await using server = await WebTestServer.open();
    using bob = await server.join("bob");
    await using alice = await chromium.person(addressOf(server));
    await alice.page.getByLabel("Name", { exact: true }).waitFor();
    await isAccessible(alice, "log-in");
    await alice.login("alice");
    await isAccessible(alice, "nothing was said");
    await bob.la.send("/toall see http://example.org/ please\n");
    await alice.sees("please");
    await alice.page.getByRole("button", { name: "People" }).click();
    await alice.page.locator("#member-list").getByText("bob").waitFor();
    await isAccessible(alice, "who is in the room");
    await alice.go("bob");
    await alice.say("it will not arrive");
    assertEquals(await bob.lb.line(), "/from alice it will not arrive");
    bob.close();
    await alice.sees("it will not arrive", "failed");
    await isAccessible(alice, "failed");
    await using jacky = await chromium.user(addressOf(server), "jacky");
    await jacky.go("alice");
    await jacky.offer("slides.pdf", bytesOf(1000));
    await alice.place("jacky").filter({ hasText: "1 unread" }).waitFor();
    await isAccessible(alice, "something is unread");
    await alice.go("jacky");
    await alice.page.getByRole("button", { name: "Accept slides.pdf" }).waitFor();
    await isAccessible(alice, "a file is offered");
    await alice.page.getByRole("button", { name: "Accept slides.pdf" }).click();
    await alice.sees("slides.pdf", "received");
    await alice.page.setViewportSize(PHONE);
    await isAccessible(alice, "phone, a file has come");
    await alice.page.getByRole("button", { name: "Back to the list" }).click();
    await alice.page.locator("#search:focus").waitFor();
    await isAccessible(alice, "phone, the list");
    await alice.go("lobby");
    await server.instance.stop();
    await alice.shows("Connection lost");
    await isAccessible(alice, "phone, the connection is lost");
  },
);

scene(
  "the first page is less than 90 kB on the wire in every language, and its login has the focus",
  async (chromium) => {
    await using server = await WebTestServer.open();
    for (const locale of ["en", "vi", "zh-CN"]) await firstPage(chromium, addressOf(server), locale);
  },
);

async function firstPage(chromium: Chromium, address: string, locale: string): Promise<void> {
  await using alice = await chromium.person("about:blank", { locale });
  const wire = await alice.context.newCDPSession(alice.page);
  let bytes = 0;
  let files = 0;
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => (files++, bytes += encodedDataLength));
  await wire.send("Network.enable");
  await alice.page.goto(address);
  await alice.page.locator("#login-name:focus").waitFor();
  await alice.page.waitForLoadState("networkidle");
  assert(files >= 4 && bytes > 20_000, `${locale}: ${files} files of ${bytes} bytes`);
  assert(bytes < 90_000, `${locale}: ${bytes} bytes in ${files} files`);
  await alice.page.keyboard.type("ali");
  await becomes(() => alice.page.locator("#login-name").inputValue(), "ali");
}

scene(
  "neither the login nor the chat of a user who comes back waits for more than the page and its script",
  async (chromium) => {
    await using server = await WebTestServer.open();
    await using alice = await chromium.person("about:blank", { serviceWorkers: "block" });
    const held: Route[] = [];
    let holds = true;
    await alice.context.route(
      ({ pathname }) => pathname !== "/" && !pathname.startsWith("/page/"),
      (route) => holds ? void held.push(route) : route.continue(),
    );
    await alice.page.goto(addressOf(server));
    await alice.page.locator("#login-name:focus").waitFor();
    assertEquals(held.length, 0, "a new browser has nothing to ask");
    holds = false;
    await alice.login("alice");
    await alice.say("said before");
    await alice.sees("said before", "sent");

    holds = true;
    await using later = await alice.window(addressOf(server));
    await later.page.locator("#text:focus").waitFor();
    await later.isAt("lobby");
    await later.say("written at once");
    await later.sees("written at once", "sending");
    holds = false;
    for (const route of held) await route.continue();
    await later.connected();
    await later.sees("written at once", "sent");
    assertEquals(await later.texts(), ["said before", "written at once"]);
  },
);

/** A client that serves its page, and its one-time address. */
async function paged(args: readonly string[], folder: Folder): Promise<{ client: Running; address: string }> {
  const data = ["--data", folder.path, "--downloads", folder.path, "--page"];
  const client = new Running(SOURCES, "client", [...args, ...data], folder.path);
  const [, address] = await client.printed(/^page on (\S+)$/m);
  return { client, address: address! };
}

scene(
  "client chat --page: the chat moves to another window and back, and a file is left at the server",
  async (chromium) => {
    using folder = new Folder();
    await using server = await WebTestServer.open({ data: folder.path });
    using bob = await server.join("bob");
    const secret = folder.write("secret", "12345\n");
    const port = String(server.port);
    const { client, address } = await paged(
      ["chat", "127.0.0.1", port, "--name", "alice", "--password-file", secret],
      folder,
    );
    await using _client = client;
    await using alice = await chromium.person(address);
    await alice.isIn("alice");
    await alice.isAt("lobby");
    await alice.isTitled(`lobby – Partyline at 127.0.0.1:${port}`);
    await alice.go("bob");
    await alice.say("from a page of my own");
    assertEquals(await bob.take(), "/from alice from a page of my own");
    await alice.sees("from a page of my own", "delivered");
    await using other = await alice.window(new URL("/", address).href);
    await other.isIn("alice");
    await alice.shows("This chat is open in another window.");
    await bob.la.send("/to alice where are you?\n");
    await other.place("bob").filter({ hasText: "1 unread" }).waitFor();
    await alice.page.getByRole("button", { name: "Use it here" }).click();
    await alice.connected();
    await alice.sees("where are you?");
    await other.shows("This chat is open in another window.");
    await alice.leave("notes.txt", new TextEncoder().encode("kept at the server"));
    assertMatch(await bob.take(), /^\/from alice left notes\.txt \(18 bytes\) at the server http:\S+$/);
    const saved = alice.page.waitForEvent("download");
    await alice.row("notes.txt").getByRole("button", { name: "Download notes.txt" }).click();
    assertEquals(await Deno.readTextFile(await (await saved).path()), "kept at the server");
    await using stranger = await chromium.person(address);
    await stranger.shows("This page is only for the person who started the client");
  },
);

scene("client peer --page: the form of the handout, then the client address table, then the chat", async (chromium) => {
  using folder = new Folder();
  await using server = await TestServer.open({ addressBook: true, data: folder.path });
  const { client, address } = await paged(["peer", "--table-refresh", "1"], folder);
  await using _client = client;
  await using alice = await chromium.person(address);
  const { page } = alice;
  await page.getByLabel("User name").waitFor();
  await page.locator("#name:focus").waitFor();
  assertMatch(await page.getByLabel("UDP port").inputValue(), /^[2-4]\d{3}$/);
  await isAccessible(alice, "the form of a peer");
  await page.getByRole("button", { name: "Confirm" }).click();
  await alice.shows("a name is 1 to 64 bytes");
  await page.getByLabel("User name").fill("alice");
  await page.getByLabel("UDP port").fill("0");
  await page.getByLabel("Server IP").fill(`127.0.0.1 ${server.portOf("address-book")}`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Client address table" }).waitFor();
  await alice.shows("You are 127.0.0.1:");
  await alice.shows("No one else is in the table.");
  await page.getByRole("link", { name: "Chat" }).click();
  await alice.isIn("alice");
});

scene("client peer --page: peers chat without a server and without a lobby", async (chromium) => {
  using folder = new Folder();
  using others = new Folder();
  await using server = await TestServer.open({ addressBook: true, data: folder.path });
  const table = ["peer", "127.0.0.1", String(server.portOf("address-book"))];
  await using bob = new Running(SOURCES, "client", [...table, "--name", "bob", "--data", others.path], others.path);
  const { client, address } = await paged([...table, "--name", "alice"], folder);
  await using _client = client;
  await using alice = await chromium.person(address);
  await alice.isIn("alice");
  await alice.isTitled("Partyline among peers");
  await alice.place("bob").waitFor();
  assertEquals(await alice.place("lobby").count(), 0);
  await alice.shows("Select a room or a person.");
  await alice.page.locator("#search:focus").waitFor();
  await isAccessible(alice, "no conversation is open");
  await alice.go("bob");
  await alice.say("no server here");
  await bob.printed(/^from alice: no server here$/m);
  await alice.sees("no server here", "delivered");
  await bob.type("/to alice none at all\n");
  await alice.sees("none at all");
});

scene(
  "the server's page shows users and messages, and reconnects after a restart",
  async (chromium) => {
    using folder = new Folder();
    const users = folder.write("users.txt", USERS);
    const serve = () =>
      new Running(
        SOURCES,
        "server",
        ["0", users, "--host", "127.0.0.1", "--web", "0", "--data", folder.path],
        folder.path,
      );
    const portOf = async (server: Running, listener: string) =>
      Number((await server.printed(new RegExp(`^${listener} listening on 127\\.0\\.0\\.1:(\\d+)$`, "m")))[1]);
    const first = serve();
    await using _first = first;
    const web = await portOf(first, "web");
    using cable = new Cable(web);
    await using admin = await chromium.person(`http://127.0.0.1:${cable.port}/server`);
    const { page } = admin;
    await admin.shows("Waiting for clients");
    await admin.isTitled(`127.0.0.1:${web} · Partyline server`);
    await isAccessible(admin, "the server's page");
    await using alice = await chromium.person(`http://127.0.0.1:${web}/`);
    await alice.login("alice");
    await admin.shows("1 person online");
    await page.locator("#users", { hasText: "alice" }).waitFor();
    for (let i = 0; i < 5; i++) await alice.say(`reading ${i}`);
    await page.locator("#sent", { hasText: "5" }).waitFor();
    const messages = page.locator(".plot", { hasText: "Messages" }).first();
    await messages.locator("path.line.main[d*=L]").waitFor({ state: "attached" });
    await page.locator("#log li", { hasText: "alice" }).first().waitFor();
    await page.getByLabel("Filter").fill("nothing is like this");
    await admin.shows("No line matches.");
    await page.getByLabel("Filter").fill("alice");
    await page.locator("#log li", { hasText: "alice" }).first().waitFor();
    await page.locator("#log li").filter({ hasNotText: "alice" }).first().waitFor({ state: "detached" });
    await page.setViewportSize(PHONE);
    await isAccessible(admin, "the server's page on a phone");

    cable.pull();
    first.process.kill("SIGTERM");
    assertEquals(await first.over(), 0);
    await admin.shows("The server does not answer; reconnecting.");
    await using second = serve();
    cable.plug(await portOf(second, "web"));
    await page.locator("#lost", { hasText: /^$/ }).waitFor({ state: "attached" });
    await admin.shows("Waiting for clients");
    using bob = await RawClient.open(await portOf(second, "im"));
    await bob.login("bob", "12345");
    assertEquals(await bob.la.ask("/list"), "301 bob");
    await page.locator("#users", { hasText: "bob" }).waitFor();
  },
);

scene("the server's page shows the other servers of the chat, and that one has stopped", async (chromium) => {
  await using servers = await LinkedServers.open(USERS, "zoe 12345", { web: true });
  await using admin = await chromium.person(`${addressOf(servers.one)}server`);
  const rows = admin.page.locator("#server-rows tr");
  await rows.filter({ hasText: "lab1 (this server)" }).filter({ hasText: "connected" }).waitFor();
  await rows.filter({ hasText: "lab2" }).filter({ hasText: "connected" }).waitFor();
  await isAccessible(admin, "two servers");
  await admin.page.setViewportSize(PHONE);
  await admin.fits(PHONE.width);
  await servers.stopOther();
  await rows.filter({ hasText: "lab2" }).filter({ hasText: "not heard any more" }).waitFor();
});

scene(
  "the lab's window: who needs help and why, their wire as a ladder, a notice, the end of a session",
  async (chromium) => {
    await using server = await WebTestServer.open({ limits: { receiptMs: 3000 } });
    await using admin = await chromium.person(`${addressOf(server)}server`);
    const { page } = admin;
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    await page.setViewportSize({ width: 1440, height: 900 });
    await admin.shows("No client is connected.");
    using bob = await server.join("bob");
    using jacky = await server.join("jacky");
    await jacky.la.send("/to bob <img src=x onerror=alert(1)>\n");
    assertEquals(await bob.lb.line(), "/from jacky <img src=x onerror=alert(1)>");
    await bob.lb.send("303 ok\n");
    assertEquals(await jacky.la.line(), "304 Message delivery failed");
    const help = page.locator("#help li", { hasText: "im/16/1" });
    await help.filter({ hasText: "bob" }).getByText('found "303 ok"').waitFor();
    const row = page.locator("#users tr", { has: page.getByRole("button", { name: "bob", exact: true }) });
    await row.locator(".missed.is-bad", { hasText: "1" }).waitFor();
    await row.getByRole("button", { name: "bob", exact: true }).click();
    const rungs = page.locator("#rungs li");
    await rungs.filter({ hasText: "303 ok" }).first().waitFor();
    assertEquals(await rungs.first().locator(".rung.to-right").textContent(), "/login bob *****");
    await page.getByLabel("Lines with").fill("101");
    await rungs.filter({ hasNotText: "101" }).first().waitFor({ state: "detached" });
    assertEquals(await rungs.count(), 1);
    await page.getByLabel("Lines with").fill("");
    for (const [button, extension] of [["JSONL", "jsonl"], ["CSV", "csv"], ["SVG", "svg"]] as const) {
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: button, exact: true }).click();
      const download = await saved;
      assertEquals(download.suggestedFilename(), `bob.${extension}`);
      const text = await Deno.readTextFile(await download.path());
      assert(text.includes("303 ok") && !text.includes("12345"), `${extension}: ${text}`);
    }
    await page.getByRole("button", { name: "Pause" }).click();
    await bob.la.ask("/list");
    await admin.shows("Paused: 2 new lines.");
    await page.getByRole("button", { name: "Continue" }).click();
    await rungs.filter({ hasText: "/list" }).waitFor();
    for (const width of [1440, 720, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await admin.fits(width);
      await isAccessible(admin, `the lab's window at ${width}`);
    }
    await page.getByLabel("Notice to all").fill("ten minutes left");
    await page.getByLabel("Notice to all").press("Enter");
    assertEquals(await bob.take(), "/broadcastfrom server ten minutes left");
    await admin.shows("The notice was sent.");
    page.on("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "End sessions of bob" }).click();
    assertEquals(await bob.la.rest(), "310 Bye bye\n");
    await row.waitFor({ state: "detached" });
    await page.locator("#today", { hasText: "bob" }).waitFor();
    await rungs.filter({ hasText: "ended by the operator" }).first().waitFor();
    assertEquals(errors, []);
  },
);

scene("over HTTPS with a self-signed certificate, users chat and a file arrives", async (chromium) => {
  await using server = await WebTestServer.open({ tls: "own" });
  const trusting = { ignoreHTTPSErrors: true };
  await using alice = await chromium.person(addressOf(server, "https"), trusting);
  await alice.login("alice");
  await using bob = await chromium.person(addressOf(server, "https"), trusting);
  await bob.login("bob");
  await alice.go("bob");
  await alice.say("nobody else reads this");
  await bob.go("alice");
  await bob.sees("nobody else reads this");
  await alice.sees("nobody else reads this", "delivered");
  await passFile(alice, bob, bytesOf(1_000_001));
});

scene(
  "a guest joins with a name and a room ID, and is the same guest after a reload and after logging out",
  async (chromium) => {
    await using server = await WebTestServer.open({ guests: true });
    await using bob = await chromium.user(addressOf(server), "bob");
    await using gina = await chromium.person(addressOf(server));
    const join = async (name: string, room: string) => {
      const { page } = gina;
      await page.getByRole("button", { name: "Join as a guest" }).click();
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("Room ID", { exact: true }).fill(room);
      await page.getByRole("button", { name: "Join", exact: true }).click();
    };
    await join("bob", "lab7");
    await gina.shows('"bob" is an account of this server');
    await gina.page.getByRole("button", { name: "I have an account" }).click();
    await join("gina", "lab7");
    await gina.isIn("gina");
    await gina.isAt("lab7");
    await gina.say("hello, whoever knows this room");
    await gina.sees("hello, whoever knows this room", "sent");
    assertEquals(await bob.place("lab7").count(), 0, "it is not listed");
    await gina.page.reload();
    await gina.isIn("gina");
    await bob.go("gina");
    await bob.say("for gina");
    await gina.go("bob");
    await gina.sees("for gina");
    await gina.page.getByRole("button", { name: "Log out" }).click();
    await join("gina", "lab7");
    await gina.isIn("gina");
    // The room that a guest enters is opened.
    await gina.isAt("lab7");
    await gina.go("bob");
    await gina.sees("for gina");
  },
);

/** Scenes run at the same time, since much of each is waiting. */
const AT_ONCE = 3;

const skip = why !== undefined && !required;
Deno.test({
  name: skip ? `the pages in Chromium (skipped: ${why})` : "the pages in Chromium",
  ignore: skip,
  async fn(t) {
    await using chromium = await Chromium.launch();
    const waiting = [...scenes];
    // Resources that a scene leaves open are found at the end of the test.
    const unsanitized = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
    const playAll = async () => {
      for (let next; (next = waiting.shift());) {
        const [name, play] = next;
        await t.step({ name, fn: () => play(chromium), ...unsanitized });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, playAll));
  },
});
