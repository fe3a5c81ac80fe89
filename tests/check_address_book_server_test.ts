import { assertEquals } from "@std/assert";
import { NETWORKS } from "../lib/check/network.ts";
import { ADDRESS_BOOK_SERVER } from "../lib/check/rules/address_book_server/suite.ts";
import { REPLY_FORMS } from "../lib/protocols/directory/listing.ts";
import { brokenBy, play, played, playedNetworks, playOurServer } from "./support/check.ts";
import { type Faults, playFaults, untripped } from "./support/check_faults.ts";

const PROGRAM = "tests/check/address_book_server.py";

const FAULTS: Faults = {
  "other-port": "address-book/1/1",
  "stays-open": "address-book/1/2",
  "waits-for-newline": "address-book/1/3",
  "waits-for-end": "address-book/1/3",
  "newline-is-name": "address-book/1/4",
  "end-is-no-request": "address-book/1/5",
  "one-at-a-time": "address-book/1/6",
  "waits-for-ever": "address-book/1/7",
  "waits-after-first": "address-book/1/8",
  "no-end": "address-book/1/9",
  "one-recv": "address-book/1/10",
  "sixty-visits": "address-book/1/11",
  "thirty-at-most": "address-book/1/12",
  "says-empty": "address-book/2/1",
  "not-kept": "address-book/2/2",
  "key-is-address": "address-book/2/2",
  "address-of-request": "address-book/2/3",
  "address-must-be-one": "address-book/2/4",
  "newlines-between": "address-book/2/5",
  "newline-at-end": "address-book/2/5",
  "lists-asker": "address-book/2/6",
  "first-entry": "address-book/2/7",
  "a-list": "address-book/2/8",
  "key-is-name": "address-book/2/9",
  "key-with-name": "address-book/2/10",
  "four-digits": "address-book/2/11",
  "ascii": "address-book/2/12",
  "short-answer": "address-book/2/13",
  "k-ignored": "address-book/3/1",
  "k-is-answered": "address-book/3/2",
  "k-removes-all": "address-book/3/3",
  "k-address-of-request": "address-book/3/4",
  "k-name": "address-book/3/5",
  "k-name-too": "address-book/3/6",
  "dies-of-stranger": "address-book/3/7",
  "never-again": "address-book/3/8",
  "dies-of-fewer-fields": "address-book/4/1",
  "any-type": "address-book/4/2",
  "any-port": "address-book/4/3",
  "high-port": "address-book/4/4",
  "port-0": "address-book/4/5",
  "small-letters": "address-book/4/6",
  "dies-of-text": "address-book/4/7",
  "dies-of-bytes": "address-book/4/8",
  "dies-of-silence": "address-book/4/9",
  "dies-of-half-request": "address-book/4/10",
  "ten-threads": "address-book/4/11",
  "dies-of-unread": "address-book/4/12",
  "shows-no-waiting": "address-book/5/1",
  "shows-no-request": "address-book/5/2",
  "shows-no-offline": "address-book/5/3",
  "shows-no-table": "address-book/5/4",
  "never-drops": "address-book/6/1",
  "drops-asker-only": "address-book/6/1",
  "first-time-counts": "address-book/6/2",
  "drops-early": "address-book/6/3",
};

Deno.test("each fault of a table server is found by the rules that name it", async () => {
  await playFaults(ADDRESS_BOOK_SERVER, PROGRAM, FAULTS, { oneIn: 16 });
});

Deno.test("every rule for a table server is broken by some fault, but for those that are open", () => {
  assertEquals(untripped(ADDRESS_BOOK_SERVER, FAULTS), []);
});

for (const form of REPLY_FORMS) {
  Deno.test(`a right table server whose answers have the form ${form} keeps every rule strictly`, async () => {
    const results = await play(ADDRESS_BOOK_SERVER, ["python3", PROGRAM, "{host}", "{port}", form], { strict: true });
    assertEquals(brokenBy(results), []);
  });
}

for (const network of playedNetworks(NETWORKS)) {
  Deno.test(`Partyline's table server keeps every rule strictly when the network is ${network}`, async () => {
    const ours = ["--address-book", "{port}", "--host", "127.0.0.1", "--data", "{data}"];
    const rules = network === "none" ? ADDRESS_BOOK_SERVER.rules : played(ADDRESS_BOOK_SERVER.rules);
    const results = await playOurServer(ADDRESS_BOOK_SERVER, ours, { strict: true, network }, rules);
    assertEquals(brokenBy(results), []);
  });
}
