/**
 * Draws the icons of the page from lib/web/icon.svg, for browsers and systems that take no SVG.
 *
 *   deno run -A tools/icons.ts        writes the PNG files into lib/web/
 */
import { join } from "@std/path";
import { crc32, deflateSync } from "node:zlib";
import { concat } from "../lib/core/bytes.ts";
import { encodeText } from "../lib/core/text.ts";

const folder = join(import.meta.dirname!, "..", "lib", "web");

export interface Icon {
  readonly name: string;
  readonly pixels: number;
  /** The part of the width that the drawing takes, on white ground; undefined: all of it, on none. */
  readonly inset?: number;
}

/** A mask of the system may leave a circle of 80 % of the width; the drawing's corners lie within it. */
export const ICONS: readonly Icon[] = [
  { name: "icon-192.png", pixels: 192 },
  { name: "icon-512.png", pixels: 512 },
  { name: "icon-maskable-512.png", pixels: 512, inset: 0.6 },
  { name: "icon-touch-180.png", pixels: 180, inset: 0.76 },
];

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Lines of a path, filled, or drawn with round ends. */
interface Shape {
  readonly lines: readonly (readonly Point[])[];
  readonly colour: readonly [number, number, number];
  /** Half of the width of a stroke; undefined: filled. */
  readonly radius: number | undefined;
}

interface Drawing {
  readonly size: number;
  readonly shapes: readonly Shape[];
}

const WHITE = [255, 255, 255] as const;
/** Samples of a pixel in each direction. */
const SAMPLES = 4;
/** Pieces of an arc. */
const ARC_PIECES = 16;

/** The pixels of an icon, four bytes each: red, green, blue, opacity. */
export function drawIcon(svg: string, { pixels, inset }: Icon): Uint8Array {
  const { size, shapes } = readDrawing(svg);
  const scale = size / pixels / (inset ?? 1) / SAMPLES;
  const shift = (size - pixels * SAMPLES * scale) / 2;
  const sums = new Float64Array(pixels * pixels * 4);
  for (let row = 0; row < pixels * SAMPLES; row++) {
    const y = (row + 0.5) * scale + shift;
    const spans = shapes.map((shape) => crossings(shape, y));
    for (let column = 0; column < pixels * SAMPLES; column++) {
      const x = (column + 0.5) * scale + shift;
      const shape = shapes.findLast(({ lines, radius }, i) =>
        radius === undefined
          ? spans[i]!.filter((each) => each > x).length % 2 === 1
          : lines.some((line) => distance(line, { x, y }) <= radius)
      );
      const colour = shape?.colour ?? (inset === undefined ? undefined : WHITE);
      if (!colour) continue;
      const at = (Math.floor(row / SAMPLES) * pixels + Math.floor(column / SAMPLES)) * 4;
      for (let i = 0; i < 3; i++) sums[at + i]! += colour[i]!;
      sums[at + 3]!++;
    }
  }
  const image = new Uint8Array(sums.length);
  for (let at = 0; at < sums.length; at += 4) {
    const count = sums[at + 3]!;
    for (let i = 0; i < 3; i++) image[at + i] = Math.round(sums[at + i]! / (count || 1));
    image[at + 3] = Math.round(255 * count / SAMPLES ** 2);
  }
  return image;
}

/** A PNG file with these pixels, eight bits for each of their four parts. */
function encodePng(image: Uint8Array, pixels: number): Uint8Array {
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, pixels);
  head.setUint32(4, pixels);
  head.setUint8(8, 8);
  head.setUint8(9, 6);
  // Each line begins with its filter: none.
  const lines = new Uint8Array(pixels * (pixels * 4 + 1));
  for (let y = 0; y < pixels; y++) {
    lines.set(image.subarray(y * pixels * 4, (y + 1) * pixels * 4), y * (pixels * 4 + 1) + 1);
  }
  const signature = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [
    chunk("IHDR", new Uint8Array(head.buffer)),
    chunk("IDAT", new Uint8Array(deflateSync(lines, { level: 9 }))),
    chunk("IEND", new Uint8Array()),
  ];
  return concat([signature, ...parts]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const content = concat([encodeText(type), data]);
  const bytes = new Uint8Array(content.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(content, 4);
  view.setUint32(content.length + 4, crc32(content));
  return bytes;
}

/** Where the outline of a filled shape crosses a horizontal. */
function crossings({ lines, radius }: Shape, y: number): number[] {
  if (radius !== undefined) return [];
  return lines.flatMap((line) =>
    line.flatMap((one, i) => {
      const other = line[(i + 1) % line.length]!;
      const crosses = (one.y > y) !== (other.y > y);
      return crosses ? [one.x + (y - one.y) / (other.y - one.y) * (other.x - one.x)] : [];
    })
  );
}

/** From a point to the nearest of a line. */
function distance(line: readonly Point[], { x, y }: Point): number {
  const all = line.slice(1).map((to, i) => {
    const from = line[i]!;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const along = Math.max(0, Math.min(1, ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy || 1)));
    return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
  });
  return Math.min(...all);
}

/** Reads a square drawing of paths with a fill or a stroke. */
function readDrawing(svg: string): Drawing {
  const [, size] = /viewBox="0 0 (\d+) \1"/.exec(svg) ?? [];
  if (size === undefined) throw new TypeError("the icon is not square");
  const shapes = [...svg.matchAll(/<path ([^>]*)\/>/g)].map(([, text = ""]) => {
    const attribute = (name: string) => new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1];
    const stroke = attribute("stroke");
    const radius = stroke === undefined ? undefined : Number(attribute("stroke-width") ?? 1) / 2;
    return { lines: linesOf(attribute("d") ?? ""), colour: colourOf(stroke ?? attribute("fill") ?? ""), radius };
  });
  return { size: Number(size), shapes };
}

function colourOf(text: string): readonly [number, number, number] {
  const [, digits] = /^#([0-9a-f]{3}|[0-9a-f]{6})$/.exec(text) ?? [];
  if (digits === undefined) throw new TypeError(`the icon has a colour that is not understood: ${text}`);
  const each = digits.length / 3;
  const part = (i: number) => parseInt(digits.slice(i * each, (i + 1) * each).padStart(2, digits[i * each]), 16);
  return [part(0), part(1), part(2)];
}

/** The lines of a path with the commands M, L, H, V, Z and A, absolute or relative; an arc is one of a circle. */
function linesOf(path: string): Point[][] {
  const lines: Point[][] = [];
  let at: Point = { x: 0, y: 0 };
  for (const [, command = "", rest = ""] of path.matchAll(/([a-z])([^a-z]*)/gi)) {
    const numbers = (rest.match(/-?(?:\d+\.?\d*|\.\d+)/g) ?? []).map(Number);
    const from = command === command.toLowerCase() ? at : { x: 0, y: 0 };
    const [x = 0, y = 0] = numbers.slice(-2);
    const kind = command.toUpperCase();
    const counts: Readonly<Record<string, number>> = { M: 2, L: 2, H: 1, V: 1, A: 7, Z: 0 };
    if (numbers.length !== counts[kind]) throw new TypeError(`the icon has a path that is not understood: ${path}`);
    if (kind === "Z") continue;
    const to = kind === "H"
      ? { x: from.x + numbers[0]!, y: at.y }
      : kind === "V"
      ? { x: at.x, y: from.y + numbers[0]! }
      : { x: from.x + x, y: from.y + y };
    if (kind === "M") lines.push([]);
    if (kind === "A") lines.at(-1)!.push(...arc(at, to, numbers[0]!, numbers[3] === 1, numbers[4] === 1));
    else lines.at(-1)!.push(to);
    at = to;
  }
  return lines;
}

/** Points of an arc of a circle, the last one included. */
function arc(from: Point, to: Point, radius: number, isLarge: boolean, isClockwise: boolean): Point[] {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const chord = Math.hypot(dx, dy);
  const height = Math.sqrt(Math.max(0, radius * radius - chord * chord / 4)) * (isLarge === isClockwise ? -1 : 1);
  const centre = { x: (from.x + to.x) / 2 - height * dy / chord, y: (from.y + to.y) / 2 + height * dx / chord };
  const angle = ({ x, y }: Point) => Math.atan2(y - centre.y, x - centre.x);
  const full = 2 * Math.PI * (isClockwise ? 1 : -1);
  const begin = angle(from);
  const turn = (angle(to) - begin + 2 * full) % full;
  return Array.from({ length: ARC_PIECES }, (_, i) => {
    const at = begin + turn * (i + 1) / ARC_PIECES;
    return { x: centre.x + radius * Math.cos(at), y: centre.y + radius * Math.sin(at) };
  });
}

if (import.meta.main) {
  const svg = await Deno.readTextFile(join(folder, "icon.svg"));
  for (const icon of ICONS) {
    await Deno.writeFile(join(folder, icon.name), encodePng(drawIcon(svg, icon), icon.pixels));
  }
}
