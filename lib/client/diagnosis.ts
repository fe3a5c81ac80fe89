import type { Neighbour, Route } from "../net/system_network.ts";
import type { TcpOutcome } from "../net/dial.ts";
import { ETHERNET_MTU } from "./path_mtu.ts";
import { openPort, routeBy, setClock, setMtu } from "./remedies.ts";

/** One address of this machine. */
export interface OwnAddress {
  readonly device: string;
  readonly address: string;
  /** Bits of the network's part. */
  readonly bits: number;
  readonly kind: "network" | "tunnel" | "virtual";
}

/** The findings about this machine alone. */
export interface LocalFacts {
  /** As `Deno.build.os`. */
  readonly system: string;
  readonly addresses: readonly OwnAddress[];
  /** How the system reaches other networks; undefined where that cannot be seen. */
  readonly defaultRoute: Route | "none" | undefined;
  /** Usual ports of a server that are taken, with the program that has each. */
  readonly taken: readonly { readonly name: string; readonly port: number; readonly by: string | undefined }[];
  /** The firewalls that are on; empty where they cannot be seen, too. */
  readonly firewalls: readonly string[];
  /** The groups that came back, for each own address. */
  readonly multicast: readonly { readonly address: string; readonly heard: readonly string[] }[];
}

/** The findings about the way to another machine. */
export interface RemoteFacts {
  readonly host: string;
  readonly address: string | undefined;
  readonly route: Route | "none" | undefined;
  readonly tcp: readonly { readonly port: number; readonly outcome: TcpOutcome }[];
  readonly neighbour: Neighbour;
  /** Whether the router of this network answers; undefined where there is none. */
  readonly router: Neighbour | undefined;
  /** The findings of `client doctor --answer` on the other machine; undefined if it does not run there or is not reached. */
  readonly answer: AnswerFacts | undefined;
}

export interface AnswerFacts {
  readonly system: string;
  /** The largest packet, up to Ethernet's, that arrives there, and from there; 0 if no datagram does. */
  readonly mtuOut: number;
  readonly mtuBack: number;
  readonly tcpBack: TcpOutcome;
  /** Groups that the other machine has heard, and those heard from it. */
  readonly multicastOut: readonly string[];
  readonly multicastBack: readonly string[];
  /** How far the other clock is ahead. */
  readonly clockMs: number;
}

/** The cause in one sentence, and the remedy in one command. */
export interface Conclusion {
  readonly isFine: boolean;
  readonly sentence: string;
  readonly command: string;
}

export const DOCTOR_PORT = 2009;
/** The time limit for opening a connection, in either direction. */
export const DOCTOR_CONNECT_MS = 3000;
/** The group of `client peer`, and one that never leaves a network, whatever its switches know of groups. */
export const GROUPS = ["239.255.80.76", "224.0.0.200"] as const;
const CLOCK_MS = 60_000;

/** The kind of an interface, by its name and address. */
export function addressKind(device: string, address: string): OwnAddress["kind"] {
  if (/^(tun|tap|wg|utun|ppp|ipsec|tailscale|zt|nordlynx|proton)/i.test(device)) return "tunnel";
  if (/^(docker|br-|virbr|vmnet|vboxnet|veth[0-9a-f]{7}|vEthernet|cni|flannel|lxc|podman)/i.test(device)) {
    return "virtual";
  }
  return address.startsWith("169.254.") ? "virtual" : "network";
}

/** The own address in the same network as another address. */
export function sameNetwork(addresses: readonly OwnAddress[], other: string): OwnAddress | undefined {
  const number = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return addresses.find(({ address, bits }) => {
    const size = 2 ** (32 - bits);
    return Math.floor(number(address) / size) === Math.floor(number(other) / size);
  });
}

/** The conclusion from this machine alone. */
export function concludeLocal(facts: LocalFacts): Conclusion {
  const networks = facts.addresses.filter(({ kind }) => kind === "network");
  const [first] = networks;
  if (first === undefined) {
    return wrong(
      facts.addresses.length === 0
        ? "This machine is on no network."
        : `This machine has no address on a LAN, only ${facts.addresses.map(({ device }) => device).join(", ")}.`,
      "connect it to the network of the others, then: client doctor",
    );
  }
  const deaf = facts.multicast.filter(({ heard }) => heard.length === 0);
  if (deaf.length === facts.multicast.length && deaf.length > 0) {
    return wrong(
      `This machine does not even receive its own multicast on ${
        deaf.map(({ address }) => address).join(", ")
      }: a firewall here drops it.`,
      openPort(facts.system, facts.firewalls, "udp", 2002),
    );
  }
  const foreign = facts.taken.filter(({ by }) => by === undefined || !/partyline|deno/.test(by));
  if (foreign.length > 0) {
    const list = foreign.map(({ name, port, by }) => `${port} (${name})${by === undefined ? "" : ` by ${by}`}`).join(
      ", ",
    );
    return wrong(
      `A server cannot open every listener here, since these ports are taken: ${list}.`,
      "end that program, or give other ports: server help listeners",
    );
  }
  return {
    isFine: true,
    sentence: `No fault was found on this machine, ${first.address}; the way to another one was not examined.`,
    command: `on the other machine: client doctor --answer; then here: client doctor ITS_ADDRESS`,
  };
}

/** The conclusion about the way to another machine; the first cause that explains what was seen. */
export function conclude(local: LocalFacts, remote: RemoteFacts): Conclusion {
  const { host, address } = remote;
  if (address === undefined) {
    return wrong(
      `The name ${host} has no address here.`,
      "client doctor 192.168.1.7, with the address that the other machine shows",
    );
  }
  if (local.addresses.length === 0) return concludeLocal(local);
  return wrongRoute(local, remote, address) ?? silence(remote, address) ?? answered(local, remote, address);
}

/** The system does not send into the network that both machines are in. */
function wrongRoute(
  { system, addresses }: LocalFacts,
  { route }: RemoteFacts,
  address: string,
): Conclusion | undefined {
  const shared = sameNetwork(addresses, address);
  if (route === "none") {
    return wrong(
      `This machine has no route to ${address}: the address is in none of its networks, and there is no default route.`,
      routeBy(system, address, (shared ?? addresses[0]!).device, false),
    );
  }
  if (route === undefined) return undefined;
  if (shared !== undefined && route.device !== shared.device && route.device !== "lo") {
    return wrong(
      `Packets to ${address} leave by ${route.device}, though ${shared.device} is in its network: a VPN or a wrong route takes them.`,
      routeBy(system, address, shared.device, true),
    );
  }
  const device = addresses.find((own) => own.device === route.device);
  if (shared === undefined && device?.kind === "tunnel") {
    return wrong(
      `Packets to ${address} leave by the tunnel ${route.device}, which is not the LAN.`,
      "end the VPN, or give both machines addresses of one network",
    );
  }
  return undefined;
}

/** No answer of any kind comes back from the other machine. */
function silence({ tcp, neighbour, router, answer, route }: RemoteFacts, address: string): Conclusion | undefined {
  if (answer !== undefined || tcp.some(({ outcome }) => outcome === "open" || outcome === "refused")) return undefined;
  if (neighbour === "answers") {
    return wrong(
      `${address} is on the network, but everything sent to it is dropped: a firewall, most likely its own.`,
      `on ${address}: allow TCP and UDP for partyline-client and partyline-server in its firewall`,
    );
  }
  const routed = route !== undefined && route !== "none" && route.via !== undefined;
  if (routed) {
    return wrong(
      `${address} is in another network, and does not answer: it is off, or the router ${route.via} blocks the way.`,
      "put both machines into one network, then: client doctor",
    );
  }
  if (router === "answers") {
    return wrong(
      `The network answers, but ${address} does not: it is off, has another address, or the access point keeps its clients apart.`,
      `on ${address}: client doctor, to see its address; if it is that one, use a cable, or a hotspot of your own`,
    );
  }
  return wrong(
    `${address} does not answer at all: it is off, has another address, or the switch keeps its ports apart.`,
    `on ${address}: client doctor, to see its address`,
  );
}

/** The other machine answers somehow. */
function answered({ system, firewalls }: LocalFacts, { tcp, answer, route }: RemoteFacts, address: string): Conclusion {
  if (answer === undefined) {
    const open = tcp.filter(({ outcome }) => outcome === "open").map(({ port }) => port);
    if (open.length > 0) {
      return {
        isFine: true,
        sentence: `${address} can be reached, and a program listens there at ${open.join(", ")}.`,
        command: open.includes(2001)
          ? `client chat ${address}`
          : `on ${address}: client doctor --answer, for UDP and multicast`,
      };
    }
    const silent = tcp.filter(({ outcome }) => outcome === "silent");
    if (silent.length > 0) {
      return wrong(
        `${address} answers, but a firewall drops TCP to ${silent.map(({ port }) => port).join(", ")}.`,
        `on ${address}: allow these ports in its firewall, or for the program`,
      );
    }
    return wrong(
      `${address} answers, but no program of Partyline runs there.`,
      `on ${address}: server, or client doctor --answer`,
    );
  }
  if (answer.mtuOut === 0) {
    return wrong(
      `Datagrams to ${address} are dropped, TCP is not: its firewall, or one between, blocks UDP.`,
      `on ${address}: ${openPort(answer.system, [], "udp", DOCTOR_PORT)}`,
    );
  }
  if (answer.mtuBack === 0) {
    return wrong(
      `Datagrams from ${address} do not arrive here, TCP does: the firewall of this machine blocks UDP.`,
      openPort(system, firewalls, "udp", DOCTOR_PORT),
    );
  }
  const mtu = Math.min(answer.mtuOut, answer.mtuBack);
  if (mtu < ETHERNET_MTU) {
    const isOut = answer.mtuOut === mtu;
    const device = route === undefined || route === "none" ? undefined : route.device;
    return wrong(
      `Packets over ${mtu} bytes are lost on the way ${
        isOut ? "to" : "from"
      } ${address}, and no router reports it: short messages arrive, but long ones and files hang.`,
      isOut
        ? setMtu(system, device ?? "DEVICE", mtu)
        : `on ${address}: ${setMtu(answer.system, "DEVICE", mtu)}, for the device of its address`,
    );
  }
  if (answer.tcpBack !== "open") {
    return wrong(
      `${address} cannot connect to this machine (${answer.tcpBack}): the firewall here blocks TCP, which IM clients need for Lb, and file transfers for a direct connection.`,
      openPort(system, firewalls, "tcp", DOCTOR_PORT),
    );
  }
  const lost = answer.multicastOut.length === 0 || answer.multicastBack.length === 0;
  if (lost) {
    const way = answer.multicastOut.length === 0 ? `to ${address}` : `from ${address}`;
    return wrong(
      `Only multicast is dropped, on its way ${way}: peers do not find each other by themselves.`,
      `client peer --name NAME, and there: /add ${address}:ITS_PORT`,
    );
  }
  if (Math.abs(answer.clockMs) > CLOCK_MS) {
    return wrong(
      `The clocks differ by ${
        Math.round(Math.abs(answer.clockMs) / 1000)
      } s; messages reach ${address} with wrong times.`,
      `${setClock(system)}, on the machine with the wrong time`,
    );
  }
  return {
    isFine: true,
    sentence: `This machine and ${address} reach each other: TCP, UDP and multicast arrive in both directions.`,
    command: `client chat ${address}, or client peer --name NAME on both`,
  };
}

function wrong(sentence: string, command: string): Conclusion {
  return { isFine: false, sentence, command };
}
