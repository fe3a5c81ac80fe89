import { addressKey, sameAddress } from "../lib/core/address.ts";
import { assert, assertEquals } from "@std/assert";
import { Fault } from "../lib/core/errors.ts";
import type { LinkKeys } from "../lib/peers/cryptography.ts";
import { fingerprintWords } from "../lib/peers/key_trust.ts";
import { peerOptions } from "../lib/peers/options.ts";
import { ASK_BYTES, decodePeerPacket, type DiscoveryPacket, encodeDiscovery } from "../lib/peers/packet.ts";
import { decodePeerMessage, encodePeerMessage } from "../lib/peers/peer_message.ts";
import type { KnownPerson } from "../lib/peers/people.ts";
import { encodePacket, readId } from "../lib/protocols/datagram/packet.ts";
import { linkedPeers, linkOf, state } from "./support/linked_peers.ts";
import type { PeerNode } from "./support/peer_node.ts";
import { simulatePeers } from "./support/peer_simulation.ts";
import { PeerNetwork } from "./support/peer_network.ts";

import fc from "fast-check";

Deno.test("alice is told where bob is: each learns the other's name, what they say arrives once and is confirmed", async () => {
  const world = new PeerNetwork(1);
  const [alice, bob] = [await world.person("alice", 3001), await world.person("bob", 3002)];
  alice.meet(bob);
  await world.pass(500);
  assertEquals(alice.shown, [{ type: "online", name: "bob" }]);
  assertEquals(bob.shown, [{ type: "online", name: "alice" }]);
  assertEquals(alice.say("bob", "hello"), { id: "1" });
  assertEquals(bob.say("alice", "hi"), { id: "1" });
  await world.pass(500);
  assertEquals([bob.heard, alice.heard], [["alice: hello"], ["bob: hi"]]);
  assertEquals(state(alice), ["online bob", "delivered bob 1"]);
  assertEquals(world.problems, []);
});

Deno.test("bob leaves: it is known within a round trip; he falls silent: within 32 s", async () => {
  const [world, alice, bob, carol] = await linkedPeers("alice", "bob", "carol");
  bob.leave();
  await world.pass(15);
  assertEquals(state(alice), ["offline bob"]);
  carol.crash();
  await world.pass(31_000);
  assertEquals(state(alice), ["offline bob"]);
  await world.pass(1500);
  assertEquals(state(alice), ["offline bob", "offline carol"]);
});

Deno.test("what is said to somebody who is away is kept, also over a restart, and delivered once when both are there", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  bob.leave();
  await world.pass(100);
  assertEquals(alice.say("bob", "one"), { id: "1" });
  alice.crash();
  await alice.begin({ hostname: "10.0.0.1", port: 4001 });
  assertEquals(alice.say("bob", "two"), { id: "2" });
  bob.shown.length = 0;
  await bob.begin();
  await world.pass(60_000);
  assertEquals(bob.heard, ["alice: one", "alice: two"]);
  assertEquals(state(alice), [
    "offline bob",
    "kept bob 1",
    "kept bob 2",
    "online bob",
    "delivered bob 1",
    "delivered bob 2",
  ]);
  assertEquals(alice.store.waiting(), []);
});

Deno.test("what nobody came for is given up after a month, and it is said", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  bob.leave();
  await world.pass(100);
  alice.say("bob", "are you there?");
  alice.crash();
  world.time.now += 31 * 24 * 60 * 60_000;
  await alice.begin();
  assertEquals(state(alice).at(-1), "failed 1: it could not be delivered within 30 days");
});

Deno.test("two are called bob: both are shown with their address, and neither is taken for the other", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const other = await world.person("bob", 3009);
  alice.meet(other);
  await world.pass(500);
  assertEquals(state(alice), ["online bob@10.0.0.1:3009"]);
  assertEquals(alice.say("bob", "hi"), {
    why: "2 people are called bob: bob@10.0.0.1:3002, bob@10.0.0.1:3009; say which",
  });
  alice.say("bob@10.0.0.1:3002", "first");
  alice.say("bob@10.0.0.1:3009", "second");
  other.say("alice", "from the second");
  await world.pass(500);
  assertEquals([bob.heard, other.heard], [["alice: first"], ["alice: second"]]);
  assertEquals(alice.heard, ["bob@10.0.0.1:3009: from the second"]);
});

Deno.test("a group: who is in it hears what is said, who comes later hears what is said later, nobody else hears any", async () => {
  const [world, alice, bob, carol, dave] = await linkedPeers("alice", "bob", "carol", "dave");
  alice.ask({ type: "group", room: "lab", members: ["bob"] });
  await world.pass(3000);
  assertEquals(state(alice), ["came lab bob"]);
  assertEquals(bob.saw("members"), [{ type: "members", room: "lab", names: ["alice"] }]);
  bob.sayIn("lab", "one");
  await world.pass(500);
  carol.ask({ type: "join", room: "lab" });
  await world.pass(3000);
  alice.sayIn("lab", "two");
  await world.pass(500);
  bob.ask({ type: "leave", room: "lab" });
  await world.pass(3000);
  alice.sayIn("lab", "three");
  await world.pass(500);
  assertEquals(alice.heard, ["lab bob: one"]);
  assertEquals(bob.heard, ["lab alice: two"]);
  assertEquals(carol.heard, ["lab alice: two", "lab alice: three"]);
  assertEquals(dave!.heard, []);
  assertEquals(state(carol), ["went lab bob"]);
  assertEquals(dave!.sayIn("lab", "hello?"), { why: "you are not in lab; /join lab first" });
  dave!.ask({ type: "rooms" });
  assertEquals(dave!.saw("rooms")[0]!.rooms, [{ name: "lab", members: 2, joined: false }]);
});

Deno.test("/group with somebody who is away or unknown makes no group, and says why", async () => {
  const [, alice] = await linkedPeers("alice", "bob");
  alice.ask({ type: "group", room: "lab", members: ["bob", "zoe"] });
  assertEquals(state(alice), ["no user called zoe has been seen; /list shows those who have"]);
  assert(!alice.peer.groups.isIn("lab"));
});

/** What went over the wire as text. */
function listen(world: PeerNetwork): string[] {
  const seen: string[] = [];
  world.udp.watch = (_from, _to, datagram) => void seen.push(new TextDecoder().decode(datagram));
  return seen;
}

Deno.test("/secure: both see the same words, and from then on what is said cannot be read, after a restart neither", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const seen = listen(world);
  alice.say("bob", "plain words");
  await world.pass(100);
  assert(seen.some((text) => text.includes("plain words")));
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(100);
  const [hers, his] = [alice.saw("secure")[0]!, bob.saw("secure")[0]!];
  assertEquals([hers.words, hers.ours, hers.name], [his.ours, his.words, "bob"]);
  assertEquals(hers.words, fingerprintWords(bob.peer.key.fingerprint));
  alice.say("bob", "secret one");
  bob.say("alice", "secret two");
  await world.pass(100);
  bob.crash();
  await bob.begin();
  bob.say("alice", "secret three");
  await world.pass(60_000);
  assertEquals(alice.heard, ["bob: secret two", "bob: secret three"]);
  assertEquals(bob.heard, ["alice: plain words", "alice: secret one"]);
  assertEquals(seen.filter((text) => text.includes("secret")), []);
  alice.ask({ type: "secure", user: "bob", on: false });
  bob.say("alice", "plain again");
  await world.pass(500);
  assertEquals([alice.saw("insecure").length, bob.saw("insecure").length], [1, 1]);
});

Deno.test("somebody comes as bob with another key: a warning, and nothing is said or taken until it is decided", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.ask({ type: "secure", user: "bob", on: true });
  await world.pass(100);
  bob.leave();
  await world.pass(100);
  const other = await world.person("bob", 3009);
  alice.meet(other);
  await world.pass(500);
  const [warning] = alice.saw("changedKey");
  assertEquals(warning!.remembered, fingerprintWords(bob.peer.key.fingerprint));
  assertEquals(warning!.words, fingerprintWords(other.peer.key.fingerprint));
  assertEquals(alice.say("bob", "hi"), {
    why: "bob has another key than the remembered one; /trust bob if that is right",
  });
  other.say("alice", "let me in");
  await world.pass(100);
  assertEquals(alice.heard, []);
  assertEquals(state(other).at(-1), "failed 1: alice has to confirm your new key first");
  alice.ask({ type: "trust", user: "bob" });
  alice.say("bob", "there you are");
  await world.pass(200);
  assertEquals(other.heard, ["alice: there you are"]);
});

Deno.test("who is told of one friend finds all: places are passed on", async () => {
  const world = new PeerNetwork(5);
  const [alice, bob, carol] = [
    await world.person("alice", 3001),
    await world.person("bob", 3002),
    await world.person("carol", 3003),
  ];
  bob.meet(carol);
  await world.pass(200);
  alice.meet(bob);
  await world.pass(1000);
  assertEquals(state(alice), ["online bob", "online carol"]);
});

Deno.test("HERE is heard: one question is asked, no more; our own is passed over", async () => {
  const world = new PeerNetwork(6);
  const [alice, bob] = [await world.person("alice", 3001), await world.person("bob", 3002)];
  alice.do(() =>
    alice.peer.receive({ hostname: "10.0.0.1", port: 50_000 }, bob.peer.announcement(3002), world.time.now)
  );
  await world.pass(200);
  assertEquals(state(alice), ["online bob"]);
  let asked = 0;
  world.udp.watch = () => asked++;
  alice.do(() => alice.peer.receive({ hostname: "10.0.0.9", port: 50_000 }, bob.peer.announcement(7), world.time.now));
  alice.do(() =>
    alice.peer.receive({ hostname: "10.0.0.1", port: 50_000 }, alice.peer.announcement(3001), world.time.now)
  );
  await world.pass(5000);
  assertEquals(asked, 1);
});

Deno.test("we ourselves stand in the table: nobody meets themselves", async () => {
  const [world, alice] = await linkedPeers("alice");
  alice.meet(alice);
  await world.pass(5000);
  assertEquals([alice.shown, alice.peer.size, alice.peer.unanswered], [[], 0, 0]);
});

Deno.test("one person at two addresses is one friend, and the talk goes on without a gap", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  // Bob's machine has another address as well.
  const second = { hostname: "10.0.9.9", port: 3002 };
  world.udp.bind(second, (from, datagram) => {
    if (sameAddress(from, alice.place)) bob.do(() => bob.peer.receive(alice.place, datagram, world.time.now));
  });
  const { send } = world.udp;
  let through = 0;
  world.udp.send = (from, to, datagram) => {
    // What goes to the second address is answered from there.
    if (sameAddress(to, second)) through++;
    send.call(world.udp, from, to, datagram);
  };
  alice.do((now) => alice.peer.meet(second, now));
  alice.say("bob", "one");
  await world.pass(3000);
  alice.say("bob", "two");
  await world.pass(3000);
  assert(through > 0);
  assertEquals(bob.heard, ["alice: one", "alice: two"]);
  assertEquals(state(alice), ["delivered bob 1", "delivered bob 2"]);
});

/** Both are on a second network as well: what is sent to an address of it comes from there. */
async function twoAddresses(seed: number) {
  const world = new PeerNetwork(seed, { loss: 0, repeats: 0, mostDelayMs: 50 });
  const nodes = [await world.person("alice", 3001), await world.person("bob", 3002)] as const;
  const second = ({ port }: PeerNode["place"]) => ({ hostname: "10.0.9.9", port });
  const { send } = world.udp;
  const ids = new Set<bigint>();
  world.udp.send = (from, to, datagram) => {
    if (datagram[1]! >= 5 && datagram[1]! <= 8) ids.add(readId(datagram, 2));
    const isSecond = to.hostname === "10.0.9.9";
    send.call(world.udp, isSecond ? second(from) : from, to, datagram);
  };
  for (const node of nodes) {
    world.udp.bind(second(node.place), (from, datagram) => {
      node.do(() => node.peer.receive(from, datagram, world.time.now));
    });
  }
  const links = () =>
    nodes.map(({ peer }, i) => (peer.people.find(nodes[1 - i]!.name) as KnownPerson).link!.datagrams.id);
  return { world, nodes, second, ids, links };
}

Deno.test("alice and bob have a link, and find each other at another address: the lower id stays, and nobody is shown any of it", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { world, nodes: [alice, bob], second, ids, links } = await twoAddresses(seed);
    alice.meet(bob);
    await world.pass(1000);
    alice.do((now) => alice.peer.meet(second(bob.place), now));
    await world.pass(1000);
    const [one, other] = [...ids] as [bigint, bigint];
    const lower = one < other ? one : other;
    assertEquals([ids.size, links()], [2, [lower, lower]]);
    assertEquals([state(alice), state(bob)], [["online bob"], ["online alice"]]);
  }
});

Deno.test("each of two asks at another address of the other's at once: one link is left, and what is said arrives once", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { world, nodes: [alice, bob], second, links } = await twoAddresses(seed);
    alice.meet(bob);
    bob.do((now) => bob.peer.meet(second(alice.place), now));
    alice.do((now) => alice.peer.meet(second(bob.place), now));
    await world.pass(700);
    assertEquals([alice.say("bob", "hi"), bob.say("alice", "hi")], [{ id: "1" }, { id: "1" }]);
    await world.pass(5000);
    assertEquals([alice.heard, bob.heard, alice.peer.size, bob.peer.size], [["bob: hi"], ["alice: hi"], 1, 1]);
    assertEquals(links()[0], links()[1]);
    // It is seen by nobody.
    assertEquals([alice.saw("offline"), bob.saw("offline")], [[], []]);
  }
});

Deno.test("bob crashes and is back at once, there or elsewhere: he is met again within a second, nobody waits for a silence", async () => {
  for (const port of [3002, 4002]) {
    const [world, alice, bob] = await linkedPeers("alice", "bob");
    bob.crash();
    await bob.begin({ hostname: "10.0.0.1", port });
    await world.pass(1000);
    assertEquals(state(bob), ["online alice"]);
    alice.shown.length = 0;
    assertEquals(alice.say("bob", "there you are"), { id: "1" });
    await world.pass(100);
    assertEquals([bob.heard, state(alice)], [["alice: there you are"], ["delivered bob 1"]]);
  }
});

Deno.test("bob's machine has another address: as soon as he says something he is met there", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  bob.move({ hostname: "10.0.0.1", port: 4002 });
  bob.say("alice", "I am here now");
  await world.pass(3000);
  assertEquals([alice.heard, state(bob).at(-1)], [["bob: I am here now"], "delivered alice 1"]);
});

Deno.test("alice's program dies as what she says goes out: it is on her disk, and it is told what became of it", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.crashAfterSends = 1;
  assertEquals(alice.say("bob", "one"), { id: "1" });
  assertEquals(alice.alive, false);
  await alice.begin();
  await world.pass(60_000);
  assertEquals([bob.heard, state(alice).at(-1)], [["alice: one"], "delivered bob 1"]);
});

Deno.test("bob's program dies as he confirms, and the confirmation is lost: he is shown it once", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  world.udp.cutOneWay(bob.place, alice.place, 1000);
  bob.crashAfterSends = 1;
  alice.say("bob", "one");
  await world.pass(2000);
  assertEquals([bob.alive, bob.heard], [false, ["alice: one"]]);
  await bob.begin();
  await world.pass(60_000);
  assertEquals([bob.heard, state(alice)], [
    ["alice: one"],
    ["offline bob", "kept bob 1", "online bob", "delivered bob 1"],
  ]);
});

Deno.test("alice is in a group and crashes: she is in it when she is back", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  alice.ask({ type: "group", room: "lab", members: ["bob"] });
  await world.pass(3000);
  alice.crash();
  await alice.begin();
  assertEquals(alice.peer.groups.isIn("lab"), true);
  await world.pass(5000);
  alice.sayIn("lab", "I am back");
  await world.pass(100);
  assertEquals(bob.heard, ["lab alice: I am back"]);
});

Deno.test("alice and carol have no link: what alice says of a group comes to carol by bob", async () => {
  const [world, alice, bob, carol] = await linkedPeers("alice", "bob", "carol");
  const { send } = world.udp;
  const apart = [alice, carol].map(({ place }) => addressKey(place));
  world.udp.send = (from, to, datagram) => {
    if (!apart.includes(addressKey(from)) || !apart.includes(addressKey(to))) send.call(world.udp, from, to, datagram);
  };
  for (const node of [alice, bob]) node.ask({ type: "join", room: "lab" });
  await world.pass(5000);
  const names = carol.peer.groups.members("lab").map(({ name }) => name);
  assertEquals(new Set(names), new Set(["alice", "bob"]));
  assertEquals(carol.peer.groups.sum, alice.peer.groups.sum);
});

Deno.test("keys are agreed on for the one link, and no two boxes have one number", async () => {
  const world = new PeerNetwork(12);
  const [alice, bob] = [await world.person("alice", 3001), await world.person("bob", 3002)];
  const answer = alice.keys.answer.bind(alice.keys);
  const links: bigint[] = [];
  const numbers = new Map<LinkKeys, number[]>();
  alice.keys.answer = (request) => {
    if (request.type === "agree") links.push(request.link.id);
    if (request.type === "seal") numbers.set(request.keys, [...numbers.get(request.keys) ?? [], request.n]);
    return answer(request);
  };
  const seen: bigint[] = [];
  for (let i = 0; i < 2; i++) {
    alice.meet(bob);
    await world.pass(200);
    alice.ask({ type: "secure", user: "bob", on: true });
    seen.push(linkOf(alice, bob).datagrams.id);
    for (const text of ["one", "two"]) {
      alice.say("bob", text);
      await world.pass(100);
    }
    if (i === 0) bob.crash();
    if (i === 0) await bob.begin();
  }
  assertEquals(links, seen);
  assertEquals(numbers.size, 2);
  for (const used of numbers.values()) assertEquals([used.length > 2, used], [true, used.map((_, i) => i)]);
});

Deno.test("strangers: what they send is dropped and counted, and never answered with more than it was", async () => {
  const [world, alice] = await linkedPeers("alice");
  const stranger = { hostname: "10.6.6.6", port: 666 };
  let received = 0;
  world.udp.bind(stranger, (_from, datagram) => void (received += datagram.length));
  const packet = fc.oneof(
    fc.uint8Array({ maxLength: 1300 }),
    fc.tuple(fc.integer({ min: 0, max: 13 }), fc.uint8Array({ maxLength: 120 })).map(([kind, rest]) =>
      Uint8Array.from([0x50, kind, ...rest])
    ),
    fc.uint8Array({ minLength: ASK_BYTES - 2, maxLength: ASK_BYTES - 2 }).map((rest) =>
      Uint8Array.from([0x50, 10, ...rest])
    ),
    fc.string({ minLength: 1, maxLength: 8 }).map((name) =>
      encodeDiscovery({ kind: "ask", id: 7n, self: { name, more: true } })
    ),
    fc.bigInt({ min: 0n, max: 9n }).map((id) => encodePacket({ kind: "close", id, why: "x" })),
  );
  for (const datagram of fc.sample(packet, 3000)) {
    const before = received;
    alice.do(() => alice.peer.receive(stranger, datagram, world.time.now));
    await world.pass(20);
    assert(received - before <= datagram.length, `${datagram.length} bytes were answered with ${received - before}`);
  }
  assertEquals(alice.shown, []);
  alice.ask({ type: "stats" });
  const counts = new Map(alice.saw("stats")[0]!.counts);
  assert(counts.get("malformed datagrams")! > 500);
  assert(counts.get("unknown datagrams")! > 10);
});

Deno.test("a flood of questions from ten thousand addresses: memory stays, friends stay, the rest is counted", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const ask = encodeDiscovery({ kind: "ask", id: 7n, self: { name: "mallory", more: true } });
  for (let i = 0; i < 10_000; i++) {
    const place = { hostname: `10.7.${i >> 8}.${i & 255}`, port: 5000 };
    alice.do(() => alice.peer.receive(place, ask, world.time.now));
  }
  await world.pass(1000);
  bob.say("alice", "still here?");
  await world.pass(500);
  assertEquals(alice.heard, ["bob: still here?"]);
  alice.ask({ type: "stats" });
  assert(new Map(alice.saw("stats")[0]!.counts).get("flooded datagrams")! > 9000);
});

Deno.test("datagrams that are repeated much later do nothing", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const old: [PeerNode["place"], Uint8Array][] = [];
  world.udp.watch = (from, to, datagram) => {
    if (sameAddress(to, bob.place)) old.push([from, datagram.slice()]);
  };
  alice.say("bob", "once");
  await world.pass(500);
  bob.crash();
  await bob.begin();
  await world.pass(60_000);
  world.udp.watch = undefined;
  for (const [from, datagram] of old) bob.do(() => bob.peer.receive(from, datagram, world.time.now));
  await world.pass(1000);
  assertEquals(bob.heard, ["alice: once"]);
});

Deno.test("meeting packets and letters are read as they were written; anything else is a fault, never an exception", () => {
  const name = fc.string({ minLength: 1, maxLength: 16, unit: "grapheme" }).filter((name) =>
    new TextEncoder().encode(name).length <= 64 &&
    !/[\s@\p{C}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u.test(name)
  );
  const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const self = fc.record({ name, more: fc.boolean() });
  const meeting: fc.Arbitrary<DiscoveryPacket> = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), id, self }),
    fc.record({ kind: fc.constant("named" as const), id, theirs: id, self }),
    fc.record({ kind: fc.constant("here" as const), id, port: fc.integer({ min: 1, max: 65_535 }) }),
  );
  fc.assert(fc.property(meeting, (packet) => assertEquals(decodePeerPacket(encodeDiscovery(packet)), packet)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodePeerPacket(bytes)));
  fc.assert(fc.property(fc.json(), (text) => {
    const letter = decodePeerMessage(text);
    assert(letter instanceof Fault || typeof letter.type === "string");
  }));
  const said = fc.record({
    type: fc.constant("say" as const),
    n: fc.nat(),
    group: fc.option(name, { nil: undefined }),
    text: fc.string(),
  });
  fc.assert(fc.property(said, (letter) => assertEquals(decodePeerMessage(encodePeerMessage(letter)), letter)));
});

Deno.test("the worked example of the handbook, byte for byte: a program of thirty lines and ours", async () => {
  const world = new PeerNetwork(9);
  const bob = await world.person("bob", 3002);
  const pat = { hostname: "10.0.0.7", port: 5000 };
  const got: string[] = [];
  const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  world.udp.bind(pat, (_from, datagram) => void got.push(hex(datagram)));
  const send = (text: string, pad = 0) => {
    const bytes = text.trim().split(/\s+/).map((byte) => parseInt(byte, 16));
    while (bytes.length < pad) bytes.push(0);
    bob.do(() => bob.peer.receive(pat, Uint8Array.from(bytes), world.time.now));
  };
  send("50 0a 01 02 03 04 05 06 07 08 00 70 61 74", 96);
  await world.pass(50);
  assert(/^50 0b 01 02 03 04 05 06 07 08 (.. ){8}01 62 6f 62$/.test(got[0]!), got[0]);
  const theirs = got[0]!.split(" ").slice(10, 18).map((byte) => parseInt(byte, 16));
  const link = hex(Uint8Array.from(theirs, (byte, i) => byte ^ (i + 1)));
  send(`50 07 ${link} 00 00 00 00 00 00 00 00`);
  await world.pass(50);
  assertEquals(bob.shown, [{ type: "online", name: "pat" }]);
  assert(got.includes(`50 08 ${link} 00 00 00 00 00 00 00 00`));
  bob.say("pat", "hi");
  await world.pass(20);
  const text = hex(new TextEncoder().encode('{"type":"say","n":1,"text":"hi"}'));
  assertEquals(got.at(-1), `50 05 ${link} 00 00 00 01 00 00 00 01 03 ${text}`);
  send(`50 05 ${link} 00 00 00 01 00 00 00 02 03 ${hex(new TextEncoder().encode('{"type":"got","n":1}'))}`);
  await world.pass(20);
  assertEquals(got.at(-1), `50 06 ${link} 00 00 00 02`);
  assertEquals(state(bob), ["online pat", "delivered pat 1"]);
  send(`50 09 ${link} 62 79 65`);
  assertEquals(state(bob).at(-1), "offline pat");
});

Deno.test("a program without keys is gone with a message under way: its sender is told that nobody knows", async () => {
  const world = new PeerNetwork(10, { loss: 0, repeats: 0, mostDelayMs: 1 });
  const bob = await world.person("bob", 3002, peerOptions());
  const pat = { hostname: "10.0.0.7", port: 5000 };
  let named: Uint8Array | undefined;
  world.udp.bind(pat, (_from, datagram) => void (named ??= datagram));
  bob.do(() =>
    bob.peer.receive(pat, encodeDiscovery({ kind: "ask", id: 0n, self: { name: "pat", more: false } }), world.time.now)
  );
  await world.pass(50);
  const theirs = new DataView(named!.buffer, named!.byteOffset + 10).getBigUint64(0);
  bob.do(() =>
    bob.peer.receive(pat, encodePacket({ kind: "ping", id: theirs, token: new Uint8Array(8) }), world.time.now)
  );
  bob.say("pat", "hello?");
  await world.pass(40_000);
  assertEquals(state(bob), [
    "online pat",
    "offline pat",
    "failed 1: the connection was lost; it may have arrived",
  ]);
  assertEquals(bob.say("pat", "hello?"), { why: "no user called pat has been seen; /list shows those who have" });
});

Deno.test("100 labs of peers, 30 % loss; they crash, leave, move, are cut: all told the truth, groups agree, secrets stay", async () => {
  const sums = { said: 0, delivered: 0, crashes: 0, moves: 0, leaves: 0, sealed: 0, opened: 0, long: 0 };
  for (let seed = 1; seed <= 100; seed++) {
    const report = await simulatePeers(seed);
    assertEquals(report.problems, [], `deno task simulate --lab peers --seed ${seed} replays this`);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key];
  }
  const least = {
    said: 20_000,
    delivered: 20_000,
    crashes: 150,
    moves: 40,
    leaves: 40,
    sealed: 100,
    opened: 20,
    long: 150,
  };
  for (const key of Object.keys(least) as (keyof typeof least)[]) {
    assert(sums[key] > least[key], `${key}: ${sums[key]}`);
  }
});
