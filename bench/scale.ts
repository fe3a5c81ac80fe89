/**
 * `deno task scale [--people N] [--said N] [--room N] [--stay N]`: what several servers as one chat would cost with many people, from what
 * two real servers and a real nats-server cost here. It measures processor time, which other programs hardly change, then adds up
 * what each part would have to do a second. See docs/scale.md.
 */
import { delay } from "@std/async/delay";
import { parseArgs } from "@std/cli/parse-args";
import { jetStreamExchange } from "../lib/exchange/makers/jetstream.ts";
import { parseNatsAddress } from "../lib/exchange/makers/nats_address.ts";
import { decodeNotice, encodeNotice, type ServerNotice } from "../lib/exchange/messages.ts";
import { print } from "../lib/terminal/print.ts";
import { NativeUser } from "./native_load.ts";
import { missingNats, startNats } from "./peers/across.ts";
import { startOurs } from "./peers/ours.ts";
import { cpuMs, type Running } from "./process.ts";
import { PASSWORD, POUR, type Tally } from "./traffic.ts";

const WARM_UP_MS = 3000;
const WINDOW_MS = 5000;
/** Between two writes of `POUR` messages: some 800 messages a second, which no part of it fills. */
const PAUSE_MS = 20;
const RECEIVERS = 20;
const READERS = 8;

/** Microseconds of processor time for one message. */
interface Costs {
  /** At the server where it is said, its thread for the store included; and at another one. */
  readonly own: number;
  readonly other: number;
  /** Of that, what the main thread takes, which is one core at most. */
  readonly ownMain: number;
  readonly otherMain: number;
  /** For each user who is told of it. */
  readonly told: number;
  /** For NATS to take it, and to give it to one server. */
  readonly published: number;
  readonly given: number;
  /** For a server to read who is online at another one, for each of them; and the bytes that say so. */
  readonly person: number;
  readonly personBytes: number;
}

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
  };
}

/** The same with more people and more readers, to tell what each of them adds. */
async function measure(): Promise<Costs> {
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
    const people: NativeUser[] = [];
    for (let i = 2; i < RECEIVERS + 2; i++) people.push(await NativeUser.login(lab.otherPort, `u${i}`, tally));
    const told = await sample(lab);
    for (const user of people) user.leave();
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
      ...personCosts(),
    };
  });
}

/** What it takes to read a notice of who is online, which has every user of a server. */
function personCosts(): Pick<Costs, "person" | "personBytes"> {
  const people = Array.from({ length: 800 }, (_, i) => ({ name: `student${i}`, isHandout: i % 2 === 0 }));
  const notice: ServerNotice = { type: "people", version: 1, part: 0, parts: 1, people };
  const bytes = encodeNotice("0123456789abcdef0123456789abcdef", notice);
  const rounds = 300;
  for (let i = 0; i < rounds; i++) decodeNotice(bytes);
  const before = cpuMs(Deno.pid)!.mainThread;
  for (let i = 0; i < rounds; i++) decodeNotice(bytes);
  const micros = (cpuMs(Deno.pid)!.mainThread - before) * 1000;
  return { person: micros / rounds / people.length, personBytes: bytes.length / people.length };
}

/** A chat of many servers: how much is said, and how often people come and go. */
interface Load {
  readonly servers: number;
  /** At each server. */
  readonly people: number;
  /** Messages of each user a minute, to a room in which so many are online. */
  readonly said: number;
  readonly room: number;
  /** Minutes that a user stays. */
  readonly stay: number;
}

const SERVERS = [3, 10, 30, 100];
/** A server tells who is online at most so often: `PEOPLE_MS` of lib/chat/shared_chat.ts. */
const NOTICES_PER_SECOND = 5;

function rows({ servers, people, said, room, stay }: Load, costs: Costs): (readonly [string, number, string])[] {
  const messages = servers * people * said / 60;
  const own = messages / servers;
  const others = messages - own;
  const told = messages * room / servers;
  const notices = Math.min(NOTICES_PER_SECOND, people * 2 / (stay * 60));
  const read = (servers - 1) * notices * people;
  const core = (micros: number) => micros / 1e6;
  return [
    ["messages of all servers", messages, "a second"],
    ["a server: what its own people say", core(own * costs.ownMain), "cores, main thread"],
    ["a server: what the people of the others say", core(others * costs.otherMain), "cores, main thread"],
    ["a server: telling its people", core(told * costs.told), "cores, main thread"],
    ["a server: reading who is online at the others", core(read * costs.person), "cores, main thread"],
    [
      "a server: its store's thread",
      core(own * (costs.own - costs.ownMain) + others * (costs.other - costs.otherMain)),
      "cores",
    ],
    ["NATS: messages", core(messages * (costs.published + servers * costs.given)), "cores"],
    ["NATS: who is online, out of it", servers * read * costs.personBytes / 1e6, "MB a second"],
  ];
}

function shown(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2);
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, { string: ["people", "said", "room", "stay"] });
  const missing = await missingNats();
  if (missing !== undefined) {
    print(`${missing}\n`);
    Deno.exit(2);
  }
  const number = (name: string, usual: number) => flags[name] === undefined ? usual : Number(flags[name]);
  const [people, said] = [number("people", 1000), number("said", 1)];
  const [room, stay] = [number("room", 50), number("stay", 60)];
  const costs = await measure();
  print("measured here: µs of processor time for a message\n");
  for (const [name, value] of Object.entries(costs)) print(`  ${name.padEnd(12)} ${value.toFixed(2)}\n`);
  print(
    `\n${people} people at each server, ${said} messages of each a minute, ${room} online in a room, ${stay} minutes\n`,
  );
  const columns = SERVERS.map((servers) => rows({ servers, people, said, room, stay }, costs));
  print(`${"servers".padEnd(48)}${SERVERS.map((servers) => `${servers}`.padStart(9)).join("")}\n`);
  for (const [index, [name, , unit]] of columns[0]!.entries()) {
    const values = columns.map((column) => shown(column[index]![1]).padStart(9));
    print(`${name.padEnd(48)}${values.join("")}  ${unit}\n`);
  }
}
