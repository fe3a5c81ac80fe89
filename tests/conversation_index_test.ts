import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../lib/core/errors.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { Folder } from "./support/programs.ts";
import { StoreWriter } from "./support/store_writer.ts";

/** More than the index is behind at most. */
const MANY = 5000;

function history(store: ChatStore, conversation: number): number[] {
  return store.query({ type: "history", conversation, limit: MANY }).messages.map(({ seq }) => seq);
}

function indexed(path: string): number {
  using database = new DatabaseSync(path);
  return Number(database.prepare("SELECT count(*) AS n FROM conversation_entries").get()!.n);
}

Deno.test("the index of conversations runs behind the log, and history is complete at any time, also when opened again", () => {
  using folder = new Folder();
  const path = join(folder.path, "partyline.db");
  const said: Record<number, number[]> = { 1: [], 2: [] };
  let store = new ChatStore(path);
  let writer = new StoreWriter(store);
  const say = (upTo: number) => {
    while (writer.last < upTo) {
      for (let i = 0; i < 50; i++) {
        const room = writer.room(writer.last % 3 === 0 ? "lobby" : "lab");
        said[room]!.push(writer.say("ann", room, "text"));
      }
      writer.commit();
    }
  };
  say(MANY);
  store.close();
  const before = indexed(path);
  assert(before > 0 && before < MANY, `${before} are indexed`);
  store = new ChatStore(path);
  assertEquals(store.snapshot.rooms.map(({ last }) => last), [said[1]!.at(-1), said[2]!.at(-1)]);
  assertEquals([history(store, 1), history(store, 2)], [said[1], said[2]]);
  writer = new StoreWriter(store);
  say(MANY + 100);
  assertEquals([history(store, 1), history(store, 2)], [said[1], said[2]]);
  store.close();
  // What a question has indexed was committed with the batch after it.
  assertEquals(indexed(path), MANY);
});

Deno.test("a batch that fails after a question takes back what was indexed for it, and questions are answered as before", () => {
  const store = new ChatStore(":memory:");
  const writer = new StoreWriter(store);
  const kept = writer.say("ann", 1, "kept");
  writer.commit();
  assertEquals(history(store, 1), [kept]);
  writer.last--;
  writer.say("ann", 1, "a number that was given");
  assertThrows(() => writer.commit(), UserError);
  assertEquals(history(store, 1), [kept]);
  const removed = writer.say("ann", 1, "removed");
  writer.commit();
  assertEquals(history(store, 1), [kept, removed]);
  writer.write({ type: "forget", seq: removed });
  writer.commit();
  assertEquals(history(store, 1), [kept]);
  store.close();
});
