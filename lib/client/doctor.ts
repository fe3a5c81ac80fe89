import { delay } from "@std/async/delay";
import { randomBytes } from "node:crypto";
import { probeTcp } from "../net/dial.ts";
import { isFreePort } from "../net/free_port.ts";
import { ProbeSocket, resolve } from "../net/probes.ts";
import { LINUX_NETWORK } from "../net/linux_network.ts";
import { MACOS_NETWORK } from "../net/macos_network.ts";
import { type SystemNetwork, UNKNOWN_NETWORK } from "../net/system_network.ts";
import { WINDOWS_NETWORK } from "../net/windows_network.ts";
import { LISTENER_ROWS } from "../protocols/listener_table.ts";
import {
  addressKind,
  type AnswerFacts,
  conclude,
  concludeLocal,
  type Conclusion,
  DOCTOR_CONNECT_MS,
  DOCTOR_PORT,
  GROUPS,
  type LocalFacts,
  type OwnAddress,
  type RemoteFacts,
  sameNetwork,
} from "./diagnosis.ts";
import { askAnswer } from "./doctor_questions.ts";
import { announce, probeText } from "./doctor_answer.ts";
import { ETHERNET_MTU } from "./path_mtu.ts";
import { pingWhole, showFirewall } from "./remedies.ts";

/** Time for a datagram to come back. */
const ECHO_MS = 1000;
/** An address of the documentation (RFC 5737): what is sent there takes the default route. */
const FAR_ADDRESS = "203.0.113.1";
const SYSTEMS: Readonly<Record<string, SystemNetwork>> = {
  linux: LINUX_NETWORK,
  darwin: MACOS_NETWORK,
  windows: WINDOWS_NETWORK,
};

/** Examines this machine and, with a host, the way to it; shows each fact as it is found. */
export async function examine(
  host: string | undefined,
  show: (label: string, text: string) => void,
): Promise<Conclusion> {
  const system = SYSTEMS[Deno.build.os] ?? UNKNOWN_NETWORK;
  const local = await examineHere(system, show);
  if (host === undefined) return concludeLocal(local);
  return conclude(local, await examineWay(host, local, system, show));
}

async function examineHere(system: SystemNetwork, show: (label: string, text: string) => void): Promise<LocalFacts> {
  const addresses = ownAddresses();
  show(
    "addresses",
    addresses.map(({ address, device, kind }) => `${address} (${device}, ${kind})`).join(", ") || "none",
  );
  const defaultRoute = await system.routeTo(FAR_ADDRESS);
  show("default route", routeText(defaultRoute));
  const firewalls = await system.firewalls();
  show("firewalls", firewalls?.join(", ") || `none that can be seen; to look: ${showFirewall(Deno.build.os)}`);
  const taken = [];
  for (const { name, usualPort } of LISTENER_ROWS) {
    if (!isFreePort(usualPort)) taken.push({ name, port: usualPort, by: await system.ownerOf(usualPort) });
  }
  show(
    "ports",
    [...Map.groupBy(taken, ({ by }) => by)].map(([by, owned]) =>
      `${owned.map(({ port }) => port).join(", ")} taken${by === undefined ? "" : ` by ${by}`}`
    ).join("; ") || "all free",
  );
  const multicast = await Promise.all(
    addresses.filter(({ kind }) => kind === "network").map(async ({ address }) => ({
      address,
      heard: await ownEcho(address),
    })),
  );
  for (const { address, heard } of multicast) {
    show("multicast", `${address} hears itself at ${heard.join(", ") || "no group"}`);
  }
  return { system: Deno.build.os, addresses, defaultRoute, taken, firewalls: firewalls ?? [], multicast };
}

/** This machine's IPv4 addresses, without those of loopback. */
function ownAddresses(): OwnAddress[] {
  return Deno.networkInterfaces().flatMap(({ name, family, address, netmask }) => {
    if (family !== "IPv4" || address.startsWith("127.")) return [];
    const bits = netmask.split(".").reduce((sum, part) => sum + Number(part).toString(2).replaceAll("0", "").length, 0);
    return [{ device: name, address, bits, kind: addressKind(name, address) }];
  });
}

/** The groups at which an own address hears what it sends. */
async function ownEcho(address: string): Promise<string[]> {
  const token = newToken();
  const heard = new Set<string>();
  const sockets: ProbeSocket[] = [];
  try {
    for (const group of GROUPS) {
      const socket = new ProbeSocket({ hostname: group, port: DOCTOR_PORT, shared: true }, ({ text }) => {
        if (text === probeText(token, "all")) heard.add(group);
      });
      sockets.push(socket);
      await socket.join(group, address);
    }
    await announce([address], token);
    if (heard.size < GROUPS.length) await delay(ECHO_MS);
  } catch { /* what cannot be opened hears nothing */ }
  for (const socket of sockets) socket.close();
  return [...heard];
}

async function examineWay(
  host: string,
  { addresses }: LocalFacts,
  system: SystemNetwork,
  show: (label: string, text: string) => void,
): Promise<RemoteFacts> {
  const address = await resolve(host);
  if (address === undefined) {
    return { host, address, route: undefined, tcp: [], neighbour: "unknown", router: undefined, answer: undefined };
  }
  show("to", host === address ? address : `${host}, ${address}`);
  const route = await system.routeTo(address);
  const shared = sameNetwork(addresses, address);
  show(
    "route",
    `${routeText(route)}${shared === undefined ? "; in another network" : `; in the network of ${shared.device}`}`,
  );
  const ports = [
    DOCTOR_PORT,
    ...LISTENER_ROWS.filter(({ name }) => name === "im" || name === "web").map(({ usualPort }) => usualPort),
  ];
  const tcp = await Promise.all(
    ports.map(async (port) => ({ port, outcome: await probeTcp(address, port, DOCTOR_CONNECT_MS) })),
  );
  show("TCP", tcp.map(({ port, outcome }) => `${port} ${outcome}`).join(", "));
  const neighbour = shared === undefined ? "unknown" : await system.neighbour(address);
  const answers = tcp.some(({ port, outcome }) => port === DOCTOR_PORT && outcome === "open");
  const own = addresses.filter(({ kind }) => kind === "network").map(({ address }) => address);
  const answer = answers ? await askAnswer(address, own, newToken()) : undefined;
  if (answer === undefined) show("answer", `none at port ${DOCTOR_PORT}; "client doctor --answer" there shows more`);
  else await showAnswer(answer, address, system, show);
  return { host, address, route, tcp, neighbour, router: await routerOf(system), answer };
}

/** Whether the router of the default route answers on this network. */
async function routerOf(system: SystemNetwork): Promise<RemoteFacts["router"]> {
  const route = await system.routeTo(FAR_ADDRESS);
  if (route === undefined || route === "none" || route.via === undefined) return undefined;
  await probeTcp(route.via, 53, 1000);
  return await system.neighbour(route.via);
}

async function showAnswer(
  { mtuOut, mtuBack, tcpBack, multicastOut, multicastBack, clockMs }: AnswerFacts,
  address: string,
  system: SystemNetwork,
  show: (label: string, text: string) => void,
): Promise<void> {
  const arrives = (mtu: number) => mtu === 0 ? "is lost" : "arrives";
  show("UDP", `out ${arrives(mtuOut)}, back ${arrives(mtuBack)}`);
  // Asked again, since a router reports a smaller MTU only when a larger packet has come.
  const route = await system.routeTo(address);
  const reported = route === undefined || route === "none" ? undefined : route.mtu;
  const packets = (mtu: number) => mtu === ETHERNET_MTU ? `${mtu} arrive` : `over ${mtu} are lost`;
  if (mtuOut > 0 && mtuBack > 0) {
    show(
      "packet bytes",
      `out ${packets(mtuOut)}, back ${packets(mtuBack)}` +
        (reported === undefined ? "" : `; a router divides those over ${reported}`) +
        (Deno.build.os === "linux" ? "" : `; to look: ${pingWhole(Deno.build.os, address)}`),
    );
  }
  show("TCP back", tcpBack);
  show("multicast", `out ${multicastOut.join(", ") || "is lost"}; back ${multicastBack.join(", ") || "is lost"}`);
  show("clocks", `${Math.abs(clockMs)} ms ${clockMs < 0 ? "behind" : "ahead"} there`);
}

function routeText(route: RemoteFacts["route"]): string {
  if (route === undefined) return "cannot be seen on this system";
  if (route === "none") return "none";
  return route.via === undefined ? `by ${route.device}` : `by ${route.device}, router ${route.via}`;
}

function newToken(): string {
  return randomBytes(8).toString("hex");
}
