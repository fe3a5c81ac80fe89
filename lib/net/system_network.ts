import { isIpAddress } from "../core/address.ts";

/** How the system would send to an address. */
export interface Route {
  readonly device: string;
  /** The router; undefined for an address of the same network. */
  readonly via: string | undefined;
}

/** Whether the machine at an address of the same network has answered for it. */
export type Neighbour = "answers" | "silent" | "unknown";

/** What the tools of the system say about its network; undefined or empty where they are missing. */
export interface SystemNetwork {
  routeTo(address: string): Promise<Route | "none" | undefined>;
  neighbour(address: string): Promise<Neighbour>;
  /** The program that has a port, such as `python3 (77)`. */
  ownerOf(port: number): Promise<string | undefined>;
  /** Firewalls of this machine that are on, as far as they can be seen without rights. */
  firewalls(): Promise<readonly string[]>;
}

/** The network of Linux, read by `ip` and `ss`. Of other systems nothing is read. */
export const SYSTEM_NETWORK: SystemNetwork = {
  async routeTo(address) {
    if (!isIpAddress(address)) return undefined;
    const output = await run("ip", ["-j", "route", "get", address]);
    if (output === undefined) return undefined;
    return output.success ? decodeRoute(output.text) : "none";
  },
  async neighbour(address) {
    if (!isIpAddress(address)) return "unknown";
    const output = await run("ip", ["-j", "neigh", "show", address]);
    return output?.success ? decodeNeighbour(output.text) : "unknown";
  },
  async ownerOf(port) {
    const output = await run("ss", ["-Hltnup", `sport = :${port}`]);
    return output?.success ? decodeOwner(output.text) : undefined;
  },
  async firewalls() {
    const active = ["ufw", "firewalld", "nftables", "iptables"].map(async (name) => {
      const output = await run("systemctl", ["is-active", name]);
      return output?.text.trim() === "active" ? [name] : [];
    });
    return (await Promise.all(active)).flat();
  },
};

/** Decodes `ip -j route get`. */
export function decodeRoute(json: string): Route | undefined {
  const [route] = rows(json);
  const { dev, gateway } = route ?? {};
  if (typeof dev !== "string") return undefined;
  return { device: dev, via: typeof gateway === "string" ? gateway : undefined };
}

/** Decodes `ip -j neigh show`. */
export function decodeNeighbour(json: string): Neighbour {
  const [entry] = rows(json);
  if (entry === undefined) return "unknown";
  const states = Array.isArray(entry.state) ? entry.state : [];
  if (states.includes("FAILED") || states.includes("INCOMPLETE")) return "silent";
  return typeof entry.lladdr === "string" ? "answers" : "unknown";
}

/** Decodes `ss -Hltnup`: `… users:(("python3",pid=77,fd=3))`. */
export function decodeOwner(text: string): string | undefined {
  const [, name, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(text) ?? [];
  return name === undefined ? undefined : `${name} (${pid})`;
}

function rows(json: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value.filter((row) => typeof row === "object" && row !== null) : [];
  } catch {
    return [];
  }
}

async function run(program: string, args: string[]): Promise<{ success: boolean; text: string } | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" }).output();
    return { success, text: new TextDecoder().decode(stdout) };
  } catch {
    // It is not installed, or may not be run.
    return undefined;
  }
}
