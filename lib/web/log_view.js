import { make, the, write } from "./dom.js";
import { clockShown } from "./text.js";
import { matches, MOST_LINES } from "./watch_state.js";

/** @typedef {import("./watch_state.js").LogLine} LogLine */
/** @typedef {import("./watch_state.js").WatchState} WatchState */

/** Within so many pixels of its end a log counts as read to the end. */
const NEAR_PX = 24;

/** The live log: it follows what comes, and stands still for whoever has scrolled up. */
export class LogView {
  /** @type {WatchState | undefined} */
  #state;
  /** The number of the line that is shown next. */
  #next = 0;
  #follows = true;

  constructor() {
    this.box = the("log");
    this.list = the("log-lines");
    this.empty = the("log-empty");
    this.text = /** @type {HTMLInputElement} */ (the("log-text"));
    this.level = /** @type {HTMLSelectElement} */ (the("log-level"));
    this.more = the("log-more");
    this.box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.text.addEventListener("input", () => this.#again());
    this.level.addEventListener("change", () => this.#again());
    this.more.addEventListener("click", () => {
      this.#follow();
      this.box.focus();
    });
  }

  /** Shows what is new. @param {WatchState} state */
  draw(state) {
    if (state.lines === this.#state?.lines) return;
    this.#state = state;
    this.#show();
  }

  #show() {
    const state = this.#state;
    if (!state) return;
    const fresh = state.lines.slice(Math.max(0, this.#next - state.first)).filter((line) => this.#wanted(line));
    if (this.#follows) {
      this.#next = state.first + state.lines.length;
      this.list.append(...fresh.map(row));
      while (this.list.childElementCount > MOST_LINES) this.list.firstElementChild?.remove();
      this.box.scrollTop = this.box.scrollHeight;
    }
    this.more.hidden = this.#follows;
    const count = this.#follows ? 0 : fresh.length;
    write(
      this.more,
      count === 0 ? "Go on following" : `${count} new ${count === 1 ? "line" : "lines"}: go on following`,
    );
    this.empty.hidden = this.list.childElementCount > 0;
    write(this.empty, state.lines.length === 0 ? "Nothing is logged yet." : "No line is like that.");
  }

  #follow() {
    this.#follows = true;
    this.#show();
  }

  #again() {
    this.list.replaceChildren();
    this.#next = 0;
    this.#follow();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (atEnd === this.#follows) return;
    this.#follows = atEnd;
    this.#show();
  }

  /** @param {LogLine} line */
  #wanted(line) {
    return matches(line, { text: this.text.value.trim(), level: this.level.value });
  }
}

/** @param {LogLine} line */
function row({ time, level, text }) {
  const date = new Date(time);
  const clock = make("time", { dateTime: date.toISOString() });
  clock.textContent = `${clockShown(time)}:${`${date.getSeconds()}`.padStart(2, "0")}`;
  return make("li", { class: `at-${level}` }, clock, make("span", { class: "level" }, level), make("span", {}, text));
}
