import { isIpAddress } from "../core/address.ts";
import { type Neighbour, type Route, runTool, type SystemNetwork } from "./system_network.ts";

/** Each prints lines of `A|B`, whose words are the same in every language of Windows. */
const SCRIPTS = {
  route: (address: string) =>
    `Find-NetRoute -RemoteIPAddress ${address} | Where-Object NextHop | ForEach-Object { "$($_.InterfaceAlias)|$($_.NextHop)" }`,
  neighbour: (address: string) =>
    `Get-NetNeighbor -IPAddress ${address} | ForEach-Object { "$($_.State)|$($_.LinkLayerAddress)" }`,
  owner: (port: number) =>
    `@(Get-NetTCPConnection -LocalPort ${port} -State Listen; Get-NetUDPEndpoint -LocalPort ${port}) | ` +
    `ForEach-Object { Get-Process -Id $_.OwningProcess } | ForEach-Object { "$($_.ProcessName)|$($_.Id)" }`,
  firewalls: `Get-NetConnectionProfile | ForEach-Object { "network $($_.InterfaceAlias)|$($_.NetworkCategory)" }; ` +
    `Get-NetFirewallProfile | ForEach-Object { "firewall $($_.Name)|$($_.Enabled)" }`,
};

/** The network of Windows, read by PowerShell's cmdlets, which need no rights to read. */
export const WINDOWS_NETWORK: SystemNetwork = {
  async routeTo(address) {
    return isIpAddress(address) ? decodeWindowsRoute(await pairs(SCRIPTS.route(address))) : undefined;
  },
  async neighbour(address) {
    return isIpAddress(address) ? decodeWindowsNeighbour(await pairs(SCRIPTS.neighbour(address))) : "unknown";
  },
  async ownerOf(port) {
    const [owner] = await pairs(SCRIPTS.owner(port));
    return owner === undefined ? undefined : `${owner[0]} (${owner[1]})`;
  },
  async firewalls() {
    return decodeWindowsFirewalls(await pairs(SCRIPTS.firewalls));
  },
};

type Pair = readonly [string, string];

async function pairs(script: string): Promise<Pair[]> {
  const quiet = `$ErrorActionPreference = "SilentlyContinue"; ${script}`;
  const output = await runTool("powershell", ["-NoProfile", "-NonInteractive", "-Command", quiet]);
  return decodePairs(output?.text ?? "");
}

/** Decodes lines of `A|B`. */
export function decodePairs(text: string): Pair[] {
  return text.split(/\r?\n/).flatMap((line): Pair[] => {
    const at = line.lastIndexOf("|");
    return at < 1 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()]];
  });
}

/** The route from an interface and its next hop, which is 0.0.0.0 for an address of the same network. */
export function decodeWindowsRoute([route]: readonly Pair[]): Route | undefined {
  if (route === undefined) return undefined;
  const [device, nextHop] = route;
  return { device, via: isIpAddress(nextHop) && nextHop !== "0.0.0.0" ? nextHop : undefined };
}

export function decodeWindowsNeighbour(entries: readonly Pair[]): Neighbour {
  const states = entries.map(([state]) => state);
  if (states.some((state) => /^(Reachable|Stale|Delay|Probe|Permanent)$/.test(state))) return "answers";
  return states.some((state) => /^(Unreachable|Incomplete)$/.test(state)) ? "silent" : "unknown";
}

/** The networks whose profile has the firewall on; a public network also lets nothing in unless a rule allows it. */
export function decodeWindowsFirewalls(entries: readonly Pair[]): readonly string[] | undefined {
  if (entries.length === 0) return undefined;
  const on = new Set(entries.filter(([, enabled]) => enabled === "True").map(([name]) => name));
  return entries.flatMap(([name, category]) => {
    const [, device] = /^network (.+)$/.exec(name) ?? [];
    const profile = category === "DomainAuthenticated" ? "Domain" : category;
    return device !== undefined && on.has(`firewall ${profile}`) ? [`Windows Firewall (${device}: ${profile})`] : [];
  });
}
