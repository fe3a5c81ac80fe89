import { delay } from "@std/async/delay";
import { Running, SOURCES } from "./programs.ts";

/** Between two messages of a pair. */
const PAUSE_MS = 50;
/** How often the output of a receiver is looked at. */
const LOOK_MS = 2;

/** Two real clients of which one says numbered messages to the other, and what became of them. */
export class Pair {
  said = 0;
  readonly #from: Running;
  readonly #to: Running;
  /** When each message was said; undefined once it has arrived. */
  readonly #saidAt = new Map<number, number>();
  #read = 0;
  #phase: number[] = [];
  #received: number[] = [];
  #stopped = false;
  readonly #looking: Promise<void>;

  constructor(readonly names: readonly [string, string], folder: string, port: number) {
    const client = (name: string) =>
      new Running(
        SOURCES,
        "client",
        ["chat", "127.0.0.1", String(port), "--name", name, "--password-file", "secret", "--data", `data-${name}`],
        folder,
      );
    [this.#from, this.#to] = [client(names[0]), client(names[1])];
    this.#looking = this.#look();
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

  get failed(): number {
    return this.#from.out.match(/^failed /gm)?.length ?? 0;
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
    this.#stopped = true;
    await this.#looking;
    await this.#from[Symbol.asyncDispose]();
    await this.#to[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const line = new RegExp(`^from ${this.names[0]}: m(\\d+)$`, "gm");
    for (; !this.#stopped; await delay(LOOK_MS)) {
      const { out } = this.#to;
      const end = out.lastIndexOf("\n") + 1;
      if (end <= this.#read) continue;
      for (const [, text] of out.slice(this.#read, end).matchAll(line)) {
        const n = Number(text);
        this.#received.push(n);
        const at = this.#saidAt.get(n);
        if (at !== undefined) this.#phase.push(performance.now() - at);
        this.#saidAt.delete(n);
      }
      this.#read = end;
    }
  }
}
