import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { ConversationView } from "../lib/chat/event.ts";
import type { ShownMessage } from "../lib/protocols/native/client_event.ts";
import { type Day, readSearchText } from "../lib/protocols/native/search_text.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { unreadMentions } from "../lib/web/conversation.ts";
import { candidates, mentionBefore } from "../lib/web/mentions.ts";
import { linkTo, readLink } from "../lib/web/permalinks.ts";
import { placesOf } from "../lib/web/places.ts";
import { Rows } from "../lib/web/rows.ts";
import { readSettings } from "../lib/web/settings.ts";
import { readSlash, SLASH_COMMANDS, slashCandidates } from "../lib/web/slash_commands.ts";
import { CHAT_COMMANDS } from "../lib/terminal/chat_commands.ts";
import type { ChatEvent } from "../lib/web/chat_event.ts";
import { reduce } from "../lib/web/reduce.ts";
import { INITIAL, repliableBefore, type State, unreadCount } from "../lib/web/state.ts";
import { formatDay, typedText } from "../lib/web/format.ts";
import { Typing, typingText } from "../lib/web/typing.ts";
import type { Target } from "../lib/chat/entry.ts";
import { oneLine, sanitized } from "../lib/core/text.ts";

const LOGGED_IN: ChatEvent = {
  type: "loggedIn",
  name: "alice",
  rooms: ["lobby"],
  again: false,
  storeChanged: true,
  searches: true,
};
/** The server knows of no conversation. */
const OVERVIEW: ChatEvent = { type: "conversations", list: [] };

/** alice's chat after all this has happened. */
function after(...events: ChatEvent[]): State {
  return [{ type: "user", name: "alice" } as const, LOGGED_IN, OVERVIEW, ...events].reduce(reduce, INITIAL);
}

function received(seq: number, from: string, text: string, room?: string): ChatEvent {
  const to = room === undefined ? { user: "alice" } : { room };
  return { type: "message", message: { seq, from, to, text, time: 1000 * seq, id: `${from}-${seq}` }, own: false };
}

function written(id: string, text: string): ChatEvent {
  return { type: "written", message: { id, number: Number(id.slice(2)), to: BOB, text, time: 5000 } };
}

const BOB = { user: "bob" };

/** What stands in the conversation with bob. */
function withBob(state: State): string[] {
  return (state.conversations.get("user bob")?.messages ?? []).map(({ from, text, state, why }) =>
    [from, text, state, why].filter((part) => part !== undefined).join(" | ")
  );
}

Deno.test("a message is unread until its conversation is open and the page is visible", () => {
  const away = after(
    received(1, "bob", "hi"),
    received(2, "bob", "there?"),
    received(3, "carol", "all well?", "lobby"),
  );
  assertEquals(unreadCount(away), 3);
  const open = reduce(away, { type: "opened", target: BOB });
  const withBob = open.conversations.get("user bob");
  assertEquals([unreadCount(open), withBob?.newAfter, withBob?.read], [1, 0, 2]);
  const seen = reduce(open, received(4, "bob", "good"));
  assertEquals(unreadCount(seen), 1);
  const hidden = reduce(reduce(seen, { type: "visible", visible: false }), received(5, "bob", "bye"));
  assertEquals(unreadCount(hidden), 2);
  assertEquals(unreadCount(reduce(hidden, { type: "visible", visible: true })), 1);
});

Deno.test("an own message is sending, sent, delivered; a late answer does not undo that", () => {
  const sending = after(written("a-1", "hi"));
  assertEquals(withBob(sending), ["alice | hi | sending"]);
  const sent = reduce(sending, { type: "sent", id: "a-1", to: BOB, seq: 1, time: 7000 });
  assertEquals(withBob(sent), ["alice | hi | sent"]);
  const delivered = reduce(sent, { type: "delivered", id: "a-1", to: "bob", time: 1 });
  assertEquals(withBob(delivered), ["alice | hi | delivered"]);
  assertEquals(withBob(reduce(delivered, { type: "sent", id: "a-1", to: BOB, seq: 1, time: 7000 })), [
    "alice | hi | delivered",
  ]);
});

Deno.test("with a peer that has another program, every message is unconfirmed, and no text is the offer of a file", () => {
  const PLAIN = { user: "bob (plain)" };
  const offer = offerText({ id: "A".repeat(22), name: "a.txt", bytes: 5, files: undefined, digest: "A".repeat(43) });
  let state = after(
    { type: "written", message: { id: "a-1", number: 1, to: PLAIN, text: "hi", time: 5000 } },
    received(2, "bob (plain)", "hello"),
    received(3, "bob (plain)", offer),
    received(4, "bob", offer),
  );
  const states = () => state.conversations.get("user bob (plain)")!.messages.map(({ state }) => state);
  assertEquals(states(), ["unconfirmed", "unconfirmed", "sending"]);
  state = reduce(state, { type: "sent", id: "a-1", to: PLAIN, seq: 1, time: 7000 });
  assertEquals(states(), ["unconfirmed", "unconfirmed", "unconfirmed"]);
  state = reduce(state, { type: "received", by: "bob (plain)", upTo: 1 });
  assertEquals(states(), ["unconfirmed", "unconfirmed", "unconfirmed"]);
  const kinds = (key: string) => new Rows().of(state.conversations.get(key)!, state.files, 0).map(({ kind }) => kind);
  assertEquals(kinds("user bob (plain)").filter((kind) => kind === "file"), []);
  assertEquals(kinds("user bob").filter((kind) => kind === "file"), ["file"]);
});

Deno.test("a message that fails shows the reason and keeps its place among the others", () => {
  const state = after(
    received(1, "bob", "one"),
    written("a-1", "too much"),
    { type: "failed", id: "a-1", to: BOB, why: "a text has at most 5 bytes" },
    received(2, "bob", "two"),
  );
  assertEquals(withBob(state), ["bob | one", "alice | too much | failed | a text has at most 5 bytes", "bob | two"]);
});

Deno.test("a pending message is below newer ones until its number is known", () => {
  const waits = after(written("a-1", "first"), written("a-2", "second"), received(4, "bob", "between"));
  assertEquals(withBob(waits), ["bob | between", "alice | first | sending", "alice | second | sending"]);
  const answered = reduce(waits, { type: "sent", id: "a-1", to: BOB, seq: 3, time: 1 });
  assertEquals(withBob(answered), ["alice | first | sent", "bob | between", "alice | second | sending"]);
});

Deno.test("an own message that arrives before its answer is shown once", () => {
  const own = {
    type: "message",
    message: { seq: 9, from: "alice", to: BOB, text: "hi", time: 1, id: "a-1" },
    own: true,
  } as const;
  const both = after(written("a-1", "hi"), own);
  assertEquals(withBob(both), ["alice | hi | sent"]);
  assertEquals(withBob(reduce(both, { type: "sent", id: "a-1", to: BOB, seq: 9, time: 1 })), ["alice | hi | sent"]);
  // At another screen it was said there.
  assertEquals(withBob(after(own)), ["alice | hi | sent"]);
});

Deno.test("history is added in front, without messages that are there already", () => {
  const messages = [1, 2, 3, 4].map((seq) => ({
    seq,
    from: seq % 2 ? "bob" : "alice",
    to: seq % 2 ? { user: "alice" } : BOB,
    text: `${seq}`,
    time: seq,
    id: `x-${seq}`,
  }));
  const state = after(received(3, "bob", "3"), received(5, "bob", "5"), { type: "loading", key: "user bob" }, {
    type: "history",
    of: BOB,
    messages,
    more: false,
    question: { type: "history", of: BOB, before: undefined, limit: 100 },
  });
  assertEquals(withBob(state), ["bob | 1", "alice | 2 | sent", "bob | 3", "alice | 4 | sent", "bob | 5"]);
  assertEquals(state.conversations.get("user bob")?.more, false);
});

const bobView = (view: Partial<ConversationView>): ChatEvent => ({
  type: "conversations",
  list: [{ of: BOB, last: 0, time: 1, read: 0, unread: 0, received: 0, ...view }],
});

const historyOf = (before: number | undefined, messages: readonly ShownMessage[], more = false): ChatEvent => ({
  type: "history",
  of: BOB,
  messages,
  more,
  question: { type: "history", of: BOB, before, limit: 100 },
});

const own = (seq: number, fields: Partial<ShownMessage> = {}): ShownMessage => (
  { seq, from: "alice", to: BOB, text: `${seq}`, time: seq, ...fields }
);

const LOADING: ChatEvent = { type: "loading", key: "user bob" };

Deno.test("the states of old messages follow from what was received, and from what failed", () => {
  const loaded = after(
    bobView({ last: 4, received: 2 }),
    LOADING,
    historyOf(undefined, [own(1), own(2, { failed: "expired" }), own(3), own(4)]),
  );
  assertEquals(withBob(loaded), [
    "alice | 1 | delivered",
    "alice | 2 | failed | expired",
    "alice | 3 | sent",
    "alice | 4 | sent",
  ]);
  const later = [
    { type: "received", by: "bob", upTo: 4 } as const,
    // A message that never arrived is told after what came later.
    { type: "failed", id: undefined, seq: 3, to: BOB, why: "expired" } as const,
    { type: "received", by: "bob", upTo: 3 } as const,
  ].reduce(reduce, loaded);
  assertEquals(withBob(later).slice(2), ["alice | 3 | failed | expired", "alice | 4 | delivered"]);
});

Deno.test("a message left without an answer, and stored, is shown once when history has it", () => {
  const state = after(
    written("a-1", "hi"),
    { type: "sent", id: "a-1", to: BOB },
    LOADING,
    historyOf(undefined, [own(7, { text: "hi", client: "a", number: 1 })]),
  );
  assertEquals(withBob(state), ["alice | hi | sent"]);
  assertEquals(state.conversations.get("user bob")?.messages[0]?.at, 7);
});

Deno.test("unread is what the server counts and what came since; what another device reads is read", () => {
  const hidden = after({ type: "visible", visible: false }, received(4, "bob", "4"), received(6, "bob", "6"));
  const told = reduce(hidden, bobView({ last: 4, read: 2, unread: 2 }));
  assertEquals(unreadCount(told), 3);
  const seen = reduce(told, { type: "read", of: BOB, upTo: 4 });
  assertEquals(unreadCount(seen), 1);
  assertEquals(unreadCount(reduce(seen, { type: "read", of: BOB, upTo: 3 })), 1);
  assertEquals(unreadCount(reduce(seen, { type: "read", of: BOB, upTo: 6 })), 0);
});

Deno.test("a message that is withdrawn is unread no more, whether it was shown or only counted by the server", () => {
  const hidden = after({ type: "visible", visible: false }, received(4, "bob", "4"), received(6, "bob", "6"));
  const told = reduce(hidden, bobView({ last: 4, read: 1, unread: 3 }));
  const withdrawn = (of: number): ChatEvent => ({ type: "withdrawn", of, from: "bob", to: BOB, own: false });
  const counts = [6, 6, 3, 1].reduce<State[]>((states, of) => [...states, reduce(states.at(-1)!, withdrawn(of))], [
    told,
  ]);
  assertEquals(counts.map(unreadCount), [4, 3, 3, 2, 2]);
});

Deno.test("an open page marks what was unread before it was opened, and reads only once the server has said what that is", () => {
  const begun = [
    { type: "user", name: "alice" } as const,
    LOGGED_IN,
    { type: "opened", target: BOB } as const,
    received(5, "bob", "5"),
  ].reduce(reduce, INITIAL);
  assertEquals(begun.conversations.get("user bob")?.read, 0);
  const told = reduce(begun, bobView({ last: 5, read: 3, unread: 2 }));
  const { read, reported, unread, newAfter } = told.conversations.get("user bob")!;
  assertEquals([read, reported, unread, newAfter], [5, 3, 0, 3]);
});

Deno.test("what was read without a connection stays read, and is reported again", () => {
  const state = after(received(1, "bob", "1"), { type: "opened", target: BOB }, received(2, "bob", "2"));
  const again = [LOGGED_IN, bobView({ last: 2, read: 0, unread: 2 })].map((event) =>
    event.type === "loggedIn" ? { ...event, again: true, storeChanged: false } : event
  ).reduce(reduce, state);
  const { read, reported, unread } = again.conversations.get("user bob")!;
  assertEquals([read, reported, unread], [2, 0, 0]);
});

Deno.test("an edited message has its new text and shows the earlier ones on request; a withdrawn one says so", () => {
  const state = after(
    received(1, "bob", "helo"),
    { type: "edited", of: 1, from: "bob", to: { user: "alice" }, text: "hello", time: 2, own: false },
    { type: "versions", of: 1, texts: [{ text: "helo", time: 1 }, { text: "hello", time: 2 }] },
  );
  const message = (state: State) => state.conversations.get("user bob")!.messages[0]!;
  assertEquals([message(state).text, message(state).change], ["hello", "edited"]);
  assertEquals(message(state).earlier, [{ text: "helo", time: 1 }]);
  const gone = reduce(state, { type: "withdrawn", of: 1, from: "bob", to: { user: "alice" }, own: false });
  assertEquals([message(gone).text, message(gone).change, message(gone).earlier], ["", "withdrawn", undefined]);
  assertEquals(message(reduce(state, { type: "versionsHidden", at: 1 })).earlier, undefined);
});

Deno.test("a jump shows history around a hit, apart from the newest messages until both meet", () => {
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const page = (from: number, to: number) => numbers(from, to).map((seq) => own(seq));
  const range = (from: number, to: number) => numbers(from, to).join(" ");
  const question = { type: "history", of: BOB, limit: 50 } as const;
  const newest = after(
    { type: "opened", target: BOB },
    LOADING,
    historyOf(undefined, page(90, 99), true),
  );
  const jumped = [
    { type: "jumped", target: BOB, to: 50 } as const,
    historyOf(51, page(48, 50), true),
    { type: "history", of: BOB, messages: page(51, 53), more: true, question: { ...question, after: 50 } } as const,
  ].reduce(reduce, newest);
  const bob = (state: State) => state.conversations.get("user bob")!;
  const places = (messages: readonly { at: number }[] = []) => messages.map(({ at }) => at).join(" ");
  assertEquals([jumped.open, places(bob(jumped).window?.messages)], ["user bob", "48 49 50 51 52 53"]);
  // What comes meanwhile is not seen.
  const more = reduce(jumped, received(100, "bob", "100"));
  assertEquals([unreadCount(more), places(bob(more).window?.messages)], [1, "48 49 50 51 52 53"]);
  const back = reduce(more, { type: "latest" });
  assertEquals([unreadCount(back), bob(back).window, bob(back).messages.length], [0, undefined, 11]);
  const met = [
    { type: "loading", key: "user bob", later: true } as const,
    { type: "history", of: BOB, messages: page(54, 99), more: true, question: { ...question, after: 53 } } as const,
  ].reduce(reduce, more);
  assertEquals([bob(met).window, places(bob(met).messages)], [undefined, range(48, 100)]);
  assertEquals([bob(met).completeFrom, bob(met).more], [48, true]);
});

const localTime = (day: Day | undefined, hours: number, minutes: number) =>
  new Date(day?.year ?? 2026, (day?.month ?? 5) - 1, day?.date ?? 17, hours, minutes).getTime();

Deno.test("a search: words, from whom, where and when; hits of another question are not shown", () => {
  const rooms = new Set(["tea"]);
  assertEquals(readSearchText(" oven  from:bob in:tea after:2026-01-31 before:2026-02-01 two", rooms, localTime), {
    words: "oven two",
    from: "bob",
    of: { room: "tea" },
    since: new Date(2026, 0, 31).getTime(),
    until: new Date(2026, 1, 1).getTime(),
  });
  assertEquals(readSearchText("x in:bob", rooms, localTime), { words: "x", of: { user: "bob" } });
  const leap = readSearchText("x after:2028-2-29 before:09:30", rooms, localTime);
  const [since, until] = [new Date(2028, 1, 29).getTime(), new Date(2026, 4, 17, 9, 30).getTime()];
  assertEquals(leap, { words: "x", since, until });
  for (
    const text of [
      "from:bob",
      "x before:2100-02-29",
      "x in:a in:b",
      "x in:",
      "x before:2026-02-30",
      "x after:soon",
      " ",
    ]
  ) {
    assertEquals("why" in readSearchText(text, rooms, localTime), true, text);
  }
  const question = (words: string) => ({ type: "search", words, limit: 50 }) as const;
  const [one, two] = [question("one"), question("two")];
  const state = after({ type: "searched", text: "one", question: one }, {
    type: "searched",
    text: "two",
    question: two,
  });
  const stale = reduce(state, { type: "found", question: one, messages: [own(1)], more: false });
  assertEquals([stale.search?.pending, stale.search?.hits.length], [true, 0]);
  const found = reduce(stale, { type: "found", question: two, messages: [own(2)], more: true });
  assertEquals([found.search?.pending, found.search?.hits.length, found.search?.more], [false, 1, true]);
});

Deno.test("history that the server denies is not requested again; after a lost connection it is", () => {
  const question = { type: "history", of: BOB, before: undefined, limit: 100 } as const;
  const asked = after(received(1, "bob", "hi"), { type: "loading", key: "user bob" });
  const denied = reduce(asked, { type: "denied", why: "no", question });
  assertEquals([denied.conversations.get("user bob")?.more, denied.conversations.get("user bob")?.loading], [
    false,
    false,
  ]);
  const lost = reduce(asked, { type: "connection", connection: { state: "lost", retryAt: 1 } });
  const again = reduce(lost, { type: "denied", why: "the connection was lost", question });
  assertEquals([again.conversations.get("user bob")?.more, again.conversations.get("user bob")?.loading], [
    true,
    false,
  ]);
});

Deno.test("with another store, numbered messages are dropped; pending ones and drafts stay", () => {
  const before = after(received(7, "bob", "old"), written("a-1", "waits"), {
    type: "draft",
    target: BOB,
    text: "half a",
  });
  const state = reduce(before, LOGGED_IN);
  assertEquals(withBob(state), ["alice | waits | sending"]);
  assertEquals(state.conversations.get("user bob")?.draft, "half a");
});

Deno.test("joining a room opens it, leaving it opens the lobby; members belong to the open room", () => {
  const joined = after({ type: "joined", room: "tea", members: 2 });
  assertEquals([joined.open, joined.rooms.get("tea")?.joined], ["room tea", true]);
  const inRoom: ChatEvent = { type: "inRoom", room: "tea", users: [{ name: "bob", online: true }] };
  assertEquals(reduce(joined, inRoom).members.length, 1);
  const left = reduce(reduce(joined, inRoom), { type: "left", room: "tea" });
  assertEquals([left.open, left.members.length, left.rooms.get("tea")?.joined], ["room lobby", 0, false]);
  assertEquals(reduce(left, inRoom).members.length, 0);
});

Deno.test("among peers, who have no lobby, leaving a room opens nothing", () => {
  const came: ChatEvent = {
    type: "loggedIn",
    name: "alice",
    rooms: [],
    again: false,
    storeChanged: true,
    searches: false,
  };
  const inTea = reduce(reduce(reduce(INITIAL, { type: "user", name: "alice" }), came), {
    type: "joined",
    room: "tea",
    members: 2,
  });
  const left = reduce(inTea, { type: "left", room: "tea" });
  assertEquals([left.open, left.conversations.has("room lobby"), left.rooms.has("lobby")], [undefined, false, false]);
});

Deno.test("another user of the page sees nothing of the previous one", () => {
  const state = reduce(after(received(1, "bob", "secret")), { type: "user", name: "carol" });
  assertEquals([state.user, state.conversations.size, state.people.size], ["carol", 0, 0]);
});

Deno.test("rooms: new ones are listed, counts change, and what another window joins or leaves is joined or left here", () => {
  const one = after({ type: "roomChanges", rooms: [{ name: "tea", members: 1 }] });
  assertEquals(one.rooms.get("tea"), { members: 1, joined: false });
  const joined = reduce(one, { type: "roomChanges", rooms: [{ name: "tea", members: 2, joined: true }] });
  assertEquals([joined.rooms.get("tea"), joined.conversations.has("room tea")], [{ members: 2, joined: true }, true]);
  const more = reduce(joined, { type: "roomChanges", rooms: [{ name: "tea", members: 3 }] });
  assertEquals(more.rooms.get("tea"), { members: 3, joined: true });
  const open = reduce(more, { type: "opened", target: { room: "tea" } });
  const left = reduce(open, { type: "roomChanges", rooms: [{ name: "tea", members: 2, joined: false }] });
  assertEquals([left.rooms.get("tea"), left.open], [{ members: 2, joined: false }, "room lobby"]);
});

Deno.test("the members that are shown come and go with presence", () => {
  const shown = (room: string, ...events: ChatEvent[]) =>
    after(
      { type: "joined", room: "tea", members: 2 },
      { type: "opened", target: { room } },
      { type: "inRoom", room, users: [{ name: "alice", online: true }, { name: "bob", online: true }] },
      ...events,
    ).members.map(({ name, online }) => `${name} ${online}`);
  const news: ChatEvent = { type: "presence", online: ["aaron"], offline: ["bob"] };
  assertEquals(shown("lobby", news), ["aaron true", "alice true"]);
  assertEquals(shown("tea", news), ["alice true", "bob false"]);
});

Deno.test("direct messages are listed by recency, with what is not sent yet first; the others by presence and name", () => {
  const users = ["bob", "carol", "dave", "erin", "frank"].map((name) => ({ name, online: name !== "erin" }));
  const state = after(
    { type: "users", users },
    received(1, "carol", "one"),
    received(2, "gone", "two"),
    written("a-1", "to bob"),
  );
  const groups = placesOf(state).map(({ title, places }) => `${title}: ${places.map(({ name }) => name).join(" ")}`);
  assertEquals(groups, [
    "Rooms: lobby",
    "Other rooms: ",
    "Direct messages: bob gone carol",
    "Online: dave frank",
    "Offline: erin",
  ]);
});

Deno.test("presence: users come and go, unknown ones too", () => {
  const state = after(
    { type: "users", users: [{ name: "bob", online: true }, { name: "carol", online: false }] },
    { type: "presence", online: ["carol", "dave"], offline: ["bob"] },
  );
  assertEquals([...state.people], [["bob", false], ["carol", true], ["dave", true]]);
});

Deno.test("a very long conversation drops its oldest messages, which history can load", () => {
  let state = after();
  for (let seq = 1; seq <= 12_001; seq++) state = reduce(state, received(seq, "bob", `${seq}`, "lobby"));
  const lobby = state.conversations.get("room lobby")!;
  assertEquals([lobby.messages.length, lobby.messages[0]?.at, lobby.more], [10_000, 2002, true]);
});

Deno.test("the user replies to messages that the server has; a reply knows what it quotes once that is loaded", () => {
  const open = after(
    { ...LOGGED_IN, replies: true } as ChatEvent,
    { type: "opened", target: BOB },
    received(1, "bob", "when?"),
  );
  const [asked] = open.conversations.get("user bob")!.messages;
  assertStrictEquals(repliableBefore(open, Infinity), asked);
  assertEquals([repliableBefore(open, 1), repliableBefore(after(received(1, "bob", "x")), Infinity)], [
    undefined,
    undefined,
  ]);
  const replying = reduce(open, { type: "replying", to: asked });
  assertStrictEquals(replying.replying, asked);
  assertEquals(reduce(replying, { type: "opened", target: { user: "carol" } }).replying, undefined);
  assertEquals(reduce(replying, { type: "editing", editing: { at: 3, text: "x" } }).replying, undefined);
  const gone = { type: "withdrawn", of: 1, from: "bob", to: { user: "alice" }, own: false } as const;
  assertEquals(reduce(replying, gone).replying, undefined);

  const answer = {
    type: "written",
    message: { id: "a-1", number: 1, to: BOB, text: "four", time: 2000, reply: 1 },
  } as const;
  const quotes = (state: State) =>
    new Rows().of(state.conversations.get("user bob")!, new Map(), 5000).flatMap((row) =>
      row.kind === "line" ? [] : [[row.message.text, row.message.reply, row.quoted?.text]]
    );
  assertEquals(quotes(reduce(open, answer)), [["when?", undefined, undefined], ["four", 1, "when?"]]);
  assertEquals(quotes(after({ type: "opened", target: BOB }, answer)), [["four", 1, undefined]]);
});

Deno.test("what mentions the user is counted apart until it is read; edits and withdrawals count as well", () => {
  const lab = (seq: number, text: string) => received(seq, "bob", text, "lobby");
  const count = (state: State) => {
    const { unread } = state.conversations.get("room lobby")!;
    return [unread, unreadMentions(state.conversations.get("room lobby")!)];
  };
  const away = after(
    lab(1, "hi all"),
    lab(2, "@alice?"),
    lab(3, "`@alice`"),
    lab(4, "@alicex"),
    lab(5, "> - **@alice**"),
  );
  assertEquals(count(away), [5, 2]);
  const change = { from: "bob", to: { room: "lobby" }, time: 9000, own: false } as const;
  assertEquals(count(reduce(away, { type: "edited", of: 1, text: "hi @alice", ...change })), [5, 3]);
  assertEquals(count(reduce(away, { type: "edited", of: 2, text: "hi", ...change })), [5, 1]);
  assertEquals(count(reduce(away, { type: "withdrawn", of: 2, ...change })), [4, 1]);
  assertEquals(count(reduce(away, { type: "opened", target: { room: "lobby" } })), [0, 0]);
});

Deno.test("names are offered for what is typed behind an @ at the beginning of a word, those online first", () => {
  const at = (text: string) => mentionBefore(text, text.length);
  assertEquals([at("@"), at("ask @bo"), at("(@Bo")], [{ at: 0, begun: "" }, { at: 4, begun: "bo" }, {
    at: 1,
    begun: "Bo",
  }]);
  for (const text of ["", "bo", "mail@bo", "@bob ", `@${"x".repeat(41)}`]) assertEquals(at(text), undefined, text);
  assertEquals(mentionBefore("@bob and more", 3), { at: 0, begun: "bo" });
  const people = new Map([["zoe", true], ["bob", false], ["Bobby", true], ["alice", true], ["anna", true]]);
  assertEquals(candidates("BO", { people, user: "alice" }), ["Bobby", "bob"]);
  assertEquals(candidates("", { people, user: "alice" }), ["anna", "Bobby", "zoe", "bob"]);
});

Deno.test("a link leads to a message, whatever the name; what is none leads nowhere", () => {
  assertEquals([linkTo({ room: "lobby" }, 12), linkTo({ user: "bob" }, 3)], ["#lobby/12", "#@bob/3"]);
  for (const name of ["a/b", "@x", "é%", "#", "a=b", "😀"]) {
    for (const target of [{ room: name.replace("@", "at") }, { user: name }]) {
      assertEquals(readLink(linkTo(target, 7)), { target, at: 7 });
    }
  }
  for (const hash of ["", "#", "#lobby", "#lobby/", "#lobby/x", "#/1", "#open=dGlja2V0/1", "#%/1", "#a/b/1"]) {
    assertEquals(readLink(hash), undefined, hash);
  }
});

Deno.test("a message that was refused is shown no more once it was said again; others stay", () => {
  const refused = after(
    { type: "opened", target: BOB },
    written("k-1", "hi"),
    { type: "failed", id: "k-1", to: BOB, why: "there is no user" },
    written("k-2", "hi"),
  );
  assertEquals(withBob(refused), ["alice | hi | failed | there is no user", "alice | hi | sending"]);
  const dropped = (message: string) => withBob(reduce(refused, { type: "dropped", key: "user bob", message }));
  assertEquals(dropped("k-1"), ["alice | hi | sending"]);
  assertEquals(dropped("k-2").length, 2);
});

Deno.test("reactions: each user counts once a mark; a withdrawn message has none", () => {
  const to = { room: "lobby" };
  const seen = { type: "message", own: false, message: { seq: 5, from: "bob", to, text: "hi", time: 1 } } as const;
  const reacted = (from: string, text: string) =>
    ({ type: "reacted", of: 5, from, to, text, own: from === "alice" }) as const;
  const marks = (...events: ChatEvent[]) =>
    [seen, ...events].reduce(reduce, { ...INITIAL, user: "alice" }).conversations.get("room lobby")!.messages[0]!
      .reactions;
  assertEquals(marks(reacted("alice", "🎉"), reacted("jacky", "👍"), reacted("alice", "👍"), reacted("alice", "👍")), [
    { mark: "👍", by: ["jacky", "alice"] },
    { mark: "🎉", by: ["alice"] },
  ]);
  assertEquals(marks(reacted("alice", "🎉"), reacted("alice", "-🎉"), reacted("bob", "-👍"), reacted("bob", "x")), []);
  assertEquals(marks(reacted("bob", "👍"), { type: "withdrawn", of: 5, from: "bob", to, own: false }), undefined);
});

Deno.test("rows: a failed message that was said again is not shown, wherever the later one came from", () => {
  const said = (seq: number, text: string, failed?: string) => ({
    seq,
    from: "alice",
    to: BOB,
    text,
    time: seq,
    failed,
  });
  const messages = [
    said(1, "one", "nobody there"),
    said(2, "two", "nobody there"),
    said(3, "one"),
    said(4, "two", "x"),
  ];
  const loading = { type: "loading", key: "user bob" } as const;
  const history = { type: "history", of: BOB, messages, more: false } as const;
  const state = [{ type: "opened", target: BOB } as const, loading, history].reduce(reduce, {
    ...INITIAL,
    user: "alice",
  });
  const rows = new Rows().of(state.conversations.get("user bob")!, new Map(), 5);
  assertEquals(rows.flatMap((row) => row.kind === "line" ? [] : [row.message.at]), [3, 4]);
});

Deno.test("rows: a line for each day and for new messages; an unchanged row is the same object", () => {
  const day = 24 * 60 * 60 * 1000;
  const start = new Date(2026, 2, 4, 12).getTime();
  let state = after();
  for (let i = 0; i < 4; i++) {
    const seq = i + 1;
    const time = start + (i < 2 ? i : day + i);
    state = reduce(state, {
      type: "message",
      message: { seq, from: i === 3 ? "bob" : "carol", to: { room: "lobby" }, text: `${seq}`, time, id: undefined },
      own: false,
    });
  }
  const rows = new Rows();
  const shown = () => rows.of(state.conversations.get("room lobby")!, state.files, start + day);
  const first = shown();
  assertEquals(
    first.map((row) => row.kind === "line" ? row.text : `${row.message.text}${row.first ? " first" : ""}`),
    ["Yesterday", "New messages", "1 first", "2", "Today", "3 first", "4 first"],
  );
  const message = { seq: 5, from: "bob", to: { room: "lobby" }, text: "5", time: start + day + 9, id: undefined };
  state = reduce(state, { type: "message", message, own: false });
  const second = shown();
  // The last before it is not the last of its group any more.
  for (let i = 0; i < 6; i++) assertStrictEquals(second[i], first[i]);
  assertEquals(second.length, 8);
});

Deno.test("texts of other users are sanitized, and dates are formatted", () => {
  const texts = ["plain", "a\x1b[31mred", "x\u202ey", "one\ntwo", "tab\there", "\x7f\x9b"];
  assertEquals(texts.map(sanitized), ["plain", "a␛[31mred", "x\ufffdy", "one␊two", "tab\there", "␡\ufffd"]);
  assertEquals(oneLine("one\r\ntwo\nthree"), "one two three");
  assertEquals(
    formatDay(Date.UTC(2020, 0, 15, 12), Date.UTC(2026, 0, 1)).replace(",", ""),
    "Wednesday 15 January 2020",
  );
});

Deno.test("a line that begins with a slash is not said to everybody by mistake; a second slash says it", () => {
  assertEquals(typedText("see /etc/hosts"), { text: "see /etc/hosts" });
  assertEquals(typedText("//exit now"), { text: "/exit now" });
  assertEquals(typedText("//a comment\ncode"), { text: "//a comment\ncode" });
  assertEquals(typedText("\n \n  indented\n\n  more \n\n"), { text: "  indented\n\n  more" });
  assertEquals(typedText("/to bob the password is 12345"), {
    why:
      "/to looks like a command, which this page does not know; /help lists them. To send it as text, add a slash: //to",
  });
});

Deno.test("muted conversations do not count as unread, but for what mentions the user", () => {
  const state = after(
    received(1, "bob", "hi"),
    received(2, "carol", "@alice?", "lobby"),
    received(3, "carol", "hm", "lobby"),
  );
  const muted = (...keys: string[]) => unreadCount(reduce(state, { type: "muted", keys: new Set(keys) }));
  assertEquals([unreadCount(state), muted("user bob"), muted("room lobby")], [3, 2, 2]);
});

Deno.test("slash commands have the words of the terminal; what is wrong is said with the usage; others are no commands", () => {
  const here = { room: "tea" };
  assertEquals(readSlash("/to bob hi there", here), { type: "say", to: BOB, text: "hi there" });
  assertEquals(readSlash("/toall hi\nall", here), { type: "say", to: { room: "lobby" }, text: "hi\nall" });
  assertEquals(readSlash("/leave", here), { type: "leave", room: "tea" });
  assertEquals(readSlash("/join a b", here), { why: "ROOM is one word: /join ROOM" });
  assertEquals(readSlash("/edit", here), { why: "TEXT is missing: /edit TEXT" });
  for (const text of ["/constructor", "//to bob hi", "to bob", "/etc/passwd"]) {
    assertEquals(readSlash(text, here), undefined);
  }
  assertEquals(slashCandidates("/to", 3), ["toall"]);
  assertEquals([slashCandidates("/to b", 5), slashCandidates("a /t", 4)], [[], []]);
  for (const verb of Object.keys(SLASH_COMMANDS)) assert(verb in CHAT_COMMANDS, verb);
});

Deno.test("settings that are damaged or unknown are as usual", () => {
  assertEquals(readSettings("{").theme, "auto");
  assertEquals(readSettings('{"theme":"pink","sounds":1,"enterSends":false,"muted":[1,"a room b"]}'), {
    ...readSettings(null),
    enterSends: false,
    muted: ["a room b"],
  });
});

Deno.test("who is typing is forgotten after a while, with their message, and when they leave; too many are not named", () => {
  const typing = new Typing();
  const tea = { room: "tea" };
  const shown = (key: string, now: number) => typingText(typing.namesIn(key, now));
  typing.heard("bob", tea, 0);
  typing.heard("bob", { user: "alice" }, 1000);
  assertEquals([shown("room tea", 4999), shown("user bob", 4999)], ["bob is typing …", "bob is typing …"]);
  assertEquals([shown("room tea", 5000), shown("user bob", 5000)], ["", "bob is typing …"]);
  typing.received({
    type: "message",
    own: false,
    message: { seq: 1, from: "bob", to: { user: "alice" }, text: "hi", time: 0, id: undefined },
  });
  assertEquals([shown("user bob", 5000), typing.isWaiting], ["", false]);
  for (const name of ["bob", "michael", "jacky"]) typing.heard(name, tea, 6000);
  assertEquals(shown("room tea", 6000), "bob, michael and jacky are typing …");
  typing.received({ type: "presence", online: [], offline: ["jacky"] });
  assertEquals(shown("room tea", 6000), "bob and michael are typing …");
  for (let i = 0; i < 1000; i++) typing.heard(`user ${i}`, tea, 6000);
  assertEquals([shown("room tea", 6000), shown("room other", 6000)], ["Several people are typing …", ""]);
  typing.clear();
  assertEquals(typing.isWaiting, false);
});

Deno.test("that the user is typing is signalled every three seconds, and at once after a message; never for a command", () => {
  const typing = new Typing();
  const due = (text: string, now: number, to = BOB as Target) => typing.isDue(to, text, now);
  assertEquals([due("h", 0), due("he", 100), due("hel", 2999), due("hell", 3000)], [true, false, false, true]);
  assertEquals([due("x", 3100, { room: "tea" }), due("y", 3200)], [true, true]);
  typing.sent();
  assertEquals([due("", 3300), due("  ", 3300), due("/join tea", 3300), due("a", 3300)], [false, false, false, true]);
});
