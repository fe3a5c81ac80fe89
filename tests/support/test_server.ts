import { scryptSync } from "node:crypto";
import { type Limits, limits } from "../../lib/core/limits.ts";
import type { WebOptions } from "../../lib/server/command_line.ts";
import { type Accounts, decodeUsers, encodeScrypt } from "../../lib/chat/accounts.ts";
import type { ExchangePlan } from "../../lib/server/exchange_options.ts";
import { openServer, type Server } from "../../lib/server/server.ts";
import { Folder } from "./programs.ts";
import { Wire } from "./wire.ts";

/** The three users of the handout's session, and one more. */
export const USERS = ["jacky 12345", "bob 12345", "michael 12345", "alice 12345"].join("\n");

/** The same accounts as scrypt entries of the least cost: with plain ones a native login takes a third of a second at each end. */
export const HASHED_USERS = hashed(USERS);

export function hashed(users: string): string {
  const [logN, r, p, salt] = [4, 8, 1, new Uint8Array(16)];
  return users.split("\n").map((line) => {
    const [name, password] = line.split(" ") as [string, string];
    const key = new Uint8Array(scryptSync(password, salt, 32, { N: 2 ** logN, r, p }));
    return `${name} ${encodeScrypt({ type: "scrypt", logN, r, p, salt, key })}`;
  }).join("\n");
}

export const RECEIPT = "302 Message receipt successful\n";

export interface TestServerOptions {
  readonly users?: string;
  readonly limits?: Partial<Limits>;
  readonly trace?: boolean;
  readonly mailbox?: boolean;
  readonly lobby?: boolean;
  readonly mychat?: boolean;
  readonly rooms?: boolean;
  /** Whether the folder gets `requests.log`. */
  readonly recordsRequests?: boolean;
  readonly web?: boolean;
  readonly addressBook?: boolean;
  readonly tlsPort?: boolean;
  readonly tls?: WebOptions["tls"];
  readonly enrollIn?: string;
  readonly passwordsIn?: string;
  readonly guests?: boolean;
  /** Names of the page's host. */
  readonly webNames?: readonly string[];
  /** Where the chat is shared with other servers. */
  readonly exchange?: ExchangePlan;
  /** The folder of its store; a temporary one by default. */
  readonly data?: string;
}

/** Receivers in tests confirm at once, but not always within five seconds on a busy machine. */
const PATIENT: Partial<Limits> = { receiptMs: 60_000 };

/** A server in this process on free ports, with everything real but its log. */
export class TestServer {
  protected constructor(public instance: Server, readonly traced: string[], readonly folder: Folder) {}

  static async open(options: TestServerOptions = {}): Promise<TestServer> {
    const folder = new Folder();
    return new TestServer(...await started({ data: folder.path, ...options }), folder);
  }

  /** The port of a listener. */
  portOf(name: string): number {
    return this.instance.listeners.find((listener) => listener.name === name)!.port;
  }

  get port(): number {
    return this.instance.listeners[0]!.port;
  }

  /** A lobby guest that has received the greeting. */
  async guest(): Promise<Wire> {
    const wire = await Wire.connect(this.portOf("lobby"));
    const greeting = await wire.line();
    if (greeting !== "Welcome to this chatroom!") throw new Error(`greeted with ${greeting}`);
    return wire;
  }

  connect(): Promise<Wire> {
    return Wire.connect(this.port);
  }

  /** A client that has logged in and is linked. */
  async join(name: string, password = "12345"): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    await client.login(name, password);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.stop();
    this.folder[Symbol.dispose]();
  }
}

/** A server with a page. */
export class WebTestServer extends TestServer {
  static override async open(options: TestServerOptions = {}): Promise<WebTestServer> {
    const folder = new Folder();
    return new WebTestServer(...await started({ web: true, data: folder.path, ...options }), folder);
  }
}

export async function started(options: TestServerOptions & { readonly data: string }): Promise<[Server, string[]]> {
  const traced: string[] = [];
  const plan = {
    host: "127.0.0.1",
    listeners: {
      im: 0,
      ...(options.lobby ? { lobby: 0 } : {}),
      ...(options.rooms ? { rooms: 0 } : {}),
      ...(options.mailbox ? { mailbox: 0 } : {}),
      ...(options.mychat ? { mychat: 0 } : {}),
      ...(options.web ? { web: 0 } : {}),
      ...(options.tlsPort ? { tls: 0 } : {}),
      ...(options.addressBook ? { "address-book": 0 } : {}),
    },
    web: { host: "127.0.0.1", names: [...options.webNames ?? []], watchPasswordFile: undefined, tls: options.tls },
    data: options.data,
    enrollIn: options.enrollIn,
    passwordsIn: options.passwordsIn,
    guests: options.guests ?? false,
    trace: options.trace ?? false,
    recordsRequests: options.recordsRequests ?? false,
    exchange: options.exchange,
    limits: limits({ ...PATIENT, ...options.limits }),
  };
  const accounts = decodeUsers(options.users ?? USERS) as Accounts;
  return [await openServer(plan, accounts, (line) => traced.push(line)), traced];
}

/** A raw IM client with both connections. */
export class RawClient {
  lb!: Wire;

  constructor(readonly la: Wire, readonly listener: Deno.TcpListener) {}

  static async open(port: number): Promise<RawClient> {
    return new RawClient(await Wire.connect(port), Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  }

  async login(name: string, password: string): Promise<void> {
    const reply = await this.la.ask(`/login ${name} ${password}`);
    if (reply !== "101 Authentication successful") throw new Error(`login of ${name}: ${reply}`);
    await this.link();
  }

  async link(): Promise<void> {
    const accepted = this.listener.accept();
    await this.la.send(`/port ${this.listener.addr.port}\n`);
    this.lb = new Wire(await accepted);
    const reply = await this.la.line();
    if (reply !== "201 Build connection successful") throw new Error(`link: ${reply}`);
  }

  /** Receives the next message and confirms it. */
  async take(): Promise<string> {
    const line = await this.lb.line();
    await this.lb.send(RECEIPT);
    return line;
  }

  /** Closes both connections; idempotent. */
  close(): void {
    this.la.close();
    this.lb?.close();
    try {
      this.listener.close();
    } catch { /* it is closed */ }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
