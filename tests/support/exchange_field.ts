import { delay } from "@std/async/delay";
import { join } from "@std/path";
import { freePort } from "../../lib/net/free_port.ts";
import { STORE_FILE } from "../../lib/store/worker_store.ts";
import { ChatStore } from "../../lib/store/chat_store.ts";
import { Hosts } from "./hosts.ts";
import { NatsServer } from "./nats_server.ts";
import { type Folder, Running, SOURCES } from "./programs.ts";
import type { ClientPlace } from "./soak_pair.ts";

const NAMES = ["lab1", "lab2", "lab3"] as const;
const NATS = "nats";
const SWITCH = "lan";
/** Of a host without a client's server: a client that cannot go elsewhere waits for its own. */
const NOWHERE = "10.97.0.99:9";
/** On hosts of their own, ports are free. */
const [PORT, LINK_PORT] = [2001, 2444];

/** How servers are connected. */
export interface FieldOptions {
  /** They are linked to the first of them; otherwise they are at a nats-server. */
  readonly isLinked: boolean;
  /** Each is on a host of its own, whose cable can be pulled; otherwise all are on loopback. */
  readonly hasHosts: boolean;
}

/** Three real servers of one chat, and what they are connected by; all of it can be killed and started again. */
export class ExchangeField {
  readonly #servers: Running[] = [];
  readonly #ports: readonly number[];
  readonly #linkPort: number;
  #isOver = false;

  private constructor(
    readonly options: FieldOptions,
    readonly folder: Folder,
    readonly hosts: Hosts | undefined,
    readonly nats: NatsServer | undefined,
  ) {
    this.#ports = NAMES.map(() => hosts ? PORT : freePort());
    this.#linkPort = hosts ? LINK_PORT : freePort();
  }

  /** `folder` has the users. `begun` disposes of it, also while its servers start. */
  static async open(options: FieldOptions, folder: Folder, begun: AsyncDisposableStack): Promise<ExchangeField> {
    const names = options.isLinked ? NAMES : [...NAMES, NATS];
    const hosts = options.hasHosts ? await Hosts.open(...names) : undefined;
    try {
      await hosts?.switch(SWITCH, Object.fromEntries(names.map((name) => [name, `${addressOf(name)}/24`])));
      // A client reaches the server of its own host over that.
      for (const name of names) await hosts?.ip(name, "link", "set", "lo", "up");
      const place = hosts && {
        hostname: addressOf(NATS),
        command: (path: string, args: readonly string[]) => hosts.command(NATS, path, args),
      };
      const nats = options.isLinked ? undefined : await NatsServer.open(place);
      const field = begun.use(new ExchangeField(options, folder, hosts, nats));
      for (const index of NAMES.keys()) await field.#start(index);
      return field;
    } catch (error) {
      await hosts?.close();
      throw error;
    }
  }

  /** What can be killed, and cut off. */
  get targets(): readonly string[] {
    return this.nats ? [...NAMES, NATS] : NAMES;
  }

  /** Where a client of a server is started. */
  clientOf(index: number): ClientPlace {
    const name = NAMES[index]!;
    const port = this.#ports[index]!;
    if (!this.hosts) return { programs: SOURCES, hostname: "127.0.0.1", port };
    return { programs: this.hosts.inside(name), hostname: addressOf(name), port };
  }

  /** Kills a target, as a crash would, and starts it again. */
  async kill(target: string, downMs: number): Promise<void> {
    const index = NAMES.findIndex((name) => name === target);
    if (index < 0) {
      await this.nats!.kill();
      await delay(downMs);
      return this.#isOver ? undefined : await this.nats!.start();
    }
    this.#servers[index]!.process.kill("SIGKILL");
    await this.#servers[index]!.over();
    await delay(downMs);
    await this.#start(index);
  }

  /** Pulls the cable of a target's host, and plugs it in again. */
  async cut(target: string, downMs: number): Promise<void> {
    await this.hosts!.ip(SWITCH, "link", "set", "dev", target, "down");
    await delay(downMs);
    await this.hosts!.ip(SWITCH, "link", "set", "dev", target, "up");
  }

  /** What the servers have logged last. */
  get logs(): string[] {
    return this.#servers.map(({ err }) => err.slice(-4000));
  }

  /** Ends the servers as their operator does. */
  async stop(): Promise<void> {
    for (const { process } of this.#servers) process.kill("SIGTERM");
    for (const server of this.#servers) await server.over();
  }

  /** What the stores of stopped servers say that is not true: where messages wait for a user who has them. */
  wrongStates(): string[] {
    return NAMES.flatMap((name, index) => {
      const store = new ChatStore(join(this.folder.path, `data-${index}`, STORE_FILE));
      try {
        const { users, pairs } = store.snapshot;
        const nameOf = (wanted: number) => users.find(({ id }) => id === wanted)!.name;
        return pairs.flatMap(({ users: [one, other], waiting }) =>
          waiting.flatMap(({ bytes }, side) => {
            const [receiver, sender] = side === 0 ? [one, other] : [other, one];
            if (bytes === 0) return [];
            return [`${name}: what ${nameOf(sender)} has said to ${nameOf(receiver)} counts as not received`];
          })
        );
      } finally {
        store.close();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    await this.nats?.[Symbol.asyncDispose]();
    await this.hosts?.close();
  }

  async #start(index: number): Promise<void> {
    if (this.#isOver) return;
    const name = NAMES[index]!;
    const { programs, hostname, port } = this.clientOf(index);
    const args = [String(port), "users.txt", "--host", hostname, "--data", `data-${index}`, "--name", name];
    const keeper = this.hosts ? addressOf(NAMES[0]) : hostname;
    if (this.nats) args.push("--exchange", `nats://${this.hosts ? addressOf(NATS) : hostname}:${this.nats.port}`);
    else if (index === 0) args.push("--link-port", String(this.#linkPort));
    else args.push("--link", `${keeper}:${this.#linkPort}`, "--link-secret", "data-0/link-secret");
    if (this.hosts) args.push("--address", NOWHERE);
    const started = this.#servers[index] = new Running(programs, "server", args, this.folder.path);
    await started.printed(/^im listening/m);
  }
}

function addressOf(host: string): string {
  return `10.97.0.${[...NAMES, NATS].findIndex((name) => name === host) + 1}`;
}
