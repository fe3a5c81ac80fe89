import { assertEquals, assertMatch } from "@std/assert";
import {
  addressKind,
  type AnswerFacts,
  conclude,
  concludeLocal,
  type LocalFacts,
  type RemoteFacts,
  sameNetwork,
} from "../lib/client/diagnosis.ts";
import { decodeNeighbour, decodeOwner, decodeRoute } from "../lib/net/system_network.ts";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { Folder, Running } from "./support/programs.ts";

const LOCAL: LocalFacts = {
  addresses: [{ device: "eth0", address: "10.0.0.1", bits: 24, kind: "network" }],
  defaultRoute: { device: "eth0", via: "10.0.0.254" },
  taken: [],
  firewalls: [],
  multicast: [{ address: "10.0.0.1", heard: ["239.255.80.76"] }],
};
const ANSWER: AnswerFacts = {
  ...{ system: "linux", udpOut: true, udpBack: true, udpBytes: 8000, tcpBack: "open", clockMs: 3 },
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
    [sentence({ address: undefined, host: "lab" }), /^No machine has the name lab here\.$/],
    [sentence({ route: "none" }), /^This machine has no route to 10\.0\.0\.2/],
    [sentence({ route: { device: "tun0", via: undefined } }), /leaves by tun0, though eth0 is in its network/],
    [sentence({ ...without, tcp: SILENT }), /is on the network, but everything sent to it is dropped/],
    [sentence({ ...without, tcp: SILENT, neighbour: "silent" }), /the access point keeps its clients apart/],
    [sentence({ ...without, tcp: SILENT, neighbour: "silent", router: undefined }), /does not answer at all/],
    [sentence({ ...without, tcp: [{ port: 2009, outcome: "refused" }] }), /nothing of Partyline runs there/],
    [sentence({ ...without, tcp: [{ port: 2001, outcome: "open" }] }), /something listens there at 2001/],
    [sentence({ answer: { ...ANSWER, udpOut: false } }), /^Datagrams to 10\.0\.0\.2 are dropped, TCP is not/],
    [sentence({ answer: { ...ANSWER, udpBack: false } }), /the firewall of this machine blocks UDP/],
    [sentence({ answer: { ...ANSWER, udpBytes: 512 } }), /^Datagrams over 512 bytes are lost/],
    [sentence({ answer: { ...ANSWER, tcpBack: "silent" } }), /the firewall here blocks TCP/],
    [sentence({ answer: { ...ANSWER, multicastBack: [] } }), /^Multicast is dropped on its way from 10\.0\.0\.2/],
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
    "A server cannot open every listener here: taken are 2001 (im) by python3 (77).",
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

// Real networks.

const test = await hostsTest("nft");
const ADDRESSES = { here: "10.97.0.1/24", there: "10.97.0.2/24" };

/** What `client doctor` says on a host: its last two lines, and its status. */
async function doctor(hosts: Hosts, folder: Folder, ...args: string[]): Promise<{ status: number; said: string }> {
  await using run = new Running(hosts.inside("here"), "client", ["doctor", ...args], folder.path);
  const status = await run.over();
  assertEquals(run.err, "");
  return { status, said: run.out.trim().split("\n").slice(-2).join("\n") };
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
    assertMatch(said, /^Nothing stands between this machine and 10\.97\.0\.2: TCP, UDP and multicast go both ways\./);
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
      /^Multicast is dropped on its way .*\n {2}client peer --name NAME, and there: \/add 10\.97\.0\.2/,
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
  assertMatch(route.said, /leaves by tun0, though lan is in its network.*\n {2}ip route replace 10\.97\.0\.2 dev lan$/);
  assertEquals([firewall.status, isolated.status, route.status], [1, 1, 1]);
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
    assertMatch(found.said, /^A server cannot open every listener here: taken are 2003 \(lobby\) by nc \(\d+\)\./);
  } finally {
    await taker.stdin.close();
    taker.kill("SIGTERM");
    await taker.status;
  }
});
