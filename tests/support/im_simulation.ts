import type { SessionId } from "../../lib/chat/event.ts";
import { Accounts, type Secret } from "../../lib/chat/accounts.ts";
import type { Command } from "../../lib/chat/command.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { limits } from "../../lib/core/limits.ts";
import { IM_PROTOCOL } from "../../lib/protocols/im/server.ts";
import type { Ending, Transport, TransportOwner } from "../../lib/core/transport.ts";
import type { Platform } from "../../lib/server/platform.ts";
import { SessionRunner } from "../../lib/server/runner.ts";
import { Random } from "./random.ts";
import { type NetworkConditions, virtualConnection, type VirtualStream } from "./virtual_network.ts";
import { VirtualTime } from "./virtual_time.ts";
import { type Behaviour, BEHAVIOURS, WildClient } from "./wild_client.ts";

/** The observations of one simulation. */
export interface Report {
  readonly seed: number;
  readonly problems: string[];
  readonly clients: number;
  readonly commands: number;
  readonly delivered: number;
  readonly notDelivered: number;
  readonly messages: number;
}

const ACTIVE_MS = 240_000;
const CALM_MS = 120_000;
const PATIENCE_MS = 60_000;
const END_MS = 15 * 60_000;
const LIMITS = limits({ idleMs: 40_000 });

/** The server's end of a virtual connection. */
class VirtualTransport implements Transport {
  readonly #waiting: Uint8Array[] = [];
  #ending: Ending | undefined;
  #closed = false;
  readonly waitingBytes = 0;

  constructor(readonly stream: VirtualStream, readonly owner: TransportOwner) {
    stream.holder = {
      arrived: (bytes) => {
        this.#waiting.push(bytes);
        this.#deliver();
      },
      ended: (ending) => {
        this.#ending = ending;
        this.#deliver();
      },
    };
  }

  write(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  close(): void {
    this.#closed = true;
    this.stream.finish();
  }

  abort(): void {
    this.#closed = true;
    this.stream.reset();
  }

  resume(): void {
    const waits = this.#waiting.length > 0 ? this.owner.hungry() : this.#ending !== undefined;
    if (waits) this.stream.time.in(0, () => this.#deliver());
  }

  #deliver(): void {
    while (!this.#closed && this.#waiting.length > 0 && this.owner.hungry()) {
      this.owner.receive(this.#waiting.shift()!);
    }
    if (this.#closed || this.#waiting.length > 0 || this.#ending === undefined) return;
    const ending = this.#ending;
    this.#ending = undefined;
    this.owner.closed(ending);
  }
}

/** A hub that records who was online at each message to all. */
class WatchedHub extends Hub {
  readonly audience = new Map<string, string[]>();

  override handle(id: SessionId, command: Command, now: number): void {
    if (command.type === "sendAll") {
      const others = this.view(0).people.filter(({ sessions }) => !sessions.includes(id));
      this.audience.set(command.text, others.map(({ name }) => name));
    }
    super.handle(id, command, now);
  }
}

/** One simulation, from the first login to the last logout, determined by its seed. */
export function simulate(seed: number): Report {
  const random = new Random(seed);
  const time = new VirtualTime();
  const count = random.whole(2, 9);
  const tempers: Behaviour[] = Array.from(
    { length: count },
    () => random.chance(0.4) ? "exact" : random.pick(BEHAVIOURS),
  );
  const names = tempers.map((_, i) => `u${i}`);
  const secrets = new Map<string, Secret>(
    names.map((name) => [name, { type: "plain", password: `secret-of-${name}` }]),
  );
  const hub = new WatchedHub(new Accounts(secrets), LIMITS);
  const clients: WildClient[] = [];
  const weatherOf = (temper: Behaviour): NetworkConditions => ({
    mostDelayMs: random.pick([1, 20, 150]),
    cuts: temper !== "chunky" && random.chance(0.7),
  });
  const clientAt = (address: string) => clients.find((client) => client.address === address);
  const world: Platform = {
    now: () => time.now,
    wallTime: () => time.now,
    soon: (turn) => time.in(0, turn),
    verify: () => Promise.reject(new Error("plain passwords only")),
    prove: () => Promise.reject(new Error("no protocol with proofs")),
    dial(hostname, _port, owner, done) {
      const client = clientAt(hostname)!;
      time.in(random.next() * 100, () => {
        if (client.la.dead) return time.in(LIMITS.linkDialMs, () => done("failed"));
        if (!client.listening) return done("refused");
        const [ours, theirs] = virtualConnection(time, random, weatherOf(client.temper));
        client.linked(theirs);
        done(new VirtualTransport(ours, owner));
      });
    },
    probe: ({ hostname }, done) => time.in(100, () => done(clientAt(hostname)!.la.dead ? "unreachable" : "there")),
  };
  const runner = new SessionRunner(hub, world, LIMITS);
  const tick = () => {
    runner.tick();
    time.in(50, tick);
  };
  tick();
  tempers.forEach((temper, i) => {
    time.in(random.whole(0, 5000), () => {
      const [theirs, ours] = virtualConnection(time, random, weatherOf(temper));
      const name = temper === "twin" ? random.pick(names) : names[i]!;
      const address = `10.0.0.${i + 1}`;
      runner.open(IM_PROTOCOL, { hostname: address, port: 40_000 + i }, (owner) => new VirtualTransport(ours, owner));
      clients.push(new WildClient(name, address, temper, theirs, script(random, names, i, temper), time, random));
    });
  });
  time.pass(ACTIVE_MS + CALM_MS);
  const problems = [...stuck(clients, time.now), ...lies(clients, hub), ...repeats(clients), ...disorder(clients)];
  for (const client of clients) client.leave(random.pick(["exit", "finish", "reset", "vanish"]));
  time.pass(END_MS);
  for (const client of clients) {
    for (const complaint of client.complaints) problems.push(`${who(client)}: ${complaint}`);
  }
  problems.push(...leftovers(hub, runner));
  const replies = clients.flatMap((client) => client.asked.map((asked) => asked.reply ?? ""));
  return {
    seed,
    problems,
    clients: clients.length,
    commands: replies.length,
    delivered: replies.filter((reply) => reply.startsWith("303")).length,
    notDelivered: replies.filter((reply) => reply.startsWith("304")).length,
    messages: clients.reduce((sum, client) => sum + client.took.length, 0),
  };
}

const RAMBLINGS = [
  "",
  "/",
  "/nothing",
  "/to",
  "/to u0",
  "/toall",
  "/list now",
  "/exit now",
  "/port 70000",
  "/login a",
  "hé",
];

function script(random: Random, names: readonly string[], me: number, temper: Behaviour): string[] {
  return Array.from({ length: random.whole(3, 30) }, (_, i) => {
    if (temper === "rambler" && random.chance(0.5)) return random.pick(RAMBLINGS);
    const text = `m${me}.${i} ${"é x".repeat(random.whole(0, temper === "flooder" ? 2000 : 30))}`.trimEnd();
    const dice = random.next();
    if (dice < 0.2) return "/list";
    if (dice < 0.5) return `/toall ${text}`;
    return `/to ${random.chance(0.1) ? "nobody" : random.pick(names)} ${text}`;
  });
}

function who(client: WildClient): string {
  return `${client.name} (${client.temper}, ${client.address})`;
}

/** Every command gets a reply in time. */
function stuck(clients: readonly WildClient[], now: number): string[] {
  const waits = (client: WildClient) => client.hears && client.unanswered.some(({ at }) => now - at > PATIENCE_MS);
  return clients.filter(waits).map((client) =>
    `${who(client)} waits for the reply to ${client.unanswered[0]!.line.slice(0, 60)}`
  );
}

/** 303 means that the receiver has the message; a receiver that follows the handout never gets a 304. */
function lies(clients: readonly WildClient[], hub: WatchedHub): string[] {
  const problems: string[] = [];
  const hasTaken = (name: string, text: string) =>
    clients.some((client) =>
      client.name === name && (client.temper === "tardy" || client.took.some((took) => took.text === text))
    );
  for (const sender of clients) {
    for (const { line, reply, at, repliedAt } of sender.asked) {
      const [, verb, name, text] = /^(?:\/(to) (\S+)|\/toall) (.+)$/.exec(line) ?? [];
      if (text === undefined || reply === undefined) continue;
      const audience = verb ? [name!] : hub.audience.get(text) ?? [];
      if (reply.startsWith("303")) {
        for (const receiver of audience) {
          if (!hasTaken(receiver, text)) problems.push(`${who(sender)}: 303 for ${text}, not taken by ${receiver}`);
        }
      } else if (verb && reply.startsWith("304")) {
        const receiver = clients.find((client) => client.name === name && client.linkedAt !== undefined);
        const good = receiver && ["exact", "chunky", "bare", "late", "telnet", "hasty"].includes(receiver.temper);
        const there = good && receiver.linkedAt! < at && (receiver.leftAt ?? Infinity) > repliedAt!;
        if (there) problems.push(`${who(sender)}: 304 for ${text}, though ${who(receiver)} was there`);
      }
    }
  }
  return problems;
}

/** No message arrives twice. */
function repeats(clients: readonly WildClient[]): string[] {
  return clients.flatMap((client) => {
    const texts = client.took.map(({ from, text }) => `${from} ${text}`);
    return texts.filter((text, i) => texts.indexOf(text) !== i).map((text) => `${who(client)} had twice: ${text}`);
  });
}

/** Messages from one client to another arrive in order. */
function disorder(clients: readonly WildClient[]): string[] {
  const problems: string[] = [];
  for (const client of clients.filter(({ temper }) => temper !== "moody" && temper !== "deaf")) {
    const last = new Map<string, number>();
    for (const { text } of client.took) {
      const [, sender, number] = /^m(\d+)\.(\d+)/.exec(text)!;
      if (Number(number) < (last.get(sender!) ?? -1)) problems.push(`${who(client)} had ${text} after a later one`);
      last.set(sender!, Number(number));
    }
  }
  return problems;
}

/** After the last logout the server holds no state. */
function leftovers(hub: Hub, runner: SessionRunner): string[] {
  const { size } = hub;
  const held = Object.entries({ ...size, hosts: runner.size }).filter(([, count]) => count > 0);
  return held.map(([what, count]) => `left in the server: ${count} ${what}`);
}
