import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import fc from "fast-check";
import { UserError } from "../lib/core/errors.ts";
import { isShown, readImageHeader } from "../lib/core/image_header.ts";
import { Tickets } from "../lib/chat/tickets.ts";
import { limits } from "../lib/core/limits.ts";
import { attachmentText, readAttachment } from "../lib/protocols/transfer/attachment.ts";
import { attachmentDisposition, requestedRange } from "../lib/http/ranges.ts";
import { safeName } from "../lib/core/file_names.ts";
import { type Appended, AttachmentStore } from "../lib/store/attachment_store.ts";
import { readSize } from "../lib/terminal/flags.ts";
import { pngHeader, sha256Of } from "./support/attachments.ts";
import { Folder } from "./support/programs.ts";

const HOUR_MS = 60 * 60 * 1000;
const WALL = 1_800_000_000_000;
const ID = "0123456789abcdef".repeat(2);
const HASH = "0123456789abcdef".repeat(4);

const bytesOf = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

// The message.

Deno.test("an attachment's message says the same when it is read, whatever its name", () => {
  const image = fc.option(
    fc.record({
      kind: fc.constantFrom("png" as const, "jpeg" as const, "gif" as const, "webp" as const),
      width: fc.nat(),
      height: fc.nat(),
    }),
    { nil: undefined },
  );
  fc.assert(fc.property(fc.string({ minLength: 1, unit: "binary" }), fc.nat(), image, (given, bytes, image) => {
    const attachment = { id: ID, name: safeName(given), bytes, sha256: HASH, image };
    assertEquals(readAttachment(attachmentText(attachment)), attachment);
  }));
});

Deno.test("a text that only looks like an attachment is a text", () => {
  const link = (parts: string) => readAttachment(`left a <partyline-attachment:${parts}>`);
  assert(link(`${ID}:${HASH}:5:-:a`));
  for (
    const parts of [
      `${ID.slice(1)}:${HASH}:5:-:a`,
      `${ID}:${HASH.toUpperCase()}:5:-:a`,
      `${ID}:${HASH}:9999999999999999:-:a`,
      `${ID}:${HASH}:5:svg.1x1:a`,
      `${ID}:${HASH}:5:png.1x:a`,
      `${ID}:${HASH}:5:-:%`,
      `${ID}:${HASH}:5:-:`,
      `../../etc/passwd:${HASH}:5:-:a`,
    ]
  ) assertEquals(link(parts), undefined, parts);
});

// Images.

Deno.test("an image is known by its first bytes, with its size", () => {
  const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (each) => parseInt(each, 16));
  assertEquals(readImageHeader(pngHeader(640, 480)), { kind: "png", width: 640, height: 480 });
  assertEquals(readImageHeader(hex("47494638396102000300800000")), { kind: "gif", width: 2, height: 3 });
  const jpeg = "ffd8ffe000104a46494600010101006000600000" + "ffdb0004aaaa" + "ffc0000b080005000701011100";
  assertEquals(readImageHeader(hex(jpeg)), { kind: "jpeg", width: 7, height: 5 });
  const lossless = "52494646240000005745425056503" + "84c180000002f" + "03800200" + "00000000000000000000";
  assertEquals(readImageHeader(hex(lossless)), { kind: "webp", width: 4, height: 11 });
  const extended = "524946462400000057454250565038580a00000010000000" + "090000" + "040000" + "00";
  assertEquals(readImageHeader(hex(extended)), { kind: "webp", width: 10, height: 5 });
});

Deno.test("SVG, HTML and everything else is no image, and no bytes make the reader fail", () => {
  for (const text of ["<svg xmlns='http://www.w3.org/2000/svg'/>", "<!doctype html><script>", "", "GIF89", "BM"]) {
    assertEquals(readImageHeader(bytesOf(text)), undefined, text);
  }
  const begins = fc.constantFrom("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "GIF89a", "RIFF0000WEBPVP8X", "\xff\xd8\xff\xe0", "");
  fc.assert(fc.property(begins, fc.uint8Array({ maxLength: 64 }), (begin, rest) => {
    const header = readImageHeader(Uint8Array.from([...Uint8Array.from(begin, (each) => each.charCodeAt(0)), ...rest]));
    assert(header === undefined || header.width >= 0);
  }));
});

Deno.test("an image of too many pixels is not shown", () => {
  const shown = (width: number, height: number) => isShown(readImageHeader(pngHeader(width, height))!);
  assertEquals([shown(4000, 3000), shown(10_000, 10_000), shown(0, 5), shown(2 ** 31, 1)], [true, false, false, false]);
});

// What HTTP says.

Deno.test("a range is what was asked for, all, or none", () => {
  const asked = (range: string, condition?: string) =>
    requestedRange(new Headers({ range, ...(condition === undefined ? {} : { "if-range": condition }) }), 10, '"t"');
  assertEquals(asked("bytes=0-3"), { start: 0, bytes: 4 });
  assertEquals(asked("bytes=4-"), { start: 4, bytes: 6 });
  assertEquals(asked("bytes=-3"), { start: 7, bytes: 3 });
  assertEquals(asked("bytes=-30"), { start: 0, bytes: 10 });
  assertEquals(asked("bytes=8-99999999999999"), { start: 8, bytes: 2 });
  for (const none of ["bytes=10-", "bytes=10-12", "bytes=-0"]) assertEquals(asked(none), "none", none);
  for (const all of ["bytes=3-2", "bytes=0-1,4-5", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=-1-3", ""]) {
    assertEquals(asked(all), "all", all);
  }
  assertEquals(asked("bytes=4-", '"t"'), { start: 4, bytes: 6 });
  assertEquals(asked("bytes=4-", '"other"'), "all");
});

Deno.test("the name of a file cannot leave its header", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1 }), (given) => {
    const name = safeName(given);
    const header = attachmentDisposition(name);
    assert(/^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\w.~%&$+#^`|{}-]*$/.test(header), header);
    assertEquals(decodeURIComponent(header.split("''")[1]!), name);
  }));
});

Deno.test("sizes are read with and without a unit", () => {
  const read = (given: string) => readSize("--attachments", given, { min: 0, max: 1e15 });
  assertEquals(["0", "2GB", "1.5 MB", "64kb", "7b"].map(read), [0, 2e9, 1.5e6, 64_000, 7]);
  for (const wrong of ["", "GB", "2 G", "-1", "2GiB", "1e9", "9999999TB"]) {
    assertThrows(() => read(wrong), UserError, "--attachments must be a size such as 500MB");
  }
});

// The store.

const WANTED = { owner: "alice", to: { user: "bob" }, name: "notes.txt" } as const;

function wantedOf(bytes: Uint8Array, change: Partial<typeof WANTED | { owner: string }> = {}) {
  return { ...WANTED, ...change, bytes: bytes.length, sha256: sha256Of(bytes) };
}

async function add(store: AttachmentStore, id: string, offset: number, ...parts: Uint8Array[]): Promise<Appended> {
  const left = [...parts] as Uint8Array<ArrayBuffer>[];
  return await store.append(store.upload(id)!, offset, () => Promise.resolve(left.shift()), WALL);
}

async function leave(store: AttachmentStore, text: string, owner = "alice"): Promise<string> {
  const { id } = store.begin(wantedOf(bytesOf(text), { owner }), WALL);
  assertEquals((await add(store, id, 0, bytesOf(text))).type, "complete");
  return id;
}

async function contentOf(store: AttachmentStore, id: string): Promise<string> {
  using file = await store.openContent(store.find(id)!);
  return await new Response(file.readable).text();
}

/** The names in the folders of a store. */
function filesIn(folder: Folder): { files: string[]; uploads: string[] } {
  const names = (name: string) => [...Deno.readDirSync(join(folder.path, "attachments", name))].map(({ name }) => name);
  return { files: names("files"), uploads: names("uploads") };
}

Deno.test("a file arrives in parts, over a restart, and is there under its hash when it is whole", async () => {
  using folder = new Folder();
  const text = "first part, second part";
  const bytes = bytesOf(text);
  let store = new AttachmentStore(folder.path, limits());
  const { id, offset } = store.begin(wantedOf(bytes), WALL);
  assertEquals(offset, 0);
  assertEquals(await add(store, id, 0, bytes.subarray(0, 7)), { type: "more", offset: 7 });
  assertEquals(store.find(id), undefined);
  // Where it stands is told instead of taking what does not fit there.
  assertEquals(await add(store, id, 3, bytes.subarray(3)), { type: "more", offset: 7 });
  store.close();
  store = new AttachmentStore(folder.path, limits());
  assertEquals(store.begin(wantedOf(bytes), WALL), { id, offset: 7 });
  assertEquals((await add(store, id, 7, bytes.subarray(7, 9), bytes.subarray(9))).type, "complete");
  assertEquals(filesIn(folder), { files: [sha256Of(bytes)], uploads: [] });
  store.close();
  store = new AttachmentStore(folder.path, limits());
  assertEquals(await contentOf(store, id), text);
  const { name, bytes: size, owner, to, image } = store.find(id)!;
  assertEquals([name, size, owner, to, image], ["notes.txt", bytes.length, "alice", { user: "bob" }, undefined]);
  store.close();
});

Deno.test("of an upload that breaks off everything that came is kept, and what comes next is verified with it", async () => {
  using folder = new Folder();
  const store = new AttachmentStore(folder.path, limits());
  const bytes = bytesOf("0123456789");
  const { id } = store.begin(wantedOf(bytes), WALL);
  const parts = [bytes.slice(0, 4)];
  const breaks = store.append(store.upload(id)!, 0, () => {
    const part = parts.shift();
    return part ? Promise.resolve(part) : Promise.reject(new Error("cut"));
  }, WALL);
  assertEquals(await breaks.catch(({ message }) => message), "cut");
  assertEquals(store.isBusy(id), false);
  assertEquals(store.begin(wantedOf(bytes), WALL), { id, offset: 4 });
  assertEquals((await add(store, id, 4, bytes.slice(4))).type, "complete");
  store.close();
});

Deno.test("what is not what was announced is not kept", async () => {
  using folder = new Folder();
  const store = new AttachmentStore(folder.path, limits());
  for (const wrong of ["other", "longer than it"]) {
    const { id } = store.begin(wantedOf(bytesOf("right")), WALL);
    assertEquals((await add(store, id, 0, bytesOf(wrong))).type, "wrong", wrong);
    assertEquals([store.find(id), store.upload(id)], [undefined, undefined]);
  }
  assertEquals([filesIn(folder), store.bytes], [{ files: [], uploads: [] }, 0]);
  store.close();
});

Deno.test("equal content is on the disk once, until the last row of it goes", async () => {
  using folder = new Folder();
  const store = new AttachmentStore(folder.path, limits());
  const [one, other] = [await leave(store, "same"), await leave(store, "same", "bob")];
  assertEquals(filesIn(folder).files.length, 1);
  store.remove(store.find(one)!);
  assertEquals(await contentOf(store, other), "same");
  store.remove(store.find(other)!);
  assertEquals(filesIn(folder), { files: [], uploads: [] });
  store.close();
});

Deno.test("each limit is said with its number, and an upload counts from its beginning", () => {
  using folder = new Folder();
  const given = { attachments: 250, attachmentBytes: 100, attachmentBytesPerUser: 150, attachmentUploads: 2 };
  const store = new AttachmentStore(folder.path, limits(given));
  let count = 0;
  const begin = (owner: string, bytes: number) =>
    store.begin({ ...WANTED, owner, name: `${count++}`, bytes, sha256: HASH }, WALL);
  const refusal = (owner: string, bytes: number) => assertThrows(() => begin(owner, bytes), UserError).message;
  assert(refusal("alice", 101).includes("this server takes 100 bytes at most"));
  begin("alice", 100);
  assert(refusal("alice", 60).includes("150 bytes, the share of one user"));
  begin("alice", 50);
  assert(refusal("alice", 0).includes("2 of your files are not complete"));
  begin("bob", 90);
  assert(refusal("carol", 20).includes("full: 240 bytes of 250 bytes"));
  store.close();
  const few = new AttachmentStore(folder.path, limits({ ...given, attachmentsPerUser: 2, attachmentUploads: 9 }));
  assert(
    assertThrows(() => few.begin({ ...WANTED, bytes: 0, sha256: HASH }, WALL), UserError).message
      .includes("you have left 2 files"),
  );
  few.close();
});

Deno.test("files and uploads go when they are old; a clock that jumps, or stands still, makes nothing old", async () => {
  using folder = new Folder();
  const store = new AttachmentStore(folder.path, limits({ attachmentDays: 2, attachmentUploadHours: 30 }));
  const id = await leave(store, "kept for two days");
  const { id: upload } = store.begin(wantedOf(bytesOf("unfinished")), WALL);
  // Ten years at once count as a day.
  let wall = WALL + 10 * 365 * 24 * HOUR_MS;
  assertEquals(store.prune(wall), 0);
  wall -= 5 * 365 * 24 * HOUR_MS;
  assertEquals(store.prune(wall), 0);
  assertEquals(store.prune(wall += 7 * HOUR_MS), 1);
  assertEquals([store.upload(upload), store.find(id)?.id], [undefined, id]);
  for (let hour = 0; hour < 17; hour++) assertEquals(store.prune(wall += HOUR_MS), 0);
  assertEquals(store.prune(wall += HOUR_MS), 1);
  assertEquals([store.find(id), filesIn(folder)], [undefined, { files: [], uploads: [] }]);
  store.close();
});

Deno.test("what a killed server has left without a row goes at the next start", async () => {
  using folder = new Folder();
  let store = new AttachmentStore(folder.path, limits());
  const id = await leave(store, "stays");
  store.close();
  Deno.writeTextFileSync(join(folder.path, "attachments", "files", HASH), "renamed, and then killed");
  Deno.writeTextFileSync(join(folder.path, "attachments", "uploads", ID), "made, and then killed");
  store = new AttachmentStore(folder.path, limits());
  assertEquals(filesIn(folder), { files: [sha256Of(bytesOf("stays"))], uploads: [] });
  assertEquals(await contentOf(store, id), "stays");
  store.close();
});

// Tickets.

Deno.test("a ticket is its user's for ten minutes; a user has few, and a new password ends them", () => {
  let count = 0;
  const tickets = new Tickets((bytes) => new Uint8Array(bytes).fill(count++));
  const ticket = tickets.issue("alice", 0);
  assertEquals([tickets.userOf(ticket, 599_999), tickets.userOf(ticket, 600_000)], ["alice", undefined]);
  assertEquals(tickets.userOf(ticket.replace(/0/, "1"), 0), undefined);
  const others = Array.from({ length: 8 }, () => tickets.issue("alice", 1));
  assertEquals(tickets.userOf(ticket, 1), undefined);
  const bobs = tickets.issue("bob", 2);
  tickets.revoke("alice");
  assertEquals(others.map((each) => tickets.userOf(each, 2)), Array(8).fill(undefined));
  assertEquals(tickets.userOf(bobs, 2), "bob");
});
