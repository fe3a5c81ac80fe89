import { Fault } from "../../core/errors.ts";
import { REPLY_BYTES } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { decodeLossy } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { Direction, Link } from "../session.ts";
import { encodeLine, LA, LB, RECEIPT, withoutPassword } from "./lines.ts";

/** What the client asks its person for. */
export type Question = "name" | "password" | "command";

/** What the client machine can have done. */
export interface ClientWay {
  /** Sends bytes on a link, in a write of their own. */
  write(link: Link, bytes: Uint8Array): void;
  /** Shows a line as it came: a reply on La, a message on Lb. */
  show(link: Link, line: string): void;
  /** The server may connect Lb from now on. */
  expectLink(): void;
  /** The server says that Lb is connected. */
  linked(): void;
  /** La has gone over to our own protocol, which gets what was read and not used. Nothing comes after it. */
  native?(rest: Uint8Array): void;
  /** No account was made, and why. */
  notRegistered?(why: string): void;
  /** The server speaks the handout's protocol and no other. */
  handoutOnly?(): void;
  /** Takes one typed line as the answer to this; null takes none for now. */
  ask(question: Question | null): void;
  /** The end, with the status of the program, and for a bad one why. Nothing comes after it. */
  end(status: number, why?: string): void;
  /** Present when somebody watches the wire lines. */
  trace?(link: Link, direction: Direction, line: string): void;
}

/** What is known before anything is typed. */
export interface ClientStart {
  /** The port on which the client waits for Lb. */
  readonly port: number;
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  /** Whether to go over to our own protocol, if the server can. */
  readonly offer?: boolean;
}

const PARTING_MS = 500;
const LEAVING_MS = 2000;
const EXIT_MS = 10_000;
/** Commands that may wait for their turn; then typing has to wait too. */
const TYPED_AHEAD = 64;

type Stage = "name" | "password" | "register" | "login" | "link" | "offer" | "chat" | "ended";

/**
 * The client's side of the IM handout: asks, logs in, announces its port, then sends what is typed, one command at a
 * time, shows what comes and answers each line on Lb.
 */
export class ImClientSession {
  /** The name typed last; after 101 it is ours. */
  name = "";
  /** Who is known to be online: from lists, and from those who spoke. */
  readonly names = new Set<string>();
  #stage: Stage = "name";
  /** A command whose reply has not come; with `heard` the reply is for us, not for the screen. */
  #waiting: { readonly line: string; readonly heard?: (() => void) | undefined } | undefined;
  /** Typed while a command waits for its reply. */
  readonly #typedAhead: string[] = [];
  /** The password of the account that is being made. */
  #registering = "";
  #leaving = false;
  #deadline = Infinity;
  #deadlineEnd: { status: number; why?: string } | undefined;
  readonly #la = new LineDecoder(REPLY_BYTES, decodeLossy);
  readonly #lb = new LineDecoder(REPLY_BYTES, decodeLossy);

  constructor(readonly way: ClientWay, readonly start: ClientStart) {}

  /** Whether commands are taken: logged in, linked, and not on the way out. */
  get chatting(): boolean {
    return this.#stage === "chat" && !this.#leaving;
  }

  /** La is connected: begins. */
  open(): void {
    if (this.start.name === undefined) return this.#ask("name");
    this.name = this.start.name;
    this.#askPassword();
  }

  /** A line was typed. */
  typed(line: string): void {
    if (this.#stage === "name") {
      this.name = line;
      this.#askPassword();
    } else if (this.#stage === "password") {
      this.#login(line);
    } else if (this.#stage === "chat" && !this.#leaving) {
      if (line === "") this.way.ask("command");
      else if (this.#waiting) this.#keep(line);
      else this.#command(line);
    }
  }

  /** Makes an account, then logs in with it; before anybody is logged in. */
  register(name: string, password: string): void {
    this.name = name;
    this.#stage = "register";
    this.way.ask(null);
    this.#registering = password;
    this.#send(`/register ${name} ${password}`, () => {});
  }

  /** Asks the server who is online, for our own use, if nothing else waits for a reply; `heard` when `names` knows. */
  askNames(heard: () => void): boolean {
    if (!this.chatting || this.#waiting) return false;
    this.#send("/list", heard);
    return true;
  }

  /** Nothing more will be typed: leaves with `/exit` once the last command has its reply. */
  inputEnded(): void {
    if (this.#stage === "name" || this.#stage === "password") {
      return this.#end(1, "the input ended before the login was done");
    }
    this.#leaving = true;
    this.#leaveWhenFree();
  }

  /** Ctrl-C: leaves with `/exit`, soon; the second one leaves at once. */
  interrupted(now: number): void {
    if (this.#stage !== "chat" || (this.#leaving && this.#deadlineEnd)) return this.#end(130);
    this.#leaving = true;
    this.#typedAhead.length = 0;
    this.#endBy(now + LEAVING_MS, { status: 130 });
    this.#leaveWhenFree();
  }

  push(link: Link, bytes: Uint8Array): void {
    const decoder = link === LA ? this.#la : this.#lb;
    decoder.push(bytes);
    for (let line = decoder.next(); line !== undefined; line = decoder.next()) {
      if (this.#stage === "ended") return;
      if (line instanceof Fault) return this.#end(1, `the server sent what cannot be read: ${line.message}`);
      this.way.trace?.(link, "down", line);
      if (link === LA) this.#reply(line);
      else this.#message(line);
    }
  }

  closed(link: Link, ending: Ending, now: number): void {
    if (this.#stage === "ended") return;
    const rest = (link === LA ? this.#la : this.#lb).unfinishedText();
    if (rest !== "") this.way.show(link, rest);
    if (link === LA) return this.#end(1, `the server ${ending === "broken" ? "is lost" : "closed the connection"}`);
    // Without Lb nothing reaches us. A server that stops says so on La, and that is waited for a moment; a reply to
    // /exit has its own time.
    if (this.#stage !== "chat" || this.#waiting?.line === "/exit") return;
    this.#endBy(now + PARTING_MS, { status: 1, why: "the server closed the connection that brings messages" });
  }

  tick(now: number): void {
    if (this.#waiting?.line === "/exit") {
      this.#endBy(now + EXIT_MS, { status: 1, why: "the server does not answer /exit" });
    }
    if (now < this.#deadline || !this.#deadlineEnd) return;
    this.#end(this.#deadlineEnd.status, this.#deadlineEnd.why);
  }

  #reply(line: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#learn(line);
    if (waiting?.heard) waiting.heard();
    else this.way.show(LA, line);
    if (this.#stage === "register") return this.#registered(line);
    if (this.#stage === "login") return this.#loggedIn(line);
    if (this.#stage === "link") return this.#linked(line);
    if (this.#stage === "offer") return this.#offered(line);
    if (hasCode(line, "310")) {
      if (waiting?.line === "/exit") return this.#end(0);
      return this.#end(1, "the server has stopped");
    }
    if (this.#stage !== "chat") return;
    if (!waiting) return;
    const full = this.#typedAhead.length === TYPED_AHEAD;
    const next = this.#typedAhead.shift();
    if (next !== undefined) this.#send(next);
    else if (this.#leaving) this.#leaveWhenFree();
    if (full && !this.#leaving) this.way.ask("command");
  }

  #registered(line: string): void {
    if (hasCode(line, "111")) return this.#login(this.#registering);
    const why = /^112 Registration failed: (.*)$/.exec(line)?.[1] ?? `this server makes no accounts (${line})`;
    this.way.notRegistered?.(why);
    if (this.#leaving) return this.#end(1, "the input ended before the login was done");
    this.#ask("name");
  }

  #loggedIn(line: string): void {
    if (hasCode(line, "101")) {
      this.#stage = "link";
      this.names.add(this.name);
      this.way.expectLink();
      return this.#send(`/port ${this.start.port}`);
    }
    if (this.start.name !== undefined && this.start.password !== undefined) {
      return this.#end(1, `the server refused the login of ${this.name}: ${line}`);
    }
    if (this.#leaving) return this.#end(1, "the input ended before the login was done");
    this.open();
  }

  #linked(line: string): void {
    if (!hasCode(line, "201")) return this.#end(1, `the server could not connect back to port ${this.start.port}`);
    this.way.linked();
    if (!this.start.offer) return this.#chat();
    this.#stage = "offer";
    this.#send("/partyline 1", () => {});
  }

  #offered(line: string): void {
    if (!/^110 partyline \d/.test(line)) {
      this.way.handoutOnly?.();
      return this.#chat();
    }
    this.#stage = "ended";
    this.way.native?.(this.#la.takeBytes());
  }

  #chat(): void {
    this.#stage = "chat";
    if (this.#leaving) this.#leaveWhenFree();
    else this.way.ask("command");
  }

  #message(line: string): void {
    this.#learn(line);
    this.way.show(LB, line);
    this.way.trace?.(LB, "up", RECEIPT);
    this.way.write(LB, encodeLine(RECEIPT));
  }

  #learn(line: string): void {
    const [first, ...words] = line.split(" ", hasCode(line, "301") ? undefined : 2);
    if (first === "301") this.names.clear();
    else if (first !== "/from" && first !== "/broadcastfrom") return;
    for (const name of words) if (name !== "") this.names.add(name);
  }

  #ask(question: Question): void {
    if (question !== "command") this.#stage = question;
    this.way.ask(question);
  }

  #askPassword(): void {
    if (this.start.password === undefined) this.#ask("password");
    else this.#login(this.start.password);
  }

  #login(password: string): void {
    this.#stage = "login";
    this.way.ask(null);
    this.way.trace?.(LA, "up", withoutPassword(`/login ${this.name} ${password}`, true));
    this.way.write(LA, encodeLine(`/login ${this.name} ${password}`));
  }

  /** Sends a command that was typed just now; more can be typed meanwhile. */
  #command(line: string): void {
    this.#send(line);
    this.way.ask("command");
  }

  /** Keeps a line for when the last has its reply; takes no more while many wait. */
  #keep(line: string): void {
    this.#typedAhead.push(line);
    if (this.#typedAhead.length < TYPED_AHEAD) this.way.ask("command");
  }

  #send(line: string, heard?: () => void): void {
    this.#waiting = { line, heard };
    this.way.trace?.(LA, "up", withoutPassword(line, false));
    this.way.write(LA, encodeLine(line));
  }

  #leaveWhenFree(): void {
    if (this.#stage !== "chat" || this.#waiting || this.#typedAhead.length > 0) return;
    this.way.ask(null);
    this.#send("/exit");
  }

  #endBy(at: number, end: { status: number; why?: string }): void {
    if (this.#deadlineEnd) return;
    this.#deadlineEnd = end;
    this.#deadline = at;
  }

  #end(status: number, why?: string): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.way.ask(null);
    this.way.end(status, why);
  }
}

function hasCode(line: string, code: string): boolean {
  return line.startsWith(code) && !/^\d/.test(line.slice(code.length));
}
