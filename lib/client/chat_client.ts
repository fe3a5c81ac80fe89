import { type Machine, Outputs } from "../core/machine.ts";
import type { ProbeOutcome } from "../core/liveness.ts";
import type { Ending } from "../core/transport.ts";
import { ImClient } from "../protocols/im/client.ts";
import type { ImClientOutput, ImPrompt } from "../protocols/im/client_commands.ts";
import { LA, LB } from "../protocols/im/lines.ts";
import { type NativeSide, ReconnectingClient, type ReconnectingOutput } from "../protocols/native/reconnecting.ts";
import type { ServerChoice } from "../protocols/native/server_choice.ts";
import type { Link } from "../protocols/session.ts";

/** A value that the user is asked for. */
export type ChatPrompt = ImPrompt | "new password" | "password again";

/** A step for the runner of a chat client. */
export type ChatClientOutput =
  | Exclude<ReconnectingOutput, { type: "ask" }>
  | Extract<ImClientOutput, { type: "expectLink" | "confirmLink" | "probe" | "remark" | "handoutOnly" | "tlsOffered" }>
  /** Ask the user; `typed` takes the answer. Null: nothing is asked for now. */
  | { readonly type: "ask"; readonly prompt: ChatPrompt | null; readonly name: string }
  /** Show a line of the IM handout as it came. */
  | { readonly type: "raw"; readonly line: string };

export interface ChatClientOptions {
  readonly name: string | undefined;
  readonly password: string | undefined;
  /** Whether to ask for TLS before the first login; `tlsOffered` says where the server speaks it, and is the last output. */
  readonly takesTls?: boolean;
  /** Whether to show what the client waits for. */
  readonly trace: boolean;
  /** Whether, without a connection, the user leaves at once. */
  readonly leavesAtOnce?: boolean;
  /** Other servers to connect to. */
  readonly servers?: ServerChoice | undefined;
}

/**
 * A client that logs in by the IM handout and continues in the native protocol if the server has it, else as the handout's client.
 *
 * 1. As the handout's client it ends with its connection; after a session in the native protocol it reconnects.
 * 2. It sends a password only after the server has answered as an IM server does.
 * 3. At the name prompt, `/register NAME` makes an account: it asks for a new password twice.
 */
export class ChatClient<Side extends NativeSide> implements Machine<ChatClientOutput> {
  readonly #outputs = new Outputs<ChatClientOutput>();
  readonly #native: ReconnectingClient<Side>;
  /** The IM part of this connection; undefined once the native protocol is spoken. */
  #im: ImClient | undefined;
  #name: string | undefined;
  #password: string | undefined;
  #asked: ChatPrompt | null = null;
  #typedPassword: string | undefined;
  /** An account that is being registered. */
  #newAccount: { readonly name: string; password?: string } | undefined;
  #wasNative = false;
  #handoutOnly = false;
  /** Why this connection is being closed from this side. */
  #closing: string | undefined;
  /** How the handout's session has ended; reported once the connection is closed. */
  #end: { readonly status: number; readonly why: string | undefined } | undefined;
  #now = 0;

  constructor(side: Side, readonly options: ChatClientOptions) {
    const { leavesAtOnce = false, servers } = options;
    this.#native = new ReconnectingClient(side, { framing: "lines", leavesAtOnce, servers });
    this.#name = options.name;
    this.#password = options.password;
  }

  get side(): Side {
    return this.#native.side;
  }

  /** The name typed last, or the user's. */
  get name(): string {
    return this.#im?.name ?? this.#native.name;
  }

  /** Whether a password may be sent. */
  get isLoggingIn(): boolean {
    return this.#im?.isLoggingIn ?? false;
  }

  /** Whether the IM handout's protocol is in use, before or instead of the native one; false during a login after a reconnect. */
  get speaksIm(): boolean {
    return this.#im !== undefined && (this.#handoutOnly || !this.#wasNative);
  }

  get wakeAt(): number {
    return Math.min(this.#native.wakeAt, this.#im?.wakeAt ?? Infinity);
  }

  takeOutputs(): readonly ChatClientOutput[] {
    return this.#outputs.take();
  }

  start(): void {
    this.#native.start();
    this.#take();
  }

  /** Gives the native client or the page an input. */
  use<R>(input: (side: Side) => R): R {
    const result = this.#native.use(input);
    this.#take();
    return result;
  }

  /** The connection is open; the server may connect back to `port`. After `idleMs` of silence its machine is probed. */
  opened(port: number, idleMs: number, now: number): void {
    const { trace } = this.options;
    const takesTls = this.options.takesTls === true && !this.#wasNative;
    this.#im = new ImClient({ name: this.#name, password: this.#password, offersNative: true, takesTls, trace });
    this.#im.opened(port, idleMs, now);
    this.#take(now);
  }

  /** The server has connected back from this port. */
  linkAccepted(port: number): void {
    this.#im?.linkAccepted(port);
  }

  receive(link: Link, bytes: Uint8Array, now: number): void {
    if (this.#im) this.#im.receive(link, bytes, now);
    else if (link === LA) {
      this.#native.receive(bytes, now);
      this.#native.turnEnded(now);
    }
    this.#take(now);
  }

  /** The server's side of a link has ended. */
  closed(link: Link, ending: Ending, now: number): void {
    if (this.#im) this.#im.closed(link, ending, now);
    else if (link === LA) {
      this.#close(ending === "broken" ? "the connection is lost" : "the server closed the connection");
    }
    this.#take(now);
  }

  probed(outcome: ProbeOutcome, now: number): void {
    this.#im?.probed(outcome, now);
    this.#take(now);
  }

  /** There is no connection, or none any more; `random`, from 0 to 1, spreads the retries of many clients. */
  disconnected(why: string, now: number, random: number): void {
    this.#im = undefined;
    this.#handoutOnly = false;
    if (this.#end) return this.#outputs.push({ type: "ended", ...this.#end });
    const closing = this.#closing;
    this.#closing = undefined;
    this.#native.disconnected(closing ?? why, now, random);
    this.#take(now);
  }

  /** The user's answer to `ask`. */
  typed(line: string, now: number): void {
    if (this.#newAccount) this.#register(this.#newAccount, line, now);
    else {
      const [, name] = this.#asked === "name" ? /^\/register\s+(\S+)\s*$/.exec(line) ?? [] : [];
      if (name !== undefined) {
        this.#newAccount = { name };
        return this.#ask("new password");
      }
      // The next connection needs it again.
      if (this.#asked === "password") this.#typedPassword = line;
      this.#im?.typed(line, now);
    }
    this.#take(now);
  }

  /** Nothing more will be typed. */
  inputEnded(now: number): void {
    if (this.#im && !this.#wasNative) this.#im.inputEnded(now);
    else this.#native.leave(now);
    this.#take(now);
  }

  /** Ctrl-C. */
  interrupted(now: number): void {
    if (this.#im && !this.#wasNative) this.#im.interrupted(now);
    else this.#native.stop(130, now);
    this.#take(now);
  }

  /** Leaves now, since it cannot go on. */
  fail(why: string, now: number): void {
    this.#native.fail(why, now);
    this.#take(now);
  }

  tick(now: number): void {
    this.#im?.tick(now);
    this.#native.tick(now);
    this.#take(now);
  }

  #register(account: { readonly name: string; password?: string }, line: string, now: number): void {
    if (account.password === undefined) {
      account.password = line;
      return this.#ask("password again");
    }
    this.#newAccount = undefined;
    if (line === account.password) {
      this.#typedPassword = line;
      this.#im?.register(account.name, line, now);
    } else {
      this.#outputs.push({ type: "refused", why: "the two passwords differ; nothing is registered" });
      this.#ask("name");
    }
  }

  #take(now = this.#now): void {
    this.#now = now;
    for (const output of this.#im?.takeOutputs() ?? []) this.#perform(output, now);
    for (const output of this.#native.takeOutputs()) {
      // The next connection needs it.
      if (output.type === "event" && output.event.type === "newPassword") this.#password = output.event.password;
      if (output.type !== "ask") this.#outputs.push(output);
    }
  }

  #perform(output: ImClientOutput, now: number): void {
    const name = this.#im?.name ?? "";
    switch (output.type) {
      case "ask":
        return this.#ask(output.prompt);
      case "line":
        return this.#line(output.link, output.line);
      case "notRegistered":
        return this.#outputs.push({ type: "refused", why: `not registered: ${output.why}` });
      case "handoutOnly":
        this.#handoutOnly = true;
        return this.#outputs.push(output);
      case "native":
        this.#wasNative = true;
        this.#im = undefined;
        this.#name = name;
        this.#password ??= this.#typedPassword;
        this.#native.openedAs(name, now);
        this.#native.receive(output.rest, now);
        return this.#native.turnEnded(now);
      case "ended":
        if (!this.#wasNative) this.#end = { status: output.status, why: output.why };
        return this.#close(output.why ?? "the server ended the session");
      case "names":
        return;
      default:
        return this.#outputs.push(output);
    }
  }

  /** A line of the server before the native protocol, or without it. */
  #line(link: Link, line: string): void {
    if (this.#handoutOnly || link === LB) return this.#outputs.push({ type: "raw", line });
    if (line.startsWith("101") || line.startsWith("201")) return;
    const why = `the login is refused: wrong name or password, or an IM client of that name is online (${line})`;
    this.#outputs.push({ type: "refused", why });
  }

  #close(why: string): void {
    this.#closing ??= why;
    this.#outputs.push({ type: "close" });
  }

  #ask(prompt: ChatPrompt | null): void {
    this.#asked = prompt;
    this.#outputs.push({ type: "ask", prompt, name: this.#im?.name ?? "" });
  }
}
