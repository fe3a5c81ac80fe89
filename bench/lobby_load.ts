import { delay } from "@std/async/delay";
import { type Crowd, forEachOf, linesIn, type Tally, type Until } from "./traffic.ts";

/** A page of text, so that the buffer of a guest that never reads fills during the measurement. */
const LINE = new TextEncoder().encode(`${"word ".repeat(1600).trimEnd()}\n`);
const GREETED_MS = 20;

/** Guests of one room; the last never reads. */
export async function joinRoom(port: number, count: number): Promise<Crowd> {
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const conns = await forEachOf(0, count, 8, () => Deno.connect({ hostname: "127.0.0.1", port }));
  const [speaker, ...others] = conns;
  const readers = others.slice(0, -1);
  let waiting: { left: number; done: () => void } | undefined;
  const read = async (conn: Deno.TcpConn, counts: boolean) => {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
        if (!counts) continue;
        for (let lines = linesIn(buffer, n); lines > 0; lines--) {
          tally.delivered++;
          if (waiting && --waiting.left === 0) waiting.done();
        }
      }
    } catch {
      // Closed by leave().
    }
  };
  speaker!.setNoDelay(true);
  read(speaker!, false);
  // Let the greetings arrive before counting.
  await delay(GREETED_MS * 10);
  for (const conn of readers) {
    await Promise.race([conn.read(new Uint8Array(1024)), delay(GREETED_MS)]);
  }
  for (const conn of readers) read(conn, true);
  const announce = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting = { left: readers.length, done: resolve };
    for (let at = 0; at < LINE.length;) at += await speaker!.write(LINE.subarray(at));
    await promise;
    tally.acked++;
    return readers.length;
  };
  const only = () => Promise.reject(new Error("a room has no receipts"));
  return {
    tally,
    talk: only,
    async shout(until: Until) {
      while (!until.over) await announce();
    },
    announce,
    whisper: () => announce().then(() => {}),
    leave() {
      for (const conn of conns) conn.close();
    },
  };
}
