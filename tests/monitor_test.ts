import { assertEquals } from "@std/assert";
import { RECEIPT_BOUNDS_MS } from "../lib/chat/tally.ts";
import { Ring } from "../lib/core/log.ts";
import { VERSION } from "../lib/core/version.ts";
import { OPEN_METRICS_TYPE } from "../lib/server/open_metrics.ts";
import type { ServerSnapshot } from "../lib/chat/server_snapshot.ts";
import { quantile } from "../lib/server/rates.ts";
import { Browser } from "./support/browser.ts";
import { MonitorClient, MonitoredServer, START } from "./support/monitored_server.ts";
import { parseOpenMetrics } from "./support/open_metrics.ts";
import { TestServer } from "./support/test_server.ts";

const totals = ({ hub: { tally } }: MonitoredServer) => [tally.said, tally.delivered, tally.failed];
/** The counts of receipt times by class bound. */
const receipts = ({ hub: { tally } }: MonitoredServer) =>
  [...tally.receipts].flatMap((count, i) => Array(count).fill(RECEIPT_BOUNDS_MS[i] ?? Infinity));

Deno.test("between two IM clients: sent, then confirmed, with the time it took", () => {
  const seen = new MonitoredServer();
  const [ann, bob] = [seen.enter("im", "ann"), seen.enter("im", "bob")];
  seen.does(ann, { type: "send", ref: 1, to: "bob", text: "hi" });
  assertEquals(totals(seen), [1, 0, 0]);
  seen.now += 12;
  seen.does(bob, { type: "taken", id: -1 });
  seen.does(bob, { type: "taken", id: -1 });
  assertEquals([totals(seen), receipts(seen), seen.hub.tally.receiptMs], [[1, 1, 0], [15], 12]);
});

Deno.test("a message to nobody and one without a receipt each fail once", () => {
  const seen = new MonitoredServer();
  const [ann, bob] = [seen.enter("im", "ann"), seen.enter("im", "bob")];
  seen.does(ann, { type: "send", ref: 1, to: "eve", text: "hi" });
  assertEquals(totals(seen), [1, 0, 1]);
  seen.does(ann, { type: "send", ref: 2, to: "bob", text: "hi" });
  seen.does(bob, { type: "missed", id: -2, sent: true });
  assertEquals([totals(seen), receipts(seen)], [[2, 0, 2], []]);
});

Deno.test("a message to all is sent once and delivered to each receiver who confirms; a guest's messages never fail", () => {
  const seen = new MonitoredServer();
  const [ann, bob] = [seen.enter("im", "ann"), seen.enter("im", "bob")];
  const guest = seen.enter("lobby");
  seen.does(ann, { type: "sendAll", ref: 1, text: "hi" });
  seen.does(bob, { type: "taken", id: -1 });
  seen.does(guest, { type: "announce", text: "hi" });
  seen.does(ann, { type: "taken", id: -2 });
  seen.does(bob, { type: "missed", id: -2, sent: true });
  assertEquals(totals(seen), [2, 2, 0]);
});

Deno.test("in the native protocol each acknowledging session counts; a repeated message does not", () => {
  const seen = new MonitoredServer();
  const [ann, bob, tablet] = [seen.enter("mailbox", "ann"), seen.enter("mailbox", "bob"), seen.enter("mailbox", "bob")];
  for (let i = 0; i < 2; i++) seen.does(ann, { type: "say", number: 1, to: { user: "bob" }, text: "hi" });
  assertEquals(totals(seen), [1, 0, 0]);
  seen.now += 3;
  for (const id of [bob, tablet, bob]) seen.does(id, { type: "acknowledge", seq: 1 });
  assertEquals([totals(seen), receipts(seen)], [[1, 2, 0], [3, 3]]);
  // One's own message is acknowledged too, and is not delivered by that.
  seen.does(ann, { type: "acknowledge", seq: 1 });
  assertEquals(totals(seen), [1, 2, 0]);
});

Deno.test("a rejected message counts as failed once", () => {
  const seen = new MonitoredServer();
  const ann = seen.enter("mailbox", "ann");
  for (let i = 0; i < 2; i++) seen.does(ann, { type: "say", number: 1, to: { user: "nobody" }, text: "hi" });
  assertEquals(totals(seen), [1, 0, 1]);
});

Deno.test("a message that waited is delivered at login and has no receipt time", () => {
  const seen = new MonitoredServer();
  const ann = seen.enter("mailbox", "ann");
  seen.does(ann, { type: "say", number: 1, to: { user: "bob" }, text: "for your client" });
  seen.does(ann, { type: "say", number: 2, to: { user: "eve" }, text: "for your handout client" });
  seen.now += 60_000;
  const bob = seen.enter("mailbox", "bob");
  seen.does(bob, { type: "acknowledge", seq: 1 });
  const eve = seen.enter("im", "eve");
  seen.now += 1000;
  seen.tick();
  seen.does(eve, { type: "taken", id: 2 });
  assertEquals([totals(seen), receipts(seen)], [[2, 2, 0], []]);
});

Deno.test("a session that falls behind confirms late, and the receipt times show it", () => {
  const seen = new MonitoredServer();
  const [ann, bob] = [seen.enter("mailbox", "ann"), seen.enter("mailbox", "bob")];
  for (let number = 1; number <= 300; number++) {
    seen.does(ann, { type: "say", number, to: { user: "bob" }, text: "hi" });
  }
  seen.now += 2000;
  seen.does(bob, { type: "acknowledge", seq: 256 });
  seen.does(bob, { type: "acknowledge", seq: 300 });
  assertEquals([totals(seen), new Set(receipts(seen)), receipts(seen).length], [[300, 300, 0], new Set([2000]), 300]);
});

Deno.test("an IM sender's message to a native client that does not acknowledge counts as failed", () => {
  const seen = new MonitoredServer();
  const ann = seen.enter("im", "ann");
  seen.enter("mailbox", "bob");
  seen.does(ann, { type: "send", ref: 1, to: "bob", text: "hi" });
  seen.now += 5000;
  seen.tick();
  assertEquals(totals(seen), [1, 0, 1]);
});

Deno.test("a message that an IM client received and never confirmed counts as failed, and its sender is told", () => {
  const seen = new MonitoredServer();
  const ann = seen.enter("mailbox", "ann");
  const bob = seen.enter("im", "bob");
  seen.now += 1000;
  seen.tick();
  seen.does(ann, { type: "say", number: 1, to: { user: "bob" }, text: "hi" });
  seen.does(bob, { type: "missed", id: 1, sent: true });
  assertEquals(totals(seen), [1, 0, 1]);
});

Deno.test("receipt times are counted in classes, the longest in an open one", () => {
  const classes = (...counts: number[]) => [...counts, ...Array(RECEIPT_BOUNDS_MS.length + 1 - counts.length).fill(0)];
  assertEquals(quantile(classes(), 0.5), null);
  assertEquals(quantile(classes(4), 0.5), 0.125);
  assertEquals([0.25, 0.5, 0.99].map((part) => quantile(classes(0, 50, 0, 50), part)), [0.375, 0.5, 0.995]);
  assertEquals(quantile([...classes().slice(1), 7], 0.5), 10_000);
});

Deno.test("a ring buffer returns the entries it still holds, by number", () => {
  const ring = new Ring<string>(3);
  assertEquals([ring.last, ring.from(0), ring.first, ring.next], [undefined, [], 0, 0]);
  for (const item of ["a", "b", "c", "d", "e"]) ring.push(item);
  assertEquals([ring.last, ring.first, ring.next], ["e", 2, 5]);
  assertEquals([ring.from(0), ring.from(3), ring.from(3, 1), ring.from(5)], [["c", "d", "e"], ["d", "e"], ["d"], []]);
});

/** Both have the same address here, the one without a login and the guest. */
const IM_AND_LOBBY = { listeners: ["im", "lobby"], programs: ["own program"], confirms: true, hasDeadline: true };
const row = (fields: Partial<ServerSnapshot["users"][number]>) => ({
  ...{ name: "", isLoggedIn: true, isGuest: false, listeners: [], programs: [], since: START, confirms: true },
  hasDeadline: false,
  ...{ sent: 0, confirmed: 0, missed: 0, refused: 0, trouble: undefined, line: undefined, heardAt: START },
  ...fields,
});

Deno.test("a snapshot lists users by listener, rooms and activity", () => {
  const seen = new MonitoredServer();
  seen.enter("mailbox", "ann", 10);
  seen.now += 10;
  const ann = seen.enter("im", "ann", 20);
  const bob = seen.enter("mailbox", "bob");
  seen.enter("im");
  const guest = seen.enter("lobby");
  seen.does(bob, { type: "join", ref: 1, room: "lab" });
  const eve = seen.enter("mailbox", "eve");
  seen.does(eve, { type: "join", ref: 1, room: "lab" });
  [...seen.runner.hosts].find(({ id }) => id === eve)!.end("closed the connection");
  seen.does(guest, { type: "announce", text: "hello" });
  seen.now += 2;
  seen.does(ann, { type: "taken", id: 1 });
  seen.says("something happened");
  seen.second();
  assertEquals(seen.monitor.snapshot(), {
    version: VERSION,
    startedAt: START,
    time: START + 1000,
    hosts: ["10.0.0.5", "fd00::1"],
    listeners: [
      { name: "im", hostname: "0.0.0.0", port: 2001, sessions: 2, people: 1 },
      { name: "lobby", hostname: "0.0.0.0", port: 2002, sessions: 1, people: 0 },
      { name: "mailbox", hostname: "0.0.0.0", port: 2003, sessions: 2, people: 2 },
    ],
    users: [
      row({
        name: "ann",
        listeners: ["mailbox", "im"],
        programs: ["client chat", "own program"],
        hasDeadline: true,
        heardAt: START + 10,
      }),
      row({ name: "bob", listeners: ["mailbox"], programs: ["client chat"], since: START + 10, heardAt: START + 10 }),
      row({
        name: "10.0.0.9:1",
        isLoggedIn: false,
        isGuest: true,
        ...IM_AND_LOBBY,
        since: START + 10,
        heardAt: START + 10,
      }),
    ],
    connected: 3,
    online: 2,
    guestCount: 1,
    today: [{ name: "bob", first: START + 10, last: START + 1000 }, { name: "ann", first: START, last: START + 1000 }],
    help: [],
    rooms: [{ name: "lobby", members: 3, online: 3 }, { name: "lab", members: 2, online: 1 }],
    roomCount: 2,
    last: {
      ...{ time: START + 1000, said: 1, delivered: 1, failed: 0, p50Ms: 1.75, p99Ms: 1.995 },
      ...{ sessions: 5, memoryBytes: 50_000_000 },
    },
    totals: { said: 1, delivered: 1, failed: 0 },
    sessions: 5,
    underWay: 0,
    waitingBytes: 30,
    memoryBytes: 50_000_000,
    bookEntries: 4,
    book: [{ hostname: "10.0.0.5", port: 3001, name: "eve\u241b[31m", since: 5 }],
    exchange: undefined,
    logLines: { fatal: 0, error: 0, warning: 0, info: 1, debug: 0, trace: 0 },
  });
});

Deno.test("a server without a store has one room, the lobby", () => {
  const seen = new MonitoredServer();
  seen.enter("im", "ann");
  assertEquals(seen.monitor.snapshot().rooms, [{ name: "lobby", members: 1, online: 1 }]);
});

Deno.test("each second has its own numbers; after a stall they are averaged over the gap", () => {
  const seen = new MonitoredServer();
  const ann = seen.enter("im", "ann");
  const says = (times: number) => {
    for (let i = 0; i < times; i++) seen.does(ann, { type: "send", ref: i, to: "eve", text: "hi" });
  };
  const last = () => [seen.monitor.snapshot().last!.said, seen.monitor.snapshot().last!.failed];
  says(3);
  seen.monitor.tick(seen.now + 999);
  assertEquals(seen.monitor.snapshot().last, undefined);
  seen.second();
  assertEquals(last(), [3, 3]);
  seen.second();
  assertEquals(last(), [0, 0]);
  says(8);
  seen.monitor.tick(seen.now += 4020);
  assertEquals(last(), [2, 2]);
});

Deno.test("the metrics are valid OpenMetrics and agree with the hub's counts", () => {
  const seen = new MonitoredServer();
  const [ann, bob] = [seen.enter("im", "ann"), seen.enter("im", "bob", 7)];
  for (const [id, ms] of [[-1, 12], [-2, 20_000]] as const) {
    seen.does(ann, { type: "send", ref: 1, to: "bob", text: "hi" });
    seen.now += ms;
    seen.does(bob, { type: "taken", id });
  }
  seen.says("oh", "error");
  const families = parseOpenMetrics(seen.monitor.metrics(START + 60_000));
  for (const [name, { help, unit }] of families) {
    assertEquals([name.startsWith("partyline"), help!.endsWith(".")], [true, true], name);
    if (/_(seconds|bytes)$/.test(name)) assertEquals(unit, /_([a-z]+)$/.exec(name)![1]);
  }
  const value = (name: string, labels: Record<string, string> = {}) =>
    [...families.values()].flatMap(({ samples }) => samples).find((sample) =>
      sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels)
    )?.value;
  assertEquals(
    {
      version: value("partyline_info", { version: VERSION }),
      uptime: value("partyline_uptime_seconds"),
      said: value("partyline_messages_said_total"),
      delivered: value("partyline_deliveries_total"),
      failed: value("partyline_failures_total"),
      before: value("partyline_receipt_seconds_bucket", { le: "0.01" }),
      within: value("partyline_receipt_seconds_bucket", { le: "0.015" }),
      most: value("partyline_receipt_seconds_bucket", { le: "10.0" }),
      all: value("partyline_receipt_seconds_bucket", { le: "+Inf" }),
      sum: value("partyline_receipt_seconds_sum"),
      sessions: value("partyline_sessions", { listener: "im" }),
      people: value("partyline_people", { listener: "im" }),
      online: value("partyline_people_online"),
      rooms: value("partyline_rooms"),
      book: value("partyline_address_book_entries"),
      waiting: value("partyline_waiting_bytes"),
      memory: value("partyline_resident_memory_bytes"),
      errors: value("partyline_log_lines_total", { level: "error" }),
    },
    {
      ...{
        version: 1,
        uptime: 60,
        said: 2,
        delivered: 2,
        failed: 0,
        before: 0,
        within: 1,
        most: 1,
        all: 2,
        sum: 20.012,
      },
      ...{ sessions: 2, people: 2, online: 2, rooms: 1, book: 4, waiting: 7, memory: 50_000_000, errors: 1 },
    },
  );
});

Deno.test("a watcher gets the present state and the past, then each second and each log line", () => {
  const seen = new MonitoredServer();
  seen.says("before");
  seen.second();
  const watcher = new MonitorClient(seen.monitor);
  const [now, past] = watcher.told.splice(0);
  assertEquals([now!.type, past], [
    "now",
    {
      type: "past",
      points: [seen.monitor.snapshot().last!],
      lines: [{ time: START, level: "info", text: "before" }],
    },
  ]);
  seen.says("first");
  seen.says("second");
  seen.monitor.tick(seen.now + 50);
  assertEquals(watcher.news(), ["first", "second"]);
  seen.monitor.tick(seen.now + 100);
  seen.second();
  assertEquals(watcher.news(), ["now"]);
  watcher.stop();
  seen.says("third");
  seen.second();
  assertEquals(watcher.news(), []);
});

Deno.test("a fast log is sent a few lines at a time, and dropped lines are counted", () => {
  const seen = new MonitoredServer();
  const watcher = new MonitorClient(seen.monitor);
  watcher.news();
  for (let i = 0; i < 530; i++) seen.says(`line ${i}`);
  seen.monitor.tick(seen.now);
  assertEquals(watcher.news(), ["missed 30", ...Array.from({ length: 20 }, (_, i) => `line ${30 + i}`)]);
  for (let turn = 0; turn < 24; turn++) seen.monitor.tick(seen.now);
  assertEquals(watcher.news().at(-1), "line 529");
  seen.monitor.tick(seen.now);
  assertEquals(watcher.news(), []);
});

Deno.test("a watcher that is full gets the lines later; one that throws is removed, and others are not affected", () => {
  const seen = new MonitoredServer();
  let calls = 0;
  seen.monitor.watch((event) => {
    calls++;
    if (event.type === "log") throw new Error("broken");
  });
  const [slow, quick] = [new MonitorClient(seen.monitor), new MonitorClient(seen.monitor)];
  slow.news();
  quick.news();
  slow.room = false;
  seen.says("one");
  seen.says("two");
  seen.second();
  assertEquals([calls, slow.news(), quick.news()], [4, [], ["now", "one", "two"]]);
  slow.room = true;
  seen.monitor.tick(seen.now);
  assertEquals([calls, slow.news(), quick.news()], [4, ["one", "two"], []]);
});

Deno.test("a browser on the server's machine sees users, messages and metrics", async () => {
  await using server = await TestServer.open({ web: true });
  const { port } = server.instance.listeners.find(({ name }) => name === "web")!;
  const browser = new Browser(port);
  await using watching = await browser.chat("/watch");
  const now = await watching.next("now");
  assertEquals([now.online, (await watching.next("past")).lines], [0, []]);
  assertEquals(watching.mostInFrame, 1, "the server's page reads one event a frame");
  using ann = await server.join("alice");
  using bob = await server.join("bob");
  await ann.la.send("/to bob hi\n");
  await bob.take();
  assertEquals(await ann.la.line(), "303 Message delivery successful");
  let later = now as Record<string, unknown>;
  while ((later.totals as { delivered: number }).delivered === 0) later = await watching.next("now");
  assertEquals([later.online, later.totals], [2, { said: 1, delivered: 1, failed: 0 }]);
  const response = await browser.ask("/metrics");
  assertEquals(response.headers.get("content-type"), OPEN_METRICS_TYPE);
  const families = parseOpenMetrics(await response.text());
  assertEquals(families.get("partyline_messages_said")!.samples[0]!.value, 1);
  assertEquals((families.get("partyline_resident_memory_bytes")!.samples[0]!.value) > 1_000_000, true);
});
