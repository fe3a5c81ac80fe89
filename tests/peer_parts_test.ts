import { assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { Groups } from "../lib/peers/groups.ts";
import type { Membership } from "../lib/peers/membership.ts";
import { MessageQueue } from "../lib/peers/message_queue.ts";
import { peerOptions } from "../lib/peers/options.ts";
import { Outputs } from "../lib/core/machine.ts";
import type { CryptographyAnswer, LinkKeys } from "../lib/peers/cryptography.ts";
import { DatagramLink } from "../lib/protocols/datagram/link.ts";
import { datagramOptions } from "../lib/protocols/datagram/options.ts";
import { readId } from "../lib/protocols/datagram/packet.ts";
import type { SendOutput } from "../lib/protocols/datagram/packet.ts";
import { PeerKeys } from "../lib/store/peer_keys.ts";
import { linkedPeers, unknownKey } from "./support/linked_peers.ts";

// Keys, by RFC 7748's alice and bob, and two more for the link.

const LINK = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const ALICE = pkcs8("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
const BOB = pkcs8("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
const ALICE_FRESH = pkcs8("11".repeat(32));
const BOB_FRESH = pkcs8("22".repeat(32));

/** A secret half as it stands in a file. */
function pkcs8(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(`302e020100300506032b656e04220420${secret}`, "hex"));
}

function secretOf(bytes: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(bytes), format: "der", type: "pkcs8" });
}

function publicOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { x } = createPublicKey(secretOf(bytes)).export({ format: "jwk" });
  return new Uint8Array(Buffer.from(x!, "base64url"));
}

/** Somebody who has these secret halves. */
async function person(secret: Uint8Array, fresh: Uint8Array<ArrayBuffer>) {
  const folder = Deno.makeTempDirSync();
  const kept = { public: encodeBase64(publicOf(secret)), private: encodeBase64(secret) };
  Deno.writeTextFileSync(join(folder, "peer_key.json"), JSON.stringify(kept));
  const keys = await PeerKeys.open(folder);
  Deno.removeSync(folder, { recursive: true });
  const half = await crypto.subtle.importKey("pkcs8", fresh, { name: "X25519" }, false, ["deriveBits"]);
  return { keys, fresh: { public: publicOf(fresh), private: half } };
}

type Somebody = Awaited<ReturnType<typeof person>>;

async function agree(
  us: Somebody,
  them: Somebody,
  names: { ours: string; theirs: string },
  link = LINK,
): Promise<Agreed> {
  const theirs = { key: them.keys.key, fresh: them.fresh.public };
  const id = readId(link, 0);
  const address = { hostname: "10.0.0.1", port: 1 };
  const datagrams = new DatagramLink(id, address, new Outputs<SendOutput>(), new Set(), datagramOptions(), 0);
  const answer = await us.keys.answer({ type: "agree", link: datagrams, own: us.fresh, theirs, names });
  return { us, link: datagrams, keys: (answer as Answer<"agreed">).keys! };
}

type Answer<Type extends CryptographyAnswer["type"]> = Extract<CryptographyAnswer, { type: Type }>;

interface Agreed {
  readonly us: Somebody;
  readonly link: DatagramLink;
  readonly keys: LinkKeys;
}

async function seal({ us, link, keys }: Agreed, n: number, text: string): Promise<Uint8Array> {
  const answer = await us.keys.answer({ type: "seal", link, keys, n, text: new TextEncoder().encode(text) });
  return (answer as Answer<"sealed">).box;
}

async function open({ us, link, keys }: Agreed, n: number, box: Uint8Array): Promise<string | undefined> {
  const { text } = await us.keys.answer({ type: "open", link, keys, n, box }) as Answer<"opened">;
  return text && new TextDecoder().decode(text);
}

/** An independent implementation of the keys and sealing in docs/protocols/peers.md: the box that `from` makes. */
function expected(fromAlice: boolean, n: number, text: string, link = LINK): Uint8Array {
  const shared = (secret: Uint8Array, theirs: Uint8Array) =>
    diffieHellman({ privateKey: secretOf(secret), publicKey: createPublicKey(secretOf(theirs)) });
  // Whose fresh key is lower is the first.
  const isAliceFirst = Buffer.compare(publicOf(ALICE_FRESH), publicOf(BOB_FRESH)) < 0;
  const sides = [[ALICE, ALICE_FRESH, "alice"], [BOB, BOB_FRESH, "bob"]] as const;
  const [first, second] = isAliceFirst ? [sides[0], sides[1]] : [sides[1], sides[0]];
  const secrets = Buffer.concat([
    shared(first[1], second[1]),
    shared(first[0], second[1]),
    shared(first[1], second[0]),
  ]);
  const info = Buffer.concat([
    Buffer.from("partyline peer 1"),
    ...[first[0], first[1], second[0], second[1]].map(publicOf),
    Buffer.from(`${first[2]}\0${second[2]}`),
  ]);
  const bytes = Buffer.from(hkdfSync("sha256", secrets, link, info, 64));
  const key = fromAlice === isAliceFirst ? bytes.subarray(0, 32) : bytes.subarray(32);
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(n), 4);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return new Uint8Array(Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]));
}

Deno.test("alice and bob have known keys: their boxes are those that the protocol says, byte for byte, in both directions", async () => {
  const [alice, bob] = [await person(ALICE, ALICE_FRESH), await person(BOB, BOB_FRESH)];
  const known = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
  assertEquals(Buffer.from(alice.keys.key).toString("hex"), known);
  const ofAlice = await agree(alice, bob, { ours: "alice", theirs: "bob" });
  const ofBob = await agree(bob, alice, { ours: "bob", theirs: "alice" });
  for (const n of [0, 1, 2, 255, 2 ** 32, 2 ** 40 + 7]) {
    const [there, back] = [await seal(ofAlice, n, `hello ${n}`), await seal(ofBob, n, "")];
    assertEquals(there, expected(true, n, `hello ${n}`));
    assertEquals(back, expected(false, n, ""));
    assertEquals([await open(ofBob, n, there), await open(ofAlice, n, back)], [`hello ${n}`, ""]);
  }
});

Deno.test("a box opens under its own number, on its own link, between its own names, and not when it is changed", async () => {
  const [alice, bob] = [await person(ALICE, ALICE_FRESH), await person(BOB, BOB_FRESH)];
  const names = { ours: "bob", theirs: "alice" };
  const box = await seal(await agree(alice, bob, { ours: "alice", theirs: "bob" }), 1, "hello");
  assertEquals(await open(await agree(bob, alice, names), 1, box), "hello");
  assertEquals(await open(await agree(bob, alice, names), 0, box), undefined);
  assertEquals(await open(await agree(bob, alice, names), 2, box), undefined);
  assertEquals(await open(await agree(bob, alice, names, LINK.toReversed()), 1, box), undefined);
  assertEquals(await open(await agree(bob, alice, { ...names, theirs: "alic3" }), 1, box), undefined);
  assertEquals(await open(await agree(bob, alice, { ...names, ours: "b0b" }), 1, box), undefined);
  assertEquals(await open(await agree(alice, bob, { ours: "alice", theirs: "bob" }), 1, box), undefined);
  for (let i = 0; i < box.length; i++) {
    const changed = box.with(i, box[i]! ^ 1);
    assertEquals(await open(await agree(bob, alice, names), 1, changed), undefined);
  }
});

// Mail.

const texts = (mail: MessageQueue) => mail.all().map(({ n }) => n);

function mailOf(count: number, limits = peerOptions().limits): MessageQueue {
  const mail = new MessageQueue(limits);
  for (let n = 1; n <= count; n++) mail.push(letter(n));
  return mail;
}

function letter(n: number, text = "x") {
  return { n, to: "K", name: "bob", group: undefined, text, time: 0 };
}

function send(mail: MessageQueue, most = Infinity): number[] {
  const sent: number[] = [];
  for (let message; sent.length < most && (message = mail.next());) sent.push(message.n);
  return sent;
}

Deno.test("mail: what was not sent on this link has not arrived, whatever number is said", () => {
  const mail = mailOf(3);
  assertEquals(mail.arrived(3), []);
  assertEquals(send(mail, 1), [1]);
  assertEquals([mail.arrived(3).map(({ n }) => n), texts(mail)], [[1], [2, 3]]);
  assertEquals(send(mail), [2, 3]);
  mail.linkLost();
  assertEquals(mail.arrived(3), []);
  assertEquals(send(mail), [2, 3]);
  assertEquals([mail.arrived(2).map(({ n }) => n), mail.arrived(2), mail.size], [[2], [], 1]);
});

Deno.test("mail: what has arrived is forgotten in between, and the next to be sent stays the next", () => {
  const mail = mailOf(600);
  assertEquals(send(mail, 400).at(-1), 400);
  // More than half of it.
  assertEquals(mail.arrived(350).length, 350);
  assertEquals([mail.size, send(mail, 1)], [250, [401]]);
  assertEquals(mail.arrived(401).map(({ n }) => n), Array.from({ length: 51 }, (_, i) => 351 + i));
  assertEquals([send(mail).length, mail.arrived(600).length, mail.size], [199, 199, 0]);
});

Deno.test("mail: so much is under way, and no more waits; what is given up makes room", () => {
  const limits = { ...peerOptions().limits, inFlightMessages: 3, waitingMessages: 5 };
  const mail = mailOf(5, limits);
  assertEquals(mail.full("x"), "5 messages are waiting already, the most that are kept for one person");
  assertEquals(send(mail), [1, 2, 3]);
  assertEquals([mail.sent(2)!.n, mail.sent(4)], [2, undefined]);
  mail.remove(mail.sent(2)!);
  assertEquals([mail.full("x"), send(mail)], [undefined, [4]]);
  const few = mailOf(2, { ...limits, inFlightCharacters: 1, waitingCharacters: 3 });
  assertEquals([few.full("x"), few.full("xx")], [
    undefined,
    "3 characters are waiting already, the most that are kept for one person",
  ]);
  assertEquals([send(few), few.arrived(1).length, send(few)], [[1], 1, [2]]);
});

Deno.test("mail: whatever is said, sent, confirmed, refused and parted, each is sent in its order and leaves once", () => {
  const step = fc.oneof(
    fc.constant({ act: "push" as const, n: 0 }),
    fc.record({ act: fc.constantFrom("next" as const, "got" as const, "no" as const), n: fc.nat(40) }),
    fc.constant({ act: "parted" as const, n: 0 }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const mail = new MessageQueue(peerOptions().limits);
    // The same by a list and a number.
    let [waiting, unsent, last]: [number[], number, number] = [[], 0, 0];
    for (const { act, n } of steps) {
      if (act === "push") {
        waiting.push(++last);
        mail.push(letter(last));
      } else if (act === "next") {
        assertEquals(mail.next()?.n, waiting[unsent]);
        unsent = Math.min(unsent + 1, waiting.length);
      } else if (act === "got") {
        const arrived = waiting.slice(0, unsent).filter((each) => each <= n);
        assertEquals(mail.arrived(n).map((each) => each.n), arrived);
        waiting = waiting.slice(arrived.length);
        unsent -= arrived.length;
      } else if (act === "no") {
        const at = waiting.slice(0, unsent).indexOf(n);
        const refused = mail.sent(n);
        assertEquals(refused?.n, at < 0 ? undefined : n);
        if (refused) mail.remove(refused);
        if (at < 0) continue;
        waiting.splice(at, 1);
        unsent--;
      } else {
        mail.linkLost();
        unsent = 0;
      }
      assertEquals(texts(mail), waiting);
    }
  }));
});

// Groups.

const SELF = { key: unknownKey(1), name: "alice" };

function entry(fields: Partial<Membership>): Membership {
  return { group: "lab", key: unknownKey(2), name: "bob", version: 1, in: true, ...fields };
}

Deno.test("groups: whoever has heard the same, in whatever order and how often, knows the same and has one number for it", () => {
  const heard = fc.array(fc.record({
    group: fc.constantFrom("lab", "lunch"),
    key: fc.constantFrom(unknownKey(2), unknownKey(3), unknownKey(4)),
    name: fc.constant("x"),
    version: fc.integer({ min: 1, max: 4 }),
    in: fc.boolean(),
  }));
  fc.assert(fc.property(heard, fc.array(fc.nat()), (entries, shuffle) => {
    const [one, other] = [new Groups(SELF, peerOptions().limits), new Groups(SELF, peerOptions().limits)];
    one.merge(entries);
    const again = entries.map((each, i) => [shuffle[i] ?? 0, each] as const).sort(([a], [b]) => a - b);
    for (const [, each] of again) other.merge([each]);
    other.merge(entries);
    assertEquals(other.sum, one.sum);
    for (const group of ["lab", "lunch"]) {
      assertEquals(
        new Set(other.members(group).map(({ key }) => key)),
        new Set(one.members(group).map(({ key }) => key)),
      );
    }
  }));
});

Deno.test("groups: another picture has another number", () => {
  const sums = [
    entry({}),
    entry({ version: 2 }),
    entry({ in: false }),
    entry({ group: "lunch" }),
    entry({ key: unknownKey(3) }),
  ].map((each) => {
    const groups = new Groups(SELF, peerOptions().limits);
    groups.merge([each]);
    return groups.sum;
  });
  assertEquals(new Set(sums).size, sums.length);
  const groups = new Groups(SELF, peerOptions().limits);
  groups.merge([entry({})]);
  assertNotEquals(groups.sum, 0);
});

Deno.test("groups: a later version is right, of two of one version who has left; the past changes nothing", () => {
  const groups = new Groups(SELF, peerOptions().limits);
  const changed = (fields: Partial<Membership>) => groups.merge([entry(fields)]).changed.length;
  assertEquals([changed({ version: 3 }), changed({ version: 3 }), groups.isIn("lab", unknownKey(2))], [1, 0, true]);
  assertEquals([changed({ version: 2, in: false }), changed({ version: 3, in: false })], [0, 1]);
  assertEquals([changed({ version: 3 }), changed({ version: 4 })], [0, 1]);
});

Deno.test("groups: what others have wrong of us is said again, in a later version; a group that we were never in is passed over", () => {
  const groups = new Groups(SELF, peerOptions().limits);
  assertEquals(groups.enter("lab", true).version, 1);
  const mine = (version: number, isIn: boolean) => entry({ ...SELF, version, in: isIn });
  assertEquals(groups.merge([mine(1, true)]).wrong, []);
  assertEquals(groups.merge([mine(7, false)]).wrong, [mine(8, true)]);
  assertEquals(groups.merge([mine(5000, false)]).wrong, [mine(5001, true)]);
  assertEquals(groups.merge([entry({ ...SELF, group: "lunch", in: false })]), { changed: [], wrong: [] });
  assertEquals([groups.isIn("lab"), groups.own, groups.enter("lab", false).version], [true, 1, 5002]);
});

Deno.test("groups: so many are known, so many of one group; who is known already can still come and leave", () => {
  const groups = new Groups(SELF, { ...peerOptions().limits, memberships: 5, members: 3 });
  const many = Array.from({ length: 4 }, (_, i) => entry({ key: unknownKey(10 + i) }));
  assertEquals([groups.merge(many).changed.length, groups.refused], [3, 1]);
  assertEquals([groups.merge(many.map((each) => ({ ...each, group: "lunch" }))).changed.length, groups.refused], [
    2,
    3,
  ]);
  assertEquals(groups.merge([entry({ key: unknownKey(10), version: 2, in: false })]).changed.length, 1);
});

Deno.test("programs tell each other what is not for people: while they are linked, and only those with keys", async () => {
  const [world, alice, bob] = await linkedPeers("alice", "bob");
  const signal = (to: string) => alice.do((now) => alice.peer.signal(to, "psst", now));
  assertEquals(signal("bob"), true);
  await world.pass(1000);
  assertEquals(bob.signals, [`alice at ${alice.place.hostname}: psst`]);
  assertEquals(bob.heard, []);
  assertEquals([signal("nobody"), signal("alice")], [false, false]);
  bob.crash();
  await world.pass(60_000);
  assertEquals(signal("bob"), false);
});
