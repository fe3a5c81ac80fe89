import {
  type Crowd,
  forEachOf,
  type JoinOptions,
  linesIn,
  PASSWORD,
  type Tally,
  TEXT,
  type Until,
  userName,
} from "./traffic.ts";

const encoder = new TextEncoder();
const RECEIPT = encoder.encode("302 Message receipt successful\n");
const TO_ALL = encoder.encode(`/toall ${TEXT}\n`);
const BUFFER_BYTES = 1024;

/** One IM user with both connections, doing as little work a message as the protocol allows. */
class ImUser {
  #la: Deno.TcpConn;
  #lb!: Deno.TcpConn;
  #buffer = new Uint8Array(BUFFER_BYTES);
  received = 0;

  private constructor(la: Deno.TcpConn, readonly tally: Tally) {
    this.#la = la;
  }

  static async login(port: number, name: string, tally: Tally): Promise<ImUser> {
    const la = await Deno.connect({ hostname: "127.0.0.1", port });
    la.setNoDelay(true);
    const user = new ImUser(la, tally);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await user.#expect(101, `/login ${name} ${PASSWORD}\n`);
    const accepted = listener.accept();
    await user.#expect(201, `/port ${listener.addr.port}\n`);
    user.#lb = await accepted;
    user.#lb.setNoDelay(true);
    user.#receive();
    return user;
  }

  async #expect(code: number, line: string): Promise<void> {
    const answer = await this.command(encoder.encode(line));
    if (answer !== code) throw new Error(`${line.trimEnd()} was answered ${answer}, not ${code}`);
  }

  /** Sends one command; returns the code of its reply, or 0 if the connection has ended. */
  async command(bytes: Uint8Array): Promise<number> {
    const buffer = this.#buffer;
    await this.#la.write(bytes);
    let length = await this.#la.read(buffer);
    while (length !== null && buffer[length - 1] !== 10) {
      const n = await this.#la.read(buffer.subarray(length));
      length = n && length + n;
    }
    if (length === null) return 0;
    return buffer[0]! * 100 + buffer[1]! * 10 + buffer[2]! - 48 * 111;
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(BUFFER_BYTES);
    try {
      for (let n = await this.#lb.read(buffer); n !== null; n = await this.#lb.read(buffer)) {
        const lines = linesIn(buffer, n);
        this.received += lines;
        this.tally.delivered += lines;
        for (let line = 0; line < lines; line++) await this.#lb.write(RECEIPT);
      }
    } catch {
      // Closed by leave().
    }
  }

  leave(): void {
    this.#la.close();
    this.#lb.close();
  }
}

class ImCrowd implements Crowd {
  #users: ImUser[];
  #to: Uint8Array[];

  constructor(users: ImUser[], first: number, readonly tally: Tally) {
    this.#users = users;
    this.#to = users.map((_, index) => encoder.encode(`/to ${userName(first + index)} ${TEXT}\n`));
  }

  async #repeat(user: ImUser, command: Uint8Array, until: Until): Promise<void> {
    while (!until.over) this.#count(await user.command(command));
  }

  #count(code: number): void {
    if (code === 303) this.tally.acked++;
    else {
      this.tally.errors++;
      if (code === 0) throw new Error("the server has closed a connection");
    }
  }

  async talk(pairs: number, until: Until): Promise<void> {
    const senders = Array.from(
      { length: pairs },
      (_, pair) => this.#repeat(this.#users[2 * pair]!, this.#to[2 * pair + 1]!, until),
    );
    await Promise.all(senders);
  }

  async shout(until: Until): Promise<void> {
    await this.#repeat(this.#users[0]!, TO_ALL, until);
  }

  async whisper(): Promise<void> {
    this.#count(await this.#users[0]!.command(this.#to[1]!));
  }

  async announce(): Promise<number> {
    const before = this.#users.map((user) => user.received);
    this.#count(await this.#users[0]!.command(TO_ALL));
    return this.#users.filter((user, index) => user.received === before[index]! + 1).length;
  }

  leave(): void {
    for (const user of this.#users) user.leave();
  }
}

/** Logs users in over IM. */
export async function joinIm(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const { first = 0, atOnce = 8 } = options;
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const users = await forEachOf(first, count, atOnce, (number) => ImUser.login(port, userName(number), tally));
  return new ImCrowd(users, first, tally);
}
