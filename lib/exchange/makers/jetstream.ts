import type { JetStreamManager } from "@nats-io/jetstream";
import { errors, type NatsConnection } from "@nats-io/nats-core";
import { EXCHANGE_WAITING_BYTES } from "../../core/limits.ts";
import type { ExchangeCommand, ExchangeEvent, ExchangePort, ServerId } from "../exchange.ts";
import { LogReader, type LogState, openLog } from "./jetstream_log.ts";
import { LogPublisher } from "./jetstream_publisher.ts";
import { lossReason, type NatsOptions, openNats } from "./nats_connection.ts";
import { type ExchangeSession, ReconnectingExchange } from "./reconnecting.ts";

/** Messages to all servers, and to one. */
const TO_ALL = "pl.all";
const toOne = (server: ServerId) => `pl.to.${server}`;

/** An exchange over NATS: its log is a stream of JetStream, its messages are those of NATS itself. */
export function jetStreamExchange(self: ServerId, options: NatsOptions): ExchangePort {
  return new ReconnectingExchange(async () => {
    const { connection, manager } = await openNats(options);
    try {
      const state = await openLog(manager, connection.info?.cluster !== undefined);
      return new JetStreamSession(self, connection, manager, state);
    } catch (error) {
      await connection.close();
      throw new Error(lossReason(error), { cause: error });
    }
  });
}

class JetStreamSession implements ExchangeSession {
  readonly connected: Extract<ExchangeEvent, { type: "connected" }>;
  readonly #ended = Promise.withResolvers<string>();
  readonly #publisher: LogPublisher;
  readonly #reader: LogReader;
  #tell: (event: ExchangeEvent) => void = () => {};
  #isEnded = false;
  /** Bytes of messages that the exchange may not have taken yet. */
  #waitingBytes = 0;
  #isFlushing = false;

  constructor(
    readonly self: ServerId,
    readonly connection: NatsConnection,
    manager: JetStreamManager,
    state: LogState,
  ) {
    const { epoch, first, last } = state;
    this.connected = { type: "connected", epoch, first, last };
    this.#publisher = new LogPublisher(connection, {
      refused: (id, why) => this.#tell({ type: "refused", id, why }),
      failed: (error) => this.#failed(error),
    });
    this.#reader = new LogReader(manager, state, (place, bytes) => this.#tell({ type: "entry", place, bytes }));
    connection.closed().then((error) => this.end(lossReason(error ?? new errors.ClosedConnectionError())));
  }

  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  start(tell: (event: ExchangeEvent) => void): void {
    this.#tell = tell;
    for (const subject of [TO_ALL, toOne(this.self)]) {
      this.connection.subscribe(subject, {
        callback: (error, { data }) => error ? this.#failed(error) : this.#tell({ type: "message", bytes: data }),
      });
    }
  }

  execute(command: ExchangeCommand): void {
    if (this.#isEnded) return;
    switch (command.type) {
      case "read":
        return void this.#reader.read(command.after).catch((error) => this.#failed(error));
      case "take":
        return this.#reader.take(command.count);
      case "publish":
        return this.#publisher.publish(command.id, command.bytes);
      case "send":
        return this.#send(command.to === undefined ? TO_ALL : toOne(command.to), command.bytes);
    }
  }

  end(why: string): void {
    this.#isEnded = true;
    this.#tell = () => {};
    this.#reader.close();
    this.#publisher.close();
    this.#ended.resolve(why);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  #failed(error: unknown): void {
    this.end(lossReason(error));
  }

  #send(subject: string, bytes: Uint8Array): void {
    if (this.#waitingBytes + bytes.length > EXCHANGE_WAITING_BYTES) return;
    this.connection.publish(subject, bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isFlushing && this.#waitingBytes > EXCHANGE_WAITING_BYTES / 4) this.#flush();
  }

  /** What was sent before the exchange answers has been taken. */
  async #flush(): Promise<void> {
    this.#isFlushing = true;
    const flushed = this.#waitingBytes;
    try {
      await this.connection.flush();
      this.#waitingBytes -= flushed;
    } catch { /* the connection has ended, and what ends it says why */ }
    this.#isFlushing = false;
  }
}
