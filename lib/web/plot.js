import { bytesShown } from "./text.js";

/** @typedef {import("./watch_state.js").Point} Point */
/**
 * One line of a plot.
 * @typedef {object} Series
 * @property {string} label
 * @property {"main" | "other" | "bad"} tone
 * @property {(point: Point) => number | null} value
 */
/**
 * What a plot shows, and how its values are said.
 * @typedef {object} PlotKind
 * @property {string} title
 * @property {readonly Series[]} series
 * @property {(value: number) => string} shown one value, with its unit
 * @property {number} least the smallest top of its scale
 */

/** The plots, as they stand on the page. @type {readonly PlotKind[]} */
export const PLOTS = [
  {
    title: "Messages a second",
    series: [{ label: "said", tone: "main", value: ({ said }) => said }],
    shown: countShown,
    least: 5,
  },
  {
    title: "Deliveries a second",
    series: [
      { label: "confirmed", tone: "main", value: ({ delivered }) => delivered },
      { label: "failed", tone: "bad", value: ({ failed }) => failed },
    ],
    shown: countShown,
    least: 5,
  },
  {
    title: "Receipt times",
    series: [
      { label: "half within", tone: "main", value: ({ p50Ms }) => p50Ms },
      { label: "99% within", tone: "other", value: ({ p99Ms }) => p99Ms },
    ],
    shown: (ms) => `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`,
    least: 5,
  },
  {
    title: "Connections",
    series: [{ label: "open", tone: "main", value: ({ sessions }) => sessions }],
    shown: countShown,
    least: 5,
  },
  {
    title: "Memory",
    series: [{ label: "held", tone: "main", value: ({ memoryBytes }) => memoryBytes }],
    shown: bytesShown,
    least: 10_000_000,
  },
];

/** Two points that are further apart than this are not joined. */
const GAP_MS = 2500;

/** The top of a scale on which all of these are: 1, 2 or 5 with noughts. @param {readonly number[]} values @param {number} least */
export function top(values, least) {
  const most = Math.max(least, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= most) ?? most;
}

/** The values of a plot that are known at these points. @param {PlotKind} kind @param {readonly Point[]} points */
export function valuesOf({ series }, points) {
  return points.flatMap((point) => series.map(({ value }) => value(point))).filter((value) => value !== null);
}

/**
 * The line of one series as the `d` of an SVG path; nothing is drawn where nothing is known.
 * @param {Series} series
 * @param {readonly Point[]} points
 * @param {{ from: number, to: number, top: number, width: number, height: number }} frame
 */
export function path({ value }, points, { from, to, top, width, height }) {
  const round = (/** @type {number} */ number) => Math.round(number * 100) / 100;
  let [d, before, alone] = ["", -Infinity, false];
  for (const point of points) {
    const at = value(point);
    if (at === null || point.time < from) {
      before = -Infinity;
      continue;
    }
    const x = round(((point.time - from) / (to - from)) * width);
    const y = round(height - (at / top) * height);
    const joined = point.time - before < GAP_MS;
    // A point without neighbours is drawn as a line of no length, which round ends make visible.
    if (!joined && alone) d += "h0";
    d += `${joined ? "L" : "M"}${x} ${y}`;
    alone = !joined;
    before = point.time;
  }
  return alone ? `${d}h0` : d;
}

/** What a plot says at a point, in words. @param {PlotKind} kind @param {Point | undefined} point */
export function worded({ series, shown }, point) {
  return series.map(({ label, value }) => {
    const at = point ? value(point) : null;
    return at === null || at === undefined ? `${label}: none` : `${label} ${shown(at)}`;
  }).join(", ");
}

/** The point that was the last so many seconds ago. @param {readonly Point[]} points @param {number} seconds */
export function pointBefore(points, seconds) {
  const last = points.at(-1);
  return last && points.findLast(({ time }) => time <= last.time - seconds * 1000 + 500);
}

/** @param {number} count */
function countShown(count) {
  return count.toLocaleString("en-GB", { maximumFractionDigits: 1 });
}
