import type { FileEvent, TransferItem } from "../protocols/transfer/event.ts";
import { type FileRoute, FileRoutes } from "./file_routes.ts";
import { chatTexts } from "./texts.ts";

type TransferEvent = Extract<FileEvent, TransferItem>;

/** The state of a file offer as it is shown. */
export interface FileView {
  /** The id of the offer. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Undecided offers have no view, or are "failed" and can be accepted again. */
  readonly state: "reading" | "offered" | "waiting" | "moving" | "received" | "failed" | "ended";
  readonly text: string;
  readonly done: number;
  /** Bytes per second. */
  readonly rate: number;
  /** Where the browser has the file, once it is received. */
  readonly url: string | undefined;
}

/** Whether closing the page would interrupt it. */
export function isUnderWay({ state }: FileView): boolean {
  return state !== "received" && state !== "failed" && state !== "ended";
}

/** The views of all offers: what the events of their transfers change. */
export class FileViews {
  readonly #views = new Map<string, FileView>();
  /** Who has received an offer of ours. */
  readonly #receivers = new Map<string, string[]>();
  readonly #routes = new FileRoutes();

  constructor(readonly show: (view: FileView) => void) {}

  get underWay(): boolean {
    return [...this.#views.values()].some(isUnderWay);
  }

  set(item: Pick<FileView, "id" | "name" | "bytes">, change: Partial<FileView>): void {
    const view = this.#views.get(item.id) ?? newView(item);
    const changed = { ...view, rate: 0, ...change };
    this.#views.set(item.id, changed);
    this.show(changed);
  }

  /** The user has decided nothing about an offer after all. */
  delete(id: string): void {
    this.#views.delete(id);
  }

  /** An event of the transfer of offer `id`; `room` if it is an own offer to a room. */
  update(id: string, event: TransferEvent, room: string | undefined): void {
    this.#routes.update(id, event);
    const change = this.#change(id, event, room);
    if (change) this.set({ id, name: event.name, bytes: event.bytes }, change);
  }

  #change(id: string, event: TransferEvent, room: string | undefined): Partial<FileView> | undefined {
    switch (event.type) {
      case "offering":
        return { state: "offered", text: chatTexts.offered, done: 0 };
      case "progress": {
        const text = event.sends ? chatTexts.to(event.with) : chatTexts.from(event.with);
        const route = this.#routes.current(id, event.with);
        return { state: "moving", text: routed(text, route), done: event.done, rate: event.rate };
      }
      case "paused":
        return event.sends
          ? { state: "offered", text: chatTexts.interrupted(event.with, event.why) }
          : { state: "waiting", text: chatTexts.paused(event.why) };
      case "received": {
        const text = routed(chatTexts.verified, this.#routes.taken(id, [event.from]));
        return { state: "received", text, done: event.bytes, url: event.path };
      }
      case "fileSent": {
        const receivers = [...this.#receivers.get(id) ?? [], event.to];
        this.#receivers.set(id, receivers);
        const text = routed(chatTexts.receivedBy(receivers.join(", ")), this.#routes.taken(id, receivers));
        if (room === undefined) return { state: "ended", text };
        return { state: "offered", text: chatTexts.openForOthers(text) };
      }
      case "fileFailed":
        // One member of a room has failed; the others may still receive it.
        if (room !== undefined && event.with !== room) return { state: "offered", text: event.why };
        return { state: event.canRetry ? "failed" : "ended", text: event.why };
    }
  }
}

/** A text about a file, with the way that it takes. */
function routed(text: string, route: FileRoute | undefined): string {
  return route ? chatTexts.routes[route](text) : text;
}

function newView({ id, name, bytes }: Pick<FileView, "id" | "name" | "bytes">): FileView {
  return { id, name, bytes, state: "waiting", text: "", done: 0, rate: 0, url: undefined };
}
