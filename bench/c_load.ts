import { delay } from "@std/async/delay";
import { join } from "@std/path";
import type { PeerKind } from "./peers/peer.ts";
import { installed, start } from "./process.ts";
import {
  type Crowd,
  type Join,
  type JoinOptions,
  PASSWORD,
  POUR,
  POURS,
  type Tally,
  TEXT,
  type Until,
} from "./traffic.ts";

const source = join(import.meta.dirname!, "load.c");
const POLL_MS = 5;
const NUMBERS = 3;

type Protocol = "native" | "irc" | "flood";

/** Compiles the load generator; undefined where there is no C compiler. */
export async function compileLoad(): Promise<string | undefined> {
  if (!await installed("gcc")) return undefined;
  const program = await Deno.makeTempFile({ prefix: "partyline-load-" });
  const { success, stderr } = await new Deno.Command("gcc", { args: ["-O2", "-o", program, source] }).output();
  if (!success) throw new Error(`gcc: ${new TextDecoder().decode(stderr)}`);
  return program;
}

/** The same server with its users in the compiled program. */
export function withLoad(kind: PeerKind, program: string, protocol: Protocol): PeerKind {
  return { ...kind, join: joining(program, protocol) };
}

/** Has user `number` write receipts as fast as the server takes them, until the crowd leaves. */
export function joinFlood(program: string, port: number, number: number): Promise<Crowd> {
  return joining(program, "flood")(port, 1, { first: number });
}

function joining(program: string, protocol: Protocol): Join {
  return async (port: number, count: number, { first = 0, room = false }: JoinOptions = {}): Promise<Crowd> => {
    const file = await Deno.makeTempFile({ prefix: "partyline-counters-" });
    const args = [protocol, port, count, first, room ? 1 : 0, file, PASSWORD, TEXT].map(String);
    const running = await start(program, args, ".", /^ready$/m, { stdin: true });
    const tally = new Counters(file);
    const run = async (command: string, until: Until) => {
      await running.say(command);
      while (!until.over) await delay(POLL_MS);
      const stopped = running.saw(/^stopped$/m);
      await running.say("stop");
      await stopped;
    };
    const only = () => Promise.reject(new Error("the compiled load talks and pours"));
    return {
      tally,
      pid: running.pid,
      talk: (pairs, until, window = 1) => run(`talk ${pairs} ${window}`, until),
      pour: (until) => run(`pour ${POUR} ${POURS}`, until),
      shout: only,
      whisper: only,
      announce: only,
      leave: () => void running.stop().then(() => Deno.remove(file)),
    };
  };
}

/** The counters that the program shares in a file. */
class Counters implements Tally {
  constructor(readonly file: string) {}

  get delivered(): number {
    return this.#read(0);
  }

  get acked(): number {
    return this.#read(1);
  }

  get errors(): number {
    return this.#read(2);
  }

  #read(index: number): number {
    const bytes = Deno.readFileSync(this.file);
    return bytes.length < NUMBERS * 8 ? 0 : Number(new BigInt64Array(bytes.buffer)[index]);
  }
}
