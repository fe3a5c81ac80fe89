import type { WireLine } from "./im_session.ts";
import type { Traced } from "./record.ts";

/** A line of which no more than this is kept. */
const MAX_CHARACTERS = 64 * 1024;
const NEVER = /without a line end(, then the end|, waiting (?:5|30) s)$/;
const WAITING = /without a line end, waiting /;
/** A receipt needs no more time: it is whole, but for its end. */
const RECEIPTS = /^(302 [^\n]*)+$/;

/**
 * The lines of a session's records. What has no line end is told several times in a trace, and once more with its rest; here it
 * is one line without an end, as soon as it is known that the end does not come. Pure.
 */
export class CutLines {
  /** What was taken already of a line that has not ended, by link and direction. */
  readonly #taken = new Map<string, string>();
  /** The beginning of a line that is shown in parts. */
  readonly #parts = new Map<string, string>();

  lines({ link, direction, text = "", remark, time }: Traced): WireLine[] {
    const key = `${link} ${direction}`;
    const taken = this.#taken.get(key) ?? "";
    const rest = text.startsWith(taken) ? text.slice(taken.length) : text;
    if (text.endsWith("\n")) {
      this.#taken.delete(key);
      const whole = (this.#parts.get(key) ?? "") + rest;
      this.#parts.delete(key);
      const end = whole.endsWith("\r\n") ? "\r\n" : "\n";
      // The end alone of what was taken without it.
      return taken !== "" && whole === end ? [] : [{ text: whole.slice(0, -end.length), end, time }];
    }
    const isReceipt = link === "Lb" && direction === "up" && RECEIPTS.test(rest);
    const isUnended = remark !== undefined && (NEVER.test(remark) || isReceipt && WAITING.test(remark));
    if (isUnended) {
      this.#taken.set(key, text);
      return rest === "" ? [] : [{ text: rest, end: "", time }];
    }
    // A part of a line: what was written in two pieces, or is long.
    if (remark === undefined || !WAITING.test(remark)) {
      this.#parts.set(key, ((this.#parts.get(key) ?? "") + rest).slice(0, MAX_CHARACTERS));
    }
    return [];
  }
}
