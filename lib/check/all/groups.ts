import type { Process } from "./usage.ts";

/** The environment is read of no more processes at a time. */
const MAX_ASKED = 20;

/**
 * Which process group belongs to which run. A group that a process of a run has made is the run's, too; of a group whose parent
 * is not known, the environment tells. Pure.
 *
 * The environment is read of few processes: reading that of one which forks waits for it.
 */
export class RunGroups {
  /** The run of a group by its mark; undefined where it is no run's. */
  #marks = new Map<number, string | undefined>();

  /** A program has started, and leads a group of its own. */
  started(pid: number, mark: string): void {
    this.#marks.set(pid, mark);
  }

  /** Takes all processes; those whose environment tells what group they are of. */
  seen(processes: readonly Process[]): number[] {
    const groupOf = new Map(processes.map(({ pid, group }) => [pid, group]));
    const asked = new Map<number, number>();
    for (const { pid, parent, group } of processes) {
      if (this.#marks.has(group)) continue;
      const mark = this.#marks.get(groupOf.get(parent) ?? 0);
      if (mark !== undefined) this.#marks.set(group, mark);
      else if (asked.size < MAX_ASKED) asked.set(group, pid);
    }
    return [...asked.values()];
  }

  /** What the environment has told of processes that were asked for. */
  told(asked: readonly number[], marks: ReadonlyMap<number, string>, processes: readonly Process[]): void {
    for (const { pid, group } of processes) {
      if (asked.includes(pid) && !this.#marks.has(group)) this.#marks.set(group, marks.get(pid));
    }
  }

  /** The processes of each run. */
  byRun(processes: readonly Process[]): Map<string, Process[]> {
    const runs = new Map<string, Process[]>();
    for (const process of processes) {
      const mark = this.#marks.get(process.group);
      if (mark === undefined) continue;
      const of = runs.get(mark);
      if (of) of.push(process);
      else runs.set(mark, [process]);
    }
    return runs;
  }

  /** Forgets groups that have no process any more and were not started just now. */
  forget(processes: readonly Process[], started: ReadonlySet<number>): void {
    const groups = new Set(processes.map(({ group }) => group));
    for (const group of this.#marks.keys()) if (!groups.has(group) && !started.has(group)) this.#marks.delete(group);
  }
}
