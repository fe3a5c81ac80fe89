import { LineCrowd } from "./line_crowd.ts";
import { type Crowd, forEachOf, type JoinOptions, linesIn, POUR, type Tally, TEXT, userName } from "./traffic.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const TO_ALL = encoder.encode(`PRIVMSG #room :${TEXT}\r\n`);
const MANY_TO_ALL = encoder.encode(`PRIVMSG #room :${TEXT}\r\n`.repeat(POUR));
const BUFFER_BYTES = 16 * 1024;

/** One IRC user. IRC has no receipts, so a message counts as acknowledged on arrival. */
class IrcUser {
  #conn: Deno.TcpConn;
  #buffer = new Uint8Array(BUFFER_BYTES);
  received = 0;
  /** Called after each chunk that contained lines. */
  wake: (() => void) | undefined;

  private constructor(conn: Deno.TcpConn, readonly tally: Tally) {
    this.#conn = conn;
  }

  static async login(port: number, name: string, tally: Tally): Promise<IrcUser> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const user = new IrcUser(conn, tally);
    // 376 ends the greeting; 422 does without a message of the day.
    await user.ask(`NICK ${name}\r\nUSER ${name} 0 * :${name}\r\n`, / (376|422) /);
    return user;
  }

  /** Sends a line and reads until the answer; only before `receive`. */
  async ask(line: string, answer: RegExp): Promise<void> {
    await this.#conn.write(encoder.encode(line));
    let seen = "";
    while (!answer.test(seen)) {
      const n = await this.#conn.read(this.#buffer);
      if (n === null) throw new Error(`${line.trimEnd()} ended with: ${seen.slice(-200).trimEnd()}`);
      // An answer may be split between chunks and is never longer than this.
      seen = seen.slice(-100) + decoder.decode(this.#buffer.subarray(0, n));
    }
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#conn.write(bytes);
  }

  async receive(): Promise<void> {
    const buffer = this.#buffer;
    try {
      for (let n = await this.#conn.read(buffer); n !== null; n = await this.#conn.read(buffer)) {
        const lines = linesIn(buffer, n);
        this.received += lines;
        this.tally.delivered += lines;
        if (lines > 0) this.wake?.();
      }
    } catch {
      // Closed by leave().
    }
  }

  leave(): void {
    this.#conn.close();
  }
}

class IrcCrowd extends LineCrowd<IrcUser> {
  readonly #to: Uint8Array[];

  constructor(users: IrcUser[], first: number, tally: Tally) {
    super(users, tally);
    this.#to = users.map((_, index) => encoder.encode(`PRIVMSG ${userName(first + index)} :${TEXT}\r\n`));
    for (const user of users) user.receive();
  }

  protected async send(from: number, to: number): Promise<void> {
    const arrived = new Promise<void>((resolve) => void (this.users[to]!.wake = resolve));
    await this.users[from]!.send(this.#to[to]!);
    await arrived;
  }

  protected async sendAll(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let missing = this.users.length - 1;
    const wake = () => {
      if (--missing === 0) resolve();
    };
    for (let index = 1; index < this.users.length; index++) this.users[index]!.wake = wake;
    await this.users[0]!.send(TO_ALL);
    await promise;
  }

  protected sayMany(): Promise<void> {
    return this.users[0]!.send(MANY_TO_ALL);
  }
}

/** Logs users in over IRC; with `room`, all of them join one channel. */
export async function joinIrc(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const { first = 0, atOnce = 8, room = false } = options;
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const users = await forEachOf(first, count, atOnce, (number) => IrcUser.login(port, userName(number), tally));
  if (room) { for (const user of users) await user.ask("JOIN #room\r\n", / 366 /); }
  // The answer follows every JOIN line, so none of those is counted as a message.
  await Promise.all(users.map((user) => user.ask("PING :ready\r\n", /PONG.*ready/)));
  return new IrcCrowd(users, first, tally);
}
