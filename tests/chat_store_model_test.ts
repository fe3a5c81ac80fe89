import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { EntryType } from "../lib/chat/entry.ts";
import { LOBBY } from "../lib/chat/names.ts";
import type { PageFilter } from "../lib/chat/store.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { Folder } from "./support/programs.ts";
import { Random } from "./support/random.ts";
import { StoreWriter } from "./support/store_writer.ts";

const NAMES = ["ann", "bob", "cy"];
const WORDS = ["anchor", "beacon", "cable", "deck"];
const EVERYTHING = Number.MAX_SAFE_INTEGER;

interface Kept {
  readonly seq: number;
  readonly kind: EntryType;
  readonly conversation: number;
  readonly from: string;
  readonly text: string;
  readonly time: number;
  readonly of: number | undefined;
}

interface Part {
  readonly conversation: number;
  readonly isRoom: boolean;
  readonly since: number;
  received: number;
  read: number;
}

/** Everything that is in a store, in the simplest way. */
class Model {
  entries: Kept[] = [];
  /** By user and conversation. */
  readonly parts = new Map<string, Part>();

  partsOf(name: string): Part[] {
    return [...this.parts].filter(([key]) => key.startsWith(`${name} `)).map(([, part]) => part);
  }

  of(seq: number, kind: EntryType): Kept[] {
    return this.entries.filter((entry) => entry.of === seq && entry.kind === kind);
  }

  /** As history shows it. */
  amended({ seq, from, text, time }: Kept) {
    const [edits, failures] = [this.of(seq, "edit"), this.of(seq, "failure")];
    const withdrawn = this.of(seq, "withdrawal").length > 0;
    return {
      ...{ seq, from, time, text: withdrawn ? "" : edits.at(-1)?.text ?? text },
      ...{ edited: edits.length > 0, withdrawn, failed: failures.at(-1)?.text },
    };
  }

  messages(conversation: number): Kept[] {
    return this.entries.filter((entry) => entry.kind === "message" && entry.conversation === conversation);
  }

  page(name: string, after: number, filter: PageFilter): number[] {
    const concerns = ({ seq, kind, from, of }: Kept, { isRoom, since, received }: Part): boolean => {
      if (kind === "failure") return from === name && filter !== "private" && seq > after;
      if (seq <= Math.max(after, since)) return false;
      if (filter === "all") return true;
      if (isRoom && filter === "private") return false;
      const message = kind === "message" ? seq : kind === "edit" ? of : undefined;
      if (filter === "private" && message !== undefined && this.of(message, "withdrawal").length > 0) return false;
      return seq > received && from !== name && this.of(seq, "failure").length === 0;
    };
    return this.partsOf(name).flatMap((part) =>
      this.entries.filter((entry) => entry.conversation === part.conversation && concerns(entry, part))
    ).map(({ seq }) => seq).sort((a, b) => a - b);
  }

  overview(name: string) {
    return this.partsOf(name).flatMap(({ conversation, isRoom, since, read }) => {
      const seen = this.messages(conversation).filter(({ seq }) => seq > since);
      const newest = seen.at(-1);
      if (!newest) return [];
      const unread = seen.filter(({ seq, from }) =>
        seq > read && from !== name && this.of(seq, "withdrawal").length === 0
      ).length;
      const other = [...this.parts].find(([key, part]) =>
        part.conversation === conversation && !key.startsWith(`${name} `)
      );
      const received = isRoom || !other ? 0 : other[1].received;
      return [{ conversation, last: newest.seq, time: newest.time, read, unread, received }];
    }).sort(byConversation);
  }

  found(name: string, word: string): number[] {
    return this.partsOf(name).flatMap(({ conversation }) =>
      this.messages(conversation).map((kept) => this.amended(kept))
    ).filter(({ text }) => text.split(" ").includes(word)).map(({ seq }) => seq).sort((a, b) => b - a);
  }
}

function byConversation(one: { conversation: number }, other: { conversation: number }): number {
  return one.conversation - other.conversation;
}

/** A store and its model, into which the same is written. */
class Written {
  readonly store: ChatStore;
  readonly writer: StoreWriter;
  readonly model = new Model();
  readonly random: Random;
  /** Which of the two of a pair its cursors name first. */
  readonly #firstOf = new Map<number, string>();

  constructor(seed: number, path: string) {
    this.store = new ChatStore(path);
    this.writer = new StoreWriter(this.store);
    this.random = new Random(seed);
    for (const name of NAMES) this.join(name, LOBBY);
  }

  join(name: string, room: string): void {
    const conversation = this.writer.room(room);
    const key = `${name} ${conversation}`;
    if (this.model.parts.has(key)) return;
    this.writer.join(name, room);
    const { last } = this.writer;
    this.model.parts.set(key, { conversation, isRoom: true, since: last, received: last, read: last });
  }

  batch(): void {
    for (let count = this.random.whole(1, 8); count > 0; count--) this.#step();
    this.writer.time += this.random.whole(0, 5000);
    this.writer.commit();
  }

  #step(): void {
    const { random, writer, model } = this;
    const name = random.pick(NAMES);
    const dice = random.next();
    if (dice < 0.5) {
      const other = random.pick(NAMES);
      const room = random.pick([LOBBY, "lab"]);
      const isRoom = random.chance(0.5);
      if (isRoom) this.join(name, room);
      const conversation = isRoom ? writer.room(room) : this.#pair(name, other);
      this.#keep("message", name, conversation, `${random.pick(WORDS)} ${random.pick(WORDS)} ${writer.last}`);
    } else if (dice < 0.75) {
      const own = model.entries.filter((entry) =>
        entry.kind === "message" && entry.from === name && model.of(entry.seq, "withdrawal").length === 0
      );
      if (own.length === 0) return;
      const { seq, conversation } = random.pick(own);
      const isPair = !this.#isRoom(conversation);
      const kind = random.pick(isPair ? ["edit", "withdrawal", "failure"] as const : ["edit", "withdrawal"] as const);
      this.#keep(kind, name, conversation, kind === "withdrawal" ? "" : `${random.pick(WORDS)} again`, seq);
    } else if (dice < 0.9) this.#moveCursor(name);
    else if (dice < 0.93) this.join(name, "lab");
    else if (dice < 0.96 && model.entries.length > 0) {
      // A handout sender was told that it failed.
      const gone = random.pick(model.entries);
      if (gone.kind !== "message" || this.#isRoom(gone.conversation)) return;
      if (model.entries.some(({ of }) => of === gone.seq)) return;
      model.entries = model.entries.filter((entry) => entry !== gone);
      writer.write({ type: "forget", seq: gone.seq });
    }
  }

  #isRoom(conversation: number): boolean {
    return [LOBBY, "lab"].some((room) => this.writer.room(room) === conversation);
  }

  #pair(one: string, other: string): number {
    const conversation = this.writer.pair(one, other);
    if (!this.#firstOf.has(conversation)) this.#firstOf.set(conversation, one);
    for (const name of [one, other]) {
      const key = `${name} ${conversation}`;
      const part = { conversation, isRoom: false, since: 0, received: 0, read: 0 };
      if (!this.model.parts.has(key)) this.model.parts.set(key, part);
    }
    return conversation;
  }

  #keep(kind: EntryType, from: string, conversation: number, text: string, of?: number): void {
    const seq = this.writer.say(from, conversation, text, of, kind);
    this.model.entries.push({ seq, kind, conversation, from, text, time: this.writer.time, of });
  }

  #moveCursor(name: string): void {
    const { random, writer, model } = this;
    const parts = model.partsOf(name);
    const part = random.pick(parts);
    const upTo = random.whole(0, writer.last);
    const user = writer.user(name);
    if (part.isRoom) {
      writer.write({ type: "roomRead", room: part.conversation, user, upTo });
      part.read = part.received = Math.max(part.read, upTo);
      return;
    }
    const side = this.#firstOf.get(part.conversation) === name ? 0 : 1;
    const cursor = random.pick(["received", "read"] as const);
    writer.write({ type: "pairCursor", cursor, pair: part.conversation, side, upTo });
    part[cursor] = Math.max(part[cursor], upTo);
  }
}

function compare({ writer, model, random }: Written, store: ChatStore): void {
  const limit = random.whole(1, 20);
  for (const [i, name] of NAMES.entries()) {
    const user = i + 1;
    const after = random.whole(0, writer.last);
    for (const filter of ["all", "unreceived", "private"] as const) {
      const expected = model.page(name, after, filter);
      const page = store.query({ type: "page", user, after, upTo: writer.last, limit, filter });
      assertEquals(page.entries.map(({ seq }) => seq), expected.slice(0, limit), `${filter} of ${name} after ${after}`);
      assertEquals(page.upTo, page.entries.length === limit ? page.entries.at(-1)!.seq : writer.last);
    }
    const { states } = store.query({ type: "overview", user });
    assertEquals([...states].sort(byConversation), model.overview(name), `overview of ${name}`);
    const word = random.pick(WORDS);
    const { hits, more } = store.query({ type: "search", user, words: word.toUpperCase(), limit });
    const found = model.found(name, word);
    assertEquals([hits.map(({ seq }) => seq), more], [found.slice(0, limit), found.length > limit], `${name}: ${word}`);
    for (const { conversation, isRoom } of model.partsOf(name)) {
      pagesOfHistory(store, model, conversation, limit);
      if (isRoom) continue;
      const { pairs } = store.query({ type: "arrived", user, after, upTo: EVERYTHING });
      const arrived = model.entries.filter((entry) =>
        entry.conversation === conversation && entry.seq > after && entry.from !== name && entry.kind !== "failure"
      ).at(-1)?.seq;
      assertEquals(pairs.find(({ pair }) => pair === conversation)?.upTo, arrived);
    }
  }
  const kept = random.pick(model.entries);
  const texts = [kept, ...model.of(kept.seq, "edit")].map(({ text, time }) => ({ text, time }));
  assertEquals(store.query({ type: "versions", seq: kept.seq }).texts, texts);
  const { entry, withdrawn } = store.query({ type: "entry", seq: kept.seq });
  assertEquals([entry!.text, entry!.of, withdrawn], [kept.text, kept.of, model.of(kept.seq, "withdrawal").length > 0]);
}

/** Page by page, backward and forward, history is that of the model. */
function pagesOfHistory(store: ChatStore, model: Model, conversation: number, limit: number): void {
  const expected = model.messages(conversation).map((kept) => model.amended(kept));
  const plain = ({ seq, from, time, text, edited, withdrawn, failed }: (typeof expected)[number]) => ({
    ...{ seq, from, time, text, edited, withdrawn, failed },
  });
  const backward: unknown[] = [];
  for (let before = EVERYTHING, more = true; more;) {
    const page = store.query({ type: "history", conversation, before, limit });
    backward.unshift(...page.messages.map(plain));
    before = page.messages[0]?.seq ?? 0;
    more = page.more;
  }
  assertEquals(backward, expected);
  const forward: unknown[] = [];
  for (let after = 0, more = true; more;) {
    const page = store.query({ type: "history", conversation, after, limit });
    forward.push(...page.messages.map(plain));
    after = page.messages.at(-1)?.seq ?? 0;
    more = page.more;
  }
  assertEquals(forward, expected);
}

Deno.test("pages, history, search, unread and versions are those of a model, for 30 random logs", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const written = new Written(seed, ":memory:");
    try {
      for (let batch = 0; batch < 25; batch++) {
        written.batch();
        if (written.model.entries.length > 0) compare(written, written.store);
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    } finally {
      written.store.close();
    }
  }
});

Deno.test("a store that is opened again has the same snapshot and the same answers", () => {
  for (let seed = 101; seed <= 105; seed++) {
    using folder = new Folder();
    const path = join(folder.path, "partyline.db");
    const written = new Written(seed, path);
    for (let batch = 0; batch < 25; batch++) written.batch();
    const { snapshot } = written.store;
    written.store.close();
    const again = new ChatStore(path);
    assertEquals(again.snapshot, snapshot);
    compare(written, again);
    again.close();
  }
});
