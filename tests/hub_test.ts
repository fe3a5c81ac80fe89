import { assert, assertEquals } from "@std/assert";
import { type Accounts, decodeScrypt, decodeUsers, encodeScrypt, type ScryptSecret } from "../lib/chat/accounts.ts";
import type { Command } from "../lib/chat/command.ts";
import type { Effect } from "../lib/chat/effect.ts";
import type { SavedProducer } from "../lib/chat/snapshot.ts";
import type { Batch } from "../lib/chat/store.ts";
import { type Event, Message } from "../lib/chat/event.ts";
import { Hub } from "../lib/chat/hub.ts";
import { limits, TICKED_PER_TURN } from "../lib/core/limits.ts";
import { decodeLossy } from "../lib/core/text.ts";
import { lobbyProtocol } from "../lib/protocols/lobby/server.ts";
import { MAILBOX_PROTOCOL } from "../lib/protocols/native/server.ts";
import { SessionRunner } from "../lib/server/runner.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { directStore } from "../lib/store/worker_store.ts";
import { settled } from "./support/settled.ts";

import fc from "fast-check";

const KEY = "A".repeat(43);
const SCRYPT_ENTRY = `$scrypt$ln=4,r=8,p=1$c2FsdHNhbHQ$${KEY}`;

function accounts(text = "a 1\nb 2\nc 3"): Accounts {
  const decoded = decodeUsers(text);
  if (Array.isArray(decoded)) throw new Error(JSON.stringify(decoded));
  return decoded;
}

/** A hub with these sessions online and ready. */
function hubWith(...names: string[]): Hub {
  const hub = new Hub(accounts(), limits());
  names.forEach((name, i) => {
    hub.addSession(i + 1, `10.0.0.${i + 1}`);
    hub.handle(i + 1, { type: "login", name, password: String(name.charCodeAt(0) - 96) }, 0);
    hub.handle(i + 1, { type: "ready" }, 0);
  });
  hub.takeOutputs();
  return hub;
}

/** The events to sessions, as `to: event`. */
function told(effects: readonly Effect[]): [number[], Event][] {
  return effects.flatMap((effect) =>
    effect.type === "tell" ? [[[...effect.to], effect.event] as [number[], Event]] : []
  );
}

function tell(hub: Hub, id: number, command: Command, now = 0): [number[], Event][] {
  hub.handle(id, command, now);
  return told(hub.takeOutputs());
}

/** The names that a session is answered to `who`. */
function listed(hub: Hub, id: number): string {
  return decodeLossy(presentTo(hub, id).names.startingWith(presentTo(hub, id).asker));
}

function presentTo(hub: Hub, id: number): Extract<Event, { type: "present" }> {
  const [[to, event]] = tell(hub, id, { type: "who" }) as [[number[], Event]];
  assertEquals([to, event.type], [[id], "present"]);
  return event as Extract<Event, { type: "present" }>;
}

Deno.test("a users file may contain blanks, tabs, \\r\\n and a byte order mark", () => {
  assertEquals(accounts("\ufeffann 1\r\n\n  bob\t2  \n").names, ["ann", "bob"]);
});

Deno.test("every mistake in a users file is reported with its line number", () => {
  assertEquals(decodeUsers("ann 1\nbob\nann 2\nx y z\n$ok $scrypt$nonsense"), [
    { line: 2, message: 'expected "username password" and nothing else, found only one word' },
    { line: 3, message: 'the name "ann" is already in line 1' },
    { line: 4, message: 'expected "username password" and nothing else, found 3 words' },
    { line: 5, message: "expected $scrypt$ln=17,r=8,p=1$SALT$KEY with salt and key in base64, found something else" },
  ]);
});

Deno.test("an scrypt entry is decoded as encoded; one that is too expensive is refused", () => {
  const secret = decodeScrypt(SCRYPT_ENTRY) as ScryptSecret;
  assertEquals([secret.logN, secret.r, secret.p, secret.key.length], [4, 8, 1, 32]);
  assertEquals(encodeScrypt(secret), SCRYPT_ENTRY);
  assertEquals(
    decodeScrypt(SCRYPT_ENTRY.replace("ln=4", "ln=30")),
    "expected ln 1 to 20, r 1 to 8, p 1 to 4, found ln=30,r=8,p=1",
  );
});

Deno.test("with an scrypt entry in the file, a wrong password and an unknown name both cost one verification", () => {
  const mixed = accounts(`ann 1\nbob ${SCRYPT_ENTRY}`);
  assertEquals(mixed.check("ann", "1"), { right: true });
  for (const name of ["ann", "nobody"]) {
    const judgement = mixed.check(name, "wrong");
    assert("verify" in judgement && judgement.isDecoy, name);
  }
  const bob = mixed.check("bob", "anything");
  assert("verify" in bob && !bob.isDecoy);
});

Deno.test("why a message to an unknown name is not delivered shows what is not seen in the name", () => {
  const hub = hubWith("a", "b");
  const whyOf = (to: string) => tell(hub, 1, { type: "send", ref: 0, to, text: "hi" })[0]![1];
  for (
    const [to, why] of [["c", "c is not online"], ["b\u200b", "b\\u{200b} is not online"], [
      "b\r",
      "b\\r is not online",
    ]]
  ) {
    assertEquals(whyOf(to!), { type: "outcome", ref: 0, delivered: false, why: why! });
  }
});

Deno.test("a successful login clears the delay of earlier failures", () => {
  const hub = new Hub(accounts(), limits());
  let id = 0;
  const login = (password: string) => {
    hub.addSession(++id, "10.0.0.1");
    const [told] = tell(hub, id, { type: "login", name: "a", password });
    hub.handle(id, { type: "leave", why: "" }, 0);
    return told?.[1].type;
  };
  const five = () => Array.from({ length: 4 }, () => login("wrong"));
  assertEquals([...five(), login("1"), ...five(), login("1")], [
    ...Array(4).fill("turnedAway"),
    "welcome",
    ...Array(4).fill("turnedAway"),
    "welcome",
  ]);
});

Deno.test("an scrypt password is verified outside the hub; the right one is accepted, a wrong one refused", () => {
  const hub = new Hub(accounts(`bob ${SCRYPT_ENTRY}`), limits());
  hub.addSession(1, "x");
  hub.handle(1, { type: "login", name: "bob", password: "p" }, 0);
  const [check] = hub.takeOutputs();
  assertEquals([check?.type, check?.type === "check" && check.password], ["check", "p"]);
  assertEquals(tell(hub, 1, { type: "checked", right: false }), [[[1], { type: "turnedAway", why: "credentials" }]]);
  hub.handle(1, { type: "login", name: "nobody", password: "p" }, 0);
  assertEquals(
    tell(hub, 1, { type: "checked", right: true }),
    [[[1], { type: "turnedAway", why: "credentials" }]],
    "the decoy's own password opens nothing",
  );
  hub.handle(1, { type: "login", name: "bob", password: "p" }, 0);
  assertEquals(tell(hub, 1, { type: "checked", right: true }), [[[1], { type: "welcome", name: "bob" }]]);
});

Deno.test("the requesting user is first in the list, the others follow in login order", () => {
  const hub = hubWith("b", "c", "a");
  assertEquals([listed(hub, 3), listed(hub, 2)], [" a b c", " c b a"]);
});

Deno.test("the list of names is encoded once, however many ask, until someone comes or goes", () => {
  const hub = hubWith("a", "b");
  const lists = () => new Set(Array.from({ length: 50 }, (_, i) => presentTo(hub, i % 2 + 1).names));
  const before = lists();
  hub.addSession(3, "10.0.0.3");
  tell(hub, 3, { type: "login", name: "c", password: "3" });
  const during = lists();
  tell(hub, 3, { type: "leave", why: "bye" });
  const after = lists();
  assertEquals([before.size, during.size, after.size], [1, 1, 1]);
  assertEquals(new Set([...before, ...during, ...after]).size, 3);
});

Deno.test("a message to all is one event, with one outcome once the last receiver has confirmed", () => {
  const hub = hubWith("a", "b", "c");
  const [[to, message]] = tell(hub, 1, { type: "sendAll", ref: 5, text: "hi" }) as [[number[], Event]];
  assertEquals([to, message], [[2, 3], new Message(-1, "a", "all", "hi")]);
  assertEquals(tell(hub, 2, { type: "taken", id: -1 }), []);
  assertEquals(tell(hub, 2, { type: "taken", id: -1 }), [], "said twice counts once");
  assertEquals(tell(hub, 3, { type: "taken", id: -1 }), [[[1], { type: "outcome", ref: 5, delivered: true }]]);
  assertEquals(tell(hub, 3, { type: "missed", id: -1, sent: true }), []);
});

Deno.test("a user who leaves misses messages in flight and appears in no later list", () => {
  const hub = hubWith("a", "b");
  assertEquals(tell(hub, 1, { type: "send", ref: 9, to: "b", text: "hi" }).map(([to]) => to), [[2]]);
  assertEquals(tell(hub, 2, { type: "leave", why: "" }), [[[1], {
    type: "outcome",
    ref: 9,
    delivered: false,
    why: "no receipt from b",
  }]]);
  assertEquals(tell(hub, 2, { type: "leave", why: "" }), []);
  assertEquals(hub.size, { sessions: 1, online: 1, underWay: 0, heldLogins: 0, waitingBytes: 0 });
});

Deno.test("new accounts apply from the next login; sessions of accounts that were removed or have another password end", () => {
  const hub = hubWith("a", "b", "c");
  hub.replaceAccounts(accounts("a 1\nb new\nz 26"));
  const ended = hub.takeOutputs().flatMap((effect) =>
    effect.type === "tell" && effect.event.type === "closing" ? [[...effect.to, effect.event.why]] : []
  );
  assertEquals(ended, [
    [2, "ended because the password was changed"],
    [3, "ended because the account was removed"],
  ]);
  for (const id of [2, 3]) tell(hub, id, { type: "leave", why: "" });
  hub.addSession(9, "x");
  assertEquals(tell(hub, 9, { type: "login", name: "b", password: "2" }), [[[9], {
    type: "turnedAway",
    why: "credentials",
  }]]);
  assertEquals(tell(hub, 9, { type: "login", name: "z", password: "26" }), [[[9], { type: "welcome", name: "z" }]]);
  assertEquals(listed(hub, 1), " a z");
});

Deno.test("any commands in any order: each message has one outcome, and no state is left at the end", () => {
  const command: fc.Arbitrary<Command> = fc.oneof(
    fc.record({
      type: fc.constant("login" as const),
      name: fc.constantFrom("a", "b", "c"),
      password: fc.constantFrom("1", "2", "3"),
    }),
    fc.constant({ type: "ready" as const }),
    fc.constant({ type: "who" as const }),
    fc.record({
      type: fc.constant("send" as const),
      ref: fc.nat(),
      to: fc.constantFrom("a", "b", "c", "d"),
      text: fc.string(),
    }),
    fc.record({ type: fc.constant("sendAll" as const), ref: fc.nat(), text: fc.string() }),
    fc.record({ type: fc.constant("taken" as const), id: fc.integer({ min: -20, max: 0 }) }),
    fc.record({ type: fc.constant("missed" as const), id: fc.integer({ min: -20, max: 0 }), sent: fc.boolean() }),
    fc.record({ type: fc.constant("leave" as const), why: fc.string() }),
  );
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), command), { maxLength: 60 }), (steps) => {
    const hub = new Hub(accounts(), limits());
    [1, 2, 3, 4].forEach((id) => hub.addSession(id, "x"));
    const gone = new Set<number>();
    let [sent, outcomes] = [0, 0];
    const does = (id: number, command: Command) =>
      outcomes += tell(hub, id, command).filter(([, event]) => event.type === "outcome").length;
    for (const [id, step] of steps) {
      if ((step.type === "send" || step.type === "sendAll") && !gone.has(id)) sent++;
      if (step.type === "leave") gone.add(id);
      does(id, step);
    }
    [1, 2, 3, 4].forEach((id) => does(id, { type: "leave", why: "end" }));
    assertEquals(outcomes, sent);
    assertEquals(hub.size, { sessions: 0, online: 0, underWay: 0, heldLogins: 0, waitingBytes: 0 });
  }));
});

Deno.test("a user's message to themselves comes back to their own client, which confirms it", () => {
  const hub = hubWith("a");
  assertEquals(tell(hub, 1, { type: "send", ref: 1, to: "a", text: "milk" }), [
    [[1], new Message(-1, "a", "one", "milk")],
  ]);
  assertEquals(tell(hub, 1, { type: "taken", id: -1 }), [[[1], { type: "outcome", ref: 1, delivered: true }]]);
});

const RANDOMNESS = { bytes: (count: number) => new Uint8Array(count), salt: () => new Uint8Array(16) };

/** A disk that may be full. */
class FailingStore extends ChatStore {
  isFull = false;
  failures = 0;

  constructor() {
    super(":memory:");
  }

  override append(batch: Batch): void {
    if (!this.isFull) return super.append(batch);
    this.failures++;
    throw new Error("the disk is full");
  }
}

/** A session runner over a store that fails, with a native session of `a` that has acknowledged what is not stored yet. */
function runnerOverFailingStore() {
  const store = new FailingStore();
  const hub = new Hub(accounts(), limits(), { snapshot: store.snapshot, randomness: RANDOMNESS });
  const never = () => Promise.reject(new Error("nobody asks"));
  const due: (() => void)[] = [];
  const clock = { now: 0 };
  const platform = {
    ...{ dial: () => {}, probe: () => {}, verify: never, prove: never, soon: (turn: () => void) => due.push(turn) },
    now: () => clock.now,
    wallTime: () => clock.now,
  };
  const runner = new SessionRunner(hub, platform, limits(), directStore(store, (act) => due.push(act)));
  const settle = () => {
    for (let act = due.shift(); act; act = due.shift()) act();
  };
  let closed = false;
  const written: string[] = [];
  const transport = {
    waitingBytes: 0,
    write: (bytes: Uint8Array) => void written.push(new TextDecoder().decode(bytes)),
    close: () => void (closed = true),
    abort: () => {},
    resume: () => {},
  };
  const host = runner.open(MAILBOX_PROTOCOL, { hostname: "10.0.0.1", port: 1 }, () => transport);
  const does = (command: Command) => {
    runner.command(host.id, command);
    runner.drain();
  };
  does({ type: "authenticated", name: "a" });
  does({ type: "resume", client: "x", answered: 0 });
  does({ type: "say", number: 1, to: { room: "lobby" }, text: "hi" });
  settle();
  does({ type: "acknowledge", seq: 1 });
  store.isFull = true;
  return { runner, hub, store, host, does, settle, clock, written, closed: () => closed };
}

Deno.test("a store that fails during a tick changes nothing for the chat, and what it did not keep is written later", () => {
  const { runner, hub, store, settle, clock } = runnerOverFailingStore();
  assertEquals(store.snapshot.users.find(({ name }) => name === "a")!.acked, 0);
  runner.tick();
  settle();
  assertEquals([store.failures, hub.isIdle], [1, false]);
  store.isFull = false;
  clock.now = 2000;
  runner.tick();
  settle();
  assertEquals([hub.isIdle, store.snapshot.users.find(({ name }) => name === "a")!.acked], [true, 1]);
});

Deno.test("of many sessions that have something to do, a tick has a few do it, and the others after what has arrived", () => {
  const due: (() => void)[] = [];
  const clock = { now: 0 };
  const never = () => Promise.reject(new Error("nobody asks"));
  const platform = {
    ...{ dial: () => {}, probe: () => {}, verify: never, prove: never, soon: (turn: () => void) => due.push(turn) },
    now: () => clock.now,
    wallTime: () => clock.now,
  };
  const runner = new SessionRunner(new Hub(accounts(), limits()), platform, limits());
  const protocol = lobbyProtocol();
  const transport = { waitingBytes: 0, write() {}, close() {}, abort() {}, resume() {} };
  for (let port = 1; port <= 2 * TICKED_PER_TURN + 3; port++) {
    runner.open(protocol, { hostname: "10.0.0.1", port }, (owner) => {
      due.push(() => owner.receive(new TextEncoder().encode("a text without a line end")));
      return transport;
    });
  }
  for (let act = due.shift(); act; act = due.shift()) act();
  const said = () => [...runner.hosts].filter(({ session }) => session.wakeAt === Infinity).length;
  assertEquals(said(), 0);
  clock.now = limits().lobbyQuietMs;
  runner.tick();
  const seen = [said()];
  // The clock's next tick does not begin again before the last session has had its turn.
  runner.tick();
  for (let act = due.shift(); act; act = due.shift()) seen.push((act(), said()));
  assertEquals(seen, [TICKED_PER_TURN, 2 * TICKED_PER_TURN, 2 * TICKED_PER_TURN + 3]);
});

Deno.test("a server that stops writes what was gathered during its last batch, and ends also when the disk is full", async () => {
  for (const isFull of [false, true]) {
    const { runner, store, does, settle } = runnerOverFailingStore();
    store.isFull = isFull;
    does({ type: "say", number: 2, to: { room: "lobby" }, text: "under way" });
    runner.tick();
    does({ type: "acknowledge", seq: 1 });
    let ended = false;
    const acked = () => store.snapshot.users.find(({ name }) => name === "a")!.acked;
    const close = store.close.bind(store);
    let last: number | undefined;
    store.close = () => {
      last = acked();
      close();
    };
    const closing = runner.close().then(() => ended = true);
    for (let i = 0; i < 5; i++) {
      settle();
      await Promise.resolve();
    }
    assertEquals([ended, last], [true, isFull ? 0 : 1]);
    await closing;
  }
});

Deno.test("a message that cannot be kept fails for good, the chat goes on reading, and the next one is kept", () => {
  const { runner, hub, store, does, settle, written, clock } = runnerOverFailingStore();
  const news = () => written.splice(0).map((json) => JSON.parse(json));
  news();
  does({ type: "say", number: 2, to: { room: "lobby" }, text: "lost" });
  settle();
  const why = "the server cannot keep messages at the moment: the disk is full";
  assertEquals(news(), [{ type: "failed", number: 2, why }]);
  does({ type: "history", ref: 1, of: { room: "lobby" }, before: undefined, after: undefined, limit: 9 });
  settle();
  assertEquals(news()[0].messages.map(({ text }: { text: string }) => text), ["hi"]);
  store.isFull = false;
  // Said again under its number, it is refused as before.
  does({ type: "say", number: 2, to: { room: "lobby" }, text: "lost" });
  does({ type: "say", number: 3, to: { room: "lobby" }, text: "kept" });
  settle();
  assertEquals(news().map(({ type, number }) => [type, number]), [["failed", 2], ["message", 3]]);
  const [{ refused }] = store.snapshot.producers as [SavedProducer];
  clock.now = 2000;
  runner.tick();
  settle();
  assertEquals([hub.isIdle, refused.map(({ number, why }) => [number, why])], [true, [[2, why]]]);
});

Deno.test("what two clients of a user say while a message is looked up for an edit is kept in the order in which it came", () => {
  const { runner, store, host, does, settle } = runnerOverFailingStore();
  store.isFull = false;
  const unheard = { waitingBytes: 0, write: () => {}, close: () => {}, abort: () => {}, resume: () => {} };
  const other = runner.open(MAILBOX_PROTOCOL, { hostname: "10.0.0.1", port: 2 }, () => unheard);
  const otherDoes = (command: Command) => {
    runner.command(other.id, command);
    runner.drain();
  };
  otherDoes({ type: "authenticated", name: "a" });
  otherDoes({ type: "resume", client: "y", answered: 0 });
  settle();
  does({ type: "edit", number: 2, of: 1, text: "hello" });
  does({ type: "say", number: 3, to: { room: "lobby" }, text: "first" });
  runner.ended(host, "killed", false);
  otherDoes({ type: "say", number: 1, to: { room: "lobby" }, text: "second" });
  settle();
  const { messages } = store.query({ type: "history", conversation: 1, limit: 9 });
  assertEquals(messages.map(({ text }) => text), ["hello", "first", "second"]);
});

Deno.test("a stopping server notifies every session, even if the store fails meanwhile", () => {
  const { runner, settle, closed } = runnerOverFailingStore();
  runner.stop();
  settle();
  assertEquals([closed(), runner.size], [true, 0]);
});

Deno.test("a session releases its slot and its connection, even if the store fails meanwhile", () => {
  const { runner, hub, host, settle, closed } = runnerOverFailingStore();
  host.end("closed the connection");
  settle();
  assertEquals([closed(), runner.size, hub.size.online], [true, 0, 0]);
});

/** A hub over a store, and what its sessions are told. */
class StoringHub {
  readonly store = new ChatStore(":memory:");
  readonly hub = new Hub(accounts(), limits(), { snapshot: this.store.snapshot, randomness: RANDOMNESS });
  readonly notes: string[] = [];
  #lastId = 0;

  native(name: string): number {
    const id = ++this.#lastId;
    this.hub.addSession(id, "10.0.0.1");
    this.does(id, { type: "authenticated", name });
    this.does(id, { type: "resume", client: `${id}`, answered: 0 });
    return id;
  }

  does(id: number, command: Command, now = 0, wall = now): [number[], Event][] {
    this.hub.handle(id, command, now);
    return this.#told(now, wall);
  }

  tick(now: number, wall = now): [number[], Event][] {
    this.hub.tick(now, wall);
    return this.#told(now, wall);
  }

  #told(now: number, wall: number): [number[], Event][] {
    const effects = settled(this.hub, this.store, now, wall);
    for (const effect of effects) if (effect.type === "note") this.notes.push(effect.text);
    return told(effects);
  }
}

Deno.test("a room that was queried before it existed can be queried once it does", () => {
  const chat = new StoringHub();
  const id = chat.native("a");
  const asked = (room: string) =>
    chat.does(id, { type: "history", ref: 1, of: { room }, before: undefined, after: undefined, limit: 1 });
  assertEquals(asked("nowhere")[0]![1].type, "denied");
  assertEquals(chat.does(id, { type: "join", ref: 2, room: "nowhere" })[0]![1].type, "joined");
  assertEquals(asked("nowhere")[0]![1].type, "history");
});

const DAY_MS = 24 * 60 * 60 * 1000;
const START = 1_700_000_000_000;

/** Lets days pass, with a message in the lobby every hour and a tick every minute of the server's timers. */
function daysPass(chat: StoringHub, sayer: number, numbers: { next: number }, from: number, days: number) {
  const told: [number[], Event][] = [];
  for (let hour = 1; hour <= days * 24; hour++) {
    const now = from + hour * 60 * 60_000;
    told.push(...chat.tick(now, START + now));
    const say = { type: "say", number: numbers.next++, to: { room: "lobby" }, text: `${hour}` } as const;
    told.push(...chat.does(sayer, say, now, START + now));
    chat.does(sayer, { type: "acknowledge", seq: Number.MAX_SAFE_INTEGER }, now, START + now);
  }
  return told;
}

Deno.test("a message that is not fetched before it expires is reported to its sender as failed, with the reason", () => {
  const chat = new StoringHub();
  const id = chat.native("a");
  const numbers = { next: 2 };
  chat.does(id, { type: "say", number: 1, to: { user: "b" }, text: "are you there?" }, 0, START);
  const failures = (told: [number[], Event][]) =>
    told.flatMap(([to, event]) =>
      event.type !== "entries" ? [] : event.entries.flatMap((entry) => entry.type === "failure" ? [{ to, entry }] : [])
    );
  assertEquals(failures(daysPass(chat, id, numbers, 0, 29)), []);
  const failed = failures(daysPass(chat, id, numbers, 29 * DAY_MS, 2));
  assertEquals(failed.map(({ to, entry }) => [to, entry.of, entry.text]), [
    [[id], 1, "it was not received within 30 days"],
  ]);
  const pair = chat.store.snapshot.pairs[0]!.id;
  assertEquals(chat.store.query({ type: "history", conversation: pair, limit: 9 }).messages, []);
});

Deno.test("a client that does not acknowledge its own entries is told that it waits for that, once, and goes on when it does", () => {
  const chat = new StoringHub();
  const id = chat.native("a");
  const says = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => i + from).flatMap((number) =>
      chat.does(id, { type: "say", number, to: { user: "a" }, text: "?" }, 0, START)
    ).map(([, event]) => event);
  const ofWindow = (events: Event[]) => events.filter(({ type }) => type === "behind" || type === "live");
  const told = says(1, 300);
  assertEquals(ofWindow(told), [{ type: "behind", after: 256, unacked: 256 }]);
  assertEquals(told.flatMap((event) => event.type === "entries" ? event.entries : []).length, 256);
  const acked = chat.does(id, { type: "acknowledge", seq: 256 }, 0, START).map(([, event]) => event);
  assertEquals(acked.flatMap((event) => event.type === "entries" ? event.entries : []).length, 44);
  assertEquals(ofWindow(acked), [{ type: "live", upTo: 300 }]);
});

Deno.test("a server that starts with its clock 40 days ahead removes nothing, and a jump of the clock is in its log", () => {
  const first = new StoringHub();
  const id = first.native("a");
  const numbers = { next: 1 };
  daysPass(first, id, numbers, 0, 2);
  const count = () =>
    first.store.query({ type: "history", conversation: first.store.snapshot.rooms[0]!.id, limit: 9999 }).messages
      .length;
  assertEquals(count(), 48);
  // A new hub over the same store, with a wrong clock.
  const second = new Hub(accounts(), limits(), { snapshot: first.store.snapshot, randomness: RANDOMNESS });
  const notes: string[] = [];
  const tick = (now: number, wall: number) => {
    second.tick(now, wall);
    for (const effect of settled(second, first.store, now, wall)) {
      if (effect.type === "note") notes.push(effect.text);
    }
  };
  const wrong = START + 42 * DAY_MS;
  tick(0, wrong);
  for (let minute = 1; minute < 60; minute++) tick(minute * 60_000, wrong + minute * 60_000);
  second.addSession(1, "10.0.0.1");
  second.handle(1, { type: "authenticated", name: "a" }, 3_600_000);
  second.handle(1, { type: "resume", client: "new", answered: 0 }, 3_600_000);
  second.handle(1, { type: "say", number: 1, to: { room: "lobby" }, text: "what day is it?" }, 3_600_000);
  settled(second, first.store, 3_600_000, wrong + 3_600_000);
  tick(3_660_000, wrong + 3_660_000);
  assertEquals(count(), 49);
  // Somebody sets it right.
  tick(3_720_000, START + 2 * DAY_MS);
  tick(3_780_000, START + 2 * DAY_MS + 60_000);
  assertEquals(notes.filter((text) => text.includes("clock")), [
    "the newest message is 40 days old by the clock of this machine; nothing is removed for that",
    "the clock of this machine was set back by 3459720 s; nothing is removed for that",
  ]);
  assertEquals(count(), 49);
});

Deno.test("a notice of the operator reaches every session in the form of its protocol, and is kept once the lobby is", () => {
  const hub = hubWith("a", "b");
  hub.addSession(3, "10.0.0.3");
  tell(hub, 3, { type: "enterRoom", as: "guest7", room: "lab" });
  const say = (text: string) => {
    const why = hub.operator.say(text, 0);
    return why ?? told(hub.takeOutputs());
  };
  assertEquals(say("ten minutes left"), [[[3, 1, 2], new Message(-1, "server", "all", "ten minutes left")]]);
  assertEquals(hub.size.underWay, 2, "both handout sessions are to confirm it");
  assertEquals([1, 2].flatMap((id) => tell(hub, id, { type: "taken", id: -1 })), []);
  assertEquals([hub.size.underWay, hub.tally.said, hub.tally.delivered], [0, 1, 2]);
  assertEquals(say(" "), "a notice is a text, found nothing");
});

Deno.test("a notice that is kept is in the log of the lobby, and no user's", () => {
  const chat = new StoringHub();
  const id = chat.native("a");
  assertEquals(chat.hub.operator.say("hello", 5), undefined);
  const entries = chat.tick(6).flatMap(([to, event]) =>
    event.type === "entries" ? event.entries.map(({ from, to: of, text }) => [to, from, of, text]) : []
  );
  assertEquals(entries, [
    [[id], "server", { room: "lobby" }, "hello"],
  ]);
  const lobby = chat.store.snapshot.rooms[0]!.id;
  const { messages } = chat.store.query({ type: "history", conversation: lobby, limit: 9 });
  assertEquals(messages.map(({ from, text }) => [from, text]), [["server", "hello"]]);
  assertEquals(chat.store.snapshot.users.map(({ name }) => name).includes("server"), false);
  assertEquals(chat.notes.includes("<server> hello"), true);
});

Deno.test("the operator ends all sessions of a user or a guest, each told why; others stay", () => {
  const chat = new StoringHub();
  const { hub } = chat;
  const natives = [chat.native("a"), chat.native("a"), chat.native("b")];
  hub.addSession(11, "10.0.0.9");
  chat.does(11, { type: "login", name: "a", password: "1" });
  chat.does(11, { type: "ready" });
  hub.addSession(12, "10.0.0.9");
  chat.does(12, { type: "enterRoom", as: "guest7", room: "lab" });
  const why = "ended by the operator";
  const notice = new Message(0, "server", "one", `Your session was ${why}.`);
  const closing = { type: "closing", why } as const;
  const kick = (name: string) => [hub.operator.endSessions(name), told(hub.takeOutputs())];
  assertEquals(kick("a"), [3, [
    [[11], notice],
    [[11], closing],
    [[natives[0]!], closing],
    [[natives[1]!], closing],
  ]]);
  assertEquals(kick("guest7"), [1, [[[12], notice], [[12], closing]]]);
  assertEquals(kick("nobody"), [0, []]);
});

Deno.test("that a user is online is told before what the user says, and once; otherwise it is told with what else has changed", () => {
  const chat = new StoringHub();
  const a = chat.native("a");
  chat.tick(1000);
  const told = (events: [number[], Event][]) =>
    events.flatMap(([to, event]) => {
      if (!to.includes(a)) return [];
      if (event.type === "presence") return [event.online];
      return event.type === "entries" ? [event.entries.map(({ text }) => text)] : [];
    });
  const [b, c] = [chat.native("b"), chat.native("c")];
  assertEquals(told(chat.does(b, { type: "say", number: 1, to: { room: "lobby" }, text: "hello" })), [["b"], [
    "hello",
  ]]);
  assertEquals(told(chat.does(b, { type: "say", number: 2, to: { room: "lobby" }, text: "all" })), [["all"]]);
  assertEquals(told(chat.tick(2000)), [["c"]]);
  assertEquals(told(chat.does(c, { type: "say", number: 1, to: { user: "a" }, text: "hi" })), [["hi"]]);
});

Deno.test("nothing is logged of a session that leaves quietly", () => {
  const chat = new StoringHub();
  for (const id of [11, 12]) chat.hub.addSession(id, "10.0.0.9");
  chat.does(11, { type: "leave", why: "closed La", isQuiet: true });
  chat.does(12, { type: "leave", why: "closed La" });
  assertEquals([chat.notes, chat.hub.size.sessions], [["10.0.0.9 left: closed La (0 online)"], 0]);
});
