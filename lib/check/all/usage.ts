import type { SubmissionLimits } from "./limits.ts";

/** The name in the environment by which the processes of a run are found that have left its group. */
export const MARK = "PARTYLINE_CHECK";

/** Prints the state of all processes, then the size of the folders that are its arguments. The shell may read what we may not. */
export const SCAN = `cat /proc/[0-9]*/stat 2>/dev/null; echo --; [ $# = 0 ] || du -sk "$@" 2>/dev/null; true`;

/** Prints the marks of the processes that are its arguments. */
export const FIND_MARKS = `for p in "$@"; do grep -asoHE '${MARK}=[0-9a-z.]+' /proc/$p/environ; done; true`;

/** A process of the machine. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly kilobytes: number;
}

/** What a scan has found: the processes, and kilobytes by folder. */
export interface Scan {
  readonly processes: readonly Process[];
  readonly folders: ReadonlyMap<string, number>;
}

/** Reads what `SCAN` has printed; the system counts memory in pages. */
export function readScan(text: string, pageKb: number): Scan {
  const [states = "", sizes = ""] = text.split(/^--\n/m);
  const processes = states.split("\n").flatMap((line): Process[] => {
    const pid = parseInt(line);
    // The name of a process may hold anything, spaces and parentheses too.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended.
    if (Number.isNaN(pid) || fields[0] === "Z") return [];
    const [parent, group, pages] = [fields[1], fields[2], fields[21]].map(Number);
    return [{ pid, parent: parent!, group: group!, kilobytes: pages! * pageKb }];
  });
  const folders = new Map(
    sizes.split("\n").flatMap((line) => {
      const [, size, folder] = /^(\d+)\t(.*)$/.exec(line) ?? [];
      return folder === undefined ? [] : [[folder, Number(size)] as const];
    }),
  );
  return { processes, folders };
}

/** Reads what `FIND_MARKS` has printed: marks by process. */
export function readMarks(text: string): Map<number, string> {
  return new Map([...text.matchAll(new RegExp(`^/proc/(\\d+)/environ:${MARK}=(\\S+)$`, "gm"))].map((found) => [
    Number(found[1]),
    found[2]!,
  ]));
}

/** Why a run is ended for what its processes use; undefined while that is allowed. */
export function excessOf(used: readonly Process[], { memoryMb, processes }: SubmissionLimits): string | undefined {
  if (used.length > processes) return `it had ${used.length} processes at a time, and ${processes} are allowed`;
  const megabytes = Math.round(used.reduce((sum, { kilobytes }) => sum + kilobytes, 0) / 1024);
  return megabytes > memoryMb ? `it used ${megabytes} MB of memory, and ${memoryMb} are allowed` : undefined;
}
