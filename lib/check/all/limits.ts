/** What one submission may use. */
export interface SubmissionLimits {
  /** Memory of all processes of a run, in MB; a process cannot have more data than that. */
  readonly memoryMb: number;
  /** What its folder may grow by, in MB; a file cannot be longer. */
  readonly diskMb: number;
  /** Processes at a time in one run. */
  readonly processes: number;
  /** Seconds of processor time of one process in one run. */
  readonly cpuSeconds: number;
  /** Seconds for all rules of a check. */
  readonly totalSeconds: number;
}

/** A chat program needs a tenth of this; a Java runtime fits. Most runs last a second, and none has a reason to compute. */
export const SUBMISSION_LIMITS: SubmissionLimits = {
  memoryMb: 1024,
  diskMb: 256,
  processes: 64,
  cpuSeconds: 60,
  totalSeconds: 600,
};

/** After this many runs that were ended for what they used, a submission is not played on. */
export const MAX_EXCESSES = 3;

/** Processes and threads of the user who runs the check: a program that forks is ended long before, where it can be watched. */
const MOST_OF_USER = 4000;

/** A command whose processes have the limits that a shell can set; on Windows, which has none, the command itself. */
export function limited(command: readonly string[], limits: SubmissionLimits, isWindows: boolean): readonly string[] {
  if (isWindows) return command;
  // Kilobytes, and blocks of 512 bytes. A system that has no such limit, or a lower one, goes on without.
  const set = [
    "-c 0",
    `-t ${limits.cpuSeconds}`,
    `-d ${limits.memoryMb * 1024}`,
    `-f ${limits.diskMb * 2048}`,
  ].map((each) => `ulimit ${each} 2>/dev/null`).join("; ");
  // What judges and watches them comes first, or a program that forks would starve it; at 19 a busy machine would starve
  // programs that are right. Not every shell knows -u.
  const most = `{ ulimit -u ${MOST_OF_USER} || ulimit -p ${MOST_OF_USER}; } 2>/dev/null`;
  return ["sh", "-c", `${set}; ${most}; exec nice -n 10 "$@"`, "sh", ...command];
}
