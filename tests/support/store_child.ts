import { openSqlite } from "../../lib/store/sqlite_store.ts";

/** Writes messages to the store at the given path, two a commit, and prints the second's number after each commit. */
const store = openSqlite(Deno.args[0]!);
const encoder = new TextEncoder();
store.addUser("jacky", undefined, 0);
store.commit();
for (;;) {
  store.keep({ from: "jacky", to: { user: "bob" }, text: "first", time: 1, id: String(store.last) });
  const { seq } = store.keep({ from: "jacky", to: { room: "lobby" }, text: "second ".repeat(100), time: 1 });
  store.commit();
  Deno.stdout.writeSync(encoder.encode(`${seq}\n`));
}
