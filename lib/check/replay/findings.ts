import { encodeText } from "../../core/text.ts";
import { encodeWire } from "../../core/wire_text.ts";
import type { Rule, Side, Suite } from "../rule.ts";
import type { Seen } from "../transcript.ts";
import type { Traced } from "./record.ts";

/** One occasion to keep a rule, and its result. */
export interface Occasion {
  readonly rule: string;
  readonly isKept: boolean;
  readonly link: string;
  readonly expected: string;
  readonly got: string;
  /** It works, but not as the handout says. */
  readonly isWeak?: boolean;
}

/** A rule that a program has not kept in a trace. */
export interface Finding {
  readonly rule: Rule;
  /** The program that it is about. */
  readonly side: Side;
  readonly session: number;
  /** The user, as far as known. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly link: string;
  readonly expected: string;
  readonly got: string;
  /** It works, but not as the handout says. */
  readonly isWeak: boolean;
  /** What the session has said and heard last, up to the finding. */
  readonly transcript: readonly Seen[];
}

/** How often a rule could have been broken, and was. */
export interface Judged {
  occasions: number;
  broken: number;
}

/** Judges a trace record by record, by the rules of both sides of one handout. Pure. */
export interface TraceJudge {
  readonly judged: ReadonlyMap<string, Judged>;
  /** Whether a record is of a session of the handout. */
  judges(record: Traced): boolean;
  /** Takes the next record; what it shows to be wrong. */
  feed(record: Traced): readonly Finding[];
  /** The trace is over. */
  end(): readonly Finding[];
}

/** Records of a session that are kept for a story. */
const STORY_RECORDS = 30;

/** What a trace has shown of the rules, and the last records of each session for the stories. Pure. */
export class Findings {
  readonly judged = new Map<string, Judged>();
  readonly #rules: ReadonlyMap<string, { readonly side: Side; readonly rule: Rule }>;
  readonly #shown = new Map<number, Traced[]>();
  #found: Finding[] = [];

  constructor(suites: readonly Suite[]) {
    this.#rules = new Map(suites.flatMap(({ side, rules }) => rules.map((rule) => [rule.id, { side, rule }])));
  }

  /** A record with bytes, for the story of its session. */
  show(record: Traced): void {
    const shown = this.#shown.get(record.session) ?? [];
    this.#shown.set(record.session, shown);
    shown.push(record);
    if (shown.length > STORY_RECORDS) shown.shift();
  }

  /** The session is over. */
  forget(session: number): void {
    this.#shown.delete(session);
  }

  /** What was found since the last call. */
  take(): readonly Finding[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** An occasion of a session, at a time; `name` is its user, as far as known. */
  occasion({ session, time, name }: Pick<Traced, "session" | "time" | "name">, occasion: Occasion): void {
    const { rule: id, isKept, link, expected, got, isWeak = false } = occasion;
    const { rule, side } = this.#rules.get(id)!;
    const judged = this.judged.get(id) ?? { occasions: 0, broken: 0 };
    this.judged.set(id, judged);
    judged.occasions++;
    if (isKept) return;
    judged.broken++;
    const shown = this.#shown.get(session) ?? [];
    const transcript = shown.map((record) => seen(record, side, shown[0]!.time));
    const isOnlyWeak = isWeak || rule.level === "should";
    this.#found.push({ rule, side, session, name, time, link, expected, got, isWeak: isOnlyWeak, transcript });
  }
}

/** A record as the story of a rule has it: what went to the program that is judged, and what came from it. */
function seen({ time, name, link, direction, text = "" }: Traced, side: Side, begin: number): Seen {
  const isFrom = (direction === "up") === (side === "client");
  const bytes = text.isWellFormed() ? encodeText(text) : encodeWire(text);
  return { at: time - begin, who: name, link, way: isFrom ? "in" : "out", bytes, step: 0 };
}
