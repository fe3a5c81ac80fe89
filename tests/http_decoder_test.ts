import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat } from "../lib/core/bytes.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { CLOSE, encodeFrame, type Frame, FrameDecoder, OPCODE } from "../lib/http/frames.ts";
import { BODY_BYTES, HEAD_BYTES, RequestDecoder } from "../lib/http/request_decoder.ts";

const GET = "GET /about HTTP/1.1\r\nhost: a\r\n\r\n";

/** What a decoder makes of these bytes, pushed in pieces of at most this length. */
function decoded(text: string | Uint8Array, most = Infinity): string[] {
  const decoder = new RequestDecoder();
  const found: string[] = [];
  const bytes = typeof text === "string" ? encodeText(text) : text;
  for (let at = 0; at < bytes.length; at += most) {
    decoder.push(bytes.subarray(at, at + most));
    for (let next = decoder.next(); next; next = decoder.next()) {
      found.push(
        next.type === "bad" ? String(next.status) : `${next.method} ${next.target} ${decodeLossy(next.body)}`.trim(),
      );
    }
  }
  return found;
}

Deno.test("requests are decoded however their bytes are cut", () => {
  const post = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const all = `\r\n${GET}${post}${GET}`;
  for (const most of [1, 2, 3, 7, 50, Infinity]) {
    assertEquals(decoded(all, most), ["GET /about", "POST /login hello", "GET /about"], String(most));
  }
});

Deno.test("what two programs could read differently is refused, and nothing after it is read", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["GET /\r\n\r\n", "400"],
    ["GET / HTTP/2.0\r\nhost: a\r\n\r\n", "505"],
    ["GET / HTTP/1.1\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nhost : a\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n", "400"],
    ["POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc", "411"],
    ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc", "400"],
    ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\nabc", "400"],
    [`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY_BYTES + 1}\r\n\r\n`, "413"],
    [`GET /${"a".repeat(HEAD_BYTES)}`, "431"],
    [`GET / HTTP/1.1\r\nhost: a\r\n${"x: y\r\n".repeat(100)}\r\n`, "431"],
    ["\x16\x03\x01\x02\x00\r\n\r\n", "400"],
  ];
  for (const [text, status] of cases) assertEquals(decoded(text + GET), [status], JSON.stringify(text.slice(0, 80)));
});

Deno.test("whatever bytes come, a request decoder throws nothing and holds no more than it was pushed", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 20 }), (bytes, most) => {
    decoded(bytes, most);
    decoded(concat([encodeText(GET), bytes, encodeText(GET)]), most);
  }));
});

/** A frame of a client. */
function frame(first: number, payload: string | Uint8Array, mask = [1, 2, 3, 4]): Uint8Array {
  const bytes = typeof payload === "string" ? encodeText(payload) : payload;
  const plain = encodeFrame(0, bytes);
  const head = plain.slice(0, plain.length - bytes.length);
  head[0] = first;
  head[1]! |= 128;
  return concat([head, new Uint8Array(mask), bytes.map((byte, i) => byte ^ mask[i & 3]!)]);
}

function frames(bytes: Uint8Array, most = Infinity, messageBytes = 1000): (string | number)[] {
  const decoder = new FrameDecoder(messageBytes);
  const found: (string | number)[] = [];
  const show = (frame: Frame) =>
    frame.type === "broken" || frame.type === "close"
      ? frame.code ?? "close"
      : frame.type === "text"
      ? decodeLossy(frame.bytes)
      : frame.type;
  for (let at = 0; at < bytes.length; at += most) {
    decoder.push(bytes.subarray(at, at + most));
    for (let next = decoder.next(); next; next = decoder.next()) found.push(show(next));
    assert(decoder.heldBytes <= messageBytes + 14 + Math.min(most, bytes.length));
  }
  return found;
}

Deno.test("frames and fragments are decoded however their bytes are cut, with control frames in between", () => {
  const long = "ü".repeat(400);
  const bytes = concat([
    frame(0x81, "one"),
    frame(0x01, "tw"),
    frame(0x89, "are you there?"),
    frame(0x00, ""),
    frame(0x80, "o"),
    frame(0x8a, ""),
    frame(0x81, long),
    frame(0x88, new Uint8Array([3, 232])),
    frame(0x81, "after"),
  ]);
  for (const most of [1, 2, 5, 100, Infinity]) {
    assertEquals(frames(bytes, most), ["one", "ping", "two", "pong", long, 1000], String(most));
  }
});

Deno.test("a message of a WebSocket has a bound, whether in one frame or in fragments, and before its bytes have come", () => {
  assertEquals(frames(frame(0x81, "a".repeat(1000))), ["a".repeat(1000)]);
  assertEquals(frames(frame(0x81, "a".repeat(1001)).subarray(0, 8)), [CLOSE.tooBig]);
  assertEquals(frames(new Uint8Array([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255])), [CLOSE.tooBig]);
  assertEquals(frames(concat([frame(1, "a".repeat(600)), frame(0, "a".repeat(401)).subarray(0, 8)])), [CLOSE.tooBig]);
  const drops = concat([frame(1, "a"), ...Array.from({ length: 1000 }, () => frame(0, "a"))]);
  assertEquals(frames(drops, 100), [CLOSE.tooBig]);
});

Deno.test("a frame that breaks the rules of WebSockets ends it with the code of that rule", () => {
  const cases: readonly (readonly [Uint8Array, number])[] = [
    [new Uint8Array([0x81, 1, 65]), CLOSE.protocolError], // no mask
    [frame(0xc1, "compressed"), CLOSE.protocolError],
    [frame(0x91, ""), CLOSE.protocolError],
    [frame(0x82, "binary"), CLOSE.unsupported],
    [frame(0x83, ""), CLOSE.protocolError],
    [frame(0x8b, ""), CLOSE.protocolError],
    [frame(0x80, "no beginning"), CLOSE.protocolError],
    [concat([frame(0x01, "a"), frame(0x81, "b")]), CLOSE.protocolError],
    [frame(0x09, "half a ping"), CLOSE.protocolError],
    [frame(0x89, "a".repeat(126)), CLOSE.protocolError],
    [frame(0x81, new Uint8Array([0xff])), CLOSE.notText],
    [frame(0x88, new Uint8Array([3])), CLOSE.protocolError],
    [frame(0x88, new Uint8Array([3, 237])), CLOSE.protocolError], // 1005
  ];
  for (const [bytes, code] of cases) assertEquals(frames(concat([bytes, frame(0x81, "x")])), [code]);
});

Deno.test("whatever frames come, a decoder throws nothing, and its answer does not depend on the cuts", () => {
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(fc.constantFrom(0, 1, 0x80, 0x81, 0x88, 0x89, 0x8a), fc.uint8Array({ maxLength: 130 })).map((
      [first, rest],
    ) => frame(first, rest)),
  );
  fc.assert(fc.property(fc.array(any, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (parts, most) => {
    const bytes = concat(parts);
    assertEquals(frames(bytes, most), frames(bytes));
  }));
});

Deno.test("a frame of the server has the shortest length, and no mask", () => {
  for (const [length, head] of [[0, [0x81, 0]], [125, [0x81, 125]], [126, [0x81, 126, 0, 126]]] as const) {
    assertEquals([...encodeFrame(OPCODE.text, new Uint8Array(length)).slice(0, head.length)], [...head]);
  }
  assertEquals([...encodeFrame(OPCODE.text, new Uint8Array(65_536)).slice(0, 10)], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
});
