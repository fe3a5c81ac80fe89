import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { WAIT_MS } from "./wire.ts";

/** A program of the mailbox authors as far as datagrams go: one socket, one JSON object a datagram. */
export class MychatProgram {
  readonly #conn = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });

  constructor(readonly port: number) {}

  /** Connects under a name; the reply. */
  static async connect(port: number, name: string): Promise<MychatProgram> {
    const program = new MychatProgram(port);
    await program.ask(`{"key": "CONNECT", "isConnected": false, "username": "${name}", "isStach": false}`);
    return program;
  }

  async send(text: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    await this.#conn.send(bytes, { transport: "udp", hostname: "127.0.0.1", port: this.port });
  }

  /** The next datagram. */
  async next(): Promise<string> {
    const [bytes] = await deadline(this.#conn.receive(), WAIT_MS);
    return new TextDecoder().decode(bytes);
  }

  /** The same, with times as `TIME`. */
  async take(): Promise<string> {
    return (await this.next()).replaceAll(/"time": "\d\d:\d\d:\d\d"/g, '"time": "TIME"');
  }

  async ask(text: string): Promise<string> {
    await this.send(text);
    return await this.take();
  }

  async answers(request: string, reply: string): Promise<void> {
    assertEquals(await this.ask(request), reply);
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
