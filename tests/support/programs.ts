import { dirname, fromFileUrl, join } from "@std/path";
import { permissionsOn, programs } from "../../tools/targets.ts";
import { until } from "./wire.ts";

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..", "..");
const SUFFIX = Deno.build.os === "windows" ? ".exe" : "";

/** How to start the two programs: from their sources or as executables. */
export interface Programs {
  readonly name: string;
  command(program: "server" | "client", args: readonly string[]): { path: string; args: string[] };
}

/** From the sources, with the permissions that `deno task` gives. */
export const SOURCES: Programs = {
  name: "from the sources",
  command: (program, args) => ({
    path: Deno.execPath(),
    args: ["run", "--no-prompt", ...permissions(program), join(ROOT, `${program}.ts`), ...args],
  }),
};

function permissions(program: "server" | "client"): readonly string[] {
  return permissionsOn(Deno.build.os === "windows", programs.find(({ name }) => name === program)!);
}

/** The executables in a folder. */
function binaries(folder: string): Programs {
  const path = (program: string) => join(ROOT, folder, `partyline-${program}${SUFFIX}`);
  return { name: "compiled", command: (program, args) => ({ path: path(program), args: [...args] }) };
}

/** What the tests of whole programs start: the executables in the folder that PARTYLINE_BIN names, or else the sources. */
export const PROGRAMS = Deno.env.has("PARTYLINE_BIN") ? binaries(Deno.env.get("PARTYLINE_BIN")!) : SOURCES;

/** A test of whole programs; its name says which were started. */
export const programTest = (name: string, body: () => Promise<void>): void =>
  Deno.test(`${PROGRAMS.name}: ${name}`, body);

/** A running program with its output; it never outlives its test. */
export class Running {
  #out = "";
  #err = "";
  readonly process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<unknown>;

  /** `printed`, if given, gets the standard output, which is not kept then. */
  constructor(
    programs: Programs,
    program: "server" | "client",
    args: readonly string[],
    cwd: string,
    printed = (text: string): void => void (this.#out += text),
  ) {
    const { path, args: all } = programs.command(program, args);
    this.process = new Deno.Command(path, { args: all, cwd, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    this.#writer = this.process.stdin.getWriter();
    this.#read = Promise.all([
      this.#collect(this.process.stdout, printed),
      this.#collect(this.process.stderr, (text) => this.#err += text),
    ]);
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  async endInput(): Promise<void> {
    await this.#writer.close();
  }

  /** Waits until its standard output matches. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    await until(
      () => pattern.test(this.#out),
      () => `${pattern} in ${JSON.stringify(this.#out)}, ${JSON.stringify(this.#err)}`,
    );
    return pattern.exec(this.#out)!;
  }

  /** Waits for its exit status and the end of its output. */
  async over(): Promise<number> {
    const { code } = await this.process.status;
    await this.#read;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.process);
    await this.#writer.close().catch(() => {});
    await this.over();
  }

  async #collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
  }
}

/** Ends a program, which may have ended by itself. */
export async function ended(child: Deno.ChildProcess, signal: Deno.Signal = "SIGKILL"): Promise<void> {
  try {
    child.kill(signal);
  } catch { /* it has ended */ }
  await child.status;
}

/**
 * Disposes of what a long program has begun when SIGINT or SIGTERM ends that. Returns how it does so at its own end, too: once,
 * whichever comes first.
 */
export function disposedAtSignals(begun: AsyncDisposableStack): () => Promise<void> {
  let disposed: Promise<void> | undefined;
  const dispose = () => disposed ??= begun.disposeAsync();
  const signals = Deno.build.os === "windows" ? { SIGINT: 130 } : { SIGINT: 130, SIGTERM: 143 };
  for (const [signal, status] of Object.entries(signals)) {
    Deno.addSignalListener(signal as Deno.Signal, () => void dispose().finally(() => Deno.exit(status)));
  }
  return dispose;
}

/** A temporary folder for one test. */
export class Folder {
  readonly path = Deno.makeTempDirSync({ prefix: "partyline-test-" });

  write(name: string, text: string): string {
    const path = join(this.path, name);
    Deno.writeTextFileSync(path, text);
    return path;
  }

  read(name: string): string {
    return Deno.readTextFileSync(join(this.path, name));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
