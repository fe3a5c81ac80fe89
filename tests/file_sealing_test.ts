import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { agreedCipher, type Cipher, decodePublicKey, encodePublicKey } from "../lib/protocols/transfer/public_key.ts";
import { measureCiphers, sealingKey, TAG_BYTES } from "../lib/store/transfer_ciphers.ts";
import { type FileKeys, freshFileKey } from "../lib/store/transfer_keys.ts";
import { seededBytes } from "./support/file_bytes.ts";

const AES = "aes-256-gcm", CHACHA = "chacha20-poly1305";
const rates = (...each: [Cipher, number][]) => new Map<Cipher, number>(each);
const here = await measureCiphers();
/** Deno 2.4 has no ChaCha20-Poly1305. */
const ciphers = [...here.keys()];

Deno.test("the cipher is the one with which the slower side is fastest, found alike by both", () => {
  const fresh = rates([CHACHA, 1200], [AES, 150]);
  for (
    const [ours, theirs, agreed] of [
      [fresh, fresh, CHACHA],
      [fresh, rates([AES, 400]), AES],
      [fresh, rates([CHACHA, 100], [AES, 900]), AES],
      [fresh, rates([CHACHA, 160], [AES, 900]), CHACHA],
      [rates([CHACHA, 5], [AES, 5]), rates([AES, 5], [CHACHA, 5]), CHACHA],
      [rates([CHACHA, 5]), rates([AES, 5]), undefined],
      [rates(), fresh, undefined],
    ] as const
  ) {
    assertEquals([agreedCipher(ours, theirs), agreedCipher(theirs, ours)], [agreed, agreed]);
  }
});

Deno.test("a public key is read as it was written; one without ciphers has AES-256-GCM, unknown ciphers are left out", () => {
  const key = seededBytes(32) as Uint8Array<ArrayBuffer>;
  const whole = { key, rates: rates([CHACHA, 1200], [AES, 0]) };
  const text = encodePublicKey(whole);
  assertEquals(decodePublicKey(text), whole);
  const bare = text.split(",")[0]!;
  assertEquals(decodePublicKey(bare), { key, rates: rates([AES, 0]) });
  assertEquals(decodePublicKey(`${bare},rot13:9000`), { key, rates: rates() });
  for (const none of ["", "-", bare.slice(1), `${bare},`, `${bare},${AES}`, `${bare},${AES}:-1`, `${bare},a:1 b:2`]) {
    assertEquals(decodePublicKey(none), undefined, none);
  }
  assertEquals(decodePublicKey(`${text},${"x".repeat(100)}:1`), undefined);
});

for (const cipher of ciphers) {
  Deno.test(`${cipher}: opens what was sealed, and nothing that was changed, moved or cut`, async () => {
    const key = await sealingKey(cipher, seededBytes(32) as Uint8Array<ArrayBuffer>);
    for (const length of [0, 1, 16, 1000, 262_148]) {
      const body = seededBytes(length);
      const box = new Uint8Array(length + TAG_BYTES);
      await key.seal(7, 4, body, box);
      if (length > 15) assertNotEquals(box.subarray(0, length), body);
      const copy = box.slice();
      const opened = (await key.open(7, 4, copy))!;
      assertEquals(opened, body);
      assert(opened.buffer === copy.buffer, "a box is opened in its own memory");
      assertEquals(await key.open(8, 4, box.slice()), undefined, "another number");
      assertEquals(await key.open(7, 2, box.slice()), undefined, "another kind");
      assertEquals(await key.open(7, 4, box.slice(1)), undefined, "the beginning is cut off");
      assertEquals(await key.open(7, 4, box.slice(0, 15)), undefined, "shorter than a tag");
      for (const at of [0, length >> 1, length, length + TAG_BYTES - 1]) {
        const changed = box.slice();
        changed[at]! ^= 1;
        assertEquals(await key.open(7, 4, changed), undefined, `byte ${at}`);
      }
    }
  });

  Deno.test(`${cipher}: both sides agree on the same keys, one for each direction`, async () => {
    const only = rates([cipher, 100]);
    const [alice, bob] = [await freshFileKey(only), await freshFileKey(here)];
    const sender = (await alice.agree(bob.public, "stream", true))!;
    const receiver = (await bob.agree(alice.public, "stream", false))!;
    assert(await opens(sender, receiver));
    assert(await opens(receiver, sender));
    assert(!await opens(sender, sender), "the directions have different keys");
    const other = (await bob.agree(alice.public, "another stream", false))!;
    assert(!await opens(sender, other));
  });
}

Deno.test("who changes the ciphers of a public key on its way gets no stream; nor is there one without a common cipher", async () => {
  const [alice, bob] = [await freshFileKey(here), await freshFileKey(here)];
  const sender = (await alice.agree(bob.public, "stream", true))!;
  const bare = alice.public.split(",")[0]!;
  for (const changed of [bare, `${bare},${AES}:1`, alice.public.replace(/\d+$/, "1")]) {
    const receiver = await bob.agree(changed, "stream", false);
    assert(receiver);
    assertEquals(await opens(sender, receiver!), changed === alice.public, changed);
  }
  assertEquals(await bob.agree(`${bare},rot13:9000`, "stream", false), undefined);
  assertEquals(await bob.agree(`${"A".repeat(43)},${AES}:1`, "stream", false), undefined, "a point of small order");
});

/** Whether one side opens what the other seals. */
async function opens(by: FileKeys, at: FileKeys): Promise<boolean> {
  const box = new Uint8Array(3 + TAG_BYTES);
  await by.ours.seal(0, 4, Uint8Array.of(1, 2, 3), box);
  return await at.theirs.open(0, 4, box) !== undefined;
}
