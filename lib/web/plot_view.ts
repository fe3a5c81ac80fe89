import { make, setText } from "./dom.ts";
import { durationText } from "./format.ts";
import { describe, dotPath, linePath, type Plot, pointBefore, scaleTop, valuesOf } from "./plot.ts";
import { serverTexts } from "./texts.ts";
import type { Point } from "../chat/server_snapshot.ts";
import { WINDOW_MS } from "./watch_state.ts";

const SECONDS = WINDOW_MS / 1000;
const HEIGHT = 100;
/** Above and below, so that no dot at an edge is clipped. */
const MARGIN = 6;
/** How many seconds each key moves back in time. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: 1,
  ArrowRight: -1,
  PageUp: 30,
  PageDown: -30,
  Home: SECONDS,
  End: -SECONDS,
  Escape: -SECONDS,
};
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** A moving plot; its values can be read with the pointer and with the keyboard. */
export class PlotView {
  readonly element: HTMLElement;
  readonly #plot: Plot;
  readonly #when = make("span", { class: "when" });
  readonly #values: readonly HTMLElement[];
  readonly #top = make("span", { class: "top" });
  readonly #lines: readonly SVGPathElement[];
  readonly #dots: readonly SVGPathElement[];
  readonly #cursor = svg("path", { class: "cursor", d: "" });
  readonly #moving: SVGGElement;
  readonly #frame: HTMLElement;
  #points: readonly Point[] = [];
  /** How many seconds before the last point the values are read. */
  #age = 0;
  #drawnTo = 0;

  constructor(plot: Plot) {
    this.#plot = plot;
    const { id } = plot;
    this.#values = plot.series.map(() => make("span", { class: "value" }));
    this.#lines = plot.series.map(({ tone }) => svg("path", { class: `line ${tone}` }));
    this.#dots = plot.series.map(({ tone }) => svg("path", { class: `dots ${tone}`, d: "" }));
    this.#moving = svg("g", {}, ...this.#lines, ...this.#dots);
    const picture = svg(
      "svg",
      {
        viewBox: `0 ${-MARGIN} ${SECONDS} ${HEIGHT + 2 * MARGIN}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
        focusable: "false",
      },
      this.#moving,
      this.#cursor,
    );
    this.#frame = make(
      "div",
      {
        ...{ class: "frame", role: "slider", tabIndex: 0, "aria-labelledby": id, "aria-orientation": "horizontal" },
        ...{
          "aria-valuemin": -SECONDS,
          "aria-valuemax": 0,
          "aria-valuenow": 0,
          "aria-valuetext": serverTexts.noValues,
        },
        onkeydown: (event: KeyboardEvent) => this.#keyPressed(event),
        onpointermove: (event: PointerEvent) => this.#pointed(event),
        onpointerleave: () => this.#readAt(0),
        onblur: () => this.#readAt(0),
      },
      picture,
    );
    const readings = plot.series.map(({ label, tone }, i) =>
      make("span", { class: `reading ${tone}` }, make("span", { class: "label" }, label), " ", this.#values[i]!)
    );
    this.element = make(
      "figure",
      { class: "plot" },
      make("figcaption", {}, make("h3", { id }, plot.title), make("p", { class: "readings" }, ...readings, this.#when)),
      make("div", { class: "scale" }, this.#top, make("span", { class: "bottom" }, "0"), this.#frame, axis()),
    );
  }

  draw(points: readonly Point[]): void {
    this.#points = points;
    const last = points.at(-1);
    const top = scaleTop(valuesOf(this.#plot, points), this.#plot.minTop);
    if (last) {
      const frame = { from: last.time - WINDOW_MS, to: last.time, top, width: SECONDS, height: HEIGHT };
      for (const [i, series] of this.#plot.series.entries()) {
        this.#lines[i]!.setAttribute("d", linePath(series, points, frame));
        if (this.#plot.hasDots) this.#dots[i]!.setAttribute("d", dotPath(series, points, frame));
      }
      this.#slideTo(last.time);
    }
    setText(this.#top, this.#plot.format(top));
    this.#showValues();
  }

  /** New points slide in from the right at the pace at which they were measured. */
  #slideTo(time: number): void {
    const seconds = (time - this.#drawnTo) / 1000;
    this.#drawnTo = time;
    if (seconds <= 0 || seconds > 2 || reducedMotion.matches) return;
    const frames = [{ transform: `translateX(${seconds}px)` }, { transform: "none" }];
    this.#moving.animate(frames, { duration: seconds * 1000 });
  }

  #keyPressed(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#readAt(this.#age + step);
  }

  #pointed({ clientX }: PointerEvent): void {
    const { left, width } = this.#frame.getBoundingClientRect();
    this.#readAt(Math.round((1 - (clientX - left) / width) * SECONDS));
  }

  #readAt(age: number): void {
    this.#age = Math.min(SECONDS, Math.max(0, age));
    this.#showValues();
    this.#announce();
  }

  #showValues(): void {
    const point = pointBefore(this.#points, this.#age);
    for (const [i, { value }] of this.#plot.series.entries()) {
      const at = point ? value(point) : null;
      setText(this.#values[i]!, at === null ? "–" : this.#plot.format(at));
    }
    setText(this.#when, this.#age === 0 ? "" : serverTexts.ago(durationText(this.#age * 1000)));
    const x = SECONDS - this.#age;
    this.#cursor.setAttribute("d", this.#age === 0 ? "" : `M${x} 0V${HEIGHT}`);
    // With the focus on it, a screen reader would read every second.
    if (document.activeElement !== this.#frame) this.#announce();
  }

  /** Says the values to a screen reader. */
  #announce(): void {
    const when = this.#age === 0 ? serverTexts.now : serverTexts.ago(durationText(this.#age * 1000));
    this.#frame.setAttribute("aria-valuenow", `${-this.#age}`);
    const values = describe(this.#plot, pointBefore(this.#points, this.#age));
    this.#frame.setAttribute("aria-valuetext", `${when}: ${values}`);
  }
}

/** The axis of time. */
function axis(): HTMLElement {
  const labels = [serverTexts.ago(durationText(300_000)), "4", "3", "2", "1", serverTexts.now].map((label) =>
    make("span", {}, label)
  );
  return make("div", { class: "axis", "aria-hidden": "true" }, ...labels);
}

function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Node[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
