import { bytesText, formatNumber } from "./format.ts";
import { serverTexts } from "./texts.ts";
import type { Point } from "../chat/server_snapshot.ts";

/** One line of a plot. */
export interface Series {
  readonly label: string;
  readonly tone: "main" | "other" | "bad";
  /** null where nothing is known. */
  readonly value: (point: Point) => number | null;
}

export interface Plot {
  /** Of the element with the title. */
  readonly id: string;
  readonly title: string;
  readonly series: readonly Series[];
  /** A value with its unit. */
  readonly format: (value: number) => string;
  /** The smallest top of the scale. */
  readonly minTop: number;
  /** Whether each point has a dot, as what happens does; what is always there is a line alone. */
  readonly hasDots?: boolean;
}

/** The plots in the order of the page. */
export function allPlots(): readonly Plot[] {
  const { plots, series } = serverTexts;
  return [
    {
      id: "plot-messages",
      title: plots.messages,
      hasDots: true,
      series: [{ label: series.sent, tone: "main", value: ({ said }) => said }],
      format: formatCount,
      minTop: 5,
    },
    {
      id: "plot-deliveries",
      title: plots.deliveries,
      hasDots: true,
      series: [
        { label: series.confirmed, tone: "main", value: ({ delivered }) => delivered },
        { label: series.failed, tone: "bad", value: ({ failed }) => failed },
      ],
      format: formatCount,
      minTop: 5,
    },
    {
      id: "plot-delays",
      title: plots.delays,
      hasDots: true,
      series: [
        { label: series.median, tone: "main", value: ({ p50Ms }) => p50Ms },
        { label: series.slowest, tone: "other", value: ({ p99Ms }) => p99Ms },
      ],
      format: formatMs,
      minTop: 5,
    },
    {
      id: "plot-connections",
      title: plots.connections,
      series: [{ label: series.open, tone: "main", value: ({ sessions }) => sessions }],
      format: formatCount,
      minTop: 5,
    },
    {
      id: "plot-memory",
      title: plots.memory,
      series: [{ label: series.used, tone: "main", value: ({ memoryBytes }) => memoryBytes }],
      format: bytesText,
      minTop: 10_000_000,
    },
  ];
}

/** Points further apart than this are not joined. */
const MAX_GAP_MS = 2500;

/** The part of time and values that a plot shows, and the size it is drawn in. */
export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The top of a scale for these values: 1, 2 or 5 times a power of ten. */
export function scaleTop(values: readonly number[], minTop: number): number {
  const max = Math.max(minTop, ...values);
  const power = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= max) ?? max;
}

/** The known values of a plot at these points. */
export function valuesOf({ series }: Plot, points: readonly Point[]): number[] {
  return points.flatMap((point) => series.map(({ value }) => value(point))).filter((value) => value !== null);
}

/** The line of one series as the `d` of an SVG path. It has gaps where nothing is known. */
export function linePath({ value }: Series, points: readonly Point[], { from, to, top, width, height }: Frame): string {
  let path = "";
  let before = -Infinity;
  let isSingle = false;
  for (const point of points) {
    const at = value(point);
    if (at === null || point.time < from) {
      before = -Infinity;
      continue;
    }
    const x = rounded(((point.time - from) / (to - from)) * width);
    const y = rounded(height - (at / top) * height);
    const isJoined = point.time - before < MAX_GAP_MS;
    // A point without neighbours is a line of no length, which round line ends make visible.
    if (!isJoined && isSingle) path += "h0";
    path += `${isJoined ? "L" : "M"}${x} ${y}`;
    isSingle = !isJoined;
    before = point.time;
  }
  return isSingle ? `${path}h0` : path;
}

/** The points of one series as dots, each a line of no length: those at which something is, since a row of zeros is a line. */
export function dotPath({ value }: Series, points: readonly Point[], { from, to, top, width, height }: Frame): string {
  return points.map((point) => {
    const at = value(point);
    if (!at || point.time < from) return "";
    return `M${rounded(((point.time - from) / (to - from)) * width)} ${rounded(height - (at / top) * height)}h0`;
  }).join("");
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}

/** The values of a plot at a point, in words. */
export function describe({ series, format }: Plot, point: Point | undefined): string {
  return series.map(({ label, value }) => {
    const at = point ? value(point) : null;
    return at === null ? `${label}: ${serverTexts.none}` : `${label} ${format(at)}`;
  }).join(", ");
}

/** The latest point that is at least this old, compared with the last one. */
export function pointBefore(points: readonly Point[], seconds: number): Point | undefined {
  const last = points.at(-1);
  return last && points.findLast(({ time }) => time <= last.time - seconds * 1000 + 500);
}

function formatCount(count: number): string {
  return formatNumber(count, 1);
}

function formatMs(ms: number): string {
  return `${formatNumber(ms, ms < 9.95 ? 1 : 0)} ms`;
}
