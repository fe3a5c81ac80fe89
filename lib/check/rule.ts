import type { Script, Step } from "./step.ts";

/** How binding a rule is: what the handout demands, what it recommends, and what it leaves open. */
export type Level = "must" | "should" | "open";

export type Verdict = "pass" | "weak" | "fail" | "info" | "blocked";

/** One sentence of a handout, and the script that shows whether a program keeps it. */
export interface Rule {
  /** HANDOUT/SECTION/NUMBER. */
  readonly id: string;
  /** What a program does that keeps the rule. */
  readonly title: string;
  /** The sentence of the handout. */
  readonly quote: string;
  /** Why it matters, in one line. */
  readonly why: string;
  /** The usual cause of a failure, in one line. */
  readonly cause: string;
  readonly level: Level;
  readonly points: number;
  readonly steps: readonly Step[];
  /** The rules that its preparation relies on, by id. */
  readonly needs: readonly string[];
  /** Only a program that the check has started can be tested: what a running server keeps would be in the way. */
  readonly startsProgram: boolean;
  /** Seconds that its script waits, where they are so many that it is played with `--long` alone. */
  readonly longSeconds?: number;
}

export interface RuleText {
  readonly title: string;
  readonly quote: string;
  readonly why: string;
  readonly cause: string;
  /** A rule is a must unless it says otherwise. */
  readonly level?: Level;
  /** Points; 1 unless it says otherwise, 0 for what the handout leaves open. */
  readonly points?: number;
  readonly startsProgram?: boolean;
  readonly longSeconds?: number;
  /** Rules that must be kept for this one to mean anything, besides those that its script relies on. */
  readonly after?: readonly string[];
  readonly script: Script;
}

/** A rule; its script is flattened, and what it needs is read off the steps that prepare it. */
export function rule(id: string, text: RuleText): Rule {
  const { script, level = "must", startsProgram = false, after = [], ...rest } = text;
  const steps = flatten(script);
  const needs = new Set(after);
  for (const { of } of steps) if (of !== undefined && of !== id) needs.add(of);
  return { points: level === "open" ? 0 : 1, ...rest, id, level, steps, needs: [...needs], startsProgram };
}

function flatten(script: Script): Step[] {
  return script.flatMap((each) => "do" in each ? [each] : flatten(each));
}

/**
 * Steps that show what another rule is about: the preparation of a rule, or an answer that is checked in passing. When one of
 * them fails after its own rule has failed, the rule that uses them is blocked.
 */
export function prepares(id: string, script: Script): Step[] {
  return flatten(script).map((step) => ({ of: id, ...step }));
}

/** The program that a suite tests. */
export type Side = "server" | "client" | "peer";

/** The rules for one side of one handout, in the order of the handout. */
export interface Suite {
  /** The handout's name on the command line, and the first part of every id. */
  readonly handout: string;
  readonly side: Side;
  /** How the handout is called in prose. */
  readonly title: string;
  /** Titles of the sections, by their number. */
  readonly sections: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  /** How a started server shows that it is ready: it accepts a TCP connection, or its UDP port is bound. */
  readonly transport: "tcp" | "udp";
  /** Its servers take whatever name a client says: no accounts are needed. */
  readonly takesAnyName?: boolean;
  /** The names of the values that are ports on which its programs listen. */
  readonly listening?: RegExp;
  /** Nothing but silence parts what is said: a network that cuts what is sent does not apply. */
  readonly isPaced?: boolean;
  /** Something of it goes over a stream, true unless it says otherwise: a network that cuts what is sent applies. */
  readonly hasStreams?: boolean;
  /** A datagram that is lost is not sent again: a network that loses some does not apply. */
  readonly isUnrepeated?: boolean;
  /** Its file of users has one account, `{account}`, which none of the persons has. */
  readonly hasOneAccount?: boolean;
}
