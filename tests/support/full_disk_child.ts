import { join } from "@std/path";
import { ChatStore } from "../../lib/store/chat_store.ts";
import { print } from "../../lib/terminal/print.ts";
import { StoreWriter } from "./store_writer.ts";

/** On a small disk of its own: fills it, reads, makes room, writes on, then finds the folder read-only. Prints what happens. */
const folder = Deno.args[0]!;
const path = join(folder, "partyline.db");
const ballast = join(folder, "ballast");
const said: Record<string, unknown> = {};
Deno.writeFileSync(ballast, new Uint8Array(500_000));
const store = new ChatStore(path);
let writer = new StoreWriter(store);
writer.join("jacky", "lobby");
writer.commit();
const kept: number[] = [];
const say = () => {
  const batch = [writer.say("jacky", writer.room("lobby"), "x".repeat(1000)), writer.last];
  writer.commit();
  kept.push(batch[0]!);
};
const history = () => store.query({ type: "history", conversation: 1, limit: 100_000 }).messages.map(({ seq }) => seq);
try {
  for (;;) say();
} catch (error) {
  said.full = (error as Error).message;
}
said.reads = JSON.stringify(history()) === JSON.stringify(kept);
said.finds = store.query({ type: "search", user: 1, words: "x", limit: 5 }).type;
Deno.removeSync(ballast);
writer = new StoreWriter(store);
say();
said.recovers = JSON.stringify(history()) === JSON.stringify(kept);
store.close();
await new Deno.Command("mount", { args: ["-o", "remount,ro", folder] }).output();
try {
  new ChatStore(path);
} catch (error) {
  said.readOnly = (error as Error).message;
}
try {
  new ChatStore(join(folder, "other", "partyline.db"));
} catch (error) {
  said.readOnlyFolder = (error as Error).message;
}
print(`${JSON.stringify(said)}\n`);
