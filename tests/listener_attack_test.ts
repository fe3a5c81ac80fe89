import { assert, assertEquals, assertMatch } from "@std/assert";
import { networkOf } from "../lib/core/address.ts";
import { DescriptorBudget } from "../lib/core/descriptors.ts";
import { ConnectionLimiter } from "../lib/core/limiters.ts";
import type { Limits } from "../lib/core/limits.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { DatagramOutbox } from "../lib/net/datagram_outbox.ts";
import { connectTls } from "../lib/net/dial.ts";
import { CLOSE } from "../lib/http/frames.ts";
import { DATAGRAM_LIMITS } from "../lib/protocols/datagram/options.ts";
import { StrangerLimiter } from "../lib/protocols/datagram/strangers.ts";
import { Browser } from "./support/browser.ts";
import { Folder, type Programs, Running, SOURCES } from "./support/programs.ts";
import { RawClient, TestServer } from "./support/test_server.ts";
import { until, Wire } from "./support/wire.ts";

// What attacks on the listeners have found; THREATS.md describes the attackers.

const linux = Deno.build.os === "linux";

/** How many file descriptors a process has. */
function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

function serverIn(folder: Folder, limits: Partial<Limits>): Promise<TestServer> {
  return TestServer.open({ web: true, data: folder.path, limits });
}

/** The beginning of a TLS handshake: a record of 512 bytes, of which a few come. */
const BEGINNING = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);

Deno.test({
  name: "TLS connections without a handshake are closed in time, and their file descriptors return",
  ignore: !linux,
  fn: async () => {
    using folder = new Folder();
    folder.write("users.txt", "jacky 12345\n");
    const limits = ["--connections", "20", "--handshake-ms", "3000"];
    const args = ["0", "users.txt", "--host", "127.0.0.1", "--tls-port", "0", "--data", "data", ...limits];
    // A process of its own: in this one, other tests open and close descriptors.
    await using server = new Running(SOURCES, "server", args, folder.path);
    const port = Number((await server.printed(/^tls listening on \S+:(\d+)$/m))[1]);
    const descriptors = () => descriptorsOf(server.process.pid);
    const before = descriptors();
    const dialled = await Promise.all(Array.from({ length: 60 }, () => Deno.connect({ hostname: "127.0.0.1", port })));
    // Half of them stay silent; the others begin a handshake.
    for (const [i, conn] of dialled.entries()) if (i % 2) await conn.write(BEGINNING).catch(() => {});
    // All are closed, though no peer has left.
    await Promise.all(dialled.map(isClosed));
    await until(() => descriptors() <= before, "nothing is left");
    for (const conn of dialled) conn.close();
    const conn = await connectTls({
      ...{ host: "localhost", port, withinMs: 30_000 },
      trusted: folder.read("data/tls-cert.pem"),
    });
    await conn.write(encodeText('{"type":"hello"}\n'));
    assert(await conn.read(new Uint8Array(100)) !== null);
    conn.close();
    await until(() => descriptors() <= before, "nothing is left of the last");
  },
});

/** Resolves when the other side has closed the connection. */
async function isClosed(conn: Deno.Conn): Promise<void> {
  const bytes = new Uint8Array(1024);
  while (await conn.read(bytes).catch(() => null) !== null);
}

Deno.test("a half-sent request is answered with 408 and a silent connection closed, each in time", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, { requestMs: 1500, keepAliveMs: 1500 });
  const port = server.portOf("web");
  using silent = await Wire.connect(port);
  using half = await Wire.connect(port);
  await half.send("GET /about HTTP/1.1\r\nhost:");
  using kept = await Wire.connect(port);
  await kept.send("GET /about HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  assertEquals(await silent.rest(), "");
  assertMatch(await half.rest(), /^HTTP\/1\.1 408 /);
  assertMatch(await kept.rest(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\{"version".*\}$/);
});

Deno.test("HTTP connections that wait give way to new ones, and one with a WebSocket never does", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, { webConnections: 5 });
  const alice = new Browser(server.portOf("web"));
  await using chat = await alice.join("alice");
  await chat.resume();
  const waiting: Wire[] = [];
  for (let i = 0; i < 30; i++) {
    const wire = await Wire.connect(alice.port);
    await wire.send("GET / HT").catch(() => {});
    waiting.push(wire);
    if (i % 10 === 9) assertEquals((await alice.about()).name, "alice");
  }
  await chat.say({ type: "say", number: 1, to: "alice", text: "still here" });
  assertEquals((await chat.next("message")).text, "still here");
  for (const wire of waiting) wire.close();
});

Deno.test("an endless message in fragments ends its WebSocket before it is held, and others go on", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, {});
  const alice = new Browser(server.portOf("web"));
  await using good = await alice.join("alice");
  await good.resume();
  const bad = await alice.chat();
  const piece = new Uint8Array(8 + 60_000).fill(97);
  piece.set([0x01, 0x80 + 126, 60_000 >> 8, 60_000 & 255, 0, 0, 0, 0]);
  await bad.conn.write(piece);
  piece[0] = 0;
  let sent = 0;
  while (bad.closed === undefined && sent < 100) {
    await bad.conn.write(piece).catch(() => {});
    sent++;
  }
  await until(() => bad.closed !== undefined, "it is closed");
  assertMatch(bad.closed!, /^a message has at most \d+ bytes$/);
  await bad.over;
  await good.say({ type: "ping", ref: 1 });
  await good.next("pong");
});

Deno.test("a flood of pings is answered as far as it is read, and takes no memory", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, {});
  const alice = new Browser(server.portOf("web"));
  const flood = await alice.join("alice");
  flood.deafen();
  const ping = new Uint8Array([0x89, 0x80 + 125, 0, 0, 0, 0, ...new Uint8Array(125)]);
  const many = new Uint8Array(ping.length * 5000);
  for (let at = 0; at < many.length; at += ping.length) many.set(ping, at);
  for (let i = 0; i < 10; i++) {
    for (let rest = many; rest.length > 0;) rest = rest.subarray(await flood.conn.write(rest));
  }
  await using other = await new Browser(alice.port).join("bob");
  await other.resume();
  // It is not ended as one whose output is not read.
  assertEquals(server.instance.runner.size, 2);
  flood.conn.close();
  await flood.over;
});

Deno.test("the close frame of a client is answered with its code", async () => {
  using folder = new Folder();
  await using server = await serverIn(folder, {});
  const alice = new Browser(server.portOf("web"));
  const chat = await alice.join("alice");
  await chat.frame("close", new Uint8Array([CLOSE.goingAway >> 8, CLOSE.goingAway & 255]));
  await chat.over;
  assertEquals(chat.closed, "");
  await until(() => server.instance.runner.size === 0, "the session is over");
});

Deno.test("all addresses of an IPv6 network of 64 bits count as one, and an IPv4 address alone", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::2", "0:0:0:0::/64"],
    ["::1", "::1"],
  ];
  for (const [address, network] of cases) assertEquals(networkOf(address), network, address);
  const limiter = new ConnectionLimiter({ connections: 9, connectionsPerAddress: 2 });
  assertEquals(limiter.take("2001:db8::1"), undefined);
  assertEquals(limiter.take("2001:db8::2"), undefined);
  assertEquals(limiter.take("2001:db8::3")?.among, "network");
  limiter.release("2001:db8::1");
  assertEquals(limiter.take("2001:db8::3"), undefined);
});

Deno.test("one listener cannot take the file descriptors of another, nor the reserve", () => {
  let used = 0;
  const all = 1000;
  const budget = new DescriptorBudget(100, (most) => Math.min(most, all - used));
  const [one, other] = [budget.share(), budget.share()];
  const take = (share: typeof one, count = 1) => share.take(count) && (used += count) > 0;
  while (take(one));
  // Its guaranteed quarter, and the common half.
  assertEquals([one.used, budget.total], [675, 900]);
  while (take(other, 3));
  assertEquals([other.used, used], [225, 900]);
  one.release(10);
  used -= 10;
  assert(take(other, 3));
  assert(!take(other, 30));
});

Deno.test("of answers to machines that have proved nothing few are under way; links and proved machines are not affected", () => {
  const limits = { ...DATAGRAM_LIMITS, unanswered: 3, strangerBurst: 20, strangersPerSecond: 1 };
  const strangers = new StrangerLimiter(limits, 0);
  const asks = (from: number, count: number, now: number) =>
    Array.from({ length: count }, (_, i) => strangers.allows(`10.0.0.${from + i}`, now)).filter(Boolean).length;
  assertEquals([asks(1, 100, 0), strangers.unanswered], [3, 3]);
  strangers.proved("10.0.0.1", 0);
  assertEquals([asks(1, 1, 0), asks(200, 5, 0), strangers.unanswered], [1, 1, 3]);
  // The system has given up on the others.
  assertEquals([asks(1, 100, limits.unansweredMs), strangers.unanswered], [4, 3]);
  assertEquals(asks(1, 100, limits.unansweredMs), 1, "only the one that is there");
  assert(strangers.allows("127.0.0.1", 0));
});

Deno.test("one address is answered at its rate, and so are all together", () => {
  const limits = { ...DATAGRAM_LIMITS, strangerBurstPerAddress: 5, strangersPerSecondPerAddress: 1, strangerBurst: 8 };
  const strangers = new StrangerLimiter(limits, 0);
  const answers = (address: string, now: number) =>
    Array.from({ length: 100 }, () => strangers.allows(address, now)).filter(Boolean).length;
  assertEquals([answers("2001:db8::1", 0), answers("2001:db8::2", 0), answers("2001:db8:0:1::1", 0)], [5, 0, 3]);
  assertEquals(answers("2001:db8::3", 1000), 1);
});

Deno.test("datagrams to strangers leave last and are dropped first; a socket that is closed waits for none of them", async () => {
  const sent: string[] = [];
  let gate = Promise.withResolvers<number>();
  const outbox = new DatagramOutbox({
    send(datagram) {
      sent.push(decodeLossy(datagram));
      return gate.promise;
    },
  });
  const to = { transport: "udp", hostname: "10.0.0.1", port: 1 } as const;
  const push = (text: string, isLast = false) => outbox.push(encodeText(text), to, isLast);
  push("first");
  for (let i = 0; i < 3; i++) push(`s${i} ${" ".repeat(8000)}`, true);
  push("link");
  gate.resolve(1);
  await until(() => sent.length === 4, "all that was kept");
  assertEquals(sent.map((text) => text.trim()), ["first", "link", "s0", "s1"]);
  gate = Promise.withResolvers();
  push("held");
  push("never");
  const closed = outbox.close();
  outbox.drop();
  await closed;
  gate.resolve(1);
  await gate.promise;
  assertEquals(sent.length, 5);
});

/** From the sources, with the file descriptors that many systems allow. */
const USUAL: Programs = {
  name: "with 1024 file descriptors",
  command: (program, args) => {
    const { path, args: all } = SOURCES.command(program, args);
    return { path: "sh", args: ["-c", 'ulimit -n 1024; exec "$0" "$@"', path, ...all] };
  },
};

Deno.test({
  name: "with 1024 file descriptors and every listener flooded, users inside go on, and the log says what is refused",
  ignore: !linux,
  fn: async () => {
    using folder = new Folder();
    folder.write("users.txt", "jacky 12345\nbob 12345\nalice 12345\n");
    const args = [
      "0",
      "users.txt",
      ...["--address-book", "--lobby", "--web", "--tls-port"].flatMap((name) => [name, "0"]),
    ];
    await using server = new Running(USUAL, "server", args, folder.path);
    const portOf = async (name: string) =>
      Number((await server.printed(new RegExp(`^${name} listening on .*:(\\d+)$`, "m")))[1]);
    const im = await portOf("im");
    using bob = await RawClient.open(im);
    await bob.login("bob", "12345");
    const alice = new Browser(await portOf("web"));
    await using chat = await alice.join("alice");
    await chat.resume();

    const dialled: Deno.Conn[] = [];
    for (const name of ["im", "address-book", "lobby", "web", "tls"]) {
      const port = await portOf(name);
      for (let i = 0; i < 900; i++) dialled.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      // The address book's connections end by themselves.
      const refused = name === "address-book"
        ? "the file descriptors for connections are used up"
        : `${name}: refused 127`;
      await until(() => server.err.includes(refused), `${name} refuses`);
    }
    for (let i = 1; i <= 20; i++) {
      await chat.say({ type: "say", number: i, to: "bob", text: `${i}` });
      assertEquals(await bob.take(), `/from alice ${i}`);
    }
    // Another one still comes in by the page: those that are silent make room.
    const jacky = new Browser(alice.port);
    await using late = await jacky.join("jacky");
    await late.resume();
    assert(descriptorsOf(server.process.pid) < 1000);
    assert(server.err.includes("the file descriptors for connections are used up"));
    const before = descriptorsOf(server.process.pid);
    for (const conn of dialled) conn.close();
    await until(() => descriptorsOf(server.process.pid) < before - 500, "the descriptors return");
    server.process.kill("SIGTERM");
    assertEquals(await server.over(), 0);
  },
});
