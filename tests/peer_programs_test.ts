import { assert, assertEquals, assertMatch } from "@std/assert";
import { USERS } from "./support/test_server.ts";
import { Folder, PROGRAMS, programTest as test, Running } from "./support/programs.ts";
import { until } from "./support/wire.ts";

const LISTENING = /^im listening on \S+\naddress-book listening on 127\.0\.0\.1:(\d+)\n/;

async function serve(folder: Folder, port = 0) {
  const listeners = ["0", folder.write("users.txt", USERS), "--address-book", String(port), "--host", "127.0.0.1"];
  const server = new Running(PROGRAMS, "server", listeners, folder.path);
  const [, table] = await server.printed(LISTENING);
  return { server, table: Number(table) };
}

function peer(folder: Folder, table: number, name: string, args: string[] = []): Running {
  const who = ["--name", name, "--data", "data", ...args];
  return new Running(PROGRAMS, "client", ["peer", "127.0.0.1", String(table), ...who], folder.path);
}

test("three peers find each other through the table, chat, use a group and encryption; a departure is seen at once", async () => {
  using folder = new Folder();
  const { server, table } = await serve(folder);
  await using _server = server;
  await using alice = peer(folder, table, "alice");
  await until(() => /got request from: 127\.0\.0\.1:\d+ alice/.test(server.err), "alice is in the table");
  await using bob = peer(folder, table, "bob");
  await alice.printed(/^online bob$/m);
  await using carol = peer(folder, table, "carol");
  await carol.printed(/^online (alice|bob)\n[^]*online (alice|bob)$/m);
  await alice.printed(/^online carol$/m);
  await alice.type("/to bob hello\n/group lab bob carol\n/say lab hello lab\n");
  await bob.printed(/^from alice: hello$/m);
  await alice.printed(/^delivered bob 1$/m);
  for (const each of [bob, carol]) await each.printed(/^lab alice: hello lab$/m);
  await alice.printed(/^delivered carol 2$/m);
  await bob.type("/secure alice\n/to alice psst\n");
  const [, hers] = await bob.printed(/^secure alice: (.*)$/m);
  const [, his] = await alice.printed(/^secure bob: (.*)$/m);
  assert(hers!.split(" ").length === 10 && hers !== his);
  await alice.printed(/^from bob: psst$/m);
  await carol.type("/leave lab\n/exit\n");
  assertEquals(await carol.over(), 0);
  // Its signature takes a moment, and what came on a link counts even if it is over.
  await alice.printed(/^left lab carol$/m);
  await alice.printed(/^offline carol$/m);
  await until(() => /receive offline from: \S+ carol/.test(server.err), "carol is out of the table");
  await alice.endInput();
  assertEquals(await alice.over(), 0);
  await bob.printed(/^offline alice$/m);
});

test("messages to an absent peer wait on the sender's disk, survive a restart, and arrive once", async () => {
  using folder = new Folder();
  const { server, table } = await serve(folder);
  await using _server = server;
  {
    await using alice = peer(folder, table, "alice");
    await using bob = peer(folder, table, "bob");
    await alice.printed(/^online bob$/m);
    await bob.type("/exit\n");
    await alice.printed(/^offline bob$/m);
    await alice.type("/to bob one\n/to bob two\n");
    await alice.printed(/^kept bob \d+\nkept bob \d+$/m);
    // The block's end kills the programs.
  }
  await using again = peer(folder, table, "alice");
  await until(() => again.err.includes("2 messages wait for bob, from before"), "she is told of them");
  await using bob = peer(folder, table, "bob");
  await bob.printed(/^from alice: one\nfrom alice: two$/m);
  await again.printed(/^delivered bob \d+\ndelivered bob \d+$/m);
  await bob.type("/exit\n");
  assertEquals([await bob.over(), bob.out.match(/^from .*$/gm)], [0, ["from alice: one", "from alice: two"]]);
});

test("two peers of one name are told apart; a second program of one user says that it stores nothing", async () => {
  using folder = new Folder();
  const { server, table } = await serve(folder);
  await using _server = server;
  await using first = peer(folder, table, "bob");
  await using alice = peer(folder, table, "alice");
  await alice.printed(/^online bob$/m);
  await using second = peer(folder, table, "bob");
  const [, place] = await alice.printed(/^online bob@(\S+)$/m);
  await until(() => second.err.includes("another program is running as bob here"), "the second one says so");
  await alice.type(`/to bob hi\n/to bob@${place} hi second\n`);
  await second.printed(/^from alice: hi second$/m);
  await until(() => /2 people are called bob/.test(alice.err), "she is asked which");
  assertEquals(first.out.match(/^from .*$/gm), null);
});

test("the table server vanishes and returns: reported once, repaired silently, links stay", async () => {
  using folder = new Folder();
  const { server, table } = await serve(folder);
  await using alice = peer(folder, table, "alice");
  await using bob = peer(folder, table, "bob");
  await alice.printed(/^online bob$/m);
  await server[Symbol.asyncDispose]();
  await alice.type("/to bob still there?\n");
  await bob.printed(/^from alice: still there\?$/m);
  await using dave = peer(folder, table, "dave");
  await until(
    () => /table server at 127\.0\.0\.1:\d+ cannot be reached: .*trying again/.test(dave.err),
    "dave is told",
  );
  const { server: again } = await serve(folder, table);
  await using _again = again;
  await until(() => /got request from: \S+ dave/.test(again.err), "dave is in the table");
  await using erin = peer(folder, table, "erin");
  await erin.printed(/^online dave$/m);
  assertEquals(dave.err.match(/cannot be reached/g)!.length, 1);
});

test("a port in use, an invalid name, an unusable folder: one clear line, status 2", async () => {
  using folder = new Folder();
  const taken = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const cases: [string[], RegExp][] = [
    [["peer", "--name", "alice", "--udp", String(port)], new RegExp(`^client: cannot take UDP port ${port}: .+\n$`)],
    [["peer", "--name", "a b"], /^client: --name "a b": a name is 1 to 64 bytes .+\n$/],
    [["peer"], /^client: peer requires --name; .+\n$/],
    [["peer", "--name", "alice", "--data", "users.txt"], /^client: cannot make the folder .+\n$/],
  ];
  folder.write("users.txt", USERS);
  for (const [args, message] of cases) {
    await using client = new Running(PROGRAMS, "client", args, folder.path);
    assertEquals(await client.over(), 2);
    assertMatch(client.err, message);
    assertEquals(client.out, "");
  }
  taken.close();
});
