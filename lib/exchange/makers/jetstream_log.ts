import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import { lastPlaceOf, sequenceOf, unpack } from "./packed_entries.ts";
import { EXCHANGE_BYTES, EXCHANGE_FETCH, EXCHANGE_IDLE_MS, EXCHANGE_LOG_BYTES } from "../../core/limits.ts";

/** The stream that all servers append to, and the subject of its entries. */
const STREAM = "PL_SAID";
export const LOG_SUBJECT = "pl.said";
/** Headers, the subject and the protocol's own bytes, besides an entry. */
const OVERHEAD_BYTES = 1024;
/** One question for entries; another follows it. */
const FETCH_MS = 30_000;
/** A reader is gone, as with a server of a cluster, when the exchange has not said for twice as long that it is there. */
const BEAT_MS = EXCHANGE_IDLE_MS / 2;
/** The server removes a reader that has not asked for this long: a process that was killed leaves one. */
const FORGET_MS = 5 * 60_000;
/** Copies of the log in a cluster: one server can be lost. */
const COPIES = 3;
/**
 * The description of the stream: its epoch, and what no other stream has. The time at which JetStream has made a stream is of no
 * use for that: the servers of a cluster tell different ones.
 */
const IDENTITY = /^Partyline: the log of \d{4}-[^ ]+, (\d+) [0-9a-f-]+$/;
/** Of JetStream's errors: there is no such stream; another client has made it just now. */
const [NOT_FOUND, NAME_TAKEN] = [10059, 10058];

/** The log as it stands when a connection begins. */
export interface LogState {
  /** No other stream of this name has had this identity. */
  readonly identity: string;
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
}

/** Of logs that this process has found. */
let newestEpoch = 0;

/** Finds the stream, or makes it. `isCluster`: whether the server is one of several, so that there can be copies. */
export async function openLog(manager: JetStreamManager, isCluster: boolean): Promise<LogState> {
  const found = await find(manager) ?? await make(manager, isCluster ? COPIES : 1);
  const { subjects, description = "" } = found.config;
  const [, epoch] = IDENTITY.exec(description) ?? [];
  if (!subjects?.includes(LOG_SUBJECT) || epoch === undefined) {
    throw new Error(`the stream ${STREAM} at the exchange was made by another program; its subjects are ${subjects}`);
  }
  newestEpoch = Math.max(newestEpoch, Number(epoch));
  const { first_seq: first, last_seq: last } = found.state;
  return {
    identity: description,
    epoch: Number(epoch),
    first: lastPlaceOf(Math.max(1, first) - 1) + 1,
    last: lastPlaceOf(last),
  };
}

async function find(manager: JetStreamManager): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(STREAM);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

async function make(manager: JetStreamManager, copies: number): Promise<StreamInfo> {
  const now = Math.max(Date.now(), newestEpoch + 1);
  const config: Partial<StreamConfig> & { name: string } = {
    name: STREAM,
    description: `Partyline: the log of ${new Date(now).toISOString()}, ${now} ${crypto.randomUUID()}`,
    subjects: [LOG_SUBJECT],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_bytes: EXCHANGE_LOG_BYTES,
    max_msg_size: EXCHANGE_BYTES + OVERHEAD_BYTES,
    num_replicas: copies,
  };
  try {
    return await manager.streams.add(config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    const made = error.code === NAME_TAKEN ? await find(manager) : undefined;
    if (made) return made;
    const why = copies > 1 ? `; all ${copies} servers of the cluster must be there when it is made` : "";
    throw new Error(`the exchange does not make the stream ${STREAM}: ${error.message}${why}`, { cause: error });
  }
}

/**
 * Gives the entries of the log after a place, in order, as many as were asked for.
 *
 * 1. An entry that is missed, or a log that is not the one of `state`, ends the reading with an error.
 * 2. At most `EXCHANGE_FETCH` messages wait in memory.
 */
export class LogReader {
  #credit = 0;
  #wake: (() => void) | undefined;
  #messages: ConsumerMessages | undefined;
  #isClosed = false;

  constructor(
    readonly manager: JetStreamManager,
    readonly state: LogState,
    readonly entry: (place: number, bytes: Uint8Array) => void,
  ) {}

  take(count: number): void {
    this.#credit += count;
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    this.#messages?.stop();
  }

  /** Ends when it was closed; throws when the log cannot be read on. */
  async read(after: number): Promise<void> {
    const { name } = await this.manager.consumers.add(STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: sequenceOf(Math.max(0, after) + 1),
      inactive_threshold: nanos(FORGET_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    // A reader belongs to the stream that it was made for and ends with it, so this check holds for all that it gives.
    const { config } = await this.manager.streams.info(STREAM);
    if (config.description !== this.state.identity) throw new Error("the log was made anew");
    const consumer = await this.manager.jetstream().consumers.get(STREAM, name);
    let delivered = 0;
    while (await this.#hasCredit()) {
      const messages = this.#messages = await consumer.fetch({
        max_messages: Math.min(this.#credit, EXCHANGE_FETCH),
        expires: FETCH_MS,
        idle_heartbeat: BEAT_MS,
      });
      for await (const message of messages) {
        if (this.#isClosed) return;
        if (message.info.deliverySequence !== ++delivered) throw new Error("an entry of the log was missed");
        const entries = unpack(message.data);
        let place = lastPlaceOf(message.seq) - entries.length;
        for (const entry of entries) {
          if (++place <= after) continue;
          if (this.#credit === 0 && !await this.#hasCredit()) return;
          this.#credit--;
          this.entry(place, entry);
        }
      }
      const error = await messages.closed();
      if (error && !this.#isClosed) throw error;
    }
  }

  /** Waits until an entry may be given; whether it will be. */
  async #hasCredit(): Promise<boolean> {
    while (this.#credit === 0 && !this.#isClosed) await new Promise<void>((resolve) => this.#wake = resolve);
    return !this.#isClosed;
  }
}
