import { assert, assertEquals, assertMatch } from "@std/assert";
import { Accounts, type Secret } from "../lib/chat/accounts.ts";
import type { Command } from "../lib/chat/command.ts";
import type { Effect } from "../lib/chat/effect.ts";
import type { Event } from "../lib/chat/event.ts";
import { Hub } from "../lib/chat/hub.ts";
import { chosenNameFault } from "../lib/chat/chosen_names.ts";
import { type Limits, limits } from "../lib/core/limits.ts";
import { ChatStore } from "../lib/store/chat_store.ts";

const WALL = 1_700_000_000_000;
const PLAIN: Secret = { type: "plain", password: "p" };

/** A hub with its store; every proof is right. */
class Chat {
  readonly store = new ChatStore(":memory:");
  readonly hub: Hub;
  readonly notes: string[] = [];
  readonly ended = new Map<number, string>();
  /** What each session was told and has not been asked for. */
  readonly told = new Map<number, Event[]>();
  now = 0;
  wall = WALL;
  #lastSession = 0;

  constructor(names: readonly string[], given: Partial<Limits> = {}) {
    const accounts = new Accounts(new Map(names.map((name) => [name, PLAIN])));
    this.hub = new Hub(accounts, limits(given), {
      snapshot: this.store.snapshot,
      randomness: { bytes: (count) => new Uint8Array(count), salt: () => new Uint8Array(16) },
      registers: true,
    });
  }

  /** A session from an address. */
  enter(address = "10.0.0.1"): number {
    const id = ++this.#lastSession;
    this.hub.addSession(id, address);
    return id;
  }

  /** A native session of an account, with its stream begun. */
  join(name: string): number {
    const id = this.enter();
    this.do(id, { type: "authenticated", name });
    this.do(id, { type: "resume", client: "c", answered: 0 });
    this.take(id);
    return id;
  }

  do(id: number, command: Command): void {
    this.hub.handle(id, command, this.now);
    this.settle();
  }

  /** What a session was told since the last call. */
  take(id: number): Event[] {
    const events = this.told.get(id) ?? [];
    this.told.delete(id);
    return events;
  }

  pass(ms: number, wallMs = ms): void {
    this.now += ms;
    this.wall += wallMs;
    this.hub.tick(this.now, this.wall);
    this.settle();
  }

  settle(): void {
    for (let effects = this.#turn(); effects.length > 0; effects = this.#turn()) {
      for (const effect of effects) this.#perform(effect);
    }
  }

  #turn(): readonly Effect[] {
    this.hub.flush(this.now, this.wall);
    return this.hub.takeOutputs();
  }

  #perform(effect: Effect): void {
    if (effect.type === "note") this.notes.push(effect.text);
    else if (effect.type === "end") this.ended.set(effect.session, effect.why);
    else if (effect.type === "append") {
      this.store.append(effect.batch);
      this.hub.committed();
    } else if (effect.type === "query") this.hub.answered(effect.id, this.store.query(effect.query));
    else if (effect.type === "prove") this.hub.handle(effect.session, { type: "checked", right: true }, this.now);
    else if (effect.type === "tell") {
      for (const id of effect.to) this.told.set(id, [...(this.told.get(id) ?? []), effect.event]);
    }
  }
}

const NONCE = "A".repeat(22);
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `user${i}`);

/** Tries to take a name by a key of its own; why it is refused. */
function takeName(chat: Chat, id: number, name: string): string | undefined {
  chat.do(id, { type: "hello", name, nonce: NONCE, key: new Uint8Array(32).fill(7) });
  chat.do(id, { type: "prove", proof: new Uint8Array(64) });
  const away = chat.take(id).find(({ type }) => type === "turnedAway") as { why: { text: string } } | undefined;
  return away?.why.text;
}

/** Why the last message of a session was not taken; undefined when it was. */
function refusal(chat: Chat, id: number): string | undefined {
  const failed = chat.take(id).find(({ type }) => type === "notSent") as { why: string } | undefined;
  return failed?.why;
}

/** How often `act` fits into a tenth of a second. */
function rateOf(act: () => void): number {
  const end = performance.now() + 100;
  let count = 0;
  for (; performance.now() < end; count++) act();
  return count;
}

Deno.test("22,000 names from one stranger: thirty are given, each refusal names its rule, and then the session ends", () => {
  const chat = new Chat([]);
  const reasons = new Map<string | undefined, number>();
  for (let i = 0; i < 22_000 && chat.ended.size === 0; i++) {
    const why = takeName(chat, chat.enter(), `stranger${i}`);
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const attempts = "more than 100 attempts came from your address recently; 10 a minute are answered";
  assertEquals([...reasons], [
    [undefined, 30],
    ["30 names were taken from your address within the hour, the most allowed", 100],
    [attempts, 1],
  ]);
  assertEquals([...chat.ended.values()], [attempts]);
  chat.pass(1000);
  assertEquals(chat.store.snapshot.users.length, 30);
  assertEquals(takeName(chat, chat.enter("10.0.0.2"), "newcomer"), undefined, "others are not affected");
});

Deno.test("names without an account are bounded in all, from however many addresses; accounts do not count", () => {
  const chat = new Chat(numbered(50), { namesWithoutAccount: 10 });
  for (const name of numbered(50)) chat.join(name);
  const reasons = Array.from({ length: 12 }, (_, i) => takeName(chat, chat.enter(`10.0.1.${i}`), `stranger${i}`));
  const full = "10 names without an account are taken, the most allowed";
  assertEquals(reasons, [...Array(10).fill(undefined), full, full]);
});

Deno.test("a refused /register in a loop is counted, is not logged for ever, and costs the same however many names there are", () => {
  const few = new Chat(numbered(20), { attemptBurst: 1_000_000 });
  const many = new Chat(numbered(22_000), { attemptBurst: 1_000_000 });
  const ask = (chat: Chat, id: number) => () => {
    chat.do(id, { type: "register", name: "user7", password: "secret" });
    chat.take(id);
    chat.notes.length = 0;
  };
  const [one, other] = [ask(few, few.enter()), ask(many, many.enter())];
  // The first one makes the index.
  one();
  other();
  const [rateOfFew, rateOfMany] = [rateOf(one), rateOf(other)];
  assert(rateOfMany > rateOfFew / 10, `${rateOfFew} a tenth of a second among 20 names, ${rateOfMany} among 22,000`);

  const chat = new Chat(["ann"]);
  const stranger = chat.enter();
  const reasons = new Map<string | undefined, number>();
  for (let i = 0; i < 1000; i++) {
    chat.do(stranger, { type: "register", name: "ann", password: "secret" });
    for (const event of chat.take(stranger)) {
      if (event.type === "registered") reasons.set(event.why, (reasons.get(event.why) ?? 0) + 1);
    }
  }
  assertEquals([...reasons], [
    ['"ann" is taken', 100],
    ["more than 100 attempts came from your address recently; 10 a minute are answered", 900],
  ]);
  assertEquals(chat.notes.length, 100);
  chat.pass(60_000);
  chat.do(stranger, { type: "register", name: "ann", password: "secret" });
  assertEquals(chat.take(stranger), [{ type: "registered", name: "ann", why: '"ann" is taken' }]);
});

Deno.test("a page of names costs what is asked for, not what exists", () => {
  const ask = (count: number) => {
    const chat = new Chat(numbered(count));
    const id = chat.join("user3");
    return () => {
      chat.do(id, { type: "users", ref: 1, after: "user1", limit: 20 });
      return chat.take(id);
    };
  };
  const [few, many] = [ask(100), ask(22_000)];
  const [rateOfFew, rateOfMany] = [rateOf(few), rateOf(many)];
  assert(rateOfMany > rateOfFew / 10, `${rateOfFew} a tenth of a second among 100 names, ${rateOfMany} among 22,000`);
  const [page] = many() as Extract<Event, { type: "users" }>[];
  assertEquals([page!.users.length, page!.users[0]!.name, page!.more], [20, "user10", true]);
});

Deno.test("pages of names have each name once, also those taken meanwhile", () => {
  const chat = new Chat(numbered(600));
  const id = chat.join("user0");
  const names: string[] = [];
  for (let after = "", more = true; more;) {
    chat.do(id, { type: "users", ref: 1, after, limit: 100 });
    const [page] = chat.take(id) as Extract<Event, { type: "users" }>[];
    names.push(...page!.users.map(({ name }) => name));
    [after, more] = [names.at(-1)!, page!.more];
    if (names.length === 300) takeName(chat, chat.enter(), "zoe");
  }
  assertEquals(names, [...numbered(600), "zoe"].sort());
});

Deno.test("one user may make twenty rooms; others still make theirs", () => {
  const chat = new Chat(["ann", "bob"]);
  const [ann, bob] = [chat.join("ann"), chat.join("bob")];
  const made = (id: number, room: string) => {
    chat.do(id, { type: "join", ref: 1, room });
    return chat.take(id).map((event) => event.type === "denied" ? event.why : event.type);
  };
  for (let i = 0; i < 20; i++) assertEquals(made(ann, `room${i}`), ["joined"]);
  assertEquals(made(ann, "one-more"), ["you have made 20 rooms, the most allowed for one user"]);
  assertEquals(made(ann, "room3"), ["joined"], "rooms that exist can be entered");
  assertEquals(made(bob, "of-bob"), ["joined"]);
});

Deno.test("nobody fills the disk: what one user says and edits, and the guests of an address, has a rate in bytes", () => {
  const chat = new Chat(["ann", "bob"], { saidBytes: 10_000, saidBytesPerSecond: 100 });
  const [ann, bob] = [chat.join("ann"), chat.join("bob")];
  const text = "x".repeat(1000);
  const rule = "you have sent more than 10000 bytes recently; 100 bytes a second are accepted";
  let number = 0;
  const say = (id: number) => {
    chat.do(id, { type: "say", number: ++number, to: { room: "lobby" }, text });
    return refusal(chat, id);
  };
  const kept = () => chat.store.query({ type: "history", conversation: 1, limit: 100_000 }).messages.length;
  for (let i = 0; i < 10; i++) assertEquals(say(ann), undefined);
  const before = kept();
  for (let i = 0; i < 100; i++) assertEquals(say(ann), rule);
  chat.do(ann, { type: "edit", number: ++number, of: 1, text });
  assertEquals(refusal(chat, ann), rule);
  assertEquals([before, kept()], [10, 10]);
  // What was refused is not owed for: after ten seconds there is room for one.
  chat.pass(10_000);
  assertEquals([say(ann), say(ann)], [undefined, rule]);
  number = 0;
  assertEquals(say(bob), undefined, "others are not affected");

  const guests = [chat.enter("10.0.0.9"), chat.enter("10.0.0.9")];
  for (const guest of guests) chat.do(guest, { type: "enterAsGuest", as: "10.0.0.9" });
  const withoutGuests = kept();
  for (let i = 0; i < 100; i++) chat.do(guests[i % 2]!, { type: "announce", text });
  assertEquals(kept(), withoutGuests + 10);
  // Each hears it once.
  for (const guest of guests) {
    assertEquals(chat.take(guest).filter(({ type }) => type === "denied"), [{ type: "denied", ref: 0, why: rule }]);
  }
});

Deno.test("a mailbox that is full refuses, all mailboxes together too; what arrives makes room again", () => {
  const names = ["ann", "bob", "cy", "dan"];
  const chat = new Chat(names, { waitingBytesPerUser: 2500, waitingBytes: 4000 });
  const ann = chat.join("ann");
  let number = 0;
  const say = (user: string) => {
    chat.do(ann, { type: "say", number: ++number, to: { user }, text: "x".repeat(1000) });
    return refusal(chat, ann);
  };
  assertEquals([say("bob"), say("bob")], [undefined, undefined]);
  assertEquals(say("bob"), "2000 bytes wait for bob already; at most 2500 are kept for one user");
  assertEquals([say("cy"), say("cy")], [undefined, undefined]);
  assertEquals(say("dan"), "4000 bytes wait for absent users already; at most 4000 are kept for all");
  assertEquals(say("ann"), undefined, "what one says to oneself does not wait");
  const bob = chat.enter();
  chat.do(bob, { type: "authenticated", name: "bob" });
  chat.do(bob, { type: "resume", client: "c", answered: 0 });
  assertEquals(chat.hub.size.waitingBytes, 4000, "it waits until it is acknowledged");
  chat.do(bob, { type: "acknowledge", seq: 1000 });
  assertEquals(chat.hub.size.waitingBytes, 2000);
  assertEquals([say("dan"), say("bob")], [undefined, undefined]);
});

Deno.test("many messages in one turn do not get past a full mailbox", () => {
  const chat = new Chat(["ann", "bob"], { waitingBytesPerUser: 2500 });
  const ann = chat.join("ann");
  for (let number = 1; number <= 50; number++) {
    chat.hub.handle(ann, { type: "say", number, to: { user: "bob" }, text: "x".repeat(1000) }, chat.now);
  }
  chat.settle();
  assertEquals(chat.hub.size.waitingBytes, 2000);
  assertEquals(chat.take(ann).filter(({ type }) => type === "notSent").length, 48);
});

Deno.test("lists of members have a rate in names", () => {
  const names = numbered(50);
  const chat = new Chat(names, { listedNames: 500, listedNamesPerSecond: 50 });
  const ids = names.map((name) => chat.join(name));
  const list = (id: number) => {
    chat.do(id, { type: "inRoom", ref: 1, room: "lobby", after: "", limit: 250 });
    const answer = chat.take(id).find(({ type }) => type === "inRoom" || type === "denied");
    return answer?.type === "inRoom" ? answer.users.length : answer?.type === "denied" ? answer.why : undefined;
  };
  const rule = "more than 500 names were listed for you recently; 50 a second are";
  assertEquals(Array.from({ length: 11 }, () => list(ids[0]!)), [...Array(10).fill(50), rule]);
  assertEquals(list(ids[1]!), 50, "others are not affected");
  chat.pass(1000);
  assertEquals([list(ids[0]!), list(ids[0]!)], [50, rule]);
});

Deno.test("an entry bears the wall clock also after a suspend, and never an earlier time than the one before", () => {
  const chat = new Chat(["ann"]);
  const ann = chat.join("ann");
  let number = 0;
  const timeOf = () => {
    chat.do(ann, { type: "say", number: ++number, to: { room: "lobby" }, text: "hello" });
    const told = chat.take(ann).find(({ type }) => type === "entries") as Extract<Event, { type: "entries" }>;
    return told.entries[0]!.time - WALL;
  };
  chat.pass(1000);
  assertEquals(timeOf(), 1000);
  // The machine slept an hour, in which the clock of timers stood still.
  chat.pass(1000, 3_600_000);
  assertEquals(timeOf(), 3_601_000);
  // The clock is set back by half an hour, and goes on from there.
  chat.pass(1000, -1_800_000);
  assertEquals(timeOf(), 3_601_000);
  chat.pass(1000, 1_900_000);
  assertEquals(timeOf(), 3_701_000);
  assertEquals(chat.notes.filter((note) => note.includes("clock")), [
    "the clock of this machine was set forward by 3599 s; nothing is removed for that",
    "the clock of this machine was set back by 1801 s; nothing is removed for that",
    "the clock of this machine was set forward by 1899 s; nothing is removed for that",
  ]);
});

Deno.test("a name that its user chooses is refused by one rule at every listener: taken, alike, reserved, unseen, mixed", () => {
  const names = ["bob", "B0B", "admin", "ca\u200brol", "carol\ufe0f", "\u3164", "\u2800x", "p\u0430ypal", "<carol>"];
  const rules = [
    /^"bob" is /,
    /^"B0B" looks like the name of another user, "bob"$/,
    /^"admin" is reserved/,
    /^a name is 1 to 32 letters/,
    /found U\+FE0F/,
    /found U\+3164/,
    /found U\+2800/,
    /^"p\u0430ypal" mixes letters of scripts/,
    /found U\+003C/,
  ];
  const chat = new Chat(["bob"]);
  const claims: ((id: number, name: string) => Command)[] = [
    (_, name) => ({ type: "hello", name, nonce: NONCE, key: new Uint8Array(32) }),
    (_, name) => ({ type: "claim", name }),
    (_, name) => ({ type: "enterRoom", as: name, room: "lab" }),
    (_, name) => ({ type: "register", name, password: "secret" }),
  ];
  for (const claim of claims) {
    for (const [i, name] of names.entries()) {
      const id = chat.enter();
      const command = claim(id, name);
      // An account is asked for its password.
      if (command.type === "hello" && name === "bob") continue;
      chat.do(id, command);
      const [event] = chat.take(id);
      const why = event?.type === "turnedAway" ? event.why : event?.type === "registered" ? event.why : undefined;
      assertMatch(typeof why === "object" ? why.text : why!, rules[i]!, `${command.type} ${name}`);
    }
  }
});

Deno.test("names of one script, and of scripts that are written together, are no mixture", () => {
  const fine = [
    "Anna-Ünal",
    "Борис",
    "Γιάννης",
    "山田たろう",
    "Sony山田カタカナ",
    "김Kim",
    "أحمد",
    "นก2",
    "ann❤",
    "x_1.2",
  ];
  for (const name of fine) assertEquals(chosenNameFault(name), undefined, name);
});
