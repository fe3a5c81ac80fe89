import { assert, assertEquals, assertMatch } from "@std/assert";
import { ClientSite, type PageHost } from "../lib/client/page_site.ts";
import { StaticFiles } from "../lib/http/static_files.ts";
import { Browser } from "./support/browser.ts";
import { exists } from "./support/file_bytes.ts";
import { ended, Folder } from "./support/programs.ts";
import { TestServer, WebTestServer } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

const HERE = { hostname: "127.0.0.1", port: 1 };

const ALICE: PageHost = { name: "alice", isLoggedIn: true, pageOpened() {}, pageReceived() {}, pageClosed() {} };

function clientSite(opened = () => {}): { site: ClientSite; ticket: string } {
  const site = new ClientSite(new StaticFiles(new Map([["chat.html", "<p>the page"]])), ALICE, "title", opened);
  return { site, ticket: site.path.replace("/#open=", "") };
}

async function ask(site: ClientSite, path: string, init: RequestInit = {}): Promise<[number, unknown, Headers]> {
  const response = await site.answer(new Request(`http://127.0.0.1:1001${path}`, init), HERE) as Response;
  const text = await response.text();
  return [response.status, text.startsWith("{") ? JSON.parse(text) : text, response.headers];
}

function exchange(ticket: string): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ticket }) };
}

Deno.test("client --page: the address is spent by the page alone, once; HEAD and GET of any path leave it valid", async () => {
  let opened = 0;
  const { site, ticket } = clientSite(() => opened++);
  for (const method of ["HEAD", "GET"]) {
    for (const path of ["/", `/?open=${ticket}`, `/open/${ticket}`, "/open", "/about"]) {
      await ask(site, path, { method });
    }
  }
  assertEquals((await ask(site, "/open", exchange("0".repeat(48))))[0], 403);
  assertEquals(opened, 0);
  const [status, { key }] = await ask(site, "/open", exchange(ticket)) as [number, { key: string }, Headers];
  assertEquals([status, opened], [200, 1]);
  assertEquals((await ask(site, "/about", { headers: { "x-partyline-key": key } }))[0], 200);
  assertEquals((await ask(site, "/open", exchange(ticket)))[0], 403);
});

Deno.test("client --page: there is no cookie, and without the key nothing is told of the chat", async () => {
  const { site, ticket } = clientSite();
  const [, { key }, headers] = await ask(site, "/open", exchange(ticket)) as [number, { key: string }, Headers];
  assertEquals(headers.get("set-cookie"), null);
  for (const path of ["/about", "/chat"]) {
    for (const headers of [{}, { cookie: `partyline-1001=${key}` }, { "x-partyline-key": `${key}0` }]) {
      const [status, text] = await ask(site, path, { headers });
      assertEquals(status, 403);
      assert(!`${text}`.includes("alice"));
    }
  }
  const protocols = { "sec-websocket-protocol": `partyline, key.${key}` };
  assertEquals((await ask(site, "/chat", { headers: protocols }))[0], 426);
});

Deno.test("the server's page: another server of the same host gets the cookie, and cannot use it", async () => {
  await using server = await WebTestServer.open();
  const alice = new Browser(server.portOf("web"));
  await using _chat = await alice.join("alice");
  const thief = new Browser(alice.port);
  thief.cookie = alice.cookie;
  assertEquals((await thief.about()).name, null);
  for (const key of [undefined, "", "key", alice.key!.slice(1)]) {
    thief.key = key;
    const why = await thief.chat().then(() => "open", (error) => error.message);
    assertMatch(why, / 401 /);
  }
  thief.key = alice.key;
  thief.cookie = undefined;
  assertEquals((await thief.about()).name, null);
});

const NO_SCRIPT = new Deno.Command("sh", { args: ["-c", "command -v script && script --version"], stdout: "null" })
  .outputSync().code !== 0;

Deno.test(
  "client --page: the browser's arguments name a file that only its owner can read; it goes when the page is open",
  {
    ignore: Deno.build.os !== "linux" || NO_SCRIPT,
  },
  async () => {
    using folder = new Folder();
    await using server = await TestServer.open();
    const secret = folder.write("secret", "12345\n");
    const seen = `${folder.path}/seen`;
    const said =
      `echo "$1" > ${seen}.new; stat -c %a "\${1#file://}" >> ${seen}.new; cat "\${1#file://}" >> ${seen}.new`;
    folder.write("xdg-open", `#!/bin/sh\n${said}; mv ${seen}.new ${seen}\n`);
    Deno.chmodSync(`${folder.path}/xdg-open`, 0o755);
    const login = `chat 127.0.0.1 ${server.port} --name alice --password-file ${secret}`;
    const command = `${Deno.execPath()} run -A client.ts ${login} --page --data ${folder.path}/data`;
    // It is opened for people only: those with a terminal.
    const client = new Deno.Command("script", {
      args: ["-qec", command, "/dev/null"],
      env: { PATH: `${folder.path}:${Deno.env.get("PATH")}` },
      stdin: "piped",
      stdout: "null",
    }).spawn();
    await until(() => exists(seen), "the browser is started");
    const [argument, mode, ...page] = Deno.readTextFileSync(seen).split("\n");
    const [, port, ticket] = /http:\/\/127\.0\.0\.1:(\d+)\/#open=(\w+)/.exec(page.join("\n"))!;
    assertEquals([argument, mode], [`file://${folder.path}/data/page-${port}.html`, "600"]);
    assert(exists(`${folder.path}/data/page-${port}.html`));
    assertEquals((await new Browser(Number(port)).post("/open", { ticket }))[0], 200);
    await until(() => !exists(`${folder.path}/data/page-${port}.html`), "the file is removed");
    const end = ended(client, "SIGTERM");
    await client.stdin.close();
    await end;
  },
);
