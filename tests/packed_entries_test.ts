import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PACKED_ENTRIES } from "../lib/core/limits.ts";
import { encodeText } from "../lib/core/text.ts";
import { lastPlaceOf, pack, packedLength, sequenceOf, unpack } from "../lib/exchange/makers/packed_entries.ts";

Deno.test("entries are the same after they were packed into one message", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: PACKED_ENTRIES }),
    (entries) => {
      const message = pack(entries);
      assertEquals(message.length, entries.reduce((sum, entry) => sum + packedLength(entry), 0));
      assertEquals(unpack(message), entries);
    },
  ));
});

Deno.test("a message that no server has packed is one entry, whatever it has", () => {
  const foreign = (message: Uint8Array) => assertEquals(unpack(message), [message]);
  foreign(encodeText("hello"));
  foreign(new Uint8Array());
  foreign(pack([encodeText("cut off")]).subarray(0, -1));
  foreign(pack(Array(PACKED_ENTRIES + 1).fill(encodeText("one too many"))));
  // Whatever is unpacked is all of the message, so that nothing of it is lost.
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (message) => {
    const entries = unpack(message);
    if (entries.length > 1) assertEquals(pack(entries), message);
  }));
});

Deno.test("places of entries grow from message to message, and lead back to it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 44 }), fc.integer({ min: 0, max: PACKED_ENTRIES - 1 }), (n, i) => {
      assertEquals(sequenceOf(lastPlaceOf(n) - i), n);
      assertEquals(lastPlaceOf(n) < lastPlaceOf(n + 1) - (PACKED_ENTRIES - 1), true);
    }),
  );
  assertEquals([lastPlaceOf(0), sequenceOf(1)], [0, 1]);
});
