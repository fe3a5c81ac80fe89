import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeList, encodeList, listFile } from "../lib/web/file_list.js";
import { encodeFrame, FrameDecoder } from "../lib/web/file_frames.js";
import { offerText, readOffer, safeName, toBase64 } from "../lib/web/file_offer.js";
import { decodeSignal, encodeSignal } from "../lib/web/file_signal.js";
import { computedSha256, sha256 } from "../lib/web/sha256.ts";
import { Fault } from "../lib/core/errors.ts";
import * as frames from "../lib/protocols/transfer/frames.ts";
import { decodeManifest, encodeManifest } from "../lib/protocols/transfer/manifest.ts";
import * as offers from "../lib/protocols/transfer/offer.ts";
import { safeName as safeNameThere } from "../lib/protocols/transfer/safe_names.ts";
import * as signals from "../lib/protocols/transfer/signal.ts";
import { contains, seededBytes } from "./support/file_bytes.ts";
import { freshName } from "./support/file_pair.ts";
import { PagePair } from "./support/page_pair.ts";
import { Random } from "./support/random.ts";

const MB = 1_000_000;

Deno.test("digests computed in the page are those of the browser, whatever the length", async () => {
  for (const length of [...Array(200).keys(), 4096, 65_537, 300_001]) {
    const bytes = new Uint8Array(seededBytes(length));
    assertEquals(toBase64(computedSha256(bytes)), toBase64(await sha256(bytes)), `${length} bytes`);
  }
});

Deno.test("an offer of the page is the one that every client reads, and the other way round", () => {
  const digest = toBase64(new Uint8Array(seededBytes(32)));
  for (const name of ["slides.pdf", "a b:c.txt", "ünï ☃.md", "<x>"]) {
    const offer = { id: freshName(), name, bytes: 3_141_592, files: undefined, digest };
    assertEquals(offerText(offer), offers.offerText(offer));
    assertEquals(readOffer(offers.offerText(offer)), offer);
    const folder = { ...offer, files: 3 };
    assertEquals(readOffer(offers.offerText(folder)), folder);
  }
  for (const text of ["", "offers x", "<partyline-file:a:b:1:-:x>", offerText({ ...fileOffer(), name: "" })]) {
    assertEquals(readOffer(text), offers.readOffer(text));
  }
});

Deno.test("names of others are made safe as the client makes them", () => {
  const names = [
    "a.txt",
    "../../etc/passwd",
    ".profile",
    "CON.txt",
    "x. ",
    "a\u202eb",
    "",
    "  ",
    "tab\tname",
    "nul",
    "a/b\\c",
  ];
  for (const name of names) assertEquals(safeName(name), safeNameThere(name));
  const long = safeName(`${"x".repeat(300)}.tar`);
  assert(long.endsWith(".tar") && long.length <= 200, long);
});

Deno.test("signals: what the page says the client reads, and the other way round", () => {
  const [offer, transfer, token] = [freshName(), freshName(), freshName()];
  const bytes = new Uint8Array(seededBytes(5000));
  const ours = [
    { type: "want", offer, transfer, token },
    { type: "come", transfer, token },
    { type: "relay", transfer },
    { type: "relayed", transfer },
    { type: "bytes", transfer, from: 7, bytes },
    { type: "taken", transfer, upTo: 9 },
    { type: "later", transfer, why: "busy" },
    { type: "received", offer },
    { type: "noted", offer },
    { type: "refused", offer, why: "no" },
    { type: "withdrawn", offer, why: "gone" },
  ] as const;
  for (const signal of ours) {
    const there = signals.decodeSignal(encodeSignal(signal));
    if (there instanceof Fault || !there) throw new Error(`${signal.type} is not read`);
    assertEquals(decodeSignal(signals.encodeSignal(there)), signal);
  }
  for (const text of ["", "[]", "null", '{"file":"toString"}', '{"file":"want","offer":"short"}', '{"file":"taken"}']) {
    assertEquals(decodeSignal(text), undefined);
  }
});

Deno.test("frames: the same bytes as the client's, read byte by byte, glued together, and as they come", () => {
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
  const all = new Uint8Array(messages.flatMap((message) => [...encodeFrame(message)]));
  assertEquals([...all], messages.flatMap((message) => [...frames.encodeFrame(message)]));
  const random = new Random(7);
  for (const most of [1, all.length, 50]) {
    const decoder = new FrameDecoder();
    const found = [];
    for (let at = 0; at < all.length;) {
      const part = all.slice(at, at += random.whole(1, most));
      decoder.push(part);
      for (let message; (message = decoder.next());) found.push(message);
    }
    assertEquals(found, [...messages]);
  }
});

Deno.test("frames that are too long, too short, or of a later version", () => {
  const read = (...given: number[]) => {
    const decoder = new FrameDecoder();
    decoder.push(new Uint8Array(given));
    return decoder.next();
  };
  assert(read(4, 255, 255, 255, 255) instanceof RangeError);
  assert(read(3, 0, 0, 0, 2, 0, 0) instanceof RangeError);
  assertEquals(read(99, 0, 0, 0, 1, 7, 1, 0, 0, 0, 0), { type: "list" });
  assertEquals(read(1, 0, 0), undefined);
});

Deno.test("the list of a file is the client's manifest", async () => {
  for (const length of [0, 1, 256 * 1024, 600_000]) {
    const file = new File([new Uint8Array(seededBytes(length))], "x.bin");
    const list = (await listFile(file, () => true))!;
    const encoded = encodeList(list, "x.bin");
    const manifest = decodeManifest(encoded, { bytes: length, files: undefined });
    if (manifest instanceof Fault) throw manifest;
    assertEquals([...encodeManifest(manifest)], [...encoded]);
    assertEquals(decodeList(encoded, length), list);
    assertThrows(() => decodeList(encoded, length + 1), TypeError, "another length");
    assertThrows(() => decodeList(encoded.slice(0, -1), length), TypeError);
  }
});

Deno.test("a page takes what a client offers, checked, and the client hears of it", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  const bytes = seededBytes(1.3 * MB);
  bob.files.do({ type: "send", to: { user: "alice" }, path: pair.file("slides.pdf", bytes) });
  await page.accept();
  const view = await page.stands("received");
  assertEquals([view.done, view.url, page.saved[0]?.name], [1.3 * MB, "blob:slides.pdf", "slides.pdf"]);
  assertEquals(new Uint8Array(await page.saved[0]!.file.arrayBuffer()), bytes);
  await bob.event("fileSent");
  await page.until(() => page.debts?.length === 0);
});

Deno.test("a client takes what a page offers, and the page hears of it", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  const bytes = new Uint8Array(seededBytes(1.3 * MB));
  await page.files.offer(new File([bytes], "my notes.txt"), { user: "bob" });
  assertEquals(page.view?.state, "offered");
  assert(page.files.moves);
  const { n } = await bob.event("offered");
  bob.files.do({ type: "accept", n });
  const { path } = await bob.event("received");
  assert(contains(path, bytes));
  assertEquals((await page.stands("ended")).text, "bob has it, whole");
  assertEquals(page.files.moves, false);
});

Deno.test("from page to page, also what is empty", async () => {
  await using pair = new PagePair();
  for (const [i, length] of [0, 1, 900_000].entries()) {
    using alice = pair.page(`alice${i}`);
    using bob = pair.page(`bob${i}`);
    const bytes = new Uint8Array(seededBytes(length));
    await alice.files.offer(new File([bytes], "x"), { user: `bob${i}` });
    await bob.accept();
    await bob.stands("received");
    assertEquals(new Uint8Array(await bob.saved[0]!.file.arrayBuffer()), bytes);
    assertEquals((await alice.stands("ended")).text, `bob${i} has it, whole`);
  }
});

Deno.test("a piece that is spoilt on the way is asked for again; the third time is the end, and both hear why", async () => {
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
    await page.accept();
    if (times === 1) {
      await page.stands("received");
      assertEquals(new Uint8Array(await page.saved[0]!.file.arrayBuffer()), bytes);
    } else {
      assertEquals(
        (await page.stands("ended")).text.replace(/\d/, "N"),
        "part N came 3 times, and never as it was offered",
      );
      await bob.event("fileFailed");
    }
  }
});

Deno.test("what is lost on the way through the chat: the next attempt goes on with what is missing", async () => {
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
  await page.accept();
  await page.stands("received");
  assertEquals(new Uint8Array(await page.saved[0]!.file.arrayBuffer()), bytes);
  assertEquals(transfers, 2);
  assert(sent < 2 * MB, `${sent} bytes were sent`);
});

Deno.test("a page that is closed says so to who waits, and its next life to who asks later", async () => {
  await using pair = new PagePair();
  const page = pair.page("alice");
  const bob = pair.person("bob");
  await page.files.offer(new File(["some text"], "x.txt"), { user: "bob" });
  await bob.event("offered");
  const ended = page.files.leaving();
  page[Symbol.dispose]();
  const { why } = await bob.event("fileFailed");
  assertEquals(why, "alice has withdrawn it: the page that offered it was closed");
  const told: unknown[] = [];
  pair.meddle = (signal, from) => {
    if (from === "alice") told.push(signal);
    return signal;
  };
  using later = pair.page("alice", { ended });
  const [[id]] = ended as [[string, string]];
  later.files.signalled("bob", encodeSignal({ type: "want", offer: id, transfer: freshName(), token: freshName() }));
  await Promise.resolve();
  assertEquals(told, [{ type: "withdrawn", offer: id, why: "the page that offered it was closed" }]);
});

Deno.test("refused and withdrawn: the other side hears it, and what is owed is paid once they are there", async () => {
  await using pair = new PagePair();
  using page = pair.page("alice");
  const bob = pair.person("bob");
  bob.files.do({ type: "send", to: { user: "alice" }, path: pair.file("x", seededBytes(10)) });
  await page.until(() => page.offers.length === 1);
  const { n } = await bob.event("offering");
  await pair.leave("bob");
  const { offer, from } = page.offers[0]!;
  page.files.refuse(offer, from);
  assertEquals([page.view?.state, page.debts?.length], ["ended", 1]);
  const back = pair.person("bob");
  page.files.online("bob");
  assertEquals((await back.event("fileFailed")).why, "alice has refused it");
  await page.until(() => page.debts?.length === 0);
  assertEquals(n, 1);
  await page.files.offer(new File(["y"], "y"), { user: "bob" });
  await back.event("offered");
  page.files.withdraw([...page.views.keys()][1]!);
  const withdrawn = await back.event("fileFailed", ({ name }) => name === "y");
  assertEquals(withdrawn.why, "alice has withdrawn it: it was withdrawn");
});

Deno.test("what nobody has decided about can be withdrawn by who has offered it, and by nobody else", async () => {
  await using pair = new PagePair();
  using alice = pair.page("alice");
  using bob = pair.page("bob");
  await alice.files.offer(new File(["x"], "x"), { user: "bob" });
  await bob.until(() => bob.offers.length === 1);
  const { id } = bob.offers[0]!.offer;
  bob.files.signalled("carol", encodeSignal({ type: "withdrawn", offer: id, why: "a lie" }));
  assertEquals(bob.view, undefined);
  alice.files.withdraw(id);
  assertEquals((await bob.stands("ended")).text, "alice has withdrawn it: it was withdrawn");
});

function fileOffer(): offers.FileOffer {
  return { id: freshName(), name: "x", bytes: 1, files: undefined, digest: toBase64(new Uint8Array(32)) };
}
