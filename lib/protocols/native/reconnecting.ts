import { Backoff } from "../../core/backoff.ts";
import { Fault } from "../../core/errors.ts";
import { REPLY_BYTES } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { Heartbeat } from "../../core/liveness.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import { decodeLossy } from "../../core/text.ts";
import type { Link } from "../session.ts";
import type { NativeOutput } from "./client_event.ts";
import type { NativeClient } from "./client.ts";
import { decodeServerMessage } from "./messages.ts";
import { ClientLogin, type ClientLoginOptions, type LoginOutput } from "./login.ts";
import type { ServerChoice, ServerMove } from "./server_choice.ts";
import { frame, type Framing } from "./replies.ts";
import type { PageOutput } from "./single_window.ts";

/** What a client that stays connected wants done. */
export type ReconnectingOutput =
  | Exclude<NativeOutput | LoginOutput, { type: "send" | "broken" }>
  | PageOutput
  /** Open a connection: `opened` or `disconnected` says how that went. */
  | { readonly type: "connect" }
  | { readonly type: "write"; readonly link: Link; readonly bytes: Uint8Array }
  /** Deliver what was written, then close the connection; `disconnected` says when that is done. */
  | { readonly type: "close" }
  /** Close the connection at once; `disconnected`, with the same reason, follows. */
  | { readonly type: "abort"; readonly why: string }
  /** Tell the user that the connection is lost, and tried again after this time, perhaps at another server. */
  | { readonly type: "retrying"; readonly why: string; readonly inMs: number; readonly move?: ServerMove | undefined }
  /** The end, with the exit status of the program. Nothing follows. */
  | { readonly type: "ended"; readonly status: number; readonly why?: string | undefined };

/** The part of a client that speaks on a connection: for a terminal, or for a page. */
export type NativeSide =
  & Pick<
    NativeClient,
    "name" | "isLoggedIn" | "settled" | "waiting" | "start" | "receive" | "flush" | "ping" | "lost"
  >
  & { takeOutputs(): readonly (NativeOutput | PageOutput)[] };

export interface ReconnectingOptions {
  readonly framing: Framing;
  /** Undefined where another protocol logs the user in, and `openedAs` says so. */
  readonly login?: ClientLoginOptions;
  /** What is said before the login, the answer to it, and what another answer means. */
  readonly greeting?: { readonly line: string; readonly answer: string; readonly otherwise: string };
  /** Whether the transport notices by itself that the server is gone. */
  readonly detectsDeadPeers?: boolean;
  /** Whether, without a connection, the user leaves at once, and not after the wait for another one. */
  readonly leavesAtOnce?: boolean;
  /** Other servers to connect to; `connect` means the current one. */
  readonly servers?: ServerChoice | undefined;
}

/** Silence until the server is pinged, and again until it counts as gone. */
const SILENCE_MS = 20_000;
/** For the server to answer the last messages when the user leaves. */
const LEAVE_MS = 10_000;
/** For the connection to close in good order. */
const CLOSE_MS = 1000;
const LINK: Link = 0;

/**
 * Keeps a user connected to a server: connects, logs in, reconnects when the connection is lost, and leaves in good order.
 *
 * 1. A first connection that fails is the end. A later one is retried, with back-off, for as long as it takes.
 * 2. A server that is silent is pinged; one that stays silent counts as gone.
 * 3. A session that the server has ended for a reason of its own, such as its operator's wish, is the end, too.
 * 4. `leave` waits until every message is answered, for a limited time; `stop` does not wait.
 * 5. Where the server tells other servers of its chat, they are tried too. One that refuses the login counts as not reached.
 * 6. After `ended` nothing more is wanted.
 */
export class ReconnectingClient<Side extends NativeSide> implements Machine<ReconnectingOutput> {
  readonly #outputs = new Outputs<ReconnectingOutput>();
  readonly #loginOutputs = new Outputs<LoginOutput>();
  readonly #login: ClientLogin | undefined;
  readonly #backoff = new Backoff();
  readonly #heartbeat = new Heartbeat(SILENCE_MS);
  #lines = new LineDecoder(REPLY_BYTES, decodeLossy);
  #stage: "connecting" | "greeting" | "login" | "open" | "waiting" | "ended" = "connecting";
  #wasLoggedIn = false;
  #leaving: { readonly status: number; readonly why?: string | undefined } | undefined;
  /** The connection is being closed, since the user leaves. */
  #parting = false;
  #retryAt = Infinity;
  /** When leaving takes too long; when closing the connection does. */
  #leaveBy = Infinity;
  #closeBy = Infinity;

  constructor(readonly side: Side, readonly options: ReconnectingOptions) {
    this.#login = options.login && new ClientLogin(options.login, this.#loginOutputs);
  }

  /** The user's name; empty before one is known. */
  get name(): string {
    return this.#login ? this.#login.name ?? "" : this.side.name;
  }

  get wakeAt(): number {
    return Math.min(this.#retryAt, this.#leaveBy, this.#closeBy, this.#isWatched ? this.#heartbeat.wakeAt : Infinity);
  }

  takeOutputs(): readonly ReconnectingOutput[] {
    return this.#outputs.take();
  }

  start(): void {
    this.#outputs.push({ type: "connect" });
  }

  /** The connection is open, and the user has to log in. */
  opened(now: number): void {
    const { greeting } = this.options;
    if (!this.#begin(greeting ? "greeting" : "login", now)) return;
    if (!greeting) return this.login((login) => login.start());
    this.#outputs.push({ type: "write", link: LINK, bytes: frame(greeting.line, this.options.framing) });
  }

  /** The connection is open, and another protocol has logged the user in. */
  openedAs(name: string, now: number): void {
    if (this.#begin("open", now)) this.use((side) => side.start(name));
  }

  /** Gives the client or the page an input. */
  use<R>(input: (side: Side) => R): R {
    const result = input(this.side);
    this.#take(this.side.takeOutputs());
    return result;
  }

  /** Bytes of the server; one message, on a transport of messages. */
  receive(bytes: Uint8Array, now: number): void {
    this.#heartbeat.heard(now);
    if (this.options.framing === "messages") return this.#message(decodeLossy(bytes), now);
    this.#lines.push(bytes);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (line instanceof Fault) return this.#abort(`cannot read what the server sent: ${line.message}`);
      this.#message(line, now);
    }
  }

  /** Everything that arrived together was received. */
  turnEnded(now: number): void {
    this.use((side) => side.flush());
    this.#leaveWhenFree(now);
  }

  /** There is no connection, or none any more; `random`, from 0 to 1, spreads the retries of many clients. */
  disconnected(why: string, now: number, random: number): void {
    if (this.#stage === "ended") return;
    this.#stage = "waiting";
    this.use((side) => side.lost());
    if (this.#parting) return this.#end(this.#leaving!.status, this.#leaving!.why);
    if (!this.#wasLoggedIn) return this.#end(1, why);
    const move = this.options.servers?.failed();
    const inMs = move && !move.isRoundOver ? 0 : this.#backoff.next(random);
    this.#retryAt = now + inMs;
    this.#outputs.push({ type: "retrying", why, inMs, ...(move ? { move } : {}) });
  }

  /** Gives the login an input: the answer to `ask`, `identify` or `prove`. */
  login(input: (login: ClientLogin) => void): void {
    if (this.#login) input(this.#login);
    this.#take(this.#loginOutputs.take());
  }

  /** Leaves once every message is answered. Without a connection nothing is waited for where `leavesAtOnce`, or nothing waits. */
  leave(now: number): void {
    if (this.#leaving) return;
    const isAway = this.#wasLoggedIn && (this.#stage === "waiting" || this.#stage === "connecting");
    const why = this.#unanswered();
    if (isAway && (why === undefined || this.options.leavesAtOnce)) {
      this.#leaving = { status: why === undefined ? 0 : 1, why };
      return this.#part(now);
    }
    this.#leaving = { status: 0 };
    this.#leaveBy = now + LEAVE_MS;
    this.#leaveWhenFree(now);
  }

  /** Leaves now; the second time, without waiting for the connection to close. */
  stop(status: number, now: number): void {
    this.#leaving = { status, why: this.#unanswered() };
    if (this.#parting) this.#end(status, this.#leaving.why);
    else this.#part(now);
  }

  /** Leaves now, since it cannot go on. */
  fail(why: string, now: number): void {
    this.#leaving = { status: 1, why };
    this.#part(now);
  }

  tick(now: number): void {
    if (now >= this.#retryAt) {
      this.#retryAt = Infinity;
      this.#stage = "connecting";
      this.#outputs.push({ type: "connect" });
    }
    if (now >= this.#closeBy) return this.#end(this.#leaving!.status, this.#leaving!.why);
    if (now >= this.#leaveBy) {
      const why = this.#unanswered();
      if (why !== undefined) this.#leaving = { status: 1, why };
      return this.#part(now);
    }
    const due = this.#isWatched ? this.#heartbeat.due(now) : undefined;
    if (due === "ping") this.use((side) => side.ping());
    else if (due === "gone") this.#abort(`no answer from the server for ${SILENCE_MS / 1000} s`);
  }

  /** Whether the server's silence counts: not while the user is asked for a name or a password. */
  get #isWatched(): boolean {
    if (this.options.detectsDeadPeers || this.#parting) return false;
    return this.#stage === "open" || this.#stage === "greeting" ||
      (this.#stage === "login" && !this.#login!.waitsForUser);
  }

  #begin(stage: "greeting" | "login" | "open", now: number): boolean {
    if (this.#stage === "ended") return false;
    this.#stage = stage;
    this.#lines = new LineDecoder(REPLY_BYTES, decodeLossy);
    this.#heartbeat.heard(now);
    return true;
  }

  #message(json: string, now: number): void {
    if (this.#stage === "open") return this.use((side) => side.receive(json));
    if (this.#stage === "greeting") return this.#greeted(json, now);
    if (this.#stage !== "login") return;
    const reply = decodeServerMessage(json);
    if (reply instanceof Fault) return this.#close(reply.message);
    const hasMoved = this.options.servers?.hasMoved ?? false;
    const end = reply && this.#login!.receive(reply, !hasMoved);
    this.#take(this.#loginOutputs.take());
    if (end?.type === "broken") this.#close(end.why);
    else if (end?.type === "refused" && hasMoved) this.#abort(end.why);
    else if (end?.type === "refused") this.fail(end.why, now);
    else if (end?.type === "loggedIn") {
      this.#stage = "open";
      this.use((side) => side.start(end.name));
    }
  }

  #greeted(line: string, now: number): void {
    const { answer, otherwise } = this.options.greeting!;
    if (line !== answer) return this.fail(otherwise, now);
    this.#stage = "login";
    this.login((login) => login.start());
  }

  #take(outputs: readonly (NativeOutput | PageOutput | LoginOutput)[]): void {
    for (const output of outputs) {
      if (output.type === "send") this.#send(output.json);
      else if (output.type === "broken") this.#close(output.why);
      else if (output.type === "refused" && this.#stage === "open") this.#turnedAway(output.why);
      else {
        if (output.type === "event" && output.event.type === "loggedIn") {
          this.#wasLoggedIn = true;
          this.#backoff.reset();
          this.options.servers?.loggedIn();
        } else if (output.type === "event" && output.event.type === "servers") {
          this.options.servers?.told(output.event);
        } else if (output.type === "event" && output.event.type === "newPassword") {
          this.#login?.passwordChanged(output.event.password);
        }
        if (output.type === "event" && output.event.type === "closing" && output.event.why !== undefined) {
          this.#leaving = { status: 1, why: `the session was ${output.event.why}` };
          this.#parting = true;
        }
        this.#outputs.push(output);
      }
    }
  }

  #send(json: string): void {
    if (this.#stage !== "login" && this.#stage !== "open") return;
    this.#outputs.push({ type: "write", link: LINK, bytes: frame(json, this.options.framing) });
  }

  /** The server ends the session, and would not accept the login again. */
  #turnedAway(why: string): void {
    this.#leaving = { status: 1, why };
    this.#outputs.push({ type: "close" });
    this.#parting = true;
  }

  #leaveWhenFree(now: number): void {
    if (this.#leaving && !this.#parting && this.side.isLoggedIn && this.side.settled) this.#part(now);
  }

  #part(now: number): void {
    this.#parting = true;
    this.#leaveBy = Infinity;
    if (this.#stage !== "login" && this.#stage !== "open") {
      return this.#end(this.#leaving!.status, this.#leaving!.why);
    }
    this.#send('{"type":"bye"}');
    this.#outputs.push({ type: "close" });
    this.#closeBy = now + CLOSE_MS;
  }

  /** Tells the user what is wrong with the server's message, and closes the connection. */
  #close(why: string): void {
    this.#outputs.push({ type: "event", event: { type: "denied", why } });
    this.#outputs.push({ type: "close" });
  }

  #abort(why: string): void {
    this.#outputs.push({ type: "abort", why });
  }

  /** Why leaving now is no success. */
  #unanswered(): string | undefined {
    const { waiting } = this.side;
    if (waiting === 0) return undefined;
    return `the server has not accepted ${waiting === 1 ? "1 message" : `${waiting} messages`}`;
  }

  #end(status: number, why: string | undefined): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.#retryAt = this.#leaveBy = this.#closeBy = Infinity;
    this.#outputs.push({ type: "ended", status, why });
  }
}
