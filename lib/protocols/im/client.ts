import { Fault } from "../../core/errors.ts";
import { REPLY_BYTES } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { Liveness, type ProbeOutcome } from "../../core/liveness.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import type { Ending } from "../../core/transport.ts";
import { Waiting } from "../../core/wire_trace.ts";
import type { Link } from "../session.ts";
import { ClientCommands, type ImClientOptions, type ImClientOutput, type PendingCommand } from "./client_commands.ts";
import { hasCode, ImLogin, type LoginEnd } from "./client_login.ts";
import { decodeServerLine, encodeLine, LA, LB, RECEIPT } from "./lines.ts";
import { unanswered } from "./other_servers.ts";

const LB_LOST_MS = 500;
const LEAVING_MS = 2000;
const EXIT_MS = 10_000;
/** For the server to answer the question before a login; a LAN takes milliseconds. */
const QUESTION_MS = 5000;
/** Messages that come before it is known which protocol is spoken; a server sends one at a time. */
const MAX_HELD = 100;

/**
 * The client's side of the IM handout: logs in, announces its port, then sends typed commands and answers messages.
 *
 * 1. One command at a time: the next leaves when the last has its reply.
 * 2. Each line on Lb is shown and answered with the receipt. Where the native protocol is offered, that waits for the answer:
 *    a server that speaks it says everything again that was not confirmed.
 * 3. It leaves with `/exit`, and waits for the reply for a limited time.
 */
export class ImClient implements Machine<ImClientOutput> {
  /** Users known to be online: from lists, and senders of messages. */
  readonly names = new Set<string>();
  readonly #outputs = new Outputs<ImClientOutput>();
  readonly #commands: ClientCommands;
  readonly #login: ImLogin;
  #liveness = new Liveness(Infinity, 0);
  readonly #la = new LineDecoder(REPLY_BYTES, decodeServerLine);
  readonly #lb = new LineDecoder(REPLY_BYTES, decodeServerLine);
  #stage: "login" | "chat" | "ended" = "login";
  /** Lines on Lb that are not shown yet. */
  readonly #held: string[] = [];
  /** The port that the server connected Lb from. */
  #serverPort: number | undefined;
  #leaving = false;
  #now = 0;
  /** The command whose reply is waited for, and how long, for the trace. */
  #waitedFor: PendingCommand | undefined;
  readonly #waiting = new Waiting();
  #endAt = Infinity;
  #end: { readonly status: number; readonly why?: string } | undefined;

  constructor(readonly options: ImClientOptions) {
    this.#commands = new ClientCommands(this.#outputs);
    this.#login = new ImLogin(options, this.#commands, this.#outputs);
  }

  /** The name typed last; after 101 it is this user's. */
  get name(): string {
    return this.#login.name;
  }

  /** Whether a password may be sent. */
  get isLoggingIn(): boolean {
    return this.#stage === "login";
  }

  /** Whether commands are accepted: logged in, linked, and not leaving. */
  get chatting(): boolean {
    return this.#stage === "chat" && !this.#leaving;
  }

  get wakeAt(): number {
    if (this.#stage === "ended") return Infinity;
    const livenessAt = this.#serverPort === undefined ? Infinity : this.#liveness.wakeAt;
    return Math.min(this.#endAt, livenessAt, this.#waiting.wakeAt);
  }

  /** After each input, so the reply that is waited for is the one that the input asked for. */
  takeOutputs(): readonly ImClientOutput[] {
    const { pending } = this.#commands;
    if (this.options.trace && pending !== this.#waitedFor) {
      this.#waitedFor = pending;
      if (pending) this.#waiting.begin(this.#now);
      else this.#waiting.end();
    }
    return this.#outputs.take();
  }

  start(): void {
    this.#outputs.push({ type: "connect" });
  }

  /** La is connected; the server may connect Lb to `port`. After `idleMs` of silence the server's machine is probed. */
  opened(port: number, idleMs: number, now: number): void {
    this.#now = now;
    this.#liveness = new Liveness(idleMs, now);
    this.#loginEnded(this.#login.start(port));
    if (!this.#login.isAsking) return;
    this.#endBy(QUESTION_MS, { status: 1, why: unanswered(`has said nothing for ${QUESTION_MS / 1000} s`) });
  }

  /** The user has typed a line. */
  typed(line: string, now: number): void {
    this.#now = now;
    if (this.#stage === "login") return this.#login.typed(line);
    if (!this.chatting) return;
    if (line === "") this.#commands.ask("command");
    else {
      this.#commands.typed(line);
      this.#timeExit();
    }
  }

  /** Makes an account, then logs in with it; at the name prompt. */
  register(name: string, password: string, now: number): void {
    this.#now = now;
    this.#login.register(name, password);
  }

  /** Asks the server who is online, for completion; false when another command waits for its reply. */
  askNames(now: number): boolean {
    this.#now = now;
    if (!this.chatting || this.#commands.pending) return false;
    this.#commands.send("/list", { hidden: true, forNames: true });
    return true;
  }

  /** Nothing more will be typed: leaves once the last command has its reply. */
  inputEnded(now: number): void {
    this.#now = now;
    this.#leaving = true;
    if (this.#stage === "login") this.#loginEnded(this.#login.inputEnded());
    else this.#leaveWhenFree();
  }

  /** Ctrl-C: leaves with `/exit`, soon; the second one leaves at once. */
  interrupted(now: number): void {
    this.#now = now;
    if (this.#stage !== "chat" || (this.#leaving && this.#end)) return this.#stop(130);
    this.#leaving = true;
    this.#commands.forgetTyped();
    this.#endBy(LEAVING_MS, { status: 130 });
    this.#leaveWhenFree();
  }

  /** The server has connected Lb from this port. */
  linkAccepted(serverPort: number): void {
    this.#serverPort = serverPort;
  }

  receive(link: Link, bytes: Uint8Array, now: number): void {
    this.#now = now;
    this.#liveness.heard(now);
    const decoder = link === LA ? this.#la : this.#lb;
    decoder.push(bytes);
    for (let line = decoder.next(); line !== undefined; line = decoder.next()) {
      if (this.#stage === "ended") return;
      if (line instanceof Fault) return this.#stop(1, `cannot read what the server sent: ${line.message}`);
      if (link === LA) this.#reply(line);
      else this.#message(line);
    }
    if (link === LA && this.#login.isAsking) this.#loginEnded(this.#login.received(decoder.unfinishedText()));
  }

  closed(link: Link, ending: Ending, now: number): void {
    this.#now = now;
    if (this.#stage === "ended") return;
    const line = (link === LA ? this.#la : this.#lb).unfinishedText();
    if (link === LA && this.#login.isAsking) {
      const gone = ending === "broken" ? "is lost" : "closed the connection";
      return line === "" ? this.#stop(1, unanswered(gone)) : this.#reply(line);
    }
    if (line !== "") this.#outputs.push({ type: "line", link, line });
    if (link === LA) return this.#stop(1, `the server ${ending === "broken" ? "is lost" : "closed the connection"}`);
    // A server that stops says so on La, which is waited for; the reply to /exit has a deadline of its own.
    if (this.#stage !== "chat" || this.#commands.pending?.line === "/exit") return;
    this.#endBy(LB_LOST_MS, { status: 1, why: "the server closed the connection that brings messages" });
  }

  /** La could not be connected. */
  disconnected(why: string): void {
    this.#stop(1, why);
  }

  /** The outcome of a probe. */
  probed(outcome: ProbeOutcome, now: number): void {
    this.#liveness.probed(outcome, now);
    if (this.#liveness.gone) this.closed(LA, "broken", now);
  }

  tick(now: number): void {
    this.#now = now;
    if (this.#serverPort !== undefined && this.#liveness.due(now)) {
      this.#outputs.push({ type: "probe", port: this.#serverPort });
    }
    const waited = this.#waiting.tick(now);
    if (waited !== undefined) {
      const [verb] = this.#waitedFor!.line.split(" ");
      this.#outputs.push({ type: "remark", link: LA, text: `waiting for a reply to ${verb}, ${waited}` });
    }
    if (now >= this.#endAt && this.#end) this.#stop(this.#end.status, this.#end.why);
  }

  #reply(line: string): void {
    const command = this.#commands.replied();
    this.#learnNames(line);
    if (command?.forNames) this.#outputs.push({ type: "names" });
    if (!command?.hidden) this.#outputs.push({ type: "line", link: LA, line });
    if (this.#stage === "login") {
      // The only deadline of a login is that of its question.
      this.#end = undefined;
      this.#endAt = Infinity;
      return this.#loginEnded(this.#login.receive(line));
    }
    if (hasCode(line, "310")) {
      if (command?.line === "/exit") return this.#stop(0);
      return this.#stop(1, "the server has stopped");
    }
    if (!command) return;
    const askAgain = this.#commands.sendNext();
    this.#timeExit();
    if (this.#leaving) this.#leaveWhenFree();
    else if (askAgain) this.#commands.ask("command");
  }

  #loginEnded(end: LoginEnd | undefined): void {
    if (end === undefined) return;
    if (end === "native") {
      this.#stage = "ended";
      this.#outputs.push({ type: "native", rest: this.#la.takeBytes() });
    } else if (end === "chat") {
      this.names.add(this.name);
      this.#stage = "chat";
      for (const line of this.#held.splice(0)) this.#message(line);
      if (this.#leaving) this.#leaveWhenFree();
      else this.#commands.ask("command");
    } else if ("offer" in end) {
      this.#stage = "ended";
      this.#outputs.push({ type: "tlsOffered", offer: end.offer });
    } else this.#stop(1, end.why);
  }

  #message(line: string): void {
    if (this.#stage === "login" && this.options.offersNative) {
      if (this.#held.push(line) > MAX_HELD) this.#stop(1, "the server does not wait for receipts");
      return;
    }
    this.#learnNames(line);
    this.#outputs.push({ type: "line", link: LB, line });
    this.#outputs.push({ type: "write", link: LB, bytes: encodeLine(RECEIPT) });
  }

  #learnNames(line: string): void {
    const [first, ...words] = line.split(" ", hasCode(line, "301") ? undefined : 2);
    if (first === "301") this.names.clear();
    else if (first !== "/from" && first !== "/broadcastfrom") return;
    for (const name of words) if (name !== "") this.names.add(name);
  }

  #leaveWhenFree(): void {
    if (this.#stage !== "chat" || !this.#commands.idle) return;
    this.#commands.ask(null);
    this.#commands.send("/exit");
    this.#timeExit();
  }

  /** The reply to `/exit`, typed or not, is waited for as long as this. */
  #timeExit(): void {
    if (this.#commands.pending?.line === "/exit") {
      this.#endBy(EXIT_MS, { status: 1, why: "the server does not answer /exit" });
    }
  }

  /** Ends after this time; the first such deadline counts. */
  #endBy(ms: number, end: { status: number; why?: string }): void {
    if (this.#end) return;
    this.#end = end;
    this.#endAt = this.#now + ms;
  }

  #stop(status: number, why?: string): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.#commands.ask(null);
    this.#outputs.push({ type: "ended", status, why });
  }
}
