import { delay } from "@std/async/delay";

/** Long enough for a program that starts beside tests on two slow cores. */
const WAIT_MS = 90_000;
/** Each look starts a program. */
const LOOK_MS = 50;

/** A private tmux server; its terminals end with it. */
export class Terminals {
  readonly #socket = `partyline-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;

  /** Why tmux is unavailable here; undefined if it is available. */
  static missing(): string | undefined {
    try {
      const { success } = new Deno.Command("tmux", { args: ["-V"], stdout: "null", stderr: "null" }).outputSync();
      return success ? undefined : "tmux does not work here";
    } catch {
      return "tmux is not installed";
    }
  }

  /** Starts a program in a new terminal. */
  async open(name: string, size: { columns: number; rows: number }, cwd: string, command: string): Promise<Terminal> {
    const shape = ["-x", String(size.columns), "-y", String(size.rows)];
    await this.run("new-session", "-d", "-s", name, ...shape, "-c", cwd, command);
    return new Terminal(this, name);
  }

  async run(...args: string[]): Promise<string> {
    const options = { args: ["-L", this.#socket, ...args], env: { LANG: "C.UTF-8", LC_ALL: "C.UTF-8" } };
    const { success, stdout, stderr } = await new Deno.Command("tmux", options).output();
    const text = new TextDecoder();
    if (!success) throw new Error(`tmux ${args[0]}: ${text.decode(stderr)}`);
    return text.decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Without terminals there is no tmux server.
    await this.run("kill-server").catch(() => {});
  }
}

/** One terminal. */
export class Terminal {
  constructor(readonly terminals: Terminals, readonly name: string) {}

  async type(...keys: string[]): Promise<void> {
    await this.terminals.run("send-keys", "-t", this.name, ...keys);
  }

  /** Pastes a text as a bracketed paste. */
  async paste(text: string): Promise<void> {
    await this.terminals.run("set-buffer", text);
    await this.terminals.run("paste-buffer", "-p", "-t", this.name);
  }

  /** The rows of the screen, with or without colours. */
  async screen(colours = false): Promise<string[]> {
    const screen = await this.terminals.run("capture-pane", ...(colours ? ["-e"] : []), "-p", "-t", this.name);
    const rows = screen.split("\n");
    while (rows.at(-1) === "") rows.pop();
    return rows;
  }

  /** Waits until the screen contains `text`; returns the screen. */
  async shows(text: string): Promise<string[]> {
    return await this.becomes((rows) => rows.join("\n").includes(text), text);
  }

  /** Waits until the screen satisfies the predicate; returns it. */
  async becomes(right: (rows: string[]) => boolean, what: string): Promise<string[]> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const rows = await this.screen();
      if (right(rows)) return rows;
      if (Date.now() > end) throw new Error(`waited ${WAIT_MS} ms for "${what}" on\n${rows.join("\n")}`);
      await delay(LOOK_MS);
    }
  }
}
