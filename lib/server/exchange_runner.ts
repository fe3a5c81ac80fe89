import type { Hub } from "../chat/hub.ts";
import type { ExchangeOutput, ServerPlace } from "../chat/exchange_events.ts";
import type { ExchangeStatus } from "../chat/server_snapshot.ts";
import { log } from "../core/log.ts";
import { stackOf } from "../core/reason.ts";
import type { ExchangeEvent, ExchangePort } from "../exchange/exchange.ts";
import type { ExchangeMachine } from "../exchange/machine.ts";

/** The part of the runner that an exchange uses. */
interface Runner {
  readonly hub: Hub;
  /** Does something in a turn of its own. */
  operate<R>(act: (now: number) => R): R;
}

/** Brings an exchange, its machine and the hub together. */
export class ExchangeRunner {
  readonly #hub: Hub;
  readonly #machine: ExchangeMachine;
  readonly #port: ExchangePort;
  #isClosed = false;

  constructor(runner: Runner, machine: ExchangeMachine, port: ExchangePort) {
    this.#hub = runner.hub;
    this.#machine = machine;
    this.#port = port;
    let events: ExchangeEvent[] = [];
    port.onEvent = (event) => {
      if (events.push(event) > 1) return;
      // Everything read together is one turn, and one batch for the store.
      queueMicrotask(() => {
        const all = events;
        events = [];
        runner.operate((now) => {
          for (const each of all) this.#event(each, now);
        });
      });
    };
  }

  /** Performs an effect of the hub. */
  hub(output: ExchangeOutput, now: number): void {
    this.#machine.hub(output, now);
    this.#carryOut(now);
  }

  tick(now: number): void {
    this.#machine.tick(now);
    this.#carryOut(now);
  }

  /** Where the clients of this server reach it. */
  announce(place: ServerPlace | undefined): void {
    this.#machine.announce(place);
  }

  get status(): ExchangeStatus {
    return this.#machine.status;
  }

  /** Says that this server leaves; resolves when its connections are closed. */
  close(now: number): Promise<void> {
    this.#machine.close();
    this.#carryOut(now);
    this.#isClosed = true;
    return this.#port.close();
  }

  #event(event: ExchangeEvent, now: number): void {
    try {
      this.#machine.event(event, now);
      this.#carryOut(now);
    } catch (error) {
      log.error(`internal error at an event of the exchange: ${stackOf(error)}`);
    }
  }

  #carryOut(now: number): void {
    for (const output of this.#machine.takeOutputs()) {
      if (this.#isClosed) continue;
      if (output.type === "command") this.#port.execute(output.command);
      else if (output.type === "hub") this.#hub.exchange(output.input, now);
      else log[output.level ?? "info"](`exchange: ${output.text}`);
    }
  }
}
