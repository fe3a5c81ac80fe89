import { assertEquals, equal } from "@std/assert";

/** Long enough for several programs that start at once, beside other tests on two slow cores. */
export const WAIT_MS = 90_000;

/** A raw TCP connection of a test, read line by line. */
export class Wire {
  #text = "";
  #ended: string | undefined;
  #wake: (() => void) | undefined;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  /** The data of each read. */
  readonly chunks: string[] = [];

  constructor(readonly conn: Deno.TcpConn) {
    this.#read();
  }

  static async connect(port: number, hostname = "127.0.0.1"): Promise<Wire> {
    return new Wire(await Deno.connect({ hostname, port }));
  }

  async send(text: string | Uint8Array): Promise<void> {
    let bytes = typeof text === "string" ? this.#encoder.encode(text) : text;
    while (bytes.length > 0) bytes = bytes.subarray(await this.conn.write(bytes));
  }

  /** The next line, without its line break. */
  async line(): Promise<string> {
    await this.#until(() => this.#text.includes("\n"), "a line");
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** The next `count` lines. */
  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push(await this.line());
    return lines;
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    await this.#until(() => this.#ended !== undefined, "the end");
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Received text that has not been returned yet. */
  get unread(): string {
    return this.#text;
  }

  /** Sends a line and returns the reply. */
  async ask(line: string): Promise<string> {
    await this.send(`${line}\n`);
    return await this.line();
  }

  async finish(): Promise<void> {
    await this.conn.closeWrite();
  }

  close(): void {
    try {
      this.conn.close();
    } catch { /* the read has closed it */ }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await this.conn.read(buffer); count !== null; count = await this.conn.read(buffer)) {
        const chunk = this.#decoder.decode(buffer.subarray(0, count), { stream: true });
        this.chunks.push(chunk);
        this.#text += chunk;
        this.#wake?.();
      }
      this.#ended = "finished";
    } catch (error) {
      this.#ended = String(error);
    }
    this.#wake?.();
  }

  async #until(ready: () => boolean, what: string): Promise<void> {
    const timer = setTimeout(() => this.#wake?.(), WAIT_MS);
    const until = Date.now() + WAIT_MS;
    try {
      while (!ready()) {
        const over = this.#ended !== undefined || Date.now() >= until;
        if (over) {
          throw new Error(`waited for ${what}; had ${JSON.stringify(this.#text)}, ${this.#ended ?? "nothing more"}`);
        }
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Polls until the condition holds, for conditions without an event. */
export async function until(ready: () => boolean, what: string | (() => string), waitMs = WAIT_MS): Promise<void> {
  const end = Date.now() + waitMs;
  while (!ready()) {
    if (Date.now() > end) throw new Error(`waited ${waitMs} ms until ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until what is read is what is expected, for what changes a moment after what was waited for. */
export async function becomes<T>(read: () => T | Promise<T>, expected: T, what?: string): Promise<void> {
  let found = await read();
  for (const end = Date.now() + WAIT_MS; !equal(found, expected) && Date.now() < end; found = await read()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(found, expected, what);
}

/** Waits until a program that is starting listens on the port. */
export async function listening(port: number): Promise<void> {
  const connects = () => Deno.connect({ port }).then((conn) => (conn.close(), true), () => false);
  for (const end = Date.now() + WAIT_MS; !await connects();) {
    if (Date.now() > end) throw new Error(`waited ${WAIT_MS} ms until port ${port} is open`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
