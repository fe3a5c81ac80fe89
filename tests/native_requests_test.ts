import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Fault } from "../lib/core/errors.ts";
import { decodeNative } from "../lib/protocols/native/requests.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.stringMatching(/^[ -~]*$/),
  fc.constantFrom("", '"', "\\", "\n", "\0", "a".repeat(64), "a".repeat(65), "\u2028é"),
);
const numbers = fc.oneof(fc.nat(), fc.integer(), fc.double(), fc.constantFrom(0, -0, 1e15 - 1, 1e15, 2 ** 53, 1e21));

Deno.test("what is said and acknowledged is read alike, however its JSON is written", () => {
  const said = fc.record({ number: numbers, where: fc.constantFrom("to", "room"), name: texts, text: texts })
    .map(({ number, where, name, text }) => JSON.stringify({ type: "say", number, [where]: name, text }));
  const acked = numbers.map((seq) => JSON.stringify({ type: "ack", seq }));
  let read = 0;
  fc.assert(fc.property(fc.oneof(said, acked), (json) => {
    const request = decodeNative(json);
    const spaced = decodeNative(json.replace("{", "{ "));
    if (request instanceof Fault || request.type === "unreadable") {
      // The texts of faults show a part of what was read.
      assert(spaced instanceof Fault ? request instanceof Fault : spaced.type === "unreadable", json);
      return;
    }
    read++;
    assertEquals(request, spaced);
  }));
  assert(read > 20, `${read} were read`);
});

Deno.test("numbers with leading zeros, and characters that JSON forbids in texts, are faults", () => {
  const wrong = [
    '{"type":"ack","seq":007}',
    '{"type":"say","number":01,"to":"bob","text":"a"}',
    '{"type":"say","number":1,"to":"bob","text":"a\tb"}',
    '{"type":"say","number":1,"to":"b\nob","text":"a"}',
  ];
  for (const json of wrong) assert(decodeNative(json) instanceof Fault, json);
});
