import { print } from "../../lib/terminal/print.ts";
import { type Programs, Running } from "./programs.ts";
import { ATTACKS, type Ports } from "./soak_attacks.ts";
import { lines } from "./soak_pair.ts";

const HERE = new URL(import.meta.url).pathname;

/** What the process of the attackers is told, a line each; it prints "over" once they have stopped. */
type AttackerOrder = { readonly attacks: readonly string[]; readonly ports: Ports } | "stop";

/** This module as a program, with this niceness. */
function program(nice: number): Programs {
  const args = ["run", "-A", HERE];
  return {
    name: "attackers",
    command: () =>
      nice === 0 || Deno.build.os === "windows"
        ? { path: Deno.execPath(), args }
        : { path: "nice", args: ["-n", String(nice), Deno.execPath(), ...args] },
  };
}

/** The attackers, in a process of their own. */
export class Attackers {
  readonly #process: Running;
  #over = () => {};

  constructor(folder: string, nice: number) {
    this.#process = new Running(program(nice), "client", [], folder, lines(() => this.#over()));
  }

  async begin(attacks: readonly string[], ports: Ports): Promise<void> {
    await this.#tell({ attacks, ports });
  }

  /** Resolves once all have stopped. */
  async stop(): Promise<void> {
    const over = new Promise<void>((resolve) => this.#over = resolve);
    await this.#tell("stop");
    await over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async #tell(order: AttackerOrder): Promise<void> {
    await this.#process.type(`${JSON.stringify(order)}\n`);
  }
}

if (import.meta.main) {
  let stop = new AbortController();
  let going: Promise<unknown> = Promise.resolve();
  const take = lines(async (line) => {
    const order = JSON.parse(line) as AttackerOrder;
    if (order === "stop") {
      stop.abort();
      await going;
      return print("over\n");
    }
    stop = new AbortController();
    going = Promise.all(order.attacks.map((name) => ATTACKS[name]!(order.ports, stop.signal)));
  });
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) take(text);
}
