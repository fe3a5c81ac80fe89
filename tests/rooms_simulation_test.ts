import { assert, assertEquals } from "@std/assert";
import { Random } from "./support/random.ts";
import { RoomsPeer, simulatedServer } from "./support/rooms_simulation.ts";
import { VirtualTime } from "./support/virtual_time.ts";

const ROOMS = 10;
const TRANSFERS = 1000;
const SIZES = [0, 1, 500, 1023, 1024, 1025, 4096, 20_000, 65_536, 300_000];

Deno.test("a thousand files to clients that parse as the handout's, chat in between, slow ones among them: all whole", () => {
  const time = new VirtualTime();
  const random = new Random(1);
  const runner = simulatedServer(time);
  const rooms = Array.from({ length: ROOMS }, (_, room) =>
    Array.from({ length: 3 + room % 3 }, (_, i) =>
      new RoomsPeer(
        {
          name: `p${room}-${i}`,
          room: `r${room}`,
          // The last one is slow: 1 MB a second, behind systems that hold 256 kB.
          bytesPerMs: i === 2 ? 1000 : random.whole(20_000, 200_000),
          systemBytes: i === 2 ? 256 * 1024 : random.pick([256 * 1024, 2_500_000, 4_000_000]),
        },
        time,
        random,
        runner,
      )));
  time.pass(2000);
  const expected = new Map(rooms.flat().map((peer) => [peer, { files: [] as string[], texts: [] as string[] }]));
  let texts = 0;
  const say = (from: RoomsPeer, peers: readonly RoomsPeer[]) => {
    const text = `text ${++texts}`;
    from.say(text);
    for (const peer of peers) if (peer !== from) expected.get(peer)!.texts.push(`<${from.options.name}> ${text}`);
  };
  const until = time.now + 60 * 60_000;
  for (let sent = 0; sent < TRANSFERS;) {
    assert(time.step(until), "the server has nothing to do");
    for (const peers of rooms) {
      // One file at a time in a room, so that their order is the same for all.
      const busy = peers.some((peer) => !peer.isIdle);
      if (busy || sent === TRANSFERS || !random.chance(0.01)) continue;
      const from = random.pick(peers);
      const others = peers.filter((peer) => peer !== from);
      if (random.chance(0.5)) {
        say(from, peers);
        continue;
      }
      const bytes = random.chance(0.04) ? 5_000_000 : random.pick(SIZES);
      const name = `${random.whole(0, 900_000)}-${bytes}.bin`;
      from.sendFile(name);
      if (random.chance(0.5)) say(from, peers);
      for (const peer of others) {
        expected.get(peer)!.files.push(`${from.options.name} client_${name}`);
        if (random.chance(0.3)) say(peer, peers);
      }
      sent++;
    }
  }
  time.pass(15 * 60_000);
  for (const [peer, { files, texts }] of expected) {
    const { name } = peer.options;
    assertEquals([peer.problem, peer.isStuck, peer.isClosed], [undefined, false, false], name);
    assertEquals(peer.received, files, name);
    // Many that wait come as lines of one piece. What two say at once has no order.
    const [, ...heard] = peer.texts.flatMap((piece) => piece.split("\n"));
    assertEquals(heard.sort(), texts.sort(), name);
  }
  assert(texts > 300);
  assertEquals(runner.hub.size.sessions, rooms.flat().length);
});

Deno.test("a client that stops reading is disconnected, and delays no other", () => {
  const time = new VirtualTime();
  const random = new Random(2);
  const runner = simulatedServer(time, { roomsStallMs: 30_000 });
  const open = (name: string, vanishes = false) =>
    new RoomsPeer({ name, room: "r", bytesPerMs: 50_000, systemBytes: 100_000, vanishes }, time, random, runner);
  const [alice, bob, gone] = [open("alice"), open("bob"), open("gone", true)];
  time.pass(1000);
  alice.sendFile("0-5000000.bin");
  alice.say("after the file");
  time.pass(10_000);
  assertEquals(bob.received, ["alice client_0-5000000.bin"]);
  assertEquals(bob.texts.at(-1), "<alice> after the file");
  assertEquals(gone.isClosed, false);
  time.pass(35_000);
  assertEquals([gone.isClosed, bob.isClosed], [true, false]);
});
