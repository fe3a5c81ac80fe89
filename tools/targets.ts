/** One executable: its entry point, its permissions, and the threads that it starts. */
export interface Program {
  readonly name: string;
  readonly entry: string;
  readonly permissions: readonly string[];
  /** Flags of V8, the same as in the tasks of deno.json. */
  readonly v8: readonly string[];
  /** Entry points of threads, which are started by their URL: no import shows them. */
  readonly threads: readonly string[];
}

/** The executables, each with the narrowest permissions it works with; a listener that needs more is added here. */
export const programs: readonly Program[] = [
  {
    name: "server",
    entry: "server.ts",
    permissions: [
      "--allow-net",
      // The server gives up the root folder and keeps what it needs: lib/store/file_permissions.ts.
      "--allow-read=/",
      "--allow-write=/",
      "--allow-env=PARTYLINE_*,NO_COLOR",
      "--allow-sys=hostname,networkInterfaces",
    ],
    v8: ["--max-semi-space-size=4"],
    threads: ["lib/store/store_worker.ts"],
  },
  {
    name: "client",
    entry: "client.ts",
    permissions: [
      "--allow-net",
      "--allow-read",
      "--allow-write",
      // The last six are what a Classroom 50 runner says about a submission, for check --classroom.
      "--allow-env=PARTYLINE_*,NO_COLOR,HOME,USERPROFILE,INIT_CWD,CLASSROOM,ASSIGNMENT,SUBMISSION_TAG,COMMIT_URL,RELEASE_URL,REVIEW_URL",
      "--allow-sys=networkInterfaces,osUptime,statfs",
      // The browser, for --page, and the programs that check tests; given back by every other command. Naming the browsers
      // would have Deno say at each start which of them are missing.
      "--allow-run",
    ],
    v8: ["--max-semi-space-size=4"],
    threads: [],
  },
];

/** The permissions of a program on a system. Windows has a root folder for each drive, so that none of them is all files. */
export function permissionsOn(windows: boolean, { permissions }: Program): readonly string[] {
  return windows ? permissions.map((flag) => flag.replace(/=\/$/, "")) : permissions;
}

/** A machine that `deno compile` can build for. */
export interface Target {
  readonly triple: string;
  readonly suffix: "" | ".exe";
  readonly archive: ".tar.gz" | ".zip";
}

/** Every target that `deno compile` has. */
export const targets: readonly Target[] = [
  { triple: "x86_64-unknown-linux-gnu", suffix: "", archive: ".tar.gz" },
  { triple: "aarch64-unknown-linux-gnu", suffix: "", archive: ".tar.gz" },
  { triple: "x86_64-apple-darwin", suffix: "", archive: ".tar.gz" },
  { triple: "aarch64-apple-darwin", suffix: "", archive: ".tar.gz" },
  { triple: "x86_64-pc-windows-msvc", suffix: ".exe", archive: ".zip" },
  { triple: "aarch64-pc-windows-msvc", suffix: ".exe", archive: ".zip" },
];
