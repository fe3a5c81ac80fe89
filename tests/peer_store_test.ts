import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import type { PeerStore } from "../lib/peers/store.ts";
import { Database } from "../lib/store/database.ts";
import { PeerKeys } from "../lib/store/peer_keys.ts";
import { PeerMemoryStore } from "../lib/store/peer_memory_store.ts";
import { PEER_STEPS, PeerSqliteStore } from "../lib/store/peer_sqlite_store.ts";

const makers: Record<string, (folder: string) => PeerStore> = {
  "memory": () => new PeerMemoryStore(),
  ":memory:": () => new PeerSqliteStore(":memory:"),
  "a file": (folder) => new PeerSqliteStore(join(folder, "peer.db")),
};

for (const [name, open] of Object.entries(makers)) {
  Deno.test(`what a peer keeps (${name}): messages until they are done, the last seen of each, keys and groups`, () => {
    const folder = Deno.makeTempDirSync();
    const store = open(folder);
    assertEquals([store.nextNumber(), store.nextNumber()], [1, 2]);
    const message = { n: 2, to: "K", name: "bob", group: undefined, text: "hi\0\u{1f600}\ufeff", time: 5.5 };
    const inGroup = { ...message, n: 1, group: "lab" };
    store.keep(message);
    store.keep(inGroup);
    store.keep({ ...message, to: "L" });
    store.done("L", 2);
    store.done("L", 77);
    for (let n = 3; n <= 6; n++) store.keep({ ...message, n });
    store.keep({ ...inGroup, n: 4, to: "L" });
    store.arrived("K", 3, 6);
    store.commit();
    assertEquals(store.waiting(), [inGroup, message, { ...inGroup, n: 4, to: "L" }]);
    store.done("L", 4);
    assertEquals(store.waiting(), [inGroup, message]);
    assertEquals([store.seen("K"), store.seen("L")], [0, 0]);
    store.markSeen("K", 3);
    store.markSeen("K", 9);
    assertEquals(store.seen("K"), 9);
    store.refuse("K", 4, "not in lab");
    store.refuse("K", 7, "not in lunch");
    assertEquals([store.refused("K", 4), store.refused("K", 5), store.refused("L", 4)], [
      "not in lab",
      undefined,
      undefined,
    ]);
    store.forgetRefusals("K", 7);
    assertEquals([store.refused("K", 4), store.refused("K", 7)], [undefined, "not in lunch"]);
    const carol = { key: "L", name: "carol", address: "10.0.0.6:3001", time: 2 };
    store.meet({ key: "K", name: "bob", address: "10.0.0.5:3001", time: 1 });
    store.meet(carol);
    const bob = { key: "K", name: "bob", address: "10.0.0.5:4000", time: 3 };
    store.meet(bob);
    assertEquals(store.acquaintances(2), [bob, carol]);
    assertEquals(store.acquaintances(1), [bob]);
    assertEquals(store.acquaintances(2), [bob]);
    assertEquals(store.trust("bob"), undefined);
    const trust = { name: "bob", key: "K", fingerprint: new Uint8Array([1, 2]), secure: true };
    store.keepTrust({ ...trust, secure: false });
    store.keepTrust(trust);
    assertEquals({ ...store.trust("bob")!, fingerprint: [...store.trust("bob")!.fingerprint] }, {
      ...trust,
      fingerprint: [1, 2],
    });
    store.keepMembership({ group: "lab", version: 1, in: true });
    store.keepMembership({ group: "lab", version: 2, in: false });
    assertEquals(store.memberships(), [{ group: "lab", version: 2, in: false }]);
    store.commit();
    store.close();
    Deno.removeSync(folder, { recursive: true });
  });
}

Deno.test("a peer's file: what was committed is there again, what was not is not, and no number comes twice", () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "peer.db");
  const message = { to: "K", name: "bob", group: undefined, text: "hi", time: 1 };
  const first = new PeerSqliteStore(path);
  const n = first.nextNumber();
  first.keep({ ...message, n });
  first.markSeen("K", 4);
  first.commit();
  first.keep({ ...message, n: first.nextNumber() });
  first.markSeen("K", 5);
  first.close();
  const second = new PeerSqliteStore(path);
  assertEquals(second.waiting(), [{ ...message, n }]);
  assertEquals(second.seen("K"), 4);
  assert(second.nextNumber() > n + 1);
  assertThrows(() => new PeerSqliteStore(path), Error, "another running program uses it");
  second.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a peer's file: what has arrived is removed by a commit without a sync, what is kept after it is synced and stays", () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "peer.db");
  const message = { to: "K", name: "bob", group: undefined, text: "hi", time: 1 };
  const first = new PeerSqliteStore(path);
  for (let n = 1; n <= 4; n++) first.keep({ ...message, n });
  first.commit();
  first.arrived("K", 1, 2);
  first.commit();
  first.arrived("K", 3, 4);
  first.keep({ ...message, n: 3 });
  first.commit();
  first.arrived("K", 3, 3);
  first.close();
  const second = new PeerSqliteStore(path);
  assertEquals(second.waiting(), [{ ...message, n: 3 }]);
  second.arrived("K", 3, 3);
  second.commit();
  second.close();
  const third = new PeerSqliteStore(path);
  assertEquals(third.waiting(), []);
  third.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a database: a transaction is synced unless it says otherwise, also after one that was not", () => {
  const database = new Database(":memory:", []);
  const synchronous = database.prepare<{ synchronous: number }>("PRAGMA synchronous");
  const after = (...sync: Parameters<Database["begin"]>) => {
    database.begin(...sync);
    const mode = synchronous.get()!.synchronous;
    database.commit();
    return mode;
  };
  const [NORMAL, FULL] = [1, 2];
  assertEquals([after(), after("unsynced"), after(), after("unsynced"), after("synced")], [
    FULL,
    NORMAL,
    FULL,
    NORMAL,
    FULL,
  ]);
  database.begin("unsynced");
  assertThrows(() => database.begin(), Error, "the open transaction is not synced");
  database.close();
});

Deno.test("a peer's file of the first version: what waits in it still waits", () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "peer.db");
  const old = new Database(path, PEER_STEPS.slice(0, 1));
  old.begin();
  old.prepare("INSERT INTO outgoing VALUES (7, 'K', 'bob', 'lab', ?, 5.5), (8, 'K', 'bob', NULL, ?, 6)")
    .run(new TextEncoder().encode("one"), new TextEncoder().encode("two"));
  old.commit();
  old.close();
  const store = new PeerSqliteStore(path);
  const bob = { to: "K", name: "bob" };
  assertEquals(store.waiting(), [
    { ...bob, n: 7, group: "lab", text: "one", time: 5.5 },
    { ...bob, n: 8, group: undefined, text: "two", time: 6 },
  ]);
  store.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a peer's key is made once, is for its owner alone, and a broken one is told of", async () => {
  const folder = Deno.makeTempDirSync();
  const place = join(folder, "peer");
  const made = await PeerKeys.open(place);
  const again = await PeerKeys.open(place);
  assertEquals([...again.key], [...made.key]);
  const file = join(place, "peer_key.json");
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(file).mode! & 0o777, 0o600);
  Deno.writeTextFileSync(file, "{}");
  const broken = await PeerKeys.open(place).then(() => "", (error) => error.message);
  assertEquals(broken, `cannot read the key ${file}: it does not hold a key`);
  Deno.removeSync(folder, { recursive: true });
});
