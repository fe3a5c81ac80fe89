import { Backoff } from "../../core/backoff.ts";
import { EXCHANGE_RETRY_MS } from "../../core/limits.ts";
import { reason } from "../../core/reason.ts";
import type { ExchangeCommand, ExchangeEvent, ExchangePort } from "../exchange.ts";

/**
 * One connection to an exchange.
 *
 * 1. It tells nothing before `start`, and nothing after it has ended.
 * 2. The first failure ends it, so that nothing is done in place of what failed.
 */
export interface ExchangeSession {
  /** The state of the log when the connection began. */
  readonly connected: Extract<ExchangeEvent, { type: "connected" }>;
  /** Why it has ended. */
  readonly ended: Promise<string>;
  start(tell: (event: ExchangeEvent) => void): void;
  execute(command: ExchangeCommand): void;
  end(why: string): void;
  /** Resolves when its connection is closed. */
  close(): Promise<void>;
}

/** An exchange that reconnects, with a growing delay between failed attempts. */
export class ReconnectingExchange implements ExchangePort {
  onEvent: (event: ExchangeEvent) => void = () => {};
  readonly #retries = new Backoff(EXCHANGE_RETRY_MS);
  readonly #running: Promise<void>;
  #session: ExchangeSession | undefined;
  #isClosed = false;
  /** Ends the pause between two tries. */
  #wake: (() => void) | undefined;

  /** `open` connects once; it throws an error whose message is for the operator. */
  constructor(readonly open: () => Promise<ExchangeSession>) {
    this.#running = this.#run();
  }

  execute(command: ExchangeCommand): void {
    this.#session?.execute(command);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    this.#session?.end("closed");
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connect();
      } catch (error) {
        this.#tell({ type: "unreachable", why: reason(error) });
      }
      if (!this.#isClosed) await this.#pause(this.#retries.next(Math.random()));
    }
  }

  /** One connection, from its beginning to its end. */
  async #connect(): Promise<void> {
    const session = await this.open();
    if (!this.#isClosed) {
      this.#retries.reset();
      this.#session = session;
      this.#tell(session.connected);
      session.start((event) => this.#tell(event));
      const why = await session.ended;
      this.#session = undefined;
      this.#tell({ type: "lost", why });
    }
    await session.close();
  }

  #tell(event: ExchangeEvent): void {
    if (!this.#isClosed) this.onEvent(event);
  }

  async #pause(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wake?.(), ms);
    await new Promise<void>((resolve) => this.#wake = resolve);
    clearTimeout(timer);
  }
}
