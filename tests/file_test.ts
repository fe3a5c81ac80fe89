import { assert, assertEquals, assertMatch } from "@std/assert";
import { Fault } from "../lib/core/errors.ts";
import { encodeText, formatBytes, formatDuration } from "../lib/core/text.ts";
import { ChunkMap } from "../lib/protocols/transfer/chunk_map.ts";
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  FrameDecoder,
  MAX_FRAME_BYTES,
} from "../lib/protocols/transfer/frames.ts";
import {
  chunkBytesFor,
  decodeManifest,
  DIGEST_BYTES,
  encodeManifest,
  type Entry,
  Manifest,
} from "../lib/protocols/transfer/manifest.ts";
import { type FileOffer, offerText, readOffer } from "../lib/protocols/transfer/offer.ts";
import { numbered, safeName } from "../lib/core/file_names.ts";
import { encodePublicKey } from "../lib/protocols/transfer/public_key.ts";
import { decodeSignal, encodeSignal, type Signal } from "../lib/protocols/transfer/signal.ts";
import { allSafePaths } from "./support/file_bytes.ts";
import { simulateTransfer } from "./support/file_simulation.ts";
import { Random } from "./support/random.ts";

import fc from "fast-check";

const ID = "AAECAwQFBgcICQoLDA0ODw";
const DIGEST = "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8";
const SLIDES: FileOffer = { id: ID, name: "slides.pdf", bytes: 3_145_728, files: undefined, digest: DIGEST };

Deno.test("amounts as people read them", () => {
  assertEquals([0, 1, 999, 1000, 9_949, 9_951, 999_499, 999_500, 3_145_728, 2 ** 40].map(formatBytes), [
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1.0 kB",
    "9.9 kB",
    "10 kB",
    "999 kB",
    "1.0 MB",
    "3.1 MB",
    "1.1 TB",
  ]);
  assertEquals([0, 1, 59_000, 60_000, 200_000, 3_600_000, 7_500_000].map(formatDuration), [
    "0 s",
    "1 s",
    "59 s",
    "1 min",
    "3 min 20 s",
    "1 h",
    "2 h 5 min",
  ]);
});

Deno.test("an offer is a sentence with a link, and is read out of it again", () => {
  assertEquals(
    offerText(SLIDES),
    `offers slides.pdf (3.1 MB) <partyline-file:${ID}:${DIGEST}:3145728:-:slides.pdf>`,
  );
  assertMatch(
    offerText({ ...SLIDES, name: "holiday", files: 12 }),
    /^offers the folder holiday, 12 files \(3.1 MB\) </,
  );
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: "grapheme" }),
      fc.nat(),
      fc.option(fc.nat(999)),
      (name, bytes, files) => {
        const offer = { ...SLIDES, name: name.toWellFormed(), bytes, files: files ?? undefined };
        assertEquals(readOffer(offerText(offer)), offer);
      },
    ),
  );
  for (
    const text of [
      "offers slides.pdf (3.1 MB)",
      `<partyline-file:${ID}:${DIGEST}:3145728:-:>`,
      `<partyline-file:${ID}:${DIGEST}:3145728:-:%ff>`,
      `<partyline-file:${ID}:${DIGEST}:9999999999999999:-:x>`,
      `<partyline-file:${ID.slice(1)}:${DIGEST}:1:-:x>`,
      `<partyline-file:${ID}:${DIGEST}:1:-:x> and more`,
    ]
  ) assertEquals(readOffer(text), undefined, text);
  fc.assert(fc.property(fc.string(), (text) => readOffer(text) === undefined));
});

Deno.test("a name that somebody else has chosen leads nowhere, hides nothing and is no device", () => {
  const cases: [string, string][] = [
    ["slides.pdf", "slides.pdf"],
    ["../../etc/passwd", "_._.._etc_passwd"],
    ["..", "__"],
    [".bashrc", "_bashrc"],
    ["C:\\autoexec.bat", "C__autoexec.bat"],
    ["CON", "_CON"],
    ["com1.txt", "_com1.txt"],
    ["nul .txt", "_nul .txt"],
    ["trailing. . ", "trailing___"],
    ["", "_"],
    [" ", "_"],
    ["a\u0000b\nc\x1b[2J", "a_b_c_[2J"],
    ["photo\u202egpj.exe", "photo_gpj.exe"],
    ['what?*|<>"', "what______"],
    ["cafe\u0301", "caf\u00e9"],
    [`x${"\u0316".repeat(40)}.txt`, `x${"\u0316".repeat(30)}.txt`],
  ];
  for (const [given, safe] of cases) assertEquals(safeName(given), safe, JSON.stringify(given));
  const long = safeName(`${"\u{1f600}".repeat(100)}.tar.gz`);
  assert(encodeText(long).length <= 200 && long.endsWith(".gz"), long);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const safe = safeName(name);
      assert(safe !== "" && safe !== "." && safe !== ".." && !/[/\\:\0]/.test(safe) && !safe.startsWith("."), safe);
      assert(encodeText(safe).length <= 201);
      assertEquals(safeName(safe), safe);
    }),
    { numRuns: 2000 },
  );
  assertEquals([0, 1, 12].map((number) => numbered("slides.pdf", number)), [
    "slides.pdf",
    "slides (1).pdf",
    "slides (12).pdf",
  ]);
});

Deno.test("paths in a folder stay in it, and no two are the same where case does not count", () => {
  const files = (...paths: string[]): Entry[] => paths.map((path) => ({ path, bytes: 1, isFolder: false }));
  assertEquals(allSafePaths(files("a/x", "A/x", "a/X", "b")), ["a/x", "A (1)/x", "a/X (1)", "b"]);
  assertEquals(allSafePaths(files("../../x", "/x", "c:\\x")), ["__/__/x", "x", "c__x"]);
  assertEquals(allSafePaths([{ path: "a", bytes: 0, isFolder: true }, ...files("a/b")]), ["a", "a/b"]);
  for (const paths of [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a/b", "x", "a/b/c"]]) {
    assert(allSafePaths(files(...paths)) instanceof Fault, paths.join());
  }
  const path = fc.array(fc.constantFrom("a", "A", "b", "..", ".", "", "con"), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(fc.array(path), (paths) => {
    const safe = allSafePaths(files(...paths.map((names) => names.join("/"))));
    if (safe instanceof Fault) return;
    assertEquals(new Set(safe.map((path) => path.toLowerCase())).size, paths.length);
    for (const path of safe) for (const name of path.split("/")) assertEquals(safeName(name), name);
  }));
});

Deno.test("a manifest says what is in an offer, and each chunk lies in its files", () => {
  const entries: Entry[] = [
    { path: "empty", bytes: 0, isFolder: false },
    { path: "a.txt", bytes: 700, isFolder: false },
    { path: "deep/down", bytes: 0, isFolder: true },
    { path: "b \u{1f600}\n.bin", bytes: 1500, isFolder: false },
  ];
  const manifest = new Manifest(entries, 1024, new Uint8Array(3 * DIGEST_BYTES).fill(7));
  assertEquals([manifest.bytes, manifest.chunks, manifest.lengthOf(2)], [2200, 3, 152]);
  assertEquals(manifest.slices(0), [{ entry: 1, from: 0, at: 0, bytes: 700 }, {
    entry: 3,
    from: 0,
    at: 700,
    bytes: 324,
  }]);
  assertEquals(manifest.slices(2), [{ entry: 3, from: 1348, at: 0, bytes: 152 }]);
  const bytes = encodeManifest(manifest);
  assertEquals(
    new TextDecoder().decode(bytes.subarray(0, bytes.length - 96)),
    'partyline files 1 1024 4\n[0,"empty"]\n[700,"a.txt"]\n[-1,"deep/down"]\n[1500,"b \u{1f600}\\n.bin"]\n',
  );
  const read = decodeManifest(bytes, { bytes: 2200, files: 3 });
  if (read instanceof Fault) throw new Error(read.message);
  assertEquals([read.entries, read.digests, read.chunkBytes], [entries, manifest.digests, 1024]);
  assertEquals([1, 2 ** 34, 2 ** 34 + 1, 2 ** 50].map(chunkBytesFor), [262_144, 262_144, 524_288, 4_194_304]);
});

Deno.test("a manifest that is not that of its offer, or none, is a fault", () => {
  const whole = encodeManifest(new Manifest([{ path: "x", bytes: 5, isFolder: false }], 1024, new Uint8Array(32)));
  const offered = { bytes: 5, files: undefined };
  assert(decodeManifest(whole, offered) instanceof Manifest);
  assert(decodeManifest(whole, { ...offered, bytes: 6 }) instanceof Fault);
  assert(decodeManifest(whole, { ...offered, files: 2 }) instanceof Fault);
  assert(decodeManifest(whole.subarray(0, -1), offered) instanceof Fault);
  const text = (head: string, ...entries: string[]) =>
    encodeText([`partyline files 1 ${head}`, ...entries, ""].join("\n"));
  for (
    const bytes of [
      text("1024 1", '["5","x"]'),
      text("1024 1", "[5]"),
      text("1024 1", '[5,"x",3]'),
      text("1024 1", '[-2,"x"]'),
      text("1 1", '[5,"x"]'),
      text("999999999 1", '[5,"x"]'),
      text("1024 999999999", '[5,"x"]'),
      text("1024 1", `[5,"x${"/x".repeat(64)}"]`),
      text("1024 0"),
    ]
  ) assert(decodeManifest(bytes, offered) instanceof Fault, new TextDecoder().decode(bytes));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeManifest(bytes, offered) instanceof Fault));
  // Changed anywhere it is a fault, or a manifest of the same length.
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
    const changed = whole.slice();
    changed[at] = byte;
    const read = decodeManifest(changed, offered);
    assert(read instanceof Fault || read.bytes === 5);
  }));
});

Deno.test("a map knows what is missing, whatever is added in whatever order", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(60)), (size, added) => {
    const there = new Set<number>();
    const map = new ChunkMap(size);
    for (const chunk of added) {
      map.add(chunk);
      if (chunk < size) there.add(chunk);
      const missing = Array.from({ length: size }, (_, i) => i).filter((i) => !there.has(i));
      assertEquals(map.missing, missing.length);
      for (let from = 0; from <= size; from++) {
        assertEquals(map.next(from), missing.find((i) => i >= from) ?? size);
        const row = map.run(from, 3);
        for (let i = from; i < from + row; i++) assert(!there.has(i));
        assert(row === 3 || from + row >= size || there.has(from + row));
      }
    }
    const saved = Uint8Array.from({ length: size }, (_, i) => there.has(i) ? 1 : 0);
    assertEquals(new ChunkMap(size, saved).missing, map.missing);
  }));
});

Deno.test("frames are the same however their bytes are cut; a greater one than there is ends it", () => {
  const messages = [
    { type: "list" },
    { type: "listed", total: 3, bytes: Uint8Array.of(1, 2, 3) },
    { type: "want", first: 7, count: 9 },
    { type: "chunk", index: 4_000_000_000, bytes: new Uint8Array(2000).fill(9) },
    { type: "done" },
    { type: "stop", why: "the disk is full \u2713" },
    { type: "have", count: 12 },
  ] as const;
  const all = messages.map((message) => encodeFrame(message));
  assertEquals([...all[2]!], [3, 0, 0, 0, 8, 0, 0, 0, 7, 0, 0, 0, 9]);
  const row = new Uint8Array(all.flatMap((frame) => [...frame]));
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 700 })), (cuts) => {
    const decoder = new FrameDecoder();
    const found: unknown[] = [];
    for (let at = 0, i = 0; at < row.length; i++) {
      const length = cuts[i] ?? (i % 3 === 0 ? 1 : 5000);
      decoder.push(row.slice(at, at + length));
      for (let frame; (frame = decoder.next());) found.push(decodeFrame(frame as Frame));
      at += length;
    }
    assertEquals(found, [...messages]);
  }));
  const decoder = new FrameDecoder();
  decoder.push(Uint8Array.of(4, 0xff, 0, 0, 0));
  const fault = decoder.next();
  assertMatch(fault instanceof Fault ? fault.message : "", new RegExp(`${MAX_FRAME_BYTES}`));
  assertEquals(decodeFrame({ kind: 99, body: new Uint8Array(0) }), undefined);
  for (const kind of [2, 3, 4]) assert(decodeFrame({ kind, body: new Uint8Array(3) }) instanceof Fault);
});

Deno.test("signals are read as they were written; what is none is a fault or passed over", () => {
  const transfer = ID;
  const key = encodePublicKey({ key: new Uint8Array(32).fill(5), rates: new Map([["aes-256-gcm", 150]]) });
  const signals: Signal[] = [
    { type: "want", offer: ID, transfer, token: ID, at: ["10.0.0.7:4000", "[fe80::1]:4000"], key },
    { type: "come", transfer, token: ID, at: [], key: undefined },
    { type: "relay", transfer },
    { type: "relayed", transfer, key },
    { type: "bytes", transfer, from: 12, bytes: Uint8Array.of(1, 2, 3) },
    { type: "taken", transfer, upTo: 15 },
    { type: "later", transfer, why: "busy" },
    { type: "refused", offer: ID, why: "no thanks" },
  ];
  for (const signal of signals) assertEquals(decodeSignal(encodeSignal(signal)), signal);
  assertEquals(decodeSignal('{"file":"a later version"}'), undefined);
  for (const text of ["", "[]", '{"file":"want"}', `{"file":"relay","transfer":"${"x".repeat(23)}"}`]) {
    assert(decodeSignal(text) instanceof Fault, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    const read = decodeSignal(text);
    assert(read === undefined || read instanceof Fault);
  }));
});

Deno.test("2,000 transfers over streams that are cut and spoil bytes: whole, and no chunk sent again but what was lost", () => {
  let cuts = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const outcome = simulateTransfer(new Random(seed), {
      mostChunks: 60,
      cutsWanted: seed % 9,
      spoils: seed % 2 === 0,
    });
    assertEquals(outcome.wrong, undefined, `seed ${seed}`);
    cuts += outcome.cuts;
  }
  assert(cuts > 4000, `${cuts} cuts`);
});

Deno.test("200 random cuts of one transfer: the same bytes, and no chunk sent again but what was lost", () => {
  for (let seed = 1, cuts = 0; cuts < 200; seed++) {
    const outcome = simulateTransfer(new Random(seed), { mostChunks: 4000, cutsWanted: 200, spoils: false });
    assertEquals(outcome.wrong, undefined, `seed ${seed}`);
    cuts = Math.max(cuts, outcome.cuts);
  }
});
