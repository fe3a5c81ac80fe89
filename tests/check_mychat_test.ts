import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { MYCHAT_CLIENT } from "../lib/check/rules/mychat_client/suite.ts";
import { MYCHAT_SERVER } from "../lib/check/rules/mychat_server/suite.ts";
import { GUESTS } from "../lib/client/check_accounts.ts";
import type { RunOptions } from "../lib/check/run.ts";
import type { Rule } from "../lib/check/rule.ts";
import {
  brokenBy,
  brokenByFaults,
  play,
  played,
  playedFaults,
  playedNetworks,
  playOurServer,
} from "./support/check.ts";
import { untripped } from "./support/check_faults.ts";

const path = (name: string) => fromFileUrl(new URL(name, import.meta.url));

/** Each fault of the server, and the rules that it breaks; all others hold or are blocked (tests/check/matrix.ts). */
const SERVER_FAULTS: Readonly<Record<string, readonly string[]>> = {
  "all-conversations": ["mychat/6/3"],
  "alone-listed": ["mychat/1/9"],
  "always-new": ["mychat/1/4"],
  "always-part": ["mychat/3/2"],
  "answers-twice": ["mychat/1/8", "mychat/2/6"],
  "ascii-names": ["mychat/2/7"],
  "asker-listed": ["mychat/2/3"],
  "blanks-needed": ["mychat/1/10"],
  "confirmation-back": ["mychat/5/4"],
  "confirmation-dropped": ["mychat/5/4"],
  "copies-first": ["mychat/3/6"],
  "deaf-console": ["mychat/9/1"],
  "dies-of-bytes": ["mychat/8/5"],
  "dies-of-closed-port": ["mychat/8/9", "mychat/8/10"],
  "dies-of-cut": ["mychat/8/8"],
  "dies-of-empty": ["mychat/8/6"],
  "dies-of-list": ["mychat/8/4"],
  "dies-of-text": ["mychat/8/1"],
  "dies-of-twenty": ["mychat/8/11"],
  "dies-without-key": ["mychat/8/2"],
  "dies-without-text": ["mychat/8/7"],
  "first-address": ["mychat/1/11"],
  "forgets-all": ["mychat/9/2", "mychat/9/3"],
  "forgets-messages": ["mychat/9/3"],
  "forgets-users": ["mychat/9/2"],
  "given-once": ["mychat/6/5"],
  "group-in-private": ["mychat/6/6"],
  "group-not-kept": ["mychat/4/1"],
  "group-reorders": ["mychat/3/11"],
  "group-sent-missing": ["mychat/3/4"],
  "group-time-of-question": ["mychat/4/4"],
  "group-to-all": ["mychat/3/7"],
  "group-to-sender-only": ["mychat/3/5"],
  "group-under-receiver": ["mychat/3/5"],
  "kept-per-member": ["mychat/4/3"],
  "last-address": ["mychat/1/5"],
  "listed-twice": ["mychat/1/7", "mychat/2/5", "mychat/9/2"],
  "logout-clears": ["mychat/7/4"],
  "logout-removes-member": ["mychat/3/9"],
  "logout-removes-user": ["mychat/1/4", "mychat/2/4"],
  "logout-unanswered": ["mychat/7/1"],
  "missed-is-lost": ["mychat/4/5"],
  "never-back": ["mychat/7/3"],
  "never-offline": ["mychat/2/4"],
  "never-online": ["mychat/2/2"],
  "never-part": ["mychat/3/3"],
  "newest-first": ["mychat/4/3"],
  "no-empty-list": ["mychat/4/2"],
  "no-json-dumps": ["mychat/5/9", "mychat/5/10"],
  "no-private-list": ["mychat/6/3", "mychat/6/6", "mychat/6/7"],
  "not-connected": ["mychat/1/1"],
  "not-joined": ["mychat/3/1"],
  "not-logged-out": ["mychat/7/1"],
  "offline-dropped": ["mychat/6/4"],
  "offline-unconfirmed": ["mychat/5/7"],
  "old-list": ["mychat/2/4", "mychat/2/6", "mychat/8/11"],
  "one-list": ["mychat/4/6"],
  "one-program": ["mychat/1/5"],
  "one-way": ["mychat/5/8"],
  "only-online": ["mychat/2/4"],
  "other-list-name": ["mychat/2/1"],
  "other-port": ["mychat/1/1"],
  "own-reply": ["mychat/1/2"],
  "receipt-at-once": ["mychat/5/5"],
  "received-only": ["mychat/6/1"],
  "reorders": ["mychat/5/12"],
  "repeated-refused": ["mychat/1/6"],
  "request-passed-on": ["mychat/5/3"],
  "seconds": ["mychat/3/10"],
  "sender-left-out": ["mychat/3/6"],
  "sent-missing": ["mychat/5/1"],
  "short-buffer": ["mychat/5/11"],
  "sides-apart": ["mychat/6/2"],
  "stays-offline-after-return": ["mychat/1/11", "mychat/2/5", "mychat/9/2"],
  "stays-online": ["mychat/2/4", "mychat/7/2"],
  "text-is-command": ["mychat/5/10"],
  "time-of-question": ["mychat/6/8"],
  "to-everyone": ["mychat/5/6"],
  "twice-in-group": ["mychat/3/8"],
  "unconfirmed-group": ["mychat/3/4", "mychat/3/10"],
  "unknown-key-answered": ["mychat/8/3"],
  "waits-until-asked": ["mychat/5/2"],
  "without-the-new-one": ["mychat/1/3"],
};

const CLIENT_FAULTS: Readonly<Record<string, readonly string[]>> = {
  "asks-before-name": ["mychat/11/7"],
  "b-keeps-chat": ["mychat/15/4"],
  "capitals-alone": ["mychat/12/4"],
  "chat-to-group": ["mychat/14/3"],
  "confirms-to-itself": ["mychat/14/4"],
  "confirms-to-open-chat": ["mychat/14/8"],
  "connect-once": ["mychat/11/3"],
  "connected-unshown": ["mychat/11/5"],
  "deaf-in-menu": ["mychat/14/7"],
  "dies-of-bytes": ["mychat/16/4"],
  "dies-of-text": ["mychat/16/1"],
  "dies-of-unknown": ["mychat/16/3"],
  "dies-without-key": ["mychat/16/2"],
  "e-is-text": ["mychat/15/6"],
  "ends-at-empty": ["mychat/16/5"],
  "find-exchanged": ["mychat/14/1"],
  "first-left-out": ["mychat/13/4", "mychat/14/2"],
  "group-list-unshown": ["mychat/13/4"],
  "group-sent-unshown": ["mychat/13/7"],
  "group-unasked": ["mychat/13/2"],
  "group-unshown": ["mychat/13/8"],
  "join-by-group": ["mychat/13/1"],
  "list-unshown": ["mychat/14/2"],
  "logout-without-name": ["mychat/15/1"],
  "names-alone": ["mychat/12/2"],
  "never-gives-up": ["mychat/11/6"],
  "new-confirmation": ["mychat/14/5"],
  "newest-first": ["mychat/13/4", "mychat/14/2"],
  "newest-shown-first": ["mychat/16/7"],
  "no-b": ["mychat/15/4"],
  "no-groups": ["mychat/12/3"],
  "no-json-dumps": ["mychat/13/6"],
  "no-logout": ["mychat/15/1"],
  "no-sentfrom": ["mychat/13/5"],
  "no-stach": ["mychat/11/2"],
  "no-stars": ["mychat/11/4"],
  "no-you": ["mychat/11/8"],
  "not-granted": ["mychat/13/3"],
  "old-receiver": ["mychat/15/5"],
  "own-shown": ["mychat/13/9"],
  "private-sent-unshown": ["mychat/14/9"],
  "private-unshown": ["mychat/14/6"],
  "r-unasked": ["mychat/12/1"],
  "received-as-sent": ["mychat/14/10"],
  "repeats-messages": ["mychat/13/10"],
  "sender-unshown": ["mychat/14/6"],
  "short-buffer": ["mychat/16/6"],
  "status-1": ["mychat/15/2"],
  "stays": ["mychat/15/2"],
  "unconfirmed": ["mychat/14/4"],
  "waits-for-logout": ["mychat/15/3"],
  "wrong-name": ["mychat/11/1"],
};

const SIDES = [
  {
    suite: MYCHAT_SERVER,
    faults: SERVER_FAULTS,
    program: ["python3", path("check/mychat_server.py"), "{port}", "{data}"],
    playOurs: (options: Partial<RunOptions>, rules: readonly Rule[]) =>
      playOurServer(MYCHAT_SERVER, ["--mychat", "{port}", "--host", "127.0.0.1", "--data", "{data}"], options, rules),
  },
  {
    suite: MYCHAT_CLIENT,
    faults: CLIENT_FAULTS,
    program: ["python3", path("check/mychat_client.py"), "{host}", "{port}"],
    playOurs: (options: Partial<RunOptions>, rules: readonly Rule[]) => {
      const ours = [path("../client.ts"), "mailbox", "{host}", "{port}", "--plain", "--data", "{data}"];
      return play(MYCHAT_CLIENT, [Deno.execPath(), "run", "-A", ...ours], { ...options, jobs: 4 }, rules);
    },
  },
] as const;

// None of them has an account: users.txt of the repository is read by our server.
const accounts = GUESTS.map((name) => ({ name, password: "" }));

for (const { suite, faults, program, playOurs } of SIDES) {
  Deno.test(`every rule for ${suite.title} is broken by some fault, but for those that are open`, () => {
    assertEquals(untripped(suite, faults), []);
  });

  Deno.test(`each fault of ${suite.title} is found by the rules that name it`, async () => {
    const expected = playedFaults<readonly string[]>(faults);
    assertEquals(await brokenByFaults(suite, program, expected, { accounts }), { ...expected });
  });

  for (const network of playedNetworks(["none", "slow"] as const)) {
    Deno.test(`a right program keeps every rule for ${suite.title} strictly, with the network ${network}`, async () => {
      const rules = network === "none" ? suite.rules : played(suite.rules);
      assertEquals(brokenBy(await play(suite, program, { strict: true, network, accounts }, rules)), []);
    });

    Deno.test(`Partyline keeps every rule for ${suite.title} strictly, with the network ${network}`, async () => {
      const rules = network === "none" ? suite.rules : played(suite.rules);
      assertEquals(brokenBy(await playOurs({ strict: true, network, accounts }, rules)), []);
    });
  }
}
