import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { askDirectory } from "../lib/client/directory_client.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import type { DirectoryRequest } from "../lib/protocols/directory/client.ts";
import { AddressBookServer } from "./support/address_book.ts";

const five = { hostname: "10.0.0.5", port: 3001 };
const six = { hostname: "10.0.0.6", port: 3002 };

/** A foreign table server, given by its reaction to a request. */
function wild(answer: (conn: Deno.TcpConn, request: string) => Promise<void> | void) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conns: Deno.TcpConn[] = [];
  const requests: string[] = [];
  const served = (async () => {
    for await (const conn of listener) {
      conns.push(conn);
      const buffer = new Uint8Array(1024);
      const count = await conn.read(buffer).catch(() => null);
      requests.push(decodeLossy(buffer.subarray(0, count ?? 0)));
      await Promise.resolve(answer(conn, requests.at(-1)!)).catch(() => {});
    }
  })();
  const where = { hostname: "127.0.0.1", port: listener.addr.port };
  return {
    requests,
    where,
    ask: (request: Partial<DirectoryRequest> = {}, withinMs = 5000, quietMs = 50) =>
      askDirectory(where, { type: "R", port: 3001, user: "alice", ...request }, { quietMs, withinMs }),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of conns) quietly(() => conn.close());
      await served;
    },
  };
}

function quietly(act: () => void): void {
  try {
    act();
  } catch { /* it is closed already */ }
}

const say = async (conn: Deno.TcpConn, text: string) => void await conn.write(encodeText(text));

Deno.test("our client and our server: the other entries arrive, and ours carries our address", async () => {
  await using server = await AddressBookServer.open();
  const where = { hostname: "127.0.0.1", port: server.port };
  const wires: string[] = [];
  const trace = (direction: string, bytes: Uint8Array) => wires.push(`${direction} ${decodeLossy(bytes)}`);
  const alone = await askDirectory(where, { type: "R", port: 3001, user: "alice" }, { trace });
  assertEquals(alone, { addresses: [], local: "127.0.0.1" });
  const bob = await askDirectory(where, { type: "R", port: 3002, user: "bob" }, { trace });
  assertEquals(bob.addresses, [{ hostname: "127.0.0.1", port: 3001 }]);
  await askDirectory(where, { type: "K", port: 3001, user: "alice" }, { trace });
  assertEquals((await askDirectory(where, { type: "R", port: 3002, user: "bob" })).addresses, []);
  assertEquals(wires, [
    "up R:127.0.0.1:3001:alice",
    "up R:127.0.0.1:3002:bob",
    "down -R:127.0.0.1:3001",
    "up K:127.0.0.1:3001:alice",
  ]);
});

Deno.test("other servers: with a count, with Null-, closing or not, in one piece or slowly in many", async () => {
  const cases: [name: string, answer: (conn: Deno.TcpConn) => Promise<void> | void, addresses: unknown[]][] = [
    ["plain, closes", async (conn) => (await say(conn, "-R:10.0.0.5:3001-R:10.0.0.6:3002"), conn.close()), [five, six]],
    ["nothing, closes", (conn) => conn.close(), []],
    ["Null-, never closes", (conn) => say(conn, "Null-"), []],
    ["a count, never closes", (conn) => say(conn, "2-R:10.0.0.5:3001-R:10.0.0.6:3002"), [five, six]],
    ["a count that says all, never closes", (conn) => say(conn, "1-R:10.0.0.5:60001"), [{ ...five, port: 60001 }]],
    ["plain, never closes", (conn) => say(conn, "-R:10.0.0.5:3001"), [five]],
    ["0, never closes", (conn) => say(conn, "0"), []],
    ["finishes, and still reads", async (conn) => (await say(conn, "-R:10.0.0.5:3001"), await conn.closeWrite()), [
      five,
    ]],
    ["counts and names, ourselves among them, closes", async (conn) => {
      await say(conn, "2-R:10.0.0.5:3001:bob-R:10.0.0.6:3002:al_ice");
      conn.close();
    }, [{ ...five, name: "bob" }, { ...six, name: "al_ice" }]],
    ["in pieces", async (conn) => {
      for (const piece of ["2", "-R:10.0.0.5:30", "01-", "R:10.0.0.6:3002"]) {
        await say(conn, piece);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    }, [five, six]],
  ];
  for (const [name, answer, addresses] of cases) {
    await using server = wild(answer);
    assertEquals(await server.ask(), { addresses, local: "127.0.0.1" } as never, name);
    assertEquals(server.requests, ["R:127.0.0.1:3001:alice"], name);
  }
});

Deno.test("a server that is not a table, is silent, disconnects or is absent is reported with a reason", async () => {
  const where = /^the table server at 127\.0\.0\.1:\d+/;
  const cases: [answer: (conn: Deno.TcpConn) => Promise<void> | void, why: string][] = [
    [
      (conn) => say(conn, "220 \x1b[31mwelcome\r\n"),
      ': expected -R:IP:PORT, a count, or Null-, found "\\u001b[31mwelcome"',
    ],
    [
      async (conn) => (await say(conn, "-R:10.0.0"), conn.close()),
      ': expected -R:IP:PORT, a count, or Null-, found "-R:10.0.0"',
    ],
    [() => {}, ": it says nothing, and does not close either"],
    [(conn) => say(conn, "-R:10.0"), ': expected -R:IP:PORT, a count, or Null-, found "-R:10.0"'],
  ];
  for (const [answer, why] of cases) {
    await using server = wild(answer);
    const error = await assertRejects(() => server.ask({}, 1000), Error) as Error;
    assertMatch(error.message, where);
    assertEquals(error.message.replace(where, ""), why);
  }
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = gone.addr;
  gone.close();
  const request = { type: "R", port: 1, user: "a" } as const;
  const error = await assertRejects(() => askDirectory({ hostname: "127.0.0.1", port }, request), Error) as Error;
  assertEquals(error.message, `the table server at 127.0.0.1:${port} cannot be reached: nothing listens there`);
});

Deno.test("a server that counts wrongly or trickles for ever: complete entries are taken at the timeout", async () => {
  await using counts = wild((conn) => say(conn, "5-R:10.0.0.5:3001"));
  assertEquals((await counts.ask({}, 1500)).addresses, [five]);
  await using trickles = wild(async (conn) => {
    for (;;) {
      await say(conn, "-R:10.0.0.5:3001 ");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  const { addresses } = await trickles.ask({}, 1500, 60_000);
  assert(addresses.length > 1);
});

Deno.test("K does not wait for a server that never closes", async () => {
  await using server = wild(() => {});
  const withinMs = 60_000;
  const began = performance.now();
  assertEquals((await server.ask({ type: "K" }, withinMs)).addresses, []);
  assert(performance.now() - began < withinMs / 2);
  assertEquals(server.requests, ["K:127.0.0.1:3001:alice"]);
});
