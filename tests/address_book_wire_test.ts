import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { encodeListing, ListingDecoder, REPLY_FORMS } from "../lib/protocols/directory/listing.ts";
import { decodeDirectoryRequest, encodeDirectoryRequest } from "../lib/protocols/directory/request.ts";

Deno.test("a request consists of a type, an address, a port and a name, with or without a line break", () => {
  const alice = { type: "R", hostname: "192.168.1.7", port: 3001, user: "alice" };
  for (const end of ["", "\n", "\r\n", "\r"]) {
    assertEquals(decodeDirectoryRequest(`R:192.168.1.7:3001:alice${end}`), alice);
  }
  assertEquals(decodeDirectoryRequest("K:192.168.1.7:3001:alice"), { ...alice, type: "K" });
  assertEquals(decodeDirectoryRequest("R::3001:alice"), { ...alice, hostname: "" });
  assertEquals(decodeDirectoryRequest("R:lab-pc3:3001:al:ice"), { ...alice, hostname: "lab-pc3", user: "al:ice" });
  assertEquals(decodeDirectoryRequest("R:192.168.1.7:3001:a::b:"), { ...alice, user: "a::b:" });
  for (const hostname of ["::1", "fe80::1", "::ffff:10.0.0.5", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "2001:1234::9"]) {
    assertEquals(decodeDirectoryRequest(`R:${hostname}:3001:alice`), { ...alice, hostname }, hostname);
  }
});

Deno.test("anything else is a fault that states the rule and the input", () => {
  const cases: [string, string][] = [
    ["", 'expected TYPE:IP:UDPPORT:USERID with R or K for TYPE, found ""'],
    ["hello", 'expected TYPE:IP:UDPPORT:USERID with R or K for TYPE, found "hello"'],
    ["r:1.2.3.4:3001:a", 'expected TYPE:IP:UDPPORT:USERID with R or K for TYPE, found "r:1.2.3.4:3001:a"'],
    ["R:1.2.3.4:3001", 'expected TYPE:IP:UDPPORT:USERID, found "R:1.2.3.4:3001"'],
    ["R:", 'expected TYPE:IP:UDPPORT:USERID, found "R:"'],
    ["R:fe80::1:3001", 'expected TYPE:IP:UDPPORT:USERID, found "R:fe80::1:3001"'],
    ["R:::1:3001", 'expected TYPE:IP:UDPPORT:USERID, found "R:::1:3001"'],
    [
      "R:1.2.3.4:0:a",
      'expected TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:0:a"',
    ],
    [
      "R:1.2.3.4:65536:a",
      'expected TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:65536:a"',
    ],
    ["R:1.2.3.4:-1:a", 'expected TYPE:IP:UDPPORT:USERID with 1 to 65535 for UDPPORT, found "R:1.2.3.4:-1:a"'],
    ["R:1.2.3.4:3001:", 'expected TYPE:IP:UDPPORT:USERID with a name for USERID, found "R:1.2.3.4:3001:"'],
  ];
  for (const [text, message] of cases) {
    assertEquals(decodeDirectoryRequest(text), new Fault("malformed", message), text);
  }
});

Deno.test("any text is a request or a fault, and what we encode we decode", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "R:", "K:::", "R:1.2.3.4:", "K::1:"),
      (text, head) => {
        const request = decodeDirectoryRequest(head + text);
        assert(request instanceof Fault || (request.port > 0 && request.user !== ""));
      },
    ),
  );
  const hostnames = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(
      fc.constantFrom("R" as const, "K" as const),
      hostnames,
      fc.integer({ min: 1, max: 65535 }),
      (...given) => {
        const [type, hostname, port] = given;
        const request = { type, hostname, port, user: "alice" };
        assertEquals(decodeDirectoryRequest(decodeLossy(encodeDirectoryRequest(request))), request);
      },
    ),
  );
  assertEquals(
    encodeDirectoryRequest({ type: "R", hostname: "::1", port: 1, user: "a\nb" }),
    encodeText("R:::1:1:a␊b"),
  );
});

const five = { hostname: "10.0.0.5", port: 3001 };
const six = { hostname: "10.0.0.6", port: 3002 };

Deno.test("answers of all known servers, split anywhere, are decoded, and known to be complete when nothing more can come", () => {
  const cases: [text: string, addresses: unknown[], sure: boolean][] = [
    ["", [], false],
    ["-R:10.0.0.5:3001", [five], false],
    ["-R:10.0.0.5:3001-R:10.0.0.6:3002", [five, six], false],
    ["Null-", [], true],
    ["null-", [], true],
    ["Null", [], false],
    ["Null\n", [], true],
    ["0", [], false],
    ["0-", [], true],
    ["0\nNull-", [], true],
    ["1-R:10.0.0.5:3001", [five], false],
    ["1-R:10.0.0.5:3001\n", [five], true],
    // A name may follow.
    ["1-R:10.0.0.5:65535", [{ ...five, port: 65535 }], false],
    ["1-R:10.0.0.5:3001:bob", [{ ...five, name: "bob" }], false],
    ["1-R:10.0.0.5:3001:bob\n", [{ ...five, name: "bob" }], true],
    ["-R:10.0.0.5:3001:bob-R:10.0.0.6:3002:carol", [{ ...five, name: "bob" }, { ...six, name: "carol" }], false],
    ["2-R:10.0.0.5:3001:42-R:10.0.0.6:3002:\0", [{ ...five, name: "42" }, six], true],
    [
      "2-R:10.0.0.5:3001:Anna-Léna da Silva-R:10.0.0.6:3002:a:b",
      [{ ...five, name: "Anna-Léna da Silva" }, { ...six, name: "a:b" }],
      false,
    ],
    ["1-R:::1:3001:bob", [{ hostname: "::1", port: 3001, name: "bob" }], false],
    [
      `-R:10.0.0.5:3001:${"x".repeat(500)}-R:10.0.0.6:3002`,
      [{ ...five, name: "x".repeat(128 - "-R:10.0.0.5:3001:".length) }, six],
      false,
    ],
    ["2-R:10.0.0.5:3001-R:10.0.0.6:3002", [five, six], false],
    ["2-R:10.0.0.5:3001-R:10.0.0.6:3002\0\0", [five, six], true],
    ["2\n-R:10.0.0.5:3001\r\n-R:10.0.0.6:3002\n", [five, six], true],
    [" 2 R:10.0.0.5:3001 R:10.0.0.6:3002 ", [five, six], true],
    ["1-R:10.0.0.5:3001-R:10.0.0.6:3002", [five], true],
    ["3-R:10.0.0.5:3001", [five], false],
    ["-R:::1:3001-R:fe80::9:65000", [{ hostname: "::1", port: 3001 }, { hostname: "fe80::9", port: 65000 }], false],
    ["1-R:::1:9999", [{ hostname: "::1", port: 9999 }], false],
    ["1-R:::1:9999:3001", [{ hostname: "::1:9999", port: 3001 }], false],
    ["1-R:::1:30010", [{ hostname: "::1", port: 30010 }], false],
    ["-R:::ffff:10.0.0.5:3001", [five], false],
    ["-R:localhost:3001-R:10.0.0.300:1-R::3001-R:10.0.0.5:0-R:10.0.0.5:3001", [five], false],
  ];
  for (const [text, addresses, sure] of cases) {
    for (const size of [1, 2, 3, 1000]) {
      const decoder = new ListingDecoder();
      const bytes = encodeText(text);
      for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      assertEquals(decoder.answer !== undefined, sure, `${JSON.stringify(text)} by ${size}`);
      assertEquals(decoder.finish(), addresses as never, `${JSON.stringify(text)} by ${size}`);
    }
  }
});

Deno.test("an invalid or truncated answer is a fault that states the rule", () => {
  const cases = [
    "HTTP/1.1 400 Bad Request",
    "-",
    "-R",
    "-R:",
    "-R:10.0.0.5",
    "-R:10.0.0.5:",
    "-R:a:b",
    "2-R:10",
    "--",
    "Nu",
    "-R:10.0.0.5:3001:bob-R:10.0.0.6",
    "-R:10.0.0.5:3001:bob-",
    "-R:10.0.0.5:3001 carol",
  ];
  for (const text of cases) {
    const decoder = new ListingDecoder();
    decoder.push(encodeText(text));
    const fault = decoder.finish();
    assert(fault instanceof Fault && fault.message.startsWith("expected -R:IP:PORT, a count, or Null-, found "), text);
  }
});

Deno.test("any bytes in any pieces decode alike; an endless answer is a fault, and so is one with too many entries", () => {
  const piece = fc.oneof(
    fc.constantFrom("-R:10.0.0.5:3001", ":bob", " ", "2", "0", "Null-", "-R:::1:", "65535", "\n", "-", "R:").map(
      encodeText,
    ),
    fc.uint8Array({ maxLength: 5 }),
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const glued = new ListingDecoder();
    const cut = new ListingDecoder();
    const all = Uint8Array.from(pieces.flatMap((bytes) => [...bytes]));
    glued.push(all);
    for (const byte of all) cut.push(Uint8Array.of(byte));
    assertEquals([cut.answer, cut.whole, cut.begun], [glued.answer, glued.whole, glued.begun]);
    const whole = glued.whole;
    const answer = glued.finish();
    assertEquals(cut.finish(), answer);
    if (whole && glued.begun && glued.answer === undefined) assert(!(answer instanceof Fault));
  }));
  const most = Array.from({ length: 10_001 }, (_, i) => ({ hostname: "10.0.0.5", port: i + 1 }));
  const fits = new ListingDecoder();
  fits.push(encodeListing(most.slice(1), "text"));
  assertEquals(fits.finish(), most.slice(1));
  for (
    const bytes of [
      encodeListing(most, "text"),
      new Uint8Array(1024 * 1024 + 1).fill(0x20),
      new Uint8Array(200).fill(0x61),
    ]
  ) {
    const decoder = new ListingDecoder();
    decoder.push(bytes);
    const answer = decoder.finish();
    assert(answer instanceof Fault && answer.kind === "too long");
  }
});

Deno.test("the forms of the reply: without a count, with one, with names; what separates fields becomes _ in a name", () => {
  const [alice, bob] = [{ ...five, user: "al-i:ce b\n" }, { ...six, user: "bob" }];
  const encoded = (entries: (typeof bob)[]) => REPLY_FORMS.map((form) => decodeLossy(encodeListing(entries, form)));
  assertEquals(encoded([]), ["", "Null-", "Null-"]);
  assertEquals(encoded([bob]), ["-R:10.0.0.6:3002", "1-R:10.0.0.6:3002", "1-R:10.0.0.6:3002:bob"]);
  assertEquals(encoded([alice, bob]), [
    "-R:10.0.0.5:3001-R:10.0.0.6:3002",
    "2-R:10.0.0.5:3001-R:10.0.0.6:3002",
    "2-R:10.0.0.5:3001:al_i_ce_b␊-R:10.0.0.6:3002:bob",
  ]);
  // The course's clients: int(reply.split('-')[0]), then the parts, each split at the colons.
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 })), (names) => {
    const entries = names.map((user, i) => ({ hostname: "10.0.0.5", port: i + 1, user }));
    const [count, ...parts] = decodeLossy(encodeListing(entries, "names")).split("-");
    if (names.length === 0) return assertEquals([count, parts], ["Null", [""]]);
    assertEquals([Number(count), parts.length], [names.length, names.length]);
    for (const part of parts) assertEquals(part.split(":").length, 4);
  }));
});
