import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { Outputs } from "../lib/core/machine.ts";
import { encodeText } from "../lib/core/text.ts";
import { DatagramDialer, type DialerOutput } from "../lib/protocols/datagram/dialer.ts";
import { type AcceptorOutput, DatagramAcceptor } from "../lib/protocols/datagram/acceptor.ts";
import { DatagramLink } from "../lib/protocols/datagram/link.ts";
import { type DatagramOptions, datagramOptions } from "../lib/protocols/datagram/options.ts";
import {
  decodePacket,
  encodePacket,
  LAST_SEQ,
  type LinkPacket,
  type Packet,
} from "../lib/protocols/datagram/packet.ts";
import type { SendOutput } from "../lib/protocols/datagram/packet.ts";
import { checksum, simulateDatagrams } from "./support/datagram_simulation.ts";

const ID = 0x0102030405060708n;
const ID_HEX = "0102030405060708";
const SERVER = { hostname: "server", port: 1 };

/** Bytes as they are written here: hexadecimal, spaces where a reader wants them. */
function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function raw(datagram: Uint8Array): string {
  const hex = Array.from(datagram, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 2), hex.slice(2, 4), hex.slice(4, 20), hex.slice(20)].filter(Boolean).join(" ");
}

const text = (given: Uint8Array) => new TextDecoder().decode(given);
const zeros = (count: number) => "00".repeat(count);

const COOKIE = "000102030405060708090a0b0c0d0e0f";
const TRANSCRIPT: [string, Packet][] = [
  [`50 01 ${ID_HEX} ${zeros(38)}`, { kind: "hello", id: ID }],
  [`50 02 ${ID_HEX} ${COOKIE}`, { kind: "cookie", id: ID, cookie: bytes(COOKIE) }],
  [`50 03 ${ID_HEX} ${COOKIE}${zeros(22)}`, { kind: "open", id: ID, cookie: bytes(COOKIE) }],
  [`50 04 ${ID_HEX} fffefdfcfbfaf9f8`, { kind: "opened", id: ID, link: 0xfffefdfcfbfaf9f8n }],
  [
    `50 05 ${ID_HEX} 00000001 fffffffe 03 6869`,
    { kind: "data", id: ID, seq: 1, ack: 2 ** 32 - 2, flags: 3, piece: encodeText("hi") },
  ],
  [
    `50 05 ${ID_HEX} fffffffe 00000001 00`,
    { kind: "data", id: ID, seq: LAST_SEQ, ack: 1, flags: 0, piece: new Uint8Array() },
  ],
  [`50 06 ${ID_HEX} 00000005`, { kind: "ack", id: ID, ack: 5, bitmap: new Uint8Array() }],
  [`50 06 ${ID_HEX} 00000005 0580`, { kind: "ack", id: ID, ack: 5, bitmap: bytes("0580") }],
  [`50 07 ${ID_HEX} 0807060504030201`, { kind: "ping", id: ID, token: bytes("0807060504030201") }],
  [`50 08 ${ID_HEX} 0807060504030201`, { kind: "pong", id: ID, token: bytes("0807060504030201") }],
  [`50 09 ${ID_HEX}`, { kind: "close", id: ID, why: "" }],
  [`50 09 ${ID_HEX} 62796520c3a4`, { kind: "close", id: ID, why: "bye ä" }],
];

Deno.test("each packet, byte for byte", () => {
  for (const [hex, packet] of TRANSCRIPT) {
    assertEquals(raw(encodePacket(packet)).replaceAll(" ", ""), hex.replaceAll(" ", ""), packet.kind);
    assertEquals(decodePacket(bytes(hex)), packet, packet.kind);
  }
});

Deno.test("a packet of a wrong length, kind or first byte is a fault", () => {
  for (const [hex, { kind }] of TRANSCRIPT) {
    const whole = bytes(hex);
    for (let length = 0; length < whole.length; length++) {
      const packet = decodePacket(whole.subarray(0, length));
      // What stands at the end of these may be shorter.
      if (packet instanceof Fault) continue;
      assert(length >= { data: 19, ack: 14, close: 10 }[kind as string]!, `${kind} of ${length} bytes`);
    }
  }
  const wrong: [string, string][] = [
    [`51 09 ${ID_HEX}`, "expected 0x50 first, found 81"],
    [`50 00 ${ID_HEX}`, "expected a kind of 1 to 9, found 0"],
    [`50 0a ${ID_HEX}`, "expected a kind of 1 to 9, found 10"],
    [`50 01 ${ID_HEX} ${zeros(39)}`, "expected the length of HELLO, found 49 bytes"],
    [`50 05 ${ID_HEX} 00000000 00000001 03`, "expected a seq of 1 to 4294967294, found 0"],
    [`50 05 ${ID_HEX} ffffffff 00000001 03`, "expected a seq of 1 to 4294967294, found 4294967295"],
    [`50 05 ${ID_HEX} 00000001 00000001 04`, "expected flags of 0 to 3, found 4"],
    [`50 05 ${ID_HEX} 00000001 00000001 03 ${zeros(1182)}`, "expected a datagram of 10 to 1200 bytes, found 1201"],
    [`50 06 ${ID_HEX} 00000001 ${zeros(33)}`, "expected the length of ACK, found 47 bytes"],
    [`50 09 ${ID_HEX} ${zeros(201)}`, "expected the length of CLOSE, found 211 bytes"],
  ];
  for (const [hex, message] of wrong) assertEquals(decodePacket(bytes(hex)), new Fault("malformed", message));
});

Deno.test("any bytes are a packet or a fault, and what is a packet is written as it was read", () => {
  const headed = fc.tuple(fc.integer({ min: 0, max: 10 }), fc.uint8Array({ maxLength: 60 })).map(([kind, rest]) =>
    Uint8Array.of(0x50, kind, ...rest)
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 1300 }), headed), (datagram) => {
      const packet = decodePacket(datagram);
      if (packet instanceof Fault) return;
      // Padding is passed over, and a reason that is no text has lost what was wrong with it.
      if (packet.kind === "hello" || packet.kind === "open" || packet.kind === "close") return;
      assertEquals(encodePacket(packet), datagram);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a piece is a view of its datagram, and a reason too long is cut between two characters", () => {
  const datagram = bytes(`50 05 ${ID_HEX} 00000001 00000001 03 6869`);
  const packet = decodePacket(datagram) as Extract<Packet, { kind: "data" }>;
  assert(packet.piece.buffer === datagram.buffer);
  const close = encodePacket({ kind: "close", id: ID, why: `x${"ä".repeat(150)}` });
  assertEquals([close.length, text(close.subarray(10))], [209, `x${"ä".repeat(99)}`]);
});

/** A link with what it did, as lines; `feed` takes datagrams as they are written here. */
function linkMachine(given: Partial<DatagramOptions> = {}, firstSeq = 1) {
  const done: string[] = [];
  const state = { reading: true };
  const outputs = new Outputs<SendOutput>();
  const link = new DatagramLink(ID, SERVER, outputs, new Set(), datagramOptions(given), 0, firstSeq);
  let ended = false;
  /** Writes down what the link has sent and brought. */
  const drain = () => {
    for (const message of messages(link, state.reading)) done.push(message);
    for (const { datagram } of outputs.take()) done.push(raw(datagram));
    if (link.over && !ended) done.push(`ended: ${link.endReason}`);
    ended = link.over;
  };
  const feed = (hex: string, now: number) => {
    const datagram = bytes(hex);
    link.receive(decodePacket(datagram) as LinkPacket, now);
    // The receiver may reuse its buffer at once.
    datagram.fill(0xff);
    drain();
  };
  const take = () => {
    drain();
    return done.splice(0);
  };
  return { link, state, feed, take };
}

function* messages(link: DatagramLink, reading = true): Generator<string> {
  if (!reading) return;
  for (let message = link.read(); message; message = link.read()) yield `message ${text(message.subarray(0, 20))}`;
}

const data = (seq: number, ack: number, flags: number, piece = "") =>
  raw(encodePacket({ kind: "data", id: ID, seq, ack, flags, piece: encodeText(piece) }));
const ack = (next: number, bitmap = "") => raw(encodePacket({ kind: "ack", id: ID, ack: next, bitmap: bytes(bitmap) }));
const close = (why: string) => raw(encodePacket({ kind: "close", id: ID, why }));
const PING = `50 07 ${ID_HEX} ${zeros(8)}`;
const PONG = `50 08 ${ID_HEX} ${zeros(8)}`;

Deno.test("a message goes out, is acknowledged, and its answer carries the ack for the next", () => {
  const { link, feed, take } = linkMachine();
  assertEquals([link.send(encodeText("hi")), link.settled, take()], [true, false, []]);
  link.flush(0);
  assertEquals(take(), [`50 05 ${ID_HEX} 000000010000000103` + "6869"]);
  feed(data(1, 2, 3, "hello"), 10);
  assertEquals([link.settled, take()], [true, ["message hello"]]);
  link.send(encodeText("how are you"));
  link.flush(10);
  assertEquals(take(), [data(2, 2, 3, "how are you")]);
  assertEquals(link.stats.roundTripMs, 10);
});

Deno.test("of a long message every fourth piece and the last are acknowledged, what is left after 20 ms, and at once what is early", () => {
  const { link, feed, take } = linkMachine();
  const afterEach = (now: number, ...pieces: string[]) => {
    for (const piece of pieces) {
      feed(piece, now);
      link.flush(now);
    }
    return take();
  };
  assertEquals(afterEach(0, data(1, 1, 1), data(2, 1, 0), data(3, 1, 0)), []);
  assertEquals(afterEach(0, data(4, 1, 0), data(5, 1, 0), data(6, 1, 2, "end")), [ack(5), "message end", ack(7)]);
  assertEquals([afterEach(1, data(7, 1, 1)), link.wakeAt], [[], 21]);
  link.tick(20);
  assertEquals(take(), []);
  link.tick(21);
  assertEquals(take(), [ack(8)]);
  assertEquals(afterEach(22, data(9, 1, 0), data(8, 1, 0)), [ack(8, "01"), ack(10)]);
  assertEquals(afterEach(23, data(9, 1, 0)), [ack(10)]);
  // What is sent carries the ack; a gap that is known is not told again.
  feed(data(10, 1, 0), 24);
  link.send(encodeText("own"));
  link.flush(24);
  assertEquals([take(), link.wakeAt > 44], [[data(1, 11, 3, "own")], true]);
  assertEquals(afterEach(25, data(12, 1, 0)), [ack(11, "01")]);
  link.send(encodeText("more"));
  link.flush(26);
  assertEquals(take(), [data(2, 11, 3, "more")]);
});

Deno.test("pieces come in any order and twice: one ack a flush, the message once", () => {
  const { link, feed, take } = linkMachine();
  feed(data(3, 1, 2, "c"), 0);
  feed(data(2, 1, 0, "b"), 0);
  feed(data(5, 1, 3, "e"), 0);
  feed(data(5, 1, 3, "e"), 0);
  link.flush(0);
  link.flush(0);
  assertEquals(take(), [ack(1, "0b")]);
  feed(data(1, 1, 1, "a"), 1);
  feed(data(1, 1, 1, "a"), 1);
  feed(data(4, 1, 3), 1);
  link.flush(1);
  assertEquals(take(), ["message abc", "message ", "message e", ack(6)]);
  feed(data(2, 1, 0, "b"), 2);
  link.flush(2);
  assertEquals([take(), link.stats.repeatedPieces, link.stats.heldPieces], [[ack(6)], 3, 0]);
});

Deno.test("pieces that form no message end the link", () => {
  const long = "x".repeat(600);
  const cases: [string[], number, string][] = [
    [[data(1, 1, 0)], 1, "expected the first piece of a message, found a later one"],
    [[data(1, 1, 1), data(2, 1, 3)], 2, "expected a later piece, found a first one"],
    [[data(1, 1, 1, long), data(2, 1, 0, long)], 3, "expected a message of at most 1024 bytes, found more"],
    [
      Array.from({ length: 256 }, (_, i) => data(i + 1, 1, i === 0 ? 1 : 0)),
      257,
      "expected a message of at most 256 pieces, found more",
    ],
  ];
  for (const [datagrams, next, why] of cases) {
    const { feed, take } = linkMachine({ messageBytes: 1024 });
    for (const datagram of datagrams) feed(datagram, 0);
    assertEquals(take(), [ack(next), close(why), `ended: ${why}`]);
  }
});

/** Has a link send so many messages: "0", "1" and so on. */
function sendAll(link: DatagramLink, count: number, now: number): void {
  for (let i = 0; i < count; i++) link.send(encodeText(String(i)));
  link.flush(now);
}

Deno.test("a piece goes out again once three later ones are there, and not again for the same three", () => {
  const { link, feed, take } = linkMachine();
  sendAll(link, 6, 0);
  assertEquals(take().length, 6);
  feed(ack(1, "03"), 5);
  link.flush(5);
  assertEquals(take(), []);
  feed(data(1, 1, 3, "x"), 5);
  feed(ack(1, "07"), 5);
  link.flush(5);
  assertEquals(take(), ["message x", data(1, 2, 3, "0")]);
  feed(ack(1, "1f"), 6);
  link.flush(6);
  assertEquals(take(), []);
  feed(ack(7), 7);
  assertEquals([link.settled, link.stats.resentPieces], [true, 1]);
});

Deno.test("a piece without an answer goes out after 300 ms, 600 ms and so on, at most 4 s; then nothing is measured", () => {
  const { link, feed, take } = linkMachine();
  sendAll(link, 1, 0);
  const times: number[] = [];
  for (let now = link.wakeAt; now < 15_000; now = link.wakeAt) {
    take();
    link.tick(now);
    if (take()[0] === data(1, 1, 3, "0")) times.push(now);
  }
  assertEquals(times, [300, 900, 2100, 4500, 8500, 12_500]);
  feed(ack(2), 12_510);
  assertEquals([link.settled, link.stats.roundTripMs], [true, undefined]);
  // Until a round trip is measured, the next piece waits as long as the last did.
  sendAll(link, 1, 13_000);
  assertEquals(link.wakeAt, 17_000);
  feed(ack(3), 13_040);
  sendAll(link, 1, 14_000);
  assertEquals([link.stats.roundTripMs, link.wakeAt], [40, 14_120]);
});

Deno.test("32 pieces are under way at first, fewer after a timeout, more as they arrive, never more than 256", () => {
  const { link, feed, take } = linkMachine();
  sendAll(link, 2000, 0);
  assertEquals(take().length, 32);
  feed(ack(11), 10);
  link.flush(10);
  assertEquals([take().length, link.stats.windowPieces], [20, 42]);
  for (let next = 43; link.stats.windowPieces < 256; next += 10) {
    feed(ack(next), 20);
    link.flush(20);
  }
  assertEquals(link.stats.inFlightPieces, 256);
  const widths: number[] = [];
  take();
  for (let i = 0; i < 7; i++) {
    // It may wake for a piece that has arrived meanwhile, and then sends nothing.
    while (take().length === 0) link.tick(link.wakeAt);
    widths.push(link.stats.windowPieces);
  }
  assertEquals(widths, [128, 64, 32, 16, 8, 8, 8]);
});

Deno.test("nothing is sent 256 pieces or more after one that is missing: the peer could not keep it", () => {
  const { link, feed, take } = linkMachine();
  sendAll(link, 400, 0);
  for (let there = 32; there < 256; there += 32) {
    feed(ack(1, "ff".repeat(there / 8 - 1) + "7f"), 1);
    link.flush(1);
  }
  assert(take().includes(data(256, 1, 3, "255")));
  feed(ack(1, "ff".repeat(31) + "7f"), 2);
  link.flush(2);
  // Three that were sent after it was sent last are there, so it is sent again; nothing else is.
  assertEquals([take(), link.stats.inFlightPieces], [[data(1, 1, 3, "0")], 1]);
  feed(ack(257), 3);
  link.flush(3);
  assertEquals(take()[0], data(257, 1, 3, "256"));
});

Deno.test("what was sent before the window was halved does not halve it again", () => {
  const { link, take } = linkMachine();
  sendAll(link, 10, 0);
  sendAll(link, 10, 100);
  link.tick(300);
  link.tick(400);
  assertEquals([take().length, link.stats.windowPieces], [36, 16]);
});

Deno.test("DATA carries the ack, but what is here after a missing piece only an ACK can tell", () => {
  const { link, feed, take } = linkMachine();
  link.send(encodeText("x"));
  feed(data(2, 1, 3), 0);
  link.flush(0);
  assertEquals(take(), [data(1, 1, 3, "x"), ack(1, "01")]);
});

Deno.test("what is not acknowledged is bounded, and an ack of what was never sent frees nothing", () => {
  const { link, feed } = linkMachine({ outboxBytes: 3000, messageBytes: 2048 });
  const message = new Uint8Array(1000);
  assertEquals([link.send(message), link.send(message), link.send(message)], [true, true, false]);
  link.flush(0);
  feed(ack(4, "ff"), 1);
  assertEquals([link.settled, link.send(message)], [false, false]);
  feed(ack(2), 1);
  assertEquals([link.send(message), link.stats.heldBytes], [true, 2 * 1219]);
  assertThrows(
    () => link.send(new Uint8Array(2049)),
    RangeError,
    "expected a message of at most 2048 bytes, found 2049",
  );
});

Deno.test("a link that is not read holds up the peer: 256 pieces wait, the others are dropped until it is read", () => {
  const { link, state, feed, take } = linkMachine();
  state.reading = false;
  for (let seq = 1; seq <= 300; seq++) feed(data(seq, 1, 3, String(seq)), 0);
  link.flush(0);
  assertEquals([take(), link.stats.heldPieces, link.stats.droppedPieces], [[ack(257)], 256, 44]);
  state.reading = true;
  assertEquals([take().at(-1), link.stats.heldPieces], ["message 256", 0]);
  feed(data(257, 1, 3, "257"), 2);
  assertEquals(take(), ["message 257"]);
});

Deno.test("an idle link says each 8 s that it is there, and is dead after 32 s of silence", () => {
  const { link, feed, take } = linkMachine();
  const told: [number, string[]][] = [];
  while (link.wakeAt < Infinity) {
    const now = link.wakeAt;
    link.tick(now);
    told.push([now, take()]);
    if (now === 8000) feed(PONG, 8001);
  }
  const why = "nothing heard for 32 s";
  const pings = [8000, 16_000, 24_000, 32_000, 40_000].map((now): [number, string[]] => [now, [PING]]);
  assertEquals(told, [...pings, [40_001, [close(why), `ended: ${why}`]]]);
  feed(data(1, 1, 3), 40_002);
  link.tick(40_002);
  assertEquals([take(), link.send(encodeText("x"))], [[], false]);
});

Deno.test("a ping is answered with its token", () => {
  const { feed, take } = linkMachine();
  feed(`50 07 ${ID_HEX} 1122334455667788`, 0);
  assertEquals(take(), [`50 08 ${ID_HEX} 1122334455667788`]);
});

Deno.test("close waits for what was sent, and takes what comes meanwhile", () => {
  const { link, feed, take } = linkMachine();
  sendAll(link, 1, 0);
  link.close("bye", 1);
  link.flush(1);
  assertEquals([link.send(encodeText("late")), take()], [false, [data(1, 1, 3, "0")]]);
  feed(data(1, 1, 3, "x"), 2);
  feed(ack(2), 2);
  link.flush(2);
  assertEquals(take(), ["message x", ack(2), close("bye"), "ended: bye"]);
});

Deno.test("close waits 3 s at most; with nothing under way it does not wait, and neither does abort", () => {
  const { link, take } = linkMachine();
  sendAll(link, 1, 0);
  link.close("bye", 1);
  while (!link.over) link.tick(link.wakeAt);
  assertEquals([take().slice(-2), link.settled], [[close("bye"), "ended: bye"], false]);

  const idle = linkMachine();
  idle.link.close("bye", 0);
  assertEquals(idle.take(), [close("bye"), "ended: bye"]);

  const busy = linkMachine();
  sendAll(busy.link, 1, 0);
  busy.link.abort("enough");
  busy.link.abort("enough");
  assertEquals(busy.take().slice(1), [close("enough"), "ended: enough"]);
});

Deno.test("after a CLOSE the messages before it can still be read, also much later", () => {
  const { link, state, feed, take } = linkMachine();
  state.reading = false;
  feed(data(1, 1, 3, "last words"), 0);
  feed(close("bye"), 0);
  link.flush(0);
  link.tick(9000);
  assertEquals([take(), link.send(encodeText("x")), link.wakeAt], [[], false, 32_000]);
  state.reading = true;
  assertEquals(take(), ["message last words", "ended: bye"]);

  const never = linkMachine();
  never.state.reading = false;
  never.feed(data(1, 1, 3, "last words"), 0);
  never.feed(close(""), 0);
  never.link.tick(32_000);
  assertEquals(never.take(), ["ended: closed by the other side"]);
});

Deno.test("a link whose numbers are used up ends, once what was sent has arrived", () => {
  const { link, feed, take } = linkMachine({}, LAST_SEQ - 1);
  sendAll(link, 3, 0);
  assertEquals(take(), [data(LAST_SEQ - 1, LAST_SEQ - 1, 3, "0"), data(LAST_SEQ, LAST_SEQ - 1, 3, "1")]);
  feed(ack(LAST_SEQ + 1), 1);
  link.flush(1);
  const why = "all numbers of this link are used up";
  assertEquals(take(), [close(why), `ended: ${why}`]);
});

/** An acceptor and what it did, as lines; its links are 1, 2 and so on. */
function acceptorMachine(given: Partial<DatagramOptions> = {}, refusal?: string) {
  const done: string[] = [];
  const links: DatagramLink[] = [];
  let drawn = 0;
  const acceptor = new DatagramAcceptor({
    random8: () => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, ++drawn),
    mac: checksum,
  }, datagramOptions(given));
  const perform = (output: AcceptorOutput, now: number) => {
    switch (output.type) {
      case "send":
        return done.push(`${output.address.hostname}: ${raw(output.datagram)}`);
      case "open":
        if (refusal !== undefined) return acceptor.refuse(output.request, refusal);
        return links.push(acceptor.accept(output.request, now)!);
      case "readable":
        return done.push(...messages(output.link));
      case "moved":
        return done.push(`moved to ${output.link.address.hostname}`);
      case "ended":
        return done.push(`ended: ${output.why}`);
    }
  };
  const drain = (now: number) => {
    for (let outputs = acceptor.takeOutputs(); outputs.length > 0; outputs = acceptor.takeOutputs()) {
      for (const output of outputs) perform(output, now);
    }
  };
  const feed = (hostname: string, hex: string, now = 0) => {
    const datagram = bytes(hex);
    acceptor.receive({ hostname, port: 1 }, datagram, now);
    datagram.fill(0xff);
    drain(now);
    acceptor.flush(now);
  };
  const take = () => {
    drain(0);
    return done.splice(0);
  };
  /** HELLO, and the cookie that it gets. */
  const cookie = (hostname: string, now = 0) => {
    feed(hostname, HELLO, now);
    return take()[0]!.slice(-32);
  };
  const open = (hostname: string, given = cookie(hostname), now = 0) => {
    feed(hostname, `50 03 ${ID_HEX} ${given} ${zeros(22)}`, now);
    return take();
  };
  return { acceptor, links, feed, take, cookie, open };
}

const HELLO = `50 01 ${ID_HEX} ${zeros(38)}`;
const OPENED = `50 04 ${ID_HEX}`;
const LINK_1 = "0000000000000001";

Deno.test("a client opens a link: HELLO, COOKIE, OPEN, OPENED, and only then is there state", () => {
  const { acceptor, feed, take, open } = acceptorMachine();
  feed("a", HELLO);
  const [answer] = take();
  assertEquals([answer!.slice(0, -32), acceptor.size], [`a: 50 02 ${ID_HEX} `, 0]);
  assertEquals(open("a"), [`a: ${OPENED} ${LINK_1}`]);
  assertEquals([acceptor.size, acceptor.wakeAt], [1, 8000]);
  feed("a", `50 05 ${LINK_1} 00000001 00000001 03 6869`);
  assertEquals(take(), ["message hi", `a: 50 06 ${LINK_1} 00000002`]);
});

Deno.test("a repeated OPEN gets the same link again, as long as it is there", () => {
  const { acceptor, links, cookie, open, take } = acceptorMachine();
  const given = cookie("a");
  assertEquals([open("a", given), open("a", given)], Array(2).fill([`a: ${OPENED} ${LINK_1}`]));
  assertEquals(open("a", given, 59_999), [`a: ${OPENED} ${LINK_1}`]);
  links[0]!.abort("enough");
  take();
  assertEquals([acceptor.size, open("a", given)], [0, [`a: ${OPENED} 0000000000000002`]]);
});

Deno.test("a cookie is good for its address, its client and 30 to 60 s; another leaves no state and no answer", () => {
  const { acceptor, feed, cookie, open, take } = acceptorMachine();
  const given = cookie("a", 29_999);
  assertEquals(open("b", given, 29_999), []);
  feed("a", `50 03 ffffffffffffffff ${given} ${zeros(22)}`, 29_999);
  assertEquals(take(), []);
  assertEquals(open("a", COOKIE, 29_999), []);
  assertEquals(open("a", given, 60_000), []);
  assertEquals([acceptor.size, acceptor.stats.staleCookies], [0, 4]);
  assertEquals(open("a", given, 59_999), [`a: ${OPENED} ${LINK_1}`]);
});

Deno.test("a refusal fits into less than was asked with, and opens nothing", () => {
  const { acceptor, open } = acceptorMachine({}, "the sixty-four places of your address are taken");
  const why = raw(encodeText("the sixty-four places of your address")).replaceAll(" ", "");
  assertEquals(open("a"), [`a: 50 09 ${ID_HEX} ${why}`]);
  assertEquals([acceptor.size, acceptor.stats.refused], [0, 1]);

  const full = acceptorMachine({ links: 1 });
  full.open("a");
  assertEquals(full.open("b"), [`b: ${close("the server is full")}`]);
  full.acceptor.close("the server stops", 0);
  full.acceptor.tick(0);
  assertEquals(full.take(), [`a: ${close("the server stops").replace(ID_HEX, LINK_1)}`, "ended: the server stops"]);
  assertEquals([full.open("a"), full.acceptor.size], [[`a: ${close("the server stops")}`], 0]);
});

Deno.test("who speaks of a link that is not there hears so, in ten bytes", () => {
  const { acceptor, feed, take } = acceptorMachine();
  feed("a", data(1, 1, 3, "x"));
  feed("a", PING);
  assertEquals(take(), Array(2).fill(`a: 50 09 ${ID_HEX}`));
  feed("a", close(""));
  feed("a", close("bye"));
  feed("a", `${OPENED} ${LINK_1}`);
  feed("a", "00");
  assertEquals([take(), acceptor.stats.unknown, acceptor.stats.malformed], [[], 4, 2]);
});

Deno.test("a server never sends a stranger more than came from it, and strangers leave nothing", () => {
  const some = fc.constantFrom(...TRANSCRIPT.map(([hex]) => bytes(hex)));
  const spoilt = fc.tuple(some, fc.nat(), fc.nat(255)).map(([datagram, at, byte]) =>
    datagram.with(at % datagram.length, byte)
  );
  const noise = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(fc.array(fc.oneof(some, spoilt, noise), { maxLength: 30 }), (datagrams) => {
      const { acceptor, feed, take } = acceptorMachine();
      for (const datagram of datagrams) {
        feed("a", raw(datagram));
        for (const line of take()) assert(bytes(line.slice(3)).length < datagram.length, line);
      }
      acceptor.tick(100_000);
      assertEquals([acceptor.size, acceptor.wakeAt, take()], [0, Infinity, []]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a client at a new address is asked there, and has moved when its answer comes from there", () => {
  const { links, feed, take, open } = acceptorMachine();
  open("a");
  links[0]!.send(encodeText("x"));
  const message = `a: 50 05 ${LINK_1} 00000001000000010378`;
  const ping = (token: number) => `50 07 ${LINK_1} 00000000000000${token.toString(16).padStart(2, "0")}`;
  const ackOf = `50 06 ${LINK_1} 00000001`;
  // 14 bytes are not enough for an answer of 18; twice 14 are.
  feed("b", ackOf);
  assertEquals(take(), [message]);
  feed("b", ackOf);
  assertEquals(take(), [`b: ${ping(2)}`]);
  feed("c", `50 05 ${LINK_1} 00000001 00000001 03 6869`, 100);
  feed("b", ping(0xff), 100);
  assertEquals(take(), ["message hi", `a: 50 06 ${LINK_1} 00000002`, `a: ${ping(0xff).replace("50 07", "50 08")}`]);
  feed("b", ping(2).replace("50 07", "50 08").replace("02", "03"), 150);
  feed("c", ping(2).replace("50 07", "50 08"), 150);
  feed("b", ping(0xff), 200);
  assertEquals(take(), [`b: ${ping(2)}`, `a: ${ping(0xff).replace("50 07", "50 08")}`]);
  feed("b", ping(2).replace("50 07", "50 08"), 250);
  links[0]!.tick(300);
  assertEquals(take(), ["moved to b", `b: 50 05 ${LINK_1} 00000001000000020378`]);
});

Deno.test("a CLOSE that is lost is told again to who still speaks", () => {
  const { links, feed, take, open } = acceptorMachine();
  open("a");
  const client = linkMachine();
  links[0]!.abort("enough");
  take();
  client.link.tick(8000);
  feed("a", client.take()[0]!.replace(ID_HEX, LINK_1), 8000);
  const [answer] = take();
  assertEquals(answer, `a: 50 09 ${LINK_1}`);
  client.feed(answer!.slice(3), 8001);
  assertEquals(client.take(), ["ended: closed by the other side"]);
});

/** A dialer with what it did, as lines; its number is 0102030405060708. */
function dialerMachine() {
  const done: string[] = [];
  const dialer = new DatagramDialer(SERVER, datagramOptions(), bytes(ID_HEX));
  let link: DatagramLink | undefined;
  const perform = (output: DialerOutput) => {
    switch (output.type) {
      case "send":
        return done.push(raw(output.datagram));
      case "attempt":
        return done.push("*");
      case "opened":
        link = output.link;
        return done.push(`opened ${link.id}`);
      case "ended":
        return done.push(`${link ? "ended" : "failed"}: ${output.why}`);
    }
  };
  const drain = () => {
    for (const output of dialer.takeOutputs()) perform(output);
    if (link) done.push(...messages(link));
  };
  const feed = (hex: string, now: number) => {
    const datagram = bytes(hex);
    dialer.receive(datagram, now);
    datagram.fill(0xff);
    drain();
    dialer.flush(now);
  };
  const take = () => {
    drain();
    return done.splice(0);
  };
  return { dialer, feed, take };
}

const OPEN = `50 03 ${ID_HEX} ${COOKIE}${zeros(22)}`;

Deno.test("a dialer asks each 200 ms, begins anew after a second without OPENED, and brings the link its datagrams", () => {
  const { dialer, feed, take } = dialerMachine();
  dialer.start(0);
  dialer.tick(199);
  assertEquals(take(), ["*", HELLO]);
  dialer.tick(200);
  assertEquals(take(), ["*", HELLO]);
  feed(`50 02 ${ID_HEX} ${COOKIE}`, 250);
  feed(`50 02 ${ID_HEX} ${COOKIE}`, 251);
  assertEquals([take(), dialer.wakeAt], [[OPEN], 450]);
  for (let now = 450; now < 1250; now += 200) dialer.tick(now);
  assertEquals(take(), Array(4).fill(["*", OPEN]).flat());
  dialer.tick(1250);
  assertEquals(take(), ["*", HELLO]);
  feed(`${OPENED} ${LINK_1}`, 1260);
  feed(`${OPENED} ${LINK_1}`, 1261);
  assertEquals([take(), dialer.wakeAt], [["opened 1"], 9260]);
  feed(`50 05 ${LINK_1} 00000001 00000001 03 6869`, 1300);
  assertEquals(take(), ["message hi", `50 06 ${LINK_1} 00000002`]);
});

Deno.test("a dialer closes what it does not know: a second link, one that came too late, one that is over", () => {
  const { dialer, feed, take } = dialerMachine();
  dialer.start(0);
  feed(`${OPENED} ${LINK_1}`, 0);
  take();
  feed(`${OPENED} 0000000000000002`, 0);
  assertEquals(take(), ["50 09 0000000000000002"]);
  dialer.abort("enough");
  take();
  feed(`50 07 ${LINK_1} ${zeros(8)}`, 1);
  feed(`50 09 ${LINK_1}`, 1);
  assertEquals(take(), [`50 09 ${LINK_1}`]);

  const late = dialerMachine();
  late.dialer.start(0);
  while (late.dialer.wakeAt < Infinity) late.dialer.tick(late.dialer.wakeAt);
  const told = late.take();
  assertEquals([told.filter((line) => line === "*").length, told.at(-1)], [
    75,
    "failed: no answer from server:1 within 15 s",
  ]);
  late.feed(`${OPENED} ${LINK_1}`, 15_001);
  assertEquals(late.take(), [`50 09 ${LINK_1}`]);
});

Deno.test("a dialer that is refused says why, and does not ask again", () => {
  const { dialer, feed, take } = dialerMachine();
  dialer.start(0);
  take();
  feed(close("the server is full").replace(ID_HEX, "ffffffffffffffff"), 1);
  assertEquals(take(), []);
  feed(close("the server is full"), 1);
  feed(`50 02 ${ID_HEX} ${COOKIE}`, 2);
  dialer.tick(1000);
  assertEquals([take(), dialer.wakeAt], [["failed: the server is full"], Infinity]);
});

Deno.test("any datagram, whole or spoilt, leaves a link and a dialer standing", () => {
  const kinds = fc.tuple(fc.integer({ min: 5, max: 8 }), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(kinds, { maxLength: 40 }), (datagrams) => {
      const { dialer, feed, take } = dialerMachine();
      dialer.start(0);
      feed(`${OPENED} ${ID_HEX}`, 0);
      datagrams.forEach(([kind, rest], i) => feed(`50 0${kind} ${ID_HEX} ${raw(rest)}`, i));
      dialer.tick(100_000);
      assertEquals(take().filter((line) => line.startsWith("ended")).length, 1);
    }),
    { numRuns: 500 },
  );
});

const SEEDS = 100;

Deno.test(`${SEEDS} acceptors on bad networks: messages arrive once and in order, or both sides learn why not`, () => {
  let [messages, complete, broken, moves, resent] = [0, 0, 0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = simulateDatagrams(seed);
    assertEquals(report.problems, [], `simulateDatagrams(${seed}) replays this`);
    messages += report.messages;
    complete += report.complete;
    broken += report.broken;
    moves += report.moves;
    resent += report.resentPieces;
  }
  // Weather in which little happens would prove little.
  const much = [messages > 10_000, complete > 200, broken > 20, moves > 100, resent > 20_000];
  assertEquals(much, Array(5).fill(true), `${[messages, complete, broken, moves, resent]}`);
});
