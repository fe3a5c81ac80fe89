/** A captured terminal: title, width, and rows with colour sequences. */
export interface Capture {
  readonly title: string;
  readonly columns: number;
  readonly rows: readonly string[];
}

const CHARACTER = { width: 7.8, height: 17 };
const MARGIN = 14;
const BAR = 26;
const COLOURS = ["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9"];
const TEXT = "#d8dee9";

interface Style {
  readonly colour: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

const PLAIN: Style = { colour: TEXT, bold: false, dim: false };

/** Draws terminals below one another as one SVG. */
export function svg(captures: readonly Capture[]): string {
  const width = Math.max(...captures.map(({ columns }) => columns)) * CHARACTER.width + 2 * MARGIN;
  let top = 0;
  const windows = captures.map((capture) => {
    const height = BAR + capture.rows.length * CHARACTER.height + MARGIN;
    const drawn = `<g transform="translate(0 ${top})">${window(capture, width, height)}</g>`;
    top += height + MARGIN;
    return drawn;
  });
  const size = `width="${width.toFixed(0)}" height="${top - MARGIN}"`;
  const font = `font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font} role="img">\n${windows.join("\n")}\n</svg>\n`;
}

function window({ title, rows }: Capture, width: number, height: number): string {
  const frame = `<rect width="${width.toFixed(0)}" height="${height}" rx="8" fill="#22272e"/>`;
  const name = `<text x="${MARGIN}" y="18" fill="#8b949e">${escaped(title)}</text>`;
  const lines = rows.map((row, i) =>
    `<text y="${BAR + (i + 1) * CHARACTER.height - 4}" xml:space="preserve">${line(row)}</text>`
  );
  return [frame, name, ...lines].join("\n");
}

function line(row: string): string {
  let style = PLAIN;
  let column = 0;
  let drawn = "";
  // deno-lint-ignore no-control-regex
  for (const part of row.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith("\x1b")) style = restyled(style, part.slice(2, -1));
    else if (part !== "") {
      const weight = (style.bold ? ' font-weight="bold"' : "") + (style.dim ? ' opacity="0.6"' : "");
      const x = (MARGIN + column * CHARACTER.width).toFixed(1);
      drawn += `<tspan x="${x}" fill="${style.colour}"${weight}>${escaped(part)}</tspan>`;
      column += part.length;
    }
  }
  return drawn;
}

function restyled(style: Style, codes: string): Style {
  for (const code of (codes || "0").split(";").map(Number)) {
    if (code === 0) style = PLAIN;
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code >= 30 && code <= 37) style = { ...style, colour: COLOURS[code - 30]! };
    else if (code === 39) style = { ...style, colour: TEXT };
  }
  return style;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
