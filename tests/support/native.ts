import { RawClient } from "./test_server.ts";
import type { Wire } from "./wire.ts";

/** A server's message, decoded. */
// deno-lint-ignore no-explicit-any
export type Json = Record<string, any>;

/** A raw client of the native protocol over TCP. */
export class RawNative {
  constructor(readonly wire: Wire, readonly raw: RawClient) {}

  /** Logs in over IM as the handout says, then switches to the native protocol. */
  static async join(port: number, name: string, password = "12345"): Promise<RawNative> {
    const raw = await RawClient.open(port);
    await raw.login(name, password);
    const reply = await raw.la.ask("/partyline 2");
    if (reply !== "110 partyline 2") throw new Error(`partyline of ${name}: ${reply}`);
    return new RawNative(raw.la, raw);
  }

  async send(message: Json): Promise<void> {
    await this.wire.send(`${JSON.stringify(message)}\n`);
  }

  /** The next message of any type. */
  async next(): Promise<Json> {
    return JSON.parse(await this.wire.line());
  }

  /** The next message that is not `presence`. */
  async take(): Promise<Json> {
    for (;;) {
      const message = await this.next();
      if (message.type !== "presence") return message;
    }
  }

  async ask(message: Json): Promise<Json> {
    await this.send(message);
    return await this.take();
  }

  async resume(fields: Json = {}): Promise<Json> {
    return await this.ask({ type: "resume", ...fields });
  }

  close(): void {
    this.raw.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A message without the fields that differ between runs. */
export function plain(message: Json): Json {
  const { time: _time, ...rest } = message;
  return rest;
}
