import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import { LoginCookies } from "../lib/store/login_cookies.ts";
import { Browser } from "./support/browser.ts";
import { Folder } from "./support/programs.ts";
import { TestServer, WebTestServer } from "./support/test_server.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Another browser with the same login, as a tab or a thief has it. */
function copyOf({ port, cookie, key }: Browser): Browser {
  return Object.assign(new Browser(port), { cookie, key });
}

Deno.test("logging out ends this login, its sessions in other tabs too, for good; other logins of the user stay", async () => {
  using folder = new Folder();
  let copy: Browser;
  {
    await using server = await TestServer.open({ web: true, data: folder.path });
    const port = server.portOf("web");
    const [lab, phone] = [new Browser(port), new Browser(port)];
    await using tab = await lab.join("alice");
    await using other = await lab.chat();
    await using away = await phone.join("alice");
    for (const chat of [tab, other, away]) await chat.next("welcome");
    copy = copyOf(lab);
    assertEquals((await lab.post("/logout", {}))[0], 204);
    for (const chat of [tab, other]) assertEquals((await chat.next("closing")).why, "logged out");
    await Promise.all([tab.over, other.over]);
    assertEquals((await copy.about()).name, null);
    await assertRejects(() => copy.chat(), Error, "401");
    assertEquals((await phone.about()).name, "alice");
    assertEquals((await away.resume()).rooms, ["lobby"]);
  }
  await using again = await TestServer.open({ web: true, data: folder.path });
  const later = Object.assign(new Browser(again.portOf("web")), { key: copy.key });
  later.cookie = copy.cookie!.replace(/^[^=]+/, `partyline-${later.port}`);
  assertEquals((await later.about()).name, null, "revoked after a restart");
});

Deno.test("logging out everywhere ends every login of the user and of nobody else; without a login it does nothing", async () => {
  await using server = await WebTestServer.open();
  const port = server.portOf("web");
  const [lab, phone, bob] = [new Browser(port), new Browser(port), new Browser(port)];
  await using away = await phone.join("alice");
  await using his = await bob.join("bob");
  await lab.post("/login", { name: "alice", password: "12345" });
  const thief = copyOf(phone);
  thief.key = bob.key;
  assertEquals((await thief.post("/logout", { everywhere: true }))[0], 204);
  assertEquals((await phone.about()).name, "alice", "a cookie without its key logs nobody out");
  assertEquals((await lab.post("/logout", { everywhere: true }))[0], 204);
  assertEquals((await away.next("closing")).why, "logged out everywhere");
  assertEquals((await phone.about()).name, null);
  assertEquals((await bob.about()).name, "bob");
  assertEquals((await his.resume()).rooms, ["lobby"]);
  await using again = await phone.join("alice");
  assertEquals((await again.next("welcome")).name, "alice");
});

Deno.test("on a shared computer the cookie ends with the browser, and after 12 hours", async () => {
  await using server = await WebTestServer.open();
  const login = async (shared: boolean) => {
    const response = await fetch(`http://127.0.0.1:${server.portOf("web")}/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "alice", password: "12345", shared }),
    });
    await response.body?.cancel();
    return response.headers.get("set-cookie")!;
  };
  assertMatch(await login(false), /Max-Age=2592000/);
  const shared = await login(true);
  assert(!/Max-Age|Expires/.test(shared), shared);
  const [, issued, expiry] = shared.split(/[=;]/)[1]!.split(".").map(Number);
  assertEquals(expiry! - issued!, DAY_MS / 2);
});

Deno.test("sessions end with a reason when the account is removed or has another password", async () => {
  await using server = await WebTestServer.open();
  const alice = new Browser(server.portOf("web"));
  await using chat = await alice.join("alice");
  await chat.next("welcome");
  using bob = await server.join("bob");
  server.instance.hub.replaceAccounts(decodeUsers("alice 54321") as Accounts);
  assertEquals((await chat.next("closing")).why, "ended because the password was changed");
  assertEquals(await bob.lb.line(), "/from server Your session was ended because the account was removed.");
  assertEquals((await alice.about()).name, null);
});

Deno.test("revoked cookies: many log-outs become one for all, what has expired is forgotten, a damaged file is reported", () => {
  using folder = new Folder();
  let now = 1000 * DAY_MS;
  const open = () => new LoginCookies(folder.path, () => ({ type: "plain", password: "12345" }), () => now);
  const cookies = open();
  const kept = cookies.issue("alice");
  const bobs = cookies.issue("bob");
  for (let i = 0; i < 33; i++) cookies.revoke(cookies.issue("alice"));
  assertEquals([cookies.userOf(kept), cookies.userOf(bobs)], [undefined, "bob"]);
  const fresh = cookies.issue("alice");
  assertEquals([cookies.userOf(fresh), open().userOf(fresh)], ["alice", "alice"]);
  // The clock goes back: what is issued now is valid all the same.
  cookies.revokeAll("alice");
  now -= DAY_MS;
  assertEquals(cookies.userOf(cookies.issue("alice")), "alice");
  now += 62 * DAY_MS;
  cookies.revoke(cookies.issue("bob"));
  const file = `${folder.path}/page-revoked.json`;
  assertEquals(JSON.parse(Deno.readTextFileSync(file)).users.map(({ name }: { name: string }) => name), ["bob"]);
  Deno.writeTextFileSync(file, "{}");
  assertThrows(open, Error, "page-revoked.json must contain");
});
