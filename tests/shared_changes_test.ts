import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EntryRecord } from "../lib/chat/records.ts";
import { SharingHub } from "./support/sharing_hub.ts";

const MESSAGE = { server: "s0", number: 1 };
const SAID: EntryRecord = {
  ...{ type: "entry", kind: "message", from: "ann", to: { user: "bob" }, text: "0", time: 10, client: "c", number: 1 },
};

/** A change of ann's message. */
function change(kind: EntryRecord["kind"], text: string, time: number, number: number, from = "ann"): EntryRecord {
  return { ...{ type: "entry", kind, from, to: { user: "bob" }, text, time, of: MESSAGE, client: `c${from}`, number } };
}

/** What is the same at all servers: the names of a mark are in the order in which a server has learned of them. */
function comparable({ text, withdrawn, reactions }: ReturnType<typeof shownAfter>) {
  return { text, withdrawn, reactions: reactions?.map(({ mark, by }) => ({ mark, by: by.toSorted() })) };
}

/** What a server shows of the message that learns of these changes in this order, the record of each from its server. */
function shownAfter(changes: readonly (readonly [server: string, record: EntryRecord])[]) {
  using server = new SharingHub();
  server.give(MESSAGE.server, MESSAGE.number, SAID);
  const last = new Map([[MESSAGE.server, MESSAGE.number]]);
  for (const [from, record] of changes) {
    const number = (last.get(from) ?? 0) + 1;
    last.set(from, number);
    server.give(from, number, record);
  }
  return shownBy(server);
}

function shownBy({ store }: SharingHub) {
  const { id } = store.snapshot.pairs[0]!;
  const { messages } = store.query({ type: "history", conversation: id, limit: 10 });
  const { text, edited, withdrawn, reactions } = messages[0]!;
  return { text, edited, withdrawn, reactions };
}

Deno.test("of edits at servers that were apart, the later one counts, in whatever order a server learns of them", () => {
  const [first, second] = [change("edit", "1", 100, 2), change("edit", "2", 200, 3)];
  for (const order of [[["s1", first], ["s2", second]], [["s2", second], ["s1", first]]] as const) {
    assertEquals(shownAfter(order).text, "2");
  }
});

Deno.test("edits of the same time are decided by their records, and a later edit of the same server counts", () => {
  const [one, other] = [change("edit", "1", 100, 2), change("edit", "2", 100, 3)];
  assertEquals(shownAfter([["s1", one], ["s2", other]]), shownAfter([["s2", other], ["s1", one]]));
  assertEquals(shownAfter([["s1", one], ["s1", other]]).text, "2");
});

Deno.test("a withdrawal is final: an edit and a reaction that a server learns of afterwards change nothing, however late they are", () => {
  const shown = shownAfter([
    ["s1", change("withdrawal", "", 100, 2)],
    ["s2", change("edit", "1", 200, 3)],
    ["s3", change("reaction", "👍", 300, 1, "bob")],
  ]);
  assertEquals(shown, { text: "", edited: false, withdrawn: true, reactions: undefined });
});

Deno.test("of a user's reactions with one mark the later counts, and other marks and users are their own", () => {
  const [put, back] = [change("reaction", "👍", 100, 1, "bob"), change("reaction", "-👍", 200, 2, "bob")];
  const others = [["s1", change("reaction", "🎉", 50, 3, "bob")], ["s3", change("reaction", "👍", 60, 4)]] as const;
  const expected = [{ mark: "👍", by: ["ann"] }, { mark: "🎉", by: ["bob"] }];
  assertEquals(shownAfter([["s2", back], ["s1", put], ...others]).reactions, expected);
  assertEquals(shownAfter([["s1", put], ["s2", back], ...others]).reactions, expected);
});

Deno.test("servers that learn of the same changes in different orders show the same", () => {
  const aChange = fc.tuple(
    fc.constantFrom("s1", "s2", "s3"),
    fc.constantFrom("edit" as const, "edit" as const, "reaction" as const, "reaction" as const, "withdrawal" as const),
    fc.constantFrom("👍", "-👍", "🎉"),
    fc.constantFrom("ann", "bob"),
  );
  fc.assert(
    fc.property(
      fc.array(aChange, { maxLength: 8 }),
      fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
      (made, keys) => {
        const changes = made.map(([server, kind, mark, from], at) => {
          const by = kind === "reaction" ? from : "ann";
          // The clock of each server grows; some changes are made at the same time.
          const text = kind === "edit" ? `${at}` : kind === "withdrawal" ? "" : mark;
          return [server, change(kind, text, Math.floor(at / 2), 2 + at, by)] as const;
        });
        // Another order, in which those of each server keep theirs.
        const shuffled = changes.map((_, at) => at).sort((one, other) => keys[one]! - keys[other]!);
        const ofServer = Map.groupBy(changes, ([server]) => server);
        const reordered = shuffled.map((at) => ofServer.get(changes[at]![0])!.shift()!);
        assertEquals(comparable(shownAfter(reordered)), comparable(shownAfter(changes)));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("an edit that waits for the exchange counts no more when a later one of another server has come first, and its client has an answer", () => {
  using server = new SharingHub("ann");
  server.give(MESSAGE.server, MESSAGE.number, SAID);
  const client = server.resume("ann", "c2");
  client.do({ type: "edit", number: 1, of: server.store.snapshot.last, text: "here" });
  server.give("s1", 1, change("edit", "elsewhere", 1000, 2));
  assertEquals(client.sentUpTo, 0);
  server.giveBack();
  assertEquals(client.sentUpTo, 1);
  assertEquals(shownBy(server).text, "elsewhere");
});

Deno.test("an edit that its client has made at two servers counts by its later time, also where the earlier one came first and counted no more", () => {
  using server = new SharingHub("ann");
  server.give(MESSAGE.server, MESSAGE.number, SAID);
  server.give("s1", 1, change("edit", "elsewhere", 100, 2));
  const client = server.resume("ann", "c2");
  client.do({ type: "edit", number: 1, of: 1, text: "here" });
  // Made while that server was apart, and not answered.
  server.give("s2", 1, { ...change("edit", "here", 50, 1), client: "c2" });
  assertEquals(shownBy(server).text, "elsewhere");
  server.giveBack();
  assertEquals(shownBy(server).text, "here");
  // As at a server that learns of all this from the exchange.
  using other = new SharingHub("ann");
  other.give(MESSAGE.server, MESSAGE.number, SAID);
  other.give("s1", 1, change("edit", "elsewhere", 100, 2));
  other.give("s2", 1, { ...change("edit", "here", 50, 1), client: "c2" });
  for (const [at, record] of server.recorded.entries()) other.give("s3", at + 1, record);
  assertEquals(shownBy(other).text, "here");
});

Deno.test("a client that says an edit again, which has come from another server and counts no more, has an answer", () => {
  using server = new SharingHub("ann");
  server.give(MESSAGE.server, MESSAGE.number, SAID);
  server.give("s1", 1, change("edit", "elsewhere", 100, 2));
  const here = server.resume("ann", "c2");
  server.give("s2", 1, { ...change("edit", "here", 50, 1), client: "c2" });
  assertEquals(here.sentUpTo, 1);
  const again = server.resume("ann", "c2");
  again.do({ type: "edit", number: 1, of: 1, text: "here" });
  assertEquals([again.sentUpTo, shownBy(server).text], [1, "elsewhere"]);
});

Deno.test("an edit is refused while the store cannot say which record its message is: the other servers would not learn of it", () => {
  using server = new SharingHub("ann");
  server.give(MESSAGE.server, MESSAGE.number, SAID);
  const client = server.resume("ann", "c2");
  server.failing = "recordOf";
  client.do({ type: "edit", number: 1, of: 1, text: "here" });
  assertEquals([client.refusal, shownBy(server).text], ["disk I/O error", "0"]);
});

Deno.test("an edit is later than those that its server knew, however far ahead the clock of another server is", () => {
  using server = new SharingHub("ann");
  server.give(MESSAGE.server, MESSAGE.number, SAID);
  server.give("s1", 1, change("edit", "elsewhere", 9_000_000, 2));
  const client = server.resume("ann", "c2");
  client.do({ type: "edit", number: 1, of: 1, text: "here" });
  server.giveBack();
  assertEquals(shownBy(server).text, "here");
});
