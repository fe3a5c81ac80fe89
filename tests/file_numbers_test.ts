import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { FileNumbers, shortNumber } from "../lib/protocols/transfer/file_numbers.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { FileTransfers } from "../lib/protocols/transfer/transfers.ts";
import { offerId } from "./support/offer_ids.ts";

const DIGEST = encodeBase64(new Uint8Array(32));

/** The transfers of a client that has been offered these files, and what it tells its user. */
function receiver(...offers: { id: string; from: string }[]) {
  const machine = new FileTransfers();
  const isOffer = offers.map(({ id, from }) => {
    const text = offerText({ id, name: `${from}.txt`, bytes: 1, files: undefined, digest: DIGEST });
    const message = { from, to: { user: "dave" }, text };
    if (!machine.isOffer(message, false)) return false;
    machine.offered(message);
    return true;
  });
  const told = () =>
    machine.takeOutputs().flatMap((output) => {
      if (output.type === "problem") return [output.why];
      if (output.type === "accept") return [`accepts ${output.taken.from}'s`];
      return output.type === "show" && output.event.type === "offered"
        ? [`${output.event.from} ${output.event.n}`]
        : [];
    });
  return { machine, isOffer, told };
}

Deno.test("the sender and the receiver of an offer have the same number of three digits", () => {
  const id = offerId(1, 12, 23);
  const alice = new FileTransfers();
  alice.send(id, "slides.pdf", { user: "dave" });
  const made = { name: "slides.pdf", bytes: 1, files: undefined, digest: DIGEST, id };
  alice.read({ user: "dave" }, { offer: made, to: "dave", isRoom: false, path: "slides.pdf", passedOver: 0 });
  const shown = alice.takeOutputs().flatMap((output) =>
    output.type === "show" && output.event.type === "offering" ? [output.event.n] : []
  );
  assertEquals(shown, [223]);
  assertEquals(receiver({ id, from: "alice" }).told(), ["alice 223"]);
  assertEquals(shortNumber(id), "223");
});

Deno.test("where two offers begin alike the later has more digits; a number that both have is asked about, not guessed", () => {
  const dave = receiver({ id: offerId(1, 2, 3, 4), from: "alice" }, { id: offerId(1, 2, 3, 5), from: "bob" });
  assertEquals(dave.told(), ["alice 223", "bob 2235"]);
  dave.machine.command({ type: "accept", n: 223 });
  dave.machine.command({ type: "accept", n: 2234 });
  dave.machine.command({ type: "accept", n: 2235 });
  dave.machine.command({ type: "accept", n: 22 });
  assertEquals(dave.told(), [
    "223 may be 2234 (alice.txt from alice) or 2235 (bob.txt from bob): enter the longer number",
    "accepts alice's",
    "accepts bob's",
    "there is no file 22; /files lists those there are",
  ]);
});

Deno.test("an offer that has ended does not make the number of an open one ambiguous", () => {
  const dave = receiver({ id: offerId(1, 2, 3, 4), from: "alice" }, { id: offerId(1, 2, 3, 5), from: "bob" });
  dave.machine.command({ type: "refuse", n: 2234 });
  dave.told();
  dave.machine.command({ type: "accept", n: 223 });
  assertEquals(dave.told(), ["accepts bob's"]);
});

Deno.test("an offer with all the digits of another user's is shown as a message", () => {
  const dave = receiver({ id: offerId(1, 2, 3), from: "alice" }, { id: offerId(10, 12, 13), from: "mallory" });
  assertEquals([dave.isOffer, dave.told()], [[true, false], ["alice 223"]]);
});

Deno.test("a sender takes an id whose number it has not listed; numbers on a list differ, and mean their own id", () => {
  const numbers = new FileNumbers();
  numbers.take(offerId(1, 2, 3), "x");
  const drawn = [offerId(1, 2, 3, 4), offerId(5, 6, 7)];
  assertEquals(numbers.shortId(() => drawn.shift() ?? offerId(9)), offerId(5, 6, 7));
  const ids = fc.uniqueArray(fc.uint8Array({ minLength: 16, maxLength: 16, max: 3 }), {
    selector: encodeBase64,
    maxLength: 60,
  });
  fc.assert(fc.property(ids, (all) => {
    const list = new FileNumbers();
    const taken: [string, number][] = [];
    for (const id of all.map(encodeBase64)) if (!list.isRepeated(id)) taken.push([id, list.take(id, "x")]);
    assertEquals(new Set(taken.map(([, n]) => n)).size, taken.length);
    // A number is a beginning of the digits of its own id, on every list.
    for (const [id, n] of taken) assert(list.matches(n).includes(id) && `${n}`.startsWith(shortNumber(id)));
  }));
});
