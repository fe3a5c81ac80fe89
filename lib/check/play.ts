import { visibleBytes } from "../core/wire_text.ts";
import { type Machine, Outputs } from "../core/machine.ts";
import { Expectations, type Failure } from "./expectations.ts";
import { PlayClock } from "./play_clock.ts";
import { PlayDoubt } from "./play_doubt.ts";
import { PlayLinks } from "./play_links.ts";
import type { PlayEnd, PlayOutput } from "./play_output.ts";
import { PlayPrograms } from "./play_programs.ts";
import { PlayRecord } from "./play_record.ts";
import { PlaySending } from "./play_sending.ts";
import { PlayStep } from "./play_step.ts";
import type { PlayTimes } from "./play_times.ts";
import { PlayVerdict } from "./play_verdict.ts";
import { exitText, type ProgramExit } from "./program_exit.ts";
import type { LinkName, Step } from "./step.ts";
import type { Computed } from "./credentials.ts";
import type { HeldUp } from "./program_time.ts";
import { stepOutput } from "./step_output.ts";
import type { Transcript } from "./transcript.ts";
import type { Values } from "./values.ts";

/** A program that writes without an end is stopped: nothing that a script asks for is nearly as long. */
const FLOOD_BYTES = 2 * 1024 * 1024;
const FLOOD_SHOWN_BYTES = 80;
/** A play that has lost this much time is given up. */
const MOST_LOST_MS = 60_000;

/**
 * One run of a rule's script: a pure machine that says what to do and judges what comes.
 *
 * 1. Steps run one after the other; `end` is set once, by the first that fails or after the last.
 * 2. Whatever comes is kept, also on links that no step has asked about yet.
 * 3. A connection or a program that ends makes waiting for it fail at once; a program that ends with its connection tells why.
 * 4. A program has `startMs` for its first sign of life; the times of a step begin after it.
 * 5. Time limits, pauses and silences are the program's: what a busy machine takes from it, or from the check, is added to them.
 */
export class Play implements Machine<PlayOutput> {
  readonly #outputs = new Outputs<PlayOutput>();
  readonly #links = new PlayLinks();
  readonly #programs: PlayPrograms;
  readonly #clock: PlayClock;
  readonly #doubt: PlayDoubt;
  readonly #record: PlayRecord;
  readonly #verdict: PlayVerdict;
  readonly #step: PlayStep;
  readonly #sending: PlaySending;
  #now = 0;

  constructor(readonly steps: readonly Step[], readonly values: Values, readonly times: PlayTimes) {
    const clock = new PlayClock();
    const links = this.#links;
    const expectations = new Expectations(links, values, times, clock.time);
    const programs = new PlayPrograms(steps);
    const isPaced = times.isPaced === true;
    this.#clock = clock;
    this.#programs = programs;
    this.#doubt = new PlayDoubt(steps, { time: clock.time, links, expectations, isPaced });
    this.#record = new PlayRecord(links, isPaced);
    this.#verdict = new PlayVerdict(this.#doubt, clock.time);
    this.#step = new PlayStep(steps, { links, values, times, clock, programs, expectations });
    this.#sending = new PlaySending(links, values, this.#record, this.#outputs);
  }

  get end(): PlayEnd | undefined {
    return this.#verdict.end;
  }

  /** How long it took, without what the machine has taken. */
  get tookMs(): number {
    return this.#clock.time.tookMs(this.#now);
  }

  get transcript(): Transcript {
    return this.#record.transcript;
  }

  get wakeAt(): number {
    if (this.end) return Infinity;
    if (this.#now < this.#verdict.heldUntil) return this.#verdict.heldUntil;
    if (this.#verdict.isEnding) return this.#asksAt;
    return Math.min(this.#asksAt, this.#sending.repeatsAt, this.#step.pausesUntil);
  }

  /** When the machine is asked what it has taken, since something may be over by then. */
  get #asksAt(): number {
    if (this.#verdict.isEnding) return this.#clock.asksAt(-Infinity, Infinity);
    return this.#clock.asksAt(this.#step.ms, Math.min(this.#step.settlesAt, this.#doubt.readAt));
  }

  takeOutputs(): readonly PlayOutput[] {
    return this.#outputs.take();
  }

  start(now: number): void {
    this.#record.start(now);
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
    this.#record.note(link, "connected", now);
    this.#advance(now);
  }

  listening(link: LinkName, port: number, now: number): void {
    this.values.set(`${link.replace(" ", ".")}.port`, String(port));
    // What a program is started with: the first port that was opened for it.
    const [who] = link.split(" ");
    if (this.values.get(`${who}.port`) === undefined) this.values.set(`${who}.port`, String(port));
    this.#advance(now);
  }

  /** The port of a socket is free again: what is sent to it is refused. */
  released(link: LinkName, now: number): void {
    this.#links.get(link).isReleased = true;
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
    this.#record.note(link, why, now);
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
    this.#step.computed(result);
    this.#advance(now);
  }

  /** What came may have been there since `earliest`. */
  received(link: LinkName, received: Uint8Array, now: number, earliest = now): void {
    if (this.#verdict.isEnding) return;
    const it = this.#links.get(link);
    const bytes = this.#record.shown(link, received);
    const isPiece = this.#record.isPiece(link);
    const mayBeJoined = isPiece &&
      this.#doubt.gaps.came(link, now, earliest, this.#clock.time.programMs, this.#step.isSilenceNeeded(link));
    it.add(bytes.slice(), now, this.#clock.time.at(now), mayBeJoined);
    if (isPiece) this.#ask();
    this.#lives(link, now);
    this.#record.received(link, bytes, now);
    this.#sending.received(link, bytes, now);
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
    this.#record.note(link, `closed by the program${why === "" ? "" : `: ${why}`}`, now);
    this.#advance(now);
  }

  exited(who: string, exit: ProgramExit, now: number): void {
    this.#programs.exited(who, exit);
    this.#record.note(who, exitText(exit), now);
    const { failedAt } = this.#verdict;
    if (failedAt !== undefined && this.#programs.exitOf(failedAt) === exit) this.#verdict.exited(exitText(exit));
    this.#advance(now);
    this.#conclude();
  }

  /** The files of such names, as they are now. */
  found(name: RegExp, files: readonly Uint8Array[], now: number): void {
    if (this.#step.found(name, files)) this.#advance(now);
  }

  /** The time that the machine has taken since it was asked last. */
  measured(heldUp: HeldUp, now: number): void {
    this.#clock.measured(heldUp, now);
    this.#doubt.measured(heldUp.at);
    this.#advance(now);
    this.#conclude();
    if (this.#clock.time.lostMs >= MOST_LOST_MS) this.#verdict.giveUp(this.#step.at);
  }

  tick(now: number): void {
    if (now < this.#verdict.heldUntil) return;
    if (now >= this.#asksAt) this.#ask();
    if (!this.#verdict.isEnding) this.#sending.tick(now);
    this.#advance(now);
    this.#conclude();
  }

  /** Ends the script because the check cannot go on: the program under test did not start, for one. */
  giveUp(where: string, expected: string, got: string): void {
    this.#endsWith({ where, expected, got, isUnexpected: false });
  }

  #ask(): void {
    if (this.#clock.asks()) this.#outputs.push({ type: "measure" });
  }

  #advance(now: number): void {
    this.#now = now;
    while (!this.#verdict.isEnding) {
      const { step, at } = this.#step;
      if (step === undefined) return this.#endsWith(undefined);
      if (!this.#isDone(step, now)) return;
      this.#enter(at + 1, now);
    }
  }

  #enter(at: number, now: number): void {
    this.#record.step = at;
    this.#step.enter(at, now);
    const { step, later } = this.#step;
    if (step === undefined) return;
    this.#begin(step, now);
    const output = stepOutput(step, this.values, later);
    if (output) this.#outputs.push(output);
  }

  /** What a step changes here when it begins. */
  #begin(step: Step, now: number): void {
    switch (step.do) {
      case "listen":
        if (step.host) this.values.set(`${step.link.split(" ")[0]}.host`, this.values.fill(step.host));
        return;
      case "bind":
        Object.assign(this.#links.get(step.link), { isDatagrams: true, as: step.as ?? "datagrams", isReleased: false });
        return;
      case "start":
        return this.#programs.starts(step.who);
      case "send":
        this.#doubt.sent(now);
        return this.#sending.begin(step, now);
      case "close":
        return this.#record.note(step.link, `closed by the check${step.how === "reset" ? ", both ways" : ""}`, now);
      case "kill":
        return this.#record.note(step.who, `gets ${step.signal}`, now);
      case "join":
        return this.#sending.join(step.link, step.other);
      case "answer":
        return this.#sending.answer(step.link, step.replies);
      case "ignore":
        return this.#links.get(step.link).ignore(this.values.fillPattern(step.is));
    }
  }

  /** Whether the step has done its work; fails the run when it no longer can. */
  #isDone(step: Step, now: number): boolean {
    const { isDone, weak = [], observed, failure, needsMeasure } = this.#step.judge(step, now);
    for (const why of weak) this.#verdict.isWeak(this.#step.at, why);
    if (observed !== undefined) this.#verdict.observed(observed);
    if (failure) return this.#endsWith(failure), false;
    if (needsMeasure) this.#ask();
    if (isDone && step.do === "expect") this.#sending.endRepeating();
    return isDone;
  }

  #endsWith(failed: Omit<Failure, "step"> | undefined): void {
    const failure = failed && { step: this.#step.at, ...failed };
    const where = failure?.where ?? "";
    this.#verdict.ends(failure, this.#now, this.#links.get(where).hasEnded && !this.#programs.exitOf(where));
    this.#conclude();
  }

  #conclude(): void {
    if (!this.#verdict.conclude(this.#now)) this.#ask();
  }

  /** The program at the other end of a link has shown that it runs. */
  #lives(link: LinkName, now: number): void {
    if (!this.#programs.shows(link)) return;
    this.#doubt.programStarted(now);
    this.#ask();
    this.#step.restart(now);
  }
}
