import type { NativeClient, NativeOutput } from "../protocols/native/client.ts";
import type { Challenge } from "../protocols/native/login.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { Backoff } from "../core/backoff.ts";

/** What carries messages to the server, as long as it lasts. */
export interface MessageTransport {
  send(json: string): void;
  /** Lets what was sent arrive, then ends it; `down` is told when it has. */
  close(): void;
}

/** What a companion tells the program, and needs of it. */
export interface ReconnectingClientHooks {
  show(happening: ClientEvent): void;
  /** Another client tells us something that is not for people. */
  signalled?(from: string, text: string, at: string): void;
  /** A signal of ours has reached nobody. */
  unheard?(to: string): void;
  /** The connection is lost, and is tried again in so many milliseconds. */
  lost(why: string, againMs: number): void;
  /** The server does not let us in; `greet` may be called again. */
  refused(why: string): void;
  /** It is over, with the status of the program. Called once. */
  ended(status: number, why?: string): void;
  /** Answers a challenge by `native.proven`. */
  prove(challenge: Challenge, nonce: string): void;
  mark(store: string, seq: number): void;
}

/** What a client tells besides that says and proves who it is. */
export interface ProvingHooks extends ReconnectingClientHooks {
  /** The server is asked, or asked again. */
  attempt(): void;
  /** The server answers: who we are is to be said, by `native.greet`. */
  connected(): void;
  trace?(direction: "up" | "down", line: string): void;
}

/** For the server to answer what was said last, when there is nobody to wait for. */
const LEAVE_MS = 10_000;
const PARTING_MS = 1000;

/** Who talks to the server: for a face, or for a page. */
export type NativeSide = Pick<
  NativeClient,
  | "isLoggedIn"
  | "settled"
  | "waiting"
  | "takeOutputs"
  | "start"
  | "login"
  | "proven"
  | "receive"
  | "flush"
  | "ping"
  | "lost"
  | "leave"
>;

/**
 * Keeps somebody who talks to a server connected: dials, dials again when the connection is lost, and leaves in good order.
 *
 * 1. `dial` is asked for each connection; what comes of it is told by `up` or `down`.
 * 2. A first connection that fails is the end; a later one is tried again, as `Comeback` has it, for as long as it takes.
 * 3. `leave` waits until everything said is answered; `stop` does not.
 */
export class ReconnectingClient<T extends NativeSide> {
  readonly native: T;
  readonly #comeback = new Backoff();
  #carrier: MessageTransport | undefined;
  #wasIn = false;
  #leaving: { status: number; why?: string | undefined } | undefined;
  #parting = false;
  #over = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leaveTimer: ReturnType<typeof setTimeout> | undefined;

  #draining = false;

  constructor(readonly hooks: ReconnectingClientHooks, readonly dial: () => void, native: T) {
    this.native = native;
  }

  /** Gives the native client an input, then does what it wants done. */
  use<R>(input: (native: T) => R): R {
    const result = input(this.native);
    this.#drain();
    return result;
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (let outputs = this.native.takeOutputs(); outputs.length > 0; outputs = this.native.takeOutputs()) {
      for (const output of outputs) this.#perform(output);
    }
    this.#draining = false;
  }

  #perform(output: NativeOutput): void {
    const { hooks } = this;
    switch (output.type) {
      case "send":
        return this.#carrier?.send(output.json);
      case "prove":
        return hooks.prove(output.challenge, output.nonce);
      case "event":
        return this.#show(output.event);
      case "signal":
        return hooks.signalled?.(output.from, output.text, output.at);
      case "signalFailed":
        return hooks.unheard?.(output.to);
      case "refused":
        return hooks.refused(output.why);
      case "broken":
        hooks.show({ type: "denied", why: output.why });
        return this.#carrier?.close();
      case "shown":
        return hooks.mark(output.store, output.seq);
    }
  }

  /** A connection is there. */
  up(carrier: MessageTransport): void {
    this.#carrier = carrier;
  }

  /** One message of the server. */
  received(text: string): void {
    this.use((native) => native.receive(text));
  }

  /** All that came in this turn was told. */
  turn(): void {
    this.use((native) => native.flush());
    this.#leaveWhenFree();
  }

  /** There is no connection, or none any more. */
  down(why: string): void {
    if (this.#over) return;
    this.#carrier = undefined;
    this.use((native) => native.lost());
    if (this.#parting) return this.#end(this.#leaving!.status, this.#leaving!.why);
    if (!this.#wasIn) return this.#end(1, why);
    const againMs = this.#comeback.next(Math.random());
    this.hooks.lost(why, againMs);
    this.#timer = setTimeout(() => this.dial(), againMs);
  }

  /** Leaves when everything that was said is answered. */
  leave(status = 0): void {
    if (this.#leaving) return;
    this.#leaving = { status };
    this.#leaveTimer = setTimeout(() => {
      const { waiting } = this.native;
      this.#leaving = waiting > 0 ? { status: 1, why: `${waiting} messages were not taken by the server` } : { status };
      this.#part();
    }, LEAVE_MS);
    this.#leaveWhenFree();
  }

  /** Leaves now; said again, without a good bye. */
  stop(status: number): void {
    const { waiting } = this.native;
    const why = waiting > 0 ? `${waiting} messages were not taken by the server` : undefined;
    if (this.#parting || !this.#carrier) return this.#end(status, why);
    this.#leaving = { status, why };
    this.#part();
  }

  /** It cannot go on. */
  fail(why: string): void {
    this.#leaving = { status: 1, why };
    this.#part();
  }

  #show(happening: ClientEvent): void {
    if (happening.type === "loggedIn") {
      this.#wasIn = true;
      this.#comeback.reset();
    }
    this.hooks.show(happening);
  }

  #leaveWhenFree(): void {
    if (this.#leaving && !this.#parting && this.native.isLoggedIn && this.native.settled) this.#part();
  }

  #part(): void {
    this.#parting = true;
    clearTimeout(this.#leaveTimer);
    if (!this.#carrier) return this.#end(this.#leaving!.status, this.#leaving!.why);
    this.use((native) => native.leave());
    this.#carrier.close();
    this.#leaveTimer = setTimeout(() => this.#end(this.#leaving!.status, this.#leaving!.why), PARTING_MS);
  }

  #end(status: number, why?: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#leaveTimer);
    this.hooks.ended(status, why);
  }
}
