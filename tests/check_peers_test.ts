import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { PEERS } from "../lib/check/rules/peers/suite.ts";
import { brokenBy, play, played, playedNetworks } from "./support/check.ts";
import { type Faults, playFaults, untripped } from "./support/check_faults.ts";

const PROGRAM = "tests/check/peer.py";
const GIVEN = ["{host}", "{port}", "{name}", "{udp}"];

/** Between two of the same program it speaks dialect A, so that a fault there breaks a rule of section 6 as well. */
const FAULTS: Faults = {
  "no-table": "peers/1/1",
  "announces-other-port": "peers/1/1",
  "name-first": "peers/1/1",
  "never-asks": "peers/1/2",
  "first-entry-alone": "peers/1/3",
  "needs-count": "peers/1/4",
  "needs-names": "peers/1/4 peers/1/5",
  "dies-of-null": "peers/1/6",
  "no-farewell": "peers/1/7",
  "no-a-request": "peers/2/1",
  "asks-with-other-port": "peers/2/2 peers/6/1",
  "a-unanswered": "peers/2/3 peers/6/1",
  "number-of-its-own": "peers/2/4 peers/6/1",
  "a-answers-source": "peers/2/5",
  "a-unheard": "peers/2/6 peers/6/2",
  "a-nameless": "peers/2/7",
  "a-unsent": "peers/2/8 peers/6/2",
  "a-without-line-end": "peers/2/9",
  "a-other-port": "peers/2/9 peers/6/2",
  "separator-in-text": "peers/2/10",
  "no-b-request": "peers/3/1",
  "b-unanswered": "peers/3/2",
  "b-answers-source": "peers/3/3",
  "b-unheard": "peers/3/4",
  "b-by-port": "peers/3/4",
  "b-unsent": "peers/3/5",
  "a-to-b": "peers/3/6",
  "c-unheard": "peers/4/1",
  "answers-needed": "peers/4/1",
  "a-to-c": "peers/4/2",
  "plus-in-text": "peers/4/3",
  "first-peer-alone": "peers/5/1",
  "to-everyone": "peers/5/2",
  "to-last": "peers/5/2",
  "first-text-alone": "peers/5/3 peers/6/4",
  "one-text-each": "peers/5/3 peers/6/4",
  "ascii": "peers/5/4",
  "short-buffer": "peers/5/5",
  "dies-of-bytes": "peers/5/6",
  "dies-of-empty": "peers/5/7",
  "dies-of-few-fields": "peers/5/8",
  "dies-of-fields": "peers/5/9",
  "dies-of-port": "peers/5/10",
  "shows-strangers": "peers/5/11",
  "dies-of-absent-table": "peers/5/12",
  "names-not-kept": "peers/6/1",
  "twin-unheard": "peers/6/2",
  "twin-unheard-after-speaking": "peers/6/3",
  "a-thread-a-text": "peers/6/4",
  "shows-again": "peers/6/5",
  "dies-of-closed-port": "peers/6/6",
  "join-untold": "peers/7/1",
  "group-unsent": "peers/7/2",
  "group-unnamed": "peers/7/3",
  "here-unsent": "peers/7/4",
  "one-member": "peers/7/5",
  "group-to-all": "peers/7/6",
  "leave-untold": "peers/7/7",
  "keeps-left": "peers/7/8",
  "other-key": "peers/8/1",
  "secure-in-name": "peers/8/2",
  "secure-one-way": "peers/8/3",
};

Deno.test("each fault of a peer is found by the rules that name it", async () => {
  await playFaults(PEERS, PROGRAM, FAULTS, { oneIn: 12, atATime: 4, given: GIVEN });
});

Deno.test("every rule for a peer is broken by some fault", () => {
  assertEquals(untripped(PEERS, FAULTS), []);
});

// A dialect repeats nothing, so that a network which loses datagrams loses what is said.
for (const network of playedNetworks(["none", "slow"] as const)) {
  Deno.test(`a right peer keeps every rule strictly, with the network ${network}`, async () => {
    const rules = network === "none" ? PEERS.rules : played(PEERS.rules);
    assertEquals(brokenBy(await play(PEERS, ["python3", PROGRAM, ...GIVEN], { strict: true, network }, rules)), []);
  });

  Deno.test(`Partyline keeps every rule for peers strictly, with the network ${network}`, async () => {
    const client = fromFileUrl(new URL("../client.ts", import.meta.url));
    const where = ["peer", "{host}", "{port}", "--name", "{name}", "--udp", "{udp}", "--data", "{data}"];
    const command = [Deno.execPath(), "run", "-A", client, ...where];
    const rules = network === "none" ? played(PEERS.rules) : played(played(PEERS.rules));
    assertEquals(brokenBy(await play(PEERS, command, { strict: true, network, jobs: 6 }, rules)), []);
  });
}
