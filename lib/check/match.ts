import { visibleBytes, visibleEnds } from "../core/wire_text.ts";
import { concat } from "@std/bytes/concat";
import { decodeLossy, encodeText } from "../core/text.ts";
import { JsonShape } from "./json_shape.ts";
import type { Expectation } from "./step.ts";

/** What has come on a link and was not taken by a step yet. */
export interface Unread {
  /** Whether each piece is a datagram, and not a part of a stream. */
  readonly isDatagrams: boolean;
  readonly pieces: readonly Uint8Array[];
  /** Nothing more will come. */
  readonly hasEnded: boolean;
  /** Nothing has come for so long that the rest of a line is not on its way. */
  readonly hasSettled: boolean;
  /** Of each piece of a stream, whether it came after silence. */
  readonly afterSilence?: readonly boolean[];
}

/** An expectation whose values are filled in. */
export interface Expected extends Omit<Expectation, "is" | "weak" | "without"> {
  readonly is: string | RegExp | JsonShape | Uint8Array;
  readonly without?: string | RegExp | undefined;
  readonly weak: readonly (readonly [string | RegExp, string])[];
  /** The words after a code are the handout's, and no values of the run: other words are weak. */
  readonly isFixed: boolean;
}

export type Match =
  | {
    readonly result: "match";
    /** How many bytes are taken; of datagrams, one. */
    readonly used: number;
    /** What is not as the handout says. */
    readonly weak?: string;
    readonly groups?: Readonly<Record<string, string>>;
  }
  | { readonly result: "more" }
  | { readonly result: "wrong"; readonly used: number; readonly got: string };

const MORE: Match = { result: "more" };
const LF = 10;

/** Judges what has come by an expectation. */
export function match(unread: Unread, expected: Expected): Match {
  if (unread.isDatagrams) return matchDatagram(unread, expected);
  if (expected.in === "piece") return matchPiece(unread, expected);
  const bytes = unread.pieces.length === 1 ? unread.pieces[0]! : concat(unread.pieces);
  if (expected.is instanceof Uint8Array) return matchBytes(bytes, expected.is);
  if (expected.in === "text" && !(expected.is instanceof JsonShape)) {
    return matchText(bytes, { ...expected, is: expected.is }, unread.hasEnded || unread.hasSettled);
  }
  if (expected.in === "whole") return unread.hasEnded ? matchUnit(bytes, bytes.length, "", expected) : MORE;
  const end = bytes.indexOf(LF);
  if (end >= 0) return matchUnit(bytes.subarray(0, end), end + 1, "", expected);
  if (bytes.length === 0 || !(unread.hasEnded || unread.hasSettled)) return MORE;
  return matchUnterminated(bytes, expected);
}

function matchDatagram({ pieces }: Unread, expected: Expected): Match {
  const datagram = pieces[0];
  if (datagram === undefined) return MORE;
  const found = matchUnit(datagram, 1, "", expected);
  return found.result === "wrong" && expected.in === "text" ? { ...found, used: 1 } : found;
}

/** What comes with silence before and after it. */
function matchPiece({ pieces, afterSilence = [], hasEnded, hasSettled }: Unread, expected: Expected): Match {
  const end = pieces.findIndex((_, i) => i > 0 && afterSilence[i] === true);
  if (pieces.length === 0 || end < 0 && !hasEnded && !hasSettled) return MORE;
  const piece = concat(pieces.slice(0, end < 0 ? undefined : end));
  if (afterSilence[0] === true) return matchUnit(piece, piece.length, "", expected);
  return { result: "wrong", used: piece.length, got: `${visibleBytes(piece)}, without silence before it` };
}

/** The next bytes of a stream, however they come. */
function matchBytes(bytes: Uint8Array, is: Uint8Array): Match {
  const differs = bytes.findIndex((byte, i) => i < is.length && byte !== is[i]);
  if (differs < 0) return bytes.length < is.length ? MORE : { result: "match", used: is.length };
  const from = Math.max(0, differs - 8);
  const got = `byte ${differs + 1} is another: ${visibleBytes(bytes.subarray(from, from + 40))}`;
  return { result: "wrong", used: bytes.length, got };
}

/** An expectation of a text that stands among others. */
type ExpectedText = Expected & { readonly is: string | RegExp };

/** Alternatives count when nothing more is on its way: what they are about may be the beginning of what is expected. */
function matchText(bytes: Uint8Array, { is, weak, exact, without }: ExpectedText, isAll: boolean): Match {
  const text = decodeLossy(bytes);
  const alternatives = exact || !isAll ? [] : weak;
  for (const [pattern, why] of [[is, undefined] as const, ...alternatives]) {
    const found = typeof pattern === "string" ? text.indexOf(pattern) : text.search(pattern);
    if (found < 0) continue;
    const part = typeof pattern === "string" ? pattern : pattern.exec(text)![0];
    const groups = typeof pattern === "string" ? undefined : pattern.exec(text)!.groups;
    const taken = text.slice(0, found + part.length);
    const used = encodeText(taken).length;
    if (without !== undefined && (typeof without === "string" ? taken.includes(without) : without.test(taken))) {
      return { result: "wrong", used, got: visibleEnds(taken) };
    }
    // Replacement characters are longer than the bytes that they stand for.
    return {
      result: "match",
      used: Math.min(used, bytes.length),
      ...(why && { weak: why }),
      ...(groups && { groups }),
    };
  }
  return MORE;
}

/** A line that was not ended: accepted as weak, since many programs forget it, and one rule is about that alone. */
function matchUnterminated(bytes: Uint8Array, expected: Expected): Match {
  const text = decodeLossy(bytes);
  if (expected.exact) return MORE;
  // The rest of it may be on its way, and is not other words after the same code.
  if (typeof expected.is === "string" && text.length < expected.is.length && expected.is.startsWith(text)) return MORE;
  const found = matchUnit(bytes, bytes.length, "it has no line end", expected);
  if (found.result === "match") return found;
  // Two messages run together: the first of them is ours.
  if (typeof expected.is === "string" && text.startsWith(expected.is)) {
    return { result: "match", used: encodeText(expected.is).length, weak: "it has no line end" };
  }
  return MORE;
}

/** A line without its end, a datagram, or all that came. */
function matchUnit(bytes: Uint8Array, used: number, flaw: string, { is, weak, exact, isFixed }: Expected): Match {
  const text = decodeLossy(bytes);
  const taken = (why: string, groups?: Record<string, string>): Match => {
    const all = [flaw, why].filter((each) => each !== "").join("; ");
    return { result: "match", used, ...(all !== "" && { weak: all }), ...(groups && { groups }) };
  };
  const exactly = matches(is, text);
  if (exactly && !(exact && flaw)) return taken("", exactly.groups);
  if (!exact) {
    const trimmed = text.replace(/[ \t\r]+$/, "");
    const loosely = trimmed === text ? undefined : matches(is, trimmed);
    if (loosely) {
      return taken(`"${visibleEnds(text.slice(trimmed.length))}" stands at its end`, loosely.groups);
    }
    for (const [pattern, why] of weak) {
      const found = matches(pattern, trimmed);
      if (found) return taken(why, found.groups);
    }
    const code = typeof is === "string" && isFixed ? /^\d{3}(?= )/.exec(is)?.[0] : undefined;
    if (code !== undefined && trimmed.startsWith(code) && !/^\d/.test(trimmed.slice(3))) {
      return taken(`the words after the code ${code} are others: "${visibleEnds(trimmed)}"`);
    }
  }
  const why = is instanceof JsonShape ? is.match(text) : undefined;
  return { result: "wrong", used, got: visibleBytes(bytes) + (typeof why === "string" ? `; ${why}` : "") };
}

/** Whether what has come is a datagram that is passed over. */
export function isLike(datagram: Uint8Array, pattern: Expected["is"]): boolean {
  return matches(pattern, decodeLossy(datagram)) !== undefined;
}

function matches(pattern: Expected["is"], text: string): { readonly groups?: Record<string, string> } | undefined {
  // Bytes are those of a stream.
  if (pattern instanceof Uint8Array) return undefined;
  if (pattern instanceof JsonShape) {
    const found = pattern.match(text);
    return typeof found === "string" ? undefined : found;
  }
  if (typeof pattern === "string") return pattern === text ? {} : undefined;
  const found = pattern.exec(text);
  return found ? { ...(found.groups && { groups: found.groups }) } : undefined;
}
