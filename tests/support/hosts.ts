import { type Programs, SOURCES } from "./programs.ts";

const WAIT_MS = 60_000;
const LOOK_MS = 50;

/** One end of a cable: at which host, and with which address, if any. */
export interface End {
  readonly host: string;
  readonly address?: string;
}

/**
 * Hosts of a test's own, in network namespaces, with cables between them: root on Linux only.
 *
 * 1. They know each other and nothing else: no loopback, no default route, and the machine's own network is never touched.
 * 2. All of it is gone after the test, also when that fails.
 */
export class Hosts {
  readonly #prefix = `partyline-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  readonly #names = new Set<string>();

  static async open(...names: string[]): Promise<Hosts> {
    const hosts = new Hosts();
    try {
      for (const name of names) await hosts.add(name);
      return hosts;
    } catch (error) {
      await hosts.close();
      throw error;
    }
  }

  /** Why there can be none here; undefined when there can. */
  static async missing(): Promise<string | undefined> {
    if (Deno.build.os !== "linux") return "network namespaces are Linux's";
    if (Deno.uid() !== 0) return "only root can make network namespaces";
    try {
      await using hosts = await Hosts.open("here", "there");
      await hosts.switch("lan", { here: "10.97.0.1/24", there: "10.97.0.2/24" });
    } catch (error) {
      return error instanceof Deno.errors.NotFound ? "there is no ip" : `network namespaces do not work here: ${error}`;
    }
  }

  async add(name: string): Promise<void> {
    await run("netns", "add", this.#namespace(name));
    this.#names.add(name);
  }

  /** Lays a cable; at each end it is called by the name of the other. */
  async cable(one: End, other: End): Promise<void> {
    const there = ["peer", "name", one.host, "netns", this.#namespace(other.host)];
    await this.ip(one.host, "link", "add", "name", other.host, "type", "veth", ...there);
    for (const [{ host, address }, cable] of [[one, other.host], [other, one.host]] as const) {
      if (address !== undefined) await this.ip(host, "addr", "add", address, "dev", cable);
      await this.ip(host, "link", "set", "dev", cable, "up");
    }
  }

  /** Puts hosts, by their addresses, on a switch, which is one more host; `multicast`: whether it carries that. */
  async switch(name: string, addresses: Readonly<Record<string, string>>, multicast = true): Promise<void> {
    await this.add(name);
    await this.ip(name, "link", "add", "name", "bridge", "type", "bridge");
    await this.ip(name, "link", "set", "dev", "bridge", "up");
    for (const [host, address] of Object.entries(addresses)) await this.plug(host, address, name, multicast);
  }

  /** Puts one more host on a switch. */
  async plug(host: string, address: string, into: string, multicast = true): Promise<void> {
    await this.cable({ host: into }, { host, address });
    await this.ip(into, "link", "set", "dev", host, "master", "bridge");
    await this.ip(into, "link", "set", "dev", host, "type", "bridge_slave", "mcast_flood", multicast ? "on" : "off");
  }

  /** Changes something about a host, as `ip` has it; what `ip` prints. */
  ip(host: string, ...args: string[]): Promise<string> {
    return run("-n", this.#namespace(host), ...args);
  }

  /** Does something, and waits until a host has put so many more packets on a cable. */
  async sends(host: string, cable: string, more: number, meanwhile: () => Promise<void>): Promise<void> {
    const before = await this.#sent(host, cable);
    await meanwhile();
    const end = Date.now() + WAIT_MS;
    while (await this.#sent(host, cable) < before + more) {
      if (Date.now() > end) throw new Error(`waited ${WAIT_MS} ms until ${host} has sent ${more} packets to ${cable}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Programs, as they run on a host. */
  inside(host: string, programs: Programs = SOURCES): Programs {
    return {
      name: `${programs.name}, on ${host}`,
      command: (program, all) => {
        const { path, args } = programs.command(program, all);
        return { path: "ip", args: ["netns", "exec", this.#namespace(host), path, ...args] };
      },
    };
  }

  async close(): Promise<void> {
    const names = [...this.#names];
    this.#names.clear();
    // One that cannot be deleted must not keep the others.
    const outcomes = await Promise.allSettled(names.map((name) => run("netns", "del", this.#namespace(name))));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sent(host: string, cable: string): Promise<number> {
    const [{ stats64 }] = JSON.parse(await this.ip(host, "-j", "-s", "link", "show", "dev", cable));
    return stats64.tx.packets;
  }

  #namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }
}

async function run(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("ip", { args }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}

/** A test that needs hosts of its own; where there can be none it is skipped with the reason, but never in CI. */
export async function hostsTest(): Promise<(name: string, body: () => Promise<void>) => void> {
  const why = await Hosts.missing();
  const ignore = why !== undefined && !Deno.env.has("PARTYLINE_REQUIRE_ALL");
  return (name, body) =>
    Deno.test({
      name: `${name}${ignore ? ` (skipped: ${why})` : ""}`,
      ignore,
      async fn() {
        if (why !== undefined) throw new Error(why);
        await body();
      },
    });
}
