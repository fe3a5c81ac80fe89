import { assertEquals } from "@std/assert";
import { LOBBY_CLIENT } from "../lib/check/rules/lobby_client/suite.ts";
import { play } from "./support/check.ts";
import { type Faults, playFaults, untripped } from "./support/check_faults.ts";

const PROGRAM = "tests/check/lobby_client.py";

const FAULTS: Faults = {
  "no-connection": "lobby/11/1",
  "speaks-first": "lobby/11/2",
  "first-chunk-hidden": "lobby/12/1",
  "keyboard-first": "lobby/12/1",
  "alternates": "lobby/12/2",
  "lines-alone": "lobby/12/3",
  "one-line-a-chunk": "lobby/12/4",
  "lines-with-address": "lobby/12/5",
  "deaf-after-typing": "lobby/12/6",
  "readline-blocks": "lobby/12/7",
  "ascii-screen": "lobby/12/8",
  "decodes-pieces": "lobby/12/9",
  "dies-of-bytes": "lobby/12/10",
  "short-chunks": "lobby/12/11",
  "twenty-lines": "lobby/12/12",
  "shows-again": "lobby/12/13",
  "prints-only": "lobby/13/1",
  "no-newline": "lobby/13/2",
  "crlf": "lobby/13/2",
  "first-line-alone": "lobby/13/3",
  "sends-twice": "lobby/13/3",
  "pasted-waits": "lobby/13/4",
  "waits-for-answer": "lobby/13/5",
  "drops-when-busy": "lobby/13/6",
  "no-you": "lobby/13/7",
  "you-without-line": "lobby/13/7",
  "sends-back": "lobby/13/8",
  "strips": "lobby/13/9",
  "collapses-spaces": "lobby/13/9",
  "ascii": "lobby/13/10",
  "cuts-long-lines": "lobby/13/11",
  "commands": "lobby/13/12",
  "end-of-input-ignored": "lobby/14/1",
  "waits-for-server": "lobby/14/2",
  "end-of-input-is-error": "lobby/14/3",
  "end-first-typed": "lobby/14/4",
  "half-line-dropped": "lobby/14/5",
  "hundred-lines": "lobby/14/6",
  "server-end-ignored": "lobby/14/7",
  "server-end-is-error": "lobby/14/8",
  "end-first": "lobby/14/9",
  "half-line-holds": "lobby/14/10",
  "exit-is-text": "lobby/14/11",
  "exit-is-sent": "lobby/14/12",
};

Deno.test("each fault of a lobby client is found by the rules that name it", async () => {
  await playFaults(LOBBY_CLIENT, PROGRAM, FAULTS, { oneIn: 14 });
});

Deno.test("every rule for a lobby client is broken by some fault", () => {
  assertEquals(untripped(LOBBY_CLIENT, FAULTS), []);
});

Deno.test("a right lobby client passes every rule, strictly", async () => {
  const results = await play(LOBBY_CLIENT, ["python3", PROGRAM, "{host}", "{port}"], { strict: true });
  assertEquals(results.filter(({ verdict }) => verdict !== "pass" && verdict !== "info"), []);
});
