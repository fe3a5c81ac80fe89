/** The files in a program's folder. */
export interface ProgramFiles {
  put(name: string, bytes: Uint8Array): void;
  /** The contents of those whose names are like this. */
  like(name: RegExp): Uint8Array[];
}

/** A run begins; what this returns is told of its programs and its end. `end` ends it early, and says why in its result. */
export type TargetWatch = (end: (why: string) => void) => {
  readonly started: (pid: number) => void;
  readonly over: () => void;
};

/** The program under test. */
export interface Target {
  readonly host: string;
  /** The port of a server; of a client, the port that the script's first `listen` gets. */
  readonly port: number;
  /** How it is started; undefined for a server that runs already. */
  readonly command: readonly string[] | undefined;
  /** The file with the accounts, for `{users}`. */
  readonly users: string;
  /** An empty folder of this run's own, for `{data}`. */
  readonly data: string;
  /** The files in it. */
  readonly files?: ProgramFiles;
  /** The folder that it runs in; undefined for the current one. */
  readonly folder: string | undefined;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Watches its processes. */
  readonly watch?: TargetWatch;
}
