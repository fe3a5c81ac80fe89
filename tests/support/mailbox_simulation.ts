import { Accounts } from "../../lib/chat/accounts.ts";
import { Hub } from "../../lib/chat/hub.ts";
import type { Target } from "../../lib/chat/entry.ts";
import type { Address } from "../../lib/core/address.ts";
import { limits } from "../../lib/core/limits.ts";
import { ConnectionLimiter } from "../../lib/core/limiters.ts";
import { DatagramDialer, type DialerOutput } from "../../lib/protocols/datagram/dialer.ts";
import type { DatagramLink } from "../../lib/protocols/datagram/link.ts";
import { datagramOptions } from "../../lib/protocols/datagram/options.ts";
import { NativeClient } from "../../lib/protocols/native/client.ts";
import type { ClientEvent } from "../../lib/protocols/native/client_event.ts";
import { ReconnectingClient, type ReconnectingOutput } from "../../lib/protocols/native/reconnecting.ts";
import { MAILBOX_PROTOCOL } from "../../lib/protocols/native/server.ts";
import { DatagramSessions } from "../../lib/server/datagram_listener.ts";
import type { Platform } from "../../lib/server/platform.ts";
import { SessionRunner } from "../../lib/server/runner.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import type { StoreEvent, StorePort } from "../../lib/store/worker_store.ts";
import { checksum } from "./datagram_simulation.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";
import { VirtualUdp } from "./virtual_udp.ts";

/** The observations of one run. */
export interface MailboxReport {
  readonly seed: number;
  readonly problems: string[];
  /** Confirmed by the server. */
  readonly confirmed: number;
  /** Shown to a user. */
  readonly shown: number;
  readonly crashes: number;
  readonly clientCrashes: number;
  readonly reconnects: number;
}

/** The difficulty of a run. */
export interface MailboxConditions {
  readonly users: number;
  readonly messages: number;
  readonly loss: number;
  readonly serverCrashes: number;
}

const LIMITS = limits({ burstCommands: 1_000_000 });
const NOBODY = "nobody";
const WALL = 1_700_000_000_000;
const SERVER: Address = { hostname: "server", port: 1 };
const ACTIVE_MS = 120_000;
const CALM_MS = 600_000;
const MAX_DOWN_MS = 20_000;

/** The disk of the server's machine, and the thread that writes it: each answer takes a while, and at a batch it may crash. */
class CrashingStore {
  readonly disk = new ChatStore(":memory:");
  /** Batches until the crash; Infinity for none. */
  batchesLeft = Infinity;
  /** When the thread has done everything that it was asked. */
  #freeAt = 0;

  constructor(readonly time: VirtualTime, readonly random: Random) {}

  /** What one run of the server sees; `crashed` is called before a batch is written, or before anybody knows that it is. */
  port(alive: () => boolean, crashed: () => void): StorePort {
    const work = (act: () => StoreEvent | undefined) => {
      const { time, random } = this;
      this.#freeAt = Math.max(this.#freeAt, time.now) +
        (random.chance(0.05) ? random.whole(20, 500) : random.whole(0, 5));
      time.in(this.#freeAt - time.now, () => {
        const event = alive() ? act() : undefined;
        if (event) port.onEvent(event);
      });
    };
    const port: StorePort = {
      snapshot: this.disk.snapshot,
      onEvent: () => {},
      append: (batch) =>
        work(() => {
          const crashes = --this.batchesLeft < 1;
          if (crashes && this.random.chance(0.5)) return void crashed();
          this.disk.append(batch);
          return crashes ? void crashed() : { type: "committed", batches: 1 };
        }),
      query: (id, query) => work(() => ({ type: "answered", id, answer: this.disk.query(query) })),
      close: () => Promise.resolve(),
    };
    return port;
  }

  /** The number of a message that a user has said, by its first text. */
  seqOf(from: string, to: string, text: string): number | undefined {
    const { users, pairs } = this.disk.snapshot;
    const [one, other] = [from, to].map((name) => users.find((user) => user.name === name)?.id);
    const pair = pairs.find(({ users }) => users.includes(one!) && users.includes(other!));
    if (!pair) return undefined;
    const { messages } = this.disk.query({ type: "history", conversation: pair.id, limit: 100_000 });
    const first = (seq: number) => this.disk.query({ type: "versions", seq }).texts[0]?.text;
    return messages.find((message) => message.from === from && first(message.seq) === text)?.seq;
  }
}

/** Accepts every proof at once; authentication is not under test here. */
class TrustingHub extends Hub {
  onProof: (session: number) => void = () => {};

  override takeOutputs(): ReturnType<Hub["takeOutputs"]> {
    const outputs = super.takeOutputs();
    for (const output of outputs) if (output.type === "prove") this.onProof(output.session);
    return outputs.filter(({ type }) => type !== "prove");
  }
}

/** The server's machine: crashes and restarts with what its store has committed. */
class VirtualServer {
  readonly store: CrashingStore;
  crashes = 0;
  #generation = 0;
  #runner: SessionRunner | undefined;

  constructor(readonly time: VirtualTime, readonly random: Random, readonly udp: VirtualUdp) {
    this.store = new CrashingStore(time, random);
    this.up();
  }

  up(): void {
    const generation = ++this.#generation;
    const { time, random, store } = this;
    store.batchesLeft = Infinity;
    const alive = () => generation === this.#generation;
    const soon = (ms: number, act: () => void) => time.in(ms, () => alive() ? act() : undefined);
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => random.whole(0, 255));
    const platform: Platform = {
      now: () => time.now,
      wallTime: () => WALL + time.now,
      soon: (turn) => soon(0, turn),
      dial: () => {},
      probe: () => {},
      verify: () => Promise.reject(new Error("nobody says a password")),
      prove: () => Promise.reject(new Error("proofs are accepted by the hub")),
    };
    const port = store.port(alive, () => this.#down());
    const randomness = { bytes, salt: () => bytes(16) };
    const hub = new TrustingHub(new Accounts(new Map()), LIMITS, { snapshot: port.snapshot, randomness });
    const runner = this.#runner = new SessionRunner(hub, platform, LIMITS, port);
    hub.onProof = (session) =>
      soon(0, () => {
        runner.beginTurn();
        runner.command(session, { type: "checked", right: true });
        runner.drain();
      });
    let flushing = false;
    const sessions = new DatagramSessions(MAILBOX_PROTOCOL, runner, new ConnectionLimiter(LIMITS), LIMITS, {
      bytes,
      mac: checksum,
      now: () => time.now,
      send: (place, datagram) => alive() ? this.udp.send(SERVER, place, datagram) : undefined,
      flushSoon() {
        if (flushing) return;
        flushing = true;
        soon(0, () => {
          flushing = false;
          sessions.flush();
        });
      },
    });
    this.udp.bind(SERVER, (from, datagram) => {
      if (alive()) sessions.receive(from, datagram);
    });
    const tick = () => {
      runner.tick();
      sessions.tick();
      soon(50, tick);
    };
    soon(0, tick);
  }

  /** Crashes now, or at one of the next batches. */
  crash(): void {
    if (this.random.chance(0.3)) this.#down();
    else this.store.batchesLeft = this.random.whole(1, 6);
  }

  /** Whether it is up, and everything is written. */
  get isIdle(): boolean {
    return this.#runner?.hub.isIdle ?? false;
  }

  #down(): void {
    this.crashes++;
    this.#generation++;
    this.udp.unbind(SERVER);
    this.#runner = undefined;
    this.time.in(this.random.whole(100, MAX_DOWN_MS), () => this.up());
  }
}

/** One user at one client, which continues after a crash with what is on its disk. */
class VirtualUser {
  readonly shown: { from: string; text: string; where: string }[] = [];
  /** Confirmed messages by text. */
  readonly sent: string[] = [];
  readonly delivered: string[] = [];
  /** Up to where each other user has received what this one said. */
  readonly received = new Map<string, number>();
  /** Messages that were refused. */
  readonly failed: string[] = [];
  /** Own messages by number, and where they were said. */
  readonly own = new Map<number, Target>();
  /** Edits of own messages by text, and those of others that were shown. */
  readonly edits = new Map<string, Target>();
  readonly edited: string[] = [];
  readonly texts = new Map<string, { to: Target; text: string }>();
  readonly #seen = new Map<string, number>();
  /** Messages of clients that were killed later. */
  readonly earlier = new Set<string>();
  /** Those of them without an answer: they may or may not be stored. */
  readonly doubtful = new Set<string>();
  #client!: NativeClient;
  #machine!: ReconnectingClient<NativeClient>;
  #dialer: DatagramDialer | undefined;
  #link: DatagramLink | undefined;
  #place: Address;
  #run = 0;
  #dead = false;
  #moves = 0;
  #said = 0;
  reconnects = 0;
  crashes = 0;

  constructor(
    readonly name: string,
    readonly time: VirtualTime,
    readonly random: Random,
    readonly udp: VirtualUdp,
    readonly problems: string[],
  ) {
    this.#place = this.#newPlace();
    this.#start();
  }

  get settled(): boolean {
    return !this.#dead && this.#client.isLoggedIn && this.#client.settled;
  }

  say(to: Target): void {
    if (this.#dead) return;
    const text = `${this.name} ${++this.#said}`;
    const said = this.#use((machine) => machine.use((native) => native.say(to, text, this.time.now)));
    if ("id" in said) this.texts.set(said.id, { to, text });
    this.#stir();
  }

  /** Changes one of its messages. */
  edit(): void {
    if (this.#dead || this.own.size === 0) return;
    const [seq, to] = this.random.pick([...this.own]);
    const text = `${this.name} edit ${++this.#said}`;
    const said = this.#use((machine) => machine.use((native) => native.edit(seq, to, text, this.time.now)));
    if ("id" in said) this.edits.set(text, to);
    this.#stir();
  }

  /** The network gives this client another address. */
  move(): void {
    this.udp.unbind(this.#place);
    this.#place = this.#newPlace();
    this.#bind();
  }

  /** Kills and restarts the client. */
  crash(): void {
    if (this.#dead) return;
    this.crashes++;
    for (const { text } of this.texts.values()) {
      this.earlier.add(text);
      if (!this.sent.includes(text) && !this.failed.includes(text)) this.doubtful.add(text);
    }
    for (const text of this.edits.keys()) this.doubtful.add(text);
    this.udp.unbind(this.#place);
    this.#dialer = this.#link = undefined;
    this.#dead = true;
    this.#place = this.#newPlace();
    this.time.in(this.random.whole(10, 10_000), () => this.#start());
  }

  #newPlace(): Address {
    return { hostname: `${this.name}.${this.#moves++}`, port: 1 };
  }

  #start(): void {
    const run = ++this.#run;
    this.#dead = false;
    this.#client = new NativeClient({ client: `${this.name}-${run}`, shown: new Map([[this.name, this.#seen]]) });
    this.#connect(() => run === this.#run);
  }

  /** The client's machine, from its first connection on; it ends when that fails, and is started again. */
  #connect(current: () => boolean): void {
    if (!current()) return;
    const machine = this.#machine = new ReconnectingClient(this.#client, {
      framing: "messages",
      login: { name: this.name, password: undefined, interactive: false },
      detectsDeadPeers: true,
    });
    const tick = () => {
      if (this.#machine !== machine || !current()) return;
      if (machine.wakeAt <= this.time.now) this.#use((machine) => machine.tick(this.time.now));
      this.time.in(20, tick);
    };
    this.#use((machine) => machine.start());
    tick();
  }

  /** Gives the client an input, then does what it wants done. */
  #use<R>(input: (machine: ReconnectingClient<NativeClient>) => R): R {
    const machine = this.#machine;
    const result = input(machine);
    for (let outputs = machine.takeOutputs(); outputs.length > 0; outputs = machine.takeOutputs()) {
      for (const output of outputs) this.#perform(output);
      this.#stir();
    }
    return result;
  }

  #perform(output: ReconnectingOutput): void {
    const run = this.#run;
    switch (output.type) {
      case "connect":
        return this.#dial(() => run === this.#run);
      case "write":
        return void this.#link?.send(output.bytes);
      case "identify":
        return this.#machine.login((login) => login.identified("nonce", new Uint8Array(32)));
      case "prove":
        return this.#machine.login((login) => login.proven(output.nonce, new Uint8Array(3), undefined));
      case "event":
        return this.#happened(output.event);
      case "refused":
      case "abort":
        return void this.problems.push(`${this.name}: ${output.why}`);
      case "shown":
        return void this.#seen.set(output.store, output.seq);
      case "ended":
        return this.time.in(this.random.whole(500, 1000), () => this.#connect(() => run === this.#run));
    }
  }

  #dial(current: () => boolean): void {
    if (!current()) return;
    this.reconnects++;
    const random8 = Uint8Array.from({ length: 8 }, () => this.random.whole(0, 255));
    const dialer = this.#dialer = new DatagramDialer(SERVER, datagramOptions(), random8);
    this.#bind();
    this.#useDialer(() => dialer.start(this.time.now));
    const tick = () => {
      if (this.#dialer !== dialer) return;
      this.#useDialer(() => dialer.tick(this.time.now));
      this.time.in(20, tick);
    };
    this.time.in(20, tick);
  }

  #bind(): void {
    const dialer = this.#dialer;
    this.udp.bind(this.#place, (_from, datagram) => {
      if (!dialer || this.#dialer !== dialer) return;
      this.#useDialer(() => dialer.receive(datagram, this.time.now));
      for (let message = this.#link?.read(); message; message = this.#link?.read()) {
        const bytes = message;
        this.#use((machine) => machine.receive(bytes, this.time.now));
      }
      this.#use((machine) => machine.turnEnded(this.time.now));
      this.#stir();
    });
  }

  /** Gives the dialer an input, then does what it wants done. */
  #useDialer(input: (dialer: DatagramDialer) => void): void {
    const dialer = this.#dialer!;
    input(dialer);
    for (const output of dialer.takeOutputs()) if (this.#dialer === dialer) this.#performDialer(output);
  }

  #performDialer(output: DialerOutput): void {
    switch (output.type) {
      case "send":
        return this.udp.send(this.#place, output.address, output.datagram);
      case "opened": {
        const link = this.#link = output.link;
        return this.time.in(0, () => {
          if (this.#link === link) this.#use((machine) => machine.opened(this.time.now));
        });
      }
      case "ended":
        return this.#down();
    }
  }

  #down(): void {
    this.#dialer = this.#link = undefined;
    this.#use((machine) => machine.disconnected("lost", this.time.now, this.random.next()));
  }

  #stir(): void {
    const dialer = this.#dialer;
    this.time.in(0, () => {
      if (dialer && this.#dialer === dialer) this.#useDialer(() => dialer.flush(this.time.now));
    });
  }

  #happened(happening: ClientEvent): void {
    switch (happening.type) {
      case "message": {
        const { from, to, text } = happening.message;
        if (happening.own) return;
        this.shown.push({ from, text, where: "user" in to ? "me" : to.room });
        return;
      }
      case "edited":
        return happening.own ? undefined : void this.edited.push(happening.text);
      case "sent":
      case "stored":
        if (happening.type === "sent") this.sent.push(this.texts.get(happening.id)!.text);
        if (happening.seq !== undefined) this.own.set(happening.seq, happening.to);
        return;
      case "delivered":
        return void this.delivered.push(this.texts.get(happening.id)?.text ?? happening.id);
      case "received":
        return this.#hasReceived(happening.by, happening.upTo);
      case "conversations":
        for (const { of, received } of happening.list) if ("user" in of) this.#hasReceived(of.user, received);
        return;
      case "failed":
        return void this.failed.push(this.texts.get(happening.id ?? "")?.text ?? happening.why);
      case "denied":
        return void this.problems.push(`${this.name}: ${happening.why}`);
    }
  }

  #hasReceived(by: string, upTo: number): void {
    this.received.set(by, Math.max(this.received.get(by) ?? 0, upTo));
  }
}

/** Mailbox users on a bad network, determined by the seed; then a calm phase, after which everything must have arrived. */
export function simulateMailbox(seed: number, given: Partial<MailboxConditions> = {}): MailboxReport {
  const random = new Random(seed);
  const weather: MailboxConditions = {
    users: random.whole(2, 6),
    messages: 140,
    loss: random.pick([0, 0.1, 0.3]),
    serverCrashes: random.whole(0, 4),
    ...given,
  };
  const time = new VirtualTime();
  const problems: string[] = [];
  const sky = { loss: weather.loss, repeats: random.pick([0, 0.1, 0.3]), mostDelayMs: random.pick([1, 50, 400]) };
  const udp = new VirtualUdp(time, random, sky);
  const server = new VirtualServer(time, random, udp);
  const names = Array.from({ length: weather.users }, (_, i) => `u${i}`);
  const users = names.map((name) => new VirtualUser(name, time, random, udp, problems));
  // All users log in once first, because a user joins the lobby at the first login.
  time.pass(20_000);
  for (let left = 100; left > 0 && !users.every(({ settled }) => settled); left--) time.pass(10_000);
  for (let i = 0; i < weather.messages; i++) {
    time.in(random.whole(0, ACTIVE_MS), () => {
      const user = random.pick(users);
      if (random.chance(0.15)) return user.edit();
      if (random.chance(0.1)) return user.say({ user: NOBODY });
      user.say(
        random.chance(0.3) ? { room: "lobby" } : { user: random.pick(names.filter((name) => name !== user.name)) },
      );
    });
  }
  const sometime = (count: number, act: () => void) => {
    for (let i = 0; i < count; i++) time.in(random.whole(0, ACTIVE_MS), act);
  };
  sometime(weather.serverCrashes, () => server.crash());
  sometime(random.whole(0, 3), () => udp.cut(random.whole(1000, 60_000)));
  sometime(random.whole(0, 3), () => random.pick(users).move());
  sometime(random.whole(0, 3), () => random.pick(users).crash());
  time.pass(ACTIVE_MS);
  for (let passed = 0; passed < CALM_MS && !calm(users, server); passed += 5000) time.pass(5000);
  time.pass(2000);
  // One of the last batches, of what has been acknowledged, may be the one at which the server crashes.
  for (let passed = 0; passed < 2 * MAX_DOWN_MS && !server.isIdle; passed += 500) time.pass(500);
  problems.push(...judge(users, server));
  if (!server.isIdle) problems.push("something is not written");
  return {
    seed,
    problems,
    confirmed: users.reduce((sum, { sent }) => sum + sent.length, 0),
    shown: users.reduce((sum, { shown }) => sum + shown.length, 0),
    crashes: server.crashes,
    clientCrashes: users.reduce((sum, { crashes }) => sum + crashes, 0),
    reconnects: users.reduce((sum, { reconnects }) => sum + reconnects, 0) - users.length,
  };
}

/** All users are online, and every message has its answer and its outcomes. */
function calm(users: readonly VirtualUser[], server: VirtualServer): boolean {
  return users.every((user) => user.settled) && judge(users, server).length === 0;
}

/** The final invariants. */
function judge(users: readonly VirtualUser[], { store }: VirtualServer): string[] {
  const problems: string[] = [];
  for (const user of users) {
    const said = [...user.texts.values()];
    if (new Set(user.sent).size !== user.sent.length) problems.push(`${user.name}: confirmed twice`);
    if (new Set(user.failed).size !== user.failed.length) problems.push(`${user.name}: refused twice`);
    for (const [text, to] of user.edits) {
      for (const receiver of users.filter(({ name }) => name !== user.name && ("room" in to || to.user === name))) {
        const times = receiver.edited.filter((edited) => edited === text).length;
        if (times > 1 || (times === 0 && !user.doubtful.has(text))) {
          problems.push(`${receiver.name}: ${text} was shown ${times} times`);
        }
      }
    }
    for (const { to, text } of said) {
      const isRefused = user.failed.includes(text);
      if (isRefused !== ("user" in to && to.user === NOBODY) && !user.doubtful.has(text)) {
        problems.push(`${user.name}: ${text} is ${isRefused ? "refused" : "not refused"}`);
      }
      if (isRefused) continue;
      const confirmed = user.sent.includes(text);
      const doubtful = user.doubtful.has(text);
      if (!confirmed && !doubtful) problems.push(`${user.name}: no answer to ${text}`);
      const receivers = users.filter(({ name }) => name !== user.name && ("room" in to || to.user === name));
      for (const receiver of receivers) {
        const times = receiver.shown.filter((shown) => shown.text === text).length;
        if (times > 1 || (times === 0 && confirmed)) {
          problems.push(`${receiver.name}: ${text} was shown ${times} times`);
        }
      }
      if ("room" in to || !confirmed || user.delivered.includes(text)) continue;
      // The next run of the program does not know it; what it sees is up to where all is received.
      const seq = user.earlier.has(text) ? store.seqOf(user.name, to.user, text) : undefined;
      if (seq === undefined || seq > (user.received.get(to.user) ?? 0)) problems.push(`${text} is not delivered`);
    }
    if (new Set(user.delivered).size !== user.delivered.length) problems.push(`${user.name}: delivered twice`);
    const last = new Map<string, number>();
    for (const { from, text } of user.shown) {
      const number = Number(text.split(" ")[1]);
      if (number <= (last.get(from) ?? 0)) problems.push(`${user.name}: ${text} came after a later one`);
      last.set(from, number);
    }
  }
  return problems;
}
