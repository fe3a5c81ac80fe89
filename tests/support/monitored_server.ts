import { type Accounts, decodeUsers } from "../../lib/chat/accounts.ts";
import type { Command } from "../../lib/chat/command.ts";
import { Hub } from "../../lib/chat/hub.ts";
import { limits } from "../../lib/core/limits.ts";
import { RecentLog } from "../../lib/core/log.ts";
import { IM_PROTOCOL } from "../../lib/protocols/im/server.ts";
import { lobbyProtocol } from "../../lib/protocols/lobby/server.ts";
import { MAILBOX_PROTOCOL } from "../../lib/protocols/native/server.ts";
import { Monitor } from "../../lib/server/monitor.ts";
import type { WatchEvent } from "../../lib/chat/server_snapshot.ts";
import { SessionRunner } from "../../lib/server/runner.ts";
import type { Transport } from "../../lib/core/transport.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import { settled } from "./settled.ts";

const PROTOCOLS = { im: IM_PROTOCOL, lobby: lobbyProtocol(), mailbox: MAILBOX_PROTOCOL };
const PASSWORD = "12345";
/** The start time, a whole second. */
export const START = 1_700_000_000_000;

/** A server without sockets, with a clock moved by the test, and its monitor. */
export class MonitoredServer {
  now = START;
  readonly hub: Hub;
  readonly runner: SessionRunner;
  readonly log = new RecentLog();
  readonly monitor: Monitor;
  readonly store = new ChatStore(":memory:");

  constructor() {
    const randomness = { bytes: (count: number) => new Uint8Array(count), salt: () => new Uint8Array(16) };
    const accounts = decodeUsers(["ann", "bob", "eve"].map((name) => `${name} ${PASSWORD}`).join("\n")) as Accounts;
    this.hub = new Hub(accounts, limits(), { snapshot: this.store.snapshot, randomness });
    const never = () => Promise.reject(new Error("nobody asks"));
    const platform = {
      ...{ dial: () => {}, probe: () => {}, verify: never, prove: never, soon: () => {} },
      now: () => this.now,
      wallTime: () => this.now,
    };
    this.runner = new SessionRunner(this.hub, platform, limits());
    this.monitor = new Monitor({
      runner: this.runner,
      listeners: () => Object.keys(PROTOCOLS).map((name, i) => ({ name, hostname: "0.0.0.0", port: 2001 + i })),
      addresses: ["127.0.0.1", "fd00::1", "10.0.0.5", "169.254.1.1", "::1"],
      log: this.log,
      memoryBytes: () => 50_000_000,
      directory: {
        size: 4,
        entries: () => [{ hostname: "10.0.0.5", port: 3001, user: "eve\x1b[31m", since: 5, until: 9 }],
      },
    });
  }

  /** Opens a session at a listener, logged in if it has a name; `waitingBytes` are queued for it. */
  enter(protocol: keyof typeof PROTOCOLS, name?: string, waitingBytes = 0): number {
    const transport: Transport = { waitingBytes, write: () => {}, close: () => {}, abort: () => {}, resume: () => {} };
    const { id } = this.runner.open(PROTOCOLS[protocol], { hostname: "10.0.0.9", port: 1 }, () => transport);
    if (protocol === "lobby") this.does(id, { type: "enterAsGuest", as: "10.0.0.9:1" });
    if (name === undefined) return id;
    this.does(id, { type: "login", name, password: PASSWORD });
    if (protocol === "mailbox") {
      this.does(id, { type: "become" });
      this.does(id, { type: "resume", client: `${id}`, answered: 0 });
    } else this.does(id, { type: "ready" });
    return id;
  }

  /** What sessions are told is dropped: none answers by itself. */
  does(id: number, command: Command): void {
    this.hub.handle(id, command, this.now);
    settled(this.hub, this.store, this.now);
  }

  tick(): void {
    this.hub.tick(this.now, this.now);
    settled(this.hub, this.store, this.now);
  }

  /** Advances to the next full second. */
  second(): void {
    this.now = (Math.floor(this.now / 1000) + 1) * 1000;
    this.monitor.tick(this.now);
  }

  says(text: string, level: "info" | "error" = "info"): void {
    this.log.add({ time: this.now, level, text });
  }
}

/** A client of the monitor, and what it was sent. */
export class MonitorClient {
  readonly told: WatchEvent[] = [];
  room = true;
  readonly stop: () => void;

  constructor(monitor: Monitor) {
    this.stop = monitor.watch((event) => {
      if (!this.room) return false;
      this.told.push(event);
    });
  }

  /** What was sent since the last call: the texts of log lines, otherwise the kind. */
  news(): string[] {
    return this.told.splice(0).map((event) =>
      event.type === "log" ? event.text : event.type === "missed" ? `missed ${event.lines}` : event.type
    );
  }
}
