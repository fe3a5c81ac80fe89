import { assert, assertEquals } from "@std/assert";
import { timingSafeEqual } from "../lib/core/bytes.ts";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { LineDecoder } from "../lib/core/line_decoder.ts";
import { LIMITS, limits } from "../lib/core/limits.ts";
import { RateLimiter } from "../lib/core/limiters.ts";
import { SharedRate } from "../lib/core/shared_rate.ts";
import { encodeText, oneLine, sanitized } from "../lib/core/text.ts";
import { VERSION } from "../lib/core/version.ts";
import config from "../deno.json" with { type: "json" };

function taken(decoder: LineDecoder): (string | Fault)[] {
  const lines: (string | Fault)[] = [];
  for (let line = decoder.next(); line !== undefined; line = decoder.next()) lines.push(line);
  return lines;
}

Deno.test("the decoder yields the same lines for input byte by byte and all at once", () => {
  const text = "one\r\n\ntwo\rstill two\nthree é 🎉\nrest";
  const lines = ["one", "", "two\rstill two", "three é 🎉"];
  const whole = new LineDecoder(100);
  whole.push(encodeText(text));
  assertEquals(taken(whole), lines);
  assertEquals(whole.unfinishedText(), "rest");
  const bytewise = new LineDecoder(100);
  const found = [...encodeText(text)].flatMap((byte) => {
    bytewise.push(Uint8Array.of(byte));
    return taken(bytewise);
  });
  assertEquals(found, lines);
});

Deno.test("a line over the limit is one fault, and decoding stops", () => {
  for (const text of ["123456\nok\n", "123456"]) {
    const decoder = new LineDecoder(5);
    decoder.push(encodeText(text));
    const [fault, ...more] = taken(decoder);
    assertEquals(fault, new Fault("too long", "expected a line of at most 5 bytes, found 6"));
    assertEquals(more, []);
    decoder.push(encodeText("ok\n"));
    assertEquals([taken(decoder), decoder.heldBytes], [[], 0]);
  }
});

Deno.test("a line of exactly the limit is accepted, with \\n and with \\r\\n", () => {
  const decoder = new LineDecoder(5);
  decoder.push(encodeText("12345\n12345\r"));
  assertEquals(taken(decoder), ["12345"]);
  decoder.push(encodeText("\n"));
  assertEquals(taken(decoder), ["12345"]);
});

Deno.test("a line that is not UTF-8 is consumed and reported as a fault", () => {
  const decoder = new LineDecoder(50);
  decoder.push(Uint8Array.of(0xff, 0x0a, 0x61, 0x0a));
  assertEquals(taken(decoder), [new Fault("not text", "expected UTF-8, found ff"), "a"]);
});

Deno.test("any bytes in any pieces: the same lines, no exception, memory within the limit", () => {
  const alphabet = fc.constantFrom(0x0a, 0x0a, 0x0d, 0x61, 0x62, 0xc3, 0xa9, 0xff);
  fc.assert(fc.property(fc.array(alphabet, { maxLength: 200 }), fc.array(fc.nat(20)), (bytes, cuts) => {
    const whole = new LineDecoder(16);
    whole.push(Uint8Array.from(bytes));
    const cut = new LineDecoder(16);
    const found: (string | Fault)[] = [];
    let at = 0;
    for (const length of [...cuts, bytes.length]) {
      cut.push(Uint8Array.from(bytes.slice(at, at + length)));
      found.push(...taken(cut));
      assert(cut.heldBytes <= 17, "after taking, at most one line and its return is held");
      at += length;
    }
    // How much of an over-long line had arrived depends on the splits; the lines before it do not.
    const kinds = (lines: (string | Fault)[]) => lines.map((line) => line instanceof Fault ? line.kind : line);
    assertEquals(kinds(found), kinds(taken(whole)));
  }));
});

Deno.test("sanitized text cannot control the terminal", () => {
  assertEquals(sanitized("a\x1b[2Jb\x07\r\n\t\x7f\x9b0m\u202eabc\u2028é🎉"), "a␛[2Jb␇␍␊\t␡\ufffd0m\ufffdabc\ufffdé🎉");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/.test(sanitized(text)));
  }));
});

Deno.test("text for a line protocol contains no line break", () => {
  assertEquals(oneLine("a\r\nb\nc\rd e"), "a b c d e");
});

Deno.test("secrets compare equal only if they are equal", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (one, other) => {
    assert(timingSafeEqual(one, one.slice()));
    assertEquals(timingSafeEqual(one, other), one.length === other.length && one.every((byte, i) => byte === other[i]));
  }));
});

Deno.test("a rate limit allows its burst at once, then its rate, and says when to try again", () => {
  const rate = new RateLimiter(3, 10, 0);
  assertEquals([rate.take(0), rate.take(0), rate.take(0), rate.take(0)], [true, true, true, false]);
  assertEquals(rate.readyAt(0), 100);
  assertEquals([rate.take(99), rate.take(100), rate.take(100)], [false, true, false]);
  assertEquals([rate.take(100_000), rate.take(100_000), rate.take(100_000), rate.take(100_000)], [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(rate.take(0), false, "a clock that goes back gives nothing");
});

Deno.test("a shared rate: those who flood share it evenly, and a peer that says little does not wait for them", () => {
  const shared = new SharedRate(40, 100, { burst: 2, perSecond: 1 }, 0);
  const flooders = Array.from({ length: 5 }, () => shared.open(0));
  const quiet = shared.open(0);
  const taken = flooders.map(() => 0);
  let [spoken, waited] = [0, 0];
  for (let now = 0; now < 60_000; now += 50) {
    flooders.forEach((share, i) => {
      while (share.take(now)) taken[i]!++;
      assert(share.readyAt(now) > now, "asking again at once would be a loop");
    });
    // Those who flood have left nothing.
    if (now > 5000 && now % 2000 === 0) quiet.take(now) ? spoken++ : waited++;
  }
  const all = taken.reduce((sum, count) => sum + count);
  assertEquals([spoken, waited], [27, 0]);
  assert(all >= 40 + 100 * 58 && all <= 40 + 100 * 60, `${all} were taken`);
  assert(Math.max(...taken) < 1.2 * Math.min(...taken), `${taken}`);
});

Deno.test("a shared rate: who connects again and again gets no more of it than who stays", () => {
  const shared = new SharedRate(20, 100, { burst: 5, perSecond: 1 }, 0);
  let taken = 0;
  for (let now = 0; now < 10_000; now += 5) {
    const share = shared.open(now);
    while (share.take(now)) taken++;
  }
  assert(taken <= 20 + 100 * 10, `${taken} were taken`);
});

Deno.test("every limit's default lies within its bounds and can be overridden", () => {
  for (const [name, { default: usual, min, max }] of Object.entries(LIMITS)) assert(min <= usual && usual <= max, name);
  assertEquals(limits({ receiptMs: 7 }).receiptMs, 7);
  assertEquals(limits().receiptMs, 5000);
});

Deno.test("the version is the one in deno.json", () => {
  assertEquals(VERSION, config.version);
});
