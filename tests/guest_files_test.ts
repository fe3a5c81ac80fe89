import { assertEquals } from "@std/assert";
import type { Effect } from "../lib/chat/effect.ts";
import { GuestFiles } from "../lib/chat/guest_files.ts";
import { FileBytes } from "../lib/chat/shared_file.ts";
import { Session } from "../lib/chat/users.ts";
import { limits } from "../lib/core/limits.ts";
import { Outputs } from "../lib/core/machine.ts";

const LIMITS = limits({ roomsFileBytes: 60, roomsHeldBytes: 100, roomsWaitingBytes: 80, roomsOffers: 2 });

function opened() {
  const outputs = new Outputs<Effect>();
  const files = new GuestFiles({ outputs, limits: LIMITS });
  const [alice, bob] = [new Session(1, "10.0.0.1"), new Session(2, "10.0.0.2")];
  alice!.guestName = "alice";
  /** What sessions were told since the last call, but for the log. */
  const told = () =>
    outputs.take().flatMap((effect) => {
      if (effect.type !== "tell") return [];
      const { event } = effect;
      if (event.type === "file" || event.type === "offerEnds") return `${effect.to} ${event.type} ${event.id}`;
      if (event.type === "offerFile") return `${effect.to} offerFile ${event.file.id}`;
      if (event.type === "fileReserved") return `${effect.to} ${event.why === undefined ? "reserved" : "not reserved"}`;
      return `${effect.to} ${event.type}`;
    });
  return { files, alice: alice!, bob: bob!, told };
}

Deno.test("a file is held while it is on its way or offered; offers end, the oldest first, when another file needs their memory", () => {
  const { files, alice, bob, told } = opened();
  for (const receivers of [[bob], []]) {
    files.begin(alice, "f", 40);
    files.share(alice, new FileBytes(40), receivers, true);
  }
  assertEquals(told(), ["1 fileAnswer", "2 file 1", "1 offerFile 1", "1 fileAnswer", "1 offerFile 2"]);
  assertEquals(files.bytes, 80);
  // The first is still on its way to bob, so the second goes as well.
  files.begin(bob, "g", 50);
  assertEquals(told(), ["1 offerEnds 1", "1 offerEnds 2", "2 fileAnswer"]);
  assertEquals(files.bytes, 90);
  files.taken(bob.id, 1);
  assertEquals(files.bytes, 50);
  assertEquals(files.left(bob.id), []);
  assertEquals(files.bytes, 0);
});

Deno.test("one guest has a bounded number of offers, and one that leaves takes them along, with the signals that end them", () => {
  const { files, alice, told } = opened();
  for (let i = 0; i < 3; i++) {
    files.begin(alice, "f", 10);
    files.share(alice, new FileBytes(10), [], true);
  }
  assertEquals(told().filter((each) => each.includes("offerEnds")), ["1 offerEnds 1"]);
  files.offered(alice, 2, "the end of 2");
  files.notOffered(alice, 3, "too many messages");
  assertEquals(told(), ["1 offerEnds 3"]);
  assertEquals(files.bytes, 10);
  assertEquals(files.left(alice.id), ["the end of 2"]);
  assertEquals(files.bytes, 0);
});

Deno.test("memory is reserved for what members offer, up to what may wait for one guest, and is free again whatever becomes of it", () => {
  const { files, alice, told } = opened();
  for (const offer of ["a", "b"]) files.reserve(alice, offer, 30);
  files.reserve(alice, "c", 30);
  assertEquals(told(), ["1 reserved", "1 reserved", "1 not reserved"]);
  files.arrived(alice, { offer: "a", from: "bob", name: "a", contents: new FileBytes(30) });
  assertEquals(told(), ["1 file 1"]);
  files.release(alice, "b");
  files.release(alice, "b");
  assertEquals(files.bytes, 30);
  files.taken(alice.id, 1);
  assertEquals(files.bytes, 0);
  files.reserve(alice, "d", 60);
  assertEquals(files.bytes, 60);
  files.left(alice.id);
  assertEquals(files.bytes, 0);
  files.arrived(alice, { offer: "d", from: "bob", name: "d", contents: new FileBytes(60) });
  assertEquals(files.bytes, 0);
});
