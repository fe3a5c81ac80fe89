import { assertEquals } from "@std/assert";
import { Outputs } from "../lib/core/machine.ts";
import type { OfferMade } from "../lib/protocols/transfer/offer.ts";
import type { TransferOutput } from "../lib/protocols/transfer/output.ts";
import { Upload, type Want } from "../lib/protocols/transfer/upload.ts";

const ITEM = { n: 1, name: "film.bin", bytes: 1000, files: undefined };
const OFFER = { id: "o", name: "film.bin", bytes: 1000, files: undefined, sha256: "", key: undefined };
const MADE = { offer: OFFER, to: "bob", isRoom: false, path: "/film.bin", passedOver: 0 } as unknown as OfferMade;
const WANT: Want = { type: "want", offer: "o", transfer: "t", token: "k", at: ["127.0.0.1:9"], key: undefined };

/** How often a receiver is dialled that closes each connection at once; with `hears` it has said something before. */
function dialsTo({ hears }: { readonly hears: boolean }): number {
  const out = new Outputs<TransferOutput>();
  const upload = new Upload({ out, attempts: new Map(), relayOnly: new Set() }, MADE, ITEM, "bob", WANT, undefined, 0);
  let dials = 0;
  const dialled = () => {
    const more = out.take().filter(({ type }) => type === "dial").length;
    dials += more;
    return more > 0;
  };
  upload.event({ type: "sourceOpened", manifest: new Uint8Array(10), chunks: 1 }, 0);
  for (let stream = 1; dialled() && stream < 100; stream++) {
    upload.event({ type: "connected", stream, by: "dial", theirKey: undefined, ourKey: undefined }, stream);
    upload.event({ type: "opened", stream, relayed: false, sealed: false, known: undefined }, stream);
    if (hears) upload.event({ type: "heard", stream }, stream);
    upload.event({ type: "broken", stream, why: "the connection is closed", isMalformed: false }, stream);
  }
  assertEquals(upload.result, { why: "the connection is closed" });
  return dials;
}

Deno.test("a receiver that closes each connection at once, such as one that is opening another, is dialled a few times, not for ever", () => {
  for (const hears of [false, true]) assertEquals(dialsTo({ hears }), 4);
});
