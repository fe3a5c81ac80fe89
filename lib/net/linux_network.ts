import { isIpAddress } from "../core/address.ts";
import { type Neighbour, type Route, runTool, type SystemNetwork } from "./system_network.ts";

/** The network of Linux, read by `ip`, `ss` and `systemctl`. */
export const LINUX_NETWORK: SystemNetwork = {
  async routeTo(address) {
    if (!isIpAddress(address)) return undefined;
    const output = await runTool("ip", ["-j", "route", "get", address]);
    if (output === undefined) return undefined;
    return output.success ? decodeRoute(output.text) : "none";
  },
  async neighbour(address) {
    if (!isIpAddress(address)) return "unknown";
    const output = await runTool("ip", ["-j", "neigh", "show", address]);
    return output?.success ? decodeNeighbour(output.text) : "unknown";
  },
  async ownerOf(port) {
    const output = await runTool("ss", ["-Hltnup", `sport = :${port}`]);
    return output?.success ? decodeOwner(output.text) : undefined;
  },
  async firewalls() {
    const active = ["ufw", "firewalld", "nftables", "iptables"].map(async (name) => {
      const output = await runTool("systemctl", ["is-active", name]);
      return output?.text.trim() === "active" ? [name] : [];
    });
    return (await Promise.all(active)).flat();
  },
};

/** Decodes `ip -j route get`. */
export function decodeRoute(json: string): Route | undefined {
  const [route] = rows(json);
  const { dev, gateway, metrics } = route ?? {};
  if (typeof dev !== "string") return undefined;
  const mtu = Array.isArray(metrics) ? metrics.map(({ mtu }) => mtu).find((mtu) => typeof mtu === "number") : undefined;
  return { device: dev, via: typeof gateway === "string" ? gateway : undefined, ...(mtu === undefined ? {} : { mtu }) };
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
