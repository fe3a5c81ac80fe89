import { encodeWire, visibleBytes } from "../core/wire_text.ts";
import { encodeText } from "../core/text.ts";
import { type Machine, Outputs } from "../core/machine.ts";
import { Expectations, type Failure } from "./expectations.ts";
import { PlayClock } from "./play_clock.ts";
import { PlayDoubt } from "./play_doubt.ts";
import { PlayLinks } from "./play_links.ts";
import type { PlayEnd, PlayOutput } from "./play_output.ts";
import { PlayPrograms } from "./play_programs.ts";
import { type PlayTimes, stepMs } from "./play_times.ts";
import { exitText, type ProgramExit } from "./program_exit.ts";
import type { LinkName, Step } from "./step.ts";
import type { Computed } from "./credentials.ts";
import { packetBytes, packetText } from "./packet_text.ts";
import type { HeldUp } from "./program_time.ts";
import { stepOutput } from "./step_output.ts";
import { stepState } from "./step_state.ts";
import { Transcript } from "./transcript.ts";
import type { Values } from "./values.ts";

/** A program that writes without an end is stopped: nothing that a script asks for is nearly as long. */
const FLOOD_BYTES = 2 * 1024 * 1024;
const FLOOD_SHOWN_BYTES = 80;
/** A play that has lost so much is given up. */
const MOST_LOST_MS = 60_000;

const BUSY = { expected: "an answer in time", got: "this machine was too busy to tell" };

/**
 * One run of a rule's script: a pure machine that says what to do and judges what comes.
 *
 * 1. Steps run one after the other; `end` is set once, by the first that fails or after the last.
 * 2. Whatever comes is kept, also on links that no step has asked about yet.
 * 3. A connection or a program that ends makes waiting for it fail at once.
 * 4. A program has `startMs` for its first sign of life; the times of a step begin after it.
 * 5. Time limits, pauses and silences are the program's: what a busy machine takes from it, or from the check, is added to them.
 */
export class Play implements Machine<PlayOutput> {
  readonly transcript = new Transcript();
  readonly #outputs = new Outputs<PlayOutput>();
  readonly #links = new PlayLinks();
  readonly #programs: PlayPrograms;
  readonly #weak: { step: number; why: string }[] = [];
  readonly #observed: string[] = [];
  readonly #clock = new PlayClock();
  readonly #doubt: PlayDoubt;
  #at = 0;
  #now = 0;
  #began = 0;
  readonly #expectations: Expectations;
  #repeating: { link: LinkName; bytes: Uint8Array; every: number; at: number } | undefined;
  #computed: Computed | undefined;
  /** The sockets whose datagrams are passed on, by the one on which they come. */
  readonly #joined = new Map<LinkName, LinkName>();
  /** The files that the step under way looks for. */
  #found: readonly Uint8Array[] | undefined;
  /** The verdict, while it is not known yet whether the machine has let it be seen. */
  #ending: Omit<PlayEnd, "isDoubtful" | "isUnconfirmed"> | undefined;
  #end: PlayEnd | undefined;
  /** What must have been measured for the verdict: until when. */
  #endedAt = -Infinity;

  constructor(readonly steps: readonly Step[], readonly values: Values, readonly times: PlayTimes) {
    this.#expectations = new Expectations(this.#links, values, times, this.#clock.time);
    this.#programs = new PlayPrograms(steps);
    const measures = { time: this.#clock.time, links: this.#links, expectations: this.#expectations };
    this.#doubt = new PlayDoubt(steps, { ...measures, isPaced: times.isPaced === true });
  }

  get end(): PlayEnd | undefined {
    return this.#end;
  }

  get wakeAt(): number {
    if (this.#end) return Infinity;
    return Math.min(this.#asksAt, this.#ending ? Infinity : this.#repeating?.at ?? Infinity);
  }

  /** When the machine is asked what it has taken, since something may be over by then. */
  get #asksAt(): number {
    if (this.#ending) return this.#clock.asksAt(-Infinity, Infinity);
    const settlesAt = this.#links.settlesAt(this.#watched(), this.#clock.time.confirmedAt, this.times.settleMs);
    return this.#clock.asksAt(this.#stepMs, settlesAt);
  }

  /** The links that the step under way is about. */
  #watched(): readonly LinkName[] {
    const step = this.steps[this.#at];
    if (step?.do === "expect") return step.all.map(({ link }) => link);
    return step?.do === "observe" ? [step.link] : [];
  }

  takeOutputs(): readonly PlayOutput[] {
    return this.#outputs.take();
  }

  start(now: number): void {
    this.#began = now;
    this.#clock.time.start(now);
    this.#enter(0, now);
    this.#advance(now);
  }

  /** A connection is there, made by either side; the check's side of it has this address, which is `{WHO.LINK.address}`. */
  opened(link: LinkName, address: string, now: number, isMessages = false): void {
    this.values.set(`${link.replace(" ", ".")}.address`, address);
    const it = this.#links.get(link);
    it.isOpen = true;
    if (isMessages) [it.isDatagrams, it.as] = [true, "messages"];
    this.#lives(link, now);
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

  /** A program that the step under way wanted runs, and has a keyboard. */
  started(who: string, now: number): void {
    this.#programs.started(who);
    this.#advance(now);
  }

  /** The step under way wanted it. */
  computed(result: Computed, now: number): void {
    for (const [name, value] of Object.entries(result.values)) this.values.set(name, value);
    this.#computed = result;
    this.#advance(now);
  }

  /** What came may have been there since `earliest`. */
  received(link: LinkName, received: Uint8Array, now: number, earliest = now): void {
    if (this.#ending) return;
    const it = this.#links.get(link);
    const bytes = it.as === "packets" ? encodeWire(packetText(received)) : received;
    const isPiece = this.#isPiece(link);
    const mayBeJoined = isPiece &&
      this.#doubt.gaps.came(link, now, earliest, this.#clock.time.programMs, this.#isSilenceNeeded(link));
    it.add(bytes.slice(), now, this.#clock.time.at(now), mayBeJoined);
    if (isPiece) this.#ask();
    this.#lives(link, now);
    this.transcript.add(now - this.#began, link, "in", bytes, this.#at, it.isDatagrams || this.#isPiece(link));
    const other = this.#joined.get(link);
    if (other !== undefined) this.#outputs.push({ type: "send", link: other, bytes: bytes.slice(), isDatagram: true });
    this.#advance(now);
    it.receivedBytes += bytes.length;
    if (it.receivedBytes <= FLOOD_BYTES) return;
    const last = visibleBytes(bytes.subarray(-FLOOD_SHOWN_BYTES));
    this.giveUp(link, `no more than ${FLOOD_BYTES} bytes`, `more, at last ${last}`);
  }

  ended(link: LinkName, now: number, why = ""): void {
    const it = this.#links.get(link);
    if (it.hasEnded) return;
    it.hasEnded = true;
    this.#note(link, `closed by the program${why === "" ? "" : `: ${why}`}`, now);
    this.#advance(now);
  }

  exited(who: string, exit: ProgramExit, now: number): void {
    this.#programs.exited(who, exit);
    this.#note(who, exitText(exit), now);
    this.#advance(now);
  }

  /** The files of such names, as they are now. */
  found(name: RegExp, files: readonly Uint8Array[], now: number): void {
    const step = this.steps[this.#at];
    if (step?.do !== "saved" || step.name !== name) return;
    this.#found = files;
    this.#advance(now);
  }

  /** The machine has taken so much since it was asked last. */
  measured(heldUp: HeldUp, now: number): void {
    this.#clock.measured(heldUp, now);
    this.#doubt.measured(heldUp.at);
    this.#advance(now);
    this.#conclude();
    if (this.#clock.time.lostMs < MOST_LOST_MS || this.#end) return;
    const [weak, observed] = [this.#weak, this.#observed];
    const failure = { step: this.#at, where: "the machine", ...BUSY, isUnexpected: false };
    this.#end = { failure, weak, observed, isDoubtful: true, isUnconfirmed: false };
  }

  tick(now: number): void {
    if (now >= this.#asksAt) this.#ask();
    const again = this.#repeating;
    if (again && again.at <= now) {
      again.at = now + again.every;
      this.#send(again.link, again.bytes, now);
    }
    this.#advance(now);
  }

  /** Ends the script because the check cannot go on: the program under test did not start, for one. */
  giveUp(where: string, expected: string, got: string): void {
    this.#fail({ where, expected, got, isUnexpected: false });
  }

  #ask(): void {
    if (this.#clock.asks()) this.#outputs.push({ type: "measure" });
  }

  #advance(now: number): void {
    this.#now = now;
    while (!this.#ending) {
      const step = this.steps[this.#at];
      if (step === undefined) return this.#endsWith(undefined);
      if (!this.#isDone(step, now)) return;
      this.#enter(this.#at + 1, now);
    }
  }

  #enter(at: number, now: number): void {
    this.#at = at;
    this.#clock.begins(now);
    const step = this.steps[at];
    if (step === undefined) return;
    this.#begin(step, now);
    const output = stepOutput(step, this.values);
    if (output) this.#outputs.push(output);
  }

  /** What a step changes here when it begins. */
  #begin(step: Step, now: number): void {
    switch (step.do) {
      case "listen":
        if (step.host) this.values.set(`${step.link.split(" ")[0]}.host`, this.values.fill(step.host));
        return;
      case "bind":
        Object.assign(this.#links.get(step.link), { isDatagrams: true, as: step.as ?? "datagrams" });
        return;
      case "compute":
        this.#computed = undefined;
        return;
      case "start":
        return this.#programs.starts(step.who);
      case "send": {
        const bytes = this.#bytes(step.text, step.raw === true, step.link);
        if (step.every) this.#repeating = { link: step.link, bytes, every: step.every, at: now + step.every };
        return this.#send(step.link, bytes, now);
      }
      case "close":
        return this.#note(step.link, step.how === "reset" ? "reset by the check" : "closed by the check", now);
      case "kill":
        return this.#note(step.who, `gets ${step.signal}`, now);
      case "saved":
        this.#found = undefined;
        return;
      case "join":
        this.#joined.set(step.link, step.other).set(step.other, step.link);
        return;
      case "ignore":
        return this.#links.get(step.link).ignore(this.values.fillPattern(step.is));
      case "expect":
        this.#expectations.begin(step.all, now);
    }
  }

  /** Whether the step has done its work; fails the run when it no longer can. */
  #isDone(step: Step, now: number): boolean {
    if (step.do === "expect") return this.#judge();
    const { isDone, observed, failure } = stepState(step, {
      links: this.#links,
      values: this.values,
      exitOf: (who) => this.#programs.exitOf(who),
      isRunning: (who) => this.#programs.isRunning(who),
      found: this.#found,
      isLate: this.#clock.isLate(this.#stepMs),
      waitedMs: this.#clock.waitedMs(now),
      confirmedAt: this.#clock.time.confirmedAt,
      settleMs: this.times.settleMs,
      computed: this.#computed,
    });
    if (observed !== undefined) this.#observed.push(observed);
    return failure ? this.#fail(failure) : isDone;
  }

  #judge(): boolean {
    const judged = this.#expectations.judge(this.#clock.isLate(this.#stepMs), (who) => {
      const exit = this.#programs.exitOf(who);
      return exit && exitText(exit);
    });
    for (const why of judged.weak) this.#weak.push({ step: this.#at, why });
    const { failure } = judged;
    if (failure) return this.#fail(failure);
    if (judged.needsMeasure) this.#ask();
    if (judged.isMet) this.#repeating = undefined;
    return judged.isMet;
  }

  #fail(failure: Omit<Failure, "step">): false {
    if (failure.isUnexpected) this.#endedAt = this.#now;
    this.#endsWith({ step: this.#at, ...failure });
    return false;
  }

  #endsWith(failure: Failure | undefined): void {
    this.#ending ??= { failure, weak: this.#weak, observed: this.#observed };
    this.#conclude();
  }

  /** Ends with the verdict once it is known whether the machine has let it be seen. */
  #conclude(): void {
    if (!this.#ending) return;
    if (this.#doubt.gaps.isOpen || this.#clock.time.measuredAt < this.#endedAt) return this.#ask();
    const { failure } = this.#ending;
    const isDoubtful = this.#doubt.isDoubtful(failure);
    this.#end ??= { ...this.#ending, isDoubtful, isUnconfirmed: this.#doubt.isUnconfirmed(failure) };
  }

  /** Whether silence before what comes now may matter: none does within bytes that are counted. */
  #isSilenceNeeded(link: LinkName): boolean {
    const step = this.steps[this.#at];
    return step?.do !== "expect" || !step.all.some((each) => each.link === link && each.in !== "piece");
  }

  /** The program at the other end of a link has shown that it runs. */
  #lives(link: LinkName, now: number): void {
    if (!this.#programs.shows(link)) return;
    this.#doubt.programStarted(now);
    this.#ask();
    this.#clock.begins(now);
    this.#expectations.restart(now);
  }

  /** How long the step under way may take, or, for a pause, takes. */
  get #stepMs(): number {
    const step = this.steps[this.#at];
    const usual = stepMs(step, this.times, this.#expectations.moreMs);
    return this.#programs.mayBeStarting(step) ? Math.max(usual, this.times.startMs) : usual;
  }

  #send(link: LinkName, bytes: Uint8Array, now: number): void {
    const { isDatagrams: isDatagram, as } = this.#links.get(link);
    const shown = as === "packets" ? encodeWire(packetText(bytes)) : bytes;
    this.transcript.add(now - this.#began, link, "out", shown, this.#at, isDatagram || this.#isPiece(link));
    this.#outputs.push({ type: "send", link, bytes, isDatagram });
  }

  /** Where silence parts what is said, a story has each piece by itself. */
  #isPiece(link: LinkName): boolean {
    return this.times.isPaced === true && !/ (screen|keys)$/.test(link);
  }

  #note(name: string, what: string, now: number): void {
    this.#links.get(name).lastNote = what;
    this.transcript.add(now - this.#began, name, "event", encodeText(what), this.#at);
  }

  #bytes(text: string | Uint8Array, isRaw: boolean, link: LinkName): Uint8Array {
    if (typeof text !== "string") return text;
    if (this.#links.get(link).as === "packets") return packetBytes(this.values.fill(text));
    return encodeText(this.values.fill(text) + (isRaw ? "" : "\n"));
  }
}
