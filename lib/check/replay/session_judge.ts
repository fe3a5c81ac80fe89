import type { Suite } from "../rule.ts";
import { type Finding, Findings, type Judged, type TraceJudge } from "./findings.ts";
import { isOf, type Traced } from "./record.ts";

/** What a judge has of a session. */
export interface JudgedSession {
  readonly session: number;
  /** The user, or the address as long as that is not known. */
  name: string;
}

/** Of a longer trace, the oldest sessions are taken for over. */
export const MAX_SESSIONS = 2000;

/** Judges the sessions of one protocol in a trace. Pure. */
export abstract class SessionJudge<S extends JudgedSession> implements TraceJudge {
  protected readonly sessions = new Map<number, S>();
  /** The time of the latest record. */
  protected now = 0;
  readonly #findings: Findings;

  /** `links`: those of the protocol's sessions; findings name the first. */
  constructor(readonly protocol: string, readonly links: readonly [string, ...string[]], suites: readonly Suite[]) {
    this.#findings = new Findings(suites);
  }

  /** A session of which the first record has come. */
  protected abstract begin(session: number): S;
  /** A record with bytes. */
  protected abstract heard(session: S, text: string, record: Traced): void;
  /** The session is over, or the trace is. */
  protected abstract over(session: S): void;

  get judged(): ReadonlyMap<string, Judged> {
    return this.#findings.judged;
  }

  judges(record: Traced): boolean {
    return this.links.includes(record.link) && isOf(record, this.protocol);
  }

  feed(record: Traced): readonly Finding[] {
    if (!this.judges(record)) return [];
    const { session: id, text, remark, time, name } = record;
    this.now = time;
    const session = this.sessions.get(id) ?? this.#begin(id);
    session.name = name;
    if (text !== undefined) {
      this.#findings.show(record);
      this.heard(session, text, record);
    } else if (remark?.startsWith("left: ")) this.#over(session);
    return this.#findings.take();
  }

  end(): readonly Finding[] {
    for (const session of this.sessions.values()) this.#over(session);
    return this.#findings.take();
  }

  protected judge({ session, name }: S, rule: string, isKept: boolean, expected: string, got: string): void {
    const [link] = this.links;
    this.#findings.occasion({ session, time: this.now, name }, { rule, isKept, link, expected, got });
  }

  #begin(id: number): S {
    const session = this.begin(id);
    this.sessions.set(id, session);
    for (const oldest of this.sessions.values()) {
      if (this.sessions.size <= MAX_SESSIONS) break;
      this.#over(oldest);
    }
    return session;
  }

  #over(session: S): void {
    this.over(session);
    this.sessions.delete(session.session);
    this.#findings.forget(session.session);
  }
}
