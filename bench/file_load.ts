import { join } from "@std/path";

/** Times and memory of one transfer. */
export interface Transfer {
  /** Reading the file once for its digests, before the offer. */
  readonly readMs: number;
  /** From `want` until the file has its name. */
  readonly tookMs: number;
  /** Peak memory of each side, in MB. */
  readonly senderMb: number;
  readonly receiverMb: number;
}

const program = join(import.meta.dirname!, "peers", "file_end.ts");

/** Transfers a file or folder between two client processes; this process is the chat between them. */
export async function transfer(path: string, folder: string, seals: boolean): Promise<Transfer> {
  const alice = new End("alice", folder, seals);
  const bob = new End("bob", folder, seals);
  try {
    alice.other = bob;
    bob.other = alice;
    await Promise.all([alice.until("ready"), bob.until("ready")]);
    const readAt = performance.now();
    alice.tell({ act: { type: "send", to: { user: "bob" }, path } });
    const { n } = await bob.event("offered");
    const readMs = performance.now() - readAt;
    const at = performance.now();
    bob.tell({ act: { type: "accept", n } });
    await bob.event("received");
    const tookMs = performance.now() - at;
    await alice.event("fileSent");
    return { readMs, tookMs, senderMb: alice.mostMb, receiverMb: bob.mostMb };
  } finally {
    await Promise.all([alice.stop(), bob.stop()]);
  }
}

/** Writes a file in which no two blocks are alike. */
export async function writeRandom(path: string, bytes: number): Promise<void> {
  using file = await Deno.create(path);
  const block = crypto.getRandomValues(new Uint8Array(64 * 1024));
  for (let written = 0; written < bytes; written += block.length) {
    new DataView(block.buffer).setFloat64(0, written);
    await file.write(block.subarray(0, bytes - written));
  }
}

// deno-lint-ignore no-explicit-any
type Said = Record<string, any>;

/** One side, as a separate process. */
class End {
  other: End | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #said: Said[] = [];
  #wake: (() => void) | undefined;
  readonly #over: Promise<void>;

  constructor(readonly name: string, folder: string, seals: boolean) {
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-sys", "--allow-env"];
    this.#child = new Deno.Command(Deno.execPath(), {
      // The client's own flags.
      args: [
        "run",
        "--v8-flags=--max-semi-space-size=4",
        ...permissions,
        program,
        name,
        folder,
        seals ? "seals" : "plain",
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#over = this.#listen();
  }

  tell(what: Said): void {
    this.#input.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`)).catch(() => {});
  }

  /** The process's peak memory, in MB. */
  get mostMb(): number {
    const kb = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`).match(/^VmHWM:\s+(\d+) kB$/m)?.[1];
    return Number(kb) / 1000;
  }

  async until(key: string, fits: (said: Said) => boolean = () => true): Promise<Said> {
    for (;;) {
      const problem = this.#said.find((said) => said.problem ?? said.event?.type === "fileFailed");
      if (problem) throw new Error(`${this.name}: ${JSON.stringify(problem)}`);
      const found = this.#said.find((said) => said[key] !== undefined && fits(said));
      if (found) return found;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async event(type: string): Promise<Said> {
    return (await this.until("event", ({ event }) => event.type === type)).event;
  }

  async stop(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
    await this.#over;
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const said: Said = JSON.parse(line);
        if (said.signal) this.other?.tell({ signal: said.signal, from: this.name });
        else if (said.said) this.other?.tell({ said: said.said, from: this.name });
        else this.#said.push(said);
      }
      this.#wake?.();
    }
    this.#said.push({ problem: "the program ended" });
    this.#wake?.();
  }
}
