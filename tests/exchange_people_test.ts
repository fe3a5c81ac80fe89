import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PersonElsewhere } from "../lib/chat/elsewhere.ts";
import { decodeNotice, encodeNotice, type ServerNotice } from "../lib/exchange/messages.ts";
import { HeardPeople, OwnPeople } from "../lib/exchange/people.ts";
import { Fault } from "../lib/core/errors.ts";

const people = fc.uniqueArray(
  fc.record({ name: fc.constantFrom(..."abcdefghij"), isHandout: fc.boolean() }),
  { selector: ({ name }) => name },
);

/** A notice as it comes out of the exchange. */
function overTheWire(notice: ServerNotice): ServerNotice {
  const read = decodeNotice(encodeNotice("s1", notice));
  if (read instanceof Fault) throw read;
  return read.notice;
}

const sorted = (list: readonly PersonElsewhere[]) => [...list].sort((one, other) => one.name < other.name ? -1 : 1);

Deno.test("who has come and gone is told in few bytes, and a server that has missed a change asks for all", () => {
  const own = new OwnPeople(1000);
  const many = Array.from({ length: 1000 }, (_, i) => ({ name: `student${i}`, isHandout: false }));
  assertEquals(own.replace(many).map(({ type }) => type), ["people", "people"]);
  assertEquals(own.replace(many), []);
  const [left] = own.replace(many.slice(1));
  assertEquals(left, { type: "peopleChanged", version: 1002, came: [], went: ["student0"] });
  const heard = new HeardPeople();
  assertEquals(left?.type === "peopleChanged" && heard.changed(left), undefined);
});

Deno.test("whatever comes and goes, and whatever is lost on the way, a server that asks knows who is online", () => {
  fc.assert(fc.property(fc.array(fc.tuple(people, fc.boolean()), { maxLength: 20 }), (changes) => {
    const own = new OwnPeople(1000);
    const heard = new HeardPeople();
    let known: readonly PersonElsewhere[] = [];
    const hear = (notice: ServerNotice) => {
      if (notice.type === "people") return known = heard.part(notice) ?? known;
      const all = notice.type === "peopleChanged" ? heard.changed(notice) : undefined;
      if (all) return known = all;
      for (const each of own.whole()) hear(overTheWire(each));
    };
    let online: readonly PersonElsewhere[] = [];
    for (const [now, isLost] of changes) {
      online = now;
      const notices = own.replace(now);
      if (!isLost) { for (const notice of notices) hear(overTheWire(notice)); }
    }
    // The next greeting has the version.
    if (heard.version !== own.version) { for (const notice of own.whole()) hear(overTheWire(notice)); }
    assertEquals(sorted(known), sorted(online));
  }));
});
