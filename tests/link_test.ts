import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeBase64 } from "../lib/core/bytes.ts";
import { Fault, UserError } from "../lib/core/errors.ts";
import { EXCHANGE_BYTES, EXCHANGE_WAITING_BYTES, LINK_LOG_BYTES } from "../lib/core/limits.ts";
import { encodeText } from "../lib/core/text.ts";
import type { ExchangeCommand } from "../lib/exchange/exchange.ts";
import { linkExchange } from "../lib/exchange/makers/link_client.ts";
import { decodeCommand, encodeCommand, encodeFrame, FrameDecoder } from "../lib/exchange/makers/link_frames.ts";
import { LinkLog, LinkMember } from "../lib/exchange/makers/link_log.ts";
import { GREETING } from "../lib/exchange/makers/link_proof.ts";
import { LinkServer } from "../lib/exchange/makers/link_server.ts";
import { TlsTerminator } from "../lib/net/tls_terminator.ts";
import { derOf, ownCertificate, SERVER_NAME } from "../lib/store/certificate.ts";
import { nextLinkEpoch, ownLinkSecret, readLinkSecret } from "../lib/store/link_files.ts";
import { Member } from "./support/exchange_member.ts";
import { Folder } from "./support/programs.ts";

const commands: fc.Arbitrary<ExchangeCommand> = fc.oneof(
  fc.record({ type: fc.constant("read" as const), after: fc.nat() }),
  fc.record({ type: fc.constant("take" as const), count: fc.nat() }),
  fc.record({ type: fc.constant("publish" as const), id: fc.string({ maxLength: 99 }), bytes: fc.uint8Array() }),
  fc.record({
    type: fc.constant("send" as const),
    to: fc.option(fc.string({ maxLength: 64 }), { nil: undefined }),
    bytes: fc.uint8Array(),
  }),
);

Deno.test("commands come out of any pieces of their bytes as they were", () => {
  fc.assert(fc.property(fc.array(commands), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (given, sizes) => {
    const wire = given.flatMap((command) => [...encodeCommand(command)]);
    const decoder = new FrameDecoder();
    const found: (ExchangeCommand | Fault)[] = [];
    for (let at = 0; at < wire.length;) {
      const size = sizes.next().value!;
      decoder.push(Uint8Array.from(wire.slice(at, at += size)));
      for (let frame = decoder.next(); frame; frame = decoder.next()) {
        found.push(frame instanceof Fault ? frame : decodeCommand(frame));
      }
    }
    assertEquals(found, given);
  }));
});

Deno.test("any bytes are frames or a fault, after which there is nothing; a long frame is refused by its first bytes", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array()), (pieces) => {
    const decoder = new FrameDecoder();
    let faults = 0;
    for (const piece of pieces) {
      decoder.push(piece);
      for (let frame = decoder.next(); frame; frame = decoder.next()) {
        assertEquals(faults, 0);
        if (frame instanceof Fault) faults++;
      }
    }
  }));
  const decoder = new FrameDecoder();
  decoder.push(encodeFrame({}, new Uint8Array(EXCHANGE_BYTES + 1)).subarray(0, 8));
  assertEquals((decoder.next() as Fault).kind, "too long");
});

Deno.test("the log drops its oldest entries at its bound, and a member that was not told of them reads on after them", () => {
  const log = new LinkLog(1, 10_000);
  const member = new LinkMember(log, "one", () => {});
  const other = new LinkMember(log, "two", () => {});
  other.execute({ type: "read", after: 0 });
  other.execute({ type: "take", count: 1000 });
  for (let i = 0; i < 100; i++) member.execute({ type: "publish", id: `${i}`, bytes: new Uint8Array(936) });
  assertEquals([log.first, log.last], [91, 100]);
  const places = Array.from({ length: 11 }, () => other.next()).map((event) => event?.type === "entry" && event.place);
  assertEquals(places, [91, 92, 93, 94, 95, 96, 97, 98, 99, 100, false]);
});

Deno.test("messages for a member that takes none are lost beyond their bound", () => {
  const log = new LinkLog(1, 10_000);
  const [one, two] = [new LinkMember(log, "one", () => {}), new LinkMember(log, "two", () => {})];
  const bytes = new Uint8Array(EXCHANGE_BYTES);
  const most = Math.floor(EXCHANGE_WAITING_BYTES / bytes.length);
  for (let i = 0; i < most + 5; i++) one.execute({ type: "send", to: "two", bytes });
  for (let i = 0; i < most; i++) assertEquals(two.next()?.type, "message");
  assertEquals(two.next(), undefined);
});

Deno.test("the keeper's files: a secret that is made once, and epochs that grow though the clock does not", () => {
  using folder = new Folder();
  const { path, secret } = ownLinkSecret(folder.path);
  assertMatch(secret, /^[\w+/]{32}$/);
  assertEquals([ownLinkSecret(folder.path).secret, readLinkSecret(path)], [secret, secret]);
  assertEquals([1000, 2000, 500].map((now) => nextLinkEpoch(folder.path, now)), [1000, 2000, 2001]);
  Deno.writeTextFileSync(path, "too short");
  const tooShort = `the secret in ${path} has 9 characters; 16 are the least`;
  for (const read of [() => ownLinkSecret(folder.path), () => readLinkSecret(path)]) {
    assertThrows(read, UserError, tooShort);
  }
});

Deno.test("a machine in between with a certificate of its own learns nothing, though it passes on all that is said", async () => {
  using keepers = new Folder();
  using others = new Folder();
  const [real, forged] = [keepers, others].map(({ path }) => ownCertificate(path, [], Date.now()));
  const { secret } = ownLinkSecret(keepers.path);
  const where = { hostname: "127.0.0.1", port: 0 };
  const keeper = new LinkServer({ where, certificate: real!, secret }, new LinkLog(1, LINK_LOG_BYTES));
  const between = Deno.listen(where);
  const inside = new TlsTerminator(forged!, 10_000);
  const passed = pass(between, inside, forged!.cert, real!.cert, keeper.address.port);
  await using member = new Member("one", linkExchange("one", between.addr as Deno.NetAddr, secret));
  assertMatch((await member.heard("unreachable")).why, /it has another secret$/);
  await member.port.close();
  between.close();
  inside.close();
  await passed;
  await keeper.close();
});

/** Takes one connection, with a certificate of its own, and passes everything on between it and the keeper. */
async function pass(
  between: Deno.TcpListener,
  inside: TlsTerminator,
  own: string,
  real: string,
  port: number,
): Promise<void> {
  const outer = await between.accept();
  await outer.write(encodeText(`${GREETING}${encodeBase64(derOf(own))}\n`));
  const session = (await inside.open(outer))!;
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  const greeting = new Uint8Array(8192);
  await tcp.read(greeting);
  const conn = await Deno.startTls(tcp, { hostname: SERVER_NAME, caCerts: [real] });
  const one = conn.readable.pipeTo(session.conn.writable).catch(() => {});
  const other = session.conn.readable.pipeTo(conn.writable).catch(() => {});
  await Promise.all([one, other]);
  await session.finish();
}
