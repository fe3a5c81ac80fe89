import { sameAddress } from "../lib/core/address.ts";
import { assert, assertEquals } from "@std/assert";
import { peerNameFault } from "../lib/chat/names.ts";
import { peerOptions } from "../lib/peers/options.ts";
import { ASK_BYTES, encodeDiscovery } from "../lib/peers/packet.ts";
import { encodePacket, readId } from "../lib/protocols/datagram/packet.ts";
import { PeerDisk } from "./support/peer_disk.ts";
import { keyOf, linkedPeers, linkedPeersWith, linkOf, sendForged, state, unknownKey } from "./support/linked_peers.ts";
import { MinimalPeer, renamed } from "./support/minimal_peer.ts";
import { PeerNetwork } from "./support/peer_network.ts";

Deno.test("mallory takes alice into three thousand groups: she is in twenty", async () => {
  const [world, alice, mallory] = await linkedPeers("alice", "mallory");
  for (let i = 0; i < 3000; i++) {
    sendForged(mallory, alice, { type: "invite", group: `g${i}` });
    if (i % 100 === 0) await world.pass(50);
  }
  await world.pass(1000);
  assertEquals([alice.store.memberships().length, alice.saw("joined").length], [20, 20]);
});

Deno.test("carol's box is full: bob hears what is said in their group all the same, and alice is told of carol", async () => {
  const options = peerOptions({ limits: { waitingMessages: 3 } });
  const [world, alice, bob, carol] = await linkedPeersWith(options, "alice", "bob", "carol");
  alice.ask({ type: "group", room: "lab", members: ["bob", "carol"] });
  await world.pass(3000);
  carol.leave();
  await world.pass(1000);
  for (const text of ["one", "two", "three", "four"]) {
    assert("id" in alice.sayIn("lab", text));
    await world.pass(100);
  }
  assertEquals(bob.heard, ["lab alice: one", "lab alice: two", "lab alice: three", "lab alice: four"]);
  const why = "3 messages are waiting already, the most that are kept for one person";
  assertEquals(alice.saw("failed"), [{ type: "failed", id: "4", to: { user: "carol" }, why }]);
});

// Messages, and what is told of them.

Deno.test("alice's disk is empty and her key is not: her numbers begin anew, and bob is shown what she says", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  for (let i = 0; i < 5; i++) alice.say("bob", `old ${i}`);
  await world.pass(1000);
  alice.crash();
  alice.store = new PeerDisk();
  await alice.begin();
  alice.meet(bob);
  await world.pass(1000);
  alice.shown.length = bob.shown.length = 0;
  alice.say("bob", "new words");
  await world.pass(1000);
  assertEquals([bob.heard, state(alice)], [["alice: new words"], ["delivered bob 1"]]);
});

Deno.test("alice's link ends while bob opens what is sealed: he is shown it once, now or on the next link", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(200);
  world.udp.cutOneWay(bob.place, alice.place, 1000);
  world.hold(bob);
  alice.say("bob", "once");
  await world.pass(20);
  alice.say("bob", "twice");
  await world.pass(20);
  alice.do(() => alice.peer.abort());
  await world.pass(20);
  world.release(bob);
  await world.pass(20);
  alice.crash();
  await alice.begin();
  alice.meet(bob);
  await world.pass(60_000);
  assertEquals(bob.heard, ["alice: once", "alice: twice"]);
});

Deno.test("a small program counts from 0: its first message is shown, and confirmed", async () => {
  const world = new PeerNetwork(1);
  const bob = await world.person("bob", 3002);
  const pat = new MinimalPeer(world, bob);
  await pat.open();
  pat.say({ type: "say", n: 0, text: "zero" });
  pat.say({ type: "say", n: 1, text: "one" });
  await world.pass(200);
  assertEquals(bob.heard, ["pat: zero", "pat: one"]);
  assertEquals(pat.letters, ['{"type":"got","n":0}', '{"type":"got","n":1}']);
});

Deno.test("a small program says again what was refused: it is refused again, and nothing is called delivered", async () => {
  const world = new PeerNetwork(1);
  const bob = await world.person("bob", 3002);
  const pat = new MinimalPeer(world, bob);
  await pat.open();
  for (let i = 0; i < 2; i++) {
    pat.say({ type: "say", n: 5, group: "lab", text: "x" });
    await world.pass(50);
  }
  const refused = '{"type":"no","n":5,"why":"bob is not in lab"}';
  assertEquals([pat.letters, bob.heard], [[refused, refused], []]);
});

Deno.test("mallory has five thousand messages refused: a thousand refusals are kept", async () => {
  const [world, alice, mallory] = await linkedPeers("alice", "mallory");
  const { id } = mallory.store;
  for (let n = 1; n <= 5000; n++) {
    sendForged(mallory, alice, { type: "say", n, group: "x", text: "" });
    if (n % 1000 === 0) await world.pass(1000);
  }
  let kept = 0;
  for (let n = 1; n <= 5000; n++) if (alice.store.refused(`${keyOf(mallory)} ${id}`, n) !== undefined) kept++;
  assertEquals(kept, 1000);
});

for (const secure of [false, true]) {
  Deno.test(`seventeen of the longest texts, of characters that JSON writes as six${secure ? ", sealed" : ""}: all arrive`, async () => {
    const [world, alice, bob] = await linkedPeers("alice", "bob");
    if (secure) alice.ask({ type: "secure", user: "bob", on: true });
    await world.pass(500);
    for (let i = 0; i < 17; i++) alice.say("bob", "\u0001".repeat(16 * 1024));
    await world.pass(30_000);
    assertEquals([alice.saw("delivered").length, bob.heard.length, alice.saw("offline").length], [17, 17, 0]);
  });
}

Deno.test("bob comes with a new key: what waited for his old one goes to him once alice trusts it", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(200);
  bob.leave();
  await world.pass(100);
  alice.say("bob", "for bob");
  const anew = await world.person("bob", 3002);
  anew.meet(alice);
  await world.pass(3000);
  assertEquals([alice.saw("changedKey").length, anew.heard], [1, []]);
  alice.ask({ type: "trust", user: "bob" });
  await world.pass(3000);
  assertEquals([anew.heard, state(alice).at(-1), alice.store.waiting()], [["alice: for bob"], "delivered bob 1", []]);
});

// Names and keys.

Deno.test("somebody in between changes bob's name: no keys are agreed on, and what is to be sealed stays here", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(200);
  bob.leave();
  await world.pass(200);
  alice.say("bob", "SECRET");
  alice.shown.length = 0;
  const { send } = world.udp;
  let seen = 0;
  world.udp.send = (from, to, datagram) => {
    if (new TextDecoder().decode(datagram).includes("SECRET")) seen++;
    send.call(world.udp, from, to, sameAddress(from, bob.place) ? renamed(datagram, "bo8") : datagram);
  };
  await bob.begin();
  await world.pass(60_000);
  assertEquals([seen, bob.heard, alice.shown], [0, [], []]);
  world.udp.send = send;
  await world.pass(60_000);
  assertEquals(bob.heard, ["alice: SECRET"]);
});

Deno.test("another bob wants to talk sealed: alice's bob keeps his name, and she is told", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const other = await world.person("bob", 3009);
  other.meet(alice);
  await world.pass(500);
  alice.ask({ type: "secure", user: "bob@10.0.0.1:3002", on: true });
  await world.pass(500);
  other.ask({ type: "secure", user: "alice", on: true });
  await world.pass(500);
  assertEquals(alice.store.trust("bob")!.key, keyOf(bob));
  assertEquals(alice.saw("secure").map(({ name }) => name), ["bob@10.0.0.1:3002"]);
  assertEquals(alice.saw("changedKey").map(({ name }) => name), ["bob@10.0.0.1:3009"]);
});

Deno.test("bob is away, and another bob wants to talk sealed: the name is not his, and bob is heard when he is back", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  bob.leave();
  await world.pass(100);
  const other = await world.person("bob", 3009);
  other.meet(alice);
  await world.pass(500);
  other.ask({ type: "secure", user: "alice", on: true });
  await world.pass(500);
  assertEquals([alice.store.trust("bob"), alice.saw("secure")], [undefined, []]);
  assertEquals(alice.saw("notice").map(({ text }) => text), [
    "this bob has another key than the one met before; compare the words that /secure bob shows",
    "bob asks for sealing, but another person of that name was met before; /secure bob if you want it too",
  ]);
  other.leave();
  await world.pass(500);
  await bob.begin();
  bob.meet(alice);
  await world.pass(2000);
  bob.say("alice", "it is me");
  await world.pass(500);
  assertEquals(alice.heard, ["bob: it is me"]);
});

Deno.test("names that differ in what is not seen are no names", () => {
  const unseen = ["\u200b", "\u200e", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u3164", "\u115f"];
  assertEquals(unseen.filter((character) => peerNameFault(`bob${character}`) === undefined), []);
  assertEquals(["bob", "b\u043eb", "Zo\u00eb", "\u{1f600}"].filter((name) => peerNameFault(name) !== undefined), []);
});

Deno.test("alice trusts another bob: he who takes only what is sealed is told so, sealed, and his words have a fate", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(200);
  bob.leave();
  await world.pass(200);
  const other = await world.person("bob", 3009);
  other.meet(alice);
  await world.pass(500);
  alice.ask({ type: "trust", user: "bob" });
  await world.pass(500);
  await bob.begin();
  bob.meet(alice);
  await world.pass(2000);
  bob.shown.length = 0;
  bob.say("alice", "hello?");
  await world.pass(10_000);
  assertEquals(state(bob), ["failed 1: alice has to confirm your new key first"]);
});

Deno.test("pat says that he has bob's key, and proves it in plain: he is nobody, and gone", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const pat = new MinimalPeer(world, alice);
  await pat.open(7n, true);
  pat.say({ type: "me", key: keyOf(bob), fresh: unknownKey(1), run: "1", store: "1" });
  await world.pass(100);
  pat.say({ type: "proof", twice: false });
  pat.say({ type: "say", n: 1, text: "I am bob" });
  await world.pass(100);
  assertEquals([alice.shown, alice.peer.size], [[], 1]);
});

Deno.test("alice takes only what is sealed of bob: what comes in plain is counted, and not shown", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  bob.ask({ type: "secure", user: "alice", on: true });
  await world.pass(200);
  linkOf(bob, alice).sealing = false;
  sendForged(bob, alice, { type: "say", n: 1, text: "not from bob" });
  await world.pass(200);
  assertEquals([alice.heard, alice.peer.counts.unsealed], [[], 1]);
});

Deno.test("another bob is in alice's group: before she trusts him he hears nothing there, and she is told", async () => {
  const [world, alice, bob, carol] = await linkedPeers("alice", "bob", "carol");
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(200);
  bob.leave();
  const other = await world.person("bob", 3009);
  other.meet(alice);
  await world.pass(500);
  for (const node of [alice, carol, other]) node.ask({ type: "join", room: "lab" });
  await world.pass(3000);
  alice.shown.length = 0;
  alice.sayIn("lab", "hi");
  await world.pass(500);
  assertEquals([carol.heard, other.heard], [["lab alice: hi"], []]);
  assertEquals(state(alice), ["failed 1: their new key is not trusted yet", "delivered carol 1"]);
});

// Places and links.

Deno.test("whoever ends each link at once is asked ever more seldom, and fills no screen", async () => {
  const [world, alice] = await linkedPeers("alice");
  const place = { hostname: "10.0.0.7", port: 5000 };
  const from = (datagram: Uint8Array) => alice.do(() => alice.peer.receive(place, datagram, world.time.now));
  let asked = 0;
  world.udp.bind(place, (_from, datagram) => {
    const id = readId(datagram, 2);
    const [isAsk, isPing] = [datagram[1] === 10, datagram[1] === 7];
    if (isAsk) {
      from(encodeDiscovery({ kind: "named", id, theirs: BigInt(++asked), self: { name: "pat", more: false } }));
    }
    if (isPing) from(encodePacket({ kind: "close", id, why: "" }));
  });
  alice.do((now) => alice.peer.meet(place, now));
  await world.pass(60_000);
  assert(asked > 1 && asked < 10, `asked ${asked} times`);
  assert(alice.shown.length < 20);
});

Deno.test("mallory tells of places of a third, again and again: few bytes go there, and carol can still come", async () => {
  const [world, alice, , mallory] = await linkedPeers("alice", "bob", "mallory");
  let bytes = 0;
  world.udp.watch = (_from, to, datagram) => {
    if (to.hostname === "10.9.9.9") bytes += datagram.length;
  };
  for (let round = 0; round < 23; round++) {
    mallory.crash();
    await mallory.begin();
    mallory.meet(alice);
    await world.pass(200);
    for (let again = 0; again < 2; again++) {
      const at = Array.from({ length: 100 }, (_, i) => `10.9.9.9:${1000 + again * 5000 + round * 100 + i}`);
      sendForged(mallory, alice, { type: "peers", at });
    }
    await world.pass(100);
  }
  const carol = await world.person("carol", 3050);
  carol.meet(alice);
  await world.pass(30_000);
  // Four places of one address, each asked three times.
  assert(bytes <= 23 * 4 * 3 * ASK_BYTES, `${bytes} bytes to a third`);
  assert(alice.saw("online").some(({ name }) => name === "carol"));
});

Deno.test("one address has 2300 ports: it gets as many links as a classroom, and carol can still come", async () => {
  const world = new PeerNetwork(1);
  const alice = await world.person("alice", 3001);
  const { addressesPerHost } = alice.options.limits;
  for (let i = 0; i < 2300; i++) {
    const pat = new MinimalPeer(world, alice, { hostname: "10.0.0.66", port: 1000 + i }, `x${i}`);
    assertEquals(await pat.open(BigInt(i + 10)), i < addressesPerHost);
  }
  assertEquals(alice.peer.size, addressesPerHost);
  const carol = await world.person("carol", 3050);
  carol.meet(alice);
  await world.pass(500);
  assertEquals(state(carol), ["online alice"]);
});

Deno.test("whoever says that they have keys, and proves none, is gone after ten seconds, whatever they send", async () => {
  const world = new PeerNetwork(1);
  const alice = await world.person("alice", 3001);
  const pat = new MinimalPeer(world, alice);
  const began = world.time.now;
  await pat.open(7n, true);
  while (alice.peer.size > 0 && world.time.now < began + 60_000) {
    pat.ping();
    await world.pass(500);
  }
  const seconds = Math.round((world.time.now - began) / 1000);
  assertEquals([seconds, alice.options.limits.proveMs, alice.shown], [10, 10_000, []]);
});

Deno.test("a table lists three thousand dead places of one address: carol, named by hand, is met", async () => {
  const [world, alice] = await linkedPeers("alice");
  alice.do((now) => {
    for (let i = 0; i < 3000; i++) alice.peer.meet({ hostname: "10.9.9.9", port: 1000 + i }, now);
  });
  await world.person("carol", 3050);
  alice.ask({ type: "add", host: "10.0.0.1", port: 3050 });
  await world.pass(5000);
  assertEquals(state(alice), ["online carol"]);
});

Deno.test("the table of places is full: whoever is named by hand cannot be asked, and it is said", async () => {
  const [world, alice] = await linkedPeers("alice");
  alice.do((now) => {
    for (let i = 0; i < 3000; i++) alice.peer.meet({ hostname: `10.9.${i >> 8}.${i & 255}`, port: 1000 }, now);
  });
  alice.ask({ type: "add", host: "10.0.0.1", port: 3050 });
  await world.pass(100);
  assertEquals(state(alice), ["10.0.0.1:3050 cannot be asked: too many addresses are asked already"]);
});
