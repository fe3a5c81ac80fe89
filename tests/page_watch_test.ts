import { assertEquals } from "@std/assert";
import { Backoff } from "../lib/core/backoff.ts";
import type { LogLine } from "../lib/core/log.ts";
import { headline, listenerAddress, listenerLabel } from "../lib/web/addresses.ts";
import { allPlots, describe, dotPath, linePath, pointBefore, scaleTop, valuesOf } from "../lib/web/plot.ts";
import { INITIAL, matches, MAX_LINES, MAX_RETRY_MS, WINDOW_MS, withEvents, withLink } from "../lib/web/watch_state.ts";
import { MonitoredServer } from "./support/monitored_server.ts";

const line = (text: string, level: LogLine["level"] = "info", time = 0) => ({ time, level, text });
const log = (text: string, time = 0) => ({ type: "log" as const, ...line(text, "info", time) });
const point = (second: number, given: Record<string, number | null> = {}) => ({
  ...{ time: second * 1000, said: 0, delivered: 0, failed: 0, p50Ms: null, p99Ms: null, sessions: 0, memoryBytes: 0 },
  ...given,
});

Deno.test("the page understands what the server sends", () => {
  const seen = new MonitoredServer();
  seen.says("one");
  seen.second();
  let state = INITIAL;
  const stop = seen.monitor.watch((event) => void (state = withEvents(state, [event])));
  seen.says("two");
  seen.second();
  stop();
  assertEquals(state.now, { type: "now", ...seen.monitor.snapshot() });
  assertEquals(state.points.map(({ time }) => time % 100_000), [1000, 2000]);
  assertEquals(state.lines.map(({ text }) => text), ["one", "two"]);
});

Deno.test("after a reconnect, repeated log lines are shown once", () => {
  let state = withEvents(INITIAL, [log("one", 1), log("one", 1), log("two", 2)]);
  state = withEvents(withLink(state, "lost"), [{
    type: "past",
    points: [],
    lines: [line("two", "info", 2), line("three")],
  }]);
  assertEquals([state.link, state.lines.map(({ text }) => text)], ["lost", ["one", "one", "two", "three"]]);
  // A server that was started anew knows nothing of them.
  state = withEvents(state, [{ type: "past", points: [], lines: [line("begun", "info", 9)] }, {
    type: "missed",
    lines: 1,
  }]);
  state = withEvents(state, [{ type: "past", points: [], lines: [line("begun", "info", 9)] }]);
  assertEquals(state.lines.slice(-2).map(({ text }) => text), ["begun", "1 line came too fast to be shown here"]);
});

Deno.test("log lines keep their numbers when the oldest are dropped", () => {
  const many = Array.from({ length: MAX_LINES }, (_, i) => log(`${i}`));
  const state = withEvents(withEvents(INITIAL, many), [log("a"), log("b")]);
  assertEquals([state.first, state.lines.length, state.lines[0]!.text, state.lines.at(-1)!.text], [
    2,
    MAX_LINES,
    "2",
    "b",
  ]);
  assertEquals(withEvents(state, []).lines, state.lines);
});

Deno.test("points of five minutes are kept; repeated ones replace the known ones", () => {
  const old = { type: "past" as const, points: [point(1), point(2), point(400)], lines: [] };
  const state = withEvents(INITIAL, [old]);
  const again = { type: "past" as const, points: [point(400, { said: 7 }), point(401)], lines: [] };
  const { points } = withEvents(state, [again]);
  assertEquals(points.map(({ time, said }) => [time / 1000, said]), [[400, 7], [401, 0]]);
  assertEquals(WINDOW_MS, 300_000);
});

Deno.test("the log is filtered by words, in any order and case, and by level", () => {
  const found = (text: string, level = "trace") =>
    [line("ann is online"), line("bob left", "warning"), line("disk full", "error"), line("la", "debug")]
      .filter((each) => matches(each, { text, level })).map((each) => each.text);
  assertEquals(found("").length, 4);
  assertEquals([found("ONLINE an"), found("error"), found("ann bob")], [["ann is online"], ["disk full"], []]);
  assertEquals([found("", "warning"), found("", "error")], [["bob left", "disk full"], ["disk full"]]);
});

Deno.test("reconnecting to the server: the delay grows up to ten seconds", () => {
  const backoff = new Backoff(MAX_RETRY_MS);
  const delays = Array.from({ length: 51 }, () => backoff.next(0));
  assertEquals([0, 1, 2, 9, 10, 50].map((i) => delays[i]), [250, 375, 563, 9611, 10_000, 10_000]);
});

Deno.test("a scale ends at 1, 2 or 5 times a power of ten", () => {
  assertEquals([0, 5, 5.1, 13, 21, 99, 100, 4321].map((most) => scaleTop([most], 5)), [
    5,
    5,
    10,
    20,
    50,
    100,
    100,
    5000,
  ]);
  assertEquals(scaleTop([], 10_000_000), 10_000_000);
});

Deno.test("a plot's line has gaps where values are unknown; a single point is a dot", () => {
  const [, , receipts] = allPlots();
  const at = (second: number, p50Ms: number | null) => point(second, { p50Ms });
  const frame = { from: 0, to: 10_000, top: 10, width: 100, height: 50 };
  const drawn = (...points: ReturnType<typeof point>[]) => linePath(receipts!.series[0]!, points, frame);
  assertEquals(drawn(), "");
  assertEquals(drawn(at(1, 0), at(2, 10), at(3, 5)), "M10 50L20 0L30 25");
  assertEquals(drawn(at(1, 0), at(2, null), at(3, 5), at(7, 5), at(8, 5)), "M10 50h0M30 25h0M70 25L80 25");
  assertEquals(drawn(at(-1, 3), at(0, 10), at(1, 10), at(9, 1)), "M0 0L10 0M90 45h0");
  const dots = dotPath(receipts!.series[0]!, [at(-1, 3), at(1, 0), at(2, 10), at(3, null), at(4, 5)], frame);
  assertEquals(dots, "M20 0h0M40 25h0", "what is nothing, unknown or too old has no dot");
  assertEquals(valuesOf(receipts!, [point(1, { p50Ms: 1, p99Ms: 2 }), point(2)]), [1, 2]);
});

Deno.test("every plot describes its values in words", () => {
  const busy = point(1, {
    ...{ said: 3, delivered: 1200.5, failed: 0, p50Ms: 0.44, p99Ms: 12.6, sessions: 7, memoryBytes: 81_234_567 },
  });
  const plots = allPlots();
  assertEquals(plots.map((plot) => `${plot.title}: ${describe(plot, busy)}`), [
    "Messages per second: sent 3",
    "Deliveries per second: confirmed 1,200.5, failed 0",
    "Time to confirmation: median 0.4 ms, 99th percentile 13 ms",
    "Connections: open 7",
    "Memory: used 81\u00a0MB",
  ]);
  assertEquals(describe(plots[2]!, point(1)), "median: none, 99th percentile: none");
  assertEquals(describe(plots[0]!, undefined), "sent: none");
});

Deno.test("a plot is read at the latest point of a given age", () => {
  const points = [point(1), point(2), point(4.1)];
  const time = (seconds: number) => pointBefore(points, seconds)?.time;
  assertEquals([time(0), time(1), time(2), time(3), time(9)], [4100, 2000, 2000, 1000, undefined]);
  assertEquals(pointBefore([], 0), undefined);
});

const here = { protocol: "http:", hostname: "127.0.0.1" };
const listener = (name: string, port: number, hostname = "0.0.0.0") => ({
  name,
  hostname,
  port,
  sessions: 0,
  people: 0,
});

Deno.test("a listener's address is the one that other machines reach", () => {
  const hosts = ["10.0.0.5", "fd00::5"];
  const described = (...given: Parameters<typeof listenerAddress>) => {
    const { address, how, isLocal } = listenerAddress(...given);
    return [address, how, isLocal];
  };
  assertEquals(described(listener("im", 2001), hosts, here), [
    "10.0.0.5:2001",
    "partyline-client chat 10.0.0.5 2001",
    false,
  ]);
  assertEquals(described(listener("lobby", 2003, "127.0.0.1"), hosts, here), [
    "127.0.0.1:2003",
    "partyline-client lobby 127.0.0.1 2003",
    true,
  ]);
  assertEquals(described(listener("web", 2080, "fd00::5"), hosts, { ...here, protocol: "https:" }), [
    ...["[fd00::5]:2080", "https://[fd00::5]:2080/", false],
  ]);
  // A name that has worked for the browser is the best one; without any address, only this machine is left.
  assertEquals(described(listener("im", 1), hosts, { ...here, hostname: "lab.local" })[0], "lab.local:1");
  assertEquals(described(listener("im", 1), [], here), ["127.0.0.1:1", "partyline-client chat 127.0.0.1 1", true]);
});

Deno.test("each listener is named after its handout; one that this page does not know has its own name", () => {
  assertEquals(
    ["im", "address-book", "lobby", "mailbox", "web", "pigeons"].map(listenerLabel),
    [
      "Chat, IM handout",
      "Address-book handout",
      "Lobby handout, nc, telnet",
      "Mailbox handout",
      "In a browser",
      "pigeons",
    ],
  );
});

Deno.test("the headline is the page's address if other machines reach it, else that of the first listener they reach", () => {
  const hosts = ["10.0.0.5"];
  const [im, lobby, web] = [listener("im", 2001), listener("lobby", 2003), listener("web", 2080)];
  const text = (...listeners: ReturnType<typeof listener>[]) => headline({ listeners, hosts }, here)?.text;
  assertEquals(text(im, lobby, web), "http://10.0.0.5:2080/");
  assertEquals(text(lobby, im, { ...web, hostname: "127.0.0.1" }), "10.0.0.5:2001");
  assertEquals(text({ ...im, hostname: "127.0.0.1" }), "127.0.0.1:2001");
  assertEquals(text(), undefined);
  const isPage = (...listeners: ReturnType<typeof listener>[]) => headline({ listeners, hosts }, here)?.isPage;
  assertEquals([isPage(im, web), isPage(im, { ...web, hostname: "127.0.0.1" })], [true, false]);
});
