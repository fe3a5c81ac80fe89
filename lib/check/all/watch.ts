import { delay } from "@std/async/delay";
import type { TargetWatch } from "../target.ts";
import { RunGroups } from "./groups.ts";
import { MAX_EXCESSES, type SubmissionLimits } from "./limits.ts";
import { excessOf, FIND_MARKS, MARK, type Process, readMarks, readScan, SCAN, type Scan } from "./usage.ts";

/** Shorter costs the programs under test time; in longer, a program that forks has thousands of processes. */
const SCAN_MS = 150;

/** A submission that is being played. */
export interface Watched {
  /** Its folder, whose size is watched. */
  readonly folder: string;
  /** Kilobytes of the folder when it was copied; undefined until the first scan. */
  size?: number | undefined;
  /** How often its runs were ended for what they used. */
  excesses: number;
  /** Why no further rule is played. */
  stopped?: string | undefined;
}

interface Run {
  readonly of: Watched;
  readonly pids: Set<number>;
  readonly end: (why: string) => void;
}

/**
 * Watches the processes of submissions: how many they are, what memory they have, and how large their folders grow. A process
 * whose run is over is ended, whatever group it is in.
 *
 * Needs Linux; elsewhere the limits of the shell hold, and the end of a process group.
 */
export class ProcessWatch {
  readonly #prefix = crypto.randomUUID().slice(0, 8);
  readonly #runs = new Map<string, Run>();
  readonly #watched = new Set<Watched>();
  readonly #groups = new RunGroups();
  readonly #pageKb = pageKb();
  #count = 0;
  #isOver = false;
  #watching: Promise<void> | undefined;

  constructor(readonly limits: SubmissionLimits) {}

  static get isPossible(): boolean {
    return Deno.build.os === "linux";
  }

  begin(folder: string): Watched {
    const watched = { folder, excesses: 0 };
    this.#watched.add(watched);
    if (ProcessWatch.isPossible) this.#watching ??= this.#watch();
    return watched;
  }

  end(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** The environment of a run, and how its processes are watched. */
  run(of: Watched): { env: Record<string, string>; watch: TargetWatch } {
    const mark = `${this.#prefix}.${++this.#count}`;
    const watch: TargetWatch = (end) => {
      const run = { of, pids: new Set<number>(), end };
      this.#runs.set(mark, run);
      return {
        started: (pid) => {
          run.pids.add(pid);
          this.#groups.started(pid, mark);
        },
        over: () => void this.#runs.delete(mark),
      };
    };
    return { env: { [MARK]: mark }, watch };
  }

  /** Ends every process that was started and is still there. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
    this.killAll();
  }

  /** The same at once, for a check that is stopped. */
  killAll(): void {
    this.#runs.clear();
    if (!ProcessWatch.isPossible) return;
    const { processes } = this.#scanned(shell(SCAN, []).outputSync());
    kill(processes.filter(({ group }) => this.#groups.byRun([{ pid: 0, parent: 0, group, kilobytes: 0 }]).size > 0));
    // Those that have left their group since the last scan.
    const left = processes.map(({ pid }) => String(pid));
    const marks = readMarks(decoded(shell(FIND_MARKS, left).outputSync()));
    kill(processes.filter(({ pid }) => marks.get(pid)?.startsWith(`${this.#prefix}.`)));
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const started = new Set([...this.#runs.values()].flatMap(({ pids }) => [...pids]));
      const scan = this.#scanned(await shell(SCAN, [...this.#watched].map(({ folder }) => folder)).output());
      const { processes } = scan;
      const asked = this.#groups.seen(processes);
      this.#judge(scan);
      if (asked.length > 0) {
        const marks = readMarks(decoded(await shell(FIND_MARKS, asked.map(String)).output()));
        for (const [pid, mark] of marks) if (!mark.startsWith(`${this.#prefix}.`)) marks.delete(pid);
        this.#groups.told(asked, marks, processes);
      }
      for (const [mark, used] of this.#groups.byRun(processes)) if (!this.#runs.has(mark)) kill(used);
      this.#groups.forget(processes, new Set([...this.#runs.values()].flatMap(({ pids }) => [...pids, ...started])));
      await delay(SCAN_MS);
    }
  }

  #scanned(output: Deno.CommandOutput): Scan {
    return readScan(decoded(output), this.#pageKb);
  }

  #judge({ processes, folders }: Scan): void {
    for (const [mark, used] of this.#groups.byRun(processes)) {
      const run = this.#runs.get(mark);
      const why = run && excessOf(used, this.limits);
      if (!run || why === undefined) continue;
      kill(used);
      run.end(`ended by the check: ${why}`);
      this.#runs.delete(mark);
      if (++run.of.excesses >= MAX_EXCESSES) this.#stop(run.of, `${MAX_EXCESSES} runs used too much: ${why}`);
    }
    for (const watched of this.#watched) {
      const size = folders.get(watched.folder);
      if (size === undefined) continue;
      watched.size ??= size;
      const grown = Math.round((size - watched.size) / 1024);
      if (grown <= this.limits.diskMb || watched.stopped) continue;
      this.#stop(watched, `it has written ${grown} MB, and ${this.limits.diskMb} are allowed`);
    }
  }

  #stop(watched: Watched, why: string): void {
    watched.stopped ??= why;
    for (const [mark, { of, end }] of this.#runs) {
      if (of !== watched) continue;
      end(`ended by the check: ${why}`);
      this.#runs.delete(mark);
    }
  }
}

/** Kills whole groups, so that none of their processes can fork meanwhile. */
function kill(processes: readonly Process[]): void {
  for (const group of new Set(processes.map(({ group }) => group))) {
    try {
      Deno.kill(-group, "SIGKILL");
    } catch { /* it is gone already */ }
  }
}

function shell(script: string, args: readonly string[]): Deno.Command {
  return new Deno.Command("sh", {
    args: ["-c", script, "sh", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
}

function decoded({ stdout }: Deno.CommandOutput): string {
  return new TextDecoder().decode(stdout);
}

/** The size of a page of memory, in which the system counts. */
function pageKb(): number {
  if (!ProcessWatch.isPossible) return 4;
  return (Number(decoded(shell("getconf PAGESIZE", []).outputSync()).trim()) || 4096) / 1024;
}
