import { assertEquals } from "@std/assert";
import { encodeBase64 } from "../lib/core/bytes.ts";
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

Deno.test("no receipt for a later message is shared before a failure whose record is still looked up", () => {
  using server = new SharingHub("bob");
  server.hub.tick(0, 0);
  for (const number of [1, 2]) {
    server.give("s1", number, { type: "entry", kind: "message", from: "ann", to: BOB, text: `${number}`, time: 0 });
  }
  // What waits is read from the store, which does not say which records it is.
  server.restart();
  const enter = () => {
    const bob = server.connect();
    bob.do({ type: "login", name: "bob", password: "p" });
    server.giveBack();
    bob.do({ type: "ready" });
    server.now += 1000;
    server.run();
    return bob;
  };
  const before = enter();
  server.stalling = "recordOf";
  before.do({ type: "leave", why: "closed La" });
  const after = enter();
  assertEquals([before.told.length, after.told.length], [2, 1]);
  after.do({ type: "taken", id: after.told[0]! });
  server.answer();
  const shared = server.recorded.filter(({ type }) => type === "entry" || type === "received");
  assertEquals(shared.map((record) => "kind" in record ? [record.kind, record.of] : [record.type]), [
    ["failure", { server: "s1", number: 1 }],
    ["received"],
  ]);
});

Deno.test("while the store cannot look up a record it is asked again after growing pauses, and then all goes on", () => {
  using server = new SharingHub();
  const message = { server: "s1", number: 1 };
  server.give("s1", 1, { type: "entry", kind: "message", from: "ann", to: BOB, text: "1", time: 0 });
  server.failing = "entryOf";
  server.give("s1", 2, { type: "entry", kind: "edit", from: "ann", to: BOB, text: "2", time: 1, of: message });
  const asked = [];
  for (; server.now < 3000; server.now += 50) {
    server.run();
    if (server.failures > asked.length) asked.push(server.now);
  }
  assertEquals(asked, [0, 250, 650, 1250, 2100]);
  server.failing = undefined;
  server.now += 10_000;
  server.run();
  assertEquals(server.store.query({ type: "entry", seq: 1 }).entry?.text, "1");
  assertEquals(server.store.snapshot.last, 2);
});

Deno.test("a guest whose name a user has from now on, at any server, leaves, and one whose name only looks like it", () => {
  using server = new SharingHub();
  const guests = ["ann", "Anna", "bea"].map((as) => {
    const guest = server.connect();
    guest.do({ type: "enterRoom", as, room: as });
    return guest;
  });
  const key = `key ${encodeBase64(new Uint8Array(32))}`;
  server.give("s1", 1, { type: "claim", name: "ann", ref: key });
  server.give("s1", 2, { type: "claim", name: "anna", ref: "here s1" });
  const why = (name: string) =>
    `ended because a user has the name "${name}" now, and this one is the same or looks like it`;
  assertEquals(guests.map(({ closing }) => closing), [why("ann"), why("anna"), undefined]);
});
