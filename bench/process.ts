/** A program started for a measurement. */
export interface Running {
  readonly pid: number;
  /** Its first match on standard output. */
  readonly match: RegExpMatchArray;
  /** Writes a line to its standard input, if that is open. */
  say(line: string): Promise<void>;
  /** Resolves when its standard output has matched since the last call. */
  saw(pattern: RegExp): Promise<void>;
  /** The end of its standard error. */
  complaint(): string;
  /** Stops it with SIGTERM, then SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
}

const STOP_MS = 4000;
const TAIL_CHARACTERS = 2000;

const START_MS = 15_000;

/** Starts a program in a folder; resolves when a line of its standard output matches, rejects if none does in time. */
export async function start(
  program: string,
  args: string[],
  folder: string,
  pattern: RegExp,
  { withinMs = START_MS, stdin = false }: { withinMs?: number; stdin?: boolean } = {},
): Promise<Running> {
  const piped = { stdin: stdin ? "piped" : "null", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(program, { args, cwd: folder, ...piped }).spawn();
  let tail = "";
  const complaint = () => tail.trim();
  const drained = drain(child.stderr, (text) => void (tail = (tail + text).slice(-TAIL_CHARACTERS)));
  const stop = async () => {
    const kill = (signal: Deno.Signal) => {
      try {
        child.kill(signal);
      } catch {
        // It has already ended.
      }
    };
    kill("SIGTERM");
    const timer = setTimeout(() => kill("SIGKILL"), STOP_MS);
    await child.status;
    clearTimeout(timer);
    await drained;
  };
  const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
  const what = [program, ...args].join(" ");
  const timer = setTimeout(() => reject(new Error(`${what} did not say ${pattern} within ${withinMs} ms`)), withinMs);
  let seen = "";
  let wanted: { pattern: RegExp; found: (match: RegExpMatchArray) => void } | undefined = { pattern, found: resolve };
  drain(child.stdout, (text) => {
    if (!wanted) return;
    seen += text;
    const match = seen.slice(0, seen.lastIndexOf("\n") + 1).match(wanted.pattern);
    if (!match) return;
    seen = "";
    wanted.found(match);
    wanted = undefined;
  }).then(() => drained).then(() => reject(new Error(`${what} ended before it said ${pattern}: ${complaint()}`)));
  try {
    const match = await promise;
    const input = stdin ? child.stdin.getWriter() : undefined;
    return {
      pid: child.pid,
      match,
      say: async (line) => await input?.write(new TextEncoder().encode(`${line}\n`)),
      saw: (pattern) => new Promise((found) => wanted = { pattern, found: () => found() }),
      complaint,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function drain(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const text = new TextDecoder();
  for await (const chunk of stream) take(text.decode(chunk, { stream: true }));
}

/** Whether a program of this name is installed. */
export async function installed(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdin: "null", stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

// /proc counts in hundredths of a second.
const TICK_MS = 10;

/** Processor time so far, in ms: of the whole process and of its main thread; undefined where there is no /proc. */
export function cpuMs(pid: number): { process: number; mainThread: number } | undefined {
  try {
    return { process: statCpuMs(`/proc/${pid}/stat`), mainThread: statCpuMs(`/proc/${pid}/task/${pid}/stat`) };
  } catch {
    return undefined;
  }
}

function statCpuMs(path: string): number {
  const stat = Deno.readTextFileSync(path);
  // The second field is the program's name in brackets and may contain anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process in kB; undefined where there is no /proc. */
export function residentKb(pid: number): number | undefined {
  try {
    const kb = Deno.readTextFileSync(`/proc/${pid}/status`).match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
    return kb === undefined ? undefined : Number(kb);
  } catch {
    return undefined;
  }
}

/** Processor time so far, in ms, of all programs of the machine but this one and those that it has started and seen end. */
export function othersCpuMs(): number | undefined {
  try {
    // Not its interrupts: the kernel does the work of our own sockets in them.
    const [user, nice, system] = Deno.readTextFileSync("/proc/stat").split(/\s+/).slice(1, 4).map(Number);
    const own = Deno.readTextFileSync(`/proc/${Deno.pid}/stat`);
    const fields = own.slice(own.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number);
    return (user! + nice! + system! - fields.reduce((sum, each) => sum + each, 0)) * TICK_MS;
  } catch {
    return undefined;
  }
}
