import { assertEquals } from "@std/assert";
import { ABSENT, holding, inOrder, json, lacking } from "../lib/check/json_shape.ts";
import { Play } from "../lib/check/play.ts";
import { Pace } from "../lib/check/play_times.ts";
import { bind, expect, ignore, silence } from "../lib/check/step.ts";
import { Values } from "../lib/check/values.ts";

const alice = { username: "alice" };
const bob = { username: "bob" };

Deno.test("a JSON object matches by its fields, in whatever order and spelling", () => {
  const shape = json({ key: "A", n: 1, ok: true, none: null, gone: ABSENT, time: /^(?<hour>\d\d):/ });
  assertEquals(shape.match('{"time":"08:33","ok":true, "n":1.0, "none":null, "more":[], "key":"\\u0041"}'), {
    groups: { hour: "08" },
  });
  assertEquals(shape.match("hello"), "it is no JSON");
  assertEquals(shape.match("[]"), "it is no object");
  assertEquals(shape.match('{"key": "B"}'), '"key" is "B"');
  assertEquals(shape.match('{"key": "A", "n": 1, "ok": 1}'), '"ok" is 1');
  assertEquals(shape.match('{"key": "A", "n": 1, "ok": true}'), '"none" is missing');
  assertEquals(json({ gone: ABSENT }).match('{"gone": false}'), '"gone" is false');
});

Deno.test("a list in JSON is matched whole, by what it holds, by its order, or by what it lacks", () => {
  const said = (pattern: Parameters<typeof json>[0]["users"], list: unknown) => {
    const found = json({ users: pattern! }).match(JSON.stringify({ users: list }));
    return typeof found === "string" ? found : "match";
  };
  assertEquals(said([alice, bob], [alice, bob]), "match");
  assertEquals(said([alice], [alice, bob]), '"users" has 2 items and not 1');
  assertEquals(said([alice], {}), '"users" is no list');
  assertEquals(said(holding(bob, alice), [alice, { username: "carol" }, bob]), "match");
  assertEquals(said(holding(bob), [alice]), '"users" has no {"username": "bob"}');
  assertEquals(said(holding(bob), [bob, bob]), '"users" has 2 of them and not 1');
  assertEquals(said(inOrder(alice, bob), [alice, { username: "carol" }, bob]), "match");
  assertEquals(said(inOrder(bob, alice), [alice, bob]), '"users" has them in another order');
  assertEquals(said(lacking(bob), [alice]), "match");
  assertEquals(said(lacking(bob), [alice, bob]), '"users" has {"username": "bob"}');
  assertEquals(said(holding(bob), 3), '"users" is no list');
});

Deno.test("a script expects JSON with its values, and passes over what it is told to", () => {
  const times = { pace: new Pace(100), startMs: 1000, lateMs: 100, silenceMs: 50, settleMs: 10 };
  const play = new Play(
    [
      bind("bob La"),
      ignore("bob La", json({ key: "USERS" })),
      expect("bob La", json({ from: "{bob}", n: /(?<number>\d+)/ })),
      expect("bob La", "number {number}"),
      silence("bob La"),
    ],
    new Values([["bob", "robert"]]),
    times,
  );
  play.start(0);
  play.listening("bob La", 7, 0);
  const come = (text: string) => play.received("bob La", new TextEncoder().encode(text), 1);
  come('{"key": "USERS"}');
  come('{"from": "robert", "n": "42"}');
  come("number 42");
  come('{"key": "USERS"}');
  play.tick(60);
  play.measured({ at: 60, programMs: 0, checkMs: 0, isWaiting: false }, 60);
  assertEquals(play.end?.failure, undefined);
  assertEquals(play.end !== undefined, true);
  assertEquals(play.transcript.entries.length, 4);
});
