import { freePort } from "../net/free_port.ts";
import type { ProgramExit } from "./program_exit.ts";
import { fillCommand, Program, terminalCommand } from "./program.ts";
import type { LinkName } from "./step.ts";
import type { Target } from "./target.ts";
import type { Turns } from "./turns.ts";
import type { Values } from "./values.ts";

/** How long at most a program that starts has the processors before another one may start, too. */
const MOST_STARTING_MS = 5000;

/** The receiver of what the programs of a play do. */
interface ProgramsOwner {
  started(who: string, program: Program): void;
  wrote(who: string, bytes: Uint8Array): void;
  exited(who: string, exit: ProgramExit): void;
}

/**
 * The programs under test of one play, by the persons whom they belong to.
 *
 * 1. One starts when it is its turn: what a program computes while it starts keeps the others waiting.
 * 2. All are gone when `end` returns, those too that were started again.
 */
export class StartedPrograms {
  readonly #programs = new Map<string, Program>();
  readonly #former: Program[] = [];
  /** Programs that have started and have not shown yet that they run; each lets another one start then. */
  readonly #starting = new Map<string, () => void>();
  /** How many programs may not start yet, and how long others could not since the last look. */
  #queued = 0;
  #queuedMs = 0;
  #isOver = false;

  constructor(
    readonly values: Values,
    readonly target: Target,
    readonly isServer: boolean,
    readonly turns: Turns,
    readonly owner: ProgramsOwner,
  ) {}

  get pids(): number[] {
    return [...this.#programs.values()].map(({ pid }) => pid);
  }

  /** Whether a program may not start yet. */
  get isQueued(): boolean {
    return this.#queued > 0;
  }

  /** How long programs had to wait for their turn since the last call. */
  takeQueuedMs(): number {
    const ms = this.#queuedMs;
    this.#queuedMs = 0;
    return ms;
  }

  /** Starts a person's program when it is its turn, and returns then; throws a `UserError` when it cannot be started. */
  async start(who: string, args: readonly string[], givenPort?: number, inTerminal = false): Promise<void> {
    this.#queued++;
    const asked = performance.now();
    const spawned = Promise.withResolvers<void>();
    void this.turns.take(async () => {
      this.#queued--;
      this.#queuedMs += performance.now() - asked;
      if (this.#isOver) return spawned.resolve();
      const shown = Promise.withResolvers<void>();
      const timer = setTimeout(shown.resolve, MOST_STARTING_MS);
      this.#starting.set(who, shown.resolve);
      try {
        this.#spawn(who, args, givenPort, inTerminal);
        spawned.resolve();
        await shown.promise;
      } catch (error) {
        this.#starting.delete(who);
        spawned.reject(error);
      }
      clearTimeout(timer);
    });
    await spawned.promise;
  }

  /** The program of a link has shown that it runs, so that another one may start. */
  shows(link: LinkName): void {
    const [who = ""] = link.split(" ");
    const program = this.#starting.has(who) ? who : "server";
    this.#starting.get(program)?.();
    this.#starting.delete(program);
  }

  kill(who: string, signal: Deno.Signal): void {
    this.#programs.get(who)?.kill(signal);
  }

  killAll(): void {
    for (const program of this.#programs.values()) program.killAll();
  }

  /** Ends all; none starts any more. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const shown of this.#starting.values()) shown();
    await Promise.all([...this.#former, ...this.#programs.values()].map((program) => program.end()));
  }

  #spawn(who: string, args: readonly string[], givenPort: number | undefined, inTerminal: boolean): void {
    const { host, port, users, data } = this.target;
    const { values: known } = this;
    const values = {
      host: known.get(`${who}.host`) ?? host,
      users,
      data,
      ...(this.isServer ? {} : { name: known.get(who) ?? who, room: known.get("room")!, udp: this.#udpPortOf(who) }),
      port: String(givenPort ?? (this.isServer ? port : known.get(`${who}.port`) ?? port)),
    };
    const words = [...fillCommand(this.target.command!, values), ...args];
    const command = inTerminal ? terminalCommand(words) : words;
    const program = new Program(command, this.target, {
      wrote: (bytes) => {
        this.shows(who);
        this.owner.wrote(who, bytes);
      },
      exited: (exit) => {
        this.shows(who);
        this.owner.exited(who, exit);
      },
    });
    const former = this.#programs.get(who);
    if (former) this.#former.push(former);
    this.#programs.set(who, program);
    this.owner.started(who, program);
  }

  /** The UDP port that the user of a program picks: `{WHO.udp}`, the same when the program is started again. */
  #udpPortOf(who: string): string {
    const port = this.values.get(`${who}.udp`) ?? String(freePort());
    this.values.set(`${who}.udp`, port);
    return port;
  }
}
