import type { Ending } from "../../lib/core/transport.ts";
import type { Random } from "./random.ts";
import type { VirtualStream } from "./virtual_network.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** Behaviours of real clients. */
export const BEHAVIOURS = [
  "exact",
  "chunky", // treats one read as one message
  "telnet", // one byte a write, `\r\n`
  "bare", // 302 without a newline
  "late", // listens shortly after its /port
  "deaf", // never confirms
  "moody", // confirms some senders and never others
  "slow", // confirms just in time
  "tardy", // confirms too late
  "rambler", // sends unknown commands
  "hasty", // does not wait for replies
  "flooder", // sends everything at once
  "closer", // closes one of its connections
  "breaker", // is disconnected at any byte
  "guesser", // tries a wrong password first
  "twin", // uses a name that is taken
  "unlinked", // never listens
] as const;

export type Behaviour = typeof BEHAVIOURS[number];

/** A command and its reply. */
export interface Asked {
  readonly line: string;
  readonly at: number;
  reply?: string;
  repliedAt?: number;
}

/** A message that a client has read. */
export interface Took {
  readonly from: string;
  readonly text: string;
  readonly scope: "one" | "all";
}

const encoder = new TextEncoder();

/** An IM client independent of the product code; it follows its behaviour and records what it sees. */
export class WildClient {
  readonly asked: Asked[] = [];
  readonly took: Took[] = [];
  readonly complaints: string[] = [];
  listening = false;
  online = false;
  linkedAt: number | undefined;
  leftAt: number | undefined;
  lb: VirtualStream | undefined;
  readonly #inLa: Inbox;
  readonly #inLb: Inbox;
  #script: string[];
  #saying = false;
  #answersAt = 0;
  #guesses: number;

  constructor(
    readonly name: string,
    readonly address: string,
    readonly temper: Behaviour,
    readonly la: VirtualStream,
    script: readonly string[],
    readonly time: VirtualTime,
    readonly random: Random,
  ) {
    this.#script = [...script];
    this.#guesses = temper === "guesser" ? random.whole(1, 7) : 0;
    this.#inLa = this.#inbox("La", (line) => this.#reply(line));
    this.#inLb = this.#inbox("Lb", (line) => this.#message(line));
    la.holder = { arrived: (bytes) => this.#inLa.arrived(bytes), ended: (ending) => this.#ended(ending) };
    if (temper === "breaker") la.cutAfter(random.whole(0, 400), random.pick(["reset", "vanish"]));
    this.#login();
  }

  get unanswered(): Asked[] {
    return this.asked.filter((asked) => asked.reply === undefined);
  }

  /** Whether it can still receive a reply. */
  get hears(): boolean {
    return this.leftAt === undefined && !this.la.dead;
  }

  linked(stream: VirtualStream): void {
    this.lb = stream;
    stream.holder = { arrived: (bytes) => this.#inLb.arrived(bytes), ended: () => {} };
    if (this.temper === "breaker") stream.cutAfter(this.random.whole(0, 200), this.random.pick(["reset", "vanish"]));
  }

  /** Disconnects in one way or another. */
  leave(how: "exit" | "finish" | "reset" | "vanish"): void {
    this.#script = [];
    if (how === "exit" && this.linkedAt !== undefined && this.unanswered.length === 0) return this.#say("/exit");
    this.leftAt ??= this.time.now;
    for (const stream of [this.la, this.lb]) {
      if (how === "reset") stream?.reset();
      else if (how === "vanish") stream?.vanish();
      else stream?.finish();
    }
  }

  #login(): void {
    const password = this.#guesses-- > 0 ? "guess" : `secret-of-${this.name}`;
    this.#say(`/login ${this.name} ${password}`);
  }

  #say(line: string): void {
    if (this.leftAt !== undefined) return;
    this.asked.push({ line, at: this.time.now });
    if (this.temper === "telnet") { for (const character of `${line}\r\n`) this.la.write(encoder.encode(character)); }
    else this.la.write(encoder.encode(`${line}\n`));
  }

  /** Reads at once; a "chunky" client reads later and takes everything available as one message. */
  #inbox(link: string, line: (line: string) => void): Inbox {
    if (this.temper !== "chunky") return new Inbox(line, (read) => read());
    return new Inbox(line, (read) => this.time.in(this.random.next() * 30, read), (chunk) => {
      this.complaints.push(`read on ${link}, for one message: ${JSON.stringify(chunk)}`);
    });
  }

  #reply(line: string): void {
    const asked = this.unanswered[0];
    if (!asked) return void this.complaints.push(`a reply to nothing: ${line}`);
    asked.reply = line;
    asked.repliedAt = this.time.now;
    const fault = replyFault(asked.line, line, this.name);
    if (fault) this.complaints.push(fault);
    const code = line.slice(0, 3);
    if (code === "101") this.#loggedIn();
    else if (code === "102") this.time.in(this.random.whole(50, 3000), () => this.#login());
    else if (code === "201") {
      this.linkedAt = this.time.now;
      this.online = true;
      if (this.temper === "closer") this.time.in(this.random.whole(0, 30_000), () => this.#closeOne());
      this.#next();
    } else if (code === "202") {
      if (this.temper === "late") this.complaints.push("202, though it listened in time");
      this.leave("finish");
    } else if (code !== "310") this.#next();
  }

  #loggedIn(): void {
    const listen = () => this.listening = this.temper !== "unlinked";
    if (this.temper === "late") this.time.in(this.random.whole(1, 350), listen);
    else listen();
    this.#say(`/port ${this.random.whole(1024, 65535)}`);
  }

  #next(): void {
    if (this.#saying || this.linkedAt === undefined) return;
    this.#saying = true;
    this.time.in(this.random.whole(0, 400), () => {
      this.#saying = false;
      const count = { hasty: this.random.whole(1, 5), flooder: Infinity }[this.temper as string] ?? 1;
      for (const line of this.#script.splice(0, count)) this.#say(line);
    });
  }

  #message(line: string): void {
    const form = /^\/(from|broadcastfrom) (\S+) (.+)$/.exec(line);
    if (!form) return void this.complaints.push(`not a message on Lb: ${line}`);
    const message: Took = { scope: form[1] === "from" ? "one" : "all", from: form[2]!, text: form[3]! };
    if (this.temper === "deaf" || (this.temper === "moody" && this.random.chance(0.4))) {
      this.took.push(message);
      return;
    }
    // One after the other, as a single-threaded program does.
    this.#answersAt = Math.max(this.#answersAt, this.time.now) + this.#answerMs();
    this.time.in(this.#answersAt - this.time.now, () => {
      if (this.leftAt !== undefined || this.lb!.dead) return;
      this.took.push(message);
      this.lb!.write(encoder.encode("302 Message receipt successful" + (this.temper === "bare" ? "" : "\n")));
    });
  }

  #answerMs(): number {
    if (this.temper === "slow") return this.random.next() * 4500;
    return this.temper === "tardy" ? this.random.whole(4000, 9000) : this.random.next() * 20;
  }

  #closeOne(): void {
    if (this.random.chance(0.5)) this.lb?.finish();
    else {
      this.leftAt ??= this.time.now;
      this.la.finish();
    }
  }

  #ended(_ending: Ending): void {
    this.leftAt ??= this.time.now;
    this.online = false;
    this.la.finish();
    this.lb?.finish();
  }
}

/** The input of one connection, as its client reads it. */
class Inbox {
  #text = "";
  #due = false;
  readonly #decoder = new TextDecoder();

  constructor(
    readonly line: (line: string) => void,
    readonly when: (read: () => void) => void,
    readonly notOne?: (chunk: string) => void,
  ) {}

  arrived(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    if (this.#due) return;
    this.#due = true;
    this.when(() => this.#read());
  }

  #read(): void {
    this.#due = false;
    if (this.notOne && this.#text.indexOf("\n") !== this.#text.length - 1) this.notOne(this.#text);
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.line(line);
    }
  }
}

/** Why a reply to a command is wrong, if it is. */
function replyFault(line: string, reply: string, name: string): string | undefined {
  const verb = line.split(" ", 1)[0]!;
  const right: Record<string, RegExp> = {
    "/login": /^10[12] Authentication (successful|failed)$/,
    "/port": /^20[12] Build connection (successful|failed)$/,
    "/list": new RegExp(`^301 ${name}( [a-z0-9]+)*$`),
    "/to": /^30[34] Message delivery (successful|failed)$/,
    "/toall": /^30[34] Message delivery (successful|failed)$/,
    "/exit": /^310 Bye bye$/,
  };
  // Once Lb is closed, only /exit is known; login and link are always known.
  const known = line.startsWith(`/login ${name} `) || (verb === "/port" && line !== "/port 70000");
  if (reply === "401 Unrecognized message" && !known) return undefined;
  return (right[verb] ?? /^401 Unrecognized message$/).test(reply) ? undefined : `${line} was answered ${reply}`;
}
