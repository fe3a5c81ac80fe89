import type { Secret } from "../../lib/chat/accounts.ts";
import type { Target } from "../../lib/chat/entry.ts";
import { SERVER_NAME } from "../../lib/chat/operator.ts";
import { checkAll } from "./exchange_checks.ts";
import { Random } from "./random.ts";
import { SimulatedExchange } from "./simulated_exchange.ts";
import { NativeProgram } from "./simulated_native.ts";
import { GuestProgram, HandoutProgram, NameProgram } from "./simulated_people.ts";
import type { PeopleWorld } from "./simulated_program.ts";
import { SimulatedServer } from "./simulated_server.ts";
import { VirtualTime } from "./virtual_time.ts";

export interface ExchangeReport {
  readonly seed: number;
  readonly problems: string[];
  readonly said: number;
  readonly confirmed: number;
  readonly failed: number;
  readonly shown: number;
  readonly crashes: number;
  readonly stops: number;
  readonly lost: number;
  readonly cuts: number;
  readonly appended: number;
  /** What guests and operators have said that is kept. */
  readonly unconfirmed: number;
}

const NATIVES = ["ann", "bob", "cy", "dan"];
const MOVING = 2;
const ROOMS = ["r1", "r2"];
const HANDOUTS = ["hal", "ida"];
const GUESTS = ["gil", "gus"];
const ACTIVE_MS = 40_000;
/** Servers notice that others are gone, and ask each other for what is missing. */
const CALM_MS = 45_000;

/** The same entry of a users file at all servers. */
function secretOf(index: number): Secret {
  return { type: "scrypt", logN: 1, r: 8, p: 1, salt: new Uint8Array(16).fill(index), key: new Uint8Array(32) };
}

/**
 * Several servers at one exchange, with people who talk; cuts, crashes and losses, then calm, then everything is checked. So many
 * of the native clients go over to other servers.
 */
export function simulateExchange(seed: number, moving = MOVING, activeMs = ACTIVE_MS): ExchangeReport {
  const random = new Random(seed);
  const time = new VirtualTime();
  const exchange = new SimulatedExchange(time, random);
  const world: PeopleWorld = {
    time,
    random,
    problems: [],
    said: new Map(),
    confirmed: new Set(),
    failed: new Set(),
    withdrawn: new Set(),
    shown: new Map(),
  };
  const names = [...NATIVES, ...HANDOUTS];
  const programs: (NativeProgram | HandoutProgram)[] = [];
  const guests: GuestProgram[] = [];
  const rivals: NameProgram[][] = [];
  const onCrash = (server: SimulatedServer) => {
    for (const program of [...programs, ...guests, ...rivals.flat()]) if (program.server === server) program.cut();
    time.in(random.whole(200, 6000), () => server.up());
  };
  const count = random.whole(2, 5);
  const servers = Array.from({ length: count }, (_, at) => {
    // The first go over to other servers, which know them by a copy of their accounts.
    const accounts = new Map(names.flatMap((name, index): [string, Secret][] => {
      if (index < moving) return [[name, secretOf(index)]];
      return index % count === at ? [[name, { type: "plain", password: "p" }]] : [];
    }));
    return new SimulatedServer(`lab${at + 1}`, { time, random, exchange }, accounts, onCrash);
  });
  const homeOf = (index: number) => [servers[index % count]!, ...servers.filter((_, at) => at !== index % count)];
  for (const [index, name] of names.entries()) {
    programs.push(
      NATIVES.includes(name)
        ? new NativeProgram(world, name, homeOf(index), index < moving ? 0.4 : 0)
        : new HandoutProgram(world, name, homeOf(index), 0),
    );
  }
  for (const [at, name] of GUESTS.entries()) {
    guests.push(new GuestProgram(world, name, servers[(at + 1) % count]!, ROOMS[at]!));
  }
  const isCalm = seed % 4 === 0;
  const natives = programs.filter((program) => program instanceof NativeProgram);
  let [stops, lost, cuts, pruned, notices] = [0, 0, 0, 0, 0];
  const target = (from: string): Target =>
    random.chance(0.4) ? { room: "lobby" } : { user: random.pick(names.filter((name) => name !== from)) };
  // Accounts are known everywhere before anything is said.
  time.pass(6000);
  const until = time.now + activeMs;
  while (time.now < until) {
    time.pass(random.whole(1, 150));
    const program = random.pick(programs);
    for (let more = random.chance(0.1) ? 20 : 1; more > 0; more--) program.say(target(program.name));
    const native = random.pick(natives);
    if (random.chance(0.03)) native.join(random.pick(ROOMS));
    if (random.chance(0.005)) native.leaveRoom(random.pick(ROOMS));
    if (random.chance(0.2) && native.rooms.size > 0) native.say({ room: random.pick([...native.rooms]) });
    if (random.chance(0.05)) native.change();
    if (random.chance(0.03)) native.react();
    if (random.chance(0.1)) random.pick(guests).say();
    if (random.chance(0.01)) {
      const server = random.pick(servers);
      const text = `${server.name}.${++notices}`;
      world.said.set(text, { from: SERVER_NAME, to: { room: "lobby" } });
      server.say(text);
    }
    if (rivals.length < 5 && random.chance(0.02)) {
      const group: NameProgram[] = [];
      rivals.push(group);
      const name = `new${rivals.length}`;
      for (const key of [1, 2]) new NameProgram(world, name, [servers[key - 1]!], key, group, () => lost + pruned > 0);
    }
    if (isCalm) continue;
    if (random.chance(0.002)) {
      pruned += random.whole(1, 200);
      exchange.prune(pruned);
    }
    if (random.chance(0.02) && rivals.length > 0) random.pick(random.pick(rivals)).cut();
    if (random.chance(0.02)) random.pick([...programs, ...guests]).cut();
    if (random.chance(0.008)) random.pick(servers).disk.crashIn = random.whole(0, 3);
    if (random.chance(0.01)) {
      const { maker } = random.pick(servers);
      maker.isCutOff = true;
      maker.cut("the network was cut");
      cuts++;
      time.in(random.whole(100, 10_000), () => maker.isCutOff = false);
    }
    if (random.chance(0.006) && !exchange.isDown) {
      stops++;
      const before = exchange.last;
      exchange.stop(random.chance(0.5) ? random.whole(1, 40) : 0);
      lost += before - exchange.last;
      if (random.chance(0.1)) {
        lost++;
        exchange.renew();
      }
      time.in(random.whole(100, 8000), () => exchange.start());
    }
    if (random.chance(0.002)) {
      const server = random.pick(servers);
      server.disk.isFull = true;
      time.in(random.whole(100, 3000), () => server.disk.isFull = false);
    }
  }
  for (const server of servers) server.disk.crashIn = Infinity;
  const end = time.now + CALM_MS;
  while (time.now < end) time.pass(1000);
  for (const group of rivals) {
    const online = group.filter(({ isOnline }) => isOnline);
    if (online.length !== 1) world.problems.push(`${group[0]!.name} is held by ${online.length} at the end`);
  }
  const { unconfirmed } = checkAll(world, servers, programs, guests, isCalm);
  const shown = [...world.shown.values()].reduce((sum, { size }) => sum + size, 0);
  return {
    seed,
    problems: [...new Set(world.problems)].slice(0, 20),
    said: world.said.size,
    confirmed: world.confirmed.size,
    failed: world.failed.size,
    shown,
    crashes: servers.reduce((sum, { crashes }) => sum + crashes, 0),
    stops,
    lost,
    cuts,
    appended: exchange.appended,
    unconfirmed,
  };
}
