import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeRecord } from "../lib/chat/records.ts";
import type { RecordId } from "../lib/chat/record_id.ts";
import { IncomingRecords } from "../lib/exchange/incoming.ts";
import { recordsBefore } from "../lib/exchange/messages.ts";
import { Outbox } from "../lib/exchange/outbox.ts";
import { OtherServers } from "../lib/exchange/servers.ts";

interface Made {
  readonly number: number;
  readonly text: string;
}

/** A message that is said after others. */
function said(text: string, after: readonly RecordId[] = []): string {
  return encodeRecord({
    ...{ type: "entry", kind: "message", from: "ann", to: { user: "bob" }, text, time: 0 },
    after: after.length > 0 ? after : undefined,
  });
}

/** The server "me", which has heard a server that has everything of these. */
class Reader {
  readonly servers = new OtherServers();
  readonly outbox = new Outbox(0, 0);
  readonly incoming = new IncomingRecords("me", new Map(), this.servers, this.outbox);
  place = 0;

  constructor(readonly made: Readonly<Record<string, readonly Made[]>>) {
    const taken = Object.entries(made).map(([server, { length }]) => ({ server, number: length }));
    this.servers.heard("all", { name: "all", taken }, 0);
  }

  /** A record comes by the exchange's log. */
  entry(server: string, number: number): void {
    const { text } = this.made[server]![number - 1]!;
    this.incoming.entry({ server, number }, text, { epoch: 1, place: ++this.place }, 0);
  }

  /** The server that has everything answers with so many records after a number. */
  answer(of: string, after: number, count = Infinity): number {
    const records = this.made[of]!.slice(after, after + count).map((each) => ({ ...each, place: undefined }));
    return this.incoming.answer(of, after, records, 0);
  }

  get given(): string {
    return this.incoming.takeGiven().map(({ id: { server, number } }) => `${server}${number}`).join(" ");
  }
}

Deno.test("a record comes after those that it names: what it is about, and what its sender has said at other servers", () => {
  const text = encodeRecord({
    ...{ type: "entry", kind: "edit", from: "ann", to: { room: "lobby" }, time: 0, text: '{"server":"x","number":9}' },
    of: { server: "s1", number: 4 },
    after: [{ server: "s2", number: 7 }, { server: "s3", number: 1 }],
  });
  assertEquals(recordsBefore(text), [
    { server: "s1", number: 4 },
    { server: "s2", number: 7 },
    { server: "s3", number: 1 },
  ]);
});

Deno.test("what a user says at a second server waits for what was said at the first, which the exchange has lost", () => {
  const seen = new Reader({
    a: [{ number: 1, text: said("one") }, { number: 2, text: said("two") }],
    b: [{ number: 1, text: said("three", [{ server: "a", number: 2 }]) }],
  });
  seen.entry("b", 1);
  assertEquals(seen.given, "");
  assertEquals(seen.incoming.due(0), [{ ask: "all", of: "b", after: 0 }]);
  assertEquals(seen.answer("b", 0), 0);
  assertEquals(seen.given, "");
  // The answer is held, and not asked for again.
  assertEquals(seen.incoming.due(10_000), [{ ask: "all", of: "a", after: 0 }]);
  seen.answer("a", 0);
  assertEquals(seen.given, "a1 a2 b1");
});

Deno.test("a talk between two servers, each record of which names one of the other, is caught up with in a few answers", () => {
  const talk = (other: string, ahead: number) =>
    Array.from({ length: 500 }, (_, at) => ({
      number: at + 1,
      text: said("text", at + ahead > 0 ? [{ server: other, number: at + ahead }] : []),
    }));
  const seen = new Reader({ a: talk("b", 0), b: talk("a", 1) });
  let answers = 0;
  let given = 0;
  for (let now = 0; given < 1000 && answers < 1000; now += 5000) {
    for (const { of, after } of seen.incoming.due(now)) {
      seen.answer(of, after, 100);
      answers++;
    }
    given += seen.incoming.takeGiven().length;
  }
  assertEquals({ given, answers }, { given: 1000, answers: 10 });
});

Deno.test("a record about one of this server waits until that has come back", () => {
  const seen = new Reader({ b: [{ number: 1, text: said("yes", [{ server: "me", number: 1 }]) }] });
  seen.outbox.add(1, said("well?"));
  seen.answer("b", 0);
  assertEquals(seen.given, "");
  seen.outbox.gaveBack(1);
  seen.incoming.proceed(0);
  assertEquals(seen.given, "b1");
});

Deno.test("records that no server has any more are left out, after many answers without any", () => {
  const seen = new Reader({ a: [{ number: 1, text: said("one") }] });
  seen.incoming.due(0);
  seen.incoming.due(5000);
  let lost = 0;
  for (let answers = 0; lost === 0 && answers < 100; answers++) lost = seen.incoming.answer("a", 0, [], 5000);
  assertEquals(lost, 1);
  assertEquals(seen.incoming.taken, new Map([["a", 1]]));
});

/** Records of three servers, each made after those that its server had. */
const chats = fc.array(
  fc.record({ server: fc.constantFrom("a", "b", "c"), knows: fc.array(fc.nat(30), { maxLength: 3 }) }),
  { minLength: 1, maxLength: 30 },
);

Deno.test("however records come, by the log or in answers of any length, each is given once, in order, and after those that it names", () => {
  fc.assert(fc.property(
    chats,
    fc.array(fc.record({ at: fc.nat(30), count: fc.integer({ min: 0, max: 8 }) }), { maxLength: 40 }),
    (chat, deliveries) => {
      const made: Record<string, Made[]> = { a: [], b: [], c: [] };
      const ids: RecordId[] = [];
      for (const { server, knows } of chat) {
        const after = knows.flatMap((at) => ids[at] && ids[at].server !== server ? [ids[at]] : []);
        const number = made[server]!.length + 1;
        made[server]!.push({ number, text: said("text", after) });
        ids.push({ server, number });
      }
      const seen = new Reader(made);
      const given: string[] = [];
      const take = () => {
        for (const { id, text } of seen.incoming.takeGiven()) {
          for (const { server, number } of recordsBefore(text)) {
            assertEquals(given.includes(`${server}${number}`), true, `${id.server}${id.number} came too early`);
          }
          given.push(`${id.server}${id.number}`);
        }
      };
      for (const { at, count } of deliveries) {
        const { server, number } = ids[at % ids.length]!;
        if (count === 0) seen.entry(server, number);
        else seen.answer(server, Math.min(number - 1, seen.incoming.taken.get(server) ?? 0), count);
        take();
      }
      // Every question is answered in the end.
      for (let now = 1; given.length < ids.length && now < 1000; now++) {
        for (const { of, after } of seen.incoming.due(now * 5000)) seen.answer(of, after, 3);
        take();
      }
      assertEquals(given.toSorted(), ids.map(({ server, number }) => `${server}${number}`).toSorted());
      for (const server of ["a", "b", "c"]) {
        const numbers = given.filter((each) => each.startsWith(server)).map((each) => Number(each.slice(1)));
        assertEquals(numbers, numbers.toSorted((one, other) => one - other));
      }
    },
  ));
});
