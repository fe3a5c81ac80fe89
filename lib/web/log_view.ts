import { byId, make, setText } from "./dom.ts";
import { formatSeconds } from "./format.ts";
import { serverTexts } from "./texts.ts";
import type { LogLine } from "../core/log.ts";
import { matches, MAX_LINES, type WatchState } from "./watch_state.ts";

/** The distance from the end, in pixels, that still counts as the end. */
const NEAR_END = 24;

/** The live log. It follows new lines until the user scrolls up. */
export class LogView {
  readonly #box = byId("log");
  readonly #list = byId("log-lines");
  readonly #empty = byId("log-empty");
  readonly #text = byId<HTMLInputElement>("log-text");
  readonly #level = byId<HTMLSelectElement>("log-level");
  readonly #resume = byId("log-resume");
  #state: WatchState | undefined;
  /** The number of the next line to show. */
  #next = 0;
  #follows = true;

  constructor() {
    this.#box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#text.addEventListener("input", () => this.#filterChanged());
    this.#level.addEventListener("change", () => this.#filterChanged());
    this.#resume.addEventListener("click", () => {
      this.#follow();
      this.#box.focus();
    });
  }

  draw(state: WatchState): void {
    if (state.lines === this.#state?.lines) return;
    this.#state = state;
    this.#show();
  }

  #show(): void {
    const state = this.#state;
    if (!state) return;
    const filter = { text: this.#text.value.trim(), level: this.#level.value };
    const added = state.lines.slice(Math.max(0, this.#next - state.first)).filter((line) => matches(line, filter));
    if (this.#follows) {
      this.#next = state.first + state.lines.length;
      this.#list.append(...added.map(lineElement));
      while (this.#list.childElementCount > MAX_LINES) this.#list.firstElementChild?.remove();
      this.#box.scrollTop = this.#box.scrollHeight;
    }
    this.#resume.hidden = this.#follows;
    const count = this.#follows ? 0 : added.length;
    setText(this.#resume, count === 0 ? serverTexts.follow : serverTexts.followNew(count));
    this.#empty.hidden = this.#list.childElementCount > 0;
    setText(this.#empty, state.lines.length === 0 ? serverTexts.logEmpty : serverTexts.noLine);
  }

  #follow(): void {
    this.#follows = true;
    this.#show();
  }

  #filterChanged(): void {
    this.#list.replaceChildren();
    this.#next = 0;
    this.#follow();
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (atEnd === this.#follows) return;
    this.#follows = atEnd;
    this.#show();
  }
}

function lineElement({ time, level, text }: LogLine): HTMLElement {
  return make(
    "li",
    { class: `at-${level}` },
    make("time", { dateTime: new Date(time).toISOString() }, formatSeconds(time)),
    make("span", { class: "level" }, level),
    make("span", {}, text),
  );
}
