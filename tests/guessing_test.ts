import { assert, assertEquals } from "@std/assert";
import { type Accounts, decodeUsers } from "../lib/chat/accounts.ts";
import type { Effect } from "../lib/chat/effect.ts";
import { Hub } from "../lib/chat/hub.ts";
import { LoginQueue } from "../lib/chat/login_queue.ts";
import { type Limits, limits } from "../lib/core/limits.ts";
import type { Store } from "../lib/chat/store.ts";
import { settled } from "./support/settled.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { PasswordGate } from "../lib/server/password_gate.ts";

const STEP_MS = 50;
/** One scrypt computation takes so long here. */
const SCRYPT_MS = 350;
const ENTRY = "$scrypt$ln=4,r=8,p=1$Kz7hMbMw1T0cH1Jx6Q6W0A$ne4xJvxBl0ny8zFXcpuxBd6dWI0uDsv5hbEfF9DVtcU";

interface Client {
  readonly address: string;
  readonly name: string;
  readonly password: string;
  readonly began: number;
  /** What is said once it is answered. */
  readonly answered: (right: boolean) => void;
}

/** Logins at a hub, on a virtual clock; an scrypt computation is right if the password is "right". */
class Logins {
  readonly hub: Hub;
  now = 0;
  guesses = 0;
  /** Sessions that were told why they wait. */
  readonly told = new Map<number, string>();
  readonly #clients = new Map<number, Client>();
  #computing: { readonly session: number; readonly right: boolean; readonly until: number }[] = [];
  #lastId = 0;

  constructor(users: string, given: Partial<Limits> = {}, readonly store?: Store) {
    const options = store && { snapshot: store.snapshot, randomness: RANDOMNESS };
    this.hub = new Hub(decodeUsers(users) as Accounts, limits({ hashesAtOnce: 2, ...given }), options);
  }

  get computing(): number {
    return this.#computing.length;
  }

  login(address: string, name: string, password: string, answered: Client["answered"] = () => {}): number {
    const id = ++this.#lastId;
    this.#clients.set(id, { address, name, password, began: this.now, answered });
    this.hub.addSession(id, address);
    this.hub.handle(id, { type: "login", name, password }, this.now);
    this.#drain();
    return id;
  }

  /** Logs in; how long it took is known after `pass`. */
  rightLogin(address: string, name: string): { took: number | undefined } {
    const result = { took: undefined as number | undefined };
    const began = this.now;
    this.login(address, name, "right", (right) => {
      assert(right, `${name} is refused`);
      result.took = this.now - began;
    });
    return result;
  }

  /** Guesses as fast as it can from an address with so many connections. */
  guess(address: string, connections: number, nameOf: () => string): void {
    const next = () => {
      this.login(address, nameOf(), `guess ${this.guesses}`, (right) => {
        assert(!right);
        this.guesses++;
        // On a connection of its own, since this one is answering.
        this.#next.push(next);
      });
    };
    for (let i = 0; i < connections; i++) next();
  }
  #next: (() => void)[] = [];

  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += STEP_MS;
      const done = this.#computing.filter(({ until }) => until <= this.now);
      this.#computing = this.#computing.filter(({ until }) => until > this.now);
      for (const { session, right } of done) {
        this.hub.handle(session, { type: "checked", right }, this.now);
        this.#drain();
      }
      this.hub.tick(this.now, this.now);
      this.#drain();
      // As many as fit between two ticks of the server: 165,000 a minute.
      for (let i = 0; i < 140 && this.#next.length > 0; i++) this.#next.shift()!();
    }
  }

  #drain(): void {
    if (this.store) { for (const effect of settled(this.hub, this.store, this.now)) this.#perform(effect); }
    for (let effects = this.hub.takeOutputs(); effects.length > 0; effects = this.hub.takeOutputs()) {
      for (const effect of effects) this.#perform(effect);
    }
  }

  #perform(effect: Effect): void {
    if (effect.type === "check") {
      const right = this.#clients.get(effect.session)!.password === "right";
      this.#computing.push({ session: effect.session, right, until: this.now + SCRYPT_MS });
    }
    if (effect.type !== "tell") return;
    const [id] = effect.to as [number];
    const { event } = effect;
    if (event.type === "loginWaits") this.told.set(id, event.why);
    if (event.type !== "welcome" && event.type !== "turnedAway") return;
    const client = this.#clients.get(id);
    if (!client) return;
    this.#clients.delete(id);
    this.hub.handle(id, { type: "leave", why: "" }, this.now);
    client.answered(event.type === "welcome");
  }
}

const RANDOMNESS = { bytes: (count: number) => new Uint8Array(count), salt: () => new Uint8Array(16) };
const NAMES = Array.from({ length: 1000 }, (_, i) => `user${i}`);
const plain = NAMES.map((name) => `${name} right\n`).join("");
const slow = NAMES.map((name) => `${name} ${ENTRY}\n`).join("");
const address = (i: number) => `10.1.${i >> 8}.${i & 255}`;
const MINUTE_MS = 60_000;

Deno.test("one address guesses 120 passwords in a minute across names, where it was 164,715", () => {
  const logins = new Logins(plain);
  let at = 0;
  logins.guess("10.0.0.1", 64, () => NAMES[at++ % 1000]!);
  logins.pass(MINUTE_MS);
  assertEquals(logins.guesses, 120);
});

Deno.test("the addresses of an IPv6 /64 are one address", () => {
  const logins = new Logins(plain);
  let at = 0;
  for (let i = 0; i < 64; i++) logins.guess(`2001:db8:1:2::${i + 1}`, 1, () => NAMES[at++ % 1000]!);
  logins.pass(MINUTE_MS);
  assertEquals(logins.guesses, 120);
});

Deno.test("500 addresses guess 50 passwords of one name in a minute, where it was 157,808", () => {
  const logins = new Logins(plain);
  for (let i = 0; i < 500; i++) logins.guess(address(i), 2, () => "user7");
  logins.pass(MINUTE_MS);
  assertEquals(logins.guesses, 50);
});

Deno.test("500 addresses guess 900 passwords of all names in a minute", () => {
  const logins = new Logins(plain);
  let at = 0;
  for (let i = 0; i < 500; i++) logins.guess(address(i), 2, () => NAMES[at++ % 1000]!);
  logins.pass(MINUTE_MS);
  assertEquals(logins.guesses, 900);
});

Deno.test("simultaneous guesses of one name from one address count like successive ones: 25 in a minute", () => {
  const logins = new Logins(plain);
  logins.guess("10.0.0.1", 64, () => "user7");
  logins.pass(MINUTE_MS);
  assertEquals(logins.guesses, 25);
});

for (const [what, users] of [["plain passwords", plain], ["scrypt entries", slow]] as const) {
  Deno.test(`300 guessing addresses, ${what}: the right password is not kept out, and goes ahead where it was right before`, () => {
    const logins = new Logins(users);
    logins.rightLogin("10.2.0.1", "user7");
    logins.pass(1000);
    for (let i = 0; i < 300; i++) logins.guess(address(i), 1, () => "user7");
    logins.pass(2000);
    const before = logins.rightLogin("10.2.0.1", "user7");
    logins.pass(2 * SCRYPT_MS);
    assert(before.took !== undefined, "from where it was right before, it goes ahead");
    const elsewhere = logins.rightLogin("10.2.0.2", "user7");
    const another = logins.rightLogin("10.2.0.3", "user8");
    logins.pass(MINUTE_MS);
    assert(another.took! <= 3000, `another name waits ${another.took} ms`);
    assert(elsewhere.took! <= 7000, `from a new address it waits ${elsewhere.took} ms`);
  });

  Deno.test(`300 guessing addresses, ${what}: the right password goes ahead where it was right before the server was started again`, () => {
    const store = new ChatStore(":memory:");
    const before = new Logins(users, {}, store);
    // The first client of the chat: from then on it is kept.
    before.hub.addSession(0, "10.2.0.9");
    before.hub.handle(0, { type: "authenticated", name: "user1" }, 0);
    const session = before.rightLogin("10.2.0.1", "user7");
    before.pass(1000);
    assert(session.took !== undefined);
    const logins = new Logins(users, {}, store);
    for (let i = 0; i < 300; i++) logins.guess(address(i), 1, () => "user7");
    logins.pass(2000);
    const again = logins.rightLogin("10.2.0.1", "user7");
    logins.pass(2 * SCRYPT_MS);
    assert(again.took !== undefined, "it waits");
    store.close();
  });

  Deno.test(`500 wrong logins from one address, ${what}: who is right at that address waits a few seconds at most`, () => {
    const logins = new Logins(users);
    logins.rightLogin("10.0.0.1", "user3");
    logins.pass(1000);
    for (let i = 0; i < 500; i++) logins.login("10.0.0.1", NAMES[i]!, "wrong");
    const known = logins.rightLogin("10.0.0.1", "user3");
    const fresh = logins.rightLogin("10.0.0.1", "user999");
    const attacked = logins.rightLogin("10.0.0.1", "user8");
    logins.pass(MINUTE_MS);
    assert(known.took! <= 3 * SCRYPT_MS, `${known.took} ms`);
    assert(fresh.took! <= 4000, `${fresh.took} ms`);
    assert(attacked.took! <= 5000, `${attacked.took} ms`);
  });
}

Deno.test("a class of 60 with scrypt entries: both cores compute all the time, those who were in before come first, and those who wait are told", () => {
  const logins = new Logins(slow);
  for (const name of NAMES.slice(0, 20)) logins.rightLogin("10.0.0.1", name);
  logins.pass(MINUTE_MS);
  logins.told.clear();
  // The names that have logged in before come last.
  const all = NAMES.slice(0, 60).reverse().map((name) => [name, logins.rightLogin("10.0.0.1", name)] as const);
  logins.pass(STEP_MS);
  assertEquals(logins.computing, 2);
  logins.pass(MINUTE_MS);
  const order = all.toSorted((one, other) => one[1].took! - other[1].took!).map(([name]) => Number(name.slice(4)));
  // The first two were there while nobody else was.
  assert(order.slice(2, 22).every((number) => number < 20), order.join(" "));
  assert(Math.max(...all.map(([, { took }]) => took!)) <= 60 / 2 * (SCRYPT_MS + STEP_MS));
  assertEquals([...new Set(logins.told.values())], ["other passwords are being checked"]);
  assert(logins.told.size >= 50);
  assertEquals(logins.hub.size.heldLogins, 0);
});

Deno.test("a login that waits is answered in its turn, and forgotten if its session ends", () => {
  const logins = new Logins(plain, { freeFailures: 1, failureDelayMs: 1000 });
  logins.login("x", "user1", "wrong");
  logins.login("y", "user2", "wrong");
  const first = logins.rightLogin("x", "user1");
  const left = logins.login("y", "user2", "right", () => assert(false, "it has left"));
  assertEquals(logins.hub.size.heldLogins, 2);
  logins.hub.handle(left, { type: "leave", why: "" }, 0);
  assertEquals(logins.hub.size.heldLogins, 1);
  logins.pass(2000);
  assertEquals([first.took, logins.hub.size.heldLogins], [1000, 0]);
});

Deno.test("what is remembered of failed logins is bounded, and is forgotten after a quarter of an hour", () => {
  const queue = new LoginQueue(limits({ failureEntries: 10, allFailures: 100_000, addressFailures: 100_000 }), 1);
  const fail = (name: string, now: number) => queue.finished(queue.add(name, "10.0.0.1", false, now), false, now);
  for (let i = 0; i < 1000; i++) fail(`nobody${i}`, i);
  assertEquals(queue.failureEntries, 10 + 10 + 1);
  fail("user7", 1000 + 15 * MINUTE_MS);
  assertEquals(queue.failureEntries, 3);
});

Deno.test("the password of the server's page: one address tries 25 a minute, and another one is not kept waiting", async () => {
  let now = 0;
  const gate = new PasswordGate(limits({ failureDelayMs: 20 }), () => now);
  const { signal } = new AbortController();
  let checked = 0;
  const guesses = Array.from({ length: 40 }, () => gate.isRight("10.0.0.1", () => (checked++, false), signal));
  await Promise.resolve();
  assertEquals(checked, 5, "the others wait");
  assertEquals(await gate.isRight("10.0.0.2", () => true, signal), true);
  const gone = new AbortController();
  const givenUp = gate.isRight("10.0.0.1", () => true, gone.signal);
  gone.abort();
  assertEquals(await givenUp, false);
  for (let left = 35; left > 0; left--) {
    now += 20;
    const before: number = checked;
    await new Promise((resolve) => setTimeout(resolve, 25));
    assert(checked <= before + 1, "one at a time");
  }
  gate.close();
  assertEquals((await Promise.all(guesses)).every((right) => !right), true);
});
