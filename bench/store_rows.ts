import { delay } from "@std/async/delay";
import { LOBBY } from "../lib/chat/names.ts";
import type { Write } from "../lib/chat/store.ts";
import { ChatStore } from "../lib/store/chat_store.ts";
import { medianFigure, type Plan, quantile, withPeer } from "./measure.ts";
import { NativeUser } from "./native_load.ts";
import { native } from "./peers/ours.ts";
import { residentKb } from "./process.ts";
import { type Row, row } from "./row.ts";
import { TEXT } from "./traffic.ts";

/** So many conversations that a million messages leave each room within the messages that are kept of it. */
const [USERS, ROOMS, CONVERSATIONS] = [50, 20, 120];
const ASKED = 200;
const encoder = new TextEncoder();

/** A server whose store holds many messages: its start, its memory, its answers, and what a message takes on the disk. */
export async function storeRows(plan: Plan, messages: number): Promise<Row[]> {
  const folder = await Deno.makeTempDir({ prefix: "partyline-bench-" });
  try {
    const file = `${folder}/partyline.db`;
    fillStore(file, messages).close();
    const size = (await Deno.stat(file)).size;
    const all: Awaited<ReturnType<typeof measureServer>>[] = [];
    for (let repeat = 0; repeat < plan.repeats; repeat++) all.push(await measureServer(plan, file));
    const count = messages.toLocaleString("en");
    const figure = (of: (each: typeof all[number]) => number) => ({
      native: medianFigure(all.map((each) => ({ value: of(each) }))),
    });
    const slowest = [`p99 of ${ASKED}, over the wire`];
    return [
      row(`start with ${count} messages kept`, "ms", figure(({ startMs }) => startMs), { own: "native", below: 1000 }, [
        "deno run; to the first open port",
      ]),
      row(`memory with ${count} messages kept`, "MB", figure(({ mb }) => mb), { own: "native", below: 120 }),
      row(`the last 100 of a conversation in ${count}`, "ms", figure(({ historyMs }) => historyMs), {
        own: "native",
        below: 20,
      }, slowest),
      row(`a search in ${count}`, "ms", figure(({ searchMs }) => searchMs), { own: "native", below: 20 }, [
        ...slowest,
        "two words that every message has",
      ]),
      row(
        "a kept message on the disk, besides its text",
        "bytes",
        {
          native: { value: size / messages - TEXT.length },
        },
        { own: "native", below: 120 },
        ["with all indexes, that of the words too"],
      ),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureServer(plan: Plan, file: string) {
  let startMs = NaN;
  const kind = {
    ...native,
    async start(folder: string, usersFile: string) {
      await Deno.mkdir(`${folder}/partyline-data`);
      await Deno.copyFile(file, `${folder}/partyline-data/partyline.db`);
      const before = performance.now();
      const peer = await native.start(folder, usersFile);
      startMs = performance.now() - before;
      return peer;
    },
  };
  return await withPeer(kind, USERS, async ({ port, running }) => {
    const user = await NativeUser.connect(port, "u1", { delivered: 0, acked: 0, errors: 0 });
    await user.ask(encoder.encode('{"type":"resume","client":"load","answered":0}\n'), '"type":"conversations"');
    await delay(plan.settleMs);
    const p99 = async (question: (ref: number) => string) => {
      const ms: number[] = [];
      for (let ref = 1; ref <= ASKED; ref++) {
        const before = performance.now();
        await user.ask(encoder.encode(`${question(ref)}\n`), '"more":');
        ms.push(performance.now() - before);
      }
      return quantile(ms, 0.99);
    };
    const historyMs = await p99((ref) => {
      const room = ref % ROOMS === 0 ? LOBBY : `room${1 + ref % ROOMS}`;
      return `{"type":"history","ref":${ref},"room":"${room}","limit":100}`;
    });
    const [one, two] = TEXT.replace(/[^a-z ]/gi, "").split(" ").slice(-2);
    const searchMs = await p99((ref) => `{"type":"search","ref":${ref},"words":"${one} ${two}"}`);
    const mb = (residentKb(running.pid) ?? NaN) / 1024;
    user.leave();
    return { startMs, historyMs, searchMs, mb };
  });
}

/** A store of private messages and messages in rooms among 50 users. */
export function fillStore(path: string, messages: number): ChatStore {
  const store = new ChatStore(path);
  const time = Date.now();
  const roster: Write[] = [];
  for (let id = 1; id <= USERS; id++) roster.push({ type: "user", id, name: `u${id}` });
  for (let id = 1; id <= ROOMS; id++) {
    roster.push({ type: "room", id, name: id === 1 ? LOBBY : `room${id}`, unlisted: false });
    for (let user = 1; user <= USERS; user++) roster.push({ type: "join", room: id, user, since: 0 });
  }
  for (let id = ROOMS + 1; id <= CONVERSATIONS; id++) {
    const one = 1 + id % USERS;
    roster.push({ type: "pair", id, users: [one, 1 + (one + 7 + Math.floor(id / USERS)) % USERS] });
  }
  for (let user = 1; user <= USERS; user++) roster.push({ type: "register", user, key: undefined, time });
  store.append({ writes: roster, last: 0, time });
  for (let last = 0; last < messages;) {
    const writes: Write[] = [];
    for (let i = 0; i < 10_000 && last < messages; i++) {
      const conversation = 1 + last % CONVERSATIONS;
      const from = conversation <= ROOMS ? 1 + last % USERS : 1 + conversation % USERS;
      const [seq, client, number] = [++last, `c${from}`, last];
      writes.push({
        type: "entry",
        kind: "message",
        seq,
        conversation,
        from,
        text: TEXT,
        time,
        of: undefined,
        client,
        number,
      });
    }
    store.append({ writes, last, time });
  }
  // All users have read all messages, so that a session begins without a backlog.
  const cursors: Write[] = [];
  for (let user = 1; user <= USERS; user++) {
    cursors.push({ type: "acked", user, upTo: messages });
    for (let room = 1; room <= ROOMS; room++) cursors.push({ type: "roomRead", room, user, upTo: messages });
  }
  for (let pair = ROOMS + 1; pair <= CONVERSATIONS; pair++) {
    for (const side of [0, 1] as const) {
      for (const cursor of ["received", "read"] as const) {
        cursors.push({ type: "pairCursor", cursor, pair, side, upTo: messages });
      }
    }
  }
  store.append({ writes: cursors, last: messages, time });
  while (store.indexMore());
  return store;
}
