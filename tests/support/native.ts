import type { Server } from "../../lib/server/server.ts";
import { Folder } from "./programs.ts";
import { RawClient, started, TestServer, type TestServerOptions } from "./test_server.ts";
import type { Wire } from "./wire.ts";

/** A server's message, decoded. */
// deno-lint-ignore no-explicit-any
export type Json = Record<string, any>;

/** A server with a store in a temporary folder. */
export class StoringServer extends TestServer {
  private constructor(
    instance: Server,
    traced: string[],
    folder: Folder,
    readonly options: TestServerOptions,
  ) {
    super(instance, traced, folder);
  }

  static override async open(options: TestServerOptions = {}): Promise<StoringServer> {
    const folder = new Folder();
    return new StoringServer(...await started({ ...options, data: folder.path }), folder, options);
  }

  /** Stops, and opens again on the same folder. */
  async restart(): Promise<void> {
    await this.instance.stop();
    [this.instance] = await started({ ...this.options, data: this.folder.path });
  }
}

/** What comes at any time, and few tests are about. */
const UNASKED = new Set(["presence", "roomChanges", "membersChanged", "live", "behind"]);

let lastClient = 0;

/** A raw client of the native protocol over TCP. */
export class RawNative {
  #conversations: Json[] | undefined;
  /** Messages that came before the conversations. */
  readonly #early: Json[] = [];
  #number = 0;

  constructor(readonly wire: Wire, readonly raw: RawClient, readonly client: string) {}

  /** Logs in over IM as the handout says, then switches to the native protocol. */
  static async join(
    { port }: Pick<TestServer, "port">,
    name: string,
    client = `client-${++lastClient}`,
    password = "12345",
  ): Promise<RawNative> {
    const raw = await RawClient.open(port);
    await raw.login(name, password);
    const reply = await raw.la.ask("/partyline 2");
    if (reply !== "110 partyline 2") throw new Error(`partyline of ${name}: ${reply}`);
    return new RawNative(raw.la, raw, client);
  }

  /** The same, with the session begun; `begun` is not returned. */
  static async resume(server: TestServer, name: string, client?: string, fields: Json = {}): Promise<RawNative> {
    const native = await RawNative.join(server, name, client);
    await native.resume(fields);
    return native;
  }

  async send(message: Json): Promise<void> {
    await this.wire.send(`${JSON.stringify(message)}\n`);
  }

  /** The next message of any type. */
  async next(): Promise<Json> {
    return JSON.parse(await this.wire.line());
  }

  /** The next message, but for `presence`, `roomChanges`, `membersChanged`, `conversations`, `live` and `behind`. */
  async take(): Promise<Json> {
    const early = this.#early.shift();
    if (early) return early;
    for (;;) {
      const message = await this.next();
      if (message.type === "conversations") this.#conversations = message.list;
      else if (!UNASKED.has(message.type)) return message;
    }
  }

  /** What is said after `begun` about the user's conversations; `take` has what comes before it. */
  async overview(): Promise<Json[]> {
    while (!this.#conversations) {
      const message = await this.next();
      if (message.type === "conversations") this.#conversations = message.list;
      else if (!UNASKED.has(message.type)) this.#early.push(message);
    }
    return this.#conversations;
  }

  async ask(message: Json): Promise<Json> {
    await this.send(message);
    return await this.take();
  }

  async resume(fields: Json = {}): Promise<Json> {
    const begun = await this.ask({ type: "resume", client: this.client, answered: 0, ...fields });
    if (begun.type === "begun") this.#number = begun.accepted;
    return begun;
  }

  /** Says something under the next number; the answer. `where` is `to` or `room`. */
  async say(where: Json, text: string, reply: Json = {}): Promise<Json> {
    return await this.ask({ type: "say", number: ++this.#number, ...where, ...reply, text });
  }

  async edit(of: number, text: string): Promise<Json> {
    return await this.ask({ type: "edit", number: ++this.#number, of, text });
  }

  async withdraw(of: number): Promise<Json> {
    return await this.ask({ type: "withdraw", number: ++this.#number, of });
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
  const { time: _time, client: _client, ...rest } = message;
  return rest;
}
