import { visibleEnds } from "../../core/wire_text.ts";
import { IM_CLIENT } from "../rules/im_client/suite.ts";
import { IM_SERVER } from "../rules/im_server/suite.ts";
import { broadcastOf, privateOf } from "./im_replies.ts";
import { type Finding, Findings, type Judged, type Occasion, type TraceJudge } from "./findings.ts";
import { type Answered, ImSession, type Message, type WireLine } from "./im_session.ts";
import { CutLines } from "./cut_lines.ts";
import type { Traced } from "./record.ts";
import { MAX_SESSIONS } from "./session_judge.ts";

interface Entry {
  readonly im: ImSession;
  readonly cut: CutLines;
  /** It has left the handout's protocol for another one. */
  isOther: boolean;
}

/**
 * Judges a trace of the IM handout's protocol, its server and its clients, by the rules of both suites. Pure.
 *
 * 1. It judges what was seen alone: a rule of which nothing was seen has no occasion, and is not judged.
 * 2. Of every session it keeps the last records; at most 2,000 sessions are followed at a time.
 */
export class ImTraceJudge implements TraceJudge {
  readonly #findings = new Findings([IM_SERVER, IM_CLIENT]);
  readonly #sessions = new Map<number, Entry>();
  #now: Traced | undefined;

  get judged(): ReadonlyMap<string, Judged> {
    return this.#findings.judged;
  }

  judges({ link }: Traced): boolean {
    return link === "La" || link === "Lb";
  }

  /** Takes the next record; what it shows to be wrong. */
  feed(record: Traced): readonly Finding[] {
    this.#now = record;
    const { session, link, text, remark } = record;
    if (!this.judges(record)) return [];
    const entry = this.#sessions.get(session) ?? this.#begin(session);
    if (entry.isOther) return [];
    if (text !== undefined) {
      this.#findings.show(record);
      for (const line of entry.cut.lines(record)) this.#line(entry, link, record, line);
    } else if (remark?.startsWith("left: ")) {
      entry.im.ended(record.time, false);
      this.#forget(session);
    } else if (link === "Lb" && remark?.startsWith("answered ")) {
      entry.im.missed(remark.slice("answered ".length).replace(/, expected .*$/, ""));
    }
    return this.#findings.take();
  }

  /** The trace is over. */
  end(): readonly Finding[] {
    const last = this.#now;
    for (const [session, { im, isOther }] of this.#sessions) {
      if (!last || isOther) continue;
      this.#now = { ...last, session, name: im.name };
      im.ended(last.time, true);
    }
    return this.#findings.take();
  }

  #forget(session: number): void {
    this.#sessions.delete(session);
    this.#findings.forget(session);
  }

  #begin(session: number): Entry {
    const im = new ImSession((occasion) => this.#occasion(session, occasion));
    const entry = { im, cut: new CutLines(), isOther: false };
    this.#sessions.set(session, entry);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= MAX_SESSIONS) break;
      this.#forget(oldest);
    }
    return entry;
  }

  #line(entry: Entry, link: string, { direction }: Traced, line: WireLine): void {
    const { im } = entry;
    // Our own clients ask for TLS or the native protocol, which is in JSON.
    if (/^(\{|\/partyline )/.test(line.text)) return void (entry.isOther = true);
    if (link === "Lb") return direction === "up" ? im.answered(line) : im.told(line);
    if (direction === "up") return im.commanded(line);
    const answered = im.replied(line);
    if (answered) this.#outcome(im, answered);
  }

  /** Compares what a sender is told with what the trace has of the receivers. */
  #outcome(sender: ImSession, answered: Answered): void {
    const { line, since, reply } = answered;
    const isDelivered = reply.startsWith("303");
    if (!isDelivered && !reply.startsWith("304")) return;
    const personal = privateOf(line);
    const said = personal?.text ?? broadcastOf(line);
    if (said === undefined) return;
    const kind = personal ? "/from" : "/broadcastfrom";
    for (const receiver of personal ? this.#named(personal.to) : this.#others(sender)) {
      const found = receiver.received.find((message) =>
        message.time >= since && message.kind === kind && message.sender === sender.name
      );
      const where = `${receiver.name} Lb`;
      if (isDelivered) this.#delivered(where, `${kind} ${sender.name} ${said}`, found, kind);
      else if (personal && found?.isAnswered) {
        this.#judge("im/4/2", false, "La", "303: the receiver has answered 302", visibleEnds(reply));
      }
    }
  }

  #delivered(where: string, expected: string, found: Message | undefined, kind: string): void {
    const isPrivate = kind === "/from";
    this.#judge(
      isPrivate ? "im/4/1" : "im/5/1",
      found !== undefined,
      where,
      visibleEnds(expected),
      "nothing before 303",
    );
    if (found === undefined) return;
    this.#judge(
      isPrivate ? "im/4/7" : "im/5/9",
      found.text === expected,
      where,
      visibleEnds(expected),
      visibleEnds(found.text),
    );
    this.#judge(
      isPrivate ? "im/4/3" : "im/5/4",
      found.isAnswered,
      where,
      "302 before the sender's 303",
      "303 before it",
    );
  }

  #named(name: string): ImSession[] {
    return this.#all().filter((each) => each.isOnline && each.name === name);
  }

  #others(sender: ImSession): ImSession[] {
    return this.#all().filter((each) => each.stage === "chat" && each !== sender);
  }

  #all(): ImSession[] {
    return [...this.#sessions.values()].filter(({ isOther }) => !isOther).map(({ im }) => im);
  }

  #judge(rule: string, isKept: boolean, link: string, expected: string, got: string): void {
    this.#occasion(this.#now!.session, { rule, isKept, link, expected, got });
  }

  #occasion(session: number, occasion: Occasion): void {
    const { time, name } = this.#now!;
    this.#findings.occasion({ session, time, name: this.#sessions.get(session)?.im.name || name }, occasion);
  }
}
