import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { LoopWatch } from "./loop_watch.ts";
import type { HeldUp } from "./program_time.ts";
import { readThreads, TELL_THREADS, type ThreadState, ThreadTimes } from "./thread_states.ts";
import { Turns } from "./turns.ts";

/** A thread that could run and has not within this time waits for others. */
const STUCK_MS = 10;
/** About after this time a program that waits for the disk is asked about again, and has lost that time. */
const DISK_MS = 20;
/** A shell that does not answer for this long waits for a processor itself. */
const ANSWER_MS = 2000;

/**
 * Measures how much time this machine takes from the programs under test and from the check.
 *
 * Needs Linux for the programs; elsewhere the check knows its own time alone. Programs that start compute, so that no more start
 * at a time than the machine has processors.
 */
export class LoadMeter {
  readonly loop = new LoopWatch();
  readonly starts = new Turns(Math.max(1, navigator.hardwareConcurrency));
  readonly #shell = Deno.build.os === "linux" ? new ThreadTeller() : undefined;

  /** The threads of programs and of what they have started; undefined where it cannot be known. */
  async threads(pids: readonly number[]): Promise<Map<number, ThreadState> | undefined> {
    if (this.#shell && pids.length > 0) return readThreads(await this.#shell.ask(pids.join(" ")));
    // What has arrived is read before the time is.
    await delay(1);
    return undefined;
  }

  async close(): Promise<void> {
    this.loop.close();
    await this.#shell?.close();
  }
}

/** What the programs of one play have lost. */
export class PlayLoad {
  readonly #times = new ThreadTimes();
  #lateMs: number;

  constructor(readonly meter: LoadMeter) {
    this.#lateMs = meter.loop.lateMs;
  }

  /** What was lost since the last time; throws where the machine does not answer. */
  async measure(pids: readonly number[]): Promise<HeldUp> {
    const at = performance.now();
    let programMs = 0;
    let isWaiting = false;
    try {
      programMs += await this.#waitedMs(pids);
      const { busy } = this.#times;
      if (busy.size > 0) {
        await delay(STUCK_MS);
        programMs += await this.#waitedMs(pids);
        isWaiting = this.#times.isStuck(busy);
      }
      if (this.#times.isReading) {
        isWaiting = true;
        programMs += DISK_MS;
      }
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
      isWaiting = true;
    }
    const { lateMs } = this.meter.loop;
    const checkMs = lateMs - this.#lateMs;
    this.#lateMs = lateMs;
    return { at, programMs, checkMs, isWaiting };
  }

  async #waitedMs(pids: readonly number[]): Promise<number> {
    const threads = await this.meter.threads(pids);
    return threads ? this.#times.waitedMs(threads) : 0;
  }
}

/** A shell that tells about threads, one answer after the other. */
class ThreadTeller {
  readonly #child = new Deno.Command("sh", {
    args: ["-c", TELL_THREADS],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  readonly #questions = this.#child.stdin.getWriter();
  readonly #waiting: ((answer: string) => void)[] = [];
  #isOver = false;
  readonly #over = this.#read();

  async ask(question: string): Promise<string> {
    if (this.#isOver) return "";
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#questions.write(new TextEncoder().encode(`${question}\n`)).catch(() => {});
    return await deadline(answer, ANSWER_MS);
  }

  async close(): Promise<void> {
    await this.#questions.close().catch(() => {});
    await this.#over;
    await this.#child.status;
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end = text.indexOf("--\n"); end >= 0; end = text.indexOf("--\n")) {
        this.#waiting.shift()?.(text.slice(0, end));
        text = text.slice(end + 3);
      }
    }
    this.#isOver = true;
    // It was ended from outside: what nothing is known about has not been held up.
    for (const answer of this.#waiting.splice(0)) answer("");
  }
}
