import { assertEquals } from "@std/assert";
import { Fault } from "../lib/core/errors.ts";
import { decodeLossy, encodeText } from "../lib/core/text.ts";
import { type FinderOutput, type FinderPlan, PeerFinder } from "../lib/peers/finder.ts";
import { type DirectoryOutput, DirectoryQuery } from "../lib/protocols/directory/client.ts";

const SERVER = { hostname: "10.0.0.9", port: 2002 };
const BOB = { hostname: "10.0.0.2", port: 3001 };

/** A finder of alice at port 3001 and what it wants done, as lines. */
function finderMachine(by: FinderPlan["by"]) {
  const peers = { unanswered: 0, size: 0 };
  const finder = new PeerFinder({ name: "alice", port: 3001, by }, peers);
  const line = (output: FinderOutput): string => {
    switch (output.type) {
      case "query":
        return `query ${output.request.type}`;
      case "listed":
        return `listed ${output.entries.map(({ hostname, port }) => `${hostname}:${port}`)}`;
      case "notice":
        return `notice ${output.text.slice(0, 20)}`;
      default:
        return output.type;
    }
  };
  const take = () => finder.takeOutputs().map(line);
  /** Ticks whenever the finder wants it, up to a time. */
  const pass = (until: number) => {
    while (finder.wakeAt <= until) finder.tick(finder.wakeAt);
    return take();
  };
  return { finder, peers, take, pass };
}

Deno.test("a finder asks the directory every 30 s, and meets all others that it can reach", () => {
  const { finder, peers, take, pass } = finderMachine(SERVER);
  finder.start();
  assertEquals(take(), ["query R"]);
  const addresses = [BOB, { hostname: "10.0.0.1", port: 3001 }, { hostname: "::5", port: 3001 }];
  finder.answered({ addresses, local: "10.0.0.1" }, 0);
  peers.unanswered = 1;
  assertEquals(take(), ["listed 10.0.0.2:3001"]);
  assertEquals(pass(1400), []);
  assertEquals(pass(29_999), ["settled"]);
  assertEquals(pass(30_000), ["query R"]);
  finder.answered({ addresses: [], local: "10.0.0.1" }, 30_001);
  assertEquals([take(), finder.wakeAt], [["listed "], 60_001]);
});

Deno.test("a finder that gets no answer says so once, asks again after 5 s, and settles all the same", () => {
  const { finder, take, pass } = finderMachine(SERVER);
  finder.start();
  finder.unanswered("no answer", 0);
  assertEquals(take(), ["query R", "notice no answer; trying ag", "unlisted"]);
  assertEquals(pass(5000), ["settled", "query R"]);
  finder.unanswered("no answer", 5001);
  assertEquals(pass(10_001), ["unlisted", "query R"]);
});

Deno.test("a finder that leaves removes itself from the directory, after its last request was answered", () => {
  const { finder, take, pass } = finderMachine(SERVER);
  finder.start();
  take();
  finder.leave(0);
  assertEquals(take(), []);
  finder.answered({ addresses: [BOB], local: "10.0.0.1" }, 1);
  assertEquals(take(), ["query K"]);
  finder.unanswered("no answer", 2);
  assertEquals([take(), finder.wakeAt], [["left"], Infinity]);

  const slow = finderMachine(SERVER);
  slow.finder.start();
  slow.finder.leave(0);
  assertEquals([slow.pass(3499), slow.pass(3500)], [["query R"], ["left"]]);
  assertEquals(pass(60_000), []);
});

Deno.test("a finder announces itself after 1 s, 2 s and every 30 s, and tells a user who is alone what to do", () => {
  const { finder, take, pass } = finderMachine("multicast");
  finder.start();
  assertEquals(take(), ["announce"]);
  finder.announced(["10.0.0.1"], undefined, 0);
  assertEquals(take(), ["notice others on this LAN a"]);
  assertEquals(pass(1000), ["settled", "announce"]);
  finder.announced(["10.0.0.1"], undefined, 1000);
  assertEquals(pass(3000), ["announce"]);
  finder.announced([], "the network is down", 3000);
  assertEquals(take(), ["notice you cannot be announ"]);
  assertEquals(pass(8000), ["notice no peer has answered", "announce"]);
  finder.announced(["10.0.0.1"], undefined, 8000);
  assertEquals([take(), finder.wakeAt], [[], 38_000]);
  finder.leave(9000);
  assertEquals(take(), ["left"]);
});

/** A query and what it wants done; `done` once it is. */
function queryMachine(type: "R" | "K") {
  const query = new DirectoryQuery({ type, port: 3001, user: "alice" }, {}, 0);
  const line = (output: DirectoryOutput) => {
    if (output.type === "connect") return `connect ${output.withinMs}`;
    if (output.type === "send") return decodeLossy(output.bytes);
    return output.answer instanceof Fault ? output.answer.message : output.answer;
  };
  return { query, take: () => query.takeOutputs().map(line) };
}

Deno.test("a query is done when the server closes, or when a whole answer is followed by silence", () => {
  const closes = queryMachine("R");
  assertEquals(closes.take(), ["connect 5000"]);
  closes.query.connected("::ffff:10.0.0.1", 10);
  assertEquals(closes.take(), ["R:10.0.0.1:3001:alice"]);
  closes.query.receive(encodeText("-R:10.0.0.2:3001"), 20);
  closes.query.closed();
  assertEquals(closes.take(), [{ addresses: [BOB], local: "10.0.0.1" }]);

  const stays = queryMachine("R");
  stays.query.connected("10.0.0.1", 0);
  stays.query.receive(encodeText("-R:10.0.0.2:3001"), 20);
  stays.take();
  assertEquals(stays.query.wakeAt, 520);
  stays.query.tick(520);
  assertEquals([stays.take(), stays.query.wakeAt], [[{ addresses: [BOB], local: "10.0.0.1" }], Infinity]);
});

Deno.test("a query fails if the server is unreachable, breaks off or says nothing; K has no answer", () => {
  const unreachable = queryMachine("R");
  unreachable.query.unreachable("refused");
  assertEquals(unreachable.take().at(-1), "cannot be reached: refused");

  const broken = queryMachine("R");
  broken.query.connected("10.0.0.1", 0);
  broken.query.closed("reset");
  assertEquals(broken.take().at(-1), "the connection is lost: reset");

  const silent = queryMachine("R");
  silent.query.connected("10.0.0.1", 0);
  assertEquals(silent.query.wakeAt, 5000);
  silent.query.tick(5000);
  assertEquals(silent.take().at(-1), "it says nothing, and does not close either");

  const leaves = queryMachine("K");
  leaves.query.connected("10.0.0.1", 0);
  assertEquals(leaves.query.wakeAt, 500);
  leaves.query.tick(500);
  assertEquals(leaves.take().at(-1), { addresses: [], local: "10.0.0.1" });
});
