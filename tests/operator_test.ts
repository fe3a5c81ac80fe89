import { assertEquals, assertMatch } from "@std/assert";
import { operatingOf } from "../lib/server/operating.ts";
import { operatorCommands } from "../lib/server/operator_commands.ts";
import { MychatProgram } from "./support/mychat.ts";
import { RawNative, StoringServer } from "./support/native.ts";
import { ROOMS_GUESTS, roomsGuest } from "./support/rooms_guest.ts";
import { until } from "./support/wire.ts";

const ALL = { ...ROOMS_GUESTS, lobby: true, mychat: true };

Deno.test("a notice of the operator is heard in IM, the native protocol, the lobby and a room, and is in the history", async () => {
  await using server = await StoringServer.open(ALL);
  const { say } = operatingOf(server.instance.runner);
  using alice = await RawNative.resume(server, "alice");
  using bob = await server.join("bob");
  using guest = await server.guest();
  using carol = (await roomsGuest(server, "carol", "lab")).wire;
  await until(() => server.instance.hub.view(0).guests.length === 2, "the guests are there");
  assertEquals(say("ten minutes left"), undefined);
  const entry = await alice.take();
  assertEquals([entry.from, entry.room, entry.text], ["server", "lobby", "ten minutes left"]);
  assertEquals(await bob.take(), "/broadcastfrom server ten minutes left");
  assertMatch(await guest.line(), /^<server> ten minutes left$/);
  await until(() => carol.unread.includes("<server> ten minutes left"), "the guest of the room hears it");
  const { messages } = await alice.ask({ type: "history", ref: 1, room: "lobby" });
  assertEquals(messages.map(({ from, text }: { from: string; text: string }) => [from, text]), [
    ["server", "ten minutes left"],
  ]);
  assertEquals(say("x\ny\n".repeat(10_000))?.startsWith("a text"), true);
});

Deno.test("sessions that the operator ends are told why as their protocols allow; a later login works", async () => {
  await using server = await StoringServer.open(ALL);
  const { kick, online } = operatingOf(server.instance.runner);
  const why = "ended by the operator";
  using native = await RawNative.resume(server, "alice");
  using bob = await server.join("bob");
  using carol = (await roomsGuest(server, "carol", "lab")).wire;
  using program = await MychatProgram.connect(server.portOf("mychat"), "dora");
  assertEquals(program.port > 0, true);
  assertEquals(online().map(({ name, listeners }) => [name, ...listeners]), [
    ["alice", "im"],
    ["bob", "im"],
    ["dora", "mychat"],
    ["carol", "guest"],
  ]);
  assertEquals(["alice", "bob", "carol", "dora", "nobody"].map(kick), [1, 1, 1, 1, 0]);
  assertEquals(JSON.parse((await native.wire.rest()).trimEnd().split("\n").at(-1)!), { type: "closing", why });
  assertEquals([await bob.lb.rest(), await bob.la.rest()], [
    `/from server Your session was ${why}.\n`,
    "310 Bye bye\n",
  ]);
  assertMatch(await carol.rest(), /<server> Your session was ended by the operator\.$/);
  await until(() => server.instance.runner.size === 0, "no session is left");
  (await server.join("bob")).close();
});

Deno.test("the console answers who, kick and say; before the server is open it says so", async () => {
  await using server = await StoringServer.open();
  using bob = await server.join("bob");
  const answers = (open: boolean) => {
    const commands = operatorCommands(() => open ? operatingOf(server.instance.runner) : undefined);
    return (name: string, argument = "") => commands.find((each) => each.name === name)!.run(argument);
  };
  assertEquals(answers(false)("who"), "the server is not open yet\n");
  const answer = answers(true);
  assertEquals(answer("who"), "bob (im)\n");
  assertEquals(answer("say", "hello"), undefined);
  assertEquals(await bob.take(), "/broadcastfrom server hello");
  assertEquals(answer("kick", "Bob"), "Bob is not online\n");
  assertEquals(answer("kick", "bob"), "bob: 1 session ended\n");
  assertEquals(answer("who"), "No user is online.\n");
});
