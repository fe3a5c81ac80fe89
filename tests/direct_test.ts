import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { DirectConversations, type DirectOutput } from "../lib/peers/direct.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { HASHED_USERS, TestServer } from "./support/test_server.ts";
import { until } from "./support/wire.ts";

/** Two users' machines, and the server between them, which passes signals on. */
class Pair {
  readonly machines = { alice: new DirectConversations(), bob: new DirectConversations() };
  readonly events: string[] = [];
  now = 0;

  ask(who: "alice" | "bob", on = true): string | undefined {
    const why = this.machines[who].ask({ type: "direct", user: other(who), on }, this.now);
    this.settle();
    return why;
  }

  pass(ms: number): void {
    this.now += ms;
    for (const machine of Object.values(this.machines)) machine.tick(this.now);
    this.settle();
  }

  settle(): void {
    for (let more = true; more;) {
      more = false;
      for (const who of ["alice", "bob"] as const) {
        for (const output of this.machines[who].takeOutputs()) {
          more = true;
          this.#perform(who, output);
        }
      }
    }
  }

  #perform(who: "alice" | "bob", output: DirectOutput): void {
    const machine = this.machines[who];
    switch (output.type) {
      case "event":
        return void this.events.push(`${who}: ${output.event.state}${output.event.why ? ` ${output.event.why}` : ""}`);
      case "signal":
        return void this.machines[other(who)].signalled(who, output.text, "10.0.0.1", this.now);
      case "open":
        return machine.opened(output.name, { key: KEY, at: ["10.0.0.1:3001"] }, this.now);
      case "meet":
        return void this.events.push(`${who} meets ${output.place.at}`);
    }
  }
}

const KEY = encodeBase64(new Uint8Array(32).fill(7));
const WORDS = { theirs: [], ours: [] };

function other(who: "alice" | "bob"): "alice" | "bob" {
  return who === "alice" ? "bob" : "alice";
}

Deno.test("one asks, the other agrees, both meet; before that nothing is dialed", () => {
  const pair = new Pair();
  pair.ask("alice");
  assertEquals(pair.events, ["alice: asked", "bob: asks"]);
  pair.ask("bob");
  assertEquals(pair.events.slice(2).sort(), ["alice meets 10.0.0.1:3001", "bob meets 10.0.0.1:3001"]);
  for (const who of ["alice", "bob"] as const) pair.machines[who].connected(other(who), WORDS);
  pair.settle();
  assertEquals(pair.events.slice(4), ["alice: on", "bob: on"]);
  assertEquals(pair.machines.alice.isOn("bob"), true);
  pair.ask("bob", false);
  assertEquals(pair.events.slice(6), ["bob: off it was ended", "alice: off it was ended"]);
});

Deno.test("a refusal, silence, and a connection that cannot be made: both are told once, and it can be asked for again", () => {
  const pair = new Pair();
  pair.ask("alice");
  pair.ask("bob", false);
  assertEquals(pair.events.splice(0), [
    ...["alice: asked", "bob: asks"],
    ...["bob: off it was refused", "alice: off it was refused"],
  ]);
  pair.ask("alice");
  assertMatch(pair.ask("alice")!, /asked for already/);
  pair.pass(60_000);
  assertEquals(pair.events.splice(0).length, 4);
  pair.ask("bob");
  pair.ask("alice");
  pair.pass(10_000);
  assertEquals(pair.events.slice(4).sort(), [
    "alice: off no connection can be made",
    "bob: off no connection can be made",
  ]);
  assertMatch(pair.ask("alice", false)!, /no direct connection/);
});

Deno.test("a link that ends: messages go through the server at once, and the other's reason is told if it comes in time", () => {
  const pair = new Pair();
  const connect = () => {
    pair.ask("alice");
    pair.ask("bob");
    for (const who of ["alice", "bob"] as const) pair.machines[who].connected(other(who), WORDS);
    pair.settle();
    pair.events.splice(0);
  };
  connect();
  pair.machines.bob.lost("alice", pair.now);
  assertEquals(pair.machines.bob.isOn("alice"), false);
  pair.ask("alice", false);
  assertEquals(pair.events, ["alice: off it was ended", "bob: off it was ended"]);
  connect();
  pair.machines.bob.lost("alice", pair.now);
  pair.pass(1000);
  assertEquals(pair.events, ["bob: off the connection is lost", "alice: off the connection is lost"]);
});

Deno.test("two questions that cross are one agreement", () => {
  const pair = new Pair();
  for (const who of ["alice", "bob"] as const) {
    pair.machines[who].ask({ type: "direct", user: other(who), on: true }, 0);
  }
  pair.settle();
  assertEquals(pair.events.filter((event) => event.includes("meets")).length, 2);
});

Deno.test("a user who is not online ends the question; other signals are left alone; any text is harmless", () => {
  const machine = new DirectConversations();
  machine.ask({ type: "direct", user: "bob", on: true }, 0);
  machine.unheard("bob");
  assertMatch(JSON.stringify(machine.takeOutputs()), /"state":"off","why":"bob is not online/);
  assertEquals(machine.signalled("bob", '{"file":"want"}', "10.0.0.1", 0), false);
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.constantFrom(...SIGNALS))), (texts) => {
      const machine = new DirectConversations();
      texts.forEach((text, i) => machine.signalled(`u${i % 40}`, text, "10.0.0.1", i));
      machine.tick(1e9);
      assertEquals(machine.wakeAt, Infinity);
    }),
  );
});

const SIGNALS = [
  JSON.stringify({ direct: "ask", key: KEY, at: ["10.0.0.1:3001"] }),
  JSON.stringify({ direct: "yes", key: KEY, at: [] }),
  JSON.stringify({ direct: "end", why: "x" }),
  JSON.stringify({ direct: "ask", key: "short", at: [] }),
];

Deno.test("/direct in two programs: what they say does not pass the server, and goes there again afterwards", async () => {
  using folder = new Folder();
  await using server = await TestServer.open({ data: folder.path, recordsRequests: true, users: HASHED_USERS });
  const password = folder.write("password", "12345");
  const join = (name: string) => {
    const args = ["chat", "127.0.0.1", String(server.port), "--name", name, "--password-file", password];
    return new Running(SOURCES, "client", [...args, "--data", name, "--trace"], folder.path);
  };
  await using bob = join("bob");
  await until(() => bob.err.includes(`"type":"conversations"`), () => `the conversations in ${bob.err}`);
  await using alice = join("alice");
  await bob.printed(/^online alice$/m);
  await alice.type("/direct bob\n");
  await bob.printed(/^direct asks alice$/m);
  await bob.type("/direct alice\n");
  for (const each of [alice, bob]) await each.printed(/^direct on (alice|bob)$/m);
  await alice.type("/to bob between us\n");
  await bob.printed(/^from alice: between us \(direct\)$/m);
  await alice.printed(/^delivered bob direct-\S+$/m);
  // Sealed on the wire, and unknown to the server.
  for (const each of [alice, bob]) assertEquals(each.err.includes("between us"), false);
  await bob.type("/direct alice off\n");
  await alice.printed(/^direct off bob: it was ended$/m);
  await alice.type("/to bob by the server\n");
  await bob.printed(/^from alice: by the server$/m);
  await bob.type("/direct carol\n");
  await bob.printed(/^direct off carol: carol is not online/m);
  for (const each of [alice, bob]) await each.type("/exit\n");
  assertEquals([await alice.over(), await bob.over()], [0, 0]);
});
