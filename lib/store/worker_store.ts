import { join } from "@std/path";
import type { Snapshot } from "../chat/snapshot.ts";
import type { Answer, Batch, Query, Write } from "../chat/store.ts";
import { LOBBY } from "../chat/names.ts";
import { UserError } from "../core/errors.ts";
import type { ChatStore } from "./chat_store.ts";
import { exists } from "./disk.ts";
import { canSearch } from "./log_rows.ts";
import type { StoreReply, StoreRequest } from "./store_worker.ts";

/** What the store says to the server's session runner. */
export type StoreEvent = Exclude<StoreReply, { type: "opened" | "notOpened" | "closed" }>;

/**
 * The chat's store as the session runner uses it: everything is answered by an event, in order. One `committed` may answer several
 * batches. `notCommitted` answers a batch and all that were appended after it: nothing of them is kept.
 */
export interface StorePort {
  readonly snapshot: Snapshot;
  onEvent: (event: StoreEvent) => void;
  append(batch: Batch): void;
  query(id: number, query: Query): void;
  /** Resolves when everything is written and the file is closed. */
  close(): Promise<void>;
}

/** The thread's code; in an executable, where `deno task build` puts it beside the bundled code. */
const THREAD = Deno.build.standalone ? "./lib/store/store_worker.js" : "./store_worker.ts";

/** The file of the store in a data folder. */
export const STORE_FILE = "partyline.db";

/**
 * The store of a data folder, in a thread of its own. A store that exists is opened now, and a `UserError` says why it
 * cannot; otherwise it is made when there is something to keep.
 */
export async function openStore(folder: string, options: { commitDelayMs?: number } = {}): Promise<StorePort> {
  const path = join(folder, STORE_FILE);
  const isLater = !exists(path);
  const worker = new StoreThread(path, isLater, options);
  if (isLater) return worker.start(emptySnapshot(worker.id));
  const reply = await worker.opened();
  if (reply.type === "opened") return worker.start(reply.snapshot);
  worker.terminate();
  throw new UserError(reply.why);
}

/** What a store holds that is made later. */
export function emptySnapshot(id: string): Snapshot {
  const rooms = [{ id: 1, name: LOBBY, unlisted: false, last: 0, members: [] }];
  return { id, last: 0, time: 0, searches: canSearch(), users: [], rooms, pairs: [], producers: [] };
}

class StoreThread {
  readonly id: string = crypto.randomUUID().replaceAll("-", "");
  readonly #open: StoreRequest;
  readonly #posted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #failures = 0;
  /** Started with the first request: a server that keeps nothing has no second thread. */
  #worker: Worker | undefined;
  #reply: (reply: StoreReply) => void = () => {};

  constructor(path: string, isLater: boolean, options: { commitDelayMs?: number }) {
    this.#open = { type: "open", path, id: this.id, isLater, posted: this.#posted, ...options };
  }

  /** Resolves with the worker's first answer. */
  opened(): Promise<Extract<StoreReply, { type: "opened" | "notOpened" }>> {
    return new Promise((resolve) => {
      this.#reply = (reply) => resolve(reply as Extract<StoreReply, { type: "opened" | "notOpened" }>);
      this.#started();
    });
  }

  start(snapshot: Snapshot): StorePort {
    let closed: Promise<void> | undefined;
    const port: StorePort = {
      snapshot,
      onEvent: () => {},
      append: (batch) =>
        this.#post({
          type: "append",
          batch: batch.writes.some(hasBytes) ? batch : JSON.stringify(batch),
          failures: this.#failures,
        }),
      query: (id, query) => this.#post({ type: "query", id, query }),
      close: () => closed ??= this.#close(),
    };
    this.#reply = (reply) => {
      if (reply.type === "notCommitted") this.#failures++;
      if (reply.type !== "opened" && reply.type !== "notOpened" && reply.type !== "closed") port.onEvent(reply);
    };
    return port;
  }

  terminate(): void {
    this.#worker?.terminate();
  }

  #close(): Promise<void> {
    if (!this.#worker) return Promise.resolve();
    return new Promise((resolve) => {
      const reply = this.#reply;
      this.#reply = (each) => {
        if (each.type !== "closed") return reply(each);
        this.terminate();
        resolve();
      };
      this.#post({ type: "close" });
    });
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = this.#worker = new Worker(new URL(THREAD, import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<StoreReply>) => this.#reply(data);
    this.#send(worker, this.#open);
    return worker;
  }

  #post(request: StoreRequest): void {
    this.#send(this.#started(), request);
  }

  #send(worker: Worker, request: StoreRequest): void {
    Atomics.add(this.#posted, 0, 1);
    worker.postMessage(request);
  }
}

/** JSON has no bytes. */
function hasBytes(write: Write): boolean {
  return write.type === "register" && write.key !== undefined;
}

/** A store in the same thread, for tests and simulations: each answer comes by `later`. */
export function directStore(store: ChatStore, later: (act: () => void) => void): StorePort {
  const answer = (event: StoreEvent) => later(() => port.onEvent(event));
  let fails = false;
  const port: StorePort = {
    snapshot: store.snapshot,
    onEvent: () => {},
    append(batch) {
      if (fails) return;
      try {
        store.append(batch);
        answer({ type: "committed", batches: 1 });
      } catch (error) {
        fails = true;
        const why = error instanceof Error ? error.message : String(error);
        later(() => {
          fails = false;
          port.onEvent({ type: "notCommitted", why });
        });
      }
    },
    query(id, query) {
      let found: Answer | { failed: string };
      try {
        found = store.query(query);
      } catch (error) {
        found = { failed: error instanceof Error ? error.message : String(error) };
      }
      answer({ type: "answered", id, answer: found });
    },
    close: () => Promise.resolve(store.close()),
  };
  return port;
}
