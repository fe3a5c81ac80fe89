import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { Hosts, hostsTest } from "./support/hosts.ts";
import { USERS } from "./support/test_server.ts";
import { Folder, type Programs, Running } from "./support/programs.ts";
import { Random } from "./support/random.ts";
import { becomes, until } from "./support/wire.ts";

// Peers on separate hosts: real programs, a real switch, pulled cables, a bad network.
const test = await hostsTest();

const LAN = { alice: "10.97.0.1/24", bob: "10.97.0.2/24", carol: "10.97.0.3/24" };

test("three peers on a switch find each other, chat, and lose nothing when a cable is pulled for a while", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "carol");
  await hosts.switch("switch", LAN);
  await using alice = peer(hosts, folder, "alice");
  await using bob = peer(hosts, folder, "bob");
  await using carol = peer(hosts, folder, "carol");
  await shown(alice, "online bob", "online carol");
  await shown(bob, "online alice", "online carol");
  await shown(carol, "online alice", "online bob");

  await alice.type("/to bob Are you there?\n");
  await shown(bob, "from alice: Are you there?");
  await bob.type("/to alice I am.\n/to carol And you?\n");
  await shown(bob, "delivered alice 1", "delivered carol 2");

  await alice.type("/group lab bob carol\n");
  await shown(alice, "joined lab bob", "joined lab carol");
  // The first to join sees the other join, the last sees the other as a member.
  await matched(bob, /^(joined lab carol|members lab .*carol.*)$/m);
  await matched(carol, /^(joined lab bob|members lab .*bob.*)$/m);
  await alice.type("/say lab Welcome!\n");
  await shown(alice, "delivered bob 2", "delivered carol 2");
  await bob.type("/say lab Thanks.\n");
  await shown(bob, "delivered alice 3", "delivered carol 3");
  await carol.type("/say lab I must go.\n");
  await shown(carol, "delivered alice 1", "delivered bob 1");

  await exit(carol);
  await shown(alice, "offline carol");
  await shown(bob, "offline carol");

  // First at his own end, where sending fails; then at the other, where datagrams vanish.
  for (const [i, [host, cable]] of ([["bob", "switch"], ["switch", "bob"]] as const).entries()) {
    await hosts.ip(host, "link", "set", "dev", cable, "down");
    const before = [alice.out, bob.out];
    // Both retry in vain.
    await hosts.sends("alice", "switch", 6, async () => {
      await alice.type(lines(3, (n) => `/to bob ${i}${n}`));
      await bob.type(lines(3, (n) => `/to alice ${i}${n}`));
    });
    assertEquals([alice.out, bob.out], before);
    await hosts.ip(host, "link", "set", "dev", cable, "up");
    await shown(alice, `from bob: ${i}3`, `delivered bob ${5 + 3 * i}`);
    await shown(bob, `from alice: ${i}3`, `delivered alice ${6 + 3 * i}`);
  }
  await exit(alice);
  await shown(bob, "offline alice");
  await exit(bob);

  const pulled = (name: string) => ["01", "02", "03", "11", "12", "13"].map((text) => `from ${name}: ${text}`);
  const each = (...parts: (string | string[])[]) => parts.flat().toSorted();
  // Which peer joined first depends on timing.
  const told = (who: Running) =>
    who.out.trimEnd().split("\n").filter((line) => !/^(joined|members) lab/.test(line)).toSorted();
  assertEquals(heard(alice, "from bob"), ["from bob: I am.", ...pulled("bob")]);
  assertEquals(heard(bob, "from alice"), ["from alice: Are you there?", ...pulled("alice")]);
  // Every line once, and no other line.
  assertEquals(
    told(alice),
    each(
      ["online bob", "online carol", "offline carol", "from bob: I am.", "lab bob: Thanks.", "lab carol: I must go."],
      pulled("bob"),
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `delivered bob ${n}`),
      "delivered carol 2",
    ),
  );
  assertEquals(
    told(bob),
    each(
      ["online alice", "online carol", "offline carol", "offline alice"],
      ["from alice: Are you there?", "lab alice: Welcome!", "lab carol: I must go."],
      pulled("alice"),
      [1, 3, 4, 5, 6, 7, 8, 9].map((n) => `delivered alice ${n}`),
      ["delivered carol 2", "delivered carol 3"],
    ),
  );
  assertEquals(
    told(carol),
    each(
      ["online alice", "online bob", "from bob: And you?", "lab alice: Welcome!", "lab bob: Thanks."],
      ["delivered alice 1", "delivered bob 1"],
    ),
  );
});

test("a table server on a fourth host introduces peers without multicast and without a default route", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "carol", "desk");
  await hosts.switch("switch", { ...LAN, desk: "10.97.0.9/24" }, false);
  await using desk = new Running(hosts.inside("desk"), "server", [
    "0",
    folder.write("users.txt", USERS),
    ...["--address-book", "2002", "--host", "0.0.0.0", "--data", "desk"],
  ], folder.path);
  await matched(desk, /^address-book listening on 0\.0\.0\.0:2002$/m);
  await using alice = peer(hosts, folder, "alice", ["10.97.0.9"], 3001);
  await logged(desk, "got request from: 10.97.0.1:3001 alice\n");
  await using bob = peer(hosts, folder, "bob", ["10.97.0.9", "2002"], 3001);
  await shown(alice, "online bob");
  await using carol = peer(hosts, folder, "carol", ["10.97.0.9"]);
  await shown(alice, "online carol");
  await shown(bob, "online alice", "online carol");
  await shown(carol, "online alice", "online bob");
  await carol.type("/group lab alice bob\n");
  await shown(carol, "joined lab alice", "joined lab bob");
  await carol.type("/say lab All here?\n/to bob Hello!\n");
  await shown(carol, "delivered alice 1", "delivered bob 1", "delivered bob 2");

  await exit(bob);
  await shown(alice, "offline bob");
  await logged(desk, "receive offline from: 10.97.0.2:3001 bob\n");
  // Linked peers need no table server.
  desk.process.kill("SIGKILL");
  await desk.over();
  await alice.type("/to carol Still here?\n");
  await shown(alice, "delivered carol 1");
  await exit(alice);
  await exit(carol);
  assertEquals(heard(alice, "lab"), ["lab carol: All here?"]);
  assertEquals(heard(bob, "lab|from"), ["lab carol: All here?", "from carol: Hello!"]);
  assertEquals(heard(carol, "from"), ["from alice: Still here?"]);
  for (const { err } of [alice, bob, carol]) assert(!err.includes("multicast"), err);
});

test("over a relay that delays and loses a fifth, everything arrives once, in order, and is confirmed", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "relay", "bob");
  await hosts.cable({ host: "alice", address: "10.97.1.1/24" }, { host: "relay", address: "10.97.1.9/24" });
  await hosts.cable({ host: "bob", address: "10.97.2.1/24" }, { host: "relay", address: "10.97.2.9/24" });
  const [seed, delayMs, loss] = [1, 100, 0.2];
  await using relay = new Running(
    hosts.inside("relay", RELAY),
    "server",
    [seed, delayMs, loss, 4001, 4002, 3001, "10.97.2.1"].map(String),
    folder.path,
  );
  await matched(relay, /^listening$/m);
  await using alice = peer(hosts, folder, "alice");
  await using bob = peer(hosts, folder, "bob", [], 3001);
  await alice.type("/add 10.97.1.9:4001\n");
  await shown(alice, "online bob");
  await shown(bob, "online alice");

  const random = new Random(seed);
  const text = (name: string, n: number) => `${name} ${n} ${"text ".repeat(random.whole(0, 200))}`.trimEnd();
  const said = Array.from({ length: 200 }, (_, i) => ({ alice: text("alice", i), bob: text("bob", i) }));
  const talk = async (me: Running, name: "alice" | "bob", to: string) => {
    // In ten batches: many datagrams, with pauses.
    for (let n = 20; n <= said.length; n += 20) {
      await me.type(said.slice(n - 20, n).map((texts) => `/to ${to} ${texts[name]}\n`).join(""));
      await shown(me, `delivered ${to} ${n}`);
    }
  };
  await Promise.all([talk(alice, "alice", "bob"), talk(bob, "bob", "alice")]);
  const numbers = said.map((_, i) => i + 1);
  // The one has shown what the other is told to be delivered; here it is read a moment later.
  await becomes(() => alice.out.split("\n").length - 1, 1 + 2 * said.length);
  assertEquals(heard(alice, "from bob"), said.map(({ bob }) => `from bob: ${bob}`));
  assertEquals(heard(alice, "delivered bob"), numbers.map((n) => `delivered bob ${n}`));
  await becomes(() => bob.out.split("\n").length - 1, 1 + 2 * said.length);
  assertEquals(heard(bob, "from alice"), said.map(({ alice }) => `from alice: ${alice}`));
  assertEquals(heard(bob, "delivered alice"), numbers.map((n) => `delivered alice ${n}`));
  // The network was as bad as intended.
  await relay.endInput();
  const [, carried, lost] = await relay.printed(/^carried (\d+), lost (\d+)$/m);
  assert(Number(carried) > 300);
  assert(Number(lost) > Number(carried) / 8);
});

test("without multicast or without a network the client says how to add a peer, and that works", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob", "carol");
  await hosts.switch("switch", { alice: LAN.alice, bob: LAN.bob }, false);
  await using alice = peer(hosts, folder, "alice");
  await using bob = peer(hosts, folder, "bob", [], 3001);
  await using carol = peer(hosts, folder, "carol");
  const alone = "no peer has answered so far. Where multicast is blocked, ask at an address: /add HOST:PORT\n";
  await logged(alice, alone);
  await logged(bob, alone);
  const cut = "you cannot be announced to others (this machine is on no network), trying again; or ask at an address: ";
  await logged(carol, cut);
  assertEquals([alice.out, bob.out, carol.out], ["", "", ""]);

  await alice.type("/add 10.97.0.2:3001\n");
  await shown(alice, "online bob");
  await shown(bob, "online alice");
  await hosts.plug("carol", LAN.carol, "switch", false);
  await carol.type("/add 10.97.0.2 3001\n");
  // bob tells her alice's address.
  await shown(carol, "online bob", "online alice");
  await carol.type("/to alice Found you!\n");
  await shown(carol, "delivered alice 1");
  assertEquals(heard(alice, "from"), ["from carol: Found you!"]);
});

test("a peer whose network appears later is found then", async () => {
  using folder = new Folder();
  await using hosts = await Hosts.open("alice", "bob");
  await hosts.switch("switch", { alice: LAN.alice });
  await using alice = peer(hosts, folder, "alice");
  await using bob = peer(hosts, folder, "bob");
  await logged(bob, "(this machine is on no network), trying again");
  await hosts.plug("bob", LAN.bob, "switch");
  await shown(alice, "online bob");
  await shown(bob, "online alice");
});

const RELAY: Programs = {
  name: "the relay",
  command: (_program, args) => {
    const path = join(dirname(fromFileUrl(import.meta.url)), "support", "relay_child.ts");
    return { path: Deno.execPath(), args: ["run", "--no-prompt", "--allow-net", path, ...args] };
  },
};

/** A peer's program, on the host of the same name. */
function peer(hosts: Hosts, folder: Folder, name: string, table: string[] = [], port = 0): Running {
  const args = ["peer", ...table, "--name", name, "--udp", String(port), "--data", name];
  return new Running(hosts.inside(name), "client", args, folder.path);
}

/** Waits until each of these lines was printed. */
async function shown(who: Running, ...lines: string[]): Promise<void> {
  for (const line of lines) await waited(who, () => `\n${who.out}`.includes(`\n${line}\n`), `"${line}"`);
}

async function matched(who: Running, pattern: RegExp): Promise<void> {
  await waited(who, () => pattern.test(who.out), String(pattern));
}

/** Waits for this text on standard error. */
async function logged(who: Running, text: string): Promise<void> {
  await waited(who, () => who.err.includes(text), JSON.stringify(text));
}

async function waited(who: Running, ready: () => boolean, what: string): Promise<void> {
  try {
    await until(ready, what);
  } catch (cause) {
    throw new Error(`waited for ${what}; had ${JSON.stringify([who.out, who.err])}`, { cause });
  }
}

async function exit(who: Running): Promise<void> {
  await who.type("/exit\n");
  assertEquals(await who.over(), 0);
}

/** The printed lines with this beginning, in order. */
function heard(who: Running, beginning: string): string[] {
  const pattern = new RegExp(`^(${beginning})\\b`);
  return who.out.split("\n").filter((line) => pattern.test(line));
}

function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(i + 1)}\n`).join("");
}
