import { assertEquals, assertMatch } from "@std/assert";
import type { TraceRecord } from "../lib/core/wire_trace.ts";
import { WIRE_VIEW_LINGER_MS, WIRE_VIEW_PENDING_BYTES, WIRE_VIEW_SESSION_BYTES } from "../lib/core/limits.ts";
import { IM_PROTOCOL } from "../lib/protocols/im/server.ts";
import { WEB_PROTOCOL } from "../lib/protocols/native/server.ts";
import { type WatchedHost, WireViews } from "../lib/server/wire_views.ts";
import { ladderOf, ladderSvg, matchesWire, wireCsv } from "../lib/web/ladder.ts";
import { Browser } from "./support/browser.ts";
import { RawNative } from "./support/native.ts";
import { RawClient, WebTestServer } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

// What the server's page is told of users and their wires.

/** A session of these tests. */
class Host implements WatchedHost {
  isTraced = false;

  constructor(readonly id: number, public who: string, readonly protocol: WatchedHost["protocol"] = IM_PROTOCOL) {}

  traceWire(traced: boolean): void {
    this.isTraced = traced;
  }
}

function record(host: Host, text: string | undefined, fields: Partial<TraceRecord> = {}): TraceRecord {
  const common = { time: 0, session: host.id, name: host.who, user: host.who, link: "La", direction: "up" } as const;
  return { ...common, kind: "line", text, remark: undefined, ...fields };
}

Deno.test("nothing is traced before the page is open; then the handouts' sessions are, and a minute after it is closed none", () => {
  const wires = new WireViews();
  const [early, late, page] = [new Host(1, "ann"), new Host(2, "bob"), new Host(3, "eve", WEB_PROTOCOL)];
  for (const host of [early, page]) wires.opened(host, false);
  assertEquals([wires.traces(IM_PROTOCOL), early.isTraced], [false, false]);
  const closed = wires.watched(() => 1000);
  assertEquals([wires.traces(IM_PROTOCOL), wires.traces(WEB_PROTOCOL)], [true, false]);
  late.isTraced = true;
  wires.opened(late, true);
  const isTraced = () => [early, late, page].map(({ isTraced }) => isTraced);
  assertEquals(isTraced(), [true, true, false]);
  const left = wires.follow("eve", () => true);
  assertEquals(isTraced(), [true, true, true]);
  left();
  assertEquals(isTraced(), [true, true, false], "a native session only while its user is followed");
  closed();
  wires.tick(1000 + WIRE_VIEW_LINGER_MS - 1);
  assertEquals(isTraced(), [true, true, false], "a page that is loaded again is gone for a moment");
  wires.tick(1000 + WIRE_VIEW_LINGER_MS);
  assertEquals([...isTraced(), wires.traces(IM_PROTOCOL)], [false, false, false, false]);
});

Deno.test("a follower is told what is held of its user, in order, then what comes; what it has no room for is counted", () => {
  const wires = new WireViews();
  wires.watched(() => 0);
  const [ann, bob] = [new Host(1, "ann"), new Host(2, "bob")];
  for (const host of [ann, bob]) wires.opened(host, true);
  wires.record(ann, record(ann, "one\n"));
  wires.record(bob, record(bob, "not ann's\n"));
  const told: string[] = [];
  let hasRoom = true;
  wires.follow("ann", (records, missed) => {
    if (!hasRoom) return false;
    told.push(...records.map(({ text }) => text!.trim()), ...missed > 0 ? [`missed ${missed > 100}`] : []);
    return true;
  });
  assertEquals(told.splice(0), ["one"]);
  wires.record(ann, record(ann, "two\n"));
  wires.tick(1);
  assertEquals(told.splice(0), ["two"]);
  hasRoom = false;
  for (let i = 0; i < 2000; i++) wires.record(ann, record(ann, `${i} ${"x".repeat(200)}\n`));
  wires.tick(2);
  assertEquals(told, []);
  hasRoom = true;
  wires.tick(3);
  const bytes = told.join("").length * 2;
  assertEquals([told.at(-1), bytes < WIRE_VIEW_PENDING_BYTES, told[0]!.startsWith("0 x")], ["missed true", true, true]);
  // What is held is bounded, too: another follower is told the end of it.
  const late: TraceRecord[] = [];
  wires.follow("ann", (records) => (late.push(...records), true));
  assertEquals(late.at(-1)!.text!.startsWith("1999 "), true);
  assertEquals(late.reduce((sum, { text }) => sum + text!.length * 2, 0) < WIRE_VIEW_SESSION_BYTES, true);
});

Deno.test("a ladder has a link left of the server and one right of it; arrows point to whom the bytes went", () => {
  const host = new Host(1, "bob");
  const records = [
    record(host, "/list\n"),
    record(host, "301 bob\r\n", { direction: "down" }),
    record(host, "/from ann hi\n", { link: "Lb", direction: "down" }),
    record(host, "302 ok\n", { link: "Lb" }),
    record(host, undefined, { link: "Lb", kind: "complaint", remark: 'answered "302 ok"' }),
  ];
  const { links, rungs } = ladderOf(records);
  assertEquals(links, ["La", "Lb"]);
  assertEquals(rungs.map(({ column, arrow, text }) => [column, arrow, text]), [
    [0, "right", "/list"],
    [0, "left", "301 bob\\r"],
    [1, "right", "/from ann hi"],
    [1, "left", "302 ok"],
    [1, undefined, ""],
  ]);
  assertEquals(records.filter((each) => matchesWire(each, "302")).length, 2);
});

Deno.test("hostile texts do nothing in what is exported: no markup in the picture, no formula in the table", () => {
  const host = new Host(1, '<b>"');
  const records = [record(host, "<script>alert(1)</script>\x1b[31m\n"), record(host, '=HYPERLINK("http://x")\n')];
  const svg = ladderSvg(ladderOf(records), host.who);
  assertEquals([svg.includes("<script"), svg.includes("<b>"), svg.includes("\x1b")], [false, false, false]);
  const rows = wireCsv(records).split("\r\n");
  assertEquals(rows[0], "time,session,name,link,direction,bytes,verdict");
  assertMatch(rows[2]!, /,"'=HYPERLINK\(""http:\/\/x""\)",$/);
});

Deno.test("the page's rows and list of broken rules, from programs with mistakes, and the wire without passwords", async () => {
  await using server = await WebTestServer.open({ limits: { receiptMs: 300 } });
  const browser = new Browser(server.portOf("web"));
  using early = await server.join("michael");
  await using watching = await browser.chat("/watch");
  await watching.next("now");
  using joe = await RawClient.open(server.port);
  assertEquals(await joe.la.ask("/login  joe 12345"), "401 Unrecognized message");
  using bob = await server.join("bob");
  using jacky = await server.join("jacky");
  const alice = await RawNative.resume(server, "alice");
  await jacky.la.send("/to bob Hello!\n");
  assertEquals(await bob.lb.line(), "/from jacky Hello!");
  await bob.lb.send("303 ok\n");
  assertEquals(await jacky.la.line(), "304 Message delivery failed");
  await jacky.la.send("/to alice Hello!\n");
  const message = await alice.take();
  await alice.send({ type: "ack", seq: message.seq });
  assertEquals(await jacky.la.line(), "303 Message delivery successful");
  // What an ended session has confirmed counts for the day.
  alice.close();
  using _alice = await RawNative.resume(server, "alice");
  // deno-lint-ignore no-explicit-any
  let now: any = await watching.next("now");
  // deno-lint-ignore no-explicit-any
  const row = (name: RegExp): any => now.users.find((each: { name: string }) => name.test(each.name));
  const bobNeedsHelp = () => now.help.some(({ name }: { name: string }) => name === "bob");
  // The mistake is on the page at once; that the receipt was missed is known only when its time has run out.
  const ready = () => now.users.length === 5 && bobNeedsHelp() && row(/bob/).missed > 0 && row(/alice/)?.confirmed > 0;
  while (!ready()) now = await watching.next("now");
  assertEquals([row(/bob/).missed, row(/bob/).line, row(/bob/).hasDeadline], [1, "303 ok", true]);
  assertMatch(row(/bob/).trouble.text, /^answered "303 ok", expected "302 /);
  assertEquals([row(/jacky/).sent, row(/alice/).programs], [2, ["client chat"]]);
  assertEquals([row(/alice/).confirmed, row(/alice/).confirms, row(/alice/).hasDeadline], [1, true, false]);
  const unknown = row(/^127/);
  assertEquals([unknown.isLoggedIn, unknown.refused, unknown.line], [false, 1, "/login  joe *****"]);
  // Those with a trouble are first.
  assertEquals(now.users.findLastIndex(({ trouble }: { trouble: unknown }) => trouble), 2);
  const broken = now.help.find(({ name }: { name: string }) => name === "bob");
  assertMatch(broken.rule, /^im\/1[3-7]\/\d+$/);
  assertEquals(
    now.help.some(({ name }: { name: string }) => name === "michael"),
    false,
    "not seen from its first byte",
  );
  assertEquals(now.today.map(({ name }: { name: string }) => name).sort(), ["alice", "bob", "jacky", "michael"]);
  await using wire = await browser.chat("/wire?of=bob");
  await until(() => wire.heard.length > 0, "the wire comes");
  const records = wire.heard[0]!.records as TraceRecord[];
  const texts = records.map(({ link, direction, text }) => [link, direction, text]);
  assertEquals(texts[0], ["La", "up", "/login bob *****\n"]);
  assertEquals(texts.some(([link, , text]) => link === "Lb" && text === "303 ok\n"), true);
  early.close();
});

Deno.test("a notice and the end of sessions are asked for by POST with JSON, by no page of another site", async () => {
  await using server = await WebTestServer.open();
  using bob = await server.join("bob");
  const url = (path: string) => `http://127.0.0.1:${server.portOf("web")}/server/${path}`;
  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url(path), {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
    return [response.status, await response.text()];
  };
  const foreign = { origin: "http://evil.example" };
  assertEquals((await post("kick", '{"name":"bob"}', foreign))[0], 403);
  assertEquals((await post("say", '{"text":"hi"}', foreign))[0], 403);
  // What a form of another site can send without asking first.
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    assertEquals((await post("kick", '{"name":"bob"}', { "content-type": type }))[0], 400);
  }
  for (const method of ["GET", "PUT"]) {
    const response = await fetch(url("kick"), { method });
    assertEquals(response.ok, false);
    await response.body?.cancel();
  }
  assertEquals(await post("kick", '{"name":7}'), [400, '{"why":"expected \\"name\\", a text"}']);
  assertEquals(await post("say", '{"text":" "}'), [400, '{"why":"a notice is a text, found nothing"}']);
  assertEquals(server.instance.hub.size.online, 1, "bob is still there");
  assertEquals(await post("say", '{"text":"ten minutes left"}'), [200, "{}"]);
  assertEquals(await bob.take(), "/broadcastfrom server ten minutes left");
  assertEquals(await post("kick", '{"name":"bob"}'), [200, '{"ended":1}']);
  await until(() => server.instance.hub.size.online === 0, "bob is gone");
});
