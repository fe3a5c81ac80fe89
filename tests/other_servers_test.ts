import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openTold } from "../lib/client/known_server.ts";
import { NativeClient } from "../lib/protocols/native/client.ts";
import { ServerChoice } from "../lib/protocols/native/server_choice.ts";
import { keyFingerprint, pinned } from "../lib/store/certificate.ts";
import { KnownHosts } from "../lib/store/known_hosts.ts";
import { ConnectionNotices } from "../lib/terminal/connection_notices.ts";
import type { ScreenOutput } from "../lib/terminal/view.ts";
import { LinkedServers } from "./support/linked_servers.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { HASHED_USERS, TestServer } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

const HOST = "127.0.0.1";

/** What a server called `name` tells: others by name and key. */
function tells(choice: ServerChoice, name: string, ...others: readonly [string, string, string?][]): void {
  const list = others.map(([name, host, key]) => ({ name, host, port: 2001, key }));
  choice.told({ type: "servers", name, apart: false, list });
}

Deno.test("a connection that is lost is tried again at its server, then at each of the others, then after a pause", () => {
  const choice = new ServerChoice({ host: "lab1.example", port: 2001 });
  const move = () => {
    const moved = choice.failed();
    return moved ? `${moved.from} → ${moved.to} at ${moved.at}${moved.isRoundOver ? ", after a pause" : ""}` : "again";
  };
  assertEquals([move(), move()], ["again", "again"], "it knows no other");
  choice.isSecure = true;
  choice.loggedIn();
  // Without a key, or at a loopback address, they are not for a client that has verified its server elsewhere.
  tells(choice, "lab1", ["lab2", "lab2.example", "K2"], ["lab3", "10.0.0.3", "K3"], ["lab4", "10.0.0.4"], [
    "lab5",
    HOST,
    "K5",
  ]);
  assertEquals([choice.current.name, choice.hasMoved], ["lab1", false]);
  assertEquals(move(), "again");
  assertEquals(move(), "lab1 → lab2 at lab2.example:2001");
  assertEquals([choice.current.key, choice.hasMoved], ["K2", true]);
  assertEquals(move(), "lab2 → lab3 at 10.0.0.3:2001");
  assertEquals(move(), "lab3 → lab1 at lab1.example:2001, after a pause");
  assertEquals(move(), "lab1 → lab2 at lab2.example:2001");
  choice.loggedIn();
  // The one that the user has named keeps what the client has verified by itself.
  tells(choice, "lab2", ["lab1", "lab1.example", "another"]);
  assertEquals([move(), move(), move()], [
    "again",
    "lab2 → lab3 at 10.0.0.3:2001",
    "lab3 → lab1 at lab1.example:2001",
  ]);
  assertEquals(choice.current.key, undefined);
});

Deno.test("to a client that moves, nothing is shown twice, and what two servers tell alike and is not the same is shown", () => {
  const client = new NativeClient({ client: "r" });
  const begin = (store: string, accepted: number) => {
    client.start("alice");
    const rest = { accepted, refused: [], rooms: ["lobby"], textBytes: 100, searches: true };
    client.receive(JSON.stringify({ type: "begun", store, last: 0, ...rest }));
    client.receive(JSON.stringify({ type: "servers", name: store, apart: false, list: [] }));
    client.takeOutputs();
  };
  const shown = (message: Record<string, unknown>) => {
    client.receive(JSON.stringify({ room: "lobby", time: 1000, ...message }));
    return client.takeOutputs().flatMap((output) => output.type === "event" ? [output.event.type] : []);
  };
  const native = { type: "message", from: "bob", text: "hi", client: "b", number: 1 };
  const handout = { type: "message", from: "carol", text: "hi" };
  begin("lab1", 0);
  client.say({ user: "bob" }, "one", 0);
  client.say({ user: "bob" }, "two", 0);
  assertEquals(shown({ ...native, seq: 1 }), ["message"]);
  // A handout's client can say the same twice in a millisecond.
  assertEquals(shown({ ...handout, seq: 2 }), ["message"]);
  assertEquals(shown({ ...handout, seq: 3 }), ["message"]);
  client.lost();
  begin("lab2", 1);
  assertEquals(shown({ ...native, seq: 1 }), []);
  assertEquals(shown({ ...handout, seq: 2 }), []);
  assertEquals(shown({ ...native, seq: 3, number: 2 }), ["message"]);
  assertEquals(shown({ ...native, type: "edit", seq: 4, of: 1, text: "hey", number: 3 }), ["edited"]);
  // Its own, which lab1 has not told any more, has a number here.
  const own = { type: "message", from: "alice", to: "bob", room: undefined, text: "two", client: "r", number: 2 };
  assertEquals(shown({ ...own, seq: 5 }), ["sent"]);
  assertEquals(client.settled, true);
  client.lost();
  begin("lab3", 2);
  assertEquals(shown({ ...native, seq: 9, number: 2 }), []);
  assertEquals(shown({ ...native, seq: 10, number: 4 }), ["message"]);
});

Deno.test("what a client said before it moved is marked when its receiver has it, by the numbers that it has at the new server", () => {
  const client = new NativeClient({ client: "r" });
  const tell = (message: Record<string, unknown>) => client.receive(JSON.stringify(message));
  const begin = (store: string, accepted: number) => {
    client.start("alice");
    tell({ type: "begun", store, last: 9, accepted, refused: [], rooms: ["lobby"], textBytes: 100, searches: true });
    tell({ type: "servers", name: store, apart: false, list: [] });
  };
  const own = { from: "alice", client: "r", time: 1000 };
  const say = (user: string, text: string) => (client.say({ user }, text, 0) as { id: string }).id;
  const asked = () => {
    const sent = client.takeOutputs().flatMap((output) => output.type === "send" ? [JSON.parse(output.json)] : []);
    return sent.filter(({ type }) => type === "history").map(({ ref, with: user }) => ({ ref, user }));
  };
  const outcomes = () =>
    client.takeOutputs().flatMap((output) => {
      const { event } = output.type === "event" ? output : {};
      if (event?.type === "history") throw new Error("nothing of it is shown");
      return event?.type === "delivered" || event?.type === "failed" ? [`${event.type} ${event.id}`] : [];
    });
  begin("lab1", 0);
  const ids = [say("bob", "one"), say("bob", "two"), say("carol", "three"), say("carol", "four")];
  for (const [index, to] of ["bob", "bob", "carol", "carol"].entries()) {
    tell({ ...own, type: "message", to, text: "…", number: index + 1, seq: index + 1 });
  }
  tell({ type: "live", upTo: 4 });
  tell({ type: "received", by: "bob", upTo: 1 });
  assertEquals(outcomes(), [`delivered ${ids[0]}`]);
  client.lost();

  begin("lab2", 4);
  tell({ type: "conversations", list: [{ with: "bob", last: 20, time: 9, received: 12, read: 0, unread: 0 }] });
  assertEquals(asked(), []);
  tell({ type: "live", upTo: 20 });
  const [first] = asked();
  assertEquals(first!.user, "carol", "the one written to last");
  // It is asked again on the next connection.
  client.lost();
  assertEquals(outcomes(), []);
  client.start("alice");
  tell({ type: "begun", store: "lab2", last: 9, accepted: 4, refused: [], rooms: [], textBytes: 100, searches: true });
  tell({ type: "live", upTo: 20 });
  const [again, ...others] = asked();
  assertEquals([again!.user, others], ["carol", []]);
  const history = (ref: number, ...messages: Record<string, unknown>[]) =>
    tell({ type: "history", ref, messages: messages.map((each) => ({ text: "…", ...own, ...each })), more: false });
  history(
    again!.ref,
    { to: "carol", number: 3, seq: 15 },
    { to: "carol", number: 4, seq: 16, failed: "carol has no room" },
    { to: "carol", number: 4, seq: 17, client: "another" },
  );
  const outputs = client.takeOutputs();
  assertEquals(outputs.map((output) => output.type === "event" ? output.event.type : output.type), ["failed", "send"]);
  const { ref } = JSON.parse((outputs[1] as { json: string }).json);
  history(ref, { to: "bob", number: 1, seq: 10 }, { to: "bob", number: 2, seq: 11 });
  assertEquals(outcomes(), [`delivered ${ids[1]}`]);
  tell({ type: "received", by: "carol", upTo: 30 });
  assertEquals(outcomes(), [`delivered ${ids[2]}`]);
  assertEquals(client.settled, true);
});

Deno.test("the terminal says once which server does not answer, which one it is at, and that this one waits for the others", () => {
  const lines: string[] = [];
  const view = {
    connecting: { begin: "", attempt: "", end: "" },
    news: (text: string) => text,
    error: (text: string) => text,
    unreachable: () => [],
  };
  const outputs = { push: (output: ScreenOutput) => output.type === "notice" && lines.push(String(output.line)) };
  const notices = new ConnectionNotices(view as never, outputs as never, () => ({ messages: 0, all: 0 }));
  const at = (name: string, apart: boolean) => notices.servers({ type: "servers", name, apart, list: [] });
  const move = { from: "lab1", to: "lab2", at: "10.0.0.2:2001", isRoundOver: false };
  notices.loggedIn();
  at("lab1", false);
  at("lab1", true);
  at("lab1", true);
  at("lab1", false);
  notices.lost("it is gone", 1000);
  for (let round = 0; round < 3; round++) notices.lost("nothing listens there", 0, move);
  notices.loggedIn();
  at("lab2", false);
  assertEquals(lines, [
    "lab1 is waiting for the other servers: messages reach their users once they answer",
    "the other servers answer again",
    "connection lost (it is gone), trying again in 1 s",
    "lab1 does not answer (nothing listens there); trying lab2 at 10.0.0.2:2001",
    "connected to lab2",
  ]);
});

for (const tlsPort of [true, false]) {
  const how = tlsPort ? "over TLS, by the key that its first server has told" : "without TLS";
  Deno.test(`when a server stops, its client goes on at another one ${how}; everything arrives once and in order`, async () => {
    // Another server takes the login only with the same hash.
    await using servers = await LinkedServers.open(HASHED_USERS, HASHED_USERS, { tlsPort });
    const { one, other } = servers;
    using folder = new Folder();
    folder.write("secret", "12345\n");
    using bob = await servers.join(one, "bob");
    const options = ["--name", "alice", "--password-file", "secret", "--data", folder.path];
    await using alice = new Running(SOURCES, "client", ["chat", HOST, String(other.port), ...options], folder.path);
    await alice.type("/to bob m1\n");
    assertEquals(await bob.take(), "/from alice m1");
    // What follows is typed while its server stops.
    const stopped = servers.stopOther();
    await alice.type("/to bob m2\n/to bob m3\n");
    await stopped;
    assertEquals([await bob.take(), await bob.take()], ["/from alice m2", "/from alice m3"]);
    await alice.type("/to bob m4\n");
    assertEquals(await bob.take(), "/from alice m4");
    await until(() => /^connected to lab1$/m.test(alice.err), () => alice.err);
    assertMatch(alice.err, new RegExp(`^lab2 does not answer .*; trying lab1 at ${HOST}:${one.port}$`, "m"));
    const known = new KnownHosts(folder.path).get({ host: HOST, port: one.port });
    assertEquals(known?.certificate, tlsPort ? pinned(one.folder.read("tls-cert.pem"))!.certificate : undefined);
    await alice.type("/exit\n");
    assertEquals(await alice.over(), 0, alice.err);
    assertEquals(alice.out.match(/^sent .*$/gm)?.length, 4, alice.out);
  });
}

Deno.test("a server that has another key than was told, or none, is sent nothing but the question for TLS", async () => {
  await using server = await TestServer.open({ tlsPort: true });
  await using plain = await TestServer.open();
  using folder = new Folder();
  const hosts = new KnownHosts(folder.path);
  const certificate = pinned(server.folder.read("tls-cert.pem"))!;
  const key = keyFingerprint(server.folder.read("tls-cert.pem"));
  const open = async (port: number, told: string): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await openTold({ host: HOST, port }, told, hosts, {
      attempt() {},
      opened(connection) {
        resolve("opened");
        connection.abort("");
      },
      receive() {},
      turnEnded() {},
      disconnected: resolve,
      refused: resolve,
      unreachable: resolve,
      proved() {},
    });
    return await promise;
  };
  assertEquals(await open(server.port, key), "opened");
  assertStringIncludes(
    await open(server.port, "AB:CD"),
    `has the key SHA-256 ${key}, but the servers of this chat announce SHA-256 AB:CD`,
  );
  assertStringIncludes(await open(plain.port, key), "offers no TLS, but the servers of this chat announce");
  // What the client has verified itself counts more than what it is told.
  hosts.remember({ host: HOST, port: server.port }, { ...certificate, port: server.portOf("tls") });
  assertEquals(await open(server.port, key), "opened");
  assertStringIncludes(
    await open(server.port, "AB:CD"),
    "is known by another key than the servers of this chat announce",
  );
});
