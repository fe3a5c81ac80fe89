import { encodeText } from "../core/text.ts";
import { type Machine, Outputs } from "../core/machine.ts";
import { Expectations, type Failure, NOTHING, nothingText, type PlayTimes } from "./expectations.ts";
import { PlayLinks } from "./play_links.ts";
import type { Closing, LinkName, Step } from "./step.ts";
import { Transcript } from "./transcript.ts";
import type { Values } from "./values.ts";
import { visible } from "./visible.ts";

/** How a program ended. */
export interface ProgramExit {
  readonly status: number | undefined;
  readonly signal: string | undefined;
  /** The end of what it wrote to standard error. */
  readonly lastWords: string;
}

/** The person whose program is the server under test. */
const SERVER = "server";

export type PlayOutput =
  /** `isExpected`: the program should accept it, so that a refusal may be too early. */
  | {
    readonly type: "dial";
    readonly link: LinkName;
    readonly port: number | undefined;
    readonly isExpected: boolean;
  }
  | { readonly type: "listen"; readonly link: LinkName }
  | { readonly type: "bind"; readonly link: LinkName; readonly port: number | undefined }
  | { readonly type: "start"; readonly who: string; readonly args: readonly string[] }
  | { readonly type: "send"; readonly link: LinkName; readonly bytes: Uint8Array; readonly isDatagram: boolean }
  | { readonly type: "close"; readonly link: LinkName; readonly how: Closing }
  | { readonly type: "kill"; readonly who: string; readonly signal: "SIGINT" | "SIGTERM" | "SIGKILL" };

export interface PlayEnd {
  readonly failure: Failure | undefined;
  /** What passed, but not as the handout says. */
  readonly weak: readonly { readonly step: number; readonly why: string }[];
  /** What was observed where the handout leaves it open. */
  readonly observed: readonly string[];
}

/**
 * One run of a rule's script: a pure machine that says what to do and judges what comes.
 *
 * 1. Steps run one after the other; `end` is set once, by the first that fails or after the last.
 * 2. Whatever comes is kept, also on links that no step has asked about yet.
 * 3. A connection or a program that ends makes waiting for it fail at once.
 */
export class Play implements Machine<PlayOutput> {
  readonly transcript = new Transcript();
  readonly #outputs = new Outputs<PlayOutput>();
  readonly #links = new PlayLinks();
  readonly #exits = new Map<string, ProgramExit>();
  readonly #weak: { step: number; why: string }[] = [];
  readonly #observed: string[] = [];
  #now = 0;
  #at = 0;
  #began = 0;
  /** When the step under way began. */
  #since = 0;
  #hasOpened = false;
  readonly #expectations: Expectations;
  #repeating: { link: LinkName; bytes: Uint8Array; every: number; at: number } | undefined;
  #end: PlayEnd | undefined;

  constructor(readonly steps: readonly Step[], readonly values: Values, readonly times: PlayTimes) {
    this.#expectations = new Expectations(this.#links, values, times);
  }

  get end(): PlayEnd | undefined {
    return this.#end;
  }

  get wakeAt(): number {
    if (this.#end) return Infinity;
    return Math.min(
      this.#deadline(),
      this.#repeating?.at ?? Infinity,
      this.#links.settlesAt(this.#now, this.times.settleMs),
    );
  }

  takeOutputs(): readonly PlayOutput[] {
    return this.#outputs.take();
  }

  start(now: number): void {
    this.#began = now;
    this.#enter(0, now);
    this.#advance(now);
  }

  /** A connection is there, whoever made it; for `listen` and `bind`, the port. */
  opened(link: LinkName, now: number): void {
    this.#links.get(link).isOpen = true;
    this.#hasOpened = true;
    this.#note(link, "connected", now);
    this.#advance(now);
  }

  listening(link: LinkName, port: number, now: number): void {
    this.values.set(`${link.replace(" ", ".")}.port`, String(port));
    // What a program is started with: the first port that was opened for it.
    const [who] = link.split(" ");
    if (this.values.get(`${who}.port`) === undefined) this.values.set(`${who}.port`, String(port));
    this.#advance(now);
  }

  /** A connection was refused, and is tried again. */
  refused(link: LinkName, why: string): void {
    this.#links.get(link).lastNote = why;
  }

  /** A connection could not be made. */
  failed(link: LinkName, why: string, now: number): void {
    const it = this.#links.get(link);
    [it.isOpen, it.hasEnded] = [false, true];
    this.#note(link, why, now);
    this.#advance(now);
  }

  received(link: LinkName, bytes: Uint8Array, now: number): void {
    const it = this.#links.get(link);
    it.pieces.push(bytes.slice());
    it.lastAt = now;
    this.transcript.add(now - this.#began, link, "in", bytes, this.#at, it.isDatagrams);
    this.#advance(now);
  }

  ended(link: LinkName, now: number): void {
    const it = this.#links.get(link);
    if (it.hasEnded) return;
    it.hasEnded = true;
    this.#note(link, "closed by the program", now);
    this.#advance(now);
  }

  exited(who: string, exit: ProgramExit, now: number): void {
    this.#exits.set(who, exit);
    this.#note(who, exitText(exit), now);
    this.#advance(now);
  }

  tick(now: number): void {
    const again = this.#repeating;
    if (again && again.at <= now) {
      again.at = now + again.every;
      this.#send(again.link, again.bytes, now);
    }
    this.#advance(now);
  }

  /** Ends the script because the check cannot go on: the program under test did not start, for one. */
  giveUp(where: string, expected: string, got: string): void {
    this.#fail(where, expected, got);
  }

  #advance(now: number): void {
    this.#now = now;
    while (!this.#end) {
      const step = this.steps[this.#at];
      if (step === undefined) {
        this.#end = { failure: undefined, weak: this.#weak, observed: this.#observed };
        return;
      }
      if (!this.#isDone(step, now)) return;
      this.#enter(this.#at + 1, now);
    }
  }

  #enter(at: number, now: number): void {
    this.#at = at;
    this.#since = now;
    const step = this.steps[at];
    if (step === undefined) return;
    switch (step.do) {
      case "dial":
      case "refused":
        return this.#outputs.push({
          type: "dial",
          link: step.link,
          port: this.#port(step.port),
          isExpected: step.do === "dial",
        });
      case "listen":
        return this.#outputs.push({ type: "listen", link: step.link });
      case "bind":
        this.#links.get(step.link).isDatagrams = true;
        return this.#outputs.push({ type: "bind", link: step.link, port: this.#port(step.port) });
      case "start":
        return this.#outputs.push({
          type: "start",
          who: step.who,
          args: (step.args ?? []).map((each) => this.values.fill(each)),
        });
      case "send": {
        const bytes = this.#bytes(step.text, step.raw === true);
        if (step.every) this.#repeating = { link: step.link, bytes, every: step.every, at: now + step.every };
        return this.#send(step.link, bytes, now);
      }
      case "close":
        this.#note(step.link, step.how === "reset" ? "reset by the check" : "closed by the check", now);
        return this.#outputs.push({ type: "close", link: step.link, how: step.how });
      case "kill":
        this.#note(step.who, `gets ${step.signal}`, now);
        return this.#outputs.push({ type: "kill", who: step.who, signal: step.signal });
      case "expect":
        this.#expectations.begin(step.all, now);
    }
  }

  /** Whether the step has done its work; fails the run when it no longer can. */
  #isDone(step: Step, now: number): boolean {
    switch (step.do) {
      case "dial":
        if (this.#links.get(step.link).isOpen) return true;
        return this.#links.get(step.link).hasEnded || this.#isLate(now)
          ? this.#fail(
            step.link,
            "a connection is accepted",
            this.#links.get(step.link).lastNote ?? nothingText(this.#links.get(step.link), now - this.#since),
          )
          : false;
      case "refused":
        if (this.#links.get(step.link).isOpen) {
          return this.#fail(step.link, "no connection is accepted", "it was accepted");
        }
        return this.#links.get(step.link).hasEnded || this.#isLate(now);
      case "accept":
        if (this.#links.get(step.link).isOpen) return true;
        return this.#isLate(now)
          ? this.#fail(step.link, "the program connects", nothingText(this.#links.get(step.link), now - this.#since))
          : false;
      case "listen":
      case "bind":
        return this.values.get(`${step.link.replace(" ", ".")}.port`) !== undefined;
      case "expect":
        return this.#judge(now);
      case "silence": {
        const it = this.#links.get(step.link);
        if (it.pieces.length === 0) return this.#deadline() <= now;
        return this.#fail(step.link, NOTHING, visible(it.pieces[0]!), true);
      }
      case "observe": {
        const it = this.#links.get(step.link);
        const isOver = it.hasEnded || this.#deadline() <= now ||
          it.unread(now, this.times.settleMs).hasSettled && it.pieces.length > 0;
        if (!isOver) return false;
        const came = it.pieces.splice(0).map(visible).join("");
        this.#observed.push(came !== "" ? came : it.hasEnded ? "the connection is closed" : "nothing comes");
        return true;
      }
      case "closed":
        if (this.#links.get(step.link).hasEnded) return true;
        return this.#isLate(now) ? this.#fail(step.link, "the connection is closed", "it stays open") : false;
      case "exits": {
        const exit = this.#exits.get(step.who);
        if (exit === undefined) {
          return this.#isLate(now) ? this.#fail(step.who, "the program ends", "it still runs") : false;
        }
        const isZero = exit.status === 0;
        if (step.status === undefined || isZero === (step.status === "zero")) return true;
        return this.#fail(step.who, step.status === "zero" ? "status 0" : "a status other than 0", exitText(exit));
      }
      case "runs": {
        const exit = this.#exits.get(step.who);
        return exit === undefined || this.#fail(step.who, "the program runs on", exitText(exit));
      }
      case "wait":
        return this.#deadline() <= now;
      default:
        return true;
    }
  }

  #judge(now: number): boolean {
    const exit = (who: string) => this.#exits.get(who) ?? this.#exits.get(SERVER);
    const judged = this.#expectations.judge(now, this.#isLate(now), (who) => exitTextOf(exit(who)));
    for (const why of judged.weak) this.#weak.push({ step: this.#at, why });
    const { failure } = judged;
    if (failure) return this.#fail(failure.where, failure.expected, failure.got, failure.isUnexpected);
    if (judged.isMet) this.#repeating = undefined;
    return judged.isMet;
  }

  #fail(where: string, expected: string, got: string, isUnexpected = false): false {
    this.#end ??= {
      failure: { step: this.#at, where, expected, got, isUnexpected },
      weak: this.#weak,
      observed: this.#observed,
    };
    return false;
  }

  /** When the step under way is given up, or, for a pause, is over. */
  #deadline(): number {
    const step = this.steps[this.#at];
    const { answerMs, startMs, lateMs, silenceMs } = this.times;
    switch (step?.do) {
      case "silence":
        return this.#since + (step.ms ?? silenceMs);
      case "observe":
        return this.#since + (step.ms ?? answerMs);
      case "wait":
        return this.#since + step.ms;
      case "closed":
      case "exits":
        return this.#since + answerMs + (step.more ?? 0);
      case "expect":
        return this.#since + answerMs + lateMs + this.#expectations.moreMs;
      case "dial":
      case "accept":
        return this.#since + answerMs + (this.#hasOpened ? 0 : startMs);
      default:
        return this.#since + answerMs;
    }
  }

  #isLate(now: number): boolean {
    return now >= this.#deadline();
  }

  #send(link: LinkName, bytes: Uint8Array, now: number): void {
    const isDatagram = this.#links.get(link).isDatagrams;
    this.transcript.add(now - this.#began, link, "out", bytes, this.#at, isDatagram);
    this.#outputs.push({ type: "send", link, bytes, isDatagram });
  }

  #note(name: string, what: string, now: number): void {
    this.#links.get(name).lastNote = what;
    this.transcript.add(now - this.#began, name, "event", encodeText(what), this.#at);
  }

  #bytes(text: string | Uint8Array, isRaw: boolean): Uint8Array {
    if (typeof text !== "string") return text;
    return encodeText(this.values.fill(text) + (isRaw ? "" : "\n"));
  }

  #port(template: string | undefined): number | undefined {
    return template === undefined ? undefined : Number(this.values.fill(template));
  }
}

function exitTextOf(exit: ProgramExit | undefined): string | undefined {
  return exit && exitText(exit);
}

function exitText({ status, signal, lastWords }: ProgramExit): string {
  const how = signal !== undefined ? `ended by ${signal}` : `ended with status ${status}`;
  return `the program ${how}${lastWords === "" ? "" : `; its last words: ${lastWords}`}`;
}
