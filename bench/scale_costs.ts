import { delay } from "@std/async/delay";
import { Elsewhere } from "../lib/chat/elsewhere.ts";
import { jetStreamExchange } from "../lib/exchange/makers/jetstream.ts";
import { parseNatsAddress } from "../lib/exchange/makers/nats_address.ts";
import { openNats } from "../lib/exchange/makers/nats_connection.ts";
import { decodeNotice, encodeNotice, type ServerNotice } from "../lib/exchange/messages.ts";
import { HeardPeople, OwnPeople } from "../lib/exchange/people.ts";
import { Fault } from "../lib/core/errors.ts";
import { NativeUser } from "./native_load.ts";
import { startNats } from "./peers/across.ts";
import { startOurs } from "./peers/ours.ts";
import { cpuMs, type Running } from "./process.ts";
import type { Costs } from "./scale_simulation.ts";
import { PASSWORD, POUR, type Tally } from "./traffic.ts";

const WARM_UP_MS = 3000;
const WINDOW_MS = 5000;
/** Between two writes of `POUR` messages: some 800 messages a second, which no part of it fills. */
const PAUSE_MS = 20;
const RECEIVERS = 20;
const READERS = 8;

interface Lab {
  readonly nats: { readonly running: Running; readonly port: number };
  readonly one: Running;
  readonly other: Running;
  readonly sender: NativeUser;
  readonly first: NativeUser;
  readonly otherPort: number;
}

interface Sample {
  readonly messages: number;
  readonly own: { readonly process: number; readonly mainThread: number };
  readonly other: { readonly process: number; readonly mainThread: number };
  readonly nats: number;
  /** That the exchange keeps of them. */
  readonly bytes: number;
}

async function withLab<T>(act: (lab: Lab) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "partyline-scale-" });
  const running: Running[] = [];
  try {
    const users = (first: number, count: number) =>
      Array.from({ length: count }, (_, i) => `u${first + i} ${PASSWORD}\n`).join("");
    await Deno.writeTextFile(`${folder}/one.txt`, users(0, 1));
    await Deno.writeTextFile(`${folder}/other.txt`, users(1, RECEIVERS + 1));
    const nats = await startNats(folder);
    running.push(nats.running);
    const exchange = (name: string) => ["--exchange", `nats://127.0.0.1:${nats.port}`, "--name", name, "--data", name];
    const one = await startOurs(folder, `${folder}/one.txt`, "im", exchange("one"));
    running.push(one.running);
    const other = await startOurs(folder, `${folder}/other.txt`, "im", exchange("other"));
    running.push(other.running);
    const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
    const sender = await NativeUser.login(one.port, "u0", tally);
    const first = await NativeUser.login(other.port, "u1", tally);
    const result = await act({
      nats,
      one: one.running,
      other: other.running,
      sender,
      first,
      otherPort: other.port,
    });
    sender.leave();
    first.leave();
    return result;
  } finally {
    for (const each of running.reverse()) await each.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the processes take while the sender says messages. */
async function sample({ nats, one, other, sender, first }: Lab): Promise<Sample> {
  const say = async (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; await delay(PAUSE_MS)) {
      await sender.say('"room":"lobby"', POUR);
    }
  };
  await say(WARM_UP_MS);
  const now = () => ({
    messages: first.received,
    one: cpuMs(one.pid)!,
    other: cpuMs(other.pid)!,
    nats: cpuMs(nats.running.pid)!,
  });
  const bytesBefore = await keptBytes(nats.port);
  const before = now();
  await say(WINDOW_MS);
  const after = now();
  const since = (part: "one" | "other") => ({
    process: after[part].process - before[part].process,
    mainThread: after[part].mainThread - before[part].mainThread,
  });
  return {
    messages: after.messages - before.messages,
    own: since("one"),
    other: since("other"),
    nats: after.nats.process - before.nats.process,
    bytes: await keptBytes(nats.port) - bytesBefore,
  };
}

/** The costs on this machine with so many people at a server: more people and more readers tell what each of them adds. */
export async function measureCosts(people: number): Promise<Costs> {
  return await withLab(async (lab) => {
    const plain = await sample(lab);
    const address = parseNatsAddress(`nats://127.0.0.1:${lab.nats.port}`);
    const readers = Array.from({ length: READERS }, (_, i) => {
      const port = jetStreamExchange(`reader${i}`, {
        address,
        login: undefined,
        authority: undefined,
        name: `reader${i}`,
      });
      port.onEvent = (event) => {
        if (event.type === "connected") port.execute({ type: "read", after: event.last });
        if (event.type === "connected") port.execute({ type: "take", count: 1000 });
        if (event.type === "entry") port.execute({ type: "take", count: 1 });
      };
      return port;
    });
    await delay(1000);
    const read = await sample(lab);
    for (const reader of readers) await reader.close();
    const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
    const receivers: NativeUser[] = [];
    for (let i = 2; i < RECEIVERS + 2; i++) receivers.push(await NativeUser.login(lab.otherPort, `u${i}`, tally));
    const told = await sample(lab);
    for (const user of receivers) user.leave();
    const per = (ms: number, { messages }: Sample) => ms * 1000 / messages;
    const given = Math.max(0, (per(read.nats, read) - per(plain.nats, plain)) / READERS);
    const toldEach = Math.max(0, (per(told.other.process, told) - per(plain.other.process, plain)) / RECEIVERS);
    return {
      own: per(plain.own.process, plain),
      ownMain: per(plain.own.mainThread, plain),
      other: per(plain.other.process, plain),
      otherMain: per(plain.other.mainThread, plain),
      told: toldEach,
      published: Math.max(0, per(plain.nats, plain) - 2 * given),
      given,
      messageBytes: plain.bytes / plain.messages,
      ...noticeCosts(people),
    };
  });
}

/** The bytes that the exchange keeps. */
async function keptBytes(port: number): Promise<number> {
  const address = parseNatsAddress(`nats://127.0.0.1:${port}`);
  const { connection, manager } = await openNats({ address, login: undefined, authority: undefined, name: "scale" });
  const { state } = await manager.streams.info("PL_SAID");
  await connection.close();
  return state.bytes;
}

/** What it takes to read that one of so many people at a server has gone, and that another has come. */
function noticeCosts(people: number): Pick<Costs, "notice" | "noticeBytes"> {
  const server = "0123456789abcdef0123456789abcdef";
  const rounds = 300;
  const all = Array.from({ length: people + rounds }, (_, i) => ({ name: `student${i}`, isHandout: i % 2 === 0 }));
  const own = new OwnPeople(0);
  const [first, ...changes] = Array.from({ length: rounds }, (_, i) => own.replace(all.slice(i, i + people)));
  const heard = new HeardPeople();
  const elsewhere = new Elsewhere();
  const take = (bytes: Uint8Array) => {
    const read = decodeNotice(bytes);
    if (read instanceof Fault) throw read;
    const { notice } = read;
    const now = notice.type === "people"
      ? heard.part(notice)
      : notice.type === "peopleChanged"
      ? heard.changed(notice)
      : undefined;
    if (now) elsewhere.replace(server, now);
  };
  const encoded = (notices: readonly ServerNotice[]) => notices.map((notice) => encodeNotice(server, notice));
  for (const bytes of encoded(first!)) take(bytes);
  const notices = changes.flatMap(encoded);
  const before = cpuMs(Deno.pid)!.mainThread;
  for (const bytes of notices) take(bytes);
  const micros = (cpuMs(Deno.pid)!.mainThread - before) * 1000;
  return { notice: micros / notices.length, noticeBytes: notices.at(-1)!.length };
}
