import { concat } from "../../lib/core/bytes.ts";
import { decodeLossy, encodeText } from "../../lib/core/text.ts";
import { until } from "./wire.ts";

type Json = Record<string, unknown> & { readonly type: string };

/** A browser without pages: requests with the cookie and the key that it was given, and WebSockets. */
export class Browser {
  cookie: string | undefined;
  /** The page's key. */
  key: string | undefined;

  constructor(readonly port: number) {}

  async ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const cookie: Record<string, string> = this.cookie === undefined ? {} : { cookie: this.cookie };
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      ...init,
      redirect: "manual",
      headers: { ...cookie, ...(this.key === undefined ? {} : { "x-partyline-key": this.key }), ...init.headers },
    });
    const given = response.headers.get("set-cookie");
    if (given !== null) this.cookie = given.split(";")[0];
    return response;
  }

  /** Posts JSON; returns the status and the body. */
  async post(path: string, value: unknown, headers: Record<string, string> = {}): Promise<[number, unknown]> {
    const init = {
      method: "POST",
      body: JSON.stringify(value),
      headers: { "content-type": "application/json", ...headers },
    };
    const response = await this.ask(path, init);
    const text = await response.text();
    const said = text.startsWith("{") ? JSON.parse(text) : text;
    if (typeof said.key !== "string") return [response.status, said];
    const { key, ...rest } = said;
    this.key = key;
    return [response.status, rest];
  }

  async about(): Promise<Record<string, unknown>> {
    return await (await this.ask("/about")).json();
  }

  /** Logs in, and opens the chat. */
  async join(name: string, password = "12345"): Promise<Chat> {
    const [status, said] = await this.post("/login", { name, password });
    if (status !== 200) throw new Error(`login of ${name}: ${status} ${JSON.stringify(said)}`);
    return await this.chat();
  }

  /** The chat's WebSocket, once it is open; throws if it is refused. */
  async chat(path = "/chat", headers: Record<string, string> = {}): Promise<Chat> {
    const cookie: Record<string, string> = this.cookie === undefined ? {} : { cookie: this.cookie };
    const protocols = this.key === undefined ? {} : { "sec-websocket-protocol": `partyline, key.${this.key}` };
    return await Chat.open(this.port, path, { ...cookie, ...protocols, ...headers });
  }
}

const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A WebSocket written by hand, frame by frame, so that tests can break its rules. */
export class Chat {
  readonly heard: Json[] = [];
  /** The most messages that one frame had. */
  mostInFrame = 0;
  closed: string | undefined;
  /** Resolves when the connection is gone. */
  readonly over: Promise<void>;
  #bytes = new Uint8Array(0);
  #open = false;
  #deaf = false;

  private constructor(readonly conn: Deno.TcpConn) {
    this.over = this.#read();
  }

  static async open(port: number, path: string, headers: Record<string, string>): Promise<Chat> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const lines = Object.entries({
      host: `127.0.0.1:${port}`,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": btoa("0123456789abcdef"),
      "sec-websocket-version": "13",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    await conn.write(encodeText(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`));
    const chat = new Chat(conn);
    const head = await chat.#head();
    if (/^HTTP\/1\.1 101 /.test(head)) return chat;
    conn.close();
    throw new Error(head.split("\r\n")[0]);
  }

  /** Sends one frame, with a mask of zeros. */
  async frame(kind: keyof typeof OPCODE, payload: string | Uint8Array): Promise<void> {
    const bytes = typeof payload === "string" ? encodeText(payload) : payload;
    const { length } = bytes;
    const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [
      127,
      ...[0, 0, 0, 0],
      ...[24, 16, 8, 0].map((shift) => length >>> shift & 255),
    ];
    const frame = new Uint8Array([128 + OPCODE[kind], 128 + size[0]!, ...size.slice(1), 0, 0, 0, 0, ...bytes]);
    for (let rest = frame; rest.length > 0; rest = rest.subarray(await this.conn.write(rest)));
  }

  async say(value: unknown): Promise<void> {
    await this.frame("text", JSON.stringify(value));
  }

  /** The next message of a type; drops those before it. */
  async next(type: string): Promise<Json> {
    await until(() => this.heard.some((each) => each.type === type) || this.closed !== undefined, `${type} comes`);
    const at = this.heard.findIndex((each) => each.type === type);
    if (at < 0) throw new Error(`closed before ${type} came: ${this.closed}`);
    return this.heard.splice(0, at + 1)[at]!;
  }

  /** Stops reading. */
  deafen(): void {
    this.#deaf = true;
  }

  /** Begins the session. */
  async resume(): Promise<Json> {
    await this.say({ type: "resume", client: "a-page", answered: 0 });
    return await this.next("begun");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed === undefined) await this.frame("close", new Uint8Array([3, 232])).catch(() => {});
    await this.over;
  }

  /** The head of the response to the handshake. */
  async #head(): Promise<string> {
    const end = () => decodeLossy(this.#bytes).indexOf("\r\n\r\n");
    await until(() => end() >= 0, "the handshake is answered");
    const head = decodeLossy(this.#bytes).slice(0, end());
    this.#bytes = this.#bytes.slice(encodeText(head).length + 4);
    this.#open = true;
    this.#take();
    return head;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let count = await this.conn.read(buffer); count !== null; count = await this.conn.read(buffer)) {
        this.#bytes = concat([this.#bytes, buffer.subarray(0, count)]);
        if (this.#deaf) return;
        if (this.#open) this.#take();
      }
      this.closed ??= "finished";
    } catch (error) {
      this.closed ??= String(error);
    }
    try {
      this.conn.close();
    } catch { /* it was refused */ }
  }

  #take(): void {
    for (;;) {
      const bytes = this.#bytes;
      if (bytes.length < 2) return;
      const short = bytes[1]! & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < head) return;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const length = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
      if (bytes.length < head + length) return;
      const payload = bytes.slice(head, head + length);
      this.#bytes = bytes.subarray(head + length);
      const opcode = bytes[0]! & 15;
      if (opcode === OPCODE.text) {
        const lines = decodeLossy(payload).split("\n");
        for (const line of lines) this.heard.push(JSON.parse(line));
        this.mostInFrame = Math.max(this.mostInFrame, lines.length);
      } else if (opcode === OPCODE.ping) this.frame("pong", payload).catch(() => {});
      else if (opcode === OPCODE.close) {
        this.closed = decodeLossy(payload.subarray(2));
        this.frame("close", payload).catch(() => {});
      }
    }
  }
}
