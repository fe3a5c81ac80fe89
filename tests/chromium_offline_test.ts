import { assertEquals } from "@std/assert";
import { limits } from "../lib/core/limits.ts";
import { plainText } from "../lib/http/responses.ts";
import { WebServer } from "../lib/http/server.ts";
import type { Site } from "../lib/http/site.ts";
import { StaticFiles } from "../lib/http/static_files.ts";
import { pageVersion, readWebFiles } from "../lib/store/web_files.ts";
import { isAccessible } from "./support/accessible.ts";
import type { Person } from "./support/chromium.ts";
import { pageTest } from "./support/page_stage.ts";
import { Folder } from "./support/programs.ts";
import { TestServer } from "./support/test_server.ts";
import { becomes } from "./support/wire.ts";

// The page while the server is away, in a real browser: what it stores, how it opens, and what it delivers afterwards.

/** Everything that the browser's caches of the page hold: the addresses, and all texts in one. */
async function stored(person: Person): Promise<{ names: string[]; addresses: string[]; text: string }> {
  const found = await person.page.evaluate(`(async () => {
    const names = await caches.keys();
    const all = [];
    for (const name of names) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) all.push([request.url, await (await cache.match(request)).text()]);
    }
    return { names, all };
  })()`) as { names: string[]; all: [string, string][] };
  return {
    names: found.names,
    addresses: found.all.map(([url]) => new URL(url).pathname).toSorted(),
    text: found.all.map(([, text]) => text).join("\n"),
  };
}

/** Waits until an expression is true in the page. Its policy forbids Playwright's own way. */
async function waitFor(person: Person, expression: string): Promise<void> {
  await person.page.evaluate(`(async () => {
    while (!await (${expression})) await new Promise((resolve) => setTimeout(resolve, 20));
  })()`);
}

/** Waits until the service worker has stored the page. */
async function hasStored(person: Person): Promise<void> {
  await waitFor(person, "navigator.serviceWorker.controller?.state === 'activated'");
}

async function workers(person: Person): Promise<number> {
  return await person.page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)");
}

const OLD = "0123456789ab";

function inVersion(content: string | Uint8Array, version: string): string | Uint8Array {
  return typeof content === "string" ? content.replaceAll(pageVersion(readWebFiles()), version) : content;
}

async function versionOf({ page }: Person): Promise<string | undefined> {
  return /v=(\w+)/.exec(await page.locator("script").getAttribute("src") ?? "")?.[1];
}

/** A server that has files of the page and nothing else. */
class StaticServer {
  private constructor(readonly server: WebServer) {}

  static open(texts: ReadonlyMap<string, string | Uint8Array>): StaticServer {
    const files = new StaticFiles(texts);
    const site: Site = {
      answer(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/") return files.answer("chat.html", request);
        if (pathname === "/worker.js") return files.answer("worker.js", request);
        return pathname.startsWith("/page/") ? files.answerPath(pathname, request) : plainText("Not here.", 503);
      },
      close() {},
    };
    const where = { hostname: "127.0.0.1", port: 0 };
    return new StaticServer(new WebServer(site, { where, limits: limits(), names: [] }));
  }

  get port(): number {
    return this.server.address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await this.server.release();
  }
}

pageTest(
  "the page opens while the server is away, keeps what is typed, and delivers it once the server is back",
  async ({ cable, address, chromium }) => {
    using folder = new Folder();
    await using before = await TestServer.open({ web: true, data: folder.path });
    cable.plug(before.portOf("web"));
    await using alice = await chromium.person(address);
    await alice.login("alice");
    await alice.go("bob");
    await alice.say("a secret of the chat");
    await alice.sees("a secret of the chat", "sent");
    await hasStored(alice);
    const { names, addresses, text } = await stored(alice);
    assertEquals(names.length, 1);
    assertEquals([addresses.includes("/"), addresses.includes("/page/chat.js")], [true, true]);
    assertEquals(addresses.filter((each) => !/^\/(page\/[\w.-]+)?$/.test(each)), []);
    assertEquals(["a secret of the chat", "alice", "michael"].filter((each) => text.includes(each)), []);

    // A new window, and one that is loaded again.
    await before.instance.stop();
    cable.pull();
    await using tab = await alice.window(address);
    await tab.shows("Connection lost");
    await tab.isAt("lobby");
    await tab.say("written while the server is away");
    await tab.sees("written while the server is away", "sending");
    await isAccessible(tab, "the page while the server is away");
    await alice.shows("Connection lost");
    await alice.page.reload();
    await alice.isAt("bob");
    await alice.say("and this to bob");
    await alice.sees("and this to bob", "sending");
    await alice.page.getByRole("textbox", { name: "Message" }).fill("half a sen");

    await using after = await TestServer.open({ web: true, data: folder.path });
    cable.plug(after.portOf("web"));
    await tab.reconnects();
    await tab.sees("written while the server is away", "sent");
    await alice.reconnects();
    await alice.sees("and this to bob", "sent");
    await alice.sees("a secret of the chat", "sent");
    assertEquals(await alice.texts(), ["a secret of the chat", "and this to bob"]);
    await becomes(() => alice.page.getByRole("textbox", { name: "Message" }).inputValue(), "half a sen");
    await using bob = await chromium.user(address, "bob");
    await bob.sees("written while the server is away");
    await bob.go("alice");
    await bob.sees("and this to bob");
    assertEquals(await workers(bob), 0, "a login that the form has not made is not remembered");
  },
);

pageTest(
  "a log-out removes the stored page, and the next login stores it again",
  async ({ cable, address, chromium }) => {
    await using alice = await chromium.person(address);
    await alice.login("alice");
    await hasStored(alice);
    assertEquals((await stored(alice)).names.length, 1);
    await alice.page.getByRole("button", { name: "Log out" }).click();
    await alice.page.getByLabel("This is a shared computer").waitFor();
    await becomes<unknown>(async () => [await stored(alice), await workers(alice)], [
      { names: [], addresses: [], text: "" },
      0,
    ]);
    assertEquals(await alice.page.evaluate("localStorage.getItem('partyline user')"), null);
    await alice.login("alice");
    await waitFor(alice, "caches.match('/').then((page) => page !== undefined)");
    await hasStored(alice);
    cable.pull();
    await alice.page.goto(address);
    await alice.shows("Connection lost");
  },
);

pageTest(
  "nothing is stored on a shared computer, nor where the browser does not trust the address",
  async ({ cable, address, chromium }) => {
    await using alice = await chromium.person(address);
    await alice.page.getByLabel("This is a shared computer").check();
    await alice.login("alice");
    await using bob = await chromium.person(address.replace("127.0.0.1", "lab.test"));
    await bob.login("bob");
    // The empty lobby invites others by this address, since it is not of this machine alone.
    await bob.shows(address.replace("127.0.0.1", "lab.test"));
    const code = bob.page.getByRole("img", { name: "QR code with the address of this page" });
    await code.waitFor();
    assertEquals(
      await code.evaluate((image) => (image as unknown as { decode(): Promise<unknown> }).decode()),
      undefined,
    );
    await isAccessible(bob, "the invitation in the empty lobby");
    assertEquals(await alice.page.locator("#invite").isVisible(), false);
    await bob.say("sent without it");
    await bob.sees("sent without it", "sent");
    await code.waitFor({ state: "hidden" });
    assertEquals(await bob.page.evaluate("[isSecureContext, 'caches' in globalThis]"), [false, false]);
    assertEquals([await workers(alice), (await stored(alice)).names], [0, []]);
    assertEquals(await alice.page.evaluate("localStorage.getItem('partyline user')"), null);
    cable.pull();
    await bob.shows("Connection lost");
  },
  {},
  { webNames: ["lab.test"] },
);

pageTest(
  "a stored page of another version gives way to the server's at its first contact, with what was typed",
  async ({ server: newer, cable, address, chromium }) => {
    await using alice = await chromium.user(address, "alice");
    // The browser has an older page, as after an update of the server.
    const older = new Map([...readWebFiles()].map(([name, content]) =>
      // The version is in the names of scripts that are loaded later, too.
      [String(inVersion(name, OLD)), inVersion(content, OLD)] as const
    ));
    await using server = StaticServer.open(older);
    cable.pull();
    cable.plug(server.port);
    await alice.page.evaluate(`(async () => {
      localStorage.setItem("partyline user", "alice");
      await navigator.serviceWorker.register("/worker.js");
    })()`);
    await hasStored(alice);
    cable.pull();
    await using tab = await alice.window(address);
    assertEquals(await versionOf(tab), OLD);
    await tab.isAt("lobby");
    await tab.say("typed into the older page");
    await tab.page.getByRole("textbox", { name: "Message" }).fill("a draft");
    cable.plug(newer.portOf("web"));
    await tab.page.locator("#retry").dispatchEvent("click");
    await tab.page.locator(`script[src*="${pageVersion(readWebFiles())}"]`).waitFor({ state: "attached" });
    await tab.connected();
    await tab.sees("typed into the older page", "sent");
    await becomes(() => tab.page.getByRole("textbox", { name: "Message" }).inputValue(), "a draft");
  },
);
