import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isClose, packetBytes, packetText } from "../lib/check/packet_text.ts";
import { Play } from "../lib/check/play.ts";
import { Pace } from "../lib/check/play_times.ts";
import { rule } from "../lib/check/rule.ts";
import { expect, packets, type Script, sendRaw } from "../lib/check/step.ts";
import { Values } from "../lib/check/values.ts";
import { decodeHex, encodeHex } from "../lib/core/bytes.ts";

const HI = "50050102030405060708000000010000000103" + "6869";

Deno.test("a datagram is the line of its fields, as the document has it", () => {
  assertEquals(packetText(decodeHex(HI)), "DATA 0102030405060708 1 1 3 hi");
  assertEquals(encodeHex(packetBytes("DATA 0102030405060708 1 1 3 hi")), HI);
  assertEquals(packetText(decodeHex("5006010203040506070800000002")), "ACK 0102030405060708 2");
  assertEquals(encodeHex(packetBytes(`RAW ${HI}`)), HI);
  assert(isClose(packetBytes("CLOSE 0102030405060708 bye, all")));
  assertThrows(() => packetBytes("HALLO 0102030405060708"), TypeError);
});

Deno.test("every datagram of the transport has a line that makes it again, and no other bytes throw", () => {
  const id = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(encodeHex);
  const token = id;
  const cookie = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeHex);
  const number = fc.integer({ min: 1, max: 2 ** 32 - 2 });
  const bits = fc.uint8Array({ minLength: 1, maxLength: 32 }).map(encodeHex);
  const text = fc.string({ maxLength: 60 });
  const line = fc.oneof(
    id.map((id) => `HELLO ${id}`),
    fc.tuple(id, cookie).map((parts) => `COOKIE ${parts.join(" ")}`),
    fc.tuple(id, cookie).map((parts) => `OPEN ${parts.join(" ")}`),
    fc.tuple(id, id).map((parts) => `OPENED ${parts.join(" ")}`),
    fc.tuple(id, number, number, fc.integer({ min: 0, max: 3 }), text).map((parts) => `DATA ${parts.join(" ")}`),
    fc.tuple(id, number).map((parts) => `ACK ${parts.join(" ")}`),
    fc.tuple(id, number, bits).map((parts) => `ACK ${parts.join(" ")}`),
    fc.tuple(id, token).map((parts) => `PING ${parts.join(" ")}`),
    fc.tuple(id, token).map((parts) => `PONG ${parts.join(" ")}`),
  );
  fc.assert(fc.property(line, (line) => assertEquals(packetText(packetBytes(line)), line)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    assertEquals(typeof packetText(bytes), "string");
  }));
});

Deno.test("a script sends datagrams as lines, and takes values out of those that come", () => {
  const script: Script = [
    packets("jacky La"),
    sendRaw("jacky La", "HELLO 00000000000000a1"),
    expect("jacky La", /^COOKIE 00000000000000a1 (?<cookie>[0-9a-f]{32})$/),
    sendRaw("jacky La", "OPEN 00000000000000a1 {cookie}"),
  ];
  const { steps } = rule("mailbox/0/1", { title: "", quote: "", why: "", cause: "", script });
  const times = { startMs: 10, pace: new Pace(10), lateMs: 10, silenceMs: 10, settleMs: 10 };
  const play = new Play(steps, new Values(), times);
  const sent = () => play.takeOutputs().flatMap((output) => output.type === "send" ? [packetText(output.bytes)] : []);
  play.start(0);
  play.listening("jacky La", 5000, 1);
  assertEquals(sent(), ["HELLO 00000000000000a1"]);
  const cookie = "ab".repeat(16);
  play.received("jacky La", packetBytes(`COOKIE 00000000000000a1 ${cookie}`), 2);
  assertEquals(sent(), [`OPEN 00000000000000a1 ${cookie}`]);
  assertEquals(play.end?.failure, undefined);
  const shown = play.transcript.entries.map(({ way, bytes }) => `${way} ${new TextDecoder().decode(bytes)}`);
  assertEquals(shown, [
    "out HELLO 00000000000000a1",
    `in COOKIE 00000000000000a1 ${cookie}`,
    `out OPEN 00000000000000a1 ${cookie}`,
  ]);
});
