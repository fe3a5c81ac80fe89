import { assert, assertEquals } from "@std/assert";
import { Talk } from "../lib/web/talk.js";
import { PageServer } from "./support/page_server.ts";
import { Random } from "./support/random.ts";

type Happening = Parameters<ConstructorParameters<typeof Talk>[0]["show"]>[0];

/** A page's talk, what it sends, and what it shows. */
class Page {
  readonly sent: Record<string, unknown>[] = [];
  readonly shown: Happening[] = [];
  readonly unheard: string[] = [];
  readonly broken: string[] = [];
  kept: readonly { id: string; text: string }[] = [];
  readonly talk: Talk;

  constructor(run = "run", earlier: ConstructorParameters<typeof Talk>[3] = []) {
    this.talk = new Talk(
      {
        send: (json) => void this.sent.push(JSON.parse(json)),
        show: (happening) => void this.shown.push(happening),
        signalled: () => {},
        unheard: (to) => void this.unheard.push(to),
        keep: (unanswered) => this.kept = unanswered,
        broken: (why) => void this.broken.push(why),
      },
      "alice",
      run,
      earlier,
    );
  }

  begin(store = "s", last = 0): void {
    this.talk.opened();
    this.told({ type: "begun", store, last, rooms: ["lobby"], textBytes: 100 });
  }

  told(message: Record<string, unknown>): void {
    this.talk.received(JSON.stringify(message));
    this.talk.flush();
  }

  message(seq: number, text = `${seq}`): void {
    this.told({ type: "message", seq, from: "bob", to: "alice", text, time: seq, id: `b-${seq}` });
  }

  /** What was sent since one looked last. */
  news(): Record<string, unknown>[] {
    return this.sent.splice(0);
  }

  get texts(): string[] {
    return this.shown.flatMap((each) => each.type === "message" ? [each.said.text] : []);
  }
}

const BOB = { user: "bob" };

Deno.test("the first frame is resume, and what was typed before begun goes out after it", () => {
  const page = new Page();
  page.talk.say(BOB, "early", 1);
  assertEquals(page.news(), []);
  page.talk.opened();
  assertEquals(page.news(), [{ type: "resume" }]);
  page.told({ type: "welcome", version: 1, name: "alice" });
  page.told({ type: "begun", store: "s", last: 0, rooms: [], textBytes: 100 });
  assertEquals(page.news(), [{ type: "say", id: "run-1", to: "bob", text: "early" }]);
});

Deno.test("a connection that was lost: it goes on behind what was shown, and says again what has no answer", () => {
  const page = new Page();
  page.begin();
  page.message(3);
  page.talk.say(BOB, "one", 1);
  page.talk.say({ room: "lobby" }, "two", 1);
  page.told({ type: "sent", id: "run-1", seq: 4, time: 9 });
  page.talk.lost();
  page.news();
  page.talk.say(BOB, "three", 1);
  page.begin();
  assertEquals(page.news(), [
    { type: "resume", store: "s", after: 3 },
    { type: "say", id: "run-2", room: "lobby", text: "two" },
    { type: "say", id: "run-3", to: "bob", text: "three" },
  ]);
  assertEquals(page.kept.map(({ id }) => id), ["run-2", "run-3"]);
});

Deno.test("what is told again is shown once, and acknowledged again", () => {
  const page = new Page();
  page.begin();
  page.message(1);
  page.message(2);
  page.talk.lost();
  page.begin();
  page.news();
  page.message(2);
  page.message(3);
  assertEquals(page.texts, ["1", "2", "3"]);
  assertEquals(page.news(), [{ type: "ack", seq: 2 }, { type: "ack", seq: 3 }]);
});

Deno.test("what is told before begun is none of what was asked for, and hides nothing that was", () => {
  const page = new Page();
  page.begin();
  page.message(4);
  page.talk.lost();
  page.talk.opened();
  // A client's connection goes on while its page comes back: 5 was told to nobody, and this to a page that had not begun.
  page.message(6);
  page.news();
  page.told({ type: "begun", store: "s", last: 6, rooms: ["lobby"], textBytes: 100 });
  assertEquals(page.news(), []);
  page.message(5);
  page.message(6);
  assertEquals(page.texts, ["4", "5", "6"]);
  assertEquals(page.news(), [{ type: "ack", seq: 5 }, { type: "ack", seq: 6 }]);
});

Deno.test("whoever is not let in learns why, and does not wait on a connection that nothing comes of", () => {
  const page = new Page();
  page.talk.opened();
  page.told({ type: "refused", why: "this server cannot keep messages" });
  assertEquals(page.shown, [
    { type: "denied", why: "You are not let in: this server cannot keep messages.", question: undefined },
  ]);
  assertEquals(page.broken, ["this server cannot keep messages"]);
});

Deno.test("who is taken into a room by others asks which rooms there are", () => {
  const page = new Page();
  page.begin();
  page.news();
  page.told({ type: "joined", ref: 0, room: "lab", members: 2 });
  assertEquals(page.news(), [{ type: "rooms", ref: 1 }]);
});

Deno.test("another store counts anew", () => {
  const page = new Page();
  page.begin();
  page.message(7);
  page.talk.lost();
  page.begin("other");
  page.message(1);
  assertEquals(page.texts, ["7", "1"]);
  assertEquals(page.shown.flatMap((each) => each.type === "in" ? [each.fresh] : []), [true, true]);
});

Deno.test("what a life of the page before this one has left is said under its own ids", () => {
  const page = new Page("later", [{ id: "earlier-4", to: BOB, text: "left", time: 1 }]);
  page.begin();
  page.talk.say(BOB, "new", 2);
  assertEquals(page.news().slice(1).map(({ id }) => id), ["earlier-4", "later-1"]);
  page.told({ type: "failed", id: "earlier-4", why: 'there is no user "bob"' });
  assertEquals(page.shown.at(-1), { type: "failed", id: "earlier-4", to: BOB, why: 'there is no user "bob"' });
  // Asked twice, the server answers twice.
  page.told({ type: "failed", id: "earlier-4", why: 'there is no user "bob"' });
  assertEquals(page.shown.filter(({ type }) => type === "failed").length, 1);
});

Deno.test("no more is under way than is good, and the rest goes as answers come", () => {
  const page = new Page();
  page.begin();
  for (let i = 0; i < 1000; i++) page.talk.say(BOB, "x".repeat(50), 1);
  const first = page.news().length - 1;
  assert(first > 100 && first < 1000, `${first} at once`);
  page.told({ type: "sent", id: "run-1", seq: 1, time: 1 });
  assertEquals(page.news().map(({ id }) => id), [`run-${first + 1}`]);
});

Deno.test("answers that come in parts are one, and questions that have none are denied when the connection is lost", () => {
  const page = new Page();
  page.begin();
  page.talk.ask({ type: "users" });
  page.talk.ask({ type: "history", of: BOB, before: 5, limit: 10 });
  assertEquals(page.news().slice(1), [
    { type: "users", ref: 1 },
    { type: "history", ref: 2, with: "bob", before: 5, limit: 10 },
  ]);
  page.told({ type: "users", ref: 1, users: [{ name: "a", online: true }], more: true });
  page.told({ type: "users", ref: 1, users: [{ name: "b", online: false }], more: false });
  assertEquals(page.shown.at(-1), {
    type: "users",
    users: [{ name: "a", online: true }, { name: "b", online: false }],
  });
  page.talk.lost();
  const denied = page.shown.at(-1);
  assert(denied?.type === "denied" && denied.question?.type === "history");
});

Deno.test("too long a text is not taken; a signal without a connection is unheard; what is no JSON ends the connection", () => {
  const page = new Page();
  page.begin();
  assertEquals(page.talk.say(BOB, "ä".repeat(51), 1), { why: "a text has at most 100 bytes here, found 102" });
  page.told({ type: "something of a later version", ref: 9 });
  page.talk.received("[nonsense");
  assertEquals(page.broken.length, 1);
  page.talk.lost();
  page.talk.signal("bob", "{}");
  assertEquals(page.unheard, ["bob"]);
});

Deno.test("two pages on a bad network: nothing is lost, nothing comes twice, all is answered", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const server = new PageServer(["alice", "bob"], random);
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
