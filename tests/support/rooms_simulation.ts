import { Accounts } from "../../lib/chat/accounts.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { concat, equals } from "../../lib/core/bytes.ts";
import { type Limits, limits } from "../../lib/core/limits.ts";
import type { Transport, TransportOwner } from "../../lib/core/transport.ts";
import { roomsProtocol } from "../../lib/protocols/rooms/server.ts";
import type { Platform } from "../../lib/server/platform.ts";
import { SessionRunner } from "../../lib/server/runner.ts";
import { FILE_HASHING } from "./file_hashing.ts";
import { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The server's timer. */
const TICK_MS = 50;
/** A client pauses so long between two pieces; the wire may shorten that by what it delays. */
const PAUSE_MS = 100;
const RECV_BYTES = 1024;
const READ_MS = 1;
const LATENCY_MS = 20;
const ROOMS = roomsProtocol(FILE_HASHING);

/** The contents of all files are parts of this. */
const NOISE = (() => {
  const bytes = new Uint8Array(6_000_000);
  const random = new Random(7);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.next() * 256;
  return bytes;
})();

/** The contents of a file, which follow from its name: `client_FROM-BYTES.bin`. */
export function contentsOf(name: string): Uint8Array {
  const [, from, bytes] = /(\d+)-(\d+)\.bin$/.exec(name)!;
  return NOISE.subarray(Number(from), Number(from) + Number(bytes));
}

/** What a client's system holds: what has arrived and was not read, up to its capacity. */
class SystemBuffer {
  #parts: Uint8Array[] = [];
  bytes = 0;

  constructor(readonly capacity: number) {}

  put(part: Uint8Array): void {
    this.#parts.push(part);
    this.bytes += part.length;
  }

  /** One `recv`. */
  recv(most: number): Uint8Array {
    const taken: Uint8Array[] = [];
    let room = most;
    while (room > 0 && this.#parts.length > 0) {
      const first = this.#parts[0]!;
      const part = first.subarray(0, room);
      taken.push(part);
      room -= part.length;
      if (part.length === first.length) this.#parts.shift();
      else this.#parts[0] = first.subarray(part.length);
    }
    this.bytes -= most - room;
    return taken.length === 1 ? taken[0]! : concat(taken);
  }
}

/** The server's end of a connection to a client of the simulation. */
class SimulatedTransport implements Transport {
  waitingBytes = 0;
  readonly #outbox: Uint8Array[] = [];
  #arrival = 0;
  isOpen = true;
  owner!: TransportOwner;

  constructor(readonly client: RoomsPeer, readonly time: VirtualTime, readonly random: Random) {}

  write(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#outbox.push(bytes.slice());
    this.waitingBytes += bytes.length;
    this.flush();
  }

  /** Moves what the client's system can hold. */
  flush(): void {
    const { buffer } = this.client;
    while (this.#outbox.length > 0 && this.client.onTheWay + buffer.bytes < buffer.capacity) {
      const part = this.#outbox.shift()!;
      this.waitingBytes -= part.length;
      this.client.onTheWay += part.length;
      this.#arrival = Math.max(this.#arrival, this.time.now + this.random.next() * LATENCY_MS);
      this.time.in(this.#arrival - this.time.now, () => this.client.arrived(part));
    }
  }

  close(): void {
    this.isOpen = false;
    this.client.closed();
  }

  abort(): void {
    this.close();
  }

  resume(): void {}
}

interface IncomingFile {
  readonly name: string;
  readonly sender: string;
  readonly size: number;
  at: number;
}

export interface PeerOptions {
  readonly name: string;
  readonly room: string;
  /** What it reads in a millisecond. */
  readonly bytesPerMs: number;
  /** What its system and the server's hold of what it has not read. */
  readonly systemBytes: number;
  /** Stops reading for good at the first file. */
  readonly vanishes?: boolean;
}

/**
 * A client that parses as the handout's does: a piece is one `recv`, a file ends at its exact count, and one byte more and it
 * never ends. It pauses between the pieces that it sends.
 */
export class RoomsPeer {
  readonly buffer: SystemBuffer;
  /** Bytes on the wire to it. */
  onTheWay = 0;
  readonly texts: string[] = [];
  /** Names of files that are whole, with their senders. */
  readonly received: string[] = [];
  problem: string | undefined;
  isClosed = false;
  readonly #transport: SimulatedTransport;
  readonly #sends: (() => number)[] = [];
  #sending = false;
  #sentAt = 0;
  #headers: string[] = [];
  #file: IncomingFile | undefined;
  #reading = false;
  #stopped = false;

  constructor(
    readonly options: PeerOptions,
    readonly time: VirtualTime,
    readonly random: Random,
    readonly runner: SessionRunner,
  ) {
    this.buffer = new SystemBuffer(options.systemBytes);
    this.#transport = new SimulatedTransport(this, time, random);
    runner.open(ROOMS, { hostname: "10.0.0.9", port: 40_000 }, (owner) => {
      this.#transport.owner = owner;
      return this.#transport;
    });
    for (const piece of [options.name, options.room]) this.#send(piece);
  }

  /** Whether everything it was told to send has left. */
  get isIdle(): boolean {
    return this.#sends.length === 0 && !this.#sending;
  }

  /** Whether it is in the middle of a file. */
  get isStuck(): boolean {
    return !this.options.vanishes &&
      (this.#file !== undefined || this.#headers.length > 0 || this.problem !== undefined);
  }

  say(text: string): void {
    this.#send(text);
  }

  sendFile(name: string): void {
    const bytes = contentsOf(name);
    for (const piece of ["FILE", `client_${name}`, String(bytes.length)]) this.#send(piece);
    // In segments of any size, a moment apart.
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.random.whole(1, 256 * 1024));
      at += part.length;
      this.#sends.push(() => {
        this.#up(part);
        return this.random.whole(0, 3);
      });
    }
    this.#sends.push(() => PAUSE_MS);
    this.#next();
  }

  arrived(part: Uint8Array): void {
    this.onTheWay -= part.length;
    this.buffer.put(part);
    this.#read();
  }

  closed(): void {
    this.isClosed = true;
  }

  #send(piece: string): void {
    this.#sends.push(() => {
      this.#up(new TextEncoder().encode(piece));
      return PAUSE_MS;
    });
    this.#next();
  }

  #next(): void {
    if (this.#sending) return;
    const act = this.#sends.shift();
    if (!act) return;
    this.#sending = true;
    this.time.in(act(), () => {
      this.#sending = false;
      this.#next();
    });
  }

  #up(bytes: Uint8Array): void {
    // The wire delays each, and keeps their order.
    this.#sentAt = Math.max(this.#sentAt, this.time.now + this.random.next() * LATENCY_MS);
    this.time.in(this.#sentAt - this.time.now, () => {
      if (this.#transport.isOpen) this.#transport.owner.receive(bytes);
    });
  }

  #read(): void {
    if (this.#reading || this.#stopped || this.buffer.bytes === 0) return;
    this.#reading = true;
    this.time.in(READ_MS, () => {
      this.#reading = false;
      for (let budget = this.options.bytesPerMs; budget > 0 && this.buffer.bytes > 0 && !this.#stopped;) {
        const bytes = this.buffer.recv(RECV_BYTES);
        budget -= bytes.length;
        this.#recv(bytes);
      }
      this.#transport.flush();
      this.#read();
    });
  }

  #recv(bytes: Uint8Array): void {
    if (this.#file) return this.#data(this.#file, bytes);
    const piece = new TextDecoder().decode(bytes);
    if (this.#headers.length === 0 && piece !== "FILE") return void this.texts.push(piece);
    this.#headers.push(piece);
    if (this.#headers.length < 4) return;
    const [, name = "", size = "", sender = ""] = this.#headers;
    this.#headers = [];
    this.#file = { name, size: Number(size), sender, at: 0 };
    if (this.options.vanishes) this.#stopped = true;
    else this.#endFile(this.#file);
  }

  #data(file: IncomingFile, bytes: Uint8Array): void {
    if (!equals(bytes, contentsOf(file.name).subarray(file.at, file.at + bytes.length))) {
      this.problem ??= `${file.name} has other bytes at ${file.at}`;
    }
    file.at += bytes.length;
    this.#endFile(file);
  }

  #endFile(file: IncomingFile): void {
    if (file.at !== file.size) return;
    this.received.push(`${file.sender} ${file.name}`);
    this.#file = undefined;
  }
}

/** A server with the rooms listener alone, on virtual time. */
export function simulatedServer(time: VirtualTime, given: Partial<Limits> = {}): SessionRunner {
  const numbers = limits(given);
  const platform: Platform = {
    dial: (_hostname, _port, _owner, done) => time.in(0, () => done("refused")),
    probe: (_peer, done) => time.in(0, () => done("alive" as never)),
    verify: () => Promise.resolve(false),
    prove: () => Promise.resolve({ right: false }),
    soon: (turn) => time.in(0, turn),
    now: () => time.now,
    wallTime: () => time.now,
  };
  const runner = new SessionRunner(new Hub(new Accounts(new Map()), numbers), platform, numbers);
  const tick = () => {
    runner.tick();
    time.in(TICK_MS, tick);
  };
  tick();
  return runner;
}
