import { assert, assertEquals } from "@std/assert";
import type { OutgoingMessage } from "../lib/protocols/native/outgoing.ts";
import { ChatSession } from "../lib/web/session.ts";
import type { ServerEvent } from "../lib/web/chat_event.ts";
import { PageNetwork } from "./support/page_network.ts";
import { Random } from "./support/random.ts";

const BEGUN = {
  type: "begun",
  store: "s",
  last: 0,
  accepted: 0,
  refused: [],
  rooms: ["lobby"],
  textBytes: 100,
  searches: true,
} as const;

/** A page's session, what it sends, and what it shows. */
class Page {
  readonly sent: Record<string, unknown>[] = [];
  readonly shown: ServerEvent[] = [];
  readonly failedSignals: string[] = [];
  readonly typing: [from: string, to: unknown][] = [];
  broken = 0;
  kept: readonly OutgoingMessage[] = [];
  lastNumber = 0;
  readonly session: ChatSession;

  constructor(client = "tab", unanswered: readonly OutgoingMessage[] = []) {
    this.session = new ChatSession({
      user: "alice",
      client,
      lastNumber: 0,
      unanswered,
      send: (json) => void this.sent.push(JSON.parse(json)),
      show: (event) => void this.shown.push(event),
      signal: () => {},
      typing: (from, to) => void this.typing.push([from, to]),
      signalFailed: (to) => void this.failedSignals.push(to),
      keep: (messages, lastNumber) => [this.kept, this.lastNumber] = [messages, lastNumber],
      broken: () => void this.broken++,
    });
  }

  begin(store = "s", last = 0, accepted = 0): void {
    this.session.opened();
    this.receives({ ...BEGUN, store, last, accepted });
  }

  receives(message: Record<string, unknown>): void {
    this.session.received(JSON.stringify(message));
  }

  receivesMessage(seq: number, text = `${seq}`): void {
    this.receives({ type: "message", seq, from: "bob", to: "alice", text, time: seq });
  }

  /** What was sent since the last call. */
  takeSent(): Record<string, unknown>[] {
    return this.sent.splice(0);
  }

  get texts(): string[] {
    return this.shown.flatMap((each) => each.type === "message" ? [each.message.text] : []);
  }
}

const BOB = { user: "bob" };

Deno.test("the session begins with resume; messages written before are sent once it has begun", () => {
  const page = new Page();
  page.session.say(BOB, "early", 1);
  assertEquals(page.takeSent(), []);
  page.session.opened();
  assertEquals(page.takeSent(), [{ type: "resume", client: "tab", answered: 0, typing: true }]);
  page.receives({ type: "welcome", version: 2, name: "alice" });
  page.receives(BEGUN);
  assertEquals(page.takeSent(), [{ type: "say", number: 1, to: "bob", text: "early" }]);
});

Deno.test("after a lost connection the session resumes after the last message and repeats unanswered ones", () => {
  const page = new Page();
  page.begin();
  page.receivesMessage(3);
  page.session.say(BOB, "one", 1);
  page.session.say({ room: "lobby" }, "two", 1);
  page.receives({ type: "sent", upTo: 1 });
  page.session.lost();
  page.takeSent();
  page.session.say(BOB, "three", 1);
  page.begin();
  assertEquals(page.takeSent(), [
    { type: "resume", client: "tab", answered: 1, store: "s", after: 3, typing: true },
    { type: "say", number: 2, room: "lobby", text: "two" },
    { type: "say", number: 3, to: "bob", text: "three" },
  ]);
  assertEquals(page.kept.map(({ id }) => id), ["tab-2", "tab-3"]);
  assertEquals(page.lastNumber, 3);
});

Deno.test("a repeated message is shown once and acknowledged again", () => {
  const page = new Page();
  page.begin();
  page.receivesMessage(1);
  page.receivesMessage(2);
  page.session.lost();
  page.begin();
  page.takeSent();
  page.receivesMessage(2);
  page.receivesMessage(3);
  assertEquals(page.texts, ["1", "2", "3"]);
  assertEquals(page.takeSent(), [{ type: "ack", seq: 2 }, { type: "ack", seq: 3 }]);
});

Deno.test("messages before begun are not shown, and hide none of those after it", () => {
  const page = new Page();
  page.begin();
  page.receivesMessage(4);
  page.session.lost();
  page.session.opened();
  // A client's connection goes on while its page comes back: 5 was told to nobody, and this to a page that had not begun.
  page.receivesMessage(6);
  page.takeSent();
  page.receives({ ...BEGUN, last: 6 });
  assertEquals(page.takeSent(), []);
  page.receivesMessage(5);
  page.receivesMessage(6);
  assertEquals(page.texts, ["4", "5", "6"]);
  assertEquals(page.takeSent(), [{ type: "ack", seq: 5 }, { type: "ack", seq: 6 }]);
});

Deno.test("a refused login is shown with its reason, and the connection is given up", () => {
  const page = new Page();
  page.session.opened();
  page.receives({ type: "refused", why: "this server cannot keep messages" });
  assertEquals(page.shown, [
    { type: "denied", why: "The server refuses the login: this server cannot keep messages." },
  ]);
  assertEquals(page.broken, 1);
});

Deno.test("a user who is added to a room requests the list of rooms", () => {
  const page = new Page();
  page.begin();
  page.takeSent();
  page.receives({ type: "joined", ref: 0, room: "lab", members: 2 });
  assertEquals(page.takeSent(), [{ type: "rooms", ref: 1, after: "", limit: 250 }]);
});

Deno.test("another store numbers its messages anew", () => {
  const page = new Page();
  page.begin();
  page.receivesMessage(7);
  page.session.lost();
  page.begin("other");
  page.receivesMessage(1);
  assertEquals(page.texts, ["7", "1"]);
  assertEquals(page.shown.flatMap((each) => each.type === "loggedIn" ? [each.storeChanged] : []), [true, true]);
});

Deno.test("messages left by an earlier page of the tab are sent under their own numbers, and others go on from there", () => {
  const page = new Page("tab", [{ id: "tab-4", number: 4, to: BOB, text: "left", time: 1 }]);
  page.begin();
  page.session.say(BOB, "new", 2);
  assertEquals(page.takeSent().map(({ number, answered }) => number ?? `after ${answered}`), ["after 3", 4, 5]);
  page.receives({ type: "failed", number: 4, why: 'there is no user "bob"' });
  assertEquals(page.shown.at(-1), { type: "failed", id: "tab-4", to: BOB, why: 'there is no user "bob"' });
  // Asked twice, the server answers twice.
  page.receives({ type: "failed", number: 4, why: 'there is no user "bob"' });
  assertEquals(page.shown.filter(({ type }) => type === "failed").length, 1);
});

Deno.test("the number of unanswered messages is limited; further ones are sent as answers arrive", () => {
  const page = new Page();
  page.begin();
  for (let i = 0; i < 1000; i++) page.session.say(BOB, "x".repeat(50), 1);
  const first = page.takeSent().length - 1;
  assert(first > 100 && first < 1000, `${first} at once`);
  page.receives({ type: "sent", upTo: 1 });
  assertEquals(page.takeSent().map(({ number }) => number), [first + 1]);
});

Deno.test("an answer in parts is one event; questions without an answer are denied when the connection is lost", () => {
  const page = new Page();
  page.begin();
  page.session.ask({ type: "users" });
  page.session.ask({ type: "history", of: BOB, before: 5, limit: 10 });
  assertEquals(page.takeSent().slice(1), [
    { type: "users", ref: 1, after: "", limit: 250 },
    { type: "history", ref: 2, with: "bob", before: 5, limit: 10 },
  ]);
  page.receives({ type: "users", ref: 1, list: [{ name: "a", online: true }], more: true });
  assertEquals(page.takeSent(), [{ type: "users", ref: 3, after: "a", limit: 250 }]);
  page.receives({ type: "users", ref: 3, list: [{ name: "b", online: false }], more: false });
  assertEquals(page.shown.at(-1), {
    type: "users",
    users: [{ name: "a", online: true }, { name: "b", online: false }],
  });
  page.session.ask({ type: "who", room: "tea" });
  page.receives({ type: "who", ref: 4, room: "tea", list: [{ name: "a", online: true }], more: true });
  page.receives({ type: "who", ref: 5, room: "tea", list: [{ name: "b", online: true }], more: false });
  assertEquals(page.takeSent(), [
    { type: "who", ref: 4, room: "tea", after: "", limit: 250 },
    { type: "who", ref: 5, room: "tea", after: "a", limit: 250 },
  ]);
  assertEquals(page.shown.at(-1), {
    type: "inRoom",
    room: "tea",
    users: [{ name: "a", online: true }, { name: "b", online: true }],
  });
  page.session.lost();
  const denied = page.shown.at(-1);
  assert(denied?.type === "denied" && denied.question?.type === "history");
});

Deno.test("a text that is too long is not accepted, a signal without a connection fails, and invalid JSON ends the connection", () => {
  const page = new Page();
  page.begin();
  assertEquals(page.session.say(BOB, "ä".repeat(51), 1), { why: "a text has at most 100 bytes here, found 102" });
  page.receives({ type: "something of a later version", ref: 9 });
  page.session.received("[nonsense");
  assertEquals(page.broken, 1);
  page.session.lost();
  page.session.signal("bob", "{}", false);
  assertEquals(page.failedSignals, ["bob"]);
});

Deno.test("two pages on a bad network: no message is lost or shown twice, and all are answered", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const server = new PageNetwork(["alice", "bob"], random);
    const said = { alice: [] as string[], bob: [] as string[] };
    for (let step = 0; step < 400; step++) {
      const name = random.pick(["alice", "bob"] as const);
      const dice = random.next();
      if (dice < 0.03) server.cut(name);
      else if (dice < 0.05) server.reload(name);
      else if (dice < 0.25) {
        const text = `${name} ${said[name].length}`;
        said[name].push(text);
        server.say(name, name === "alice" ? "bob" : "alice", text);
      } else server.step();
    }
    server.settle();
    for (const [name, other] of [["alice", "bob"], ["bob", "alice"]] as const) {
      assertEquals(server.heard(name, other), said[other], `seed ${seed}: what ${name} heard of ${other}`);
      assertEquals(server.waiting(name), 0, `seed ${seed}: what ${name} has no answer to`);
      assertEquals(server.delivered(name), said[name].length, `seed ${seed}: what was delivered for ${name}`);
    }
  }
});

Deno.test("that the user is writing is said where the server takes it, and what it says of others is passed on", () => {
  const page = new Page();
  page.begin();
  assertEquals(page.takeSent()[0]!.typing, true);
  page.session.typing({ user: "bob" });
  assertEquals(page.takeSent(), [], "a server that does not take it");
  const other = new Page();
  other.session.opened();
  other.session.typing({ user: "bob" });
  other.receives({ ...BEGUN, store: "s", last: 0, accepted: 0, typing: true });
  other.takeSent();
  other.session.typing({ user: "bob" });
  other.session.typing({ room: "tea" });
  assertEquals(other.takeSent(), [{ type: "typing", to: "bob" }, { type: "typing", room: "tea" }]);
  other.receives({ type: "typing", from: "bob", to: "alice" });
  assertEquals(other.typing, [["bob", { user: "alice" }]]);
  other.session.lost();
  other.session.typing({ user: "bob" });
  assertEquals(other.takeSent(), []);
});
