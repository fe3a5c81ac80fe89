import type { Asked, NativeClient, NativeClientWay } from "../protocols/native/client.ts";
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
  prove(asked: Asked, nonce: string): void;
  isServer(proof: Uint8Array | undefined): boolean;
  seen(store: string): number;
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
  | "isIn"
  | "settled"
  | "waiting"
  | "entered"
  | "greet"
  | "proven"
  | "received"
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

  constructor(readonly hooks: ReconnectingClientHooks, readonly dial: () => void, talk: (way: NativeClientWay) => T) {
    this.native = talk({
      send: (json) => this.#carrier?.send(json),
      prove: (asked, nonce) => hooks.prove(asked, nonce),
      isServer: (proof) => hooks.isServer(proof),
      show: (happening) => this.#show(happening),
      signalled: (...signal) => hooks.signalled?.(...signal),
      unheard: (to) => hooks.unheard?.(to),
      refused: (why) => hooks.refused(why),
      broken: (why) => {
        hooks.show({ type: "denied", why });
        this.#carrier?.close();
      },
      seen: (store) => hooks.seen(store),
      mark: (store, seq) => hooks.mark(store, seq),
    });
  }

  /** A connection is there. */
  up(carrier: MessageTransport): void {
    this.#carrier = carrier;
  }

  /** One message of the server. */
  received(text: string): void {
    this.native.received(text);
  }

  /** All that came in this turn was told. */
  turn(): void {
    this.native.flush();
    this.#leaveWhenFree();
  }

  /** There is no connection, or none any more. */
  down(why: string): void {
    if (this.#over) return;
    this.#carrier = undefined;
    this.native.lost();
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
    if (happening.type === "in") {
      this.#wasIn = true;
      this.#comeback.reset();
    }
    this.hooks.show(happening);
  }

  #leaveWhenFree(): void {
    if (this.#leaving && !this.#parting && this.native.isIn && this.native.settled) this.#part();
  }

  #part(): void {
    this.#parting = true;
    clearTimeout(this.#leaveTimer);
    if (!this.#carrier) return this.#end(this.#leaving!.status, this.#leaving!.why);
    this.native.leave();
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
