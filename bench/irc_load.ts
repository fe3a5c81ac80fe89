import {
  type Crowd,
  forEachOf,
  type JoinOptions,
  linesIn,
  POUR,
  Pouring,
  type Tally,
  TEXT,
  type Until,
  userName,
} from "./traffic.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const TO_ALL = encoder.encode(`PRIVMSG #room :${TEXT}\r\n`);
const MANY_TO_ALL = encoder.encode(`PRIVMSG #room :${TEXT}\r\n`.repeat(POUR));
const BUFFER_BYTES = 16 * 1024;

/** One IRC user. IRC has no receipts, so a message counts as acknowledged when it has arrived. */
class IrcUser {
  #conn: Deno.TcpConn;
  #buffer = new Uint8Array(BUFFER_BYTES);
  received = 0;
  /** Called after each chunk that brought lines. */
  wake: () => void = () => {};

  private constructor(conn: Deno.TcpConn, readonly tally: Tally) {
    this.#conn = conn;
  }

  static async login(port: number, name: string, tally: Tally): Promise<IrcUser> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const user = new IrcUser(conn, tally);
    // 376 ends the greeting, 422 does where there is no message of the day.
    await user.ask(`NICK ${name}\r\nUSER ${name} 0 * :${name}\r\n`, / (376|422) /);
    return user;
  }

  /** Sends a line and reads until the answer has come; only before `receive`. */
  async ask(line: string, answer: RegExp): Promise<void> {
    await this.#conn.write(encoder.encode(line));
    let seen = "";
    while (!answer.test(seen)) {
      const n = await this.#conn.read(this.#buffer);
      if (n === null) throw new Error(`${line.trimEnd()} ended with: ${seen.slice(-200).trimEnd()}`);
      // An answer can be cut by a chunk's end, but it is never longer than this.
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
        if (lines > 0) this.wake();
      }
    } catch {
      // leave() has closed it.
    }
  }

  leave(): void {
    this.#conn.close();
  }
}

class IrcCrowd implements Crowd {
  #users: IrcUser[];
  #to: Uint8Array[];

  constructor(users: IrcUser[], first: number, readonly tally: Tally) {
    this.#users = users;
    this.#to = users.map((_, index) => encoder.encode(`PRIVMSG ${userName(first + index)} :${TEXT}\r\n`));
    for (const user of users) user.receive();
  }

  async #send(from: number, to: number): Promise<void> {
    const arrived = new Promise<void>((resolve) => void (this.#users[to]!.wake = resolve));
    await this.#users[from]!.send(this.#to[to]!);
    await arrived;
    this.tally.acked++;
  }

  async #sendAll(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let missing = this.#users.length - 1;
    const wake = () => {
      if (--missing === 0) resolve();
    };
    for (let index = 1; index < this.#users.length; index++) this.#users[index]!.wake = wake;
    await this.#users[0]!.send(TO_ALL);
    await promise;
    this.tally.acked++;
  }

  async talk(pairs: number, until: Until): Promise<void> {
    const sender = async (pair: number) => {
      while (!until.over) await this.#send(2 * pair, 2 * pair + 1);
    };
    await Promise.all(Array.from({ length: pairs }, (_, pair) => sender(pair)));
  }

  async shout(until: Until): Promise<void> {
    while (!until.over) await this.#sendAll();
  }

  async pour(until: Until): Promise<void> {
    const pouring = new Pouring(this.#users.length - 1);
    for (const user of this.#users.slice(1)) {
      const start = user.received;
      let had = 0;
      user.wake = () => {
        pouring.got(had, user.received - start);
        had = user.received - start;
      };
    }
    await pouring.run(() => this.#users[0]!.send(MANY_TO_ALL), until);
  }

  async whisper(): Promise<void> {
    await this.#send(0, 1);
  }

  async announce(): Promise<number> {
    const before = this.#users.map((user) => user.received);
    await this.#sendAll();
    return this.#users.filter((user, index) => user.received === before[index]! + 1).length;
  }

  leave(): void {
    for (const user of this.#users) user.leave();
  }
}

/** Logs users in at an IRC server; with `room`, all of them into one channel. */
export async function joinIrc(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const { first = 0, atOnce = 8, room = false } = options;
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const users = await forEachOf(first, count, atOnce, (number) => IrcUser.login(port, userName(number), tally));
  if (room) { for (const user of users) await user.ask("JOIN #room\r\n", / 366 /); }
  // The answer comes after every line that told of somebody's joining, so none of those is counted as a message.
  await Promise.all(users.map((user) => user.ask("PING :ready\r\n", /PONG.*ready/)));
  return new IrcCrowd(users, first, tally);
}
