import { timeOfDay } from "../core/time_of_day.ts";
import { visible } from "../core/wire_text.ts";
import type { TraceRecord } from "../core/wire_trace.ts";
import { serverTexts } from "./texts.ts";

/** One line of a ladder diagram: what went over a link, or a remark about it. */
export interface Rung {
  readonly time: string;
  /** The column of the link: 0 is left of the server, 1 right of it. */
  readonly column: 0 | 1;
  /** Where the arrow points; undefined where nothing was sent. */
  readonly arrow: "left" | "right" | undefined;
  readonly text: string;
  readonly remark: string | undefined;
  readonly isComplaint: boolean;
}

/** A user's connections with the server between them: time runs downwards. */
export interface Ladder {
  /** The links left and right of the server. */
  readonly links: readonly string[];
  readonly rungs: readonly Rung[];
}

/** The links that are drawn right of the server: those that it has opened. */
const RIGHT = ["Lb"];

/** A wire as a ladder diagram. */
export function ladderOf(records: readonly TraceRecord[]): Ladder {
  const links = [...new Set(records.map(({ link }) => link))].sort();
  const rungs = records.map(({ time, link, direction, text, kind, remark }): Rung => {
    const column = RIGHT.includes(link) ? 1 : 0;
    const isToServer = direction === "up";
    const shown = text === undefined ? "" : visible(kind === "line" && text.endsWith("\n") ? text.slice(0, -1) : text);
    return {
      time: timeOfDay(time),
      column,
      arrow: text === undefined ? undefined : isToServer === (column === 0) ? "right" : "left",
      text: shown,
      remark,
      isComplaint: kind === "complaint",
    };
  });
  return { links, rungs };
}

/** Whether a record contains all words of a filter, such as a code. */
export function matchesWire({ link, text = "", remark = "" }: TraceRecord, filter: string): boolean {
  const content = `${link} ${text} ${remark}`.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => content.includes(word));
}

/** Rows for a spreadsheet. A text that would be read as a formula gets an apostrophe before it. */
export function wireCsv(records: readonly TraceRecord[]): string {
  const rows = records.map(({ time, session, name, link, direction, text, remark }) => {
    const cells = [new Date(time).toISOString(), String(session), name, link, direction, text ?? "", remark ?? ""];
    return cells.map(csvCell).join(",");
  });
  return ["time,session,name,link,direction,bytes,verdict", ...rows].map((row) => `${row}\r\n`).join("");
}

function csvCell(text: string): string {
  const shown = visible(text.endsWith("\n") ? text.slice(0, -1) : text);
  const safe = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// The picture: the columns, and the height of a rung.
const LEFT_X = 90;
const SERVER_X = 480;
const RIGHT_X = 870;
const WIDTH = 890;
const TOP = 44;
const RUNG_HEIGHT = 28;
const CHARACTERS = 52;

/** The diagram as a picture that stands alone. */
export function ladderSvg({ links, rungs }: Ladder, name: string): string {
  const bottom = TOP + rungs.length * RUNG_HEIGHT + 10;
  const isRight = links.some((link) => RIGHT.includes(link));
  const lines = [LEFT_X, SERVER_X, ...isRight ? [RIGHT_X] : []].map((x) =>
    `<path d="M${x} 30V${bottom}" stroke="#8a8f98"/>`
  );
  const title = (x: number, text: string, anchor: string) =>
    `<text x="${x}" y="20" text-anchor="${anchor}" font-weight="600">${escaped(text)}</text>`;
  const left = links.filter((link) => !RIGHT.includes(link)).join(", ");
  const heads = [
    title(LEFT_X, `${name} ${left}`.trim(), "start"),
    title(SERVER_X, serverTexts.server, "middle"),
    ...isRight ? [title(RIGHT_X, `${name} ${RIGHT.join(", ")}`, "end")] : [],
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 10}" width="${WIDTH}" ` +
    `height="${bottom + 10}" font-family="ui-monospace, monospace" font-size="12" fill="#16181d" stroke-width="1.4">` +
    `<rect width="100%" height="100%" fill="#fff"/>${lines.join("")}${heads.join("")}` +
    `${rungs.map((rung, i) => rungSvg(rung, TOP + (i + 1) * RUNG_HEIGHT)).join("")}</svg>\n`;
}

function rungSvg({ time, column, arrow, text, remark, isComplaint }: Rung, y: number): string {
  const [from, to] = column === 0 ? [LEFT_X, SERVER_X] : [SERVER_X, RIGHT_X];
  const colour = isComplaint ? "#b3261e" : "#16181d";
  const words = [remark === undefined ? "" : `(${remark})`, text].filter((each) => each !== "").join(" ");
  const cut = [...words].length > CHARACTERS ? `${[...words].slice(0, CHARACTERS - 1).join("")}…` : words;
  const tip = arrow === "right" ? to : from;
  const back = tip + (arrow === "right" ? -7 : 7);
  const path = `M${from} ${y}H${to}M${back} ${y - 4}L${tip} ${y}L${back} ${y + 4}`;
  const line = arrow === undefined ? "" : `<path d="${path}" fill="none" stroke="#2456c9"/>`;
  const label = `<text x="${from + 8}" y="${y - 5}" fill="${colour}">${escaped(cut)}</text>`;
  return `<text x="0" y="${y - 5}" fill="#5b606b">${time}</text>${line}${label}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
