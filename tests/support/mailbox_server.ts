import { Accounts } from "../../lib/chat/accounts.ts";
import { Hub } from "../../lib/chat/hub.ts";
import type { Address } from "../../lib/core/address.ts";
import { limits } from "../../lib/core/limits.ts";
import { ConnectionLimiter } from "../../lib/core/limiters.ts";
import { MAILBOX_PROTOCOL } from "../../lib/protocols/native/server.ts";
import { DatagramSessions } from "../../lib/server/datagram_listener.ts";
import type { Platform } from "../../lib/server/platform.ts";
import { SessionRunner } from "../../lib/server/runner.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import type { StoreEvent, StorePort } from "../../lib/store/worker_store.ts";
import { checksum } from "./datagram_simulation.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";
import type { VirtualUdp } from "./virtual_udp.ts";

export const SERVER_ADDRESS: Address = { hostname: "server", port: 1 };
/** How long the server's machine is down after a crash. */
export const MAX_DOWN_MS = 20_000;
const LIMITS = limits({ burstCommands: 1_000_000 });
const WALL = 1_700_000_000_000;

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
export class MailboxServer {
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
      verify: () => Promise.reject(new Error("no user has a password here")),
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
      send: (place, datagram) => alive() ? this.udp.send(SERVER_ADDRESS, place, datagram) : undefined,
      flushSoon() {
        if (flushing) return;
        flushing = true;
        soon(0, () => {
          flushing = false;
          sessions.flush();
        });
      },
    });
    this.udp.bind(SERVER_ADDRESS, (from, datagram) => {
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
    this.udp.unbind(SERVER_ADDRESS);
    this.#runner = undefined;
    this.time.in(this.random.whole(100, MAX_DOWN_MS), () => this.up());
  }
}
