import { Accounts } from "../../lib/chat/accounts.ts";
import type { Target } from "../../lib/chat/entry.ts";
import { Entries, Message } from "../../lib/chat/event.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { Fault } from "../../lib/core/errors.ts";
import { limits } from "../../lib/core/limits.ts";
import { NativeClient } from "../../lib/protocols/native/client.ts";
import { encodeEntries, encodeEvent } from "../../lib/protocols/native/replies.ts";
import { decodeNative } from "../../lib/protocols/native/requests.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import { Random } from "./random.ts";
import { SimulatedDisk } from "./simulated_disk.ts";
import { VirtualTime } from "./virtual_time.ts";

export interface DeliveryReport {
  readonly seed: number;
  readonly problems: string[];
  readonly confirmed: number;
  readonly shown: number;
  readonly crashes: number;
  readonly failedBatches: number;
  readonly upgrades: number;
  readonly cuts: number;
  readonly stalls: number;
  /** How often a window closed. */
  readonly behind: number;
  /** Private messages of which their senders were told what has become. */
  readonly delivered: number;
  readonly failed: number;
}

const USERS = ["ann", "bob", "cy", "dan"];
const ACTIVE_MS = 60_000;
const CALM_MS = 120_000;
/** Small, so that pages come from the store too. */
const LIMITS = limits({ logBytes: 4000 });
const WALL = 1_700_000_000_000;

/** One connection: both directions in order, each message after a delay, until it is cut. */
class Link {
  isCut = false;
  /** Messages for a handout session: the first is under way, the others wait for its confirmation. */
  readonly queue: Message[] = [];
  /** When the last message of each direction arrives. */
  #up = 0;
  #down = 0;

  constructor(
    readonly world: World,
    readonly session: number,
    readonly device: Device,
    public native: boolean,
  ) {}

  up(act: () => void): void {
    this.#up = this.#send(this.#up, () => !this.isCut && this.world.server.knows(this) && this.world.server.turn(act));
  }

  down(act: () => void): void {
    this.#down = this.#send(this.#down, () => this.device.link === this && act());
  }

  sendFirst(): void {
    const [first] = this.queue;
    if (first) this.down(() => this.device.handoutEvent(this, first));
  }

  /** What is on its way to the device takes so much longer: its window closes. */
  stall(ms: number): void {
    this.#down = Math.max(this.#down, this.world.time.now + ms);
  }

  /** Both sides notice at their own time. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    const { time, random, server } = this.world;
    time.in(random.whole(0, 2000), () => server.knows(this) && server.turn(() => server.end(this)));
    time.in(random.whole(0, 2000), () => this.device.lost(this));
  }

  #send(last: number, act: () => void): number {
    const { time, random } = this.world;
    const at = Math.max(last, time.now + random.whole(0, random.chance(0.1) ? 400 : 20));
    time.in(at - time.now, act);
    return at;
  }
}

class Server {
  readonly store = new ChatStore(":memory:");
  readonly disk = new SimulatedDisk(
    this,
    (random) => random.chance(0.05) ? random.whole(50, 1000) : random.whole(0, 10),
  );
  hub!: Hub;
  crashes = 0;
  isDown = false;
  #links = new Map<number, Link>();
  #generation = 0;
  #lastSession = 0;

  constructor(readonly world: World) {
    this.up();
  }

  up(): void {
    const generation = ++this.#generation;
    this.isDown = false;
    this.disk.restart();
    this.#links = new Map();
    const accounts = new Accounts(new Map(USERS.map((name) => [name, { type: "plain", password: "p" }])));
    const bytes = (count: number) => new Uint8Array(count);
    this.hub = new Hub(accounts, LIMITS, {
      snapshot: this.store.snapshot,
      randomness: { bytes, salt: () => bytes(16) },
    });
    const tick = () => {
      if (generation !== this.#generation) return;
      this.turn(() => this.hub.tick(this.world.time.now, this.world.wall));
      this.world.time.in(50, tick);
    };
    tick();
  }

  crash(): void {
    this.crashes++;
    this.#generation++;
    this.disk.restart();
    this.isDown = true;
    for (const link of this.#links.values()) link.cut();
    this.#links.clear();
    this.world.time.in(this.world.random.whole(100, 5000), () => this.up());
  }

  knows(link: Link): boolean {
    return this.#links.get(link.session) === link;
  }

  /** Lets a device in; undefined while the server is down. */
  connect(device: Device, native: boolean): Link | undefined {
    if (this.isDown) return undefined;
    const link = new Link(this.world, ++this.#lastSession, device, native);
    this.#links.set(link.session, link);
    this.turn(() => {
      this.hub.addSession(link.session, "10.0.0.1");
      const { name } = device;
      // The device starts by itself, and hears no welcome.
      if (native) this.hub.handle(link.session, { type: "authenticated", name }, this.world.time.now);
      else {
        this.hub.handle(link.session, { type: "login", name, password: "p" }, this.world.time.now);
        this.hub.handle(link.session, { type: "ready" }, this.world.time.now);
      }
    });
    return link;
  }

  end(link: Link): void {
    this.#links.delete(link.session);
    this.hub.handle(link.session, { type: "leave", why: "cut" }, this.world.time.now);
  }

  turn(act: () => void): void {
    if (this.isDown) return;
    act();
    this.hub.flush(this.world.time.now, this.world.wall);
    this.#drain();
  }

  #drain(): void {
    for (const effect of this.hub.takeOutputs()) {
      switch (effect.type) {
        case "append":
          this.disk.add({ batch: effect.batch });
          break;
        case "end": {
          this.world.problems.push(`a session was ended: ${effect.why}`);
          this.#links.get(effect.session)?.cut();
          break;
        }
        case "query":
          this.disk.add({ id: effect.id, query: effect.query });
          break;
        case "tell":
          for (const id of effect.to) {
            const link = this.#links.get(id);
            if (!link) continue;
            const { event } = effect;
            if (event instanceof Message || event.type === "outcome" || event.type === "turnedAway") {
              if (!(event instanceof Message)) link.down(() => link.device.handoutEvent(link, event));
              else if (link.queue.push(event) === 1) link.sendFirst();
            } else if (link.native && event.type !== "welcome") {
              const frames = event instanceof Entries
                ? encodeEntries(event, "messages")
                : encodeEvent(event, "messages");
              const jsons = frames.map((bytes) => new TextDecoder().decode(bytes));
              for (const json of jsons) link.down(() => link.device.receive(link, json));
            }
          }
      }
    }
    this.disk.next();
  }
}

/** One program of a user: a handout client that may go over to the native protocol, or a native one. */
class Device {
  link: Link | undefined;
  kills = 0;
  upgraded = false;
  /** What was shown, in order. */
  readonly shown: { from: string; text: string; seq: number; to: Target }[] = [];
  readonly confirmed = new Set<string>();
  /** What the sender was told of each text, in order. */
  readonly told = new Map<string, string[]>();
  readonly edits = new Map<number, string>();
  readonly #texts = new Map<string, string>();
  readonly #marks = new Map<string, number>();
  #client: NativeClient | undefined;
  #handoutQueue: Message[] = [];
  #awaited: { ref: number; text: string; to: Target } | undefined;
  #runs = 0;
  #said = 0;
  #ref = 0;
  #isDead = false;
  #goesOver = false;

  constructor(readonly world: World, readonly name: string, readonly number: number, readonly isHandout: boolean) {
    this.#start();
  }

  get settled(): boolean {
    return this.link !== undefined && (this.#client ? this.#client.isLoggedIn && this.#client.settled : !this.#awaited);
  }

  say(to: Target): void {
    // Six of the longest texts fill a window.
    const padding = this.world.random.chance(this.world.longTexts) ? `.${"x".repeat(12_000)}` : "";
    const text = `${this.name}${this.number}.${++this.#said}${padding}`;
    if (this.#client && !this.isSilent) {
      const said = this.#client.say(to, text, 0);
      if ("id" in said) this.#texts.set(said.id, text);
      this.#world(to, text);
      return this.#run();
    }
    // A handout session waits for each outcome.
    const { link } = this;
    if (!link || link.native || this.#awaited || this.#goesOver) return;
    this.#awaited = { ref: ++this.#ref, text, to };
    this.#world(to, text);
    const ref = this.#ref;
    link.up(() =>
      this.world.server.hub.handle(
        link.session,
        "user" in to ? { type: "send", ref, to: to.user, text } : { type: "sendAll", ref, text },
        this.world.time.now,
      )
    );
  }

  /** Changes a message of its own. */
  edit(): void {
    const own = this.world.own.get(this.name) ?? [];
    if (!this.#client || own.length === 0) return;
    const { seq, to } = this.world.random.pick(own);
    const text = `${this.name}${this.number}.edit${++this.#said}`;
    if ("id" in this.#client.edit(seq, to, text, 0)) this.world.edited.add(seq);
    this.#run();
  }

  read(): void {
    const last = this.shown.at(-1);
    if (!last || last.seq < 0 || !this.#client) return;
    const of = "room" in last.to ? last.to : { user: last.from === this.name ? last.to.user : last.from };
    this.#client.read(of, last.seq);
    this.#run();
  }

  /** A handout client goes over to the native protocol; what it has not confirmed counts as not received. */
  upgrade(): void {
    const { link } = this;
    if (!link || link.native || this.#awaited || this.#goesOver) return;
    this.#goesOver = true;
    this.#handoutQueue = [];
    link.up(() => {
      const { hub } = this.world.server;
      link.queue.length = 0;
      this.world.upgrades++;
      this.upgraded = true;
      hub.handle(link.session, { type: "become" }, this.world.time.now);
      link.native = hub.isNative(link.session);
      link.down(() => {
        this.#goesOver = false;
        if (!link.native) return;
        this.#client = this.#newClient();
        this.#client.start(this.name);
        this.#run();
      });
    });
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.kills++;
    this.link?.cut();
    this.link = undefined;
    this.#client = undefined;
    this.#texts.clear();
    this.#awaited = undefined;
    this.#handoutQueue = [];
    this.#goesOver = false;
    this.world.time.in(this.world.random.whole(10, 5000), () => this.#start());
  }

  lost(link: Link): void {
    if (this.link !== link) return;
    this.link = undefined;
    this.#awaited = undefined;
    this.#handoutQueue = [];
    this.#goesOver = false;
    if (this.isHandout) {
      this.#client = undefined;
      this.#texts.clear();
    }
    this.#client?.lost();
    this.#run();
    this.#dialSoon();
  }

  receive(link: Link, json: string): void {
    if (json.startsWith('{"type":"behind"')) this.world.behind++;
    this.#client?.receive(json);
    this.#run();
    this.#client?.flush();
    this.#run();
    if (this.link !== link) return;
  }

  handoutEvent(link: Link, event: unknown): void {
    if (event instanceof Message) {
      if (this.#goesOver) return;
      if (link.native) {
        return void this.world.problems.push(`${this.name} was told as a handout client after it went over`);
      }
      this.#handoutQueue.push(event);
      if (this.#handoutQueue.length === 1) this.#confirm(link);
      return;
    }
    const told = event as { type: string; ref: number; delivered: boolean };
    if (told.type === "turnedAway") return link.cut();
    if (this.#awaited?.ref !== told.ref) return;
    const { text } = this.#awaited;
    this.#awaited = undefined;
    if (told.delivered) this.world.handoutDelivered.add(text);
    else this.world.handoutFailed.add(text);
  }

  get isSilent(): boolean {
    return this.link !== undefined && !this.link.native;
  }

  #confirm(link: Link): void {
    const { time, random, server } = this.world;
    const message = this.#handoutQueue[0];
    if (!message) return;
    time.in(random.whole(0, 30), () => {
      if (this.link !== link || this.#handoutQueue[0] !== message) return;
      this.#handoutQueue.shift();
      const { from, text, id, scope } = message;
      const to: Target = scope === "one" ? { user: this.name } : { room: "lobby" };
      if (!text.startsWith("(")) this.#show({ from, text, seq: id, to });
      link.up(() => {
        link.queue.shift();
        link.sendFirst();
        server.hub.handle(link.session, { type: "taken", id }, time.now);
      });
      this.#confirm(link);
    });
  }

  #start(): void {
    this.#isDead = false;
    if (!this.isHandout) this.#client = this.#newClient();
    this.#dialSoon();
  }

  #newClient(): NativeClient {
    return new NativeClient({
      client: `${this.name}-${this.number}-${++this.#runs}`,
      shown: new Map([[this.name, this.#marks]]),
    });
  }

  #dialSoon(): void {
    const client = this.#client;
    this.world.time.in(this.world.random.whole(10, 1500), () => {
      if (this.link || this.#isDead || this.#client !== client) return;
      this.link = this.world.server.connect(this, !this.isHandout);
      if (!this.link) return this.#dialSoon();
      if (!this.isHandout) this.#client!.start(this.name);
      this.#run();
    });
  }

  #run(): void {
    for (const output of this.#client?.takeOutputs() ?? []) {
      const { link } = this;
      if (output.type === "send") {
        if (!link) continue;
        const { json } = output;
        link.up(() => {
          const request = decodeNative(json);
          if (request instanceof Fault) return void this.world.problems.push(`not read: ${json}`);
          if (request.type === "bye" || request.type === "ping") return;
          this.world.server.hub.handle(link.session, request, this.world.time.now);
        });
      } else if (output.type === "shown") this.#marks.set(output.store, output.seq);
      else if (output.type === "broken") this.world.problems.push(`${this.name}: ${output.why}`);
      else if (output.type === "event") this.#event(output.event);
    }
  }

  #event(event: import("../../lib/protocols/native/client_event.ts").ClientEvent): void {
    switch (event.type) {
      case "message":
        if (!event.own) this.#show(event.message);
        return;
      case "sent":
      case "stored": {
        const text = this.#texts.get(event.id)!;
        this.confirmed.add(text);
        if (event.seq !== undefined) this.world.stored(this.name, text, event.seq, event.to);
        return;
      }
      case "delivered":
        return this.#hears(event.id, event.type);
      case "failed":
        if (event.id !== undefined) this.#hears(event.id, event.type);
        else if (event.seq !== undefined) this.world.failedSeqs.add(event.seq);
    }
  }

  /** The texts that this run of the program has said. */
  get ownTexts(): Iterable<string> {
    return this.#texts.values();
  }

  has(text: string, outcome: "delivered" | "failed"): boolean {
    return this.told.get(text)?.includes(outcome) ?? false;
  }

  #hears(id: string, outcome: "delivered" | "failed"): void {
    const text = this.#texts.get(id)!;
    this.told.set(text, [...this.told.get(text) ?? [], outcome]);
  }

  #show(message: { from: string; text: string; seq: number; to: Target }): void {
    this.shown.push(message);
  }

  #world(to: Target, text: string): void {
    this.world.said.set(text, { from: this.name, to });
  }
}

class World {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly problems: string[] = [];
  readonly said = new Map<string, { from: string; to: Target }>();
  readonly handoutDelivered = new Set<string>();
  readonly handoutFailed = new Set<string>();
  readonly failedSeqs = new Set<number>();
  readonly seqs = new Map<string, number>();
  readonly own = new Map<string, { seq: number; to: Target }[]>();
  readonly edited = new Set<number>();
  readonly server: Server;
  readonly devices: Device[] = [];
  upgrades = 0;
  cuts = 0;
  stalls = 0;
  behind = 0;

  /** How many of the texts are long. */
  readonly longTexts: number;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.longTexts = this.random.pick([0, 0.1, 0.4]);
    this.server = new Server(this);
    for (const [i, name] of USERS.entries()) {
      const kinds = i === 3 ? [true] : i === 2 ? [false, true] : this.random.chance(0.5) ? [false, false] : [false];
      kinds.forEach((isHandout, number) => this.devices.push(new Device(this, name, number, isHandout)));
    }
  }

  get wall(): number {
    return WALL + this.time.now;
  }

  stored(name: string, text: string, seq: number, to: Target): void {
    this.seqs.set(text, seq);
    const own = this.own.get(name) ?? [];
    this.own.set(name, [...own, { seq, to }]);
  }
}

/** Users, devices, cuts, crashes and full disks for a minute; then calm, and what came of it is compared with what was said. */
export function simulateDelivery(seed: number): DeliveryReport {
  const world = new World(seed);
  const { time, random, server, devices, problems } = world;
  const act = () => {
    const device = random.pick(devices);
    const dice = random.next();
    if (dice < 0.7) {
      const other = random.pick(USERS);
      if (random.chance(0.4)) device.say({ room: "lobby" });
      else if (other !== device.name) device.say({ user: other });
    } else if (dice < 0.75) device.edit();
    else if (dice < 0.85) device.read();
    else if (dice < 0.9) device.upgrade();
    else if (dice < 0.93) (world.cuts++, device.link?.cut());
    else if (dice < 0.94) device.kill();
    else if (dice < 0.97) (world.stalls++, device.link?.stall(random.whole(100, 8000)));
    else if (dice < 0.975) server.disk.crashIn = random.whole(0, 5);
    else if (dice < 0.985) {
      server.disk.isFull = true;
      time.in(random.whole(100, 3000), () => server.disk.isFull = false);
    }
    if (time.now < 1_000_000 + ACTIVE_MS) time.in(random.whole(1, 120), act);
  };
  time.in(3000, act);
  time.pass(ACTIVE_MS);
  time.pass(5000);
  server.disk.isFull = false;
  server.disk.crashIn = Infinity;
  // A handout client that stays one at the end does not count against private messages that wait.
  time.pass(CALM_MS);
  // What is removed once a minute may be asked just now.
  for (let i = 0; i < 50 && !server.hub.isIdle; i++) time.pass(100);
  check(world);
  return {
    seed,
    problems: problems.slice(0, 10),
    confirmed: devices.reduce((sum, { confirmed }) => sum + confirmed.size, 0),
    shown: devices.reduce((sum, { shown }) => sum + shown.length, 0),
    crashes: server.crashes,
    failedBatches: server.disk.failedBatches,
    upgrades: world.upgrades,
    cuts: world.cuts,
    stalls: world.stalls,
    behind: world.behind,
    delivered: toldTimes(devices, "delivered"),
    failed: toldTimes(devices, "failed"),
  };
}

function toldTimes(devices: readonly Device[], outcome: string): number {
  return devices.flatMap(({ told }) => [...told.values()].flat()).filter((each) => each === outcome).length;
}

function check(world: World): void {
  const { devices, problems, said, server } = world;
  const natives = devices.filter(({ isHandout }) => !isHandout);
  for (const device of devices) if (!device.settled) problems.push(`${device.name} ${device.number} is not settled`);
  if (!server.hub.isIdle) problems.push("something is not written");
  for (const device of devices) {
    const who = `${device.name}${device.number}`;
    const texts = device.shown.map(({ text }) => text);
    const times = Map.groupBy(texts, (text) => text);
    // What a handout client had not confirmed comes again after a crash of the server, or by the native protocol.
    const isExact = !device.isHandout || (server.crashes === 0 && !device.upgraded);
    for (const [text, list] of times) {
      if (isExact && list.length > 1) problems.push(`${who} was shown ${text} ${list.length} times`);
    }
    // In the order of each sender's numbers, program by program.
    if (!device.isHandout) {
      const lastOf = new Map<string, number>();
      for (const { from, text, seq, to } of device.shown) {
        const program = text.split(".")[0]!;
        const number = Number(text.split(".")[1]);
        if (number <= (lastOf.get(program) ?? 0)) problems.push(`${who} was shown ${text} out of order`);
        lastOf.set(program, number);
        if (from !== said.get(text)?.from) problems.push(`${who} was shown ${text} from ${from}`);
        if ("user" in to && to.user !== device.name) problems.push(`${who} was shown ${text} to ${to.user}`);
        if (seq <= 0) problems.push(`${who} was shown ${text} without a number`);
      }
    }
  }
  for (const device of natives) {
    for (const text of device.confirmed) {
      if (device.has(text, "failed")) continue;
      const { to } = said.get(text)!;
      if ("room" in to) {
        for (const other of natives) {
          if (other.name === device.name) continue;
          // A program that was started anew begins with what none of its user's programs has.
          const programs = other.kills === 0 ? [other] : devices.filter(({ name }) => name === other.name);
          if (!programs.some(({ shown }) => shown.some((each) => each.text === text))) {
            problems.push(`${other.name}${other.number} was not shown ${text} of the lobby`);
          }
        }
        continue;
      }
      const receivers = devices.filter(({ name }) => name === to.user);
      const has = receivers.some(({ shown }) => shown.some((each) => each.text === text));
      const seq = world.seqs.get(text);
      const failed = seq !== undefined && world.failedSeqs.has(seq);
      const nativeReceivers = receivers.filter(({ isHandout }) => !isHandout);
      if (!has && !failed && nativeReceivers.length > 0) problems.push(`${text} for ${to.user} was shown to nobody`);
      if (device.has(text, "delivered") && !has) problems.push(`${text} counts as delivered, and was shown to nobody`);
    }
  }
  for (const text of world.handoutDelivered) {
    const { to, from } = said.get(text)!;
    const receivers = devices.filter(({ name }) => "room" in to ? name !== from : name === to.user);
    const has = receivers.some(({ shown }) => shown.some((each) => each.text === text));
    if (!has && receivers.some(({ isHandout }) => !isHandout)) {
      problems.push(`${text} had 303, and was shown to nobody`);
    }
  }
  sendersKnow(world);
  unreadIsTrue(world);
}

/** Each sender was told of each private message what has become of it, once: that it was delivered, or that it has failed. */
function sendersKnow({ devices, problems, said, seqs, server: { store } }: World): void {
  const { users, pairs } = store.snapshot;
  const idOf = new Map(users.map(({ id, name }) => [name, id]));
  for (const device of devices) {
    for (const [text, told] of device.told) {
      if (told.length > 1) problems.push(`the sender of ${text} was told ${told.join(", then ")}`);
    }
    for (const text of device.ownTexts) {
      const { to } = said.get(text)!;
      const seq = seqs.get(text);
      if ("room" in to || seq === undefined) continue;
      const [from, other] = [idOf.get(device.name)!, idOf.get(to.user)!];
      const pair = pairs.find(({ users }) => users.includes(from) && users.includes(other))!;
      const { messages } = store.query({ type: "history", conversation: pair.id, after: seq - 1, limit: 1 });
      const received = pair.received[pair.users[0] === other ? 0 : 1];
      const truth = messages[0]?.failed !== undefined ? "failed" : seq <= received ? "delivered" : undefined;
      const told = device.told.get(text)?.at(-1);
      if (told !== truth) {
        problems.push(`${text} is ${truth ?? "waiting"}, and its sender was told ${told ?? "nothing"}`);
      }
    }
  }
}

/** What the server counts as unread is what a model counts from the log. */
function unreadIsTrue({ server, problems }: World): void {
  const { snapshot } = server.store;
  const waiting = snapshot.pairs.reduce((sum, { waiting: [one, other] }) => sum + one.bytes + other.bytes, 0);
  const counted = server.hub.size.waitingBytes;
  if (waiting !== counted) problems.push(`${waiting} bytes wait in the store, and ${counted} by the count`);
  const reopened = new Hub(new Accounts(new Map()), LIMITS, {
    snapshot,
    randomness: { bytes: (count) => new Uint8Array(count), salt: () => new Uint8Array(16) },
  });
  if (!reopened.stores) problems.push("the store cannot be opened again");
  for (const { id, name } of snapshot.users) {
    const { states } = server.store.query({ type: "overview", user: id });
    for (const { conversation, unread } of states) {
      const room = snapshot.rooms.find((room) => room.id === conversation);
      const pair = snapshot.pairs.find((pair) => pair.id === conversation);
      const membership = room?.members.find(({ user }) => user === id);
      const read = membership ? Math.max(membership.read, membership.since) : pair!.read[pair!.users[0] === id ? 0 : 1];
      const { messages } = server.store.query({ type: "history", conversation, limit: 100_000 });
      const model = messages.filter(({ seq, from, withdrawn }) => seq > read && from !== name && !withdrawn).length;
      if (model !== unread) problems.push(`${name} has ${unread} unread in ${conversation}, and ${model} by the model`);
    }
  }
}
