import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { UserError } from "../core/errors.ts";
import { sanitized } from "../core/text.ts";
import type { ProgramExit } from "./program_exit.ts";

const LAST_WORDS_BYTES = 600;

/** The programs that run, so that a check that is stopped leaves none behind. */
const running = new Set<Program>();

/** Ends every program under test at once. */
export function endPrograms(): void {
  for (const program of running) program.killAll();
}

/** The receiver of what a program under test does. */
export interface ProgramOwner {
  wrote(bytes: Uint8Array): void;
  exited(exit: ProgramExit): void;
}

/**
 * A program under test, with everything that it starts.
 *
 * 1. It is a process group of its own; `end` ends the whole group and returns when the program is gone.
 * 2. What it writes to standard output and standard error is passed on as it comes, as a terminal would show it; of standard
 *    error the end is kept.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #lastWords = "";
  #exit: ProgramExit | undefined;

  /** Throws a `UserError` when the command cannot be run. */
  constructor(command: readonly string[], folder: string | undefined, owner: ProgramOwner) {
    const [file, ...args] = command;
    this.#child = spawn(file!, args, {
      detached: Deno.build.os !== "windows",
      stdio: ["pipe", "pipe", "pipe"],
      ...(folder === undefined ? {} : { cwd: folder }),
      // Without it, what a Python program prints into a pipe is seen when it ends.
      env: { ...Deno.env.toObject(), PYTHONUNBUFFERED: "1" },
    });
    const child = this.#child;
    running.add(this);
    child.stdin!.on("error", () => {});
    child.stdout!.on("data", (data: Uint8Array) => owner.wrote(new Uint8Array(data)));
    child.stderr!.on("data", (data: Uint8Array) => {
      this.#lastWords = (this.#lastWords + new TextDecoder().decode(data)).slice(-LAST_WORDS_BYTES);
      owner.wrote(new Uint8Array(data));
    });
    this.#gone = new Promise((resolve) => {
      const ended = (status: number | null, signal: string | null) => {
        if (this.#exit) return;
        this.#exit = {
          status: status ?? undefined,
          signal: signal ?? undefined,
          lastWords: sanitized(this.#lastWords.trim().split("\n").slice(-3).join(" / ")),
        };
        resolve();
        owner.exited(this.#exit);
      };
      // After "close" both of its outputs have been read; a process that it left behind may hold them open.
      child.on("close", ended);
      child.on("exit", (status, signal) => setTimeout(() => ended(status, signal), 50));
      child.on("error", (error) => {
        this.#lastWords = `${command.join(" ")}: ${error.message}`;
        ended(null, null);
      });
    });
  }

  get exit(): ProgramExit | undefined {
    return this.#exit;
  }

  write(bytes: Uint8Array): void {
    this.#child.stdin!.write(bytes);
  }

  /** Ends its standard input. */
  closeInput(): void {
    this.#child.stdin!.end();
  }

  /** Signals the program itself. */
  kill(signal: Deno.Signal): void {
    if (this.#exit || this.#child.pid === undefined) return;
    try {
      Deno.kill(this.#child.pid, signal);
    } catch { /* it is gone already */ }
  }

  /** Kills the whole group. */
  killAll(): void {
    const pid = this.#child.pid;
    if (pid === undefined) return;
    try {
      if (Deno.build.os === "windows") Deno.kill(pid, "SIGKILL");
      else Deno.kill(-pid, "SIGKILL");
    } catch { /* all of it is gone already */ }
  }

  /** Ends the whole group; it is gone when this returns. */
  async end(): Promise<void> {
    this.killAll();
    await this.#gone;
    running.delete(this);
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe?.destroy();
  }
}

let knowsTerminals: boolean | undefined;

/** Whether a program can be started in a terminal: the program `script` makes one. */
export function hasTerminals(): boolean {
  return knowsTerminals ??= Deno.build.os !== "windows" &&
    spawnSync("script", ["--version"], { stdio: "ignore" }).error === undefined;
}

/** The command in a terminal that shows what is typed until the program says otherwise. */
export function terminalCommand(command: readonly string[]): string[] {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  // `script` turns the echo off where its own input is not a terminal.
  const shell = `stty echo; exec ${words}`;
  return Deno.build.os === "darwin"
    ? ["script", "-q", "/dev/null", "sh", "-c", shell]
    : ["script", "-q", "-e", "-c", shell, "/dev/null"];
}

/**
 * The command with its values: `{port}`, `{host}`, `{users}`. A command without `{port}` cannot be told where to listen or to
 * connect to.
 */
export function fillCommand(command: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return command.map((word) =>
    word.replace(/\{(\w+)\}/g, (place, name) => {
      const value = values[name];
      if (value === undefined) {
        const known = Object.keys(values).map((each) => `{${each}}`).join(", ");
        throw new UserError(`the command has ${place}; known are ${known}`);
      }
      return value;
    })
  );
}
