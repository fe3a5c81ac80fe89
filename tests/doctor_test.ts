import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  addressKind,
  type AnswerFacts,
  conclude,
  concludeLocal,
  type LocalFacts,
  type RemoteFacts,
  sameNetwork,
} from "../lib/client/diagnosis.ts";
import { decodeNeighbour, decodeOwner, decodeRoute } from "../lib/net/linux_network.ts";
import {
  decodeMacosFirewall,
  decodeMacosNeighbour,
  decodeMacosOwner,
  decodeMacosRoute,
} from "../lib/net/macos_network.ts";
import {
  decodePairs,
  decodeWindowsFirewalls,
  decodeWindowsNeighbour,
  decodeWindowsRoute,
} from "../lib/net/windows_network.ts";
import { pathMtu } from "../lib/client/path_mtu.ts";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { ended, Folder, Running } from "./support/programs.ts";

const LOCAL: LocalFacts = {
  system: "linux",
  addresses: [{ device: "eth0", address: "10.0.0.1", bits: 24, kind: "network" }],
  defaultRoute: { device: "eth0", via: "10.0.0.254" },
  taken: [],
  firewalls: [],
  multicast: [{ address: "10.0.0.1", heard: ["239.255.80.76"] }],
};
const ANSWER: AnswerFacts = {
  ...{ system: "linux", mtuOut: 1500, mtuBack: 1500, tcpBack: "open", clockMs: 3 },
  ...{ multicastOut: ["239.255.80.76"], multicastBack: ["239.255.80.76"] },
};
const REMOTE: RemoteFacts = {
  ...{ host: "10.0.0.2", address: "10.0.0.2", route: { device: "eth0", via: undefined } },
  ...{ tcp: [{ port: 2009, outcome: "open" }], neighbour: "answers", router: "answers", answer: ANSWER },
};
const SILENT = [{ port: 2009, outcome: "silent" }, { port: 2001, outcome: "silent" }] as const;

/** The sentence for facts that differ in these. */
function sentence(remote: Partial<RemoteFacts>, local: Partial<LocalFacts> = {}): string {
  return conclude({ ...LOCAL, ...local }, { ...REMOTE, ...remote }).sentence;
}

Deno.test("the doctor names the first cause that explains what was seen", () => {
  assertEquals(conclude(LOCAL, REMOTE).isFine, true);
  const without = { answer: undefined };
  const cases: [string, RegExp][] = [
    [sentence({ address: undefined, host: "lab" }), /^The name lab has no address here\.$/],
    [sentence({ route: "none" }), /^This machine has no route to 10\.0\.0\.2/],
    [sentence({ route: { device: "tun0", via: undefined } }), /leave by tun0, though eth0 is in its network/],
    [sentence({ ...without, tcp: SILENT }), /is on the network, but everything sent to it is dropped/],
    [sentence({ ...without, tcp: SILENT, neighbour: "silent" }), /the access point keeps its clients apart/],
    [sentence({ ...without, tcp: SILENT, neighbour: "silent", router: undefined }), /does not answer at all/],
    [sentence({ ...without, tcp: [{ port: 2009, outcome: "refused" }] }), /no program of Partyline runs there/],
    [sentence({ ...without, tcp: [{ port: 2001, outcome: "open" }] }), /a program listens there at 2001/],
    [sentence({ answer: { ...ANSWER, mtuOut: 0 } }), /^Datagrams to 10\.0\.0\.2 are dropped, TCP is not/],
    [sentence({ answer: { ...ANSWER, mtuBack: 0 } }), /the firewall of this machine blocks UDP/],
    [sentence({ answer: { ...ANSWER, mtuOut: 1300 } }), /^Packets over 1300 bytes are lost on the way to 10\.0\.0\.2/],
    [sentence({ answer: { ...ANSWER, mtuBack: 1492 } }), /^Packets over 1492 bytes are lost on the way from 10/],
    [sentence({ answer: { ...ANSWER, tcpBack: "silent" } }), /the firewall here blocks TCP/],
    [sentence({ answer: { ...ANSWER, multicastBack: [] } }), /^Only multicast is dropped, on its way from 10\.0\.0\.2/],
    [sentence({ answer: { ...ANSWER, clockMs: -90_000 } }), /^The clocks differ by 90 s/],
  ];
  for (const [said, wanted] of cases) assertMatch(said, wanted);
  const other = { ...REMOTE, address: "10.9.0.2", ...without, tcp: SILENT, neighbour: "unknown" as const };
  assertMatch(
    conclude(LOCAL, { ...other, route: { device: "eth0", via: "10.0.0.254" } }).sentence,
    /in another network/,
  );
});

Deno.test("this machine alone: no network, a deaf one, taken ports, a server of ours", () => {
  const alone = (facts: Partial<LocalFacts>) => concludeLocal({ ...LOCAL, ...facts });
  assertEquals(alone({}).isFine, true);
  assertEquals(alone({ addresses: [] }).sentence, "This machine is on no network.");
  assertMatch(
    alone({ multicast: [{ address: "10.0.0.1", heard: [] }], firewalls: ["ufw"] }).command,
    /ufw allow 2002\/udp/,
  );
  const taken = (by: string | undefined) => alone({ taken: [{ name: "im", port: 2001, by }] });
  assertEquals(
    taken("python3 (77)").sentence,
    "A server cannot open every listener here, since these ports are taken: 2001 (im) by python3 (77).",
  );
  assertEquals(taken(undefined).isFine, false);
  assertEquals(taken("partyline-serve (9)").isFine, true);
});

Deno.test("what an interface is follows from its name, and what the system's tools print is read", () => {
  assertEquals(["eth0", "wlan0", "tun0", "docker0", "wg-lab"].map((name) => addressKind(name, "10.0.0.1")), [
    ...["network", "network", "tunnel", "virtual", "tunnel"],
  ]);
  assertEquals(sameNetwork(LOCAL.addresses, "10.0.0.255")?.device, "eth0");
  assertEquals(sameNetwork(LOCAL.addresses, "10.0.1.1"), undefined);
  assertEquals(decodeRoute('[{"dst":"1.1.1.1","gateway":"10.0.0.254","dev":"eth0"}]'), {
    device: "eth0",
    via: "10.0.0.254",
  });
  assertEquals(decodeRoute('[{"dst":"10.0.0.2","dev":"eth0"}]'), { device: "eth0", via: undefined });
  assertEquals([decodeRoute("x"), decodeRoute("[]")], [undefined, undefined]);
  assertEquals(decodeNeighbour('[{"dst":"10.0.0.2","lladdr":"aa:bb","state":["STALE"]}]'), "answers");
  assertEquals(decodeNeighbour('[{"dst":"10.0.0.2","state":["FAILED"]}]'), "silent");
  assertEquals(decodeNeighbour("[]"), "unknown");
  assertEquals(decodeOwner('tcp LISTEN 0 5 0.0.0.0:2001 0.0.0.0:* users:(("python3",pid=77,fd=3))\n'), "python3 (77)");
  assertEquals(decodeOwner("tcp LISTEN 0 5 0.0.0.0:2001 0.0.0.0:*\n"), undefined);
});

Deno.test("the largest packet that arrives is found to the byte, from few datagrams", async () => {
  for (const mtu of [576, 577, 1279, 1300, 1418, 1492, 1499, 1500, 9000]) {
    let sent = 0;
    const found = await pathMtu((sizes) => {
      sent += sizes.length;
      return Promise.resolve(new Set(sizes.filter((bytes) => bytes + 28 <= mtu)));
    });
    assertEquals(found, Math.min(mtu, 1500));
    assert(sent <= 45, `${sent} datagrams for ${mtu}`);
  }
  assertEquals(await pathMtu(() => Promise.resolve(new Set())), 0);
});

Deno.test("what the tools of macOS and Windows print is read, and their commands are named", () => {
  const macosRoute = "   route to: 1.1.1.1\ndestination: default\n    gateway: 192.168.1.1\n  interface: en0\n";
  assertEquals(decodeMacosRoute(macosRoute), { device: "en0", via: "192.168.1.1" });
  assertEquals(decodeMacosRoute("   route to: 10.0.0.2\n  interface: en0\n"), { device: "en0", via: undefined });
  assertEquals(decodeMacosRoute("route: writing to routing socket: not in table\n"), "none");
  const arp = ["? (10.0.0.2) at a4:83:e7:1:2:3 on en0 ifscope [ethernet]", "? (10.0.0.2) at (incomplete) on en0", ""];
  assertEquals(arp.map(decodeMacosNeighbour), ["answers", "silent", "unknown"]);
  assertEquals(decodeMacosOwner("p77\ncpython3\nf3\n"), "python3 (77)");
  assertEquals(decodeMacosOwner(""), undefined);
  assertEquals(decodeMacosFirewall("Firewall is disabled. (State = 0)"), []);
  assertEquals(decodeMacosFirewall("Firewall is enabled. (State = 1)"), ["macOS firewall"]);
  assertEquals(decodeMacosFirewall("no such program"), undefined);

  assertEquals(decodeWindowsRoute(decodePairs("Wi-Fi|192.168.1.1\r\n")), { device: "Wi-Fi", via: "192.168.1.1" });
  assertEquals(decodeWindowsRoute(decodePairs("Ethernet 2|0.0.0.0\r\n")), { device: "Ethernet 2", via: undefined });
  assertEquals(decodeWindowsRoute([]), undefined);
  const states = ["Reachable|AA-BB", "Unreachable|00-00", ""];
  assertEquals(states.map((text) => decodeWindowsNeighbour(decodePairs(text))), ["answers", "silent", "unknown"]);
  const profiles = "network Wi-Fi|Public\nnetwork Ethernet|Private\nfirewall Private|False\nfirewall Public|True\n";
  const firewalls = decodeWindowsFirewalls(decodePairs(profiles));
  assertEquals(firewalls, ["Windows Firewall (Wi-Fi: Public)"]);
  assertEquals(decodeWindowsFirewalls([]), undefined);

  const blocked = { answer: { ...ANSWER, mtuBack: 0 } };
  const command = (local: Partial<LocalFacts>) => conclude({ ...LOCAL, ...local }, { ...REMOTE, ...blocked }).command;
  assertMatch(
    command({ system: "windows", firewalls: firewalls ?? [] }),
    /^Set-NetConnectionProfile -InterfaceAlias "Wi-Fi"/,
  );
  assertMatch(command({ system: "windows" }), /^netsh advfirewall firewall add rule/);
  assertMatch(command({ system: "darwin" }), /^System Settings, Network, Firewall/);
});

// Real networks.

const test = await hostsTest("nft");
const ADDRESSES = { here: "10.97.0.1/24", there: "10.97.0.2/24" };

/** What `client doctor` says on a host: its last two lines, and its status. */
async function doctor(
  hosts: Hosts,
  folder: Folder,
  ...args: string[]
): Promise<{ status: number; said: string; all: string }> {
  await using run = new Running(hosts.inside("here"), "client", ["doctor", ...args], folder.path);
  const status = await run.over();
  assertEquals(run.err, "");
  return { status, said: run.out.trim().split("\n").slice(-2).join("\n"), all: run.out };
}

/** Two hosts at a switch, with the doctor's other side on one. */
async function answering(body: (hosts: Hosts, folder: Folder) => Promise<void>, multicast = true): Promise<void> {
  using folder = new Folder();
  await using hosts = await Hosts.open("here", "there");
  await hosts.switch("lan", ADDRESSES, multicast);
  await using answer = new Running(hosts.inside("there"), "client", ["doctor", "--answer"], folder.path);
  await answer.printed(/On the other machine: client doctor 10\.97\.0\.2\n/);
  await body(hosts, folder);
}

test("nothing is wrong between two machines of one network", () =>
  answering(async (hosts, folder) => {
    const { status, said } = await doctor(hosts, folder, "10.97.0.2");
    assertMatch(
      said,
      /^This machine and 10\.97\.0\.2 reach each other: TCP, UDP and multicast arrive in both directions\./,
    );
    assertEquals(status, 0);
  }));

test("blocked UDP is told apart by its direction", () =>
  answering(async (hosts, folder) => {
    await hosts.firewall("there", "ip protocol udp drop");
    const { status, said } = await doctor(hosts, folder, "10.97.0.2");
    assertMatch(said, /^Datagrams to 10\.97\.0\.2 are dropped, TCP is not/);
    assertEquals(status, 1);
  }));

test("blocked multicast is found where everything else passes", () =>
  answering(async (hosts, folder) => {
    const { status, said } = await doctor(hosts, folder, "10.97.0.2");
    assertMatch(
      said,
      /^Only multicast is dropped, on its way .*\n {2}client peer --name NAME, and there: \/add 10\.97\.0\.2/,
    );
    assertEquals(status, 1);
  }, false));

test("a firewall that drops everything, isolated clients and a wrong route are told apart", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("here", "there", "router", "tun0");
  await hosts.switch("lan", { ...ADDRESSES, router: "10.97.0.254/24" });
  await hosts.ip("here", "route", "add", "default", "via", "10.97.0.254");
  await hosts.firewall("there", "ip protocol {tcp, udp} drop");
  const firewall = await doctor(hosts, folder, "10.97.0.2");
  assertMatch(firewall.said, /^10\.97\.0\.2 is on the network, but everything sent to it is dropped: a firewall/);
  for (const port of ["here", "there"]) {
    await hosts.ip("lan", "link", "set", "dev", port, "type", "bridge_slave", "isolated", "on");
  }
  await hosts.ip("here", "neigh", "flush", "all");
  const isolated = await doctor(hosts, folder, "10.97.0.2");
  assertMatch(
    isolated.said,
    /^The network answers, but 10\.97\.0\.2 does not: .*the access point keeps its clients apart/,
  );
  await hosts.cable({ host: "here", address: "10.8.0.2/24" }, { host: "tun0", address: "10.8.0.1/24" });
  await hosts.ip("here", "route", "add", "10.97.0.2/32", "dev", "tun0");
  const route = await doctor(hosts, folder, "10.97.0.2");
  assertMatch(
    route.said,
    /leave by tun0, though lan is in its network.*\n {2}sudo ip route replace 10\.97\.0\.2 dev lan$/,
  );
  assertEquals([firewall.status, isolated.status, route.status], [1, 1, 1]);
});

test("packets that a link loses without a report are told by their size, and reported ones are no fault", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("here", "near", "far", "there");
  await hosts.cable({ host: "here", address: "10.97.0.1/24" }, { host: "near", address: "10.97.0.254/24" });
  await hosts.cable({ host: "near", address: "10.9.0.1/24" }, { host: "far", address: "10.9.0.2/24" });
  await hosts.cable({ host: "there", address: "10.98.0.1/24" }, { host: "far", address: "10.98.0.254/24" });
  const routes = { here: "10.97.0.254", near: "10.9.0.2", far: "10.9.0.1", there: "10.98.0.254" };
  for (const [host, via] of Object.entries(routes)) await hosts.ip(host, "route", "add", "default", "via", via);
  for (const [host, device] of [["near", "far"], ["far", "near"]] as const) {
    await hosts.ip(host, "link", "set", "dev", device, "mtu", "1300");
    await hosts.forwards(host);
  }
  await using answer = new Running(hosts.inside("there"), "client", ["doctor", "--answer"], folder.path);
  await answer.printed(/On the other machine: client doctor 10\.98\.0\.1\n/);
  const reported = await doctor(hosts, folder, "10.98.0.1");
  assertMatch(reported.all, /packet bytes +out 1500 arrive, back 1500 arrive; a router divides those over 1300\n/);
  assertMatch(reported.said, /^Only multicast is dropped/);
  await hosts.ip("here", "route", "flush", "cache");
  await hosts.firewall("here", "ip protocol icmp drop");
  const lost = await doctor(hosts, folder, "10.98.0.1");
  assertMatch(
    lost.said,
    /^Packets over 1300 bytes are lost on the way to 10\.98\.0\.1, .*\n {2}sudo ip link set dev near mtu 1300$/,
  );
  assertEquals(lost.status, 1);
});

test("a taken port is named with the program that has it", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("here", "there");
  await hosts.switch("lan", ADDRESSES);
  const { path, args } = hosts.inside("here", {
    name: "nc",
    command: () => ({ path: "nc", args: ["-l", "2003"] }),
  }).command("client", []);
  const taker = new Deno.Command(path, { args, stdin: "piped", stdout: "null" }).spawn();
  try {
    let found = await doctor(hosts, folder);
    for (let i = 0; i < 5 && found.status === 0; i++) found = await doctor(hosts, folder);
    assertMatch(
      found.said,
      /^A server cannot open every listener here, since these ports are taken: 2003 \(lobby\) by nc \(\d+\)\./,
    );
  } finally {
    await taker.stdin.close();
    await ended(taker, "SIGTERM");
  }
});
