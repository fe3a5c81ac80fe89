import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { NETWORKS } from "../lib/check/network.ts";
import { ADDRESS_BOOK_CLIENT } from "../lib/check/rules/address_book_client/suite.ts";
import { brokenBy, play, played, playedNetworks } from "./support/check.ts";
import { type Faults, playFaults, untripped } from "./support/check_faults.ts";

const CLIENT = fromFileUrl(new URL("../client.ts", import.meta.url));
const PROGRAM = "tests/check/address_book_client.py";
const GIVEN = ["{host}", "{port}", "{name}", "{udp}"];

const FAULTS: Faults = {
  "other-port": "address-book/11/1",
  "waits-for-server": "address-book/11/2",
  "no-name": "address-book/11/2",
  "newline": "address-book/11/3",
  "padded": "address-book/11/3",
  "any-address": "address-book/11/4",
  "other-udp": "address-book/11/5",
  "impatient": "address-book/11/6",
  "stays-connected": "address-book/11/7",
  "chat-to-table": "address-book/11/8",
  "never-asks": "address-book/12/1",
  "first-entry": "address-book/12/2",
  "dies-of-empty": "address-book/12/3",
  "one-recv": "address-book/12/4",
  "short-buffer": "address-book/12/5",
  "no-count": "address-book/12/6",
  "dies-of-null": "address-book/12/7",
  "no-fourth-field": "address-book/12/8",
  "stops-at-itself": "address-book/12/9",
  "stops-at-bad-entry": "address-book/12/10",
  "newline-in-port": "address-book/12/11",
  "never-again": "address-book/13/1",
  "port-once": "address-book/13/2",
  "first-table": "address-book/13/3",
  "no-pause": "address-book/13/4",
  "dies-of-garbage": "address-book/13/5",
  "dies-of-refusal": "address-book/13/6",
  "no-k": "address-book/14/1",
  "stays": "address-book/14/1",
  "k-newline": "address-book/14/2",
  "k-other-port": "address-book/14/3",
  "k-other-name": "address-book/14/3",
  "stays-after-k": "address-book/14/4",
  "status-1": "address-book/14/5",
  "k-waits": "address-book/14/6",
  "k-twice": "address-book/14/7",
  "dies-of-ctrl-c": "address-book/14/8",
  "no-addresses": "address-book/15/1",
  "no-names": "address-book/15/2",
  "no-since": "address-book/15/3",
  "no-self": "address-book/15/4",
  "keeps-gone": "address-book/15/5",
};

Deno.test("each fault of a client of the table server is found by the rules that name it", async () => {
  await playFaults(ADDRESS_BOOK_CLIENT, PROGRAM, FAULTS, { oneIn: 12, given: GIVEN });
});

Deno.test("every rule for a client of the table server is broken by some fault, but for those that are open", () => {
  assertEquals(untripped(ADDRESS_BOOK_CLIENT, FAULTS), []);
});

Deno.test("a right client of the table server keeps every rule strictly", async () => {
  const results = await play(ADDRESS_BOOK_CLIENT, ["python3", PROGRAM, ...GIVEN], { strict: true });
  assertEquals(brokenBy(results), []);
});

for (const network of playedNetworks(NETWORKS)) {
  Deno.test(`Partyline's client keeps every rule of the table server strictly when the network is ${network}`, async () => {
    const ours = ["--name", "{name}", "--udp", "{udp}", "--data", "{data}", "--table-refresh", "3"];
    const command = [Deno.execPath(), "run", "-A", CLIENT, "peer", "{host}", "{port}", ...ours];
    const rules = network === "none" ? ADDRESS_BOOK_CLIENT.rules : played(ADDRESS_BOOK_CLIENT.rules);
    const results = await play(ADDRESS_BOOK_CLIENT, command, { strict: true, network, jobs: 4 }, rules);
    assertEquals(brokenBy(results), []);
  });
}
