import type { Failure } from "../../lib/check/expectations.ts";
import { Play } from "../../lib/check/play.ts";
import type { PlayOutput } from "../../lib/check/play_output.ts";
import { rule } from "../../lib/check/rule.ts";
import { Pace, type PlayTimes } from "../../lib/check/play_times.ts";
import type { HeldUp } from "../../lib/check/program_time.ts";
import type { Script } from "../../lib/check/step.ts";
import { Values } from "../../lib/check/values.ts";
import { encodeText } from "../../lib/core/text.ts";

export const TIMES = { startMs: 15_000, answerMs: 2000, lateMs: 2000, silenceMs: 250, settleMs: 150 };

/** A play in virtual time; what comes is said with the time at which it comes. */
export class Stage {
  readonly play: Play;
  readonly outputs: PlayOutput[] = [];
  now = 0;
  /** What the machine is going to say that it has taken; nothing from then on. */
  readonly load: Partial<HeldUp>[] = [];

  constructor(script: Script, values: Readonly<Record<string, string>> = {}, times: Partial<PlayTimes> = {}) {
    const text = { title: "", quote: "", why: "", cause: "", script };
    this.play = new Play(rule("im/1/1", text).steps, new Values(Object.entries(values)), {
      ...TIMES,
      pace: new Pace(TIMES.answerMs),
      ...times,
    });
    this.play.start(0);
    this.#take();
  }

  /** Lets the time go on; the play is woken when it wants to be. */
  until(ms: number): this {
    while (this.play.wakeAt <= ms) {
      this.now = Math.max(this.now, this.play.wakeAt);
      this.play.tick(this.now);
      this.#take();
    }
    this.now = ms;
    return this;
  }

  does(ms: number, what: (play: Play, now: number) => void): this {
    this.until(ms);
    what(this.play, ms);
    this.#take();
    return this;
  }

  opens(ms: number, link: string): this {
    return this.does(ms, (play, now) => play.opened(link, "127.0.0.1", now));
  }

  comes(ms: number, link: string, text: string | Uint8Array, earliest = ms): this {
    const bytes = typeof text === "string" ? encodeText(text) : text;
    return this.does(ms, (play, now) => play.received(link, bytes, now, earliest));
  }

  /** The machine says, the next times that it is asked, what it has taken. */
  takes(...load: readonly Partial<HeldUp>[]): this {
    this.load.push(...load);
    return this;
  }

  ends(ms: number, link: string): this {
    return this.does(ms, (play, now) => play.ended(link, now));
  }

  exits(ms: number, who: string, status: number, lastWords = ""): this {
    return this.does(ms, (play, now) => play.exited(who, { status, signal: undefined, lastWords }, now));
  }

  get isOver(): boolean {
    return this.play.end !== undefined;
  }

  get failure(): Failure | undefined {
    return this.play.end?.failure;
  }

  get weak(): string[] | undefined {
    return this.play.end?.weak.map(({ why }) => why);
  }

  /** The verdict in short: what failed, or what is weak. */
  get verdict(): Record<string, unknown> {
    const { failure, weak, observed } = this.play.end ?? {};
    return { isOver: this.isOver, step: failure?.step, got: failure?.got, weak, observed };
  }

  /** What was sent on a link. */
  sent(link: string): string {
    return this.outputs.flatMap((output) =>
      output.type === "send" && output.link === link ? [new TextDecoder().decode(output.bytes)] : []
    ).join("");
  }

  #take(): void {
    for (let taken = this.play.takeOutputs(); taken.length > 0; taken = this.play.takeOutputs()) {
      this.outputs.push(...taken.filter(({ type }) => type !== "measure"));
      for (const output of taken) if (output.type === "start") this.play.started(output.who, this.now);
      if (!taken.some(({ type }) => type === "measure")) continue;
      const heldUp = { at: this.now, programMs: 0, checkMs: 0, isWaiting: false, ...this.load.shift() };
      this.play.measured(heldUp, this.now);
    }
  }
}
