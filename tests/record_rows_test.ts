import { assertEquals } from "@std/assert";
import { ChatStore } from "../lib/store/chat_store.ts";
import { StoreWriter } from "./support/store_writer.ts";

Deno.test("what a user has received is told for the records of a server only as far as all of them have arrived", () => {
  const store = new ChatStore(":memory:");
  const writer = new StoreWriter(store);
  const conversation = writer.pair("ann", "bob");
  const record = (server: string, number: number, seq: number) =>
    writer.write({ type: "record", id: { server, number }, text: "{}", isTaken: true, seq });
  // The last message was said again at another server, which was not apart; so it is here before the others.
  const last = writer.say("ann", conversation, "3");
  record("s2", 1, last);
  const first = writer.say("ann", conversation, "1");
  record("s1", 1, first);
  const second = writer.say("ann", conversation, "2");
  record("s1", 2, second);
  record("s1", 3, last);
  writer.commit();
  const received = (after: number, upTo: number) =>
    store.query({ type: "recordsIn", conversation, sender: writer.user("ann"), after, upTo }).ids
      .map(({ server, number }) => `${server} ${number}`).sort();
  assertEquals(received(0, last), ["s2 1"]);
  assertEquals(received(last, first), ["s1 1"]);
  assertEquals(received(0, second), ["s1 3", "s2 1"]);
  store.close();
});
