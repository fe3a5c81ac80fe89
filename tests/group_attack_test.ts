import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { sameAddress } from "../lib/core/address.ts";
import { peerOptions } from "../lib/peers/options.ts";
import { PeerKeys } from "../lib/store/peer_keys.ts";
import { verifySignature } from "../lib/store/peer_signatures.ts";
import { keyOf, linkedPeers, linkedPeersWith, sendForged, signedBy, state, strangers } from "./support/linked_peers.ts";
import { PeerNetwork } from "./support/peer_network.ts";

/** A signature of nothing. */
const NONE = "A".repeat(86);

Deno.test("a signature is valid for its key and text alone", async () => {
  const [alice, bob] = [await PeerKeys.temporary(), await PeerKeys.temporary()];
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(63),
      fc.integer({ min: 1, max: 255 }),
      async (text, at, bits) => {
        const signature = await alice.signer.sign(text);
        assert(await verifySignature(alice.key, text, signature));
        const changed = signature.with(at, signature[at]! ^ bits);
        assert(!await verifySignature(alice.key, text, changed));
        assert(!await verifySignature(alice.key, Uint8Array.of(...text, 0), signature));
        assert(!await verifySignature(bob.key, text, signature));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("every key can sign, of whichever sign its point is, and what is no key has signed nothing", async () => {
  const text = new Uint8Array(5);
  for (let i = 0; i < 20; i++) {
    const keys = await PeerKeys.temporary();
    assert(await verifySignature(keys.key, text, await keys.signer.sign(text)));
  }
  const minusOne = new Uint8Array(32).fill(255).with(0, 0xec).with(31, 0x7f);
  for (const key of [new Uint8Array(32), new Uint8Array(32).fill(255), minusOne, new Uint8Array(32).with(0, 1)]) {
    assert(!await verifySignature(key, text, new Uint8Array(64)));
    assert(!await verifySignature(key, text, crypto.getRandomValues(new Uint8Array(64))));
  }
});

Deno.test("mallory says that carol left, in version 5000: carol stays in the group, hears what is said there, and all are told", async () => {
  const [world, alice, bob, carol, mallory] = await linkedPeers("alice", "bob", "carol", "mallory");
  alice.ask({ type: "group", room: "lab", members: ["bob", "carol"] });
  await world.pass(3000);
  const left = { group: "lab", key: keyOf(carol), name: "carol", version: 5000, in: false, signature: NONE };
  for (const node of [alice, bob, carol]) sendForged(mallory, node, { type: "groups", members: [left] });
  await world.pass(5000);
  alice.sayIn("lab", "is carol here?");
  await world.pass(1000);
  assertEquals(carol.heard, ["lab alice: is carol here?"]);
  for (const node of [alice, bob, carol]) assert(node.peer.groups.isIn("lab", keyOf(carol)), node.name);
  const notices = (node: typeof alice) =>
    node.saw("notice").map(({ text }) => text).filter((text) => text.includes("mallory"));
  const disbelief = "nothing that mallory says about groups is believed";
  assertEquals(notices(alice), [`mallory says who is in lab, which its members have not signed: ${disbelief}`]);
  assertEquals(notices(carol), [`mallory says that you left lab, which you have not signed: ${disbelief}`]);
  carol.ask({ type: "leave", room: "lab" });
  await world.pass(1000);
  assertEquals(alice.peer.groups.isIn("lab", keyOf(carol)), false);
});

Deno.test("carol is away while mallory says so: she is in the group when she returns", async () => {
  const [world, alice, carol, mallory] = await linkedPeers("alice", "carol", "mallory");
  alice.ask({ type: "group", room: "lab", members: ["carol"] });
  await world.pass(3000);
  carol.leave();
  await world.pass(4000);
  const left = { group: "lab", key: keyOf(carol), name: "carol", version: 5000, in: false, signature: NONE };
  sendForged(mallory, alice, { type: "groups", members: [left] });
  await world.pass(3000);
  alice.sayIn("lab", "for later");
  await carol.begin();
  await world.pass(60_000);
  assertEquals(carol.heard, ["lab alice: for later"]);
});

Deno.test("a signed membership with any field changed, or of an earlier version, changes nothing", async () => {
  const [world, alice, mallory] = await linkedPeers("alice", "mallory");
  const carol = await PeerKeys.temporary();
  const genuine = await signedBy(carol, { version: 7 });
  sendForged(mallory, alice, { type: "groups", members: [genuine] });
  await world.pass(500);
  assert(alice.peer.groups.isIn("lab", genuine.key));
  const { signature: _, ...unsigned } = genuine;
  const before = alice.peer.groups.sum;
  for (
    const changed of [
      { ...unsigned, version: 8 },
      await signedBy(carol, { version: 6, in: false }),
      { ...genuine, in: false },
      { ...genuine, version: 8 },
      { ...genuine, group: "lunch" },
      { ...genuine, name: "dave", version: 9 },
    ]
  ) {
    sendForged(mallory, alice, { type: "groups", members: [changed] });
    await world.pass(500);
  }
  assertEquals([alice.peer.groups.sum, alice.peer.groups.names], [before, ["lab"]]);
});

Deno.test("mallory forges 20,000 memberships: alice verifies those of the first letter, and chats on", async () => {
  const [world, alice, bob, mallory] = await linkedPeers("alice", "bob", "mallory");
  let verified = 0;
  const answer = alice.keys.answer.bind(alice.keys);
  alice.keys.answer = (request) => {
    if (request.type === "verify") verified += request.signed.length;
    return answer(request);
  };
  const forged = (await strangers(100)).map((each) => ({ ...each, version: 2 }));
  for (let i = 0; i < 200; i++) {
    sendForged(mallory, alice, { type: "groups", members: forged });
    await world.pass(20);
  }
  bob.say("alice", "still there?");
  await world.pass(1000);
  assertEquals([verified, alice.peer.groups.names, alice.heard], [100, [], ["bob: still there?"]]);
});

Deno.test("carol has an older disk: her own later departure is taken back, and she is told", async () => {
  const [world, alice, carol] = await linkedPeers("alice", "carol");
  carol.ask({ type: "join", room: "lab" });
  await world.pass(3000);
  const later = await signedBy(carol.keys, { name: "carol", version: 5000, in: false });
  sendForged(alice, carol, { type: "groups", members: [later] });
  await world.pass(5000);
  assertEquals(carol.store.memberships(), [{ group: "lab", version: 5001, in: true }]);
  assert(alice.peer.groups.isIn("lab", keyOf(carol)));
  const text = "you have said otherwise before, with this key: all are told again that you are in lab";
  assertEquals(carol.saw("notice").map((each) => each.text), [text]);
});

Deno.test("mallory says that alice is in a group, in a version far ahead: nobody's link is lost, alice writes nothing", async () => {
  const [world, alice, bob, mallory] = await linkedPeers("alice", "bob", "mallory");
  const lies = {
    type: "groups",
    members: [{ group: "x", key: keyOf(alice), name: "a", version: 1e9, in: true, signature: NONE }],
  };
  sendForged(mallory, bob, lies);
  sendForged(mallory, alice, lies);
  await world.pass(5000);
  mallory.crash();
  alice.crash();
  await alice.begin();
  alice.shown.length = 0;
  await world.pass(120_000);
  assertEquals([alice.saw("offline").length, alice.store.memberships()], [0, []]);
  bob.say("alice", "are you there?");
  await world.pass(100);
  assertEquals(alice.heard, ["bob: are you there?"]);
});

Deno.test("alice is in a group, and mallory says so in the last version of all: alice can still leave it", async () => {
  const [world, alice, bob, mallory] = await linkedPeers("alice", "bob", "mallory");
  alice.ask({ type: "join", room: "lab" });
  await world.pass(1000);
  for (const version of [1e9, 1e9 + 1, 2 ** 53 - 1]) {
    sendForged(mallory, alice, {
      type: "groups",
      members: [{ group: "lab", key: keyOf(alice), name: "a", version, in: true, signature: NONE }],
    });
  }
  await world.pass(5000);
  assertEquals(alice.store.memberships(), [{ group: "lab", version: 1, in: true }]);
  alice.ask({ type: "leave", room: "lab" });
  await world.pass(1000);
  assertEquals([alice.saw("offline"), bob.peer.groups.members("lab")], [[], []]);
});

Deno.test("mallory says that alice has left groups which she never heard of: nothing is written, nothing is told to bob", async () => {
  const [world, alice, bob, mallory] = await linkedPeers("alice", "bob", "mallory");
  let bytes = 0;
  world.udp.watch = (from, to, datagram) => {
    if (sameAddress(from, alice.place) && sameAddress(to, bob.place)) bytes += datagram.length;
  };
  const key = keyOf(alice);
  const lies = Array.from(
    { length: 1000 },
    (_, i) => ({ group: `g${i}`, key, name: "a", version: 1, in: false, signature: NONE }),
  );
  sendForged(mallory, alice, { type: "groups", members: lies });
  await world.pass(10_000);
  assertEquals(alice.store.memberships(), []);
  assert(bytes < 500, `${bytes} bytes`);
});

Deno.test("alice and bob know other halves of what there is no room for: they tell each other once, and are silent then", async () => {
  const world = new PeerNetwork(3);
  const options = peerOptions({ limits: { memberships: 100 } });
  const [alice, bob] = [await world.person("alice", 3001, options), await world.person("bob", 3002, options)];
  alice.peer.groups.merge(await strangers(100));
  bob.peer.groups.merge(await strangers(100));
  alice.meet(bob);
  await world.pass(5000);
  let bytes = 0;
  world.udp.watch = (_from, _to, datagram) => void (bytes += datagram.length);
  await world.pass(60_000);
  assert(bytes < 2000, `${bytes} bytes in a minute`);
});

Deno.test("mallory fills alice's group with members who are nobody: what is said is kept for none of them, no name is lost", async () => {
  const options = peerOptions({ limits: { members: 100 } });
  const [world, alice, bob, mallory] = await linkedPeersWith(options, "alice", "bob", "mallory");
  alice.ask({ type: "group", room: "lab", members: ["bob"] });
  await world.pass(3000);
  for (let i = 0; i < 3; i++) {
    sendForged(mallory, alice, { type: "groups", members: await strangers(50, { name: "bob" }) });
  }
  await world.pass(3000);
  assertEquals(alice.saw("memberJoined").length, 99);
  alice.sayIn("lab", "hi");
  alice.say("bob", "you alone");
  await world.pass(1000);
  assertEquals(bob.heard, ["lab alice: hi", "alice: you alone"]);
  assertEquals([alice.saw("queued"), alice.store.waiting()], [[], []]);
  assertEquals(state(alice).filter((line) => line.startsWith("failed")), [
    "failed 1: 98 members have never been met here, and did not get it",
  ]);
});
