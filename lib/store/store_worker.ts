/// <reference lib="deno.worker" />
// The thread that owns the chat's database. It takes requests in order and answers each when it is done; batches that have come
// one after the other are committed together.
import type { Snapshot } from "../chat/snapshot.ts";
import { type Answer, type Batch, joined, type Query } from "../chat/store.ts";
import { reason } from "../core/reason.ts";
import { ChatStore } from "./chat_store.ts";

export type StoreRequest =
  | {
    readonly type: "open";
    readonly path: string;
    /** The id of a store that is made now. */
    readonly id: string;
    /** The file is made when something is kept or asked; until then nothing is answered. */
    readonly isLater: boolean;
    /** Only to measure: how long each commit takes at least. */
    readonly commitDelayMs?: number;
    /** Shared: how many requests were posted, each counted before it is posted. */
    readonly posted: Int32Array<SharedArrayBuffer>;
  }
  /** The batch may be given as JSON, which takes half the time of copying its objects. `failures`: of which the sender knows. */
  | { readonly type: "append"; readonly batch: Batch | string; readonly failures: number }
  | { readonly type: "query"; readonly id: number; readonly query: Query }
  | { readonly type: "close" };

export type StoreReply =
  | { readonly type: "opened"; readonly snapshot: Snapshot }
  | { readonly type: "notOpened"; readonly why: string }
  /** So many batches are committed. */
  | { readonly type: "committed"; readonly batches: number }
  /** One failure more: nothing that was posted before this is read is kept. */
  | { readonly type: "notCommitted"; readonly why: string }
  | { readonly type: "answered"; readonly id: number; readonly answer: Answer | { readonly failed: string } }
  | { readonly type: "closed" };

let store: ChatStore | undefined;
let place: Extract<StoreRequest, { type: "open" }>;
/** Batches for the next commit. */
let gathered: Batch[] = [];
let requests = 0;
let failures = 0;

/** When it was idle for this long, the thread indexes what can be searched. */
const IDLE_MS = 200;
let indexing: ReturnType<typeof setTimeout> | undefined;

self.onmessage = ({ data }: MessageEvent<StoreRequest>) => {
  requests++;
  if (data.type === "append") {
    // What was posted before its sender knew of a failure is numbered as if there were none.
    if (data.failures === failures) gathered.push(typeof data.batch === "string" ? JSON.parse(data.batch) : data.batch);
  } else if (data.type === "open" && data.isLater) {
    place = data;
    return;
  }
  const isLast = data.type !== "append" || requests === Atomics.load(place.posted, 0);
  if (isLast && gathered.length > 0) self.postMessage(commit());
  if (data.type !== "append") self.postMessage(reply(data));
  if (data.type === "close") return;
  // Also after other requests: each may have come in the midst of indexing.
  clearTimeout(indexing);
  indexing = setTimeout(index, IDLE_MS);
};

/** One piece; requests that came meanwhile are answered before the next. */
function index(): void {
  try {
    if (store?.indexMore()) indexing = setTimeout(index, 0);
  } catch { /* a full disk: it is tried again after the next batch, and before a search */ }
}

function commit(): StoreReply {
  const batches = gathered;
  gathered = [];
  try {
    opened().append(joined(batches));
    if (place.commitDelayMs) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, place.commitDelayMs);
    return { type: "committed", batches: batches.length };
  } catch (error) {
    failures++;
    return { type: "notCommitted", why: reason(error) };
  }
}

function reply(request: Exclude<StoreRequest, { type: "append" }>): StoreReply {
  switch (request.type) {
    case "open":
      place = request;
      try {
        return { type: "opened", snapshot: opened().snapshot };
      } catch (error) {
        return { type: "notOpened", why: reason(error) };
      }
    case "query": {
      const { id, query } = request;
      try {
        return { type: "answered", id, answer: opened().query(query) };
      } catch (error) {
        return { type: "answered", id, answer: { failed: reason(error) } };
      }
    }
    case "close":
      clearTimeout(indexing);
      store?.close();
      store = undefined;
      return { type: "closed" };
  }
}

/** The store; one that could not be opened is tried again. */
function opened(): ChatStore {
  return store ??= new ChatStore(place.path, place.id);
}
