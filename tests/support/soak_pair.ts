import { delay } from "@std/async/delay";
import { type Programs, Running, SOURCES } from "./programs.ts";

/** Between two messages of a pair. */
const PAUSE_MS = 50;

/** Where a client is started, and the server that it is told. */
export interface ClientPlace {
  readonly programs: Programs;
  readonly hostname: string;
  readonly port: number;
}

/** Two real clients of which one says numbered messages to the other, and what became of them. */
export class Pair {
  said = 0;
  failed = 0;
  readonly #from: Running;
  readonly #to: Running;
  /** When each message was said; undefined once it has arrived. */
  readonly #saidAt = new Map<number, number>();
  #phase: number[] = [];
  #received: number[] = [];

  /** `places`: of each, or a port of loopback for both. */
  constructor(
    readonly names: readonly [string, string],
    folder: string,
    places: number | readonly [ClientPlace, ClientPlace],
  ) {
    const here = { programs: SOURCES, hostname: "127.0.0.1" };
    const [first, second] = typeof places === "number"
      ? [{ ...here, port: places }, { ...here, port: places }]
      : places;
    const client = (name: string, { programs, hostname, port }: ClientPlace, read: (line: string) => void) => {
      const options = ["--name", name, "--password-file", "secret", "--data", `data-${name}`];
      return new Running(programs, "client", ["chat", hostname, String(port), ...options], folder, lines(read));
    };
    const received = new RegExp(`^from ${names[0]}: m(\\d+)$`);
    this.#from = client(names[0], first, (line) => {
      if (line.startsWith("failed ")) this.failed++;
    });
    this.#to = client(names[1], second, (line) => {
      const [, number] = received.exec(line) ?? [];
      if (number !== undefined) this.#arrived(Number(number));
    });
  }

  /** Says messages for a time; how long each of them took, to which those that arrive later are added. */
  async talk(ms: number): Promise<number[]> {
    this.#phase = [];
    for (const end = performance.now() + ms; performance.now() < end; await delay(PAUSE_MS)) {
      this.#saidAt.set(++this.said, performance.now());
      await this.#from.type(`/to ${this.names[1]} m${this.said}\n`);
    }
    return this.#phase;
  }

  /** Waits until every message has arrived or is said to have failed. */
  async settled(ms: number): Promise<void> {
    for (const end = performance.now() + ms; performance.now() < end; await delay(50)) {
      if (this.#received.length + this.failed >= this.said) return;
    }
  }

  get received(): number {
    return this.#received.length;
  }

  /** What is wrong: a message lost, repeated or out of order. */
  get problems(): string[] {
    const problems: string[] = [];
    const { failed } = this;
    const twice = this.#received.length - new Set(this.#received).size;
    const disorder = this.#received.filter((n, i) => i > 0 && n < this.#received[i - 1]!).length;
    const lost = this.said - new Set(this.#received).size - failed;
    const who = this.names.join(" to ");
    if (twice > 0) problems.push(`${who}: ${twice} messages came twice`);
    if (disorder > 0) problems.push(`${who}: ${disorder} messages came out of order`);
    if (lost > 0) problems.push(`${who}: ${lost} of ${this.said} messages are lost`);
    if (lost < 0) problems.push(`${who}: ${-lost} messages that failed have arrived`);
    return problems;
  }

  get errors(): string {
    return this.#from.err + this.#to.err;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#from[Symbol.asyncDispose]();
    await this.#to[Symbol.asyncDispose]();
  }

  #arrived(n: number): void {
    this.#received.push(n);
    const at = this.#saidAt.get(n);
    if (at !== undefined) this.#phase.push(performance.now() - at);
    this.#saidAt.delete(n);
  }
}

/** Passes on whole lines. */
export function lines(read: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const all = (rest + text).split("\n");
    rest = all.pop()!;
    for (const line of all) read(line);
  };
}
