import { assertEquals } from "@std/assert";
import type { Target } from "../lib/chat/entry.ts";
import type { PeerEvent, PeerQuestion } from "../lib/peers/event.ts";
import { PageServer, type PageServerOutput } from "../lib/peers/page_server.ts";

/** A page among peers, by hand: what it is told, and what the peer is asked for it. */
class Peers {
  readonly asked: PeerQuestion[] = [];
  readonly said: [Target, string][] = [];
  readonly server = new PageServer("alice", "run");
  #told: Record<string, unknown>[] = [];

  constructor() {
    this.server.pageOpened(1);
  }

  /** The page begins its session; what it is told. */
  resume(after: { store: string; after: number } | undefined = undefined): Record<string, unknown>[] {
    return this.say({ type: "resume", client: "tab", answered: 0, ...after });
  }

  /** What the page was told since the last call. */
  told(): Record<string, unknown>[] {
    for (let outputs = this.server.takeOutputs(); outputs.length > 0; outputs = this.server.takeOutputs()) {
      for (const output of outputs) this.#perform(output);
    }
    return this.#told.splice(0);
  }

  say(message: unknown): Record<string, unknown>[] {
    this.told();
    this.server.pageReceived(1, JSON.stringify(message));
    return this.told();
  }

  show(event: PeerEvent, ref?: number): void {
    this.server.event(event, ref, 1000);
  }

  #perform(output: PageServerOutput): void {
    switch (output.type) {
      case "page":
        return void this.#told.push(JSON.parse(output.json));
      case "say":
        this.said.push([output.to, output.text]);
        return this.server.sent(output, { id: String(this.said.length) }, 1000);
      case "ask": {
        const { question } = output;
        this.asked.push(question);
        if (question.type === "leave") this.show({ type: "left", room: question.room }, output.ref);
        return;
      }
      case "signal":
        return this.server.unheard(output.to);
    }
  }
}

Deno.test("a page that reconnects is sent what it missed; of another run, everything", () => {
  const peers = new Peers();
  const said = (text: string) => ({ seq: 9, from: "bob", to: { user: "alice" }, text, time: 5 });
  peers.show({ type: "message", message: said("one"), own: false });
  peers.show({ type: "message", message: said("two"), own: false });
  const texts = (messages: Record<string, unknown>[]) =>
    messages.filter(({ type }) => type === "message").map(({ text }) => text);
  const [begun, conversations] = peers.resume();
  assertEquals(begun, {
    type: "begun",
    store: "run",
    last: 2,
    accepted: 0,
    refused: [],
    rooms: [],
    textBytes: 16384,
    textLines: 400,
    searches: false,
    replies: false,
  });
  const withBob = { with: "bob", last: 2, time: 5, read: 0, unread: 2, received: 0 };
  assertEquals(conversations, { type: "conversations", list: [withBob] });
  assertEquals(texts(peers.resume({ store: "run", after: 1 })), ["two"]);
  assertEquals(texts(peers.resume({ store: "before", after: 7 })), ["one", "two"]);
});

Deno.test("what a page has read is read for the next one, and what was received is known to it", () => {
  const peers = new Peers();
  peers.resume();
  const said = { seq: 9, from: "bob", to: { user: "alice" }, text: "one", time: 5 };
  for (let i = 0; i < 3; i++) peers.show({ type: "message", message: said, own: false });
  peers.say({ type: "read", with: "bob", upTo: 2 });
  peers.say({ type: "read", with: "bob", upTo: 1 });
  peers.say({ type: "say", number: 1, to: "bob", text: "hi" });
  peers.show({ type: "delivered", id: "1", to: "bob", time: 1 });
  assertEquals(peers.told(), [{ type: "received", by: "bob", upTo: 4 }]);
  assertEquals(peers.resume()[1], {
    type: "conversations",
    list: [{ with: "bob", last: 4, time: 1000, read: 2, unread: 1, received: 4 }],
  });
});

Deno.test("a message repeated under its number is sent once and is answered again", () => {
  const peers = new Peers();
  peers.resume();
  const say = { type: "say", number: 1, to: "bob", text: "hi" };
  assertEquals(peers.say(say), [
    { type: "message", seq: 1, from: "alice", to: "bob", text: "hi", time: 1000, client: "tab", number: 1 },
  ]);
  assertEquals(peers.say(say), [{ type: "sent", upTo: 1 }]);
  assertEquals(peers.said.length, 1);
});

Deno.test("a peer with another program is written to under its label, and nothing of it is confirmed", () => {
  const peers = new Peers();
  peers.resume();
  const say = { type: "say", number: 1, to: "bob (plain)", text: "hi" };
  assertEquals(peers.say(say), [
    { type: "message", seq: 1, from: "alice", to: "bob (plain)", text: "hi", time: 1000, client: "tab", number: 1 },
  ]);
  assertEquals(peers.said, [[{ user: "bob (plain)" }, "hi"]]);
  peers.show({ type: "unconfirmed", id: "1", to: "bob (plain)" });
  assertEquals(peers.told(), []);
});

Deno.test("being added to a group, or missing its messages, shows in the group's conversation", () => {
  const peers = new Peers();
  peers.resume();
  peers.show({ type: "joined", room: "lab", members: 2 });
  assertEquals(peers.told(), [{ type: "joined", ref: 0, room: "lab", members: 2 }]);
  peers.show({ type: "members", room: "lab", names: ["bob"] });
  peers.show({ type: "memberJoined", room: "lab", name: "carol" });
  peers.show({ type: "memberLeft", room: "lab", name: "bob" });
  const users = ["alice", "carol"].map((name) => ({ name, online: true }));
  assertEquals(peers.say({ type: "who", ref: 3, room: "lab" }), [{
    type: "who",
    ref: 3,
    room: "lab",
    list: users,
    more: false,
  }]);
  peers.say({ type: "say", number: 1, room: "lab", text: "hi" });
  peers.show({ type: "failed", id: "1", to: { user: "carol" }, why: "is gone for good" });
  assertEquals(peers.told(), [
    { type: "failure", seq: 2, from: "alice", room: "lab", time: 1000, of: 1, text: "carol: is gone for good" },
  ]);
  assertEquals(peers.say({ type: "leave", ref: 4, room: "lab" }), [{ type: "left", ref: 4, room: "lab" }]);
  assertEquals(peers.say({ type: "who", ref: 5, room: "lab" }), [
    { type: "denied", ref: 5, why: 'you are not in "lab"' },
  ]);
});

Deno.test("history is sent in pages, the latest first, and not sent when the limit is 0", () => {
  const peers = new Peers();
  peers.resume();
  for (let i = 1; i <= 5; i++) peers.say({ type: "say", number: i, to: "bob", text: String(i) });
  const page = (rest: Record<string, unknown>) => {
    const [{ messages, more }] = peers.say({ type: "history", ref: 1, with: "bob", ...rest }) as [
      { messages: { text: string }[]; more: boolean },
    ];
    return [messages.map(({ text }) => text).join(""), more];
  };
  assertEquals(page({ limit: 2 }), ["45", true]);
  assertEquals(page({ limit: 2, before: 4 }), ["23", true]);
  assertEquals(page({ limit: 2, before: 2 }), ["1", false]);
  assertEquals(page({ limit: 0 }), ["", true]);
});

Deno.test("where a message is confirmed later, nothing is said of it before, and its outcome is the tab's that sent it", () => {
  const server = new PageServer("alice", "run");
  const outputs = () => server.takeOutputs();
  const told = () => outputs().flatMap((output) => output.type === "page" ? [JSON.parse(output.json)] : []);
  const say = (page: number, message: unknown) => server.pageReceived(page, JSON.stringify(message));
  server.pageOpened(1);
  say(1, { type: "resume", client: "first", answered: 0 });
  outputs();
  const message = { type: "say", number: 1, to: "bob", text: "hi" };
  say(1, message);
  const [asked] = outputs();
  say(1, message);
  assertEquals(outputs(), [], "repeated, it is neither sent again nor confirmed");
  server.pageOpened(2);
  say(2, { type: "resume", client: "second", answered: 0 });
  assertEquals(told()[0]?.accepted, 0);
  if (asked?.type !== "say") throw new TypeError("nothing is sent");
  server.sent(asked, { id: "7" }, 1000);
  assertEquals(told(), [
    { type: "message", seq: 1, from: "alice", to: "bob", text: "hi", time: 1000, client: "first", number: 1 },
  ]);
  server.pageOpened(3);
  say(3, { type: "resume", client: "first", answered: 0 });
  assertEquals(told().find(({ type }) => type === "begun").accepted, 1);
  say(3, message);
  assertEquals(told(), [{ type: "sent", upTo: 1 }]);
});
