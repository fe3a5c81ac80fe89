import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { digestOf } from "../lib/store/file_reader.ts";
import { TransferStore } from "../lib/store/transfer_store.ts";
import { freshFileKey } from "../lib/store/transfer_keys.ts";
import { TransferRunner } from "../lib/client/transfer/runner.ts";
import type { FileWriter } from "../lib/store/file_writer.ts";
import { type OfferTaken, offerText } from "../lib/protocols/transfer/offer.ts";
import { encodeSignal, type Signal } from "../lib/protocols/transfer/signal.ts";
import { seededBytes } from "./support/file_bytes.ts";
import { FilePair, freshName, wait, waitUntil } from "./support/file_pair.ts";

const CHUNK = 256 * 1024;

/** A shelf for who offers and one for who takes, and one offer. */
async function desk(pair: FilePair, path: string) {
  const alice = new TransferStore(join(pair.folder, "A"), "");
  const made = await alice.offer(freshName(), path, "bob", false, () => {});
  const source = await alice.source(made);
  const down = join(pair.folder, "down");
  const shelf = new TransferStore(join(pair.folder, "B"), down);
  const taken: OfferTaken = { offer: made.offer, from: "alice", to: { user: "bob" }, accepted: true };
  shelf.take(taken);
  const keep = async (target: FileWriter, chunk: number) =>
    assert(await target.write(chunk, await source.read(chunk, false)));
  return { made, source, shelf, taken, down, keep };
}

Deno.test(".part deleted, verify(), chunks kept, program restarted: named as whole, and it is not", async () => {
  await using pair = new FilePair();
  const bytes = seededBytes(4 * CHUNK);
  const { source, shelf, taken, down, keep } = await desk(pair, pair.file("x.bin", bytes));
  const first = await shelf.target(taken);
  await first.keepManifest(source.manifest);
  await keep(first, 0);
  Deno.removeSync(join(down, "x.bin.part"));
  await first.verify(); // as before the next stream
  await keep(first, 0);
  await keep(first, 1);
  await first.close();
  const again = await shelf.target(taken);
  for (let c = 0; c < 4; c++) if (!again.known!.map.has(c)) await keep(again, c);
  const path = await again.finish();
  await again.close();
  source.close();
  if (path) {
    assertEquals(
      encodeBase64(digestOf(Deno.readFileSync(path))) === encodeBase64(digestOf(bytes)),
      true,
      `${path} is not whole`,
    );
  }
});

Deno.test("end to end: .part deleted while alice is away, then bob leaves in the midst", async () => {
  await using pair = new FilePair();
  const bytes = seededBytes(24_000_000);
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file("x.bin", bytes) });
  const { n } = await bob.event("offered");
  bob.files.do({ type: "accept", n });
  const part = join(bob.downloads, "x.bin.part");
  await waitUntil(() => bob.names.includes("x.bin.part") && Deno.statSync(part).size > 1_000_000);
  await pair.leave("alice");
  await waitUntil(() => bob.saw("paused"));
  Deno.removeSync(part);
  const ways = bob.events.filter(({ type }) => type === "route").length;
  pair.person("alice");
  await waitUntil(() => bob.events.filter(({ type }) => type === "route").length > ways);
  await wait(60);
  await pair.leave("bob");
  const again = pair.person("bob");
  await waitUntil(() => again.saw("received", "fileFailed"));
  if (again.saw("received")) {
    assertEquals(
      encodeBase64(digestOf(again.read("x.bin"))) === encodeBase64(digestOf(bytes)),
      true,
      "told as whole, and it is not",
    );
  }
});

Deno.test("chunks are kept while verify() begins anew: they are not marked in the new record", async () => {
  await using pair = new FilePair();
  const many = 200;
  const { source, shelf, taken, down } = await desk(pair, pair.file("x.bin", seededBytes(many * CHUNK)));
  const first = await shelf.target(taken);
  await first.keepManifest(source.manifest);
  const pieces = [];
  for (let c = 0; c < many; c++) pieces.push(await source.read(c, false));
  const kept = pieces.map((piece, c) => first.write(c, piece));
  Deno.removeSync(join(down, "x.bin.part"));
  // Elsewhere, so that it is another file.
  Deno.writeTextFileSync(join(down, "x.bin.part"), "");
  await first.verify();
  await Promise.allSettled(kept);
  await first.close();
  const again = await shelf.target(taken);
  let [marked, wrong] = [0, 0];
  const part = [...Deno.readDirSync(down)].map(({ name }) => ({ name, size: Deno.statSync(join(down, name)).size }));
  for (let c = 0; c < many; c++) if (again.known!.map.has(c)) marked++;
  wrong = marked * CHUNK - (part.find(({ name }) => name !== "x.bin.part")?.size ?? 0);
  await again.close();
  source.close();
  assert(wrong <= 0, `${marked} marked; there are ${JSON.stringify(part)}`);
});

Deno.test("a file inside a folder's .part is deleted in the midst: what gets its name is whole", async () => {
  await using pair = new FilePair();
  const bytes = seededBytes(3 * CHUNK);
  const path = pair.file("a.bin", bytes);
  Deno.writeFileSync(join(path, "..", "b.bin"), seededBytes(CHUNK, 2));
  const { source, shelf, taken, down, keep } = await desk(pair, join(path, ".."));
  const first = await shelf.target(taken);
  await first.keepManifest(source.manifest);
  await keep(first, 0);
  await first.close();
  const [part] = [...Deno.readDirSync(down)];
  Deno.removeSync(join(down, part!.name, "a.bin"));
  const again = await shelf.target(taken);
  for (let c = 0; c < 4; c++) if (!again.known!.map.has(c)) await keep(again, c);
  const done = await again.finish();
  await again.close();
  source.close();
  if (done) {
    assert(
      encodeBase64(digestOf(Deno.readFileSync(join(done, "a.bin")))) === encodeBase64(digestOf(bytes)),
      "a.bin has a hole",
    );
  }
});

Deno.test("a .part that is too long does not make it come for ever", async () => {
  await using pair = new FilePair();
  const { source, shelf, taken, down, keep } = await desk(pair, pair.file("x.bin", seededBytes(2 * CHUNK)));
  const first = await shelf.target(taken);
  await first.keepManifest(source.manifest);
  for (const c of [0, 1]) await keep(first, c);
  Deno.writeFileSync(join(down, "x.bin.part"), new Uint8Array(1), { append: true });
  let rounds = 0;
  for (; rounds < 20 && await first.finish() === undefined; rounds++) for (const c of [0, 1]) await keep(first, c);
  await first.close();
  source.close();
  assert(rounds < 20, "20 times fetched anew, and no end");
});

Deno.test("a folder below .part is deleted: it is made again", async () => {
  await using pair = new FilePair();
  const top = join(pair.folder, "top");
  Deno.mkdirSync(join(top, "sub"), { recursive: true });
  Deno.writeFileSync(join(top, "sub", "x"), seededBytes(CHUNK));
  const { source, shelf, taken, down, keep } = await desk(pair, top);
  const first = await shelf.target(taken);
  await first.keepManifest(source.manifest);
  await keep(first, 0);
  Deno.removeSync(join(down, "top.part", "sub"), { recursive: true });
  assertEquals(await first.finish(), undefined);
  const said = await keep(first, 0).then(() => "kept", String);
  await first.close();
  source.close();
  assertEquals(said, "kept");
});

Deno.test("what is given up does not take another's .part with it", async () => {
  await using pair = new FilePair();
  const one = await desk(pair, pair.file("x.bin", seededBytes(2 * CHUNK)));
  const a = await one.shelf.target(one.taken);
  await a.keepManifest(one.source.manifest);
  await one.keep(a, 0);
  await a.close();
  Deno.removeSync(join(one.down, "x.bin.part")); // somebody tidies up
  const two = await desk(pair, pair.file("x.bin", seededBytes(2 * CHUNK, 7)));
  const b = await two.shelf.target(two.taken);
  await b.keepManifest(two.source.manifest);
  await two.keep(b, 0);
  one.shelf.drop(one.taken);
  const names = [...Deno.readDirSync(one.down)].map(({ name }) => name);
  await b.close();
  one.source.close();
  two.source.close();
  assertEquals(names, ["x.bin.part"]);
});

Deno.test("what is known while an old .part is removed has a map (or the look at it ends the program)", async () => {
  await using pair = new FilePair();
  const { source, shelf, taken, keep } = await desk(pair, pair.file("x.bin", seededBytes(2 * CHUNK)));
  const a = await shelf.target(taken);
  await a.keepManifest(source.manifest);
  await keep(a, 0);
  await a.close();
  const folder = join(pair.folder, "B", "taken");
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.endsWith(".list")) Deno.truncateSync(join(folder, name), 10);
  }
  const b = await shelf.target(taken);
  const remove = Deno.remove;
  let bad = false;
  try {
    Deno.remove = async (...args) => {
      await wait(50);
      return await remove(...args);
    };
    const listing = b.keepManifest(source.manifest);
    const timer = setInterval(() => bad ||= b.known !== undefined && b.known.map === undefined, 1);
    await listing;
    clearInterval(timer);
  } finally {
    Deno.remove = remove;
  }
  await b.close();
  source.close();
  assert(!bad, "known without a map: Fetch.#done reads known.map.size in a timer");
});

Deno.test("the stream is gone while the file gets its name, and bob stops it then", async () => {
  await using pair = new FilePair();
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file("x.bin", seededBytes(1_000_000)) });
  const { n } = await bob.event("offered");
  const link = Deno.link;
  try {
    Deno.link = async (from, to) => {
      await pair.leave("alice");
      await waitUntil(() => bob.saw("paused"));
      bob.files.do({ type: "stop", n });
      await link(from, to);
    };
    bob.files.do({ type: "accept", n });
    await waitUntil(() => bob.saw("fileFailed", "received"));
    await wait(300);
  } finally {
    Deno.link = link;
  }
  assert(
    bob.names.length === 0 || bob.saw("received"),
    `bob has ${bob.names}, and was told ${bob.events.map((e) => e.type)}`,
  );
});

Deno.test("a message of another person that ends in a known link is not lost in silence", async () => {
  await using pair = new FilePair();
  const bob = pair.person("bob");
  const offer = { id: freshName(), name: "x", bytes: 1, files: undefined, digest: encodeBase64(new Uint8Array(32)) };
  bob.files.heard({ from: "alice", to: { room: "r" }, text: offerText(offer) }, false);
  const before = bob.events.length;
  const link = offerText(offer).replace(/.*</, "<");
  const hidden = bob.files.heard(
    { from: "carol", to: { room: "r" }, text: `do not take this, it is a virus: ${link}` },
    false,
  );
  await wait(1);
  assert(!hidden || bob.events.length > before, "neither shown as a message nor as an offer");
});

Deno.test("who accepts a file tells the sender an address; a refusal and what confirms it tell none", async () => {
  await using pair = new FilePair();
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  const told: string[] = [];
  pair.meddle = (signal, from, at) => (told.push(`${from}: ${signal.type}${at ? ", with the address" : ""}`), signal);
  const offered = async (name: string) => {
    alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file(name, seededBytes(1000)) });
    return (await bob.event("offered", (item) => item.name === name)).n;
  };
  bob.files.do({ type: "refuse", n: await offered("x.bin") });
  await waitUntil(() => told.length === 2);
  assertEquals(told.splice(0), ["bob: refused", "alice: noted"]);
  bob.files.do({ type: "accept", n: await offered("y.bin") });
  await waitUntil(() => bob.saw("received"));
  assertEquals(told[0], "bob: want, with the address");
});

Deno.test("who was not offered it does not end it for bob", async () => {
  await using pair = new FilePair();
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file("x.bin", seededBytes(1000)) });
  const { n } = await bob.event("offered");
  const { offer } = new TransferStore(join(pair.folder, "alice data"), "").made()[0]!;
  alice.files.signalled("mallory", encodeSignal({ type: "refused", offer: offer.id, why: "refused" }), undefined);
  bob.files.do({ type: "accept", n });
  await waitUntil(() => bob.saw("received", "fileFailed"));
  assertEquals(bob.saw("received"), true, JSON.stringify(bob.events.at(-1)));
});

Deno.test("four connections that were cut do not keep bob from asking anew", async () => {
  await using pair = new FilePair();
  const alice = pair.person("alice");
  pair.person("bob");
  alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file("x.bin", seededBytes(1000)) });
  await alice.event("offering");
  const { offer } = new TransferStore(join(pair.folder, "alice data"), "").made()[0]!;
  const told: Signal[] = [];
  pair.meddle = (signal) => (told.push(signal), undefined);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.Conn[] = [];
  for (let i = 0; i < 5; i++) {
    const want: Signal = {
      type: "want",
      offer: offer.id,
      transfer: freshName(),
      token: freshName(),
      at: [`127.0.0.1:${listener.addr.port}`],
      key: undefined,
    };
    // They are silent for a while before it asks anew.
    if (i === 4) await wait(2100);
    alice.files.signalled("bob", encodeSignal(want), "127.0.0.1");
    if (i === 4) break;
    const conn = await listener.accept();
    conns.push(conn);
    await conn.write(new TextEncoder().encode(`OK ${freshName()}\n`));
    await wait(30); // and then the cable is pulled: nothing more is said, and nothing closed
  }
  await wait(300);
  listener.close();
  await pair.leave("alice");
  for (const conn of conns) conn.close();
  assertEquals(told.filter(({ type }) => type === "later"), []);
});

Deno.test("a second screen that forgets an old offer leaves alone what the first is receiving", async () => {
  await using pair = new FilePair();
  const [alice, bob] = [pair.person("alice"), pair.person("bob")];
  const second = new TransferRunner({
    store: new TransferStore(join(pair.folder, "bob data"), bob.downloads),
    freshKey: () => freshFileKey(),
    say: () => ({ id: "1" }),
    signal() {},
    show() {},
    problem() {},
  });
  alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file("x.bin", seededBytes(24_000_000)) });
  const { n } = await bob.event("offered");
  const { offer } = new TransferStore(join(pair.folder, "alice data"), "").made()[0]!;
  second.loggedIn();
  bob.files.do({ type: "accept", n });
  const part = join(bob.downloads, "x.bin.part");
  await waitUntil(() => bob.names.includes("x.bin.part") && Deno.statSync(part).size > 1_000_000);
  await pair.leave("alice");
  const text = (id: string) =>
    offerText({ id, name: "y", bytes: 1, files: undefined, digest: encodeBase64(new Uint8Array(32)) });
  second.heard({ from: "alice", to: { user: "bob" }, text: text(offer.id) }, false);
  for (let i = 0; i < 20; i++) second.heard({ from: "alice", to: { user: "bob" }, text: text(freshName()) }, false);
  const names = bob.names;
  const json = new TransferStore(join(pair.folder, "bob data"), "").taken().some((taken) =>
    taken.offer.id === offer.id
  );
  await second.close();
  await pair.leave("bob");
  assertEquals({ names, json }, { names: ["x.bin.part"], json: true });
});

Deno.test("closed as it is done: received once", async () => {
  const twice: number[] = [];
  for (let k = 0; k < 24; k++) {
    const pair = new FilePair();
    const [alice, bob] = [pair.person("alice"), pair.person("bob")];
    alice.files.do({ type: "send", to: { user: "bob" }, path: pair.file("x.bin", seededBytes(1000)) });
    const { n } = await bob.event("offered");
    const remove = Deno.remove;
    try {
      Deno.remove = async (...args) => {
        await remove(...args);
        void (async () => {
          for (let i = 0; i < k; i++) await undefined;
          await bob.files.close();
        })();
      };
      bob.files.do({ type: "accept", n });
      await waitUntil(() => bob.saw("received"));
      await wait(10);
    } finally {
      Deno.remove = remove;
    }
    if (bob.events.filter(({ type }) => type === "received").length > 1) twice.push(k);
    await pair[Symbol.asyncDispose]();
  }
  assertEquals(twice, []);
});

Deno.test("what was about to get a name is not taken for something else that has it now", async () => {
  await using pair = new FilePair();
  const { source, shelf, taken, down, keep } = await desk(pair, pair.file("x.bin", seededBytes(CHUNK)));
  const a = await shelf.target(taken);
  await a.keepManifest(source.manifest);
  await keep(a, 0);
  const [link, rename] = [Deno.link, Deno.rename];
  try {
    Deno.link = Deno.rename = () => Promise.reject(new Error("killed here"));
    await a.finish().catch(() => {});
  } finally {
    [Deno.link, Deno.rename] = [link, rename];
  }
  await a.close();
  Deno.removeSync(join(down, "x.bin.part"));
  Deno.writeTextFileSync(join(down, "x.bin"), "something else");
  const b = await shelf.target(taken);
  const { finished } = b;
  await b.close();
  source.close();
  assertEquals(finished, undefined);
});
