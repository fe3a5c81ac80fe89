import { assert, assertEquals } from "@std/assert";
import { type Accounts, decodeScrypt, decodeUsers, encodeScrypt, type ScryptSecret } from "../lib/chat/accounts.ts";
import type { Command } from "../lib/chat/command.ts";
import type { Effect } from "../lib/chat/effect.ts";
import { type Event, Message } from "../lib/chat/event.ts";
import { Hub } from "../lib/chat/hub.ts";
import { LoginBackoff } from "../lib/chat/login_backoff.ts";
import { limits } from "../lib/core/limits.ts";
import { MAILBOX_PROTOCOL } from "../lib/protocols/native/server.ts";
import { SessionRunner } from "../lib/server/runner.ts";
import type { SessionHost } from "../lib/server/session_host.ts";
import { MemoryStore } from "../lib/store/memory_store.ts";

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
  return hub;
}

/** The events to sessions, as `to: event`. */
function told(effects: Effect[]): [number[], Event][] {
  return effects.flatMap((effect) =>
    effect.type === "tell" ? [[[...effect.to], effect.event] as [number[], Event]] : []
  );
}

function tell(hub: Hub, id: number, command: Command, now = 0): [number[], Event][] {
  return told(hub.handle(id, command, now));
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

Deno.test("failed logins: five are free, then each costs one more second, at most 30, counted by name and address", () => {
  const backoff = new LoginBackoff(limits());
  const waits = Array.from({ length: 40 }, () => backoff.attempt("ann", "10.0.0.1", 0));
  assertEquals(waits.slice(0, 8), [0, 0, 0, 0, 0, 1000, 2000, 3000]);
  assertEquals(waits.slice(-2), [30_000, 30_000]);
  assertEquals(backoff.attempt("ann", "10.0.0.2", 0), 0);
  assertEquals(backoff.attempt("bob", "10.0.0.1", 0), 0);
  backoff.succeeded("ann", "10.0.0.1");
  assertEquals(backoff.attempt("ann", "10.0.0.1", 0), 0);
});

Deno.test("failures are forgotten after fifteen minutes, and their number is bounded", () => {
  const backoff = new LoginBackoff(limits({ failureEntries: 10 }));
  for (let i = 0; i < 6; i++) backoff.attempt("ann", "10.0.0.1", 0);
  assertEquals(backoff.attempt("ann", "10.0.0.1", 15 * 60_000), 0);
  for (let i = 0; i < 1000; i++) backoff.attempt(`name${i}`, "10.0.0.1", 15 * 60_000);
  assertEquals(backoff.size, 10);
});

Deno.test("a delayed login stays delayed however many other names are tried", () => {
  const backoff = new LoginBackoff(limits({ failureEntries: 10 }));
  for (let i = 0; i < 7; i++) backoff.attempt("ann", "10.0.0.1", 0);
  for (let i = 0; i < 1000; i++) backoff.attempt(`name${i}`, "10.0.0.1", 1);
  assertEquals(backoff.attempt("ann", "10.0.0.1", 2), 3000);
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

Deno.test("a delayed login is answered when due, and dropped if its session has ended", () => {
  const hub = new Hub(accounts(), limits({ freeFailures: 0 }));
  hub.addSession(1, "x");
  hub.addSession(2, "y");
  assertEquals(tell(hub, 1, { type: "login", name: "a", password: "1" }), []);
  assertEquals(tell(hub, 2, { type: "login", name: "b", password: "2" }), []);
  hub.handle(2, { type: "leave", why: "" }, 0);
  assertEquals(told(hub.tick(999)), []);
  assertEquals(told(hub.tick(1000)), [[[1], { type: "welcome", name: "a" }]]);
  assertEquals(told(hub.tick(2000)), []);
});

Deno.test("an scrypt password is verified outside the hub; the right one is accepted, a wrong one refused", () => {
  const hub = new Hub(accounts(`bob ${SCRYPT_ENTRY}`), limits());
  hub.addSession(1, "x");
  const [check] = hub.handle(1, { type: "login", name: "bob", password: "p" }, 0);
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
  assertEquals(tell(hub, 3, { type: "who" }), [[[3], { type: "present", names: ["a", "b", "c"] }]]);
  assertEquals(tell(hub, 2, { type: "who" }), [[[2], { type: "present", names: ["c", "b", "a"] }]]);
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
  hub.handle(1, { type: "send", ref: 9, to: "b", text: "hi" }, 0);
  assertEquals(tell(hub, 2, { type: "leave", why: "" }), [[[1], { type: "outcome", ref: 9, delivered: false }]]);
  assertEquals(tell(hub, 2, { type: "leave", why: "" }), []);
  assertEquals(hub.size, { sessions: 1, online: 1, underWay: 0, heldLogins: 0 });
});

Deno.test("new accounts apply from the next login; online users stay", () => {
  const hub = hubWith("a");
  hub.replaceAccounts(accounts("z 26"));
  hub.addSession(9, "x");
  assertEquals(tell(hub, 9, { type: "login", name: "b", password: "2" }), [[[9], {
    type: "turnedAway",
    why: "credentials",
  }]]);
  assertEquals(tell(hub, 9, { type: "login", name: "z", password: "26" }), [[[9], { type: "welcome", name: "z" }]]);
  assertEquals(tell(hub, 1, { type: "who" }), [[[1], { type: "present", names: ["a", "z"] }]]);
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
    const count = (effects: Effect[]) =>
      outcomes += told(effects).filter(([, event]) => event.type === "outcome").length;
    for (const [id, step] of steps) {
      if ((step.type === "send" || step.type === "sendAll") && !gone.has(id)) sent++;
      if (step.type === "leave") gone.add(id);
      count(hub.handle(id, step, 0));
    }
    [1, 2, 3, 4].forEach((id) => count(hub.handle(id, { type: "leave", why: "end" }, 0)));
    assertEquals(outcomes, sent);
    assertEquals(hub.size, { sessions: 0, online: 0, underWay: 0, heldLogins: 0 });
  }));
});

/** A store that fails like a disk: every call fails until the rollback. */
class FailingStore extends MemoryStore {
  failing = false;
  rollbacks = 0;

  override acknowledge(name: string, seq: number): ReturnType<MemoryStore["acknowledge"]> {
    if (this.failing) throw new Error("the disk is full");
    return super.acknowledge(name, seq);
  }

  override rollback(): void {
    this.rollbacks++;
    super.rollback();
  }
}

/** A session runner over a failing store, with alice in the native protocol, who has acknowledged entries not yet stored. */
function failingBoard(): {
  runner: SessionRunner;
  hub: Hub;
  store: FailingStore;
  host: SessionHost;
  closed: () => boolean;
} {
  const store = new FailingStore("store");
  const dice = { bytes: (count: number) => new Uint8Array(count), salt: () => new Uint8Array(16) };
  const hub = new Hub(accounts(), limits(), { open: () => store, failed: () => {}, dice });
  const never = () => Promise.reject(new Error("nobody asks"));
  const world = { dial: () => {}, probe: () => {}, verify: never, prove: never, soon: () => {}, now: () => 0 };
  const runner = new SessionRunner(hub, world, limits());
  let closed = false;
  const line = {
    waitingBytes: 0,
    write: () => {},
    close: () => void (closed = true),
    abort: () => {},
    resume: () => {},
  };
  const host = runner.open(MAILBOX_PROTOCOL, { hostname: "10.0.0.1", port: 1 }, () => line);
  for (
    const command of [{ type: "login", name: "a", password: "1" }, { type: "become" }, { type: "resume" }] as const
  ) {
    hub.handle(host.id, command, 0);
  }
  store.keep({ from: "b", to: { room: "lobby" }, text: "hi", time: 0 });
  store.commit();
  hub.handle(host.id, { type: "resume", store: "store", after: 0 }, 0);
  hub.handle(host.id, { type: "acknowledge", seq: 1 }, 0);
  store.failing = true;
  return { runner, hub, store, host, closed: () => closed };
}

Deno.test("a store that fails during a tick is rolled back, and the server continues", () => {
  const { runner, store } = failingBoard();
  runner.tick();
  assertEquals(store.rollbacks, 1);
});

Deno.test("a stopping server notifies every session, even if the store fails meanwhile", () => {
  const { runner, closed } = failingBoard();
  runner.stop();
  assertEquals([closed(), runner.size], [true, 0]);
});

Deno.test("a session releases its slot and its connection, even if the store fails meanwhile", () => {
  const { runner, hub, host, closed } = failingBoard();
  host.end("closed the connection");
  assertEquals([closed(), runner.size, hub.size.online], [true, 0, 0]);
});

Deno.test("a room that was queried before it existed can be queried once it does", () => {
  const { hub, host } = failingBoard();
  const asked = (room: string) =>
    tell(hub, host.id, { type: "history", ref: 1, of: { room }, before: undefined, limit: 1 });
  assertEquals(asked("nowhere")[0]![1].type, "denied");
  assertEquals(tell(hub, host.id, { type: "join", ref: 2, room: "nowhere" })[0]![1].type, "joined");
  assertEquals(asked("nowhere")[0]![1].type, "history");
});

Deno.test("a message that is not fetched before it expires is reported to its sender as failed, with the reason", () => {
  const { hub, host, store } = failingBoard();
  store.failing = false;
  const days = (count: number) => count * 24 * 60 * 60_000;
  const said = tell(hub, host.id, { type: "say", id: "1", to: { user: "b" }, text: "are you there?" });
  assertEquals(said.map(([, event]) => event.type), ["sent"]);
  hub.tick(1000);
  assertEquals(told(hub.tick(days(29))), []);
  const [[to, event]] = told(hub.tick(days(31))) as [[number[], Event]];
  assertEquals(to, [host.id]);
  const { notice } = event as Extract<Event, { type: "notice" }>;
  assert(notice.type === "failed");
  assertEquals([notice.id, notice.why], ["1", "nobody came for it within 30 days"]);
  assertEquals(told(hub.tick(days(62))), []);
});
