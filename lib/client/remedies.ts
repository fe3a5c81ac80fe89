import { MACOS_FIREWALL } from "../net/macos_network.ts";

/** The command lines with which a user mends a network, by system: `linux`, `darwin` or `windows`. */

/** Opens a port in the firewall that is on, or that the system has. */
export function openPort(
  system: string,
  firewalls: readonly string[],
  protocol: "tcp" | "udp",
  port: number,
): string {
  if (system === "windows") {
    // On a public network a rule is needed for every program; on a private one Windows asks the user.
    const open = firewalls.find((name) => name.endsWith("Public)"))?.match(/\((.+): Public\)$/)?.[1];
    if (open !== undefined) {
      return `Set-NetConnectionProfile -InterfaceAlias "${open}" -NetworkCategory Private, in PowerShell as administrator, if it is a network you trust`;
    }
    return `netsh advfirewall firewall add rule name=Partyline dir=in action=allow protocol=${protocol.toUpperCase()} localport=${port}`;
  }
  if (system === "darwin") return "System Settings, Network, Firewall: allow incoming connections for partyline-client";
  if (firewalls.includes("firewalld")) return `sudo firewall-cmd --add-port=${port}/${protocol}`;
  if (firewalls.includes("ufw")) return `sudo ufw allow ${port}/${protocol}`;
  return `sudo nft list ruleset, to see what drops ${protocol.toUpperCase()} to port ${port}`;
}

/** Sends packets for an address by a device; `replace` if another route takes them now. */
export function routeBy(system: string, address: string, device: string, replace: boolean): string {
  if (system === "windows") return `New-NetRoute -DestinationPrefix ${address}/32 -InterfaceAlias "${device}"`;
  if (system === "darwin") return `sudo route -n ${replace ? "change" : "add"} -host ${address} -interface ${device}`;
  return `sudo ip route ${replace ? "replace" : "add"} ${address} dev ${device}`;
}

/** Sets the largest packet of an interface. */
export function setMtu(system: string, device: string, mtu: number): string {
  if (system === "windows") return `netsh interface ipv4 set subinterface "${device}" mtu=${mtu}`;
  if (system === "darwin") return `sudo ifconfig ${device} mtu ${mtu}`;
  return `sudo ip link set dev ${device} mtu ${mtu}`;
}

/** Sets the clock by the network's time. */
export function setClock(system: string): string {
  if (system === "windows") return "w32tm /resync";
  if (system === "darwin") return "sudo sntp -sS time.apple.com";
  return "sudo timedatectl set-ntp true";
}

/** Shows the firewall's state where it could not be read. */
export function showFirewall(system: string): string {
  if (system === "windows") return "netsh advfirewall show currentprofile state";
  if (system === "darwin") return `${MACOS_FIREWALL} --getglobalstate`;
  return "sudo nft list ruleset";
}

/** Sends one packet of Ethernet's size that no router may divide. */
export function pingWhole(system: string, address: string): string {
  if (system === "windows") return `ping -f -l 1472 ${address}`;
  return system === "darwin" ? `ping -D -s 1472 ${address}` : `ping -M do -s 1472 ${address}`;
}
