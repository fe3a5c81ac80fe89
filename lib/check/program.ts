import { delay } from "@std/async/delay";
import { UserError } from "../core/errors.ts";
import { reason } from "../core/reason.ts";
import { sanitized } from "../core/text.ts";
import type { ProgramExit } from "./program_exit.ts";
import { unbufferedOutput } from "./unbuffered.ts";

const LAST_WORDS_BYTES = 4096;
/** At most `count` of its last lines are told: the last one, up to `most` characters, and those before it that are short with it. */
const LAST_LINES = { count: 3, characters: 120, most: 600 };
/** How often, and how long each time, the outputs of a program that has ended are waited for: each time what is there is read. */
const OUTPUT_ENDS = { times: 5, ms: 10 };

/** The programs that run, so that a check that is stopped leaves none behind. */
const running = new Set<Program>();

/** Ends every program under test at once. */
export function endPrograms(): void {
  for (const program of running) program.killAll();
}

/** Where a program under test runs. */
export interface ProgramPlace {
  /** Undefined for the current folder. */
  readonly folder?: string | undefined;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
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
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #outputs: readonly ReadableStreamDefaultReader<Uint8Array>[];
  readonly #gone: Promise<void>;
  readonly #words = new TextDecoder();
  #lastWords = "";
  #hasExited = false;

  /** Throws a `UserError` when the command cannot be started. */
  constructor(command: readonly string[], where: ProgramPlace, owner: ProgramOwner) {
    this.#child = spawn(command, where);
    running.add(this);
    this.#keys = this.#child.stdin.getWriter();
    const [out, err] = [this.#child.stdout.getReader(), this.#child.stderr.getReader()];
    this.#outputs = [out, err];
    const read = Promise.all([
      readAll(out, (bytes) => owner.wrote(bytes)),
      readAll(err, (bytes) => {
        this.#lastWords = (this.#lastWords + this.#words.decode(bytes, { stream: true })).slice(-LAST_WORDS_BYTES);
        owner.wrote(bytes);
      }),
    ]);
    let isRead = false;
    const allRead = read.then(() => void (isRead = true));
    this.#gone = this.#child.status.then(async ({ code, signal }) => {
      this.#hasExited = true;
      // A process that it has left behind may hold its outputs open.
      for (let i = 0; i < OUTPUT_ENDS.times && !isRead; i++) await Promise.race([allRead, delay(OUTPUT_ENDS.ms)]);
      owner.exited({
        status: signal === null ? code : undefined,
        signal: signal ?? undefined,
        lastWords: lastLines(this.#lastWords),
      });
    });
  }

  /** Also the number of its process group. */
  get pid(): number {
    return this.#child.pid;
  }

  write(bytes: Uint8Array): void {
    // A program that has closed its standard input is judged by what it does.
    this.#keys.write(bytes).catch(() => {});
  }

  /** Ends its standard input. */
  closeInput(): void {
    this.#keys.close().catch(() => {});
  }

  /** Signals the program itself; SIGINT goes to its group, as Ctrl-C does: a shell may have started it. */
  kill(signal: Deno.Signal): void {
    if (this.#hasExited) return;
    signalTo(signal === "SIGINT" && Deno.build.os !== "windows" ? -this.#child.pid : this.#child.pid, signal);
  }

  /** Kills the whole group. */
  killAll(): void {
    signalTo(Deno.build.os === "windows" ? this.#child.pid : -this.#child.pid, "SIGKILL");
  }

  /** Ends the whole group; it is gone when this returns. */
  async end(): Promise<void> {
    this.killAll();
    await this.#gone;
    running.delete(this);
    await Promise.all([this.#keys.abort().catch(() => {}), ...this.#outputs.map((output) => output.cancel())]);
  }
}

/** The last lines that say something: Python marks the place of a mistake in a line of its own, Java tells all calls after it. */
export function lastLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => !/^[~^]*$|^at \S+\(.*\)$/.test(line));
  const { count, characters, most } = LAST_LINES;
  const last = (lines.pop() ?? "").slice(0, most);
  const told = lines.slice(1 - count).reduceRight(
    ({ words, isFull }, line) =>
      isFull || line.length + words.length > characters
        ? { words, isFull: true }
        : { words: `${line} / ${words}`, isFull: false },
    { words: last, isFull: false },
  );
  return sanitized(told.words);
}

/** The first line in which a compiler tells of an error: what it writes after that follows from it, or explains it. */
export function firstError(text: string): string | undefined {
  const found = text.split("\n").find((line) => /\berror\b/i.test(line));
  return found && sanitized(found.trim().slice(0, LAST_LINES.most));
}

let knowsTerminals: boolean | undefined;

/** Whether a program can be started in a terminal: the program `script` makes one. */
export function hasTerminals(): boolean {
  return knowsTerminals ??= Deno.build.os !== "windows" &&
    isThere("script");
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

function isThere(program: string): boolean {
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    return false;
  }
}

function spawn(command: readonly string[], { folder, env }: ProgramPlace): Deno.ChildProcess {
  const [file, ...args] = command;
  try {
    return new Deno.Command(file!, {
      args,
      detached: Deno.build.os !== "windows",
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...(folder === undefined ? {} : { cwd: folder }),
      env: { ...unbufferedOutput(), ...env },
    }).spawn();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such program" : reason(error);
    throw new UserError(`cannot start ${command.join(" ")}: ${file}: ${why}`);
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) take(next.value);
}

function signalTo(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch { /* it is gone already */ }
}

/**
 * The command with its values: `{port}`, `{host}`, `{users}`, `{data}`; of a client also `{name}`, `{room}` and `{udp}`. A command
 * without `{port}` cannot be told where to listen or to connect to.
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
