import { make, write } from "./dom.js";
import { path, pointBefore, top, valuesOf, worded } from "./plot.js";
import { timeShown } from "./text.js";
import { WINDOW_MS } from "./watch_state.js";

/** @typedef {import("./plot.js").PlotKind} PlotKind */
/** @typedef {import("./watch_state.js").Point} Point */

const SECONDS = WINDOW_MS / 1000;
const HEIGHT = 100;
/** A key, and how many seconds further back it goes. @type {Record<string, number>} */
const STEPS = {
  ArrowLeft: 1,
  ArrowRight: -1,
  PageUp: 30,
  PageDown: -30,
  Home: SECONDS,
  End: -SECONDS,
  Escape: -SECONDS,
};
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** A plot that moves, and that can be read point by point with the pointer and with the keyboard. */
export class PlotView {
  /** @type {readonly Point[]} */
  #points = [];
  /** Seconds before the last point that are read. */
  #age = 0;
  #drawnTo = 0;

  /** @param {PlotKind} kind */
  constructor(kind) {
    this.kind = kind;
    const id = kind.title.toLowerCase().replaceAll(" ", "-");
    this.when = make("span", { class: "when" });
    this.values = kind.series.map(() => make("span", { class: "value" }));
    this.top = make("span", { class: "top" });
    this.lines = kind.series.map(({ tone }) => drawn("path", { class: `line ${tone}` }));
    this.cursor = drawn("path", { class: "cursor", d: "" });
    this.moving = drawn("g", {}, ...this.lines);
    const picture = drawn(
      "svg",
      { viewBox: `0 0 ${SECONDS} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
      this.moving,
      this.cursor,
    );
    this.frame = make(
      "div",
      {
        ...{ class: "frame", role: "slider", tabIndex: 0, "aria-labelledby": id, "aria-orientation": "horizontal" },
        ...{ "aria-valuemin": -SECONDS, "aria-valuemax": 0, "aria-valuenow": 0, "aria-valuetext": "nothing yet" },
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        onpointermove: (/** @type {PointerEvent} */ event) => this.#point(event),
        onpointerleave: () => this.#read(0),
        onblur: () => this.#read(0),
      },
      picture,
    );
    const readings = kind.series.map(({ label, tone }, i) => {
      const name = make("span", { class: "label" }, label);
      const value = this.values[i] ?? "";
      return make("span", { class: `reading ${tone}` }, name, " ", value);
    });
    this.element = make(
      "figure",
      { class: "plot" },
      make("figcaption", {}, make("h3", { id }, kind.title), make("p", { class: "readings" }, ...readings, this.when)),
      make("div", { class: "scale" }, this.top, make("span", { class: "bottom" }, "0"), this.frame),
    );
  }

  /** Draws what is known now. @param {readonly Point[]} points */
  draw(points) {
    this.#points = points;
    const last = points.at(-1);
    const scale = top(valuesOf(this.kind, points), this.kind.least);
    if (last) {
      const frame = { from: last.time - WINDOW_MS, to: last.time, top: scale, width: SECONDS, height: HEIGHT };
      this.kind.series.forEach((series, i) => this.lines[i]?.setAttribute("d", path(series, points, frame)));
      this.#move(last.time);
    }
    write(this.top, this.kind.shown(scale));
    this.#say();
  }

  /** What is new comes in from the right, at the pace at which it came about. @param {number} to */
  #move(to) {
    const seconds = (to - this.#drawnTo) / 1000;
    this.#drawnTo = to;
    if (seconds <= 0 || seconds > 2 || still.matches) return;
    const frames = [{ transform: `translateX(${seconds}px)` }, { transform: "none" }];
    this.moving.animate(frames, { duration: seconds * 1000 });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#read(this.#age + step);
  }

  /** @param {PointerEvent} event */
  #point({ clientX }) {
    const { left, width } = this.frame.getBoundingClientRect();
    this.#read(Math.round((1 - (clientX - left) / width) * SECONDS));
  }

  /** @param {number} age */
  #read(age) {
    this.#age = Math.min(SECONDS, Math.max(0, age));
    this.#say();
    this.#announce();
  }

  #say() {
    const point = pointBefore(this.#points, this.#age);
    this.kind.series.forEach(({ value }, i) => {
      const at = point ? value(point) : null;
      const element = this.values[i];
      if (element) write(element, at === null ? "–" : this.kind.shown(at));
    });
    write(this.when, this.#age === 0 ? "" : `${timeShown(this.#age * 1000)} ago`);
    const x = SECONDS - this.#age;
    this.cursor.setAttribute("d", this.#age === 0 ? "" : `M${x} 0V${HEIGHT}`);
    // Whoever is on it hears what they ask for, not every second that goes by.
    if (document.activeElement !== this.frame) this.#announce();
  }

  #announce() {
    const when = this.#age === 0 ? "now" : `${timeShown(this.#age * 1000)} ago`;
    this.frame.setAttribute("aria-valuenow", `${-this.#age}`);
    const words = worded(this.kind, pointBefore(this.#points, this.#age));
    this.frame.setAttribute("aria-valuetext", `${when}: ${words}`);
  }
}

/**
 * An element of a drawing.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} attributes
 * @param {...Node} children
 */
function drawn(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
