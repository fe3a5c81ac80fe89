import type { Address } from "../../lib/core/address.ts";
import type { Machine } from "../../lib/core/machine.ts";
import { DatagramDialer, type DialerOutput } from "../../lib/protocols/datagram/dialer.ts";
import { type AcceptorOutput, DatagramAcceptor } from "../../lib/protocols/datagram/acceptor.ts";
import type { DatagramLink } from "../../lib/protocols/datagram/link.ts";
import { type DatagramOptions, datagramOptions } from "../../lib/protocols/datagram/options.ts";
import { Random } from "./random.ts";
import { VirtualTime } from "./virtual_time.ts";
import { VirtualUdp } from "./virtual_udp.ts";

/** A machine that gathers what a turn brings. */
interface GatheringMachine<Output> extends Machine<Output> {
  flush(now: number): void;
}

/** Runs a machine: calls `flush` after each turn and `tick` when it wants to be woken, and has its outputs done. */
class Driver<Output> {
  #turn = false;
  #wakeAt = Infinity;
  stopped = false;

  constructor(
    readonly time: VirtualTime,
    readonly machine: GatheringMachine<Output>,
    readonly perform: (output: Output) => void,
    readonly problems: string[],
  ) {}

  /** Call after each input. */
  stirred(): void {
    this.#drain();
    if (this.#turn) return;
    this.#turn = true;
    this.time.in(0, () => {
      this.#turn = false;
      if (this.stopped) return;
      this.machine.flush(this.time.now);
      this.#drain();
      this.#sleep();
    });
  }

  #drain(): void {
    for (let outputs = this.machine.takeOutputs(); outputs.length > 0; outputs = this.machine.takeOutputs()) {
      for (const output of outputs) this.perform(output);
    }
  }

  #sleep(): void {
    const wakeAt = this.machine.wakeAt;
    if (wakeAt >= this.#wakeAt || wakeAt === Infinity) return;
    this.#wakeAt = wakeAt;
    this.time.in(Math.max(0, Math.ceil(wakeAt - this.time.now)), () => {
      if (this.stopped || this.#wakeAt !== wakeAt) return;
      this.#wakeAt = Infinity;
      this.machine.tick(this.time.now);
      this.#drain();
      if (this.machine.wakeAt <= this.time.now) this.problems.push(`wants to be woken at once again`);
      this.#sleep();
    });
  }
}

/** One end of a link: what it sent, what it got, how it ended. */
class End {
  readonly sent: Uint8Array[] = [];
  got = 0;
  endings: string[] = [];
  link: DatagramLink | undefined;
  other!: End;
  #reading = true;

  constructor(readonly name: string, readonly world: World, readonly stirred: () => void) {}

  /** Everything sent has arrived and is acknowledged. */
  get done(): boolean {
    return this.link !== undefined && this.link.settled && this.other.got === this.sent.length;
  }

  send(message: Uint8Array): void {
    if (!this.link?.send(message)) return;
    this.sent.push(message);
    this.stirred();
  }

  /** Reads what has arrived, and sometimes pauses. */
  read(): void {
    while (this.#reading) {
      const message = this.link?.read();
      if (!message) return;
      this.#message(message);
    }
  }

  #message(bytes: Uint8Array): void {
    if (this.endings.length > 0) this.world.wrong(`${this.name} got a message after the end`);
    const expected = this.other.sent[this.got++];
    if (!expected || !same(bytes, expected)) this.world.wrong(`${this.name} got message ${this.got} wrong`);
    const { random, time } = this.world;
    if (!random.chance(0.2)) return;
    this.#reading = false;
    time.in(random.whole(0, 3000), () => {
      this.#reading = true;
      this.read();
      this.stirred();
    });
  }

  ended(why: string): void {
    this.endings.push(why);
  }
}

/** A link as the acceptor opened it: whose it is shows when a client takes it. One that no client takes brings nothing. */
class Opened {
  #end: End | undefined;
  #over: string | undefined;

  constructor(readonly link: DatagramLink, readonly world: World) {}

  adopt(end: End): void {
    this.#end = end;
    end.link = this.link;
    if (this.#over !== undefined) end.ended(this.#over);
  }

  read(): void {
    if (this.#end) this.#end.read();
    else this.world.wrong("a link that no client has taken brought a message");
  }

  ended(why: string): void {
    this.#over = why;
    this.#end?.ended(why);
  }
}

/** The result of one simulation. */
export interface Report {
  readonly seed: number;
  readonly problems: string[];
  messages: number;
  /** Links that delivered everything, and links that ended early. */
  complete: number;
  broken: number;
  moves: number;
  resentPieces: number;
}

interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly report: Report;
  wrong(what: string): void;
}

const CLIENTS = 3;
const BUSY_MS = 40_000;
const SERVER: Address = { hostname: "server", port: 1 };

/** Clients of one acceptor on a bad network: messages arrive, or the link ends on both sides with a reason. */
export function simulateDatagrams(seed: number): Report {
  const time = new VirtualTime();
  const random = new Random(seed);
  const report: Report = { seed, problems: [], messages: 0, complete: 0, broken: 0, moves: 0, resentPieces: 0 };
  const world: World = { time, random, report, wrong: (what) => report.problems.push(`${time.now}: ${what}`) };
  const udp = new VirtualUdp(time, random, { loss: 0.3, repeats: 0.05, mostDelayMs: random.pick([2, 20, 150]) });
  const options = datagramOptions({ outboxBytes: random.pick([128, 1024]) * 1024 });
  const all = new Map<bigint, Opened>();
  const random8 = () => Uint8Array.from({ length: 8 }, () => random.whole(0, 255));

  const acceptor = new DatagramAcceptor({ random8, mac: checksum }, options);
  const perform = (output: AcceptorOutput) => {
    switch (output.type) {
      case "send":
        return udp.send(SERVER, output.address, output.datagram);
      case "open": {
        const link = acceptor.accept(output.request, time.now)!;
        return void all.set(link.id, new Opened(link, world));
      }
      case "readable":
        return all.get(output.link.id)!.read();
      case "moved":
        return void report.moves++;
      case "ended":
        return all.get(output.link.id)!.ended(output.why);
    }
  };
  const acceptorDriver = new Driver(time, acceptor, perform, report.problems);
  udp.bind(SERVER, (from, datagram) => {
    acceptor.receive(from, datagram, time.now);
    acceptorDriver.stirred();
  });

  const pairs = Array.from({ length: CLIENTS }, (_, i) => {
    const server = new End(`server ${i}`, world, () => acceptorDriver.stirred());
    const client = openClient(`client ${i}`, { ...world, udp, options, random8, server, all });
    live(world, [server, client]);
    return [server, client] as const;
  });
  for (let cuts = random.whole(0, 2); cuts > 0; cuts--) {
    time.in(random.whole(1000, BUSY_MS), () => udp.cut(random.chance(0.1) ? 40_000 : random.whole(1000, 20_000)));
  }
  for (let s = 0; s < 300; s++) {
    time.pass(1000);
    for (const end of pairs.flat()) checkBounds(world, end, options);
  }
  for (const pair of pairs) judge(world, pair);
  if (acceptor.size > 0) world.wrong(`the acceptor still has ${acceptor.size} links`);
  if (acceptor.stats.malformed > 0) world.wrong(`${acceptor.stats.malformed} datagrams were malformed`);
  return report;
}

interface ClientWorld extends World {
  readonly udp: VirtualUdp;
  readonly options: DatagramOptions;
  readonly random8: () => Uint8Array;
  readonly server: End;
  readonly all: Map<bigint, Opened>;
}

function openClient(name: string, world: ClientWorld): End {
  const { time, random, udp, options } = world;
  let moves = 0;
  let place: Address = { hostname: name, port: 1 };
  const client = new End(name, world, () => driver.stirred());
  client.other = world.server;
  world.server.other = client;
  const dialer = new DatagramDialer(SERVER, options, world.random8());
  const perform = (output: DialerOutput) => {
    switch (output.type) {
      case "send":
        return udp.send(place, output.address, output.datagram);
      case "opened":
        client.link = output.link;
        return world.all.get(output.link.id)!.adopt(world.server);
      case "ended":
        return client.ended(output.why);
    }
  };
  const driver = new Driver(time, dialer, perform, world.report.problems);
  const arrived = (_from: Address, datagram: Uint8Array) => {
    dialer.receive(datagram, time.now);
    driver.stirred();
    client.read();
    driver.stirred();
  };
  udp.bind(place, arrived);
  time.in(random.whole(0, 1000), () => {
    dialer.start(time.now);
    driver.stirred();
  });
  for (let n = random.whole(0, 3); n > 0; n--) {
    time.in(random.whole(3000, BUSY_MS), () => {
      udp.unbind(place);
      place = { hostname: `${name}, moved ${++moves}`, port: 1 };
      udp.bind(place, arrived);
    });
  }
  return client;
}

/** Both ends send at random times; one closes at the end or in the middle. */
function live(world: World, pair: readonly [End, End]): void {
  const { time, random } = world;
  for (const end of pair) {
    for (let bursts = random.whole(0, 6); bursts > 0; bursts--) {
      time.in(random.whole(1000, BUSY_MS), () => {
        const big = random.chance(0.3);
        for (let n = random.whole(1, big ? 4 : 20); n > 0; n--) {
          world.report.messages++;
          end.send(message(random, big ? 64 * 1024 : 2000));
        }
      });
    }
  }
  const closer = random.pick(pair);
  if (random.chance(0.15)) {
    time.in(random.whole(1000, BUSY_MS), () => {
      if (random.chance(0.5)) closer.link?.abort("enough");
      else closer.link?.close("enough", time.now);
      closer.stirred();
    });
  }
  const look = () => {
    if (closer.endings.length > 0) return;
    if (!pair.every((end) => end.done)) return time.in(1000, look);
    closer.link?.close("bye", time.now);
    closer.stirred();
  };
  time.in(BUSY_MS + 1000, look);
}

function checkBounds(world: World, { name, link }: End, options: DatagramOptions): void {
  if (!link) return;
  const { heldPieces, heldBytes, inFlightPieces, windowPieces } = link.stats;
  if (heldPieces > 256) world.wrong(`${name} holds ${heldPieces} pieces`);
  if (heldBytes > options.outboxBytes) world.wrong(`${name} holds ${heldBytes} bytes`);
  if (inFlightPieces > 256 || windowPieces > 256) world.wrong(`${name} has ${inFlightPieces} pieces under way`);
}

function judge(world: World, pair: readonly [End, End]): void {
  const { report } = world;
  for (const end of pair) {
    if (end.link) report.resentPieces += end.link.stats.resentPieces;
    // A side that never received anything has no link to end.
    const expected = end.link || end.name.startsWith("client") ? 1 : 0;
    if (end.endings.length !== expected) world.wrong(`${end.name} ended ${end.endings.length} times: ${end.endings}`);
    if (end.endings.includes("")) world.wrong(`${end.name} ended without a reason`);
    if (end.link?.settled && end.other.got < end.sent.length && !pair.some(wasCut)) {
      world.wrong(`${end.name} has an ack for what did not come`);
    }
  }
  const complete = pair.every((end) => end.got === end.other.sent.length);
  if (complete) report.complete++;
  else if (pair.some(wasCut)) report.broken++;
  else world.wrong(`${pair[0].name} ended with messages missing: ${pair[0].endings}, ${pair[1].endings}`);
}

function wasCut({ endings }: End): boolean {
  return endings.some((why) => why === "enough" || why.startsWith("nothing heard") || why.startsWith("no answer"));
}

function message(random: Random, mostBytes: number): Uint8Array {
  const bytes = new Uint8Array(random.whole(0, mostBytes));
  const salt = random.whole(0, 255);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8) + salt) & 255;
  return bytes;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** Replaces the keyed hash: different inputs give different values, which is all these tests need. */
export function checksum(bytes: Uint8Array): Uint8Array {
  const sums = new Uint32Array(4);
  for (const byte of bytes) {
    for (let i = 0; i < 4; i++) sums[i] = Math.imul(sums[i]! ^ byte, 0x01000193 + 2 * i) + i + 1;
  }
  return new Uint8Array(sums.buffer);
}
