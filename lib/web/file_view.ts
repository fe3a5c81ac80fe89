/** The state of a file offer as it is shown. */
export interface FileView {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Whether this user offers it. */
  readonly sends: boolean;
  readonly state: "reading" | "offered" | "waiting" | "moving" | "received" | "ended";
  /** A description for the user. */
  readonly text: string;
  readonly done: number;
  /** Bytes per second, smoothed. */
  readonly rate: number;
  /** Where the browser has the file, once it is received. */
  readonly url: string | undefined;
}

/** Something that has a view, which changes. */
export interface Viewed {
  view: FileView;
}

/** Cap on how often progress is shown. */
const INTERVAL_MS = 250;

/** The views of all offers, and their progress. */
export class FileViews {
  readonly #shown = new Map<string, { readonly at: number; readonly done: number }>();

  constructor(readonly show: (view: FileView) => void, readonly now: () => number) {}

  change(item: Viewed, change: Partial<FileView>): void {
    item.view = { ...item.view, ...change };
    this.show(item.view);
  }

  /** Shows progress and its rate, if it was not shown just before. */
  progress(item: Viewed, done: number, state: "reading" | "moving", text: string): void {
    const now = this.now();
    const shown = this.#shown.get(item.view.id);
    if (shown && now - shown.at < INTERVAL_MS && item.view.state === state) return;
    const seconds = shown ? (now - shown.at) / 1000 : 0;
    const current = shown && seconds > 0 && done >= shown.done ? (done - shown.done) / seconds : 0;
    const rate = item.view.rate === 0 ? current : item.view.rate * 0.8 + current * 0.2;
    this.#shown.set(item.view.id, { at: now, done });
    this.change(item, { state, text, done, rate });
  }
}

/** Whether the file will arrive here, sooner or later. */
export function isIncoming({ state }: FileView): boolean {
  return state === "waiting" || state === "moving";
}

export function newView(
  { id, name, bytes }: { readonly id: string; readonly name: string; readonly bytes: number },
  sends: boolean,
  state: FileView["state"],
  text: string,
): FileView {
  return { id, name, bytes, sends, state, text, done: 0, rate: 0, url: undefined };
}
