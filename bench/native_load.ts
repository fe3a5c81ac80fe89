import { LineCrowd } from "./line_crowd.ts";
import { type Crowd, forEachOf, type JoinOptions, PASSWORD, POUR, type Tally, TEXT, userName } from "./traffic.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const BUFFER_BYTES = 16 * 1024;
/** So many messages are acknowledged together, at the latest. */
const ACK_EVERY = 64;

/** One user of our own protocol on TCP; counts lines, and decodes no more than it must to acknowledge. */
class NativeUser {
  received = 0;
  delivered = 0;
  #ackedAt = 0;
  #ids = 0;
  /** Called after each chunk that brought lines. */
  wake: (() => void) | undefined;
  #waiting: { messages: number; delivered: number; wake: () => void } | undefined;

  private constructor(readonly conn: Deno.TcpConn, readonly name: string, readonly tally: Tally) {}

  static async login(port: number, name: string, tally: Tally): Promise<NativeUser> {
    const la = await Deno.connect({ hostname: "127.0.0.1", port });
    la.setNoDelay(true);
    const user = new NativeUser(la, name, tally);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await user.#ask(`/login ${name} ${PASSWORD}\n`, "101 ");
    const accepted = listener.accept();
    await user.#ask(`/port ${listener.addr.port}\n`, "201 ");
    using _lb = await accepted;
    await user.#ask("/partyline 1\n", "110 ");
    await user.#ask('{"type":"resume"}\n', '{"type":"begun"');
    user.#receive();
    return user;
  }

  /** Says so many messages in one write. */
  async say(where: string, count: number): Promise<void> {
    let text = "";
    for (let i = 0; i < count; i++) {
      text += `{"type":"say","id":"${this.name}-${++this.#ids}",${where},"text":"${TEXT}"}\n`;
    }
    await this.conn.write(encoder.encode(text));
  }

  /** Resolves when so many more messages have come, or so many more of ours have arrived. */
  async has(messages: number, delivered: number): Promise<void> {
    const [more, arrived] = [this.received + messages, this.delivered + delivered];
    await new Promise<void>((wake) => this.#waiting = { messages: more, delivered: arrived, wake });
  }

  leave(): void {
    this.conn.close();
  }

  async #ask(line: string, answer: string): Promise<void> {
    await this.conn.write(encoder.encode(line));
    const buffer = new Uint8Array(4096);
    const n = await this.conn.read(buffer);
    const said = n === null ? "the end" : decoder.decode(buffer.subarray(0, n));
    if (!said.startsWith(answer)) throw new Error(`${line.trimEnd()} was answered ${said}`);
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(BUFFER_BYTES);
    let held = 0;
    try {
      for (
        let n = await this.conn.read(buffer.subarray(held));
        n !== null;
        n = await this.conn.read(buffer.subarray(held))
      ) {
        const end = held + n;
        const last = buffer.lastIndexOf(10, end - 1);
        if (last < 0) {
          held = end;
          continue;
        }
        this.#count(buffer, last + 1);
        buffer.copyWithin(0, last + 1, end);
        held = end - last - 1;
      }
    } catch {
      // leave() has closed it.
    }
  }

  /** Whole lines: a message begins {"type":"m, a notice {"type":"d; what answers us, {"type":"s, and news, {"type":"p, count nothing. */
  #count(bytes: Uint8Array, length: number): void {
    let last = -1;
    for (let at = 0; at < length; at = bytes.indexOf(10, at) + 1) {
      const kind = bytes[at + 9];
      if (kind === 0x6d) {
        this.received++;
        this.tally.delivered++;
      } else if (kind === 0x64) this.delivered++;
      else if (kind === 0x66) this.tally.errors++;
      if (kind === 0x6d || kind === 0x64) last = at;
    }
    if (last >= 0) this.#acknowledge(decoder.decode(bytes.subarray(last, bytes.indexOf(10, last))));
    this.wake?.();
    const waiting = this.#waiting;
    if (!waiting || this.received < waiting.messages || this.delivered < waiting.delivered) return;
    this.#waiting = undefined;
    waiting.wake();
  }

  /** What is private has a sender who waits for the acknowledgement; the rest is acknowledged together. */
  #acknowledge(line: string): void {
    const all = this.received + this.delivered;
    const { seq, type, to } = JSON.parse(line);
    if ((type !== "message" || to === undefined) && all - this.#ackedAt < ACK_EVERY) return;
    this.#ackedAt = all;
    this.conn.write(encoder.encode(`{"type":"ack","seq":${seq}}\n`)).catch(() => {});
  }
}

class NativeCrowd extends LineCrowd<NativeUser> {
  constructor(users: NativeUser[], readonly first: number, tally: Tally) {
    super(users, tally);
  }

  protected async send(from: number, to: number): Promise<void> {
    const user = this.users[from]!;
    const arrived = user.has(0, 1);
    await user.say(`"to":"${userName(this.first + to)}"`, 1);
    await arrived;
  }

  protected async sendAll(): Promise<void> {
    const arrived = this.users.slice(1).map((user) => user.has(1, 0));
    await this.users[0]!.say('"room":"lobby"', 1);
    await Promise.all(arrived);
  }

  protected sayMany(): Promise<void> {
    return this.users[0]!.say('"room":"lobby"', POUR);
  }
}

/** Logs users in at the IM door and has them go over to our own protocol. */
export async function joinNative(port: number, count: number, options: JoinOptions = {}): Promise<Crowd> {
  const { first = 0, atOnce = 8 } = options;
  const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
  const users = await forEachOf(first, count, atOnce, (number) => NativeUser.login(port, userName(number), tally));
  return new NativeCrowd(users, first, tally);
}
