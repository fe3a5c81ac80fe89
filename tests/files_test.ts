import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CuttingProxy } from "./support/cutting_proxy.ts";
import { seededBytes } from "./support/file_bytes.ts";
import { type FileClient, FilePair, offered } from "./support/file_pair.ts";
import { Random } from "./support/random.ts";
import { until } from "./support/wire.ts";

Deno.test("alice offers, bob accepts: it is whole, sealed, beside what has its name, and both are told", async () => {
  await using pair = new FilePair();
  const bytes = seededBytes(3_000_000);
  const { alice, bob, n } = await offered(pair, pair.file("slides.pdf", bytes));
  const { name, bytes: size, from } = await bob.event("offered");
  assertEquals([name, size, from], ["slides.pdf", 3_000_000, "alice"]);
  Deno.mkdirSync(bob.downloads);
  Deno.writeTextFileSync(join(bob.downloads, "slides.pdf"), "mine");
  bob.files.do({ type: "accept", n });
  assertEquals((await bob.event("received")).path, join(bob.downloads, "slides (1).pdf"));
  await alice.event("fileSent");
  assertEquals(bob.names, ["slides (1).pdf", "slides.pdf"]);
  assertEquals(bob.read("slides (1).pdf"), bytes);
  assertEquals(new TextDecoder().decode(bob.read("slides.pdf")), "mine");
  for (const person of [alice, bob]) {
    const { sealed, relayed } = await person.event("route");
    assertEquals([sealed, relayed], [true, false]);
  }
});

for (
  const [title, seals, meddle] of [
    ["she cannot call him: he calls her", true, (signal) => signal.type === "want" ? { ...signal, at: [] } : signal],
    [
      "neither can call the other: it goes by way of the chat, sealed",
      true,
      (signal) => "at" in signal ? { ...signal, at: [] } : signal,
    ],
    [
      "by way of the chat, and nobody can seal",
      false,
      (signal) => "at" in signal ? { ...signal, at: [] } : signal,
    ],
    ["nobody can seal", false, (signal) => signal],
  ] as [string, boolean, FilePair["meddle"]][]
) {
  Deno.test(`${title}`, async () => {
    await using pair = new FilePair();
    pair.seals = seals;
    pair.meddle = meddle;
    const bytes = seededBytes(1_500_000);
    const { alice, bob, n } = await offered(pair, pair.file("x.bin", bytes));
    bob.files.do({ type: "accept", n });
    await bob.event("received");
    await alice.event("fileSent");
    assertEquals(bob.read("x.bin"), bytes);
    const relayed = title.includes("by way of the chat");
    for (const person of [alice, bob]) {
      const way = await person.event("route");
      assertEquals([way.relayed, way.sealed], [relayed, seals]);
    }
  });
}

Deno.test("a folder keeps its tree, with what is empty in it; links stay where they are", async () => {
  await using pair = new FilePair();
  const path = join(pair.folder, "holiday");
  Deno.mkdirSync(join(path, "deep", "down"), { recursive: true });
  Deno.mkdirSync(join(path, "nothing"));
  Deno.writeTextFileSync(join(path, "empty.txt"), "");
  for (let i = 0; i < 300; i++) Deno.writeTextFileSync(join(path, "deep", "down", `${i}.txt`), `number ${i}\n`);
  Deno.writeFileSync(join(path, "deep", "film.bin"), seededBytes(700_000));
  Deno.symlinkSync("/etc", join(path, "way out"));
  const { alice, bob, n } = await offered(pair, path);
  assertEquals((await alice.event("offering")).skipped, 1);
  assertEquals((await bob.event("offered")).files, 302);
  bob.files.do({ type: "accept", n });
  await bob.event("received");
  assertEquals(bob.names, ["holiday"]);
  assertEquals([...Deno.readDirSync(join(bob.downloads, "holiday"))].map(({ name }) => name).sort(), [
    "deep",
    "empty.txt",
    "nothing",
  ]);
  assertEquals(bob.read("holiday", "deep", "film.bin"), seededBytes(700_000));
  for (let i = 0; i < 300; i++) {
    assertEquals(new TextDecoder().decode(bob.read("holiday", "deep", "down", `${i}.txt`)), `number ${i}\n`);
  }
});

Deno.test("an empty file is a file", async () => {
  await using pair = new FilePair();
  const { alice, bob, n } = await offered(pair, pair.file("empty", new Uint8Array(0)));
  bob.files.do({ type: "accept", n });
  await bob.event("received");
  await alice.event("fileSent");
  assertEquals(bob.read("empty").length, 0);
});

Deno.test("bob refuses: alice is told, and it cannot be had any more", async () => {
  await using pair = new FilePair();
  const { alice, bob, n } = await offered(pair, pair.file("x", seededBytes(10)));
  bob.files.do({ type: "refuse", n });
  assertMatch((await alice.event("fileFailed")).why, /bob has refused it/);
  bob.files.do({ type: "accept", n });
  assertEquals(await bob.problem(), "x: refused");
  assertEquals(bob.names, []);
});

Deno.test("alice withdraws: bob is told, whether he has accepted or not", async () => {
  await using pair = new FilePair();
  const { alice, bob, n } = await offered(pair, pair.file("x", seededBytes(10)));
  alice.files.do({ type: "stop", n });
  assertMatch((await bob.event("fileFailed")).why, /alice has withdrawn it/);
  bob.files.do({ type: "accept", n });
  assertMatch(await bob.problem(), /withdrawn/);
});

Deno.test("either is gone and comes back, again and again: it goes on where it stopped, and nothing is read twice", async () => {
  await using pair = new FilePair();
  const bytes = seededBytes(40_000_000);
  const { bob: first, n } = await offered(pair, pair.file("film.bin", bytes));
  const random = new Random(7);
  first.files.do({ type: "accept", n });
  let seen = 0;
  for (let round = 0; !isThere(pair.person("bob")); round++) {
    const bob = pair.person("bob");
    const moving = bob.event("progress", ({ done }) => done > 0);
    await Promise.race([moving, bob.event("received")]);
    // What was there is there again at once.
    const { done } = bob.events.find((event) => event.type === "progress") ?? { done: bytes.length };
    assert(done >= seen, `${done} after ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, random.whole(0, 40)));
    if (isThere(bob)) break;
    await pair.leave(round % 2 === 0 ? "bob" : "alice");
    for (const event of bob.events) if (event.type === "progress") seen = Math.max(seen, event.done);
    bob.events.splice(0);
    pair.person("alice");
  }
  // For a moment it has both names.
  await until(() => !pair.person("bob").names.includes("film.bin.part"), "it has one name alone");
  assertEquals(pair.person("bob").names, ["film.bin"]);
  assertEquals(pair.person("bob").read("film.bin"), bytes);

  function isThere(bob: FileClient): boolean {
    return bob.names.includes("film.bin");
  }
});

Deno.test("the file changes after it was offered: bob is told that it has, and has nothing", async () => {
  await using pair = new FilePair();
  const path = pair.file("x.bin", seededBytes(2_000_000));
  const { alice, bob, n } = await offered(pair, path);
  Deno.writeFileSync(path, seededBytes(2_000_000, 2));
  bob.files.do({ type: "accept", n });
  assertMatch((await bob.event("fileFailed")).why, /it has changed since it was offered/);
  assertMatch((await alice.event("fileFailed")).why, /changed/);
  assertEquals(bob.names, []);
});

Deno.test("the file is gone: bob waits, and has it when it is back", async () => {
  await using pair = new FilePair();
  const path = pair.file("x.bin", seededBytes(2_000_000));
  const { bob, n } = await offered(pair, path);
  Deno.renameSync(path, `${path}.away`);
  bob.files.do({ type: "accept", n });
  assertMatch((await bob.event("paused")).why, /it cannot be read there/);
  Deno.renameSync(`${path}.away`, path);
  await bob.event("received");
  assertEquals(bob.read("x.bin"), seededBytes(2_000_000));
});

Deno.test("it becomes shorter while it is on its way: both are told, and nothing has its name", async () => {
  await using pair = new FilePair();
  const path = pair.file("x.bin", seededBytes(2_000_000));
  const { bob, n } = await offered(pair, path);
  Deno.truncateSync(path, 1_000_000);
  bob.files.do({ type: "accept", n });
  assertMatch((await bob.event("fileFailed")).why, /shorter since it was offered/);
  assertEquals(bob.names, []);
});

Deno.test("bob's disk cannot be written: he is told, keeps the offer, and has it when he can", async () => {
  await using pair = new FilePair();
  const { alice, bob, n } = await offered(pair, pair.file("x.bin", seededBytes(300_000)));
  // Where the downloads should be is a file.
  Deno.writeTextFileSync(bob.downloads, "in the way");
  bob.files.do({ type: "accept", n });
  const failed = await bob.event("fileFailed");
  assertMatch(failed.why, /cannot make the folder /);
  assert(failed.canRetry);
  // Where things are at bob's is nothing to alice.
  const { why } = await alice.event("paused");
  assertEquals([why.startsWith("cannot make the folder it: "), why.includes(bob.downloads)], [true, false]);
  Deno.removeSync(bob.downloads);
  bob.files.do({ type: "accept", n });
  await bob.event("received");
  assertEquals(bob.read("x.bin"), seededBytes(300_000));
});

Deno.test("who does not know the secret opens nothing", async () => {
  await using pair = new FilePair();
  const places: string[] = [];
  const opened = Promise.withResolvers<void>();
  pair.meddle = (signal) => {
    if (signal.type !== "want") return signal;
    places.push(...signal.at);
    opened.resolve();
    // Alice hears of it later.
    return undefined;
  };
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(300_000)));
  bob.files.do({ type: "accept", n });
  await opened.promise;
  const port = Number(places.at(-1)!.split(":").at(-1));
  for (
    const line of [
      "PARTYLINE FILE 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA -\n",
      "GET / HTTP/1.0\n",
      "\n",
      "x".repeat(9000),
    ]
  ) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode(line)).catch(() => {});
    assertEquals(await conn.read(new Uint8Array(10)).catch(() => null), null);
    conn.close();
  }
});

Deno.test("what cannot be offered is said with the reason", async () => {
  await using pair = new FilePair();
  const alice = pair.person("alice");
  const send = (path: string) => alice.files.do({ type: "send", to: { user: "bob" }, path });
  send(join(pair.folder, "nowhere"));
  assertMatch(await alice.problem(), /^nothing is offered: cannot look at \S+nowhere: there is no such file$/);
  send("/dev/null");
  assertMatch(await alice.problem(), /neither a file nor a folder/);
  Deno.mkdirSync(join(pair.folder, "hollow"));
  send(join(pair.folder, "hollow"));
  assertMatch(await alice.problem(), /there is nothing in the folder/);
  alice.files.do({ type: "accept", n: 333 });
  assertEquals(await alice.problem(), "nothing has been offered yet");
});

/** Each takes a tenth of a second; 200 of them were tried, too. */
const CUTS = Number(Deno.env.get("PARTYLINE_CUTS") ?? 40);

Deno.test(`a connection that is cut ${CUTS} times: the same bytes, and hardly any of them twice`, async () => {
  await using pair = new FilePair();
  const bytes = seededBytes(CUTS * 300_000);
  const random = new Random(3);
  const proxy = new CuttingProxy(() => random.whole(1, 600_000), CUTS);
  pair.meddle = (signal, from) => {
    if (signal.type !== "want" || from !== "bob") return signal;
    return { ...signal, at: [`127.0.0.1:${proxy.portFor(Number(signal.at[0]!.split(":").at(-1)))}`] };
  };
  const { alice, bob, n } = await offered(pair, pair.file("film.bin", bytes));
  bob.files.do({ type: "accept", n });
  await bob.event("received");
  await alice.event("fileSent");
  proxy.close();
  assertEquals(bob.read("film.bin"), bytes);
  assert(proxy.cuts >= CUTS / 3, `${proxy.cuts} cuts`);
  // At each cut what was asked for and not here yet is lost: sixteen chunks at most, and one that came in part.
  const most = bytes.length * 1.01 + proxy.cuts * 17 * 256 * 1024;
  assert(proxy.bytes < most, `${proxy.bytes} bytes for ${bytes.length}, ${proxy.cuts} cuts`);
});
