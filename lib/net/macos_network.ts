import { isIpAddress } from "../core/address.ts";
import { type Neighbour, type Route, runTool, type SystemNetwork } from "./system_network.ts";

export const MACOS_FIREWALL = "/usr/libexec/ApplicationFirewall/socketfilterfw";

/** The network of macOS, read by `route`, `arp`, `lsof` and `socketfilterfw`, which need no rights to read. */
export const MACOS_NETWORK: SystemNetwork = {
  async routeTo(address) {
    if (!isIpAddress(address)) return undefined;
    const output = await runTool("route", ["-n", "get", address]);
    return output === undefined ? undefined : decodeMacosRoute(output.text);
  },
  async neighbour(address) {
    if (!isIpAddress(address)) return "unknown";
    return decodeMacosNeighbour((await runTool("arp", ["-n", address]))?.text ?? "");
  },
  async ownerOf(port) {
    const output = await runTool("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", `-iUDP:${port}`, "-Fpc"]);
    return decodeMacosOwner(output?.text ?? "");
  },
  async firewalls() {
    const output = await runTool(MACOS_FIREWALL, ["--getglobalstate"]);
    return decodeMacosFirewall(output?.text ?? "");
  },
};

/** Decodes `route -n get`, which names no interface where there is no route. */
export function decodeMacosRoute(text: string): Route | "none" {
  const [, device] = /^\s*interface: (\S+)$/m.exec(text) ?? [];
  const [, gateway] = /^\s*gateway: (\S+)$/m.exec(text) ?? [];
  if (device === undefined) return "none";
  return { device, via: gateway !== undefined && isIpAddress(gateway) ? gateway : undefined };
}

/** Decodes `arp -n`: `? (10.0.0.2) at a4:83:e7:1:2:3 on en0`, `… at (incomplete) on en0`, `… -- no entry`. */
export function decodeMacosNeighbour(text: string): Neighbour {
  if (/ at \(incomplete\)/.test(text)) return "silent";
  return / at [0-9a-f]{1,2}(:[0-9a-f]{1,2}){5} /.test(text) ? "answers" : "unknown";
}

/** Decodes `lsof -Fpc`, a field in each line: `p77`, `cpython3`. */
export function decodeMacosOwner(text: string): string | undefined {
  const [, pid] = /^p(\d+)$/m.exec(text) ?? [];
  const [, name] = /^c(.+)$/m.exec(text) ?? [];
  return pid === undefined || name === undefined ? undefined : `${name} (${pid})`;
}

/** Decodes `socketfilterfw --getglobalstate`: `Firewall is enabled. (State = 1)`; 2 blocks all incoming connections. */
export function decodeMacosFirewall(text: string): readonly string[] | undefined {
  const [, state] = /\(State = (\d)\)/.exec(text) ?? [];
  if (state === undefined) return undefined;
  return state === "0" ? [] : [`macOS firewall${state === "2" ? ", all incoming connections blocked" : ""}`];
}
