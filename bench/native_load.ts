import { concat } from "../lib/core/bytes.ts";
import { LineCrowd } from "./line_crowd.ts";
import { type Crowd, forEachOf, type JoinOptions, PASSWORD, POUR, type Tally, TEXT, userName } from "./traffic.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const [COLON, QUOTE] = [0x3a, 0x22];
/** Where `"seq":` begins in a message. */
const SEQ_AT = '{"type":"message",'.length;
/** At most this many messages are acknowledged together. */
const ACK_EVERY = 64;

/** How messages are framed. */
export interface Framing {
  /** The longest frame. */
  readonly bytes: number;
  wrap(json: string): Uint8Array;
  /** The JSON lines of the frame at `at` and the start of the next frame; undefined if incomplete. */
  next(bytes: Uint8Array, at: number, end: number): { from: number; to: number; after: number } | undefined;
}

/** One message a line. */
const LINES: Framing = {
  bytes: 16 * 1024,
  wrap: (json) => encoder.encode(`${json}\n`),
  next(bytes, at, end) {
    const to = bytes.indexOf(10, at);
    return to < 0 || to >= end ? undefined : { from: at, to, after: to + 1 };
  },
};

/** One native user; counts messages and decodes only what it needs to acknowledge. */
export class NativeUser {
  received = 0;
  delivered = 0;
  readonly #nameBytes: Uint8Array;
  #ackedAt = 0;
  #number = 0;
  /** Called after each chunk that contained messages. */
  wake: (() => void) | undefined;
  #waiting: { messages: number; delivered: number; wake: () => void } | undefined;

  constructor(
    readonly conn: Deno.TcpConn,
    readonly name: string,
    readonly tally: Tally,
    readonly framing: Framing = LINES,
  ) {
    this.#nameBytes = encoder.encode(name);
  }

  static async login(port: number, name: string, tally: Tally): Promise<NativeUser> {
    const user = await NativeUser.connect(port, name, tally);
    await user.resume();
    return user;
  }

  /** Logs in over IM and switches to the native protocol; nothing is told before `resume`. */
  static async connect(port: number, name: string, tally: Tally): Promise<NativeUser> {
    const la = await Deno.connect({ hostname: "127.0.0.1", port });
    la.setNoDelay(true);
    const user = new NativeUser(la, name, tally);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await user.ask(encoder.encode(`/login ${name} ${PASSWORD}\n`), "101 ");
    const accepted = listener.accept();
    await user.ask(encoder.encode(`/port ${listener.addr.port}\n`), "201 ");
    using _lb = await accepted;
    await user.ask(encoder.encode("/partyline 2\n"), "110 ");
    return user;
  }

  /** Sends `count` messages in one write. */
  async say(where: string, count: number): Promise<void> {
    const messages = Array.from(
      { length: count },
      () => this.framing.wrap(`{"type":"say","number":${++this.#number},${where},"text":"${TEXT}"}`),
    );
    await this.#write(messages.length === 1 ? messages[0]! : concat(messages));
  }

  /** Resolves when this many further messages were received and this many of ours delivered. */
  async has(messages: number, delivered: number): Promise<void> {
    const [more, arrived] = [this.received + messages, this.delivered + delivered];
    await new Promise<void>((wake) => this.#waiting = { messages: more, delivered: arrived, wake });
  }

  leave(): void {
    this.conn.close();
  }

  /** Starts the stream and counts from then on. */
  async resume(): Promise<void> {
    await this.ask(this.framing.wrap('{"type":"resume","client":"load","answered":0}'), '{"type":"begun"');
    this.#receive();
  }

  /** Sends bytes and reads until the expected answer. */
  async ask(bytes: Uint8Array, answer: string): Promise<void> {
    await this.#write(bytes);
    const buffer = new Uint8Array(4096);
    let said = "";
    while (!said.includes(answer)) {
      const n = await this.conn.read(buffer);
      if (n === null) throw new Error(`${decoder.decode(bytes).trimEnd()} was answered ${said}`);
      said += decoder.decode(buffer.subarray(0, n));
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.conn.write(rest));
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(this.framing.bytes);
    let held = 0;
    try {
      for (
        let n = await this.conn.read(buffer.subarray(held));
        n !== null;
        n = await this.conn.read(buffer.subarray(held))
      ) {
        const end = held + n;
        const used = this.#count(buffer, end);
        buffer.copyWithin(0, used, end);
        held = end - used;
      }
    } catch {
      // Closed by leave().
    }
  }

  /**
   * Counts complete messages and returns their bytes. Messages begin with {"type":"m, `received` with {"type":"rec, `failed` with
   * {"type":"f; others do not count, nor do the user's own messages, which have a number at the end.
   */
  #count(bytes: Uint8Array, end: number): number {
    let used = 0;
    let last: { from: number; to: number } | undefined;
    for (let next = this.framing.next(bytes, 0, end); next; next = this.framing.next(bytes, used, end)) {
      used = next.after;
      for (let from = next.from, to; from < next.to; from = to + 1) {
        const line = bytes.indexOf(10, from);
        to = line < 0 || line > next.to ? next.to : line;
        const kind = bytes[from + 9];
        if (kind === 0x6d) {
          last = { from, to };
          if (this.#isOwn(bytes, from)) continue;
          this.received++;
          this.tally.delivered++;
        } else if (kind === 0x72 && bytes[from + 11] === 0x63) this.delivered++;
        else if (kind === 0x66) this.tally.errors++;
      }
    }
    if (used === 0) return 0;
    if (last) this.#acknowledge(decoder.decode(bytes.subarray(last.from, last.to)));
    this.wake?.();
    const waiting = this.#waiting;
    if (!waiting || this.received < waiting.messages || this.delivered < waiting.delivered) return used;
    this.#waiting = undefined;
    waiting.wake();
    return used;
  }

  /** Whether a message is from this user: `{"type":"message","seq":N,"from":"NAME"`. */
  #isOwn(bytes: Uint8Array, from: number): boolean {
    const at = bytes.indexOf(COLON, bytes.indexOf(COLON, from + SEQ_AT) + 1) + 2;
    const name = this.#nameBytes;
    for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
    return bytes[at + name.length] === QUOTE;
  }

  /** A private message's sender waits for the acknowledgement; others are acknowledged together. */
  #acknowledge(line: string): void {
    const all = this.received + this.delivered;
    const { seq, type, to } = JSON.parse(line);
    if ((type !== "message" || to === undefined) && all - this.#ackedAt < ACK_EVERY) return;
    this.#ackedAt = all;
    this.#write(this.framing.wrap(`{"type":"ack","seq":${seq}}`)).catch(() => {});
  }
}

class NativeCrowd extends LineCrowd<NativeUser> {
  constructor(users: NativeUser[], readonly first: number, tally: Tally, writes?: number) {
    super(users, tally, writes);
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

/** Logs users in over IM and switches them to the native protocol. */
export const joinNative = joining(NativeUser.login);

/** Returns a function that logs in any number of users; a sender that pours is at most so many writes ahead. */
export function joining(login: (port: number, name: string, tally: Tally) => Promise<NativeUser>, writes?: number) {
  return async (port: number, count: number, { first = 0, atOnce = 8 }: JoinOptions = {}): Promise<Crowd> => {
    const tally: Tally = { delivered: 0, acked: 0, errors: 0 };
    const users = await forEachOf(first, count, atOnce, (number) => login(port, userName(number), tally));
    return new NativeCrowd(users, first, tally, writes);
  };
}
