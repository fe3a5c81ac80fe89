import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { Outputs } from "../lib/core/machine.ts";
import { FileNotices } from "../lib/terminal/file_notices.ts";
import type { ScreenOutput } from "../lib/terminal/view.ts";
import { freshFileKey } from "../lib/store/transfer_keys.ts";
import { digestOf } from "../lib/store/file_reader.ts";
import { TransferStore } from "../lib/store/transfer_store.ts";
import { shortNumber } from "../lib/protocols/transfer/file_numbers.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { decodeManifest, encodeManifest, Manifest } from "../lib/protocols/transfer/manifest.ts";
import { ReceivingStream } from "../lib/protocols/transfer/receiving_stream.ts";
import type { TransferOutput } from "../lib/protocols/transfer/output.ts";
import { encodeSignal, type Signal } from "../lib/protocols/transfer/signal.ts";
import { allSafePaths, seededBytes } from "./support/file_bytes.ts";
import { type FileClient, FilePair, freshName, offered, wait, waitUntil } from "./support/file_pair.ts";
import { WAIT_MS } from "./support/wire.ts";

type Want = Extract<Signal, { type: "want" }>;

/** The id of what alice has offered. */
function madeId(pair: FilePair): string {
  return new TransferStore(join(pair.folder, "alice data"), "").made()[0]!.offer.id;
}

async function readSome(conn: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const got = await conn.read(bytes.subarray(at));
    if (got === null) return bytes.slice(0, at);
    at += got;
  }
  return bytes;
}

/** Files of this program that are open beneath a folder. */
function openBeneath(folder: string): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** Half of a file is at bob's, who runs, while alice is away. */
async function half(pair: FilePair, path: string): Promise<number> {
  const { bob, n } = await offered(pair, path);
  bob.files.do({ type: "accept", n });
  // At the first sign of it: a fast machine is done before much is shown.
  await waitUntil(() =>
    bob.names.some((name) => name.endsWith(".part") && sizeBelow(join(bob.downloads, name)) > 1_000_000)
  );
  await pair.leave("alice");
  await pair.leave("bob");
  assert(bob.names.some((name) => name.endsWith(".part")), `not half: ${bob.names}`);
  return n;
}

/** How much is in a file, or in a folder. */
function sizeBelow(path: string): number {
  const info = Deno.statSync(path);
  if (!info.isDirectory) return info.size;
  return [...Deno.readDirSync(path)].reduce((sum, { name }) => sum + sizeBelow(join(path, name)), 0);
}

/** The growing line after all events of a person. */
function lastBar({ events }: FileClient): string {
  let line = "";
  const outputs = new Outputs<ScreenOutput>();
  const notices = new FileNotices({ news: (text) => text, error: (text) => text }, outputs, true);
  for (const event of events) notices.event(event, true, 0);
  for (const output of outputs.take()) {
    if (output.type === "begin") line = output.text;
    else if (output.type === "drop") line = "";
  }
  return line;
}

/** Waits for the first of these, but no longer than this: the assertion after it decides. */
async function within(ms: number, ...first: Promise<unknown>[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, ...first]);
  clearTimeout(timer);
}

for (const isFolder of [false, true]) {
  const what = isFolder ? "a folder" : "a file";
  Deno.test(`${what}: .part is deleted while alice is away; what gets its name is still whole`, async () => {
    await using pair = new FilePair();
    const bytes = seededBytes(24_000_000);
    const path = pair.file("x.bin", bytes);
    if (isFolder) Deno.writeTextFileSync(join(path, "..", "a"), "first");
    await half(pair, isFolder ? join(path, "..") : path);
    const bob = pair.person("bob");
    await waitUntil(() => bob.saw("paused"));
    const part = bob.names.find((name) => name.endsWith(".part"))!;
    Deno.removeSync(join(bob.downloads, part), { recursive: true });
    pair.person("alice");
    await waitUntil(() => bob.saw("received", "fileFailed"));
    if (!bob.saw("received")) return;
    const folder = part.slice(0, -".part".length);
    if (isFolder) assert([...Deno.readDirSync(join(bob.downloads, folder))].length === 2, "a file of it is missing");
    const got = isFolder ? bob.read(folder, "x.bin") : bob.read("x.bin");
    assertEquals(encodeBase64(digestOf(got)), encodeBase64(digestOf(bytes)), "named and told as whole, and it is not");
  });
}

Deno.test("one want said many times does not pass the limit of sixteen, nor outlive /stop and close", async () => {
  await using pair = new FilePair();
  const { alice, n } = await offered(pair, pair.file("x.bin", seededBytes(1000)));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const want: Want = {
    type: "want",
    offer: madeId(pair),
    transfer: freshName(),
    token: freshName(),
    at: [`127.0.0.1:${listener.addr.port}`],
    key: undefined,
  };
  for (let i = 0; i < 40; i++) alice.files.signalled("bob", encodeSignal(want), "127.0.0.1");
  const conns: Deno.TcpConn[] = [];
  const accepting = (async () => {
    try {
      for (;;) conns.push(await listener.accept());
    } catch { /* closed */ }
  })();
  await wait(500);
  const many = conns.length;
  for (const conn of conns) await conn.write(new TextEncoder().encode("OK\n"));
  await wait(200);
  alice.files.do({ type: "stop", n });
  await wait(1500);
  await alice.files.close();
  // What was withdrawn is asked for, on the first of the connections.
  let answers = 0;
  for (const conn of conns) {
    await conn.write(Uint8Array.of(1, 0, 0, 0, 0)).catch(() => {});
    const timer = setTimeout(() => conn.close(), 300);
    const line = new Uint8Array(4000);
    for (let got; (got = await conn.read(line).catch(() => null));) {
      if (new TextDecoder().decode(line.subarray(0, got)).includes("partyline files 1")) answers++;
    }
    clearTimeout(timer);
    try {
      conn.close();
    } catch { /* it is */ }
  }
  listener.close();
  await accepting;
  assertEquals({ many: many <= 16, answers }, { many: true, answers: 0 }, `${many} at once`);
});

Deno.test("who sees the opening line on the LAN cannot have the file in the clear, nor take bob's place", async () => {
  await using pair = new FilePair();
  const seen = Promise.withResolvers<string>();
  const proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let port = 0;
  pair.meddle = (signal) => {
    if (signal.type === "want") return { ...signal, at: [] };
    if (signal.type !== "come") return signal;
    port = Number(signal.at[0]!.split(":").at(-1));
    return { ...signal, at: [`127.0.0.1:${proxy.addr.port}`] };
  };
  const { bob, n } = await offered(pair, pair.file("secret.txt", new TextEncoder().encode("very secret indeed")));
  bob.files.do({ type: "accept", n });
  const conn = await proxy.accept();
  const buffer = new Uint8Array(300);
  const count = await conn.read(buffer);
  seen.resolve(new TextDecoder().decode(buffer.subarray(0, count!)));
  const [, , , transfer, token] = (await seen.promise).split(" ");
  const spy = await Deno.connect({ hostname: "127.0.0.1", port });
  await spy.write(new TextEncoder().encode(`PARTYLINE FILE 1 ${transfer} ${token} -\n`));
  // list, want 0 1
  await spy.write(Uint8Array.of(1, 0, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1));
  let got = "";
  const timer = setTimeout(() => spy.close(), 1000);
  for (let count; (count = await spy.read(buffer).catch(() => null));) {
    got += new TextDecoder().decode(buffer.subarray(0, count));
    if (got.includes("secret indeed")) break;
  }
  clearTimeout(timer);
  try {
    spy.close();
  } catch { /* it is */ }
  conn.close();
  proxy.close();
  assert(!got.includes("very secret indeed"), "a stranger has read the file");
});

Deno.test("bob's client is closed as the file gets its name: it is not fetched a second time", async () => {
  await using pair = new FilePair();
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(1_000_000)));
  const link = Deno.link;
  try {
    let left: Promise<void> | undefined;
    Deno.link = async (from, to) => {
      await link(from, to);
      left = pair.leave("bob");
    };
    bob.files.do({ type: "accept", n });
    while (!left) await wait(5);
    await left;
  } finally {
    Deno.link = link;
  }
  await waitUntil(() => bob.names.length === 1);
  assertEquals(bob.names, ["x.bin"]);
  const again = pair.person("bob");
  await within(2000, again.event("received"), again.event("fileFailed"));
  assertEquals(again.names, ["x.bin"]);
  assertEquals(again.events.filter(({ type }) => type === "fileFailed"), []);
});

Deno.test("bob has it all while alice is just gone: she is told when she is back", async () => {
  await using pair = new FilePair();
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(1_000_000)));
  const link = Deno.link;
  try {
    Deno.link = async (from, to) => {
      await pair.leave("alice");
      await link(from, to);
    };
    bob.files.do({ type: "accept", n });
    await bob.event("received");
  } finally {
    Deno.link = link;
  }
  const alice = pair.person("alice");
  await within(WAIT_MS, alice.event("fileSent"));
  assertEquals(alice.events.map(({ type }) => type), ["fileSent"]);
});

Deno.test("bob refuses while alice is away: she is told when she is back", async () => {
  await using pair = new FilePair();
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(1000)));
  await pair.leave("alice");
  bob.files.do({ type: "refuse", n });
  await wait(50);
  const alice = pair.person("alice");
  await within(WAIT_MS, alice.event("fileFailed"));
  assertEquals(alice.events.map(({ type }) => type), ["fileFailed"]);
});

Deno.test("alice withdraws while bob is away, and starts anew: bob is told when he asks", async () => {
  await using pair = new FilePair();
  const { alice, n } = await offered(pair, pair.file("x.bin", seededBytes(1000)));
  await pair.leave("bob");
  alice.files.do({ type: "stop", n });
  await wait(20);
  await pair.leave("alice");
  pair.person("alice");
  const bob = pair.person("bob");
  bob.files.do({ type: "accept", n });
  await within(WAIT_MS, bob.event("fileFailed"));
  assertEquals(
    bob.events.filter(({ type }) => type === "fileFailed").length,
    1,
    JSON.stringify(bob.events.map((e) => "why" in e ? e.why : e.type)),
  );
});

/** Names of a list that once took time quadratic in their number, or in the length of each. */
const CRAFTED: readonly [string, (size: number) => string[]][] = [
  ["names that are all alike once they are safe", (size) => {
    const unsafe = [...'<>:"\\|?*\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008'];
    return Array.from({ length: size }, (_, i) => {
      let path = "";
      for (let k = 0, at = i; k < 5; k++, at = Math.floor(at / 16)) path += unsafe[at % 16];
      return path;
    });
  }],
  ["names of dots", (size) => [`${".".repeat(size)}x`, `${". ".repeat(size)}x`]],
  ["names of spaces", (size) => [`x${" ".repeat(size)}x`]],
  ["names of marks in the wrong order", (size) => [`x${"\u0301\u0316".repeat(size)}`]],
];

for (const [what, crafted] of CRAFTED) {
  Deno.test(`a list with ${what} costs about as much as any other of its length`, () => {
    const size = 32_000;
    const hostile = crafted(size);
    // The same number of names, each as long.
    const ordinary = hostile.map(({ length }, i) => `${i} ${"name ".repeat(length / 5)}`.slice(0, Math.max(6, length)));
    const cost = (paths: readonly string[]) => {
      const entries = paths.map((path) => ({ path, bytes: 0, isFolder: false }));
      const began = performance.now();
      assert(Array.isArray(allSafePaths(entries)));
      return performance.now() - began;
    };
    // One after the other, so that a busy machine slows both; a quadratic cost is a thousand times the linear one.
    const ratios = Array.from({ length: 5 }, () => cost(hostile) / Math.max(0.2, cost(ordinary)));
    assert(Math.min(...ratios) < 60, `${ratios.map((ratio) => ratio.toFixed(1)).join(", ")} times the cost`);
  });
}

Deno.test("a list in parts of one byte is refused at the first: a part for each byte would fill the memory", () => {
  const out = new Outputs<TransferOutput>();
  const stream = new ReceivingStream(out, { offer: "o", transfer: "t", stream: 1 }, false, 0);
  stream.begin(undefined);
  const part = { type: "listed", total: 64 * 1024 * 1024, bytes: new Uint8Array(1) } as const;
  for (let i = 0; i < 3; i++) stream.receive(part);
  const why = "the parts of its list do not fit together";
  assertEquals(stream.failure, why);
  assertEquals(out.take().map((output) => output.type === "frame" ? output.message : output), [
    { type: "list" },
    { type: "stop", why },
  ]);
});

Deno.test("what was offered as one file of one byte does not make thousands of folders", () => {
  const entries = [{ path: "a", bytes: 1, isFolder: false }];
  for (let i = 0; i < 5000; i++) entries.push({ path: `${i}${"/x".repeat(60)}`, bytes: 0, isFolder: true });
  const list = encodeManifest(new Manifest(entries, 1024, new Uint8Array(32)));
  const before = Deno.memoryUsage().heapUsed;
  const manifest = decodeManifest(list, { bytes: 1, files: 1 });
  if (!(manifest instanceof Manifest)) return;
  const paths = allSafePaths(manifest.entries);
  const mb = Math.round((Deno.memoryUsage().heapUsed - before) / 1e6);
  assert(!Array.isArray(paths), `${5000 * 61} folders would be made, of a list of ${list.length} bytes; ${mb} MB held`);
});

Deno.test("a hundred offers of mallory's do not take away what has come of alice's, in silence", async () => {
  await using pair = new FilePair();
  const { alice, bob, n } = await offered(pair, pair.file("x.bin", seededBytes(300_000)));
  // A number that begins like alice's would only be asked back.
  const freshId = (): string => {
    const id = freshName();
    return shortNumber(id) === String(n) ? freshId() : id;
  };
  for (let i = 0; i < 100; i++) {
    const digest = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
    const text = offerText({ id: freshId(), name: `${i}`, bytes: 1, files: undefined, digest });
    bob.files.heard({ from: "mallory", to: { user: "bob" }, text }, false);
  }
  bob.files.do({ type: "accept", n });
  await within(WAIT_MS, bob.event("received"));
  assertEquals(bob.problems, []);
  await alice.event("fileSent");
});

Deno.test("a folder deeper than 64 is said not to be sendable, rather than offered and never had", async () => {
  await using pair = new FilePair();
  const path = join(pair.folder, "deep");
  Deno.mkdirSync(join(path, ...Array.from({ length: 70 }, () => "d")), { recursive: true });
  Deno.writeTextFileSync(join(path, ...Array.from({ length: 70 }, () => "d"), "x"), "x");
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  alice.files.do({ type: "send", to: { user: "bob" }, path });
  await Promise.race([alice.problem(), bob.event("offered")]);
  if (bob.events.length === 0) return;
  bob.files.do({ type: "accept", n: (await bob.event("offered")).n });
  await within(WAIT_MS, bob.event("received"), bob.event("fileFailed"));
  assertEquals(bob.events.at(-1)!.type, "received", JSON.stringify(bob.events.at(-1)));
});

for (
  const [what, spoil] of [
    ["the list is written in part", (path: string) => Deno.truncateSync(`${path}.list`, 10)],
    ["the map is not written yet", (path: string) => Deno.removeSync(`${path}.map`)],
  ] as const
) {
  Deno.test(`killed as ${what}: it begins anew`, async () => {
    await using pair = new FilePair();
    await half(pair, pair.file("x.bin", seededBytes(24_000_000)));
    const folder = join(pair.folder, "bob data", "taken");
    const record = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".json"))!.name.slice(0, -5);
    spoil(join(folder, record));
    pair.person("alice");
    const bob = pair.person("bob");
    const first = await Promise.race([bob.event("received"), bob.event("fileFailed")]);
    if (first.type === "received") return;
    bob.files.do({ type: "accept", n: first.n });
    await bob.event("fileFailed", (event) => event !== first);
    assertEquals(bob.events.filter(({ type }) => type === "fileFailed"), [], "and so it stays");
  });
}

Deno.test("no two connections of one attempt are sealed with the same key and number", async () => {
  await using pair = new FilePair();
  const wanted = Promise.withResolvers<Want>();
  pair.meddle = (signal) => {
    if (signal.type === "want") wanted.resolve(signal);
    return undefined;
  };
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(1000)));
  bob.files.do({ type: "accept", n });
  const { transfer, token, at } = await wanted.promise;
  const key = await freshFileKey();
  const line = `PARTYLINE FILE 1 ${transfer} ${token} ${key.public}\n`;
  const port = Number(at.at(-1)!.split(":").at(-1));
  const firsts: string[] = [];
  const conns: Deno.Conn[] = [];
  for (let i = 0; i < 2; i++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode(line));
    await readSome(conn, 3);
    firsts.push(encodeBase64(await readSome(conn, 21)));
    if (i === 0) await wait(1600);
    // The first stays open meanwhile and says nothing, as one that was cut does.
    conns.push(conn);
  }
  for (const conn of conns) conn.close();
  assertNotEquals(firsts[0], firsts[1]);
});

Deno.test("closed while what is here is opened: nothing stays open", async () => {
  await using pair = new FilePair();
  await half(pair, pair.file("x.bin", seededBytes(24_000_000)));
  pair.person("bob");
  await pair.leave("bob");
  await waitUntil(() => openBeneath(pair.folder).length === 0);
  await wait(300);
  assertEquals(openBeneath(pair.folder), []);
});

for (const ms of [0, 0.5, 1, 1.5, 2, 4]) {
  Deno.test(`stopped ${ms} ms into opening what is here: nothing stays open, nothing is made anew`, async () => {
    await using pair = new FilePair();
    const n = await half(pair, pair.file("x.bin", seededBytes(24_000_000)));
    const bob = pair.person("bob");
    if (ms > 0) {
      for (const end = performance.now() + ms; performance.now() < end;) await wait(0);
    }
    bob.files.do({ type: "stop", n });
    const kept = () => [...Deno.readDirSync(join(pair.folder, "bob data", "taken"))].map(({ name }) => name);
    // What is being opened when the stop comes is closed once it is open.
    await waitUntil(() => openBeneath(pair.folder).length + bob.names.length + kept().length === 0);
    await wait(300);
    assertEquals({ open: openBeneath(pair.folder), names: bob.names, kept: kept() }, { open: [], names: [], kept: [] });
  });
}

Deno.test("what goes to somebody of a room is stopped: no bar of it stays", async () => {
  await using pair = new FilePair();
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  alice.files.do({ type: "send", to: { room: "lobby" }, path: pair.file("x.bin", seededBytes(32_000_000)) });
  const { n } = await alice.event("offering");
  const { offer } = new TransferStore(join(pair.folder, "alice data"), "").made()[0]!;
  bob.files.heard({ from: "alice", to: { room: "lobby" }, text: offerText(offer) }, false);
  bob.files.do({ type: "accept", n });
  await waitUntil(() => bob.names.includes("x.bin.part") && sizeBelow(join(bob.downloads, "x.bin.part")) > 1_000_000);
  alice.files.do({ type: "stop", n });
  await bob.event("fileFailed");
  await wait(1500);
  assertEquals(lastBar(alice), "");
});

Deno.test("many tiny files do not hold the rest of the program up", async () => {
  await using pair = new FilePair();
  const path = join(pair.folder, "tiny");
  Deno.mkdirSync(path);
  for (let i = 0; i < 1500; i++) Deno.writeTextFileSync(join(path, `${i}`), i % 2 ? "x" : "");
  const { bob, n } = await offered(pair, path);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  bob.files.do({ type: "accept", n });
  const at = performance.now();
  await bob.event("received");
  const ms = performance.now() - at;
  clearInterval(timer);
  // One for every ten milliseconds at least, and some that are lost to the rest; on a slow machine, for every forty files.
  assert(turns > Math.min(ms / 40, 1500 / 40), `${turns} turns in ${Math.round(ms)} ms`);
});

Deno.test("one who asks again and again does not keep the others away", async () => {
  await using pair = new FilePair();
  const { alice } = await offered(pair, pair.file("x.bin", seededBytes(1000)));
  const offer = madeId(pair);
  const want = (): Want => ({ type: "want", offer, transfer: freshName(), token: freshName(), at: [], key: undefined });
  const told: Signal[] = [];
  pair.meddle = (signal) => (told.push(signal), undefined);
  for (let i = 0; i < 16; i++) alice.files.signalled("bob", encodeSignal(want()), "127.0.0.1");
  await wait(100);
  alice.files.signalled("carol", encodeSignal(want()), "127.0.0.1");
  await wait(100);
  assertEquals(told.filter(({ type }) => type === "later"), []);
});

Deno.test("stopped as the file gets its name: it is not there afterwards, or bob is told that it is", async () => {
  await using pair = new FilePair();
  const { alice, bob, n } = await offered(pair, pair.file("x.bin", seededBytes(1_000_000)));
  const link = Deno.link;
  try {
    Deno.link = async (from, to) => {
      await link(from, to);
      bob.files.do({ type: "stop", n });
    };
    bob.files.do({ type: "accept", n });
    await waitUntil(() => bob.saw("fileFailed", "received"));
    await wait(300);
  } finally {
    Deno.link = link;
  }
  const said = alice.events.flatMap((event) => event.type === "fileFailed" ? [event.why] : []);
  assert(bob.names.length === 0 || bob.saw("received"), `bob has ${bob.names}, and alice was told: ${said}`);
});

Deno.test("many offers of one person: the last costs no more than the first, and his oldest are forgotten", async () => {
  await using pair = new FilePair();
  const bob = pair.person("bob");
  const msFor = (count: number) => {
    const at = performance.now();
    for (let i = 0; i < count; i++) {
      const digest = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
      const text = offerText({ id: freshName(), name: `${i}`, bytes: 1, files: undefined, digest });
      bob.files.heard({ from: "mallory", to: { user: "bob" }, text }, false);
    }
    return performance.now() - at;
  };
  // The least of three times: a busy machine may hold up one of them.
  const leastFor = (count: number) => Math.min(...Array.from({ length: 3 }, () => msFor(count)));
  msFor(100);
  const first = leastFor(100);
  msFor(600);
  const last = leastFor(100);
  await wait(1);
  bob.files.do({ type: "files" });
  const { files } = await bob.event("files");
  assertEquals(files.length, 20);
  assert(last / first < 8, `${first} ms for 100 offers, ${last} ms for 100 after 600 more`);
});

Deno.test("a second screen that accepts, too, does not take away what the first has", async () => {
  await using pair = new FilePair();
  const path = pair.file("x.bin", seededBytes(1_000_000));
  const alice = new TransferStore(join(pair.folder, "alice"), "");
  const made = await alice.offer(freshName(), path, "bob", false, () => {});
  const source = await alice.source(made);
  const [one, two] = [1, 2].map(() => new TransferStore(join(pair.folder, "bob"), join(pair.folder, "down")));
  const taken = { offer: made.offer, from: "alice", to: { user: "bob" }, accepted: true };
  one!.take(taken);
  const first = await one!.target(taken);
  await first.keepManifest(source.manifest);
  assert(await first.write(0, await source.read(0, false)));
  assertMatch(await two!.target(taken).then(() => "taken twice", String), /BusyError: another program of yours/);
  await first.close();
  source.close();
  const again = await one!.target(taken);
  const state = { there: again.known?.map.has(0), accepted: one!.taken()[0]!.accepted };
  await again.close();
  assertEquals(state, { there: true, accepted: true });
});

Deno.test("closed while a caller has not said what it wants: nothing stays open", async () => {
  await using pair = new FilePair();
  const wanted = Promise.withResolvers<Want>();
  pair.meddle = (signal) => (signal.type === "want" && wanted.resolve(signal), undefined);
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(1000)));
  bob.files.do({ type: "accept", n });
  const port = Number((await wanted.promise).at.at(-1)!.split(":").at(-1));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await wait(50);
  await pair.leave("bob");
  let ended: unknown = "open";
  await within(WAIT_MS, conn.read(new Uint8Array(1)).then((count) => ended = count, () => ended = null));
  conn.close();
  await wait(10);
  assertEquals(ended, null);
});

Deno.test("closed while what is to be offered is read: nothing stays open", async () => {
  await using pair = new FilePair();
  const path = join(pair.folder, "big");
  Deno.writeTextFileSync(path, "");
  Deno.truncateSync(path, 3_000_000_000);
  const alice = pair.person("alice");
  alice.files.do({ type: "send", to: { user: "bob" }, path });
  await waitUntil(() => alice.saw("reading"));
  await pair.leave("alice");
  const open = openBeneath(pair.folder);
  await waitUntil(() => openBeneath(pair.folder).length === 0);
  await wait(20);
  assertEquals(open, []);
});

Deno.test("what cannot be read to its end leaves no bar behind", async () => {
  await using pair = new FilePair();
  const path = join(pair.folder, "big");
  Deno.writeTextFileSync(path, "");
  Deno.truncateSync(path, 2_000_000_000);
  const alice = pair.person("alice");
  alice.files.do({ type: "send", to: { user: "bob" }, path });
  await waitUntil(() => alice.saw("reading"));
  Deno.truncateSync(path, 1_000);
  await waitUntil(() => alice.problems.length > 0);
  assertEquals(lastBar(alice), "");
});

Deno.test("alice comes online while a stream is being opened: nothing false is said of it", async () => {
  await using pair = new FilePair();
  pair.meddle = (signal, from) => {
    if (signal.type === "relayed" && from === "alice") queueMicrotask(() => pair.person("bob").files.online("alice"));
    return "at" in signal ? { ...signal, at: [] } : signal;
  };
  const { bob, n } = await offered(pair, pair.file("x.bin", seededBytes(500_000)));
  bob.files.do({ type: "accept", n });
  await waitUntil(() => bob.saw("received", "paused"));
  assertEquals(bob.events.flatMap((event) => event.type === "paused" ? [event.why] : []), []);
});
