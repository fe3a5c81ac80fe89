import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes/concat";
import fc from "fast-check";
import { Choice } from "../lib/check/choice.ts";
import { ladderOf } from "../lib/check/ladder.ts";
import { Network, NETWORKS } from "../lib/check/network.ts";
import { Passage } from "../lib/check/passage.ts";
import { PlayPorts, saysInUse } from "../lib/check/play_ports.ts";
import { lastLines } from "../lib/check/program.ts";
import { applyRubric, isHidden, parseRubric } from "../lib/check/rubric.ts";
import { close, dial, expect } from "../lib/check/step.ts";
import { stepOutput } from "../lib/check/step_output.ts";
import { SUITES } from "../lib/check/suites.ts";
import { Turns } from "../lib/check/turns.ts";
import { Transcript } from "../lib/check/transcript.ts";
import { Values } from "../lib/check/values.ts";
import { comparison, difference, transcriptLines } from "../lib/check/story.ts";
import { visible, visibleBytes } from "../lib/core/wire_text.ts";
import { UserError } from "../lib/core/errors.ts";
import { encodeText } from "../lib/core/text.ts";
import { Stage } from "./support/stage.ts";

Deno.test("a network brings all bytes of a stream, in order; the same seed cuts and delays them the same", () => {
  fc.assert(
    fc.property(fc.constantFrom(...NETWORKS), fc.integer(), fc.uint8Array({ maxLength: 300 }), (kind, seed, bytes) => {
      const parts = () => new Network(kind, new Choice(seed)).stream(bytes);
      assertEquals(concat(parts().map((part) => part.bytes)), bytes);
      assert(parts().every(({ afterMs, bytes: part }) => afterMs >= 0 && (part.length > 0 || bytes.length === 0)));
      assertEquals(parts(), parts());
    }),
  );
});

Deno.test("a network that cuts joins the end of a write with the next; what closes comes after all of it", async () => {
  for (const kind of NETWORKS) {
    const passage = new Passage(new Network(kind, new Choice(1)));
    const sent: string[] = [];
    const closed = Promise.withResolvers<void>();
    for (const line of ["one\n", "two\n", "three\n"]) {
      passage.write("jacky La", passage.network.stream(encodeText(line)), (part) => sent.push(visibleBytes(part)));
    }
    passage.inOrder("jacky La", 0, closed.resolve);
    await closed.promise;
    assertEquals(sent.join(""), "one\\ntwo\\nthree\\n");
    assertEquals(sent.some((part) => /\\n./.test(part)), kind === "cut" || kind === "lossy", kind);
  }
});

Deno.test("a network that loses datagrams closes a connection both ways that no later step is about", () => {
  const steps = [close("jacky La"), expect("jacky Lb", "x"), close("jacky Lb")];
  const closings = steps.flatMap((step, i) => {
    const output = stepOutput(step, new Values([]), steps.slice(i + 1));
    return output?.type === "close" ? [output.isLast] : [];
  });
  assertEquals(closings, [true, true]);
  assertEquals(stepOutput(close("jacky Lb"), new Values([]), steps), {
    ...{ type: "close", link: "jacky Lb", how: "finish" },
    isLast: false,
  });
  assertEquals(NETWORKS.filter((kind) => new Network(kind, new Choice(1)).closesBothWays), ["lossy"]);
});

Deno.test("a datagram is never changed; it is lost or comes twice in a lossy network alone", () => {
  for (const kind of NETWORKS) {
    const network = new Network(kind, new Choice(1));
    const counts = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const parts = network.datagram(encodeText("datagram"));
      counts.add(parts.length);
      assert(parts.every(({ bytes }) => visibleBytes(bytes) === "datagram"));
    }
    assertEquals([...counts].sort(), kind === "lossy" ? [0, 1, 2] : [1]);
  }
});

Deno.test("values stand for themselves in texts and in patterns", () => {
  const values = new Values([["who", "a.b"], ["text", "what? (yes)"]]);
  assertEquals(values.fill("/to {who} {text}"), "/to a.b what? (yes)");
  const pattern = values.fillPattern(/^{who}: {text}$/) as RegExp;
  assert(pattern.test("a.b: what? (yes)") && !pattern.test("axb: what? (yes)"));
  assertEquals(values.fillPattern(/^\d{3} x{1,2}$/), /^\d{3} x{1,2}$/, "a count is no value");
  assertThrows(() => values.fill("{when}"), TypeError, "{when}");
});

Deno.test("what is not printable can be seen, and bytes that are no UTF-8 too", () => {
  assertEquals(visibleBytes(encodeText("a\tb\r\n\0\x1b\\é\u202e\u200b")), "a\\tb\\r\\n\\0\\x1b\\\\é\\u{202e}\\u{200b}");
  assertEquals(visibleBytes(new Uint8Array([0x61, 0xff, 0xc3, 0x0a])), "a\\xff\\xc3\\n");
  assertEquals(visibleBytes(encodeText("a b \nc  \r\nd ")), "a b␠\\nc␠␠\\r\\nd␠");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/.test(visible(text)));
  }));
  assertEquals([difference("abc", "abd"), difference("abc", "abc"), difference("ab", "abc")], [2, undefined, 2]);
});

Deno.test("a rubric sets points by the longest id, hides rules, and is refused where it does not fit", () => {
  const { rules } = SUITES[0]!;
  const apply = (text: string) => applyRubric("r.json", parseRubric("r.json", text), rules, rules);
  const pointsOf = (text: string, id: string) => apply(text).find((rule) => rule.id === id)!.points;
  const text = '{ "points": { "im": 1, "im/4": 3, "im/4/1": 7 }, "hidden": ["im/4"] }';
  assertEquals(["im/2/1", "im/4/2", "im/4/1"].map((id) => pointsOf(text, id)), [1, 3, 7]);
  assert(apply(text).every(({ level, points }) => level !== "open" || points === 0));
  const hidden = rules.filter((rule) => isHidden(parseRubric("r.json", text), rule)).map(({ id }) => id.slice(0, 5));
  assertEquals([...new Set(hidden)], ["im/4/"]);
  const mistakes = [
    ["{", "a rubric is JSON"],
    ["[]", "a rubric is an object"],
    ['{ "point": {} }', '"point" is none of rules, points and hidden'],
    ['{ "points": { "im": 1.5 } }', "the points of im are a whole number, not 1.5"],
    ['{ "hidden": "im" }', '"hidden" is a list of ids'],
    ['{ "points": { "im/99": 1 } }', "no rule of this check is im/99 or in it"],
    ['{ "rules": 3 }', `it is for 3 rules, and ${rules.length} are played`],
  ] as const;
  for (const [given, expected] of mistakes) {
    const { message } = assertThrows(() => apply(given), UserError);
    assert(message.startsWith(`r.json: ${expected}`), message);
  }
});

Deno.test("a transcript has a line that comes in parts as one, and is bounded", () => {
  const transcript = new Transcript();
  for (const part of ["30", "3 ok\n30", "4 no\n"]) transcript.add(1, "bob La", "in", encodeText(part), 0);
  assertEquals(transcript.entries.map(({ bytes }) => visibleBytes(bytes)), ["303 ok\\n", "304 no\\n"]);
  // A prompt and what follows it when something was typed are two.
  transcript.add(1, "bob screen", "in", encodeText("name: "), 0);
  transcript.add(1, "bob keys", "out", encodeText("bob\n"), 0);
  transcript.add(1, "bob screen", "in", encodeText("hello bob\n"), 0);
  assertEquals(transcript.entries.slice(2).map(({ link }) => link), ["screen", "keys", "screen"]);
  for (let i = 0; i < 1000; i++) transcript.add(2, "bob La", "in", encodeText("x".repeat(10_000) + "\n"), 0);
  assert(transcript.entries.length <= 400 && transcript.dropped > 0);
  assert(transcript.entries.every(({ bytes }) => bytes.length <= 4096));
});

Deno.test("a story has what was sent write by write, and says how much it leaves out", () => {
  const transcript = new Transcript();
  for (const write of ["/one\n/two\n", "/to bo", "b hi \n"]) {
    transcript.add(1, "bob La", "out", encodeText(write), 0);
  }
  transcript.add(2, "bob La", "in", encodeText("y".repeat(5000)), 0);
  transcript.add(2, "bob La", "in", encodeText("y\n"), 0);
  const lines = transcriptLines(transcript.entries).map((line) => line.replace(/^.*[→←] {2}/, ""));
  assertEquals(lines.slice(0, 3), ["/one\\n/two\\n", "/to bo", "b hi␠\\n"]);
  assertEquals(lines[3], `${"y".repeat(199)}… (5002 bytes in all)`);
});

Deno.test("expected and got are marked where they differ, and long ones are cut around that place", () => {
  const compared = (expected: string, got: string, more = {}) =>
    comparison({ step: 0, where: "bob La", expected, got, isUnexpected: true, ...more }).map((line) => line.slice(5));
  assertEquals(compared("/to bob", "/to eve"), [
    "expected  bob La: /to bob",
    "got       bob La: /to eve",
    `${" ".repeat(22)}^ here they differ`,
  ]);
  assertEquals(compared("/port N", "/port 7", { isDescribed: true }).length, 2);
  const [expected, got, mark] = compared(`${"a".repeat(300)}b`, `${"a".repeat(300)}c${"d".repeat(300)}`);
  assertEquals(expected, `expected  bob La: …${"a".repeat(60)}b`);
  assertEquals(got, `got       bob La: …${"a".repeat(60)}c${"d".repeat(139)}… (601 characters in all)`);
  assertEquals(mark!.indexOf("^"), expected!.indexOf("b", "expected  bob La: ".length));
});

Deno.test("a ladder marks what is missing, and what came and should not have", () => {
  const seen = { at: 1, who: "bob", link: "Lb", way: "in", bytes: encodeText("401\n"), step: 0 } as const;
  const failure = { step: 1, where: "bob Lb", expected: "302", got: "401", isUnexpected: true };
  const { columns, rungs } = ladderOf([seen], failure);
  assertEquals([columns, rungs.map(({ mark }) => mark)], [["bob Lb"], ["wrong", "missing"]]);
  const missing = ladderOf([], { ...failure, where: "eve La", isUnexpected: false });
  assertEquals([missing.columns, missing.rungs[0]!.mark], [["eve La"], "missing"]);
});

Deno.test("a task that is to run alone waits for those that run, and no other one runs meanwhile", async () => {
  const turns = new Turns(2);
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const runs = (name: string, ends?: Promise<void>) => async () => {
    told.push(`${name} begins`);
    await ends;
    await Promise.resolve();
    told.push(`${name} ends`);
  };
  const all = [
    turns.take(runs("a", first.promise)),
    turns.alone(runs("b")),
    turns.alone(runs("c")),
    turns.take(runs("d")),
  ];
  await Promise.resolve();
  first.resolve();
  await Promise.all(all);
  const at = (what: string) => told.indexOf(what);
  assertEquals(told.length, 8);
  for (const name of ["b", "c"]) assertEquals(at(`${name} ends`), at(`${name} begins`) + 1);
  assert(at("a ends") < at("b begins"));
  assertEquals(await turns.take(() => Promise.resolve("free again")), "free again");
});

Deno.test("plays that had the same port at the same time are disturbed; those after one another are not", async () => {
  const ports = new PlayPorts();
  const after = async () => await new Promise((resolve) => setTimeout(resolve, 2));
  const first = ports.begin(() => ["5000"]);
  const other = ports.begin(() => ["5001"]);
  await after();
  const second = ports.begin(() => ["5000"]);
  assertEquals([first(), second(), other()], [true, true, false]);
  await after();
  const third = ports.begin(() => ["5000"]);
  assertEquals(third(), false);
});

Deno.test("that a port is in use is seen on a program's screen, or in its last words where its connection was seen to end first", () => {
  const words = "OSError: [Errno 98] Address already in use";
  const stage = () => new Stage([dial("bob La"), expect("bob La", "/port 5000")]).opens(0, "bob La");
  const shown = stage().comes(10, "bob screen", `${words}\n`).ends(11, "bob La").exits(12, "server", 1);
  const late = stage().ends(10, "bob La").comes(11, "bob screen", `${words}\n`).exits(12, "server", 1, words);
  const other = stage().ends(10, "bob La").exits(12, "server", 1, "NameError: x");
  const right = stage().comes(10, "bob screen", `${words}\n`).comes(11, "bob La", "/port 5000\n");
  assertEquals([shown, late, other, right].map(({ play }) => saysInUse(play)), [true, true, false, false]);
});

Deno.test("of a program's last words the last line is whole, with as much before it as is short", () => {
  const python =
    'Traceback (most recent call last):\n  File "c.py", line 3, in <module>\n    s.bind(("", 80))\n    ^^^^^\n';
  assertEquals(
    lastLines(`${python}OSError: [Errno 98] in use\n`),
    'File "c.py", line 3, in <module> / s.bind(("", 80)) / OSError: [Errno 98] in use',
  );
  assertEquals(lastLines(`${"x".repeat(200)}\nOSError: in use\n`), "OSError: in use");
  const java =
    "java.net.BindException: in use\n\tat java.base/sun.nio.ch.Net.bind0(Native Method)\n\tat Chat.main(Chat.java:7)\n";
  assertEquals(
    lastLines(`Exception in thread "main" ${java}`),
    'Exception in thread "main" java.net.BindException: in use',
  );
});
