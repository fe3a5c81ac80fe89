import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeBase64, equals } from "../lib/core/bytes.ts";
import { offerText } from "../lib/protocols/transfer/offer.ts";
import { freshId } from "../lib/web/storage.ts";
import type { Person } from "./support/chromium.ts";
import { seededBytes } from "./support/file_bytes.ts";
import { type Json, RawNative } from "./support/native.ts";
import { pageTest } from "./support/page_stage.ts";

// Files between two pages in a real browser: straight, broken midway, without a connection, and with a hostile program.

const MB = 1_000_000;

/** What a test has the connections of a page between browsers do, and knows of them. */
interface Network {
  /** How many there were. */
  made: number;
  sent: number;
  /** All are closed once this much was sent. */
  cutAt: number;
  /** With this, a browser tells no address of its own. */
  policy: "all" | "relay";
  /** The descriptions of other browsers. */
  readonly remote: string[];
}

type Window = typeof globalThis & { network: Network };

/** Has the page load again, with connections between browsers that a test controls; the browser's own do the work. */
async function control({ page }: Person): Promise<void> {
  await page.addInitScript(`{
    const network = globalThis.network = { made: 0, sent: 0, cutAt: Infinity, policy: "all", remote: [] };
    const open = new Set();
    const Connection = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Connection {
      constructor() {
        super({ iceTransportPolicy: network.policy });
        network.made++;
        open.add(this);
      }
      setRemoteDescription(description) {
        network.remote.push(description.sdp);
        return super.setRemoteDescription(description);
      }
    };
    const { send } = RTCDataChannel.prototype;
    RTCDataChannel.prototype.send = function (data) {
      network.sent += data.byteLength;
      if (network.sent <= network.cutAt) send.call(this, data);
      else for (const each of open) each.close();
    };
  }`);
  await page.reload();
}

async function networkOf({ page }: Person): Promise<Network> {
  return await page.evaluate(() => (globalThis as Window).network);
}

/** Offers a file and accepts it; waits until it is saved. */
async function pass(from: Person, to: Person, name: string, length: number): Promise<void> {
  const bytes = new Uint8Array(seededBytes(length));
  await from.offer(name, bytes);
  const saved = to.page.waitForEvent("download");
  await to.page.getByRole("button", { name: `Accept ${name}` }).click();
  const found = await Deno.readFile(await (await saved).path());
  assert(equals(found, bytes), `${name} has ${found.length} bytes, of ${bytes.length}`);
}

pageTest(
  "a file between two pages goes straight; cut midway, or without a connection, by way of the server; the card says which way",
  async ({ enter, cable }) => {
    const [alice, bob] = [await enter("alice"), await enter("bob")];
    await control(alice);
    await alice.isIn("alice");
    await alice.go("bob");
    await bob.go("alice");

    let before = cable.bytes;
    await pass(alice, bob, "straight.bin", 3 * MB);
    await bob.sees("straight.bin", "received and verified, straight");
    await alice.sees("straight.bin", "received by bob, straight");
    // The script that transfers files, and signals.
    assert(cable.bytes - before < 300_000, `${cable.bytes - before} bytes passed the server`);

    // The other way too, with the roles exchanged.
    before = cable.bytes;
    await pass(bob, alice, "back.bin", MB);
    await alice.sees("back.bin", "received and verified, straight");
    assert(cable.bytes - before < 300_000, `${cable.bytes - before} bytes passed the server`);

    before = cable.bytes;
    await alice.page.evaluate(() => {
      const { network } = globalThis as Window;
      network.cutAt = network.sent + 4_000_000;
    });
    await pass(alice, bob, "cut.bin", 6 * MB);
    await bob.sees("cut.bin", "received and verified, partly by way of the server");
    await alice.sees("cut.bin", "received by bob, partly by way of the server");
    // In base64 what is relayed passes twice, to the server and from it; all of the file would be 16 MB.
    const passed = cable.bytes - before;
    assert(passed > 3 * MB && passed < 13 * MB, `${passed} bytes passed the server`);
    const { made } = await networkOf(alice);
    assertEquals(made, 3);

    // A later page of bob tries again, and meets a browser that tells none of its addresses.
    await alice.page.evaluate(() =>
      Object.assign((globalThis as Window).network, { cutAt: Infinity, policy: "relay" })
    );
    await bob.page.reload();
    await bob.isIn("bob");
    await bob.go("alice");
    await pass(alice, bob, "unreachable.bin", MB / 4);
    await bob.sees("unreachable.bin", "received and verified, by way of the server");
    await alice.sees("unreachable.bin", "received by bob, by way of the server");
    assertEquals((await networkOf(alice)).made, 4);

    // A browser in which it is turned off.
    await bob.page.addInitScript("delete globalThis.RTCPeerConnection");
    await bob.page.reload();
    await bob.isIn("bob");
    await bob.go("alice");
    await pass(alice, bob, "off.bin", MB / 4);
    await bob.sees("off.bin", "received and verified, by way of the server");
    assertEquals((await networkOf(alice)).made, 4);
  },
);

pageTest(
  "a hostile program that a page accepts a file from has its browser try no address of its choice, and no more than one connection",
  async ({ enter, server }) => {
    const alice = await enter("alice");
    await control(alice);
    await alice.isIn("alice");
    using mallory = await RawNative.resume(server, "bob");
    const digest = encodeBase64(new Uint8Array(32));
    const offer = { id: freshId(), name: "bait.bin", bytes: MB, files: undefined, digest };
    await mallory.say({ to: "alice" }, offerText(offer));
    await alice.go("bob");
    await alice.page.getByRole("button", { name: "Accept bait.bin" }).click();
    const want = await signalTo(mallory, "want");
    assertEquals([want.offer, want.at, want.rtc], [offer.id, [], true]);

    const rtc = {
      ufrag: "abcd",
      pwd: "abcdefghijklmnopqrstuv",
      fingerprint: Array(32).fill("AB").join(":"),
      at: ["203.0.113.9:4444", "router.example:4444", "10.0.0.1:80", "127.0.0.1:22", "10.9.8.7:4444"],
    };
    const come = { file: "come", transfer: want.transfer, token: freshId(), at: [], rtc };
    const malformed = [
      { ...rtc, ufrag: "abcd\r\na=candidate:1 1 udp 1 203.0.113.9 4444 typ host" },
      { ...rtc, pwd: "short" },
      { ...rtc, fingerprint: "AB" },
      { ...rtc, at: "10.9.8.7:4444" },
      "v=0",
      null,
    ];
    const signal = (text: string) => mallory.send({ type: "signal", to: "alice", text, at: true });
    for (const each of malformed) await signal(JSON.stringify({ ...come, rtc: each }));
    await signal(JSON.stringify({ ...come, rtc: { ...rtc, at: Array(2000).fill("10.9.8.6:4444") } }));
    assertMatch((await mallory.take()).why, /^a signal has at most 24576 bytes, found \d+$/);
    for (let i = 0; i < 100; i++) await signal(JSON.stringify(come));
    const answer = await signalTo(mallory, "answer");
    assertEquals(answer.transfer, want.transfer);
    // Nothing answers there: the page asks for the way through the server.
    assertEquals((await signalTo(mallory, "relay")).transfer, want.transfer);
    const { made, remote } = await networkOf(alice);
    assertEquals([made, remote.length], [1, 1]);
    assertEquals(remote[0]!.match(/candidate:.*/g), ["candidate:1 1 udp 2113937151 10.9.8.7 4444 typ host"]);
  },
);

/** The fields of the next signal of this kind. */
async function signalTo(native: RawNative, kind: string): Promise<Json> {
  for (;;) {
    const message = await native.take();
    const fields = message.type === "signal" ? JSON.parse(message.text) : {};
    if (fields.file === kind) return fields;
  }
}
