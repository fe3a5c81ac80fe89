import { assertEquals } from "@std/assert";
import { type Limits, limits } from "../lib/core/limits.ts";
import { Accounts } from "../lib/chat/accounts.ts";
import type { Target } from "../lib/chat/entry.ts";
import { type ClientConnectionOwner, openDatagrams } from "../lib/client/connections.ts";
import { runNative } from "../lib/client/join.ts";
import type { Runner } from "../lib/client/runner.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import type { ClientEvent } from "../lib/protocols/native/client_event.ts";
import { ReconnectingClient, type ReconnectingOutput } from "../lib/protocols/native/reconnecting.ts";
import { openServer, type Server } from "../lib/server/server.ts";
import { Identity } from "../lib/store/identity.ts";
import { Passwords } from "../lib/store/passwords.ts";
import { authMessage, passwordProof, ProofVerifier, Prover } from "../lib/store/proofs.ts";
import { Folder } from "./support/programs.ts";
import { until } from "./support/wire.ts";

/** One mailbox user over a real socket with a key of its own. */
class MailboxUser {
  /** What was shown, and how many messages of this user were told to have arrived. */
  readonly texts: string[] = [];
  delivered = 0;
  #page: Extract<ClientEvent, { type: "history" }> | undefined;
  readonly native = new NativeClient({ client: crypto.randomUUID().slice(0, 8) });
  readonly #machine: ReconnectingClient<NativeClient>;
  readonly #ended = Promise.withResolvers<void>();
  #runner: Runner<ReconnectingOutput, ReconnectingClient<NativeClient>> | undefined;
  refused = "";

  constructor(readonly name: string, readonly prover: Prover, password = "12345") {
    const login = { name, password, interactive: false };
    this.#machine = new ReconnectingClient(this.native, { framing: "messages", login, detectsDeadPeers: true });
  }

  async join(port: number): Promise<this> {
    const open = (owner: ClientConnectionOwner) => openDatagrams({ host: "127.0.0.1", port }, owner);
    this.#runner = runNative(this.#machine, open, this.prover, (output) => {
      if (output.type === "event") this.#happened(output.event);
      else if (output.type === "refused") this.refused = output.why;
      else if (output.type === "ended") {
        this.refused ||= output.why ?? "left";
        this.#ended.resolve();
      }
    });
    this.#runner.input((machine) => machine.start());
    await until(() => this.native.isLoggedIn || this.refused !== "", `${this.name} is in`, 60_000);
    return this;
  }

  say(to: Target, text: string): void {
    this.#runner!.input((machine, now) => machine.use((native) => native.say(to, text, now)));
  }

  async history(of: Target, before: number | undefined): Promise<Extract<ClientEvent, { type: "history" }>> {
    this.#page = undefined;
    const question = { type: "history", of, before, limit: 250 } as const;
    this.#runner!.input((machine) => machine.use((native) => native.ask(question)));
    await until(() => this.#page !== undefined, "the page has come");
    return this.#page!;
  }

  async leave(): Promise<void> {
    this.#runner!.input((machine, now) => machine.stop(0, now));
    await this.#ended.promise;
  }

  #happened(event: ClientEvent): void {
    if (event.type === "message") this.texts.push(event.message.text);
    else if (event.type === "delivered") this.delivered++;
    else if (event.type === "history") this.#page = event;
  }
}

class MailboxServer {
  private constructor(readonly instance: Server, readonly folder: Folder) {}

  static async open(given: Partial<Limits> = {}, accounts = new Accounts(new Map())): Promise<MailboxServer> {
    const folder = new Folder();
    const data = `${folder.path}/data`;
    const plan = { host: "127.0.0.1", listeners: { mailbox: 0 }, data, trace: false, limits: limits(given) };
    return new MailboxServer(await openServer(plan, accounts, () => {}), folder);
  }

  get port(): number {
    return this.instance.listeners[0]!.port;
  }

  prover(name: string): Prover {
    return new Prover(new Identity(`${this.folder.path}/${name}`));
  }

  user(name: string, password?: string): Promise<MailboxUser> {
    return new MailboxUser(name, this.prover(name), password).join(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.stop();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("a client proves its password without sending it, for plain and scrypt entries, and the server proves its knowledge", async () => {
  const salt = new Uint8Array(16).fill(7);
  const { scryptSync } = await import("node:crypto");
  const key = new Uint8Array(scryptSync("open sesame", salt, 32, { N: 16, r: 8, p: 1 }));
  const accounts = new Accounts(
    new Map([["alice", { type: "plain", password: "12345" }], [
      "bob",
      { type: "scrypt", logN: 4, r: 8, p: 1, salt, key },
    ]]),
  );
  await using mailbox = await MailboxServer.open({}, accounts);
  const alice = await mailbox.user("alice");
  const bob = await mailbox.user("bob", "open sesame");
  assertEquals([alice.refused, bob.refused], ["", ""]);
  const guess = await mailbox.user("bob", "open says me");
  assertEquals(guess.refused, "wrong password");
  for (const user of [alice, bob, guess]) await user.leave();
});

Deno.test("a name belongs to its key: another key is refused", async () => {
  await using mailbox = await MailboxServer.open();
  const carol = await mailbox.user("carol");
  using elsewhere = new Folder();
  const thief = await new MailboxUser("carol", new Prover(new Identity(elsewhere.path))).join(mailbox.port);
  assertEquals(
    thief.refused,
    '"carol" is held by another key, that of another machine or of other --data',
  );
  const odd = await new MailboxUser("no\u202ename", mailbox.prover("odd")).join(mailbox.port);
  assertEquals(odd.refused.startsWith("a name is 1 to 32 letters"), true);
  for (const user of [carol, thief, odd]) await user.leave();
});

Deno.test("the longest text arrives complete, whatever its characters take in JSON", async () => {
  await using mailbox = await MailboxServer.open();
  const [alice, bob] = [await mailbox.user("alice"), await mailbox.user("bob")];
  const text = "\u0001".repeat(limits().textBytes);
  alice.say({ user: "bob" }, text);
  await until(() => bob.texts.length > 0, "it has come");
  assertEquals(bob.texts, [text]);
  for (const user of [alice, bob]) await user.leave();
});

Deno.test("a client that sends more at once than a transport takes has everything confirmed, in order", async () => {
  await using mailbox = await MailboxServer.open({ burstCommands: 1_000_000 });
  const alice = await mailbox.user("alice");
  const texts = Array.from({ length: 9000 }, (_, i) => `${i} of many`);
  for (const text of texts) alice.say({ room: "lobby" }, text);
  await until(() => alice.native.waiting === 0, "all is confirmed", 60_000);
  const kept: string[] = [];
  for (let before: number | undefined, more = true; more;) {
    const page = await alice.history({ room: "lobby" }, before);
    kept.unshift(...page.messages.map(({ text }) => text));
    before = page.messages[0]?.seq;
    more = page.more;
  }
  assertEquals(kept, texts);
  await alice.leave();
});

Deno.test("a password proof is not refused because another prover has disconnected", async () => {
  const passwords = new Passwords(1);
  const proofs = new ProofVerifier(passwords);
  const secret = { type: "plain", password: "12345" } as const;
  const challenge = {
    ...{ how: "password", nonce: proofs.bytes(16), salt: proofs.bytes(16) } as const,
    ...{ logN: 4, r: 8, p: 1, keyBytes: 32 },
  };
  const key = await passwords.deriveKey("12345", challenge);
  const { client: proof } = passwordProof(key, authMessage("alice", "n", challenge.nonce, challenge.salt));
  const proving = { name: "alice", nonce: "n", challenge, by: { type: "password", secret }, proof } as const;
  const ask = (waits: boolean) => proofs.verify(proving, { address: "", isWaiting: () => waits });
  const [left, stayed] = await Promise.all([ask(false), ask(true)]);
  assertEquals([left.right, stayed.right], [false, true]);
});

Deno.test("keys created at the same time are all stored, whatever the names", async () => {
  using folder = new Folder();
  const names = ["alice", "bob", "constructor"];
  const made = await Promise.all(names.map((name) => new Identity(folder.path).key(name)));
  const read = await Promise.all(names.map((name) => new Identity(folder.path).key(name)));
  assertEquals(read.map(({ publicKey }) => publicKey), made.map(({ publicKey }) => publicKey));
});

const USERS = 500;

Deno.test(`${USERS} users on one server socket, half of them away: each receives exactly what was missed`, async () => {
  // A connection that closes counts until it is closed.
  const given = { connections: 2 * USERS, burstCommands: 1_000_000, registrationsPerHour: USERS };
  await using mailbox = await MailboxServer.open(given);
  const names = Array.from({ length: USERS }, (_, i) => `u${i}`);
  const users: MailboxUser[] = [];
  for (let i = 0; i < USERS; i += 50) {
    users.push(...await Promise.all(names.slice(i, i + 50).map((name) => mailbox.user(name))));
  }
  assertEquals(mailbox.instance.hub.size.online, USERS);
  const away = users.slice(USERS / 2);
  for (let i = 0; i < away.length; i += 50) await Promise.all(away.slice(i, i + 50).map((user) => user.leave()));
  const here = users.slice(0, USERS / 2);
  here.forEach((user, i) => {
    for (const text of ["first", "second"]) {
      user.say({ user: away[i]!.name }, `${text} for ${away[i]!.name}`);
    }
  });
  here[0]!.say({ room: "lobby" }, "for all");
  await until(() => here.every((user) => user.native.waiting === 0), "all is confirmed", 60_000);
  const back: MailboxUser[] = [];
  for (let i = 0; i < away.length; i += 50) {
    back.push(...await Promise.all(away.slice(i, i + 50).map((user) => mailbox.user(user.name))));
  }
  await until(() => back.every(({ texts }) => texts.length >= 3), "all have come", 60_000);
  for (const { name, texts } of back) {
    assertEquals(texts.filter((text) => text !== "for all"), [`first for ${name}`, `second for ${name}`]);
    assertEquals(texts.filter((text) => text === "for all").length, 1);
  }
  await until(() => here.every(({ delivered }) => delivered === 2), "every sender knows", 60_000);
  await Promise.all([...here, ...back].map((user) => user.leave()));
});
