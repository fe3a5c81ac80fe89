import { assertEquals, assertMatch } from "@std/assert";
import { openLog } from "../lib/core/log.ts";
import { operatingOf } from "../lib/server/operating.ts";
import { Browser } from "./support/browser.ts";
import { LinkedServers } from "./support/linked_servers.ts";
import { parseOpenMetrics } from "./support/open_metrics.ts";
import type { RawClient } from "./support/test_server.ts";
import { becomes, until } from "./support/wire.ts";

/** The users whom a client is told are online. */
async function list(client: RawClient): Promise<string[]> {
  const [code, ...names] = (await client.la.ask("/list")).split(" ");
  assertEquals(code, "301");
  return names;
}

async function sees(client: RawClient, names: readonly string[]): Promise<void> {
  await becomes<readonly string[]>(() => list(client), names);
}

Deno.test("IM clients of two linked servers list each other, and the outcome of a message is that of its receiver at the other server", async () => {
  await using servers = await LinkedServers.open("jacky 12345\nbob 12345", "zoe 12345\nyves 12345");
  using jacky = await servers.join(servers.one, "jacky");
  using zoe = await servers.join(servers.other, "zoe");
  await sees(jacky, ["jacky", "zoe"]);
  await sees(zoe, ["zoe", "jacky"]);

  await jacky.la.send("/to zoe Hello!\n");
  assertEquals(await zoe.take(), "/from jacky Hello!");
  assertEquals(await jacky.la.line(), "303 Message delivery successful");

  await zoe.la.send("/to jacky Hi!\n");
  assertEquals(await jacky.take(), "/from zoe Hi!");
  assertEquals(await zoe.la.line(), "303 Message delivery successful");

  using bob = await servers.join(servers.one, "bob");
  await sees(zoe, ["zoe", "jacky", "bob"]);
  await jacky.la.send("/toall To all of you\n");
  assertEquals(await zoe.take(), "/broadcastfrom jacky To all of you");
  assertEquals(await bob.take(), "/broadcastfrom jacky To all of you");
  assertEquals(await jacky.la.line(), "303 Message delivery successful");

  // A receiver that does not confirm.
  await jacky.la.send("/to zoe Are you there?\n");
  assertEquals(await zoe.lb.line(), "/from jacky Are you there?");
  zoe.close();
  assertEquals(await jacky.la.line(), "304 Message delivery failed");
  await sees(jacky, ["jacky", "bob"]);
});

Deno.test("a notice of the operator of one server is heard at both", async () => {
  await using servers = await LinkedServers.open("jacky 12345", "zoe 12345");
  using jacky = await servers.join(servers.one, "jacky");
  using zoe = await servers.join(servers.other, "zoe");
  assertEquals(operatingOf(servers.one.instance.runner).say("Lunch at noon"), undefined);
  assertEquals(await jacky.take(), "/broadcastfrom server Lunch at noon");
  assertEquals(await zoe.take(), "/broadcastfrom server Lunch at noon");
});

Deno.test("the server's page and its metrics say which servers there are, and which one has stopped", async () => {
  await using servers = await LinkedServers.open("jacky 12345", "zoe 12345", { web: true });
  const browser = new Browser(servers.one.portOf("web"));
  const read = async () => {
    const families = parseOpenMetrics(await (await browser.ask("/metrics")).text());
    const values = (name: string) =>
      families.get(`partyline_${name}`)!.samples.map(({ labels, value }) => [labels.server, value]);
    return { connected: values("exchange_connected"), alone: values("exchange_alone"), heard: values("server_heard") };
  };
  const connected = { connected: [[undefined, 1]], alone: [[undefined, 0]] };
  assertEquals(await read(), { ...connected, heard: [["lab2", 1]] });
  await servers.stopOther();
  const { exchange } = servers.one.instance.runner;
  await until(() => exchange!.status.servers[0]!.isAway, "the other server has said that it stops");
  assertEquals(await read(), { ...connected, heard: [["lab2", 0]] });
});

Deno.test("a name is held by one of two servers; the login at the other is refused, and its log says why", async () => {
  const lines: string[] = [];
  openLog({ level: "info", json: false, write: () => {}, keep: ({ text }) => lines.push(text) });
  await using servers = await LinkedServers.open("jacky 12345\nbob 12345", "bob other\nzoe 12345");
  // Both have claimed it at their start.
  using first = await servers.one.connect();
  using second = await servers.other.connect();
  const lost =
    /^bob cannot log in here, since "bob" is held by the server lab[12]\b.*; run server hash-passwords once, /;
  await until(() => lines.some((line) => lost.test(line)), "the operator is told of the account");
  const replies = [await first.ask("/login bob 12345"), await second.ask("/login bob other")];
  assertEquals(replies.sort(), ["101 Authentication successful", "102 Authentication failed"]);
  const plain =
    /^the users file has 2 passwords in plain text: such a user can log in at one server alone; .*hash-passwords/;
  assertEquals(lines.filter((line) => plain.test(line)).length, 2, lines.join("\n"));
  const refused = /^a login is refused: "bob" is held by the server lab[12]\b/;
  await until(() => lines.some((line) => refused.test(line)), () => lines.join("\n"));
  using la = await servers.other.connect();
  assertMatch(await la.ask("/login zoe 12345"), /^101 /);
});
