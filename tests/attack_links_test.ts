import { assert, assertEquals } from "@std/assert";
import { limits } from "../lib/core/limits.ts";
import { Message } from "../lib/chat/event.ts";
import { LB } from "../lib/protocols/im/lines.ts";
import { IM_PROTOCOL } from "../lib/protocols/im/server.ts";
import { MAILBOX_PROTOCOL } from "../lib/protocols/native/server.ts";
import type { Session } from "../lib/protocols/session.ts";
import { Folder, Running, SOURCES } from "./support/programs.ts";
import { RawClient, RECEIPT } from "./support/test_server.ts";

const LIMITS = limits({ burstCommands: 10, commandsPerSecond: 10 });
const FACTS = { peer: { hostname: "10.0.0.1", port: 1 }, registers: false };
const bytes = (text: string) => new TextEncoder().encode(text);

/** An IM session in the chat, with its Lb connected. */
function chatting(): Session {
  const session = IM_PROTOCOL.openSession(FACTS, LIMITS, 0);
  session.receive(0, bytes("/login a 1\n"), 0);
  session.event({ type: "welcome", name: "a" }, 0, 0);
  session.receive(0, bytes("/port 1\n"), 0);
  session.dialed(LB, "connected", 0);
  session.takeOutputs();
  return session;
}

/** How many bytes a session reads of a link on which as much comes as it takes, in pieces. */
function readWithin(session: Session, link: number, piece: Uint8Array, ms: number): number {
  let read = 0;
  for (let now = 0; now < ms; now++) {
    if (session.wakeAt <= now) session.tick(now);
    for (; session.hungry(link) && read < 1e7; read += piece.length) session.receive(link, piece, now);
    session.takeOutputs();
  }
  return read;
}

Deno.test("what comes unasked on Lb is read at the rate of commands, whatever it is and however it is cut", () => {
  const most = LIMITS.burstCommands + LIMITS.commandsPerSecond * 10 + 1;
  for (const text of [RECEIPT, "\n", "x", "\0", `${RECEIPT}${RECEIPT}`, "302 \n".repeat(100)]) {
    const session = chatting();
    const read = readWithin(session, LB, bytes(text), 10_000);
    const commands = (read / text.length) * Math.ceil(text.length / 34);
    // The last piece may cost more than was left.
    assert(commands >= most - 20 && commands <= most + Math.ceil(text.length / 34), `${JSON.stringify(text)} ${read}`);
    assert(session.hungry(0), "La is not affected");
  }
});

Deno.test("the receipt of the message in flight is free: a session can confirm messages at any rate", () => {
  const session = chatting();
  for (let id = 1; id <= 1000; id++) {
    session.event(new Message(id, "b", "one", "hello"), 0, 0);
    assert(session.hungry(LB));
    session.receive(LB, bytes(RECEIPT), 0);
    const confirmed = session.takeOutputs().filter((output) => output.type === "command");
    assertEquals(confirmed, [{ type: "command", command: { type: "taken", id } }]);
  }
});

Deno.test("acknowledgements are free for entries that were told, and count as requests beyond that", () => {
  const session = MAILBOX_PROTOCOL.openSession(FACTS, LIMITS, 0);
  session.event({ type: "welcome", name: "a" }, 0, 0);
  const read = readWithin(session, 0, bytes('{"type":"ack","seq":1}'), 10_000);
  const waiting = 64;
  const most = LIMITS.burstCommands + LIMITS.commandsPerSecond * 10 + waiting + 1;
  assert(read / 22 <= most, `${read / 22} of ${most}`);
});

/** The times of so many `/list`, one after the other. */
async function timesOf(client: RawClient, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await client.la.ask("/list");
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
}

Deno.test("a flood on Lb does not slow others down", async () => {
  using folder = new Folder();
  const users = folder.write("users.txt", `idle 1\n${[0, 1, 2, 3].map((round) => `flood${round} 1\n`).join("")}`);
  await using server = new Running(SOURCES, "server", ["0", users, "--host", "127.0.0.1"], folder.path);
  const port = Number((await server.printed(/^im listening on \S+:(\d+)\n/))[1]);
  using idle = await RawClient.open(port);
  await idle.login("idle", "1");
  await timesOf(idle, 300);
  const piece = bytes("x\n".repeat(32 * 1024));
  const median = (times: number[]) => times[Math.floor(times.length / 2)]!;
  const found: string[] = [];
  let isSlow = true;
  // Other programs may take the machine during the one time and not the other, but not again and again.
  for (let round = 0; isSlow && round < 4; round++) {
    const before = median(await timesOf(idle, 300));
    using attacker = await RawClient.open(port);
    await attacker.login(`flood${round}`, "1");
    let ended = false;
    const flood = (async () => {
      try {
        for (;;) await attacker.lb.conn.write(piece);
      } catch { /* it is closed */ }
      ended = true;
    })();
    const during = median(await timesOf(idle, 300));
    assert(!ended, "the attacker is still there");
    attacker.close();
    await flood;
    found.push(`${before} ms before, ${during} ms during it`);
    isSlow = during >= 5 * before;
  }
  assert(!isSlow, found.join("; "));
});
