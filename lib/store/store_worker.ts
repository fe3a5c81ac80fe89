/// <reference lib="deno.worker" />
// The thread that owns the chat's database. It takes requests in order and answers each when it is done.
import type { Answer, Batch, Query, Snapshot } from "../chat/store.ts";
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
  }
  | { readonly type: "append"; readonly batch: Batch }
  | { readonly type: "query"; readonly id: number; readonly query: Query }
  | { readonly type: "close" };

export type StoreReply =
  | { readonly type: "opened"; readonly snapshot: Snapshot }
  | { readonly type: "notOpened"; readonly why: string }
  | { readonly type: "committed" }
  | { readonly type: "notCommitted"; readonly why: string }
  | { readonly type: "answered"; readonly id: number; readonly answer: Answer | { readonly failed: string } }
  | { readonly type: "closed" };

let store: ChatStore | undefined;
let place: Extract<StoreRequest, { type: "open" }>;

/** Quiet for so long, the thread indexes what can be searched. */
const IDLE_MS = 200;
let indexing: ReturnType<typeof setTimeout> | undefined;

self.onmessage = ({ data }: MessageEvent<StoreRequest>) => {
  if (data.type === "open" && data.isLater) {
    place = data;
    return;
  }
  self.postMessage(reply(data));
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

function reply(request: StoreRequest): StoreReply {
  switch (request.type) {
    case "open":
      place = request;
      try {
        return { type: "opened", snapshot: opened().snapshot };
      } catch (error) {
        return { type: "notOpened", why: reason(error) };
      }
    case "append":
      try {
        opened().append(request.batch);
        if (place.commitDelayMs) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, place.commitDelayMs);
        return { type: "committed" };
      } catch (error) {
        return { type: "notCommitted", why: reason(error) };
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
