import { Backoff } from "../core/backoff.ts";
import { traceJson, type TraceRecord, traceText } from "../core/wire_trace.ts";
import { byId, download, make, setText } from "./dom.ts";
import { ladderOf, ladderSvg, matchesWire, type Rung, wireCsv } from "./ladder.ts";
import { ReconnectingSocket } from "./socket.ts";
import { serverTexts } from "./texts.ts";
import { MAX_RETRY_MS } from "./watch_state.ts";

/** Records in memory, and those that are drawn. */
const KEPT = 2000;
const DRAWN = 300;
/** A quiet wire says nothing, so silence is no sign. */
const SILENCE_MS = 24 * 60 * 60 * 1000;
const NEAR_END = 40;

interface Part {
  readonly records: readonly TraceRecord[];
  readonly missed: number;
}

/** The wire of one user, live, as a ladder diagram. */
export class WirePanel {
  readonly #section = byId("wire");
  readonly #box = byId("wire-box");
  readonly #list = byId("rungs");
  readonly #filter = byId<HTMLInputElement>("wire-filter");
  readonly #pause = byId("wire-pause");
  readonly #state = byId("wire-state");
  readonly #chosen: (name: string | undefined) => void;
  #socket: ReconnectingSocket | undefined;
  #name = "";
  #records: TraceRecord[] = [];
  #missed = 0;
  #isPaused = false;
  #isPending = false;
  /** What came while the panel is paused. */
  #waiting = 0;

  /** `chosen` is told whose wire is shown. */
  constructor(chosen: (name: string | undefined) => void) {
    this.#chosen = chosen;
    this.#filter.addEventListener("input", () => this.#draw());
    this.#pause.addEventListener("click", () => this.#setPaused(!this.#isPaused));
    byId("wire-close").addEventListener("click", () => this.close());
    byId("wire-copy").addEventListener("click", () => void this.#copy());
    byId("wire-jsonl").addEventListener("click", () => this.#save("jsonl", "application/jsonl", traceJson));
    byId("wire-csv").addEventListener("click", () => this.#saveText("csv", "text/csv", wireCsv(this.#shown)));
    byId("wire-svg").addEventListener("click", () => {
      this.#saveText("svg", "image/svg+xml", ladderSvg(ladderOf(this.#shown), this.#name));
    });
  }

  /** The user whose wire is shown. */
  get name(): string | undefined {
    return this.#socket ? this.#name : undefined;
  }

  open(name: string): void {
    this.#socket?.close();
    this.#name = name;
    this.#filter.value = "";
    setText(byId("wire-title"), serverTexts.onTheWire(name));
    this.#section.hidden = false;
    this.#setPaused(false);
    this.#socket = new ReconnectingSocket({
      path: `/wire?of=${encodeURIComponent(name)}`,
      silenceMs: SILENCE_MS,
      backoff: new Backoff(MAX_RETRY_MS),
      // What is held is told anew.
      opened: () => this.#reset(),
      received: (data) => this.#received(JSON.parse(data)),
      lost: () => {},
    });
    this.#socket.open();
    this.#reset();
    this.#chosen(name);
    byId("wire-title").focus();
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#section.hidden = true;
    this.#chosen(undefined);
  }

  #reset(): void {
    this.#records = [];
    this.#missed = this.#waiting = 0;
    this.#draw();
  }

  #received({ records, missed }: Part): void {
    this.#records.push(...records);
    this.#records = this.#records.slice(-KEPT);
    this.#missed += missed;
    if (this.#isPaused) this.#waiting += records.length;
    if (this.#isPending) return;
    this.#isPending = true;
    requestAnimationFrame(() => {
      this.#isPending = false;
      this.#draw();
    });
  }

  get #shown(): TraceRecord[] {
    const filter = this.#filter.value.trim();
    return this.#records.filter((record) => matchesWire(record, filter));
  }

  #draw(): void {
    setText(this.#state, this.#stateText());
    if (this.#isPaused) return;
    const atEnd = this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < NEAR_END;
    const { links, rungs } = ladderOf(this.#shown.slice(-DRAWN));
    const isTwo = links.includes("Lb");
    this.#section.classList.toggle("has-two", isTwo);
    const left = links.filter((link) => link !== "Lb").join(", ");
    setText(byId("wire-left"), `${this.#name} ${left}`.trim());
    setText(byId("wire-right"), isTwo ? `${this.#name} Lb` : "");
    this.#list.replaceChildren(...rungs.map(rungElement));
    if (atEnd) this.#box.scrollTop = this.#box.scrollHeight;
  }

  #stateText(): string {
    const lost = this.#missed === 0 ? "" : serverTexts.tooFast(this.#missed);
    if (this.#isPaused) return serverTexts.pausedWith(this.#waiting) + lost;
    return this.#records.length === 0 ? serverTexts.nothingSaid : lost.trim();
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#waiting = 0;
    setText(this.#pause, isPaused ? serverTexts.continue : serverTexts.pause);
    this.#draw();
  }

  async #copy(): Promise<void> {
    const text = this.#shown.map(traceText).join("");
    try {
      await navigator.clipboard.writeText(text);
      setText(this.#state, serverTexts.copied);
    } catch {
      // Browsers have no clipboard for pages that came neither over TLS nor from this machine.
      this.#saveText("txt", "text/plain", text);
    }
  }

  #save(extension: string, type: string, line: (record: TraceRecord) => string): void {
    this.#saveText(extension, type, this.#shown.map(line).join(""));
  }

  #saveText(extension: string, type: string, text: string): void {
    const name = this.#name.replaceAll(/[^\p{L}\p{N}.-]/gu, "_");
    const url = download(new Blob([text], { type }), `${name}.${extension}`);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

function rungElement({ time, column, arrow, text, remark, isComplaint }: Rung): HTMLElement {
  const words = make(
    "span",
    { class: `rung ${arrow === undefined ? "no-arrow" : `to-${arrow}`}${isComplaint ? " is-bad" : ""}` },
    ...remark === undefined ? [] : [make("i", {}, remark), " "],
    make("code", {}, text),
  );
  const empty = make("span", { class: "rung no-arrow" });
  return make("li", {}, make("time", {}, time), ...column === 0 ? [words, empty] : [empty, words]);
}
