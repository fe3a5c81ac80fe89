import { EXCHANGE_FETCH } from "../../lib/core/limits.ts";
import { decodeLossy, encodeText } from "../../lib/core/text.ts";
import type { ExchangeEvent, ExchangePort, ServerId } from "../../lib/exchange/exchange.ts";
import { until } from "./wire.ts";

/** An entry that a member was given. */
export interface Given {
  readonly place: number;
  readonly text: string;
}

/** A server at an exchange, as a test plays it: it keeps all that its maker says, and reads on as long as it is asked to. */
export class Member {
  readonly events: ExchangeEvent[] = [];
  readonly entries: Given[] = [];
  readonly messages: string[] = [];
  #published = 0;

  constructor(readonly id: ServerId, readonly port: ExchangePort) {
    port.onEvent = (event) => {
      this.events.push(event);
      if (event.type === "entry") this.entries.push({ place: event.place, text: decodeLossy(event.bytes) });
      if (event.type === "message") this.messages.push(decodeLossy(event.bytes));
    };
  }

  /** The state of the log at the newest connection. */
  get connected(): Extract<ExchangeEvent, { type: "connected" }> | undefined {
    return this.events.findLast((event) => event.type === "connected");
  }

  get texts(): readonly string[] {
    return this.entries.map(({ text }) => text);
  }

  /** Waits for an event of this type that comes after so many others. */
  async heard<T extends ExchangeEvent["type"]>(type: T, after = 0): Promise<Extract<ExchangeEvent, { type: T }>> {
    const found = () =>
      this.events.slice(after).find((event): event is Extract<ExchangeEvent, { type: T }> => event.type === type);
    await until(() => found() !== undefined, () => `${type} in ${this.#heard()}`);
    return found()!;
  }

  /** Waits until it was given so many entries. */
  async given(count: number): Promise<void> {
    await until(
      () => this.entries.length >= count,
      () => `${count} entries, not ${this.entries.length}: ${this.#heard()}`,
    );
  }

  read(after: number, count = EXCHANGE_FETCH * 8): void {
    this.port.execute({ type: "read", after });
    if (count > 0) this.port.execute({ type: "take", count });
  }

  publish(text: string): void {
    const id = `${this.id}-${this.#published++}`;
    this.port.execute({ type: "publish", id, bytes: encodeText(text) });
  }

  send(to: Member | undefined, text: string): void {
    this.port.execute({ type: "send", to: to?.id, bytes: encodeText(text) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.port.close();
  }

  #heard(): string {
    return JSON.stringify(this.events.filter(({ type }) => type !== "entry" && type !== "message"));
  }
}
