import { assertEquals } from "@std/assert";
import { LOBBY } from "../lib/chat/names.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { StoreWriter } from "./support/store_writer.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** A whole hour. */
const START = 1_700_002_800_000;

interface Pruned {
  readonly removed: number;
  readonly expired: readonly string[];
  readonly pieces: number;
}

/** Prunes until nothing is left to be removed. */
function prune(store: ChatStore, given: { keepMs?: number; perRoom?: number; limit?: number }): Pruned {
  let removed = 0;
  const expired: string[] = [];
  for (let pieces = 1;; pieces++) {
    const answer = store.query({ type: "prune", keepMs: 30 * DAY_MS, perRoom: 1000, limit: 100, ...given });
    removed += answer.removed;
    expired.push(...answer.expired.map(({ text }) => text));
    if (!answer.more) return { removed, expired, pieces };
  }
}

function texts(store: ChatStore, conversation: number): string[] {
  return store.query({ type: "history", conversation, limit: 10_000 }).messages.map(({ text }) => text);
}

/** A store and its writer; a message is a batch. */
function opened() {
  const store = new ChatStore(":memory:");
  const writer = new StoreWriter(store, START);
  const say = (conversation: number, text: string) => {
    const seq = writer.say("ann", conversation, text);
    writer.commit();
    return seq;
  };
  return { store, writer, say, lobby: writer.room(LOBBY) };
}

Deno.test("an entry is removed once the log is 30 days older, to the hour, in pieces", () => {
  const { store, writer, say, lobby } = opened();
  for (let hour = 0; hour < 32 * 24; hour++) {
    writer.time = START + hour * HOUR_MS;
    say(lobby, `${hour}`);
  }
  // The newest is of hour 767.
  assertEquals(prune(store, { limit: 10 }), { removed: 47, expired: [], pieces: 5 });
  assertEquals(texts(store, lobby)[0], "47");
  assertEquals(prune(store, {}), { removed: 0, expired: [], pieces: 1 });
  assertEquals(store.query({ type: "search", user: 1, words: "3", limit: 9 }).hits, []);
  writer.time += HOUR_MS;
  say(lobby, "new");
  assertEquals([prune(store, {}).removed, texts(store, lobby)[0]], [1, "48"]);
  store.close();
});

Deno.test("a clock that is 40 days ahead, or that stands still, makes nothing old: the log ages a day at most at once", () => {
  const { store, writer, say, lobby } = opened();
  say(lobby, "old");
  writer.time += 40 * DAY_MS;
  for (let i = 0; i < 100; i++) say(lobby, `${i}`);
  assertEquals(prune(store, {}), { removed: 0, expired: [], pieces: 1 });
  for (let day = 1; day < 29; day++) {
    writer.time += DAY_MS;
    say(lobby, "later");
  }
  assertEquals(prune(store, {}).removed, 0);
  writer.time += 2 * DAY_MS;
  say(lobby, "later still");
  assertEquals(prune(store, {}).removed, 0, "two days at once are one");
  writer.time += HOUR_MS;
  say(lobby, "an hour later");
  assertEquals(prune(store, {}).removed, 1);
  store.close();
});

Deno.test("private messages that were not received expire, those that were received or failed are removed silently", () => {
  const { store, writer, say } = opened();
  const pair = writer.pair("ann", "bob");
  say(pair, "received");
  const failed = say(pair, "failed");
  writer.say("ann", pair, "no", failed, "failure");
  writer.write({ type: "pairCursor", cursor: "received", pair, side: 1, upTo: 1 });
  say(pair, "waits");
  say(writer.pair("ann", "ann"), "to myself");
  for (let day = 0; day < 31; day++) {
    writer.time += DAY_MS;
    say(writer.room(LOBBY), `day ${day}`);
  }
  const { expired, removed } = prune(store, {});
  assertEquals([expired, removed], [["waits"], 5]);
  assertEquals(texts(store, pair), []);
  store.close();
});

Deno.test("of each room the newest entries stay, and an empty room without members is gone", () => {
  const { store, writer, say, lobby } = opened();
  const [lab, den] = [writer.room("lab"), writer.room("den")];
  for (let i = 0; i < 50; i++) {
    say(lobby, `${i}`);
    if (i < 20) say(lab, `${i}`);
  }
  say(den, "dark here");
  assertEquals(prune(store, { perRoom: 15, limit: 7 }).removed, 40);
  assertEquals([texts(store, lobby).length, texts(store, lobby)[0]], [15, "35"]);
  assertEquals(texts(store, lab)[0], "5");
  assertEquals(store.snapshot.rooms.map(({ name }) => name), [LOBBY, "lab", "den"]);
  // Only rooms in which something was said are looked at again.
  say(lab, "20");
  writer.join("ann", "lab");
  say(den, "still dark");
  assertEquals(prune(store, { perRoom: 0 }).removed, 18);
  assertEquals(store.snapshot.rooms.map(({ name }) => name), [LOBBY, "lab"]);
  store.close();
});

Deno.test("a number is never given again, even if the newest entries were removed", () => {
  const { store, writer, say, lobby } = opened();
  for (let i = 0; i < 5; i++) say(lobby, "x");
  prune(store, { perRoom: 0 });
  assertEquals([store.snapshot.last, texts(store, lobby)], [5, []]);
  assertEquals(new StoreWriter(store).last, writer.last);
  store.close();
});

Deno.test("clients that said nothing for as long as entries are kept are forgotten, with what was refused", () => {
  const { store, writer, say, lobby } = opened();
  const user = writer.user("ann");
  writer.write({ type: "refusal", user, client: "old", number: 1, why: "no" });
  say(lobby, "first");
  for (let day = 0; day < 32; day++) {
    writer.time += DAY_MS;
    if (day === 5) writer.write({ type: "refusal", user, client: "idle", number: 1, why: "no" });
    writer.write({ type: "producer", user, client: "new", number: day });
    say(lobby, `day ${day}`);
  }
  assertEquals(store.snapshot.producers.map(({ client }) => client), ["old", "idle", "new"]);
  // What is too much of a room is younger than a client may be.
  assertEquals(prune(store, { perRoom: 5 }).removed, 28);
  const { producers } = store.snapshot;
  assertEquals(producers.map(({ client, refused }) => [client, refused.length]), [["idle", 1], ["new", 0]]);
  store.close();
});

Deno.test("a record that the exchange has not given back is kept, however old: no other server has it", () => {
  const { store, writer, say, lobby } = opened();
  const server = store.snapshot.id;
  const record = (number: number, given: boolean) =>
    writer.write({
      ...{ type: "record", id: { server, number }, text: `claim ${number}`, isTaken: false },
      ...(given ? { place: { epoch: 1, place: number } } : {}),
    });
  record(1, true);
  record(2, false);
  writer.commit();
  say(lobby, "the first entry, newer than both");
  prune(store, {});
  const { records } = store.query({ type: "records", server, after: 0, limit: 10 });
  assertEquals(records.map(({ number }) => number), [2]);
  store.close();
});
