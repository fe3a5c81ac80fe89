import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { encodeDiscovery } from "../lib/peers/packet.ts";
import { encodeText } from "../lib/core/text.ts";
import { DATAGRAM_LIMITS } from "../lib/protocols/datagram/options.ts";
import { encodePacket } from "../lib/protocols/datagram/packet.ts";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { Folder, type Programs, Running } from "./support/programs.ts";
import { HASHED_USERS } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

// Datagrams whose senders do not exist, on a real network: an answer to one waits for three seconds until the system knows that
// no machine has the address, and takes the socket's room meanwhile.
const test = await hostsTest();

const LAN = { desk: "10.97.0.9/16", alice: "10.97.0.1/16", bob: "10.97.0.2/16", eve: "10.97.0.3/16" };
const PER_SECOND = 500;
/** An honest message may take so long meanwhile; unanswered senders are given up by the system only after three seconds. */
const MOST_MS = 2500;
/** Forged datagrams come for a minute: a program that waited for them would not end before. */
const STOP_MS = 15_000;
const AGAIN_MS = 5000;

const FORGER: Programs = {
  name: "forged datagrams",
  command: (_program, args) => ({
    path: "python3",
    args: [join(import.meta.dirname!, "support", "forged_datagrams.py"), ...args],
  }),
};

test("forged senders silence nobody in the mailbox, a new user comes in meanwhile, and the server stops in time", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("desk", "alice", "bob", "eve");
  await hosts.switch("switch", LAN);
  const args = ["2001", folder.write("users.txt", HASHED_USERS), "--mailbox", "2004", "--data", "server"];
  await using desk = new Running(hosts.inside("desk"), "server", args, folder.path);
  await desk.printed(/^mailbox listening/m);
  await using carol = mailbox(hosts, folder, "alice", "carol");
  await until(() => desk.err.includes("carol"), "carol is inside");
  await using dave = mailbox(hosts, folder, "bob", "dave");
  await carol.printed(/^online dave$/m);
  await carol.type("CHAT dave\nbefore\n");
  await dave.printed(/^from carol: before$/m);
  await using _eve = forge(hosts, folder, "10.97.0.9", 2004, encodePacket({ kind: "hello", id: 0n }));
  await passes(carol, dave, (text) => `${text}\n`, "carol");
  await using erin = mailbox(hosts, folder, "bob", "erin");
  await erin.type("CHAT carol\nnew here\n");
  await carol.printed(/^from erin: new here$/m);
  const begun = performance.now();
  desk.process.kill("SIGTERM");
  assertEquals(await desk.over(), 0);
  const took = performance.now() - begun;
  assert(took < STOP_MS, `it took ${took} ms to stop`);
});

test("forged senders silence nobody at the mychat listener", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("desk", "alice", "bob", "eve");
  await hosts.switch("switch", LAN);
  const args = ["2001", folder.write("users.txt", HASHED_USERS), "--mychat", "8000", "--data", "server"];
  await using desk = new Running(hosts.inside("desk"), "server", args, folder.path);
  await desk.printed(/^mychat listening/m);
  const plain = (host: string, name: string) =>
    new Running(
      hosts.inside(host),
      "client",
      ["mailbox", "10.97.0.9", "8000", "--plain", "--name", name, "--data", `data-${name}`],
      folder.path,
    );
  await using carol = plain("alice", "carol");
  await using dave = plain("bob", "dave");
  for (const each of [carol, dave]) {
    await each.type("JOIN MyChat\n");
    await each.printed(/joined lobby\n/);
  }
  await carol.type("/to dave before\n");
  await dave.printed(/^from carol: before$/m);
  const connect = encodeText('{"key": "CONNECT", "isConnected": false, "username": "eve", "isStach": false}');
  await using _eve = forge(hosts, folder, "10.97.0.9", 8000, connect);
  // The authors' protocol repeats nothing: a datagram that a busy machine loses is lost, and is said again.
  await passes(carol, dave, (text) => `/to dave ${text}\n`, "carol", AGAIN_MS);
});

test("forged senders silence no peer, and a peer leaves in time", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "eve");
  const { alice: a, bob: b, eve } = LAN;
  await hosts.switch("switch", { alice: a, bob: b, eve });
  await using alice = peer(hosts, folder, "alice");
  await using bob = peer(hosts, folder, "bob");
  await alice.printed(/^online bob$/m);
  const self = { name: "eve", more: false };
  await using _eve = forge(hosts, folder, "10.97.0.1", 3001, encodeDiscovery({ kind: "ask", id: 0n, self }));
  await passes(alice, bob, (text) => `/to bob ${text}\n`, "alice");
  const begun = performance.now();
  alice.process.kill("SIGTERM");
  await alice.over();
  const took = performance.now() - begun;
  assert(took < STOP_MS, `it took ${took} ms to leave`);
});

test("a message with 100 addresses where no machine is silences no peer", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "eve");
  const { alice: a, bob: b, eve } = LAN;
  await hosts.switch("switch", { alice: a, bob: b, eve });
  await using alice = peer(hosts, folder, "alice");
  await using bob = peer(hosts, folder, "bob");
  await alice.printed(/^online bob$/m);
  const path = join(import.meta.dirname!, "support", "dead_addresses.py");
  const python: Programs = {
    name: "dead addresses",
    command: (_, args) => ({ path: "python3", args: [path, ...args] }),
  };
  await using mallory = new Running(
    hosts.inside("eve", python),
    "client",
    ["mallory", "3001", "10.97.0.1", "3001"],
    folder.path,
  );

  await mallory.printed(/^told \d+$/m);
  await passes(alice, bob, (text) => `/to bob ${text}\n`, "alice");
  const asked = (await hosts.ip("alice", "neigh", "show")).match(/^10\.97\.2\d\d\./gm)?.length ?? 0;
  // As many as may be unanswered at a time.
  assert(asked >= DATAGRAM_LIMITS.unanswered, `alice has asked only ${asked} of the addresses`);
});

/**
 * Says ten messages under attack, and checks how long each takes. With `againMs`, one that has not arrived by then is said
 * again, and counts from there.
 */
async function passes(
  from: Running,
  to: Running,
  line: (text: string) => string,
  name: string,
  againMs?: number,
): Promise<void> {
  // The socket's room is used up after a second.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const times: number[] = [];
  for (let i = 1; i <= 10; i++) {
    const has = () => to.out.includes(`from ${name}: under attack ${i}\n`);
    let begun = performance.now();
    await from.type(line(`under attack ${i}`));
    const saysAgain = againMs === undefined ? undefined : setInterval(() => {
      begun = performance.now();
      void from.type(line(`under attack ${i}`));
    }, againMs);
    await until(has, `${i} arrives`, 60_000).finally(() => clearInterval(saysAgain));
    times.push(Math.round(performance.now() - begun));
  }
  // A busy machine may hold up one or two of them; a socket without room holds up all.
  assert(times.toSorted((a, b) => a - b)[7]! < MOST_MS, `messages took ${times} ms`);
}

function forge(hosts: Hosts, folder: Folder, host: string, port: number, datagram: Uint8Array): Running {
  const hex = Array.from(datagram, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const args = [host, String(port), String(PER_SECOND), "60", hex];
  return new Running(hosts.inside("eve", FORGER), "client", args, folder.path);
}

function mailbox(hosts: Hosts, folder: Folder, host: string, name: string): Running {
  const args = ["mailbox", "10.97.0.9", "2004", "--name", name, "--data", `data-${name}`];
  return new Running(hosts.inside(host), "client", args, folder.path);
}

function peer(hosts: Hosts, folder: Folder, name: string): Running {
  const args = ["peer", "--name", name, "--udp", "3001", "--data", name];
  return new Running(hosts.inside(name), "client", args, folder.path);
}
