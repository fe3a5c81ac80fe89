import { assertEquals } from "@std/assert";
import { NETWORKS } from "../lib/check/network.ts";
import { IM_CLIENT } from "../lib/check/rules/im_client/suite.ts";
import type { RunOptions } from "../lib/check/run.ts";
import { brokenBy, play, played, playedFaults, playedNetworks } from "./support/check.ts";
import { untripped } from "./support/check_faults.ts";

const FAULTY = "tests/check/im_client.py";
const AT_A_TIME = 4;

/** Each fault of the client, and the rules that it breaks; what those block is not counted. */
const BROKEN: Readonly<Record<string, string>> = {
  "argument-order": "im/12/1",
  "localhost": "im/12/2",
  "greets": "im/12/3",
  "no-server-status-0": "im/12/4",
  "two-lines": "im/13/1",
  "own-prompt": "im/13/2",
  "prompt-newline": "im/13/3",
  "both-prompts": "im/13/3",
  "own-password-prompt": "im/13/4",
  "password-newline": "im/13/5",
  "login-crlf": "im/13/6",
  "login-no-newline": "im/13/6",
  "space-after-login": "im/13/6",
  "lowercase": "im/13/7",
  "port-at-once": "im/13/8",
  "102-ends": "im/13/9",
  "asks-password-only": "im/13/9",
  "prompts-once": "im/13/10",
  "any-reply-is-101": "im/13/11",
  "three-attempts": "im/13/12",
  "only-102-fails": "im/13/13",
  "101-silent": "im/13/14",
  "102-silent": "im/13/15",
  "echoes": "im/13/16",
  "one-recv-one-reply": "im/13/17",
  "cr-stays": "im/13/18",
  "no-slash": "im/14/1",
  "announces-la": "im/14/2",
  "space-after-port": "im/14/3",
  "port-crlf": "im/14/3",
  "listens-late": "im/14/4",
  "loopback-only": "im/14/5",
  "fixed-port": "im/14/6",
  "201-silent": "im/14/7",
  "202-silent": "im/14/8",
  "202-is-success": "im/14/9",
  "202-status-0": "im/14/10",
  "types-early": "im/14/11",
  "commands-on-lb": "im/15/1",
  "command-crlf": "im/15/2",
  "two-newlines": "im/15/2",
  "to-rebuilt": "im/15/3",
  "toall-is-to": "im/15/4",
  "collapses-typed": "im/15/5",
  "strips-typed": "im/15/6",
  "ascii-typed": "im/15/7",
  "typed-1024": "im/15/8",
  "percent": "im/15/9",
  "does-not-wait": "im/15/10",
  "one-read-one-line": "im/15/11",
  "ten-commands": "im/15/12",
  "knows-commands": "im/15/13",
  "list-in-words": "im/15/14",
  "303-silent": "im/15/15",
  "304-silent": "im/15/16",
  "401-silent": "im/15/17",
  "401-ends": "im/15/18",
  "table-of-codes": "im/15/19",
  "one-recv-in-chat": "im/15/20",
  "first-line-only": "im/15/21",
  "la-1024": "im/15/22",
  "collapses-reply": "im/15/23",
  "reply-timeout": "im/15/24",
  "302-on-la": "im/16/1",
  "text-only": "im/16/2",
  "only-from": "im/16/3",
  "broadcast-not-shown": "im/16/4",
  "302-no-newline": "im/16/5",
  "302-other-words": "im/16/5",
  "302-crlf": "im/16/5",
  "answers-twice": "im/16/6",
  "302-on-both": "im/16/7",
  "known-answered": "im/16/8",
  "known-shown": "im/16/9",
  "one-recv-one-message": "im/16/10",
  "first-of-recv-shown": "im/16/11",
  "answers-every-recv": "im/16/12",
  "shows-every-recv": "im/16/13",
  "ascii-shown": "im/16/14",
  "decodes-each-recv": "im/16/15",
  "shows-1024": "im/16/16",
  "answers-per-1024": "im/16/17",
  "collapses-message": "im/16/18",
  "310-anywhere": "im/16/19",
  "reorders": "im/16/20",
  "fifty": "im/16/21",
  "waits-for-reply": "im/16/22",
  "not-from-self": "im/16/23",
  "cr-is-line": "im/16/24",
  "drops-before-201": "im/16/25",
  "lb-timeout": "im/16/26",
  "deaf-keyboard": "im/16/27",
  "exit-is-silent": "im/17/1",
  "310-not-waited": "im/17/2",
  "310-silent": "im/17/2",
  "keeps-la": "im/17/3",
  "keeps-lb": "im/17/4",
  "lives-on": "im/17/5",
  "310-status-1": "im/17/6",
  "exit-prefix": "im/17/7",
  "310-after-exit-only": "im/17/8",
  "exit-own-recv": "im/17/9",
  "310-then-eof": "im/17/10",
  "310-first-only": "im/17/11",
  "eof-ends": "im/17/12",
  "eof-floods": "im/17/13",
  "eof-is-empty-line": "im/17/13",
  "la-eof-ignored": "im/18/1",
  "gone-status-0": "im/18/2",
  "gone-is-silent": "im/18/3",
  "gone-on-stdout": "im/18/3",
  "login-eof-waits": "im/18/5",
  "prompt-blind": "im/18/6",
  "port-eof-waits": "im/18/7",
  "command-eof-waits": "im/18/8",
  "acts-on-half": "im/18/9",
  "half-message-counts": "im/18/10",
  "lb-eof-loops": "im/18/11",
  "lb-first-waits": "im/18/12",
  "strict-lb": "im/18/13",
  "strict-la": "im/18/14",
  "dies-of-empty-lb": "im/18/15",
  "dies-without-text": "im/18/16",
  "dies-of-empty-la": "im/18/17",
};

/** The rules by themselves: what they need holds for a client with one fault elsewhere. */
const ALONE = { ...IM_CLIENT, rules: IM_CLIENT.rules.map((rule) => ({ ...rule, needs: [] })) };

const started = (fault: string) => ["python3", FAULTY, "{host}", "{port}", ...(fault === "" ? [] : [fault])];

Deno.test("each fault of an IM client fails the rule that names it", async () => {
  const expected = playedFaults(BROKEN);
  const faults = Object.entries(expected);
  const found: Record<string, string> = {};
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (let next = faults.shift(); next; next = faults.shift()) {
      const [fault, broken] = next;
      const rules = ALONE.rules.filter(({ id }) => id === broken);
      found[fault] = brokenBy(await play(ALONE, started(fault), { jobs: 1 }, rules)).join(" ");
    }
  }));
  assertEquals(found, expected);
});

Deno.test("every rule for an IM client is broken by some fault", () => {
  assertEquals(untripped(IM_CLIENT, BROKEN), []);
});

const passes = async (command: readonly string[], options: Partial<RunOptions>) => {
  const isWhole = (options.network ?? "none") === "none";
  const rules = isWhole ? IM_CLIENT.rules : played(IM_CLIENT.rules);
  const results = await play(IM_CLIENT, command, { strict: true, playsNeeded: isWhole, ...options }, rules);
  const wrong = results.filter(({ verdict }) => verdict !== "pass" && verdict !== "info");
  assertEquals(wrong.map(({ rule, verdict, failure }) => [rule.id, verdict, failure?.got]), []);
};

Deno.test("a right client passes every rule, strictly", () => passes(started(""), {}));

for (const network of playedNetworks(NETWORKS)) {
  Deno.test(`our IM client passes every rule, strictly, with the network ${network}`, () =>
    passes([Deno.execPath(), "run", "-A", "client.ts", "{host}", "{port}"], { network }));
}
