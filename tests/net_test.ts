import { setImmediate } from "node:timers";
import { assert, assertEquals } from "@std/assert";
import { Accounts } from "../lib/chat/accounts.ts";
import { Hub } from "../lib/chat/hub.ts";
import { ImConnection } from "../lib/net/im_connection.ts";
import { Backoff } from "../lib/core/backoff.ts";
import { ACCEPTED_PER_TURN, limits } from "../lib/core/limits.ts";
import { Liveness } from "../lib/core/liveness.ts";
import { ConnectionLimiter } from "../lib/core/limiters.ts";
import { ListeningSocket } from "../lib/net/listening_socket.ts";
import { Outbox } from "../lib/net/outbox.ts";
import { Connection } from "../lib/net/tcp.ts";
import { IM_PROTOCOL } from "../lib/protocols/im/server.ts";
import { connectionOptions, openPlatform } from "../lib/server/platform.ts";
import { SessionRunner } from "../lib/server/runner.ts";
import { RawClient, TestServer } from "./support/test_server.ts";
import { until, Wire } from "./support/wire.ts";

/** A sink whose writes complete one by one, each as far as the test says. */
function gatedSink() {
  const written: string[] = [];
  let gate: ((count: number | Error) => void) | undefined;
  const sink = {
    write: (bytes: Uint8Array) =>
      new Promise<number>((resolve, reject) =>
        gate = (count) => {
          if (count instanceof Error) return reject(count);
          written.push(new TextDecoder().decode(bytes.subarray(0, count)));
          resolve(Math.min(count, bytes.length));
        }
      ),
  };
  const let_ = async (count: number | Error = Infinity) => {
    await turn();
    gate!(count);
    await turn();
  };
  return { sink, written, let: let_ };
}

Deno.test("a crowd of connections is accepted a few a turn, so that other sockets have theirs in between", async () => {
  let [accepted, inTurn, most] = [0, 0, 0];
  const conns: Deno.TcpConn[] = [];
  const socket = new ListeningSocket({ hostname: "127.0.0.1", port: 0 }, {
    accepted: (conn) => {
      conns.push(conn);
      accepted++;
      most = Math.max(most, ++inTurn);
    },
  });
  const count = 60;
  const dialling = Promise.all(Array.from({ length: count }, () => Deno.connect(socket.address)));
  while (accepted < count) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    inTurn = 0;
  }
  // This loop's turn may come before or after the socket's.
  assert(most <= 2 * ACCEPTED_PER_TURN, `${most} in one turn`);
  const dialled = await dialling;
  for (const conn of [...dialled, ...conns]) conn.close();
  socket.close();
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("an outbox writes each push separately, or everything collected at once", async () => {
  for (const [apart, expected] of [[true, ["a", "b", "c"]], [false, ["ab", "c"]]] as const) {
    const gated = gatedSink();
    const outbox = new Outbox(gated.sink, 100, apart, () => {});
    outbox.push(bytes("a"));
    outbox.push(bytes("b"));
    await gated.let();
    outbox.push(bytes("c"));
    const drained = outbox.drained();
    while (gated.written.join("") !== "abc") await gated.let();
    await drained;
    assertEquals([gated.written, outbox.waitingBytes], [expected, 0]);
  }
});

Deno.test("an outbox writes pushes separately while few wait, and several together, up to a bound, while many do", async () => {
  const gated = gatedSink();
  const outbox = new Outbox(gated.sink, 100, { beyond: 2, bytes: 6 }, () => {});
  for (const text of ["aa", "bb", "cc", "dd", "eeeeeee", "f", "g", "h"]) outbox.push(bytes(text));
  const drained = outbox.drained();
  while (outbox.waitingBytes > 0) await gated.let();
  await drained;
  // The longest one leaves alone, since no other has room beside it.
  assertEquals(gated.written, ["aa", "bbccdd", "eeeeeee", "fgh"]);
});

Deno.test("an outbox writes the rest of a short write before anything else", async () => {
  const gated = gatedSink();
  const outbox = new Outbox(gated.sink, 100, true, () => {});
  outbox.push(bytes("hello"));
  outbox.push(bytes("world"));
  await gated.let(2);
  await gated.let(1);
  await gated.let();
  await gated.let();
  assertEquals(gated.written, ["he", "l", "lo", "world"]);
});

Deno.test("an outbox refuses input past its bound and accepts again when there is room", async () => {
  const gated = gatedSink();
  const outbox = new Outbox(gated.sink, 5, true, () => {});
  assertEquals([outbox.push(bytes("abc")), outbox.push(bytes("def")), outbox.push(bytes("de"))], [true, false, true]);
  await gated.let();
  assertEquals(outbox.push(bytes("fgh")), true);
  outbox.close();
});

Deno.test("an outbox reports a failed write once and writes no more", async () => {
  const gated = gatedSink();
  const failures: unknown[] = [];
  const outbox = new Outbox(gated.sink, 100, true, (error) => failures.push(error));
  outbox.push(bytes("a"));
  outbox.push(bytes("b"));
  const drained = outbox.drained();
  const reset = new Error("reset");
  await gated.let(reset);
  await drained;
  outbox.push(bytes("c"));
  await turn();
  assertEquals([failures, gated.written, outbox.waitingBytes], [[reset], [], 0]);
});

Deno.test("every line to an IM client is a separate write on a real connection", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dial = Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const [conn, peer] = await Promise.all([listener.accept(), dial]);
  const writes: string[] = [];
  const watched = new Proxy(conn, {
    get(real, name) {
      if (name !== "write") {
        return typeof real[name as "read"] === "function" ? real[name as "read"].bind(real) : real[name as "read"];
      }
      return (given: Uint8Array) => {
        writes.push(new TextDecoder().decode(given));
        return real.write(given);
      };
    },
  });
  const hub = new Hub(new Accounts(new Map()), limits());
  const world = openPlatform({
    limits: limits(),
    verify: () => Promise.resolve(false),
    prove: () => Promise.resolve({ right: false }),
    trace: undefined,
  });
  const runner = new SessionRunner(hub, world, limits());
  const over = Promise.withResolvers<void>();
  runner.open(IM_PROTOCOL, { hostname: "127.0.0.1", port: 1 }, (owner) => {
    const stream = new Connection(watched, owner, connectionOptions(limits()));
    stream.finished.then(over.resolve);
    return stream;
  });
  using wire = new Wire(peer);
  await wire.send("one\ntwo\nthree\n");
  await wire.lines(3);
  assertEquals(writes, Array(3).fill("401 Unrecognized message\n"));
  await wire.finish();
  await over.promise;
});

Deno.test("the client rejects a connection that arrives too early and accepts the server from any of its addresses", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dial = Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const [la, conn] = await Promise.all([listener.accept(), dial]);
  using _la = new Wire(la);
  const received: string[] = [];
  const client = new ImConnection(conn, {
    receive: (link, given) => received.push(`${link} ${new TextDecoder().decode(given)}`),
    closed: () => {},
    linkAccepted: () => {},
  });
  using early = await Wire.connect(client.port);
  assertEquals(await early.rest(), "");
  client.expectLink();
  using server = await Wire.connect(client.port, Deno.build.os === "linux" ? "127.0.0.2" : "127.0.0.1");
  await server.send("/from bob hi\n");
  await until(() => received.length > 0, "the server's line is there");
  using second = await Wire.connect(client.port);
  assertEquals(await second.rest(), "");
  assertEquals(received, ["1 /from bob hi\n"]);
  await client.close();
});

Deno.test("a closing stream sends everything written, then FIN, and discards further input", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  let pushed = 0;
  const stream = new Connection(conn, {
    receive: () => pushed++,
    hungry: () => true,
    closed: () => {},
    failed: () => {},
  }, { outboxBytes: 10_000_000, separateWrites: false, lingerMs: 10_000 });
  const text = "x".repeat(5_000_000);
  stream.write(bytes(text));
  stream.close();
  using wire = new Wire(peer);
  await wire.send("this comes too late\n");
  assertEquals((await wire.rest()).length, text.length);
  await wire.finish();
  await stream.finished;
  assertEquals(pushed, 0);
});

Deno.test("a closing stream whose peer neither reads nor closes is aborted after the linger time", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  const owner = { receive: () => {}, hungry: () => true, closed: () => {}, failed: () => {} };
  const stream = new Connection(conn, owner, { outboxBytes: 50_000_000, separateWrites: false, lingerMs: 50 });
  stream.write(new Uint8Array(40_000_000));
  stream.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The peer starts to read now; bytes not sent by then are lost.
  let received = 0;
  const buffer = new Uint8Array(100_000);
  try {
    for (let count = await peer.read(buffer); count !== null; count = await peer.read(buffer)) received += count;
  } catch { /* reset, for what was lost */ }
  assert(received < 40_000_000, `${received} bytes came`);
  await stream.finished;
  peer.close();
});

Deno.test("a connection whose owner fails at its end is gone once it is closed, and the program goes on", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, peer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  const ended = Promise.withResolvers<void>();
  const closed = () => {
    ended.resolve();
    throw new Error("a bug");
  };
  const owner = { receive: () => {}, hungry: () => true, closed, failed: () => {} };
  const stream = new Connection(conn, owner, { outboxBytes: 1000, separateWrites: false, lingerMs: 50 });
  peer.close();
  await ended.promise;
  await turn();
  stream.close();
  await stream.finished;
});

Deno.test("a peer that never reads is disconnected when its outbox is full, and others are not affected", async () => {
  await using server = await TestServer.open({ limits: { outboxBytes: 64 * 1024, burstCommands: 10_000_000 } });
  using jacky = await server.join("jacky");
  using bob = await server.join("bob");
  // Unread replies fill the kernel's buffers first, then ours.
  const deaf = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const chunk = bytes("x\n".repeat(8 * 1024));
  const flood = (async () => {
    try {
      for (;;) await deaf.write(chunk);
    } catch { /* let go */ }
  })();
  for (let i = 0; i < 200; i++) {
    await jacky.la.send(`/to bob ${i}\n`);
    assertEquals(await bob.take(), `/from jacky ${i}`);
    assertEquals(await jacky.la.line(), "303 Message delivery successful");
  }
  await until(() => server.instance.runner.size === 2, "the one that never reads is gone");
  // Deno 2.4 releases a connection only when its last write has ended.
  using wire = new Wire(deaf);
  await wire.rest().catch(() => {});
  await flood;
});

Deno.test("connections over the limit are refused, and existing sessions are not affected", async () => {
  await using server = await TestServer.open({ limits: { connections: 2 } });
  using jacky = await server.join("jacky");
  using second = await server.connect();
  assertEquals(await second.ask("/list"), "401 Unrecognized message");
  using third = await server.connect();
  assertEquals(await third.rest(), "");
  assertEquals(await jacky.la.ask("/list"), "301 jacky");
  second.close();
  await until(() => server.instance.runner.size === 1, "the second has left");
  // The slot is free shortly afterwards, when the connection is closed.
  for (let inside = false; !inside;) {
    using fourth = await server.connect();
    inside = await fourth.ask("/list").then((reply) => reply === "401 Unrecognized message", () => false);
  }
});

Deno.test("connections of one address are limited, except from this machine", () => {
  const places = new ConnectionLimiter({ connections: 5, connectionsPerAddress: 2 });
  assertEquals([places.take("10.0.0.1"), places.take("10.0.0.1")], [undefined, undefined]);
  assertEquals(places.take("10.0.0.1"), {
    among: "network",
    refusal: "2 sessions from its address are open, the most allowed",
  });
  assertEquals([places.take("127.0.0.1"), places.take("127.0.0.1"), places.take("::1")], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(places.take("10.0.0.2"), {
    among: "all",
    refusal: "5 sessions are open, the most allowed",
  });
  places.release("10.0.0.1");
  assertEquals([places.take("10.0.0.1"), places.count], [undefined, 5]);
});

Deno.test("250 users online at once: a message to all reaches each of them, and each receipt counts", async () => {
  const count = 250;
  const users = Array.from({ length: count }, (_, i) => `u${i} p`).join("\n");
  await using server = await TestServer.open({ users, limits: { linkDialMs: 60_000 } });
  const clients = await Promise.all(Array.from({ length: count }, async (_, i) => {
    const client = await RawClient.open(server.port);
    await client.login(`u${i}`, "p");
    return client;
  }));
  const [first, ...others] = clients;
  await first!.la.send("/toall hello\n");
  assertEquals(await Promise.all(others.map((client) => client.take())), others.map(() => "/broadcastfrom u0 hello"));
  assertEquals(await first!.la.line(), "303 Message delivery successful");
  assertEquals((await first!.la.ask("/list")).split(" ").length, count + 1);
  for (const client of clients) client.close();
  await until(() => server.instance.runner.size === 0, "all are gone");
  assertEquals(server.instance.hub.size, { sessions: 0, online: 0, underWay: 0, heldLogins: 0, waitingBytes: 0 });
});

Deno.test("five failed logins are free, the next waits, and another name does not", async () => {
  await using server = await TestServer.open({ limits: { failureDelayMs: 4000 } });
  using guesser = await server.connect();
  const began = performance.now();
  for (let i = 0; i < 5; i++) await guesser.ask("/login jacky guess");
  const late = guesser.ask("/login jacky guess");
  using bob = await server.connect();
  assertEquals(await bob.ask("/login bob 12345"), "101 Authentication successful");
  assertEquals(guesser.unread, "", "bob is in while the guesser still waits");
  assertEquals(await late, "102 Authentication failed");
  assert(performance.now() - began >= 4000);
});

Deno.test("a host is gone after three unanswered probes; one that answers stays", () => {
  const { idleMs } = limits();
  const gone = new Liveness(idleMs, 0);
  let now = 0;
  for (let i = 0; i < 3; i++) {
    assertEquals([gone.due(now += idleMs - 1), gone.due(now += 1), gone.due(now)], [false, true, false]);
    gone.probed("unreachable", now);
  }
  assertEquals([gone.gone, now], [true, 120_000]);
  const there = new Liveness(idleMs, 0);
  for (let i = 0; i < 10; i++) there.probed("there", i);
  there.probed("silent", 11);
  there.probed("silent", 12);
  there.heard(13);
  there.probed("silent", 14);
  there.probed("silent", 15);
  assertEquals(there.gone, false);
  there.probed("silent", 16);
  assertEquals(there.gone, true, "it used to answer");
  const walled = new Liveness(idleMs, 0);
  for (let i = 0; i < 10; i++) walled.probed("silent", i);
  assertEquals(walled.gone, false, "behind a firewall, silence says nothing");
});

Deno.test("reconnecting waits a quarter of a second, then half as long again each time, at most half a minute", () => {
  const backoff = new Backoff();
  const waits = (random: number) => Array.from({ length: 14 }, () => backoff.next(random));
  const longest = waits(0);
  assertEquals(longest.slice(0, 5), [250, 375, 563, 844, 1266]);
  assertEquals(longest.slice(-3), [21_624, 30_000, 30_000]);
  backoff.reset();
  const shortest = waits(1);
  assertEquals([...shortest.slice(0, 3), shortest.at(-1)], [125, 188, 281, 15_000]);
});
