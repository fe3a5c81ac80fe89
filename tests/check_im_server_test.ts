import { assertEquals, assertRejects } from "@std/assert";
import { NETWORKS } from "../lib/check/network.ts";
import { IM_SERVER } from "../lib/check/rules/im_server/suite.ts";
import { UserError } from "../lib/core/errors.ts";
import { freePort } from "../lib/net/free_port.ts";
import {
  brokenBy,
  brokenByFaults,
  play,
  played,
  playedFaults,
  playedNetworks,
  playOurServer,
  PYTHON,
} from "./support/check.ts";
import { untripped } from "./support/check_faults.ts";
import { fromFileUrl } from "@std/path";

const COMMAND = ["python3", fromFileUrl(new URL("check/im_server.py", import.meta.url)), "{port}", "{users}"];

/** Each fault of the program, and the rules that it breaks; all others hold or are blocked (tests/check/matrix.ts). */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  "102-closes": ["im/2/4"],
  "303-at-once": ["im/4/3"],
  "401-ends-session": ["im/8/8"],
  "401-to-latest": ["im/1/6"],
  "acknowledged-is-silent": ["im/4/2"],
  "alone-304": ["im/5/6"],
  "any-line-is-text": ["im/8/2", "im/8/7"],
  "any-of-the-passwords": ["im/2/9"],
  "any-password": ["im/2/2"],
  "ascii": ["im/4/9", "im/5/9"],
  "broadcast-in-turn": ["im/5/2"],
  "broadcast-is-silent": ["im/5/3", "im/5/6"],
  "broadcast-to-one": ["im/5/1"],
  "broadcast-to-self": ["im/5/5"],
  "capitals": ["im/8/6"],
  "collapses-broadcast": ["im/5/9"],
  "collapses-spaces": ["im/4/7", "im/4/8"],
  "cr-stays": ["im/1/3"],
  "crlf": ["im/1/2"],
  "dies-before-login": ["im/10/6"],
  "dies-of-bytes": ["im/8/9"],
  "dies-of-half-line": ["im/10/5"],
  "dies-of-long-line": ["im/8/10"],
  "dies-of-silent-client": ["im/1/4"],
  "empty-broadcast": ["im/5/8"],
  "empty-passed-over": ["im/8/5"],
  "empty-text": ["im/4/14"],
  "end-is-receipt": ["im/4/17", "im/5/10"],
  "exit-ends-all": ["im/7/4", "im/7/8"],
  "exit-is-silent": ["im/7/1"],
  "exit-keeps-la": ["im/7/2"],
  "exit-keeps-lb": ["im/7/3"],
  "exit-stays-listed": ["im/7/4"],
  "exit-takes-words": ["im/7/7"],
  "fifteen-connections": ["im/10/8"],
  "first-receipt-counts": ["im/5/4"],
  "glued-name": ["im/8/4"],
  "half-line-counts": ["im/10/4"],
  "left-303": ["im/7/6"],
  "list-before-login": ["im/2/6"],
  "list-before-port": ["im/3/6"],
  "list-frozen": ["im/6/2"],
  "list-reversed": ["im/6/3"],
  "list-takes-words": ["im/6/6"],
  "list-without-asker": ["im/6/1"],
  "list-without-unlinked": ["im/6/4"],
  "listed-before-check": ["im/6/5"],
  "login-words-102": ["im/2/11"],
  "login-words-end": ["im/2/11", "im/2/12"],
  "long-line-cut": ["im/4/11"],
  "loss-keeps-lb": ["im/10/1"],
  "never-again": ["im/7/5", "im/10/3"],
  "no-401": ["im/8/1"],
  "no-lb": ["im/3/1"],
  "no-newline": ["im/1/2"],
  "no-receipt-timeout": ["im/4/16", "im/5/7"],
  "not-to-self": ["im/4/6"],
  "offline-303": ["im/4/5"],
  "old-receipts-count": ["im/9/6"],
  "one-at-a-time": ["im/1/5"],
  "one-lock-for-all": ["im/5/2", "im/9/4"],
  "one-recv-one-command": ["im/9/7", "im/9/8"],
  "one-user": ["im/2/13"],
  "one-way": ["im/4/15"],
  "password-prefix": ["im/2/8"],
  "pieces-are-commands": ["im/9/8"],
  "port-after-failure": ["im/2/7"],
  "port-missing-ends": ["im/3/5"],
  "port-range-202": ["im/3/4"],
  "port-word-202": ["im/3/3"],
  "prefix-commands": ["im/6/6", "im/8/3"],
  "receipt-in-one-recv": ["im/4/19"],
  "receipt-wakes-all": ["im/9/3"],
  "refused-lb-ends": ["im/3/2"],
  "refused-lb-stops-all": ["im/3/2"],
  "refused-removes-name": ["im/6/7"],
  "replies-on-lb-too": ["im/4/13"],
  "reply-to-latest": ["im/3/8"],
  "reverses": ["im/9/1"],
  "second-login": ["im/2/10"],
  "second-port": ["im/3/7"],
  "several-in-flight": ["im/9/2"],
  "shared-text": ["im/9/5"],
  "stops-after-refused-lb": ["im/10/7"],
  "strips": ["im/8/7"],
  "strips-text": ["im/4/8"],
  "text-is-command": ["im/4/10"],
  "timeout-is-receipt": ["im/5/7"],
  "to-everybody": ["im/4/12"],
  "to-la": ["im/4/1"],
  "twice-online": ["im/2/5"],
  "unknown-name-ends": ["im/2/3"],
  "unknown-receiver-ends": ["im/4/4"],
  "vanished-stays": ["im/10/2"],
  "wrong-code": ["im/2/1"],
  "wrong-port": ["im/1/1"],
};

Deno.test("every rule for an IM server is broken by some fault, but for those that are open", () => {
  assertEquals(untripped(IM_SERVER, FAULTS), []);
});

Deno.test("each fault of an IM server is found by the rules that name it", async () => {
  const expected = playedFaults<readonly string[]>(FAULTS);
  assertEquals(await brokenByFaults(IM_SERVER, COMMAND, expected), { ...expected });
});

Deno.test("a program that cannot be started ends the check: no other rule begins, and none is still being played", async () => {
  const ends = [PYTHON, "-S", "-c", "import time; time.sleep(0.5); raise SystemExit(1)"];
  const commands = [ends, ["no-such-program"]];
  const rules = IM_SERVER.rules.slice(0, 4);
  let [begun, over] = [0, 0];
  const target = () => {
    const command = commands[begun++]!;
    return { host: "127.0.0.1", port: freePort(), command, users: "", data: "", folder: undefined };
  };
  const options = { jobs: 2, playsNeeded: false, target, took: () => void over++ };
  await assertRejects(() => play(IM_SERVER, [], options, rules), UserError, "cannot start no-such-program");
  assertEquals([begun, over], [2, 2]);
});

Deno.test("a right IM server keeps every rule strictly", async () => {
  assertEquals(brokenBy(await play(IM_SERVER, COMMAND, { strict: true })), []);
});

for (const network of playedNetworks(NETWORKS)) {
  Deno.test(`Partyline's server keeps every rule strictly when the network is ${network}, one rule after the other`, async () => {
    const rules = network === "none" ? IM_SERVER.rules : played(IM_SERVER.rules);
    const ours = ["{port}", "{users}", "--host", "127.0.0.1"];
    assertEquals(brokenBy(await playOurServer(IM_SERVER, ours, { strict: true, network }, rules)), []);
  });
}
