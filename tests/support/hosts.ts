import { type Programs, SOURCES } from "./programs.ts";
import { WAIT_MS } from "./wire.ts";

const LOOK_MS = 50;

/** One end of a cable: the host and its address, if any. */
export interface End {
  readonly host: string;
  readonly address?: string;
}

/**
 * Hosts of one test in network namespaces, connected by cables. Needs root on Linux.
 *
 * 1. They reach only each other: no loopback, no default route; the machine's own network is not touched.
 * 2. Everything is removed after the test, even if it fails.
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

  /** Why namespaces are unavailable here; undefined if they are available. */
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

  /** Connects two hosts; each end's interface is named after the other host. */
  async cable(one: End, other: End): Promise<void> {
    const there = ["peer", "name", one.host, "netns", this.#namespace(other.host)];
    await this.ip(one.host, "link", "add", "name", other.host, "type", "veth", ...there);
    for (const [{ host, address }, cable] of [[one, other.host], [other, one.host]] as const) {
      if (address !== undefined) await this.ip(host, "addr", "add", address, "dev", cable);
      await this.ip(host, "link", "set", "dev", cable, "up");
    }
  }

  /** Connects hosts to a switch, which is a host too; `multicast`: whether it forwards multicast. */
  async switch(name: string, addresses: Readonly<Record<string, string>>, multicast = true): Promise<void> {
    await this.add(name);
    await this.ip(name, "link", "add", "name", "bridge", "type", "bridge");
    await this.ip(name, "link", "set", "dev", "bridge", "up");
    for (const [host, address] of Object.entries(addresses)) await this.plug(host, address, name, multicast);
  }

  /** Connects one more host to a switch. */
  async plug(host: string, address: string, into: string, multicast = true): Promise<void> {
    await this.cable({ host: into }, { host, address });
    await this.ip(into, "link", "set", "dev", host, "master", "bridge");
    await this.ip(into, "link", "set", "dev", host, "type", "bridge_slave", "mcast_flood", multicast ? "on" : "off");
  }

  /** Runs `ip` on a host and returns its output. */
  ip(host: string, ...args: string[]): Promise<string> {
    return run("-n", this.#namespace(host), ...args);
  }

  /** Makes a host a router between its cables. */
  async forwards(host: string): Promise<void> {
    await run("netns", "exec", this.#namespace(host), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  }

  /** Adds a rule to what a host's firewall does with incoming packets, such as `ip protocol udp drop`. */
  async firewall(host: string, rule: string): Promise<void> {
    const chain = "add table ip f; add chain ip f i { type filter hook input priority 0; }; add rule ip f i";
    const args = ["netns", "exec", this.#namespace(host), "nft", `${chain} ${rule}`];
    const { success, stderr } = await new Deno.Command("ip", { args }).output();
    if (!success) throw new Error(`nft on ${host}: ${new TextDecoder().decode(stderr).trim()}`);
  }

  /** Runs `meanwhile` and waits until a host has sent `more` further packets into a cable. */
  async sends(host: string, cable: string, more: number, meanwhile: () => Promise<void>): Promise<void> {
    const before = await this.#sent(host, cable);
    await meanwhile();
    const end = Date.now() + WAIT_MS;
    while (await this.#sent(host, cable) < before + more) {
      if (Date.now() > end) throw new Error(`waited ${WAIT_MS} ms until ${host} has sent ${more} packets to ${cable}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** The programs, started on a host. */
  inside(host: string, programs: Programs = SOURCES): Programs {
    return {
      name: `${programs.name}, on ${host}`,
      command: (program, all) => {
        const { path, args } = programs.command(program, all);
        return this.command(host, path, args);
      },
    };
  }

  /** How to start a program on a host. */
  command(host: string, path: string, args: readonly string[]): { path: string; args: string[] } {
    return { path: "ip", args: ["netns", "exec", this.#namespace(host), path, ...args] };
  }

  async close(): Promise<void> {
    const names = [...this.#names];
    this.#names.clear();
    // One failure must not prevent the other deletions.
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

/**
 * Defines tests that need hosts, and `programs` on them; where one is unavailable they are skipped with the reason, in CI they
 * fail.
 */
export async function hostsTest(...programs: string[]): Promise<(name: string, body: () => Promise<void>) => void> {
  const why = await Hosts.missing() ?? await missingProgram(programs);
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

async function missingProgram(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    try {
      await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    } catch {
      return `there is no ${program}`;
    }
  }
  return undefined;
}
