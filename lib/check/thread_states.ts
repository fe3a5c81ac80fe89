/** What the system says about a thread. */
export interface ThreadState {
  /** Time on a processor, in nanoseconds. */
  readonly ran: number;
  /** Time for which it could have run, and waited for a processor. */
  readonly waited: number;
  /** It runs, or waits for a processor. */
  readonly isBusy: boolean;
  /** It waits for the disk: of that the system does not say how long. */
  readonly isReading: boolean;
}

/** A program that forks without an end has thousands of threads; those that are read show whether it is held up. */
const MOST_THREADS = 100;

/**
 * A program for a shell, which may read what we may not: for each line of process numbers, the state of the threads of these
 * processes and of those that they have started; then a line `--`. It starts no process for that.
 */
export const TELL_THREADS = `
threads() {
  for t in /proc/$1/task/*; do
    [ $count -lt ${MOST_THREADS} ] || return
    count=$((count + 1))
    read -r times < "$t/schedstat" && read -r state < "$t/stat" && echo "$times $state"
  done
  read -r children < "/proc/$1/task/$1/children"
} 2>/dev/null
while read -r pids; do
  count=0
  while [ -n "$pids" ]; do
    more=
    for p in $pids; do
      children=
      threads "$p"
      more="$more $children"
    done
    case $more in *[0-9]*) pids=$more ;; *) pids= ;; esac
    [ $count -lt ${MOST_THREADS} ] || pids=
  done
  echo --
done`;

/** Reads the lines of one answer of `TELL_THREADS`: threads by their numbers. */
export function readThreads(text: string): Map<number, ThreadState> {
  const threads = new Map<number, ThreadState>();
  for (const line of text.split("\n")) {
    // The name of a process may hold anything, spaces and parentheses too.
    const [, ran, waited, thread] = /^(\d+) (\d+) \d+ (\d+) \(/.exec(line) ?? [];
    if (thread === undefined) continue;
    const state = line.slice(line.lastIndexOf(")") + 2, line.lastIndexOf(")") + 3);
    threads.set(Number(thread), {
      ran: Number(ran),
      waited: Number(waited),
      isBusy: state === "R",
      isReading: state === "D",
    });
  }
  return threads;
}

/** Compares the states of the threads of a play with those before. Pure. */
export class ThreadTimes {
  #last: ReadonlyMap<number, ThreadState> = new Map();

  /** How long the thread that waited longest has waited for a processor since the last states; in milliseconds. */
  waitedMs(states: ReadonlyMap<number, ThreadState>): number {
    let most = 0;
    for (const [thread, { waited }] of states) {
      most = Math.max(most, waited - (this.#last.get(thread)?.waited ?? 0));
    }
    this.#last = states;
    return most / 1e6;
  }

  /** Threads that want to run. */
  get busy(): ReadonlyMap<number, ThreadState> {
    return new Map([...this.#last].filter(([, { isBusy }]) => isBusy));
  }

  /** Whether a thread waits for the disk. */
  get isReading(): boolean {
    return [...this.#last.values()].some(({ isReading }) => isReading);
  }

  /** Whether one of these has wanted to run ever since, and has not. */
  isStuck(before: ReadonlyMap<number, ThreadState>): boolean {
    return [...before].some(([thread, { ran }]) => {
      const now = this.#last.get(thread);
      return now !== undefined && now.isBusy && now.ran === ran;
    });
  }
}
