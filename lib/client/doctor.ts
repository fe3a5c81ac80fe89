import { delay } from "@std/async/delay";
import { randomBytes } from "node:crypto";
import { connect, probeTcp } from "../net/dial.ts";
import { isFreePort } from "../net/free_port.ts";
import { ListeningSocket } from "../net/listening_socket.ts";
import { LineConnection, ProbeSocket, resolve } from "../net/probes.ts";
import { announce, probeText } from "./doctor_answer.ts";
import { SYSTEM_NETWORK, type SystemNetwork } from "../net/system_network.ts";
import { LISTENER_ROWS } from "../protocols/listener_table.ts";
import {
  addressKind,
  type AnswerFacts,
  conclude,
  concludeLocal,
  type Conclusion,
  DOCTOR_PORT,
  GROUPS,
  type LocalFacts,
  type OwnAddress,
  type RemoteFacts,
  sameNetwork,
} from "./diagnosis.ts";

const TCP_MS = 3000;
/** Time for a datagram to come back, and between two of them. */
const ECHO_MS = 1000;
const REPEATS = 3;
/** The longest datagrams without fragments on Ethernet, less by tunnels, and one in fragments. */
const SIZES = [512, 1200, 1400, 1472, 8000];

/** Looks at this machine and, with a host, at the way to it; shows each fact as it is found. */
export async function examine(
  host: string | undefined,
  show: (label: string, text: string) => void,
): Promise<Conclusion> {
  const local = await examineHere(SYSTEM_NETWORK, show);
  if (host === undefined) return concludeLocal(local);
  return conclude(local, await examineWay(host, local, SYSTEM_NETWORK, show));
}

async function examineHere(system: SystemNetwork, show: (label: string, text: string) => void): Promise<LocalFacts> {
  const addresses = ownAddresses();
  show(
    "addresses",
    addresses.map(({ address, device, kind }) => `${address} (${device}, ${kind})`).join(", ") || "none",
  );
  const defaultRoute = await system.routeTo("203.0.113.1");
  show("default route", routeText(defaultRoute));
  const firewalls = await system.firewalls();
  show("firewalls", firewalls.join(", ") || (Deno.build.os === "linux" ? "none that can be seen" : firewallHint()));
  const taken = [];
  for (const { name, usualPort } of LISTENER_ROWS) {
    if (!isFreePort(usualPort)) taken.push({ name, port: usualPort, by: await system.ownerOf(usualPort) });
  }
  show(
    "ports",
    taken.map(({ port, by }) => `${port} is taken${by === undefined ? "" : ` by ${by}`}`).join(", ") || "all free",
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
  return { addresses, defaultRoute, taken, firewalls, multicast };
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
  const tcp = await Promise.all(ports.map(async (port) => ({ port, outcome: await probeTcp(address, port, TCP_MS) })));
  show("TCP", tcp.map(({ port, outcome }) => `${port} ${outcome}`).join(", "));
  const neighbour = shared === undefined ? "unknown" : await system.neighbour(address);
  const answers = tcp.some(({ port, outcome }) => port === DOCTOR_PORT && outcome === "open");
  const answer = answers ? await askAnswer(address, show) : undefined;
  if (!answers) show("answer", `none at port ${DOCTOR_PORT}; "client doctor --answer" there shows more`);
  return { host, address, route, tcp, neighbour, router: await routerOf(system), answer };
}

/** Whether the router of the default route answers on this network. */
async function routerOf(system: SystemNetwork): Promise<RemoteFacts["router"]> {
  const route = await system.routeTo("203.0.113.1");
  if (route === undefined || route === "none" || route.via === undefined) return undefined;
  await probeTcp(route.via, 53, 1000);
  return await system.neighbour(route.via);
}

/** Asks `client doctor --answer` at an address; undefined if something else answers there. */
async function askAnswer(
  address: string,
  show: (label: string, text: string) => void,
): Promise<AnswerFacts | undefined> {
  const session = new LineConnection(await connect(address, DOCTOR_PORT, TCP_MS));
  const token = newToken();
  const back: number[] = [];
  const heard = new Set<string>();
  const sockets: ProbeSocket[] = [];
  let dialled: ListeningSocket | undefined;
  try {
    const asked = performance.now();
    const begun = await ask(session, { do: "begin", token });
    if (begun === undefined || typeof begun.system !== "string" || typeof begun.time !== "number") return undefined;
    const clockMs = Math.round(begun.time - Date.now() + (performance.now() - asked) / 2);
    const socket = new ProbeSocket({ hostname: "0.0.0.0", port: 0 }, ({ text, bytes }) => {
      if (text === probeText(token, "back")) back.push(bytes);
    });
    sockets.push(socket);
    for (const bytes of SIZES) {
      for (let i = 0; i < REPEATS && !back.includes(bytes); i++) {
        await socket.send(probeText(token, "out"), { hostname: address, port: DOCTOR_PORT }, bytes);
        await delay(back.length > 0 || i === 0 ? 100 : ECHO_MS / REPEATS);
      }
    }
    const own = ownAddresses().filter(({ kind }) => kind === "network");
    for (const group of GROUPS) {
      const listening = new ProbeSocket({ hostname: group, port: DOCTOR_PORT, shared: true }, ({ from, text }) => {
        if (text === probeText(token, "all") && from.hostname === address) heard.add(group);
      });
      sockets.push(listening);
      for (const { address } of own) await listening.join(group, address);
    }
    await announce(own.map(({ address }) => address), token);
    await ask(session, { do: "multicast" });
    await delay(ECHO_MS / REPEATS);
    const report = await ask(session, { do: "report" });
    dialled = new ListeningSocket({ hostname: "0.0.0.0", port: 0 }, { accepted: (conn) => conn.close() });
    const dial = await ask(session, { do: "dial", port: dialled.address.port });
    const groups = Array.isArray(report?.groups) ? report.groups.map(String) : [];
    const facts: AnswerFacts = {
      system: begun.system,
      udpOut: Number(report?.datagrams) > 0,
      udpBack: back.length > 0,
      udpBytes: Math.max(0, ...back),
      tcpBack: (["open", "refused", "silent", "unreachable"] as const).find((each) => each === dial?.outcome) ??
        "silent",
      multicastOut: GROUPS.filter((group) => groups.includes(group)),
      multicastBack: GROUPS.filter((group) => heard.has(group)),
      clockMs,
    };
    show(
      "UDP",
      `out ${facts.udpOut ? "arrives" : "is lost"}, back ${
        facts.udpBack ? `arrives, up to ${facts.udpBytes} bytes` : "is lost"
      }`,
    );
    show("TCP back", facts.tcpBack);
    show(
      "multicast",
      `out ${facts.multicastOut.join(", ") || "is lost"}; back ${facts.multicastBack.join(", ") || "is lost"}`,
    );
    show("clocks", `${Math.abs(clockMs)} ms ${clockMs < 0 ? "behind" : "ahead"} there`);
    return facts;
  } finally {
    dialled?.close();
    for (const socket of sockets) socket.close();
    session.close();
  }
}

async function ask(session: LineConnection, question: unknown): Promise<Readonly<Record<string, unknown>> | undefined> {
  const late = setTimeout(() => session.close(), 2 * TCP_MS);
  try {
    await session.send(question);
    return await session.receive();
  } catch {
    return undefined;
  } finally {
    clearTimeout(late);
  }
}

function routeText(route: RemoteFacts["route"]): string {
  if (route === undefined) return "cannot be seen on this system";
  if (route === "none") return "none";
  return route.via === undefined ? `by ${route.device}` : `by ${route.device}, router ${route.via}`;
}

function firewallHint(): string {
  return Deno.build.os === "windows"
    ? "type: netsh advfirewall show allprofiles state"
    : "type: /usr/libexec/ApplicationFirewall/socketfilterfw --getglobalstate";
}

function newToken(): string {
  return randomBytes(8).toString("hex");
}
