/** The kind of an image, by its first bytes and not by its name. */
export interface ImageHeader {
  readonly kind: ImageKind;
  readonly width: number;
  readonly height: number;
}

/** Images that a page may show: none of them can hold a script. */
export const IMAGE_KINDS = ["png", "jpeg", "gif", "webp"] as const;
export type ImageKind = typeof IMAGE_KINDS[number];

/** This many bytes from the beginning are enough, also for photographs with a preview before their size. */
export const IMAGE_HEADER_BYTES = 256 * 1024;

/** The pixels of an image that a page shows. Each takes four bytes once it is decoded: 100 MB, and a photograph has 12 million. */
const SHOWN_PIXELS = 25_000_000;

/** Whether a page shows an image of this size. A larger one is a file like any other. */
export function isShown({ width, height }: Pick<ImageHeader, "width" | "height">): boolean {
  return width > 0 && height > 0 && width * height <= SHOWN_PIXELS;
}

/** Reads the beginning of a file; undefined if it is no image of a known kind, or its size is not in there. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return png(view) ?? gif(view) ?? webp(view) ?? jpeg(view);
}

function isAt(view: DataView, at: number, text: string): boolean {
  if (view.byteLength < at + text.length) return false;
  for (let i = 0; i < text.length; i++) if (view.getUint8(at + i) !== text.charCodeAt(i)) return false;
  return true;
}

function png(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 24 || !isAt(view, 0, "\x89PNG\r\n\x1a\n") || !isAt(view, 12, "IHDR")) return undefined;
  return { kind: "png", width: view.getUint32(16), height: view.getUint32(20) };
}

function gif(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 10 || !(isAt(view, 0, "GIF87a") || isAt(view, 0, "GIF89a"))) return undefined;
  return { kind: "gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

function webp(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 30 || !isAt(view, 0, "RIFF") || !isAt(view, 8, "WEBP")) return undefined;
  const size = (width: number, height: number): ImageHeader => ({ kind: "webp", width, height });
  if (isAt(view, 12, "VP8X")) {
    const at24 = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65_536;
    return size(at24(24) + 1, at24(27) + 1);
  }
  if (isAt(view, 12, "VP8L") && view.getUint8(20) === 0x2f) {
    const bits = view.getUint32(21, true);
    return size((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
  if (isAt(view, 12, "VP8 ") && isAt(view, 23, "\x9d\x01\x2a")) {
    return size(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  return undefined;
}

/** The size is in a segment that is found by the lengths of the segments before it. */
function jpeg(view: DataView): ImageHeader | undefined {
  if (!isAt(view, 0, "\xff\xd8\xff")) return undefined;
  for (let at = 2; at + 9 <= view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Fill bytes, and marks without a length.
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { kind: "jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    } else if (marker === 0xd9 || marker === 0xda) return undefined;
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return undefined;
}
