import { ChatStore } from "../../lib/store/chat_store.ts";
import { StoreWriter } from "./store_writer.ts";

/** Writes messages to the store at the given path, two a batch, and prints the second's number after each. */
const writer = new StoreWriter(new ChatStore(Deno.args[0]!));
const encoder = new TextEncoder();
for (const name of ["jacky", "bob"]) writer.join(name, "lobby");
writer.commit();
for (;;) {
  writer.say("jacky", writer.pair("jacky", "bob"), "first");
  const seq = writer.say("jacky", writer.room("lobby"), "second ".repeat(100));
  writer.commit();
  Deno.stdout.writeSync(encoder.encode(`${seq}\n`));
}
