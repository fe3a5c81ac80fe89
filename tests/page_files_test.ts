import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { Fault } from "../lib/core/errors.ts";
import { decodeFrame, encodeFrame, FrameDecoder } from "../lib/protocols/transfer/frames.ts";
import { decodeManifest } from "../lib/protocols/transfer/manifest.ts";
import { offerText, readOffer } from "../lib/protocols/transfer/offer.ts";
import { encodeSignal } from "../lib/protocols/transfer/signal.ts";
import { IncomingFile, OfferedFile } from "../lib/web/file_contents.ts";
import { computedSha256, sha256 } from "../lib/web/sha256.ts";
import { contains, seededBytes } from "./support/file_bytes.ts";
import { freshName } from "./support/file_pair.ts";
import { PagePair, type PageStorage } from "./support/page_pair.ts";
import { Random } from "./support/random.ts";

const MB = 1_000_000;

Deno.test("SHA-256: the page's own digests equal those of the browser for every length", async () => {
  for (const length of [...Array(200).keys(), 4096, 65_537, 300_001]) {
    const bytes = new Uint8Array(seededBytes(length));
    assertEquals(encodeBase64(computedSha256(bytes)), encodeBase64(await sha256(bytes)), `${length} bytes`);
  }
});

Deno.test("an offer from the page is parsed with its name, length and digest", async () => {
  for (const name of ["slides.pdf", "a b:c.txt", "ünï ☃.md", "<x>"]) {
    const file = await OfferedFile.read(new File([new Uint8Array(seededBytes(1000))], name), () => {});
    const offer = await file.offer(freshName());
    const digest = encodeBase64(await sha256(file.encoded));
    assertEquals(offer, { id: offer.id, name, bytes: 1000, files: undefined, digest });
    assertEquals(readOffer(offerText(offer)), offer);
  }
});

Deno.test("frames are decoded from bytes cut anywhere; those of a later version are ignored", () => {
  const bytes = new Uint8Array(seededBytes(300));
  const messages = [
    { type: "list" },
    { type: "listed", total: 300, bytes },
    { type: "have", count: 2 },
    { type: "want", first: 1, count: 70_000 },
    { type: "chunk", index: 3, bytes },
    { type: "done" },
    { type: "stop", why: "über" },
  ] as const;
  const later = [99, 0, 0, 0, 1, 7];
  const all = new Uint8Array([...later, ...messages.flatMap((message) => [...encodeFrame(message)])]);
  const random = new Random(7);
  for (const most of [1, all.length, 50]) {
    const decoder = new FrameDecoder();
    const found = [];
    for (let at = 0; at < all.length;) {
      decoder.push(all.slice(at, at += random.whole(1, most)));
      for (let frame; (frame = decoder.next());) {
        const message = frame instanceof Fault ? frame : decodeFrame(frame);
        if (message) found.push(message);
      }
    }
    assertEquals(found, [...messages]);
  }
});

Deno.test("frames that are too long or too short are faults; an incomplete one is awaited", () => {
  const read = (...given: number[]) => {
    const decoder = new FrameDecoder();
    decoder.push(new Uint8Array(given));
    const frame = decoder.next();
    return frame && !(frame instanceof Fault) ? decodeFrame(frame) : frame;
  };
  assertInstanceOf(read(4, 255, 255, 255, 255), Fault);
  assertInstanceOf(read(3, 0, 0, 0, 2, 0, 0), Fault);
  assertEquals(read(1, 0, 0, 0, 0), { type: "list" });
  assertEquals(read(1, 0, 0), undefined);
});

Deno.test("a file's manifest is the one that clients decode; any other is rejected", async () => {
  for (const length of [0, 1, 256 * 1024, 600_000]) {
    const file = await OfferedFile.read(new File([new Uint8Array(seededBytes(length))], "x.bin"), () => {});
    assertEquals(decodeManifest(file.encoded, { bytes: length, files: undefined }), file.manifest);
    assertInstanceOf(decodeManifest(file.encoded, { bytes: length + 1, files: undefined }), Fault);
    assertInstanceOf(decodeManifest(file.encoded.slice(0, -1), { bytes: length, files: undefined }), Fault);
    const offer = await file.offer(freshName());
    const incoming = new IncomingFile(offer);
    await incoming.keepManifest(file.encoded);
    assertEquals(incoming.known?.map.size, file.manifest.chunks);
    const wrong = new IncomingFile({ ...offer, digest: encodeBase64(new Uint8Array(32)) });
    await assertRejects(() => wrong.keepManifest(file.encoded), Error, "not the one offered");
    const longer = new IncomingFile({ ...offer, bytes: length + 1 });
    await assertRejects(() => longer.keepManifest(file.encoded), Fault);
  }
});

Deno.test("a page receives a file from a client and verifies it; the client is notified", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  const bytes = seededBytes(1.3 * MB);
  bob.files.do({ type: "send", to: { user: "alice" }, path: pair.file("slides.pdf", bytes) });
  await page.decide("accept");
  const view = await page.stands("received");
  assertEquals([view.done, view.url, page.saved[0]?.name], [1.3 * MB, "blob:slides.pdf", "slides.pdf"]);
  assertEquals(new Uint8Array(await page.saved[0]!.file.arrayBuffer()), bytes);
  await bob.event("fileSent");
  await page.until(() => page.outcomes.length === 0);
});

Deno.test("a client receives a file from a page; the page is notified", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  const bytes = new Uint8Array(seededBytes(1.3 * MB));
  await page.offer(new File([bytes], "my notes.txt"), "bob");
  assert(page.files.underWay);
  const { n } = await bob.event("offered");
  bob.files.do({ type: "accept", n });
  const { path } = await bob.event("received");
  assert(contains(path, bytes));
  assertEquals((await page.stands("ended")).text, "received by bob, by way of the server");
  assertEquals(page.files.underWay, false);
});

Deno.test("a page receives files from another page, an empty one too", async () => {
  await using pair = new PagePair();
  for (const [i, length] of [0, 1, 900_000].entries()) {
    using alice = pair.page(`alice${i}`);
    using bob = pair.page(`bob${i}`);
    const bytes = new Uint8Array(seededBytes(length));
    await alice.offer(new File([bytes], "x"), `bob${i}`);
    await bob.decide("accept");
    await bob.stands("received");
    assertEquals(new Uint8Array(await bob.saved[0]!.file.arrayBuffer()), bytes);
    assertEquals((await alice.stands("ended")).text, `received by bob${i}, by way of the server`);
  }
});

Deno.test("a damaged chunk is requested again; after the third time the transfer fails and both users learn why", async () => {
  for (const times of [1, 100]) {
    await using pair = new PagePair();
    using page = pair.page("alice");
    const bob = pair.person("bob");
    const bytes = seededBytes(600_000);
    let left = times;
    pair.meddle = (signal, from) => {
      // The heads of frames and the list come in small pieces.
      if (signal.type !== "bytes" || from !== "bob" || signal.from < 100_000 || left === 0) return signal;
      left--;
      const spoilt = signal.bytes.slice();
      spoilt[6000]! ^= 1;
      return { ...signal, bytes: spoilt };
    };
    bob.files.do({ type: "send", to: { user: "alice" }, path: pair.file("x", bytes) });
    await page.decide("accept");
    if (times === 1) {
      await page.stands("received");
      assertEquals(new Uint8Array(await page.saved[0]!.file.arrayBuffer()), bytes);
    } else {
      assertEquals(
        (await page.stands("ended")).text.replace(/\d/, "N"),
        "part N of 3 arrived damaged 3 times",
      );
      await bob.event("fileFailed");
    }
  }
});

Deno.test("after a gap in the relayed stream, the next attempt resumes with the missing chunks", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  const bytes = seededBytes(1.3 * MB);
  let [transfers, sent] = [0, 0];
  let lost = false;
  pair.meddle = (signal, from) => {
    if (signal.type === "want") transfers++;
    if (signal.type !== "bytes" || from !== "bob") return signal;
    sent += signal.bytes.length;
    if (lost || signal.from < 900_000) return signal;
    lost = true;
    return undefined;
  };
  bob.files.do({ type: "send", to: { user: "alice" }, path: pair.file("x", bytes) });
  await page.decide("accept");
  await page.stands("received");
  assertEquals(new Uint8Array(await page.saved[0]!.file.arrayBuffer()), bytes);
  assertEquals(transfers, 2);
  assert(sent < 2 * MB, `${sent} bytes were sent`);
});

Deno.test("a page that is closed withdraws its offers; a later page of the user still says so on request", async () => {
  await using pair = new PagePair();
  const storage: PageStorage = new Map();
  const page = pair.page("alice", storage);
  const bob = pair.person("bob");
  const { id } = await page.offer(new File(["some text"], "x.txt"), "bob");
  await bob.event("offered");
  page[Symbol.dispose]();
  const { why } = await bob.event("fileFailed");
  assertEquals(why, "alice has withdrawn it: the page that offered it was closed");
  const told: unknown[] = [];
  pair.meddle = (signal, from) => {
    if (from === "alice") told.push(signal);
    return signal;
  };
  using later = pair.page("alice", storage);
  later.files.signalled(
    "bob",
    encodeSignal({ type: "want", offer: id, transfer: freshName(), token: freshName(), at: [], key: undefined }),
  );
  await Promise.resolve();
  assertEquals(told, [{ type: "withdrawn", offer: id, why: "the page that offered it was closed" }]);
});

Deno.test("the other user learns that an offer is refused or withdrawn, once they are online", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  bob.files.do({ type: "send", to: { user: "alice" }, path: pair.file("x", seededBytes(10)) });
  await page.until(() => page.offers.length === 1);
  await bob.event("offering");
  await pair.leave("bob");
  await page.decide("refuse");
  assertEquals([page.view?.state, page.outcomes.length], ["ended", 1]);
  const back = pair.person("bob");
  page.files.online("bob");
  assertEquals((await back.event("fileFailed")).why, "alice has refused it");
  await page.until(() => page.outcomes.length === 0);
  await page.offer(new File(["y"], "y"), "bob");
  await back.event("offered");
  page.files.withdraw([...page.views.keys()][1]!);
  const withdrawn = await back.event("fileFailed", ({ name }) => name === "y");
  assertEquals(withdrawn.why, "alice has withdrawn it");
});

Deno.test("an undecided offer can be withdrawn by its sender, and by nobody else", async () => {
  await using pair = new PagePair();
  using alice = pair.page("alice");
  using bob = pair.page("bob");
  await alice.offer(new File(["x"], "x"), "bob");
  await bob.until(() => bob.offers.length === 1);
  const { id } = bob.offers[0]!.offer;
  bob.files.signalled("carol", encodeSignal({ type: "withdrawn", offer: id, why: "a lie" }));
  assertEquals(bob.view, undefined);
  alice.files.withdraw(id);
  assertEquals((await bob.stands("ended")).text, "alice has withdrawn it");
});
