import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { Batch } from "../lib/chat/store.ts";
import { UserError } from "../lib/core/errors.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { emptySnapshot, openStore, type StoreEvent, type StorePort } from "../lib/store/worker_store.ts";
import { Folder } from "./support/programs.ts";
import { StoreWriter } from "./support/store_writer.ts";

/** What the thread says, one event after the other. */
function events(port: StorePort): () => Promise<StoreEvent> {
  const waiting: StoreEvent[] = [];
  let wake: (() => void) | undefined;
  port.onEvent = (event) => {
    waiting.push(event);
    wake?.();
  };
  return async () => {
    while (waiting.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return waiting.shift()!;
  };
}

/** Batches as the chat makes them, for a new store. */
function batches(count: number): Batch[] {
  const memory = new ChatStore(":memory:");
  const made: Batch[] = [];
  const append = memory.append.bind(memory);
  memory.append = (batch) => {
    made.push(batch);
    append(batch);
  };
  const writer = new StoreWriter(memory);
  for (let i = 0; i < count; i++) {
    writer.say("ann", writer.room("lab"), `${i}`);
    writer.commit();
  }
  memory.close();
  return made;
}

Deno.test("a store is made when something is kept, under the id that was told before", async () => {
  using folder = new Folder();
  const path = join(folder.path, "data");
  const unused = await openStore(path);
  await unused.close();
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  const port = await openStore(path);
  const next = events(port);
  port.append(batches(1)[0]!);
  assertEquals(await next(), { type: "committed", batches: 1 });
  await port.close();
  const again = await openStore(path);
  assertEquals([again.snapshot.id, again.snapshot.last], [port.snapshot.id, 1]);
  await again.close();
});

Deno.test("what is said of a store that is made later is what it holds when it is made", () => {
  const store = new ChatStore(":memory:", "7");
  assertEquals(emptySnapshot("7"), store.snapshot);
  store.close();
});

Deno.test("a store that is closed twice is closed", async () => {
  using folder = new Folder();
  const port = await openStore(folder.path);
  await Promise.all([port.close(), port.close()]);
  await port.close();
});

Deno.test("requests are answered in order, and a query sees what was appended before it", async () => {
  using folder = new Folder();
  const port = await openStore(folder.path);
  const next = events(port);
  const made = batches(5);
  for (const [id, batch] of made.entries()) {
    port.append(batch);
    port.query(id, { type: "history", conversation: 2, limit: 9 });
  }
  for (const id of made.keys()) {
    assertEquals(await next(), { type: "committed", batches: 1 });
    const event = await next();
    assertEquals(event.type === "answered" && event.id, id);
    const answer = event.type === "answered" ? event.answer : undefined;
    assertEquals(answer && "messages" in answer && answer.messages.map(({ text }) => text), [
      ...Array.from({ length: id + 1 }, (_, i) => `${i}`),
    ]);
  }
  await port.close();
});

Deno.test("batches that follow each other are committed, one or several at a time", async () => {
  using folder = new Folder();
  const port = await openStore(folder.path);
  const next = events(port);
  const made = batches(50);
  for (const batch of made) port.append(batch);
  let committed = 0;
  while (committed < made.length) {
    const event = await next();
    committed += event.type === "committed" ? event.batches : NaN;
  }
  assertEquals(committed, made.length);
  await port.close();
  const again = await openStore(folder.path);
  assertEquals(again.snapshot.last, 50);
  await again.close();
});

Deno.test("where the store cannot be made each request is told why, and it is made as soon as that is possible", async () => {
  using folder = new Folder();
  const file = join(folder.path, "data");
  const port = await openStore(file);
  folder.write("data", "in its place");
  const next = events(port);
  const [batch, following] = batches(2) as [Batch, Batch];
  const why = `cannot make the folder ${file} of the store: a file is in its place`;
  port.append(batch);
  // It follows a batch that fails, and fails with it.
  port.append(following);
  assertEquals(await next(), { type: "notCommitted", why });
  port.query(1, { type: "overview", user: 1 });
  assertEquals(await next(), { type: "answered", id: 1, answer: { failed: why } });
  Deno.removeSync(file);
  port.append(batch);
  assertEquals(await next(), { type: "committed", batches: 1 });
  await port.close();
});

Deno.test("a store that is there and cannot be opened is refused at once", async () => {
  using folder = new Folder();
  const file = folder.write("data", "in its place");
  await assertRejects(() => openStore(file), UserError, `cannot make the folder ${file} of the store`);
  folder.write("partyline.db", "this is not a database\n".repeat(100));
  const error = await assertRejects(() => openStore(folder.path), UserError);
  assertMatch(error.message, /^cannot open the store \S+partyline\.db: it is not a database; /);
});
