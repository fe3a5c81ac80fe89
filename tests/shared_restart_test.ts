import { assertEquals } from "@std/assert";
import { SharingHub } from "./support/sharing_hub.ts";

const BOB = { user: "bob" };

Deno.test("after a restart a server knows what its users have said at other servers: what they say comes after that", () => {
  using server = new SharingHub("ann", "bob");
  server.give("s1", 1, { type: "entry", kind: "message", from: "ann", to: BOB, text: "at s1", time: 0 });
  server.give("s1", 2, {
    type: "entry",
    kind: "message",
    from: "gus",
    to: BOB,
    text: "of a guest",
    time: 0,
    isGuest: true,
  });
  server.restart();
  server.resume("ann", "c").do({ type: "say", number: 1, to: BOB, text: "here" });
  const said = server.recorded.filter((record) => record.type === "entry");
  assertEquals(said.map(({ text, after }) => ({ text, after })), [
    { text: "here", after: [{ server: "s1", number: 1 }] },
  ]);
});

Deno.test("a client's number that is recorded stays taken, whatever comes back from the exchange in the same batch", () => {
  using server = new SharingHub("ann", "bob");
  const client = server.resume("ann", "c");
  client.do({ type: "say", number: 1, to: BOB, text: "1" });
  client.begin({ type: "say", number: 2, to: BOB, text: "2" });
  server.giveBack();
  assertEquals(server.store.snapshot.producers.map(({ number }) => number), [2]);
});
