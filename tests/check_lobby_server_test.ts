import { assertEquals } from "@std/assert";
import { LOBBY_SERVER } from "../lib/check/rules/lobby_server/suite.ts";
import { play } from "./support/check.ts";
import { type Faults, playFaults, untripped } from "./support/check_faults.ts";

const PROGRAM = "tests/check/lobby_server.py";

const FAULTS: Faults = {
  "other-port": "lobby/1/1",
  "no-greeting": "lobby/1/2",
  "other-greeting": "lobby/1/3",
  "greeting-without-newline": "lobby/1/4",
  "one-at-a-time": "lobby/1/5",
  "prints-only": "lobby/2/1",
  "no-address": "lobby/2/2",
  "address-with-port": "lobby/2/2",
  "colon-form": "lobby/2/2",
  "no-newline": "lobby/2/3",
  "echo": "lobby/2/4",
  "to-one": "lobby/2/5",
  "twice": "lobby/2/6",
  "deaf-after-speaking": "lobby/2/7",
  "room-of-the-beginning": "lobby/2/8",
  "reads-in-turn": "lobby/2/9",
  "collapses-spaces": "lobby/2/10",
  "strips": "lobby/2/10",
  "ascii": "lobby/2/11",
  "commands": "lobby/2/12",
  "quit-is-command": "lobby/2/12",
  "cuts-long-lines": "lobby/2/13",
  "a-thread-a-text": "lobby/2/14",
  "pieces-are-texts": "lobby/3/1",
  "first-line-alone": "lobby/3/2",
  "glued-is-one": "lobby/3/2",
  "rest-dropped": "lobby/3/3",
  "decodes-pieces": "lobby/3/4",
  "twenty-lines-a-chunk": "lobby/3/5",
  "cr-stays": "lobby/3/6",
  "half-line-dropped": "lobby/3/7",
  "dies-of-bytes": "lobby/3/8",
  "prints-no-connection": "lobby/4/1",
  "prints-no-address-connected": "lobby/4/1",
  "prints-no-text": "lobby/4/2",
  "prints-no-address": "lobby/4/2",
  "prints-first-text": "lobby/4/3",
  "prints-in-the-loop": "lobby/4/4",
  "end-ends-all": "lobby/5/1",
  "gone-stay": "lobby/5/2",
  "tells-who-left": "lobby/5/3",
  "end-is-not-answered": "lobby/5/4",
  "end-first": "lobby/5/5",
  "dies-of-half-line": "lobby/3/7 lobby/5/6",
  "never-again": "lobby/5/7",
  "alone-dies": "lobby/5/8",
  "twenty-visits": "lobby/5/9",
  "ends-with-the-last": "lobby/5/10",
  "hundred-at-most": "lobby/6/1",
  "to-fifty": "lobby/6/2",
  "hundred-visits": "lobby/6/3",
  "one-buffer": "lobby/6/4",
  "thirty-lines": "lobby/6/5",
};

Deno.test("each fault of a lobby server is found by the rules that name it", async () => {
  await playFaults(LOBBY_SERVER, PROGRAM, FAULTS, { oneIn: 16, alone: "lobby/6" });
});

Deno.test("every rule for a lobby server is broken by some fault", () => {
  assertEquals(untripped(LOBBY_SERVER, FAULTS), []);
});

Deno.test("a right lobby server passes every rule, strictly", async () => {
  const results = await play(LOBBY_SERVER, ["python3", PROGRAM, "{host}", "{port}"], { strict: true });
  assertEquals(results.filter(({ verdict }) => verdict !== "pass" && verdict !== "info"), []);
});
