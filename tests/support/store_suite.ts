import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { LOBBY } from "../../lib/chat/names.ts";
import type { MessageStore, NewNotice, StoredEntry, StoredMessage } from "../../lib/chat/store.ts";

/** A store under test; `reopen` closes and opens it again if it is persistent. */
export interface StoreUnderTest {
  readonly name: string;
  open(): { store: MessageStore; reopen: (() => MessageStore) | undefined } & Disposable;
}

/** Tests that every message store must pass. */
export function storeSuite(tested: StoreUnderTest): void {
  const test = (what: string, check: (store: MessageStore, again: () => MessageStore) => void) =>
    Deno.test(`${tested.name}: ${what}`, () => {
      using opened = tested.open();
      let { store } = opened;
      check(store, () => {
        if (!opened.reopen) store.commit();
        return store = opened.reopen?.() ?? store;
      });
    });

  test("a new store has the lobby, no users, and an id of its own", (store, again) => {
    assertEquals([store.last, store.dirty, store.rooms(), store.users()], [0, false, [LOBBY], []]);
    using other = tested.open();
    assertNotEquals(store.id, other.store.id);
    assertEquals(again().id, store.id);
  });

  test(
    "users are added once, sorted by code units, and are members of the lobby; a key is set once",
    (store, again) => {
      const key = new Uint8Array([1, 2, 3]);
      for (const name of ["jacky", "\u{1d49c}", "bob", "\uff41"]) store.addUser(name, undefined, 1);
      store.addUser("jacky", key, 2);
      store.addUser("jacky", new Uint8Array([9]), 3);
      key[0] = 100;
      store = again();
      assertEquals(store.users(), ["bob", "jacky", "\u{1d49c}", "\uff41"]);
      assertEquals(store.members(LOBBY), store.users());
      assertEquals(store.user("jacky"), { name: "jacky", key: new Uint8Array([1, 2, 3]), acked: 0 });
      assertEquals(store.user("bob"), { name: "bob", key: undefined, acked: 0 });
      assertEquals(store.user("michael"), undefined);
      store.addUser("bob", undefined, 4);
      assertEquals(store.dirty, false, "said again, it changes nothing");
    },
  );

  test("a message to an unknown name waits for it and does not create a user", (store, again) => {
    store.addUser("jacky", undefined, 1);
    const kept = store.keep({ from: "jacky", to: { user: "bob" }, text: "hi", time: 2 });
    store = again();
    assertEquals([store.user("bob"), store.users()], [undefined, ["jacky"]]);
    store.addUser("bob", undefined, 3);
    assertEquals(store.waiting("bob", 0, 10), [kept]);
  });

  test("rooms are listed in order of creation; one without members and messages is removed, the lobby never", (store) => {
    store.addUser("jacky", undefined, 1);
    for (const room of ["lab", "den", "attic"]) store.join(room, "jacky", 1);
    store.keep({ from: "jacky", to: { room: "den" }, text: "dark here", time: 2 });
    assertEquals(store.roomsOf("jacky"), [LOBBY, "lab", "den", "attic"]);
    for (const room of store.rooms()) store.leave(room, "jacky");
    assertEquals([store.rooms(), store.roomsOf("jacky")], [[LOBBY, "den"], []]);
    store.join("attic", "jacky", 3);
    store.join("lab", "jacky", 3);
    assertEquals(store.rooms(), [LOBBY, "den", "attic", "lab"]);
    store.prune(10, 100, 100);
    assertEquals(store.rooms(), [LOBBY, "attic", "lab"]);
  });

  test("a private message waits until it is acknowledged, and so does the sender's notice", (store, again) => {
    const hi = store.keep({ from: "jacky", to: { user: "bob" }, text: "hi", time: 1, id: "m1" });
    assertEquals(hi, { type: "message", seq: 1, from: "jacky", to: { user: "bob" }, text: "hi", time: 1, id: "m1" });
    const there = store.keep({ from: "jacky", to: { user: "bob" }, text: "there", time: 2 });
    assertEquals(store.waiting("bob", 0, 10), [hi, there]);
    assertEquals(store.waiting("bob", 0, 1), [hi]);
    assertEquals(store.waiting("bob", 1, 10), [there]);
    assertEquals(store.acknowledge("bob", 1), [{ seq: 1, from: "jacky", id: "m1" }]);
    const told: NewNotice = { type: "delivered", owner: "jacky", to: "bob", id: "m1", of: 1, time: 3 };
    const notice = store.notify(told);
    assertEquals(notice, { ...told, seq: 3, why: undefined });
    store = again();
    assertEquals(store.waiting("bob", 0, 10), [there]);
    assertEquals(store.waiting("jacky", 0, 10), [notice]);
    assertEquals([store.acknowledge("bob", 1), store.acknowledge("bob", 0), store.dirty], [[], [], false]);
    assertEquals(store.acknowledge("bob", 1000), [{ seq: 2, from: "jacky", id: undefined }]);
    store.addUser("bob", undefined, 4);
    assertEquals(store.user("bob")!.acked, 3, "nobody has what was not said yet");
    assertEquals(store.acknowledge("jacky", 3), []);
    assertEquals(store.waiting("jacky", 0, 10), []);
    assertEquals(store.since("bob", 0, 10), [hi, there]);
    assertEquals(store.since("jacky", 0, 10), [hi, there, notice]);
  });

  test("a message settled out of order waits no more; notices and room messages are not settled", (store, again) => {
    const [one, two] = ["one", "two"].map((text) =>
      store.keep({ from: "jacky", to: { user: "bob" }, text, time: 1, id: text })
    );
    const lobby = store.keep({ from: "jacky", to: { room: LOBBY }, text: "all", time: 1 });
    const notice = store.notify({ type: "failed", owner: "bob", to: "x", id: "b", of: 0, time: 1, why: "no x" });
    assertEquals(store.settle(two!.seq), { seq: 2, from: "jacky", id: "two" });
    store = again();
    assertEquals([two!, lobby, notice, { seq: 99 }].map(({ seq }) => store.settle(seq)), Array(4).fill(undefined));
    assertEquals(store.waiting("bob", 0, 10), [one!, notice]);
    assertEquals(store.since("bob", 0, 10), [one!, two!, notice]);
    assertEquals(store.acknowledge("bob", 3), [{ seq: 1, from: "jacky", id: "one" }]);
    assertEquals(store.settle(1), undefined);
  });

  test("a withdrawn message does not exist, and its number is not reused", (store, again) => {
    store.keep({ from: "jacky", to: { user: "bob" }, text: "hi", time: 1, id: "m1" });
    const all = store.keep({ from: "jacky", to: { room: LOBBY }, text: "all", time: 1 });
    store.keep({ from: "jacky", to: { user: "bob" }, text: "last", time: 1 });
    for (const seq of [1, 2, 3, 4]) store.withdraw(seq);
    store = again();
    assertEquals([store.waiting("bob", 0, 10), store.answer("jacky", "m1"), store.settle(1)], [
      [],
      undefined,
      undefined,
    ]);
    assertEquals(store.history({ room: LOBBY }, Infinity, 10), [all]);
    assertEquals(store.keep({ from: "jacky", to: { user: "bob" }, text: "hi", time: 1, id: "m1" }).seq, 4);
  });

  test("members see room messages since joining; waiting messages are past `acked` and `seen`, and from others", (store) => {
    for (const name of ["jacky", "bob"]) store.addUser(name, undefined, 1);
    const say = (from: string, text: string) => store.keep({ from, to: { room: "lab" }, text, time: 1 });
    store.join("lab", "jacky", 1);
    say("jacky", "early");
    store.join("lab", "bob", 1);
    const said = [say("jacky", "2"), say("bob", "3"), say("jacky", "4"), say("jacky", "5")];
    store.join("lab", "bob", 1);
    assertEquals(store.since("bob", 0, 10), said);
    assertEquals(store.waiting("bob", 0, 10), said.filter(({ from }) => from === "jacky"));
    assertEquals(store.waiting("bob", 0, 10, "private"), []);
    store.seen("lab", "bob", 2);
    assertEquals(store.waiting("bob", 0, 10).map(({ seq }) => seq), [4, 5]);
    store.seen("lab", "bob", 1);
    store.seen("den", "bob", 5);
    store.seen("lab", "michael", 5);
    store.acknowledge("bob", 4);
    assertEquals(store.waiting("bob", 0, 10).map(({ seq }) => seq), [5]);
    store.seen("lab", "bob", 1000);
    const late = say("jacky", "6");
    assertEquals(store.waiting("bob", 0, 10), [late], "nobody has seen what was not said yet");
    store.leave("lab", "bob");
    say("jacky", "7");
    store.join("lab", "bob", 1);
    const back = say("jacky", "8");
    assertEquals([store.waiting("bob", 0, 10), store.since("bob", 0, 10)], [[back], [back]]);
  });

  test("a message to oneself exists once and waits", (store) => {
    const note = store.keep({ from: "jacky", to: { user: "jacky" }, text: "milk", time: 1 });
    assertEquals([store.waiting("jacky", 0, 10), store.since("jacky", 0, 10)], [[note], [note]]);
    assertEquals(store.history({ between: ["jacky", "jacky"] }, Infinity, 10), [note]);
  });

  test("a user's entries come in order, page by page, from all tables", (store, again) => {
    for (const name of ["jacky", "bob", "michael"]) store.addUser(name, undefined, 1);
    store.join("lab", "jacky", 1);
    const mine: StoredEntry[] = [];
    for (let i = 0; i < 40; i++) {
      const [from, to] = i % 2 ? ["jacky", "bob"] : ["bob", "jacky"];
      mine.push(store.keep({ from: from!, to: { user: to! }, text: `${i}`, time: i }));
      if (i % 4 === 0) store.settle(store.last);
      mine.push(store.keep({ from: "michael", to: { room: i % 3 ? LOBBY : "lab" }, text: `${i}`, time: i }));
      store.keep({ from: "michael", to: { user: "bob" }, text: "not for jacky", time: i });
      mine.push(store.notify({ type: "delivered", owner: "jacky", to: "bob", id: `${i}`, of: i, time: i }));
    }
    store = again();
    const pages: StoredEntry[] = [];
    for (let page = store.since("jacky", 0, 7); page.length > 0; page = store.since("jacky", pages.at(-1)!.seq, 7)) {
      pages.push(...page);
    }
    assertEquals(pages, mine);
    assertEquals(store.since("jacky", 0, Infinity), mine);
    assertEquals([store.since("jacky", 0, 0), store.since("nobody", 0, 9), store.waiting("nobody", 0, 9)], [
      [],
      [],
      [],
    ]);
  });

  test("history covers one conversation for both sides and goes back page by page", (store, again) => {
    const said: StoredMessage[] = [];
    for (let i = 0; i < 20; i++) {
      const [from, to] = i % 3 ? ["jacky", "bob"] : ["bob", "jacky"];
      said.push(store.keep({ from: from!, to: { user: to! }, text: `${i}`, time: i }));
      store.keep({ from: "jacky", to: { user: "michael" }, text: "aside", time: i });
      store.keep({ from: "jacky", to: { room: LOBBY }, text: `${i}`, time: i });
    }
    store = again();
    const where = { between: ["bob", "jacky"] } as const;
    assertEquals(store.history(where, Infinity, 100), said);
    assertEquals(store.history({ between: ["jacky", "bob"] }, said[10]!.seq, 3), said.slice(7, 10));
    assertEquals(store.history({ room: LOBBY }, Infinity, 2).map(({ text }) => text), ["18", "19"]);
    assertEquals([store.history(where, 1, 9), store.history({ room: "none" }, 99, 9)], [[], []]);
    assertEquals(store.history({ between: ["jacky", "nobody"] }, Infinity, 9), []);
  });

  test("the answer to an id is permanent; the same id of another sender is independent", (store, again) => {
    const { seq } = store.keep({ from: "jacky", to: { room: LOBBY }, text: "hi", time: 5, id: "m1" });
    store.refuse("jacky", "m2", "too long", 6);
    store = again();
    assertEquals(store.answer("jacky", "m1"), { type: "sent", seq, time: 5 });
    assertEquals(store.answer("jacky", "m2"), { type: "refused", why: "too long" });
    assertEquals([store.answer("bob", "m1"), store.answer("jacky", "m3")], [undefined, undefined]);
    for (const id of ["m1", "m2"]) {
      assertThrows(() => store.keep({ from: "jacky", to: { room: LOBBY }, text: "hi", time: 7, id }));
      store.rollback();
      assertThrows(() => store.refuse("jacky", id, "why not", 7));
      store.rollback();
    }
    assertEquals(store.last, seq);
    assertEquals(store.keep({ from: "bob", to: { room: LOBBY }, text: "hi", time: 7, id: "m1" }).seq, seq + 1);
  });

  test("an id is used once, also without a look-up, and after a rollback", (store) => {
    const hi = { from: "jacky", to: { room: LOBBY }, text: "hi", time: 1 };
    store.refuse("jacky", "m1", "no", 1);
    assertThrows(() => store.keep({ ...hi, id: "m1" }));
    store.rollback();
    store.keep({ ...hi, id: "m1" });
    assertThrows(() => store.refuse("jacky", "m1", "no", 1));
    store.rollback();
    store.refuse("jacky", "m1", "no", 1);
    store.commit();
    store.prune(2, 0, 9);
    assertEquals(store.answer("jacky", "m1"), undefined);
    store.rollback();
    assertThrows(() => store.keep({ ...hi, id: "m1" }));
  });

  test(
    "every text comes back as stored: line breaks, NUL, anything; an unpaired surrogate as U+FFFD",
    (store, again) => {
      const texts = ["", "a\0b", "\r\n\t'\"", "\u{1f600} ä \u202e", "x".repeat(100_000), "\ud800"];
      const kept = texts.map((text) => store.keep({ from: "jacky", to: { user: "bob" }, text, time: 1.5, id: text }));
      assertEquals(kept.map(({ text }) => text), [...texts.slice(0, -1), "\ufffd"]);
      store = again();
      assertEquals(store.waiting("bob", 0, 10), kept);
      for (const { id, seq } of kept) assertEquals(store.answer("jacky", id!), { type: "sent", seq, time: 1.5 });
      assertEquals(store.answer("jacky", "\ud800")?.type, "sent");
    },
  );

  test("a rollback restores everything to the last commit", (store) => {
    store.addUser("jacky", undefined, 1);
    store.join("lab", "jacky", 1);
    for (const id of ["1", "2"]) store.keep({ from: "bob", to: { user: "jacky" }, text: id, time: 1, id });
    store.refuse("bob", "3", "no", 1);
    store.commit();
    const before = view(store, ["jacky", "bob", "michael"]);
    store.addUser("jacky", new Uint8Array([1]), 2);
    store.addUser("michael", undefined, 2);
    store.join("den", "michael", 2);
    store.leave("lab", "jacky");
    store.settle(2);
    store.acknowledge("jacky", 1);
    store.keep({ from: "jacky", to: { room: "den" }, text: "x", time: 2, id: "1" });
    store.notify({ type: "failed", owner: "jacky", to: "x", id: "1", of: 0, time: 2, why: "no" });
    store.seen(LOBBY, "jacky", 3);
    store.withdraw(1);
    store.prune(2, 0, 100);
    assertEquals([store.dirty, store.rooms()], [true, [LOBBY, "den"]]);
    store.rollback();
    assertEquals([view(store, ["jacky", "bob", "michael"]), store.dirty], [before, false]);
    store.rollback();
    assertEquals(store.keep({ from: "jacky", to: { room: LOBBY }, text: "x", time: 2 }).seq, 3);
  });

  test(
    "prune forgets the old and the surplus of rooms, so much a call, and tells who waited in vain",
    (store, again) => {
      store.addUser("bob", undefined, 1);
      const dm = (time: number, id: string) => store.keep({ from: "jacky", to: { user: "bob" }, text: id, time, id });
      for (let i = 1; i <= 6; i++) dm(i, `old ${i}`);
      store.acknowledge("bob", 2);
      store.settle(4);
      dm(100, "young");
      store.refuse("jacky", "refused", "no", 3);
      store.notify({ type: "failed", owner: "jacky", to: "x", id: "n", of: 0, time: 4, why: "no" });
      for (let i = 0; i < 5; i++) store.keep({ from: "jacky", to: { room: LOBBY }, text: `${i}`, time: 100 });
      const first = store.prune(50, 3, 4);
      assertEquals(first, { expired: [{ seq: 3, from: "jacky", id: "old 3", to: "bob" }], more: true });
      store = again();
      const second = store.prune(50, 3, 3);
      assertEquals(second.expired.map(({ id }) => id), ["old 5", "old 6"]);
      assertEquals(second.more, true);
      assertEquals(store.prune(50, 3, 1).more, true);
      assertEquals(store.prune(50, 3, 1).more, true);
      assertEquals(store.answer("jacky", "refused")?.type, "refused");
      assertEquals(store.prune(50, 3, 1), { expired: [], more: false });
      assertEquals([store.answer("jacky", "refused"), store.answer("jacky", "old 1")], [undefined, undefined]);
      assertEquals(store.history({ room: LOBBY }, Infinity, 9).map(({ text }) => text), ["2", "3", "4"]);
      assertEquals(store.waiting("bob", 0, 1), [store.since("bob", 0, 1)[0]!]);
      store.commit();
      assertEquals([store.prune(50, Infinity, 9), store.dirty], [{ expired: [], more: false }, false]);
    },
  );

  test("a number is never reused, even if the newest were pruned and the store reopened", (store, again) => {
    for (let i = 0; i < 5; i++) store.keep({ from: "jacky", to: { room: LOBBY }, text: "x", time: 1 });
    assertEquals(store.prune(2, 0, 100), { expired: [], more: false });
    store = again();
    assertEquals([store.last, store.history({ room: LOBBY }, Infinity, 9)], [5, []]);
    assertEquals(store.keep({ from: "jacky", to: { room: LOBBY }, text: "x", time: 1 }).seq, 6);
  });

  test("closing commits pending changes", (store, again) => {
    store.addUser("jacky", undefined, 1);
    assert(store.dirty);
    assertEquals(again().users(), ["jacky"]);
  });
}

/** Everything that a store can be queried for about these users. */
export function view(store: MessageStore, names: readonly string[]): unknown {
  const { last, dirty } = store;
  const of = (name: string) => ({
    user: store.user(name),
    rooms: store.roomsOf(name),
    waiting: store.waiting(name, 0, Infinity),
    page: store.waiting(name, Math.floor(last / 2), 2),
    privately: store.waiting(name, 0, 3, "private"),
    since: store.since(name, 0, Infinity),
    pageSince: store.since(name, Math.floor(last / 3), 3),
    with: names.map((other) => store.history({ between: [name, other] }, Infinity, Infinity)),
    answers: ["1", "2", "3", "4"].map((id) => store.answer(name, id)),
  });
  const room = (name: string) => ({
    name,
    members: store.members(name),
    history: store.history({ room: name }, last, 5),
  });
  return { last, dirty, users: store.users(), rooms: store.rooms().map(room), names: names.map(of) };
}
