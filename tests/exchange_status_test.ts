import { assertEquals } from "@std/assert";
import { ExchangeMachine } from "../lib/exchange/machine.ts";
import { encodeEntry, encodeNotice, type ServerNotice } from "../lib/exchange/messages.ts";

/** A server at an exchange that answers, and what the others say to it. */
class Heard {
  now = 0;
  readonly machine = new ExchangeMachine("aa", "lab1", undefined, 0, 1);

  constructor() {
    this.machine.event({ type: "connected", epoch: 1, first: 1, last: 0 }, 0);
  }

  says(from: string, notice: ServerNotice): void {
    this.machine.event({ type: "message", bytes: encodeNotice(from, notice) }, this.now);
  }

  hello(from: string, name: string, taken: Readonly<Record<string, number>> = {}): void {
    const numbers = Object.entries(taken).map(([server, number]) => ({ server, number }));
    this.says(from, { type: "hello", name, taken: numbers, people: 0, names: "" });
  }

  entry(place: number, server: string, number: number): void {
    this.machine.event({ type: "entry", place, bytes: encodeEntry({ server, number }, "{}") }, this.now);
  }

  get servers(): string[] {
    return this.machine.status.servers.map(({ name, isAway, behind, since }) =>
      `${name} ${isAway ? "away" : "there"} since ${since}, ${behind} behind`
    );
  }
}

Deno.test("a server is behind by what the others have and it has not; what it has made itself it has", () => {
  const seen = new Heard();
  seen.now = 100;
  seen.hello("bb", "lab2");
  seen.hello("cc", "lab3", { bb: 2 });
  for (const number of [1, 2, 3]) seen.entry(number, "bb", number);
  seen.machine.hub({ type: "recorded", number: 1, text: "{}" }, 100);
  assertEquals(seen.servers, ["lab2 there since 100, 1 behind", "lab3 there since 100, 2 behind"]);
  assertEquals(seen.machine.status.waiting, 1);
  seen.entry(4, "aa", 1);
  seen.hello("cc", "lab3", { aa: 1, bb: 3 });
  assertEquals(seen.servers[1], "lab3 there since 100, 0 behind");
  assertEquals(seen.machine.status.waiting, 0);
});

Deno.test("a server that stops, or is silent, is away since it was heard last; it falls behind until it comes again", () => {
  const seen = new Heard();
  seen.hello("bb", "lab2");
  seen.hello("cc", "lab3");
  seen.now = 5000;
  seen.hello("bb", "lab2");
  seen.says("bb", { type: "bye" });
  seen.now = 8001;
  seen.machine.tick(seen.now);
  seen.machine.hub({ type: "recorded", number: 1, text: "{}" }, seen.now);
  assertEquals(seen.servers, ["lab2 away since 5000, 1 behind", "lab3 away since 0, 1 behind"]);
  seen.now = 9000;
  seen.hello("bb", "lab2", { aa: 1 });
  assertEquals(seen.servers, ["lab2 there since 9000, 0 behind", "lab3 away since 0, 1 behind"]);
  // With an empty store it is another one of the same name.
  seen.hello("dd", "lab3");
  assertEquals(seen.servers, ["lab2 there since 9000, 0 behind", "lab3 there since 9000, 1 behind"]);
});

Deno.test("of the servers that are away only the last ones are kept", () => {
  const seen = new Heard();
  for (let number = 1; number <= 100; number++) {
    seen.hello(`server${number}`, `lab ${number}`);
    seen.says(`server${number}`, { type: "bye" });
  }
  const { servers } = seen.machine.status;
  assertEquals([servers.length, servers[0]!.name, servers.at(-1)!.name], [64, "lab 37", "lab 100"]);
});
