import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  accept,
  answer,
  bind,
  close,
  closed,
  conceals,
  dial,
  exits,
  expect,
  expectText,
  expectWhole,
  join,
  kill,
  listen,
  noFlood,
  observe,
  refused,
  runs,
  type Script,
  send,
  sendRaw,
  sendUntil,
  silence,
  start,
  together,
} from "../lib/check/step.ts";
import { encodeText } from "../lib/core/text.ts";
import { Stage } from "./support/stage.ts";

const LOGIN: Script = [
  dial("jacky La"),
  send("jacky La", "/login {jacky} {jacky.password}"),
  expect("jacky La", "101 Authentication successful"),
];
const JACKY = { jacky: "jacky", "jacky.password": "12345" };
const login = () => new Stage(LOGIN, JACKY).opens(10, "jacky La");
const linked = (...script: Script) => new Stage([dial("bob La"), ...script]).opens(0, "bob La");

Deno.test("a script dials, sends with its values, and is over when the answer has come", () => {
  const stage = login();
  assertEquals(stage.outputs[0], {
    type: "dial",
    link: "jacky La",
    host: undefined,
    port: undefined,
    isExpected: true,
  });
  assertEquals(stage.sent("jacky La"), "/login jacky 12345\n");
  assert(!stage.comes(50, "jacky La", "101 Authentication ").isOver);
  stage.comes(60, "jacky La", "successful\n");
  assertEquals(stage.verdict, { isOver: true, step: undefined, got: undefined, weak: [], observed: [] });
  assertEquals(stage.play.wakeAt, Infinity);
});

Deno.test("a late answer is told apart from none, and from part of a line", () => {
  assertEquals(login().comes(3410, "jacky La", "101 Authentication successful\n").failure?.got, "it came 1.4 s late");
  assertEquals(login().until(9000).failure?.got, "nothing within 4000 ms");
  const part = linked(expect("bob La", "/from jacky Hello!")).comes(20, "bob La", "/from jacky He").until(9000);
  assertEquals(part.failure?.got, "14 bytes without a line end within 4000 ms: /from jacky He");
});

Deno.test("a handout's own time limit is added to the usual time", () => {
  const stage = () => linked(expect("bob La", "304 Message delivery failed", { more: 5000 }));
  assertEquals(stage().comes(6900, "bob La", "304 Message delivery failed\n").failure, undefined);
  assertEquals(stage().comes(7500, "bob La", "304 Message delivery failed\n").failure?.got, "it came 500 ms late");
});

Deno.test("a line without its end is weak once nothing follows it, and fails where line ends are the matter", () => {
  const stage = login().comes(20, "jacky La", "101 Authentication successful");
  assert(!stage.until(100).isOver);
  assertEquals(stage.until(170).weak, ["it has no line end"]);
  const exact = linked(expect("bob La", "310 Bye bye", { exact: true })).comes(1, "bob La", "310 Bye bye").until(9000);
  assertEquals(exact.failure?.got, "11 bytes without a line end within 4000 ms: 310 Bye bye");
});

Deno.test("the beginning of a line is not other words after the same code, however long the rest takes", () => {
  const stage = linked(expect("bob La", "302 Message receipt successful"));
  stage.comes(1, "bob La", "302 Mess").until(1000).comes(1000, "bob La", "age receipt successful\n");
  assertEquals([stage.failure, stage.weak], [undefined, []]);
});

Deno.test("two messages without line ends that run together are two messages", () => {
  const stage = linked(expect("bob La", "one"), expect("bob La", "two")).comes(1, "bob La", "onetwo").until(500);
  assertEquals([stage.failure, stage.weak], [undefined, ["it has no line end", "it has no line end"]]);
});

Deno.test("another line than the expected one fails at once, and is what is wrong", () => {
  const { failure } = login().comes(20, "jacky La", "102 Authentication failed\r\n");
  assertEquals(failure, {
    step: 2,
    where: "jacky La",
    expected: "101 Authentication successful",
    got: "102 Authentication failed\\r",
    isUnexpected: true,
  });
});

Deno.test("what is expected on several links, or in several lines, may come in any order", () => {
  const script = together(expect("bob La", "a"), expect("bob La", "b"), expect("eve La", "c"));
  const stage = () => new Stage([script]);
  assertEquals(stage().comes(1, "eve La", "c\n").comes(2, "bob La", "b\na\n").weak, []);
  assertEquals(stage().comes(1, "bob La", "a\nx\n").failure?.expected, "b");
  assertEquals(stage().comes(1, "bob La", "x\n").failure?.expected, "a or b");
  assertEquals(stage().comes(1, "bob La", "b\na\n").until(20_000).failure?.where, "eve La");
});

Deno.test("silence fails by whatever comes, also by what came before it was asked about", () => {
  assertEquals(linked(silence("bob La")).until(249).isOver, false);
  assertEquals(linked(silence("bob La")).until(250).failure, undefined);
  assertEquals(linked(silence("bob La")).comes(100, "bob La", "401").failure?.got, "401");
  const before = linked(expect("bob La", "a"), silence("bob La")).comes(1, "bob La", "a\n\0");
  assertEquals([before.failure?.expected, before.failure?.got], ["nothing", "\\0"]);
});

Deno.test("a text is looked for in all that a screen shows, and takes what stands before it", () => {
  const stage = new Stage([expectText("bob screen", "name: "), expectText("bob screen", "101")]);
  stage.comes(1, "bob screen", "101 Welcome!\nYour na").comes(2, "bob screen", "me: ");
  assert(!stage.isOver);
  assertEquals(stage.comes(3, "bob screen", "…101").weak, []);
});

Deno.test("of datagrams each is a whole, others are passed over where a text is looked for", () => {
  const stage = () =>
    new Stage([bind("bob udp"), sendUntil("bob udp", "hi", 200), expectText("bob udp", /^ack (?<n>\d)$/)])
      .does(0, (play, now) => play.listening("bob udp", 40_000, now));
  assertEquals(stage().until(650).sent("bob udp"), "hi".repeat(4), "repeated until it is answered");
  const met = stage().comes(10, "bob udp", "noise").comes(20, "bob udp", "ack 7").until(900);
  assertEquals([met.failure, met.play.values.get("n"), met.sent("bob udp")], [undefined, "7", "hi"]);
  const wrong = new Stage([bind("bob udp"), expect("bob udp", "yes")]).comes(1, "bob udp", "ye")
    .does(2, (play, now) => play.listening("bob udp", 40_000, now));
  assertEquals(wrong.failure?.got, "ye");
});

Deno.test("a failure says what is expected in words, with its values, where a pattern has words", () => {
  const words = "the greeting of {jacky}";
  const stage = new Stage([listen("jacky La"), expect("jacky La", /^hello {jacky}$/, { words })], JACKY)
    .does(0, (play, now) => play.listening("jacky La", 40_000, now))
    .comes(10, "jacky La", "bye\n");
  assertEquals(stage.failure?.expected, "the greeting of jacky");
  const told = (pattern: RegExp) => linked(expect("bob La", pattern)).comes(1, "bob La", "other\n").failure?.expected;
  assertEquals(told(/^\/from bob a\.b\r?\n/), "/from bob a.b\\n");
  assertEquals(told(/hello [^\n]*bob$/), "hello …bob");
  assertEquals(told(/^30[34] x$/), "a text like /^30[34] x$/");
});

Deno.test("between two sockets that are joined datagrams are passed on, and none of them may have a text", () => {
  const script = [bind("jacky wire"), bind("bob wire"), join("jacky wire", "bob wire"), expect("bob wire", /^end$/)];
  const stage = new Stage([...script, conceals("jacky wire", "secret of {jacky}"), conceals("bob wire", "x")], JACKY)
    .does(0, (play, now) => play.listening("jacky wire", 1, now))
    .does(0, (play, now) => play.listening("bob wire", 2, now))
    .comes(10, "jacky wire", "\xff the secret of jacky");
  const sent = stage.outputs.filter(({ type }) => type === "send");
  assertEquals(sent.map((each) => each.type === "send" && [each.link, each.isDatagram]), [["bob wire", true]]);
  assertEquals(stage.comes(20, "bob wire", "end").failure?.expected, 'no datagram with "secret of jacky" in it');
});

Deno.test("lines are answered by the first pattern that they match, however they are cut", () => {
  const replies = [[/^\/exit$/, "310 Bye bye"], [/^\/?$/, "401 {jacky}"]] as const;
  const stage = new Stage([dial("bob La"), answer("bob La", ...replies), noFlood("bob La", 20)], JACKY)
    .opens(0, "bob La")
    .comes(1, "bob La", "\n/ex")
    .comes(2, "bob La", "it\n/\n/list\n");
  assertEquals(stage.sent("bob La"), "401 jacky\n310 Bye bye\n401 jacky\n");
  assertEquals(stage.comes(3, "bob La", "\n".repeat(8)).failure?.expected, "no more than 20 bytes");
});

Deno.test("all that comes is judged when the program ends the connection", () => {
  const stage = linked(expectWhole("bob La", /^(\w+\n)*$/)).comes(1, "bob La", "a\n").comes(2, "bob La", "b\n");
  assert(!stage.isOver);
  assertEquals(stage.ends(3, "bob La").failure, undefined);
});

Deno.test("a connection that ends makes waiting for it fail, and says what came before", () => {
  assertEquals(login().ends(20, "jacky La").until(500).failure?.got, "the connection is closed");
  const half = login().comes(20, "jacky La", "10").ends(21, "jacky La").until(500);
  assertEquals(half.failure?.got, "10, then the connection is closed");
});

Deno.test("of a program that ends right after its connection, the status and the last words are told", () => {
  const closed = login().ends(20, "jacky La");
  assert(!closed.isOver, "it may be about to end");
  assertEquals(
    closed.exits(60, "server", 1, "NameError: x").failure?.got,
    "the connection is closed; the program ended with status 1; its last words: NameError: x",
  );
});

Deno.test("nothing is sent again while the end of the program is waited for", () => {
  const stage = linked({ do: "send", link: "bob La", text: "ping", every: 100 }, expect("bob La", "pong"));
  stage.ends(150, "bob La").until(2000);
  assertEquals([stage.failure?.got, stage.sent("bob La")], ["the connection is closed", "ping\nping\n"]);
});

Deno.test("a program that ends makes waiting for it fail at once, with its status and its last words", () => {
  const crash = "the program ended with status 1; its last words: NameError: x";
  assertEquals(new Stage(LOGIN, JACKY).exits(5, "server", 1, "NameError: x").failure?.got, crash);
  assertEquals(login().exits(20, "server", 1, "NameError: x").ends(21, "jacky La").failure?.got, crash);
  assert(!new Stage(LOGIN, JACKY).exits(5, "server", 0).isOver, "a server may go on in the background");
  const client = [listen("bob La"), start("bob"), accept("bob La")];
  const stage = new Stage(client).does(0, (play, now) => play.listening("bob La", 40_000, now));
  assertEquals(stage.exits(30, "bob", 1, "NameError: x").failure?.got, crash);
});

Deno.test("a program that starts slowly has its time once; from then on answers have theirs", () => {
  const slow = new Stage(LOGIN, JACKY).opens(14_000, "jacky La").comes(
    15_900,
    "jacky La",
    "101 Authentication successful\n",
  );
  assertEquals(slow.failure, undefined);
  const never = new Stage(LOGIN, JACKY).does(100, (play) => play.refused("jacky La", "port 7 refuses the connection"));
  assertEquals(never.until(20_000).failure?.got, "port 7 refuses the connection");
  const second = linked(dial("bob Lb")).until(2000);
  assertEquals(second.failure?.where, "bob Lb", "the second connection has the usual time");
});

Deno.test("what a pattern names becomes a value, for a port that is dialled and a line that is sent", () => {
  const stage = linked(
    expect("bob La", /^\/port (?<bobLb>\d+)$/),
    dial("bob Lb", "{bobLb}"),
    sendRaw("bob Lb", "{bobLb}"),
  );
  stage.comes(1, "bob La", "/port 4711\n").opens(2, "bob Lb");
  assertEquals(stage.outputs.at(-2), { type: "dial", link: "bob Lb", host: undefined, port: 4711, isExpected: true });
  assertEquals(stage.sent("bob Lb"), "4711");
  assertThrows(() => linked(send("bob La", "{bbo}")), TypeError, "there is no value {bbo}");
});

Deno.test("the end of a connection, of a program, and of neither", () => {
  assertEquals(linked(closed("bob La")).comes(1, "bob La", "bye\n").ends(2, "bob La").failure, undefined);
  assertEquals(linked(closed("bob La")).until(2000).failure?.got, "it stays open");
  const ended = (status: number, script: Script) =>
    new Stage([start("bob"), ...script]).exits(5, "bob", status).failure;
  assertEquals(ended(0, [exits("bob", "zero")]), undefined);
  assertEquals(ended(1, [exits("bob", "not zero")]), undefined);
  assertEquals(ended(1, [exits("bob", "zero")])?.got, "the program ended with status 1");
  assertEquals(ended(0, [exits("bob", "not zero")])?.got, "the program ended with status 0");
  assertEquals(ended(0, [exits("bob"), runs("bob")])?.expected, "the program runs on");
  assertEquals(new Stage([start("bob"), exits("bob")]).until(2000).failure?.got, "it still runs");
  const killed = new Stage([start("bob"), kill("bob", "SIGINT"), exits("bob")]);
  assertEquals(killed.outputs.at(-1), { type: "kill", who: "bob", signal: "SIGINT" });
});

Deno.test("a port that should not be open, a connection that we close, and what is written down", () => {
  assertEquals(new Stage([refused("bob Lb")]).opens(1, "bob Lb").failure?.got, "it was accepted");
  const gone = new Stage([refused("bob Lb")]).does(1, (play, now) => play.failed("bob Lb", "refused", now));
  assertEquals([gone.isOver, gone.failure], [true, undefined]);
  assertEquals(linked(close("bob La", "reset")).outputs.at(-1), {
    type: "close",
    link: "bob La",
    how: "reset",
    isLast: true,
  });
  const socket = new Stage([bind("bob La"), close("bob La")]).does(1, (play, now) => play.listening("bob La", 5, now));
  assertEquals([socket.isOver, socket.does(2, (play, now) => play.released("bob La", now)).isOver], [false, true]);
  assertEquals(linked(observe("bob La")).comes(1, "bob La", "401\r\n").until(200).play.end?.observed, ["401\\r\\n"]);
  assertEquals(linked(observe("bob La")).until(2000).play.end?.observed, ["nothing comes"]);
  assertEquals(linked(observe("bob La")).ends(5, "bob La").play.end?.observed, ["the connection is closed"]);
});

Deno.test("the same bytes have the same verdict, however they are cut", () => {
  const script = [
    dial("bob La"),
    expect("bob La", "101 Authentication successful"),
    expectText("bob La", "{bob}"),
    expect("bob La", /^\d+ \w+$/, { weak: [["", "an empty line"]] }),
    silence("bob La"),
  ];
  const words = [
    "101 Authentication successful",
    "101 Welcome",
    "bob",
    "301 bob",
    "\n",
    "\r\n",
    " ",
    "\xff",
    "é",
    "\0",
  ];
  const bytes = fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((parts) => encodeText(parts.join("")));
  const verdict = (pieces: readonly Uint8Array[]) => {
    const stage = new Stage(script, { bob: "bob" }).opens(0, "bob La");
    for (const piece of pieces) if (piece.length > 0) stage.comes(10, "bob La", piece);
    // A silence is broken by the first byte that comes: which part is quoted depends on the cuts.
    return { ...stage.ends(600, "bob La").until(30_000).verdict, got: undefined };
  };
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60), { maxLength: 6 }), (all, at) => {
      const edges = [0, ...at.filter((edge) => edge < all.length).sort((a, b) => a - b), all.length];
      const pieces = edges.slice(1).map((end, i) => all.subarray(edges[i], end));
      assertEquals(verdict(pieces), verdict([all]));
    }),
    { numRuns: 1000 },
  );
});
