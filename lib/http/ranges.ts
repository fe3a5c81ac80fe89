/** The bytes of a file that a request asks for. */
export interface ByteRange {
  readonly start: number;
  /** How many. */
  readonly bytes: number;
}

/**
 * The range that a request asks for (RFC 9110): "all" without one, for several, and for what is no range; "none" if there are no
 * such bytes. `tag` is the present one of the file: a client that has a part of another file gets all of this one.
 */
export function requestedRange(headers: Headers, size: number, tag: string): ByteRange | "all" | "none" {
  const condition = headers.get("if-range");
  const [, first, last] = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(headers.get("range") ?? "") ?? [];
  if (first === undefined || last === undefined || (condition !== null && condition !== tag)) return "all";
  if (first === "" && last === "") return "all";
  if (first === "") {
    const bytes = Math.min(Number(last), size);
    return bytes === 0 ? "none" : { start: size - bytes, bytes };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return "all";
  return start >= size ? "none" : { start, bytes: end - start + 1 };
}

/** Whether a client has the file with this tag. */
export function hasTag(headers: Headers, tag: string): boolean {
  return headers.get("if-none-match")?.split(",").some((each) => each.trim().replace(/^W\//, "") === tag) ?? false;
}

/** The header that has a browser save a response under a name (RFC 6266); `name` is a safe file name. */
export function attachmentDisposition(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (each) => `%${each.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
