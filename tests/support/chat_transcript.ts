import { assertEquals } from "@std/assert";
import { ChatController } from "../../lib/terminal/chat_controller.ts";
import type { ChatOutput } from "../../lib/terminal/chat_output.ts";
import type { ChatEvent } from "../../lib/terminal/chat_state.ts";
import type { ChatMode, Listing, Question } from "../../lib/terminal/commands.ts";
import { SCRIPT_VIEW } from "../../lib/terminal/script_view.ts";
import type { View } from "../../lib/terminal/view.ts";

/** A time of day in this machine's time zone. */
export function at(time: string, day = 9): number {
  const [hours, minutes, seconds] = time.split(":").map(Number);
  return new Date(2026, 2, day, hours, minutes, seconds).getTime();
}

/** A chat whose whole screen is recorded: the typed lines, the shown lines, and the client's actions. */
export class ChatTranscript<Q extends Question, Event extends ChatEvent> {
  readonly screen: string[] = [];
  readonly done: string[] = [];
  /** The conversations that were marked as read, and up to where. */
  readonly read: string[] = [];
  /** The questions of the client, the oldest first. */
  readonly questions: (Q | Listing)[] = [];
  readonly controller: ChatController<Q, Event>;
  /** The events that the client reports while an action is being given to it. */
  atOnce: (what: string) => readonly Event[] = () => [];
  readonly #noticeMark: string;
  /** Own lines by id, as they were shown last. */
  readonly #own = new Map<string, string>();
  #lastId = 0;
  #growing = "";

  constructor(view: View<Event>, mode: ChatMode<Q>, interactive: boolean, public now: number) {
    this.#noticeMark = view === SCRIPT_VIEW ? "err " : "";
    this.controller = new ChatController<Q, Event>(view, mode, interactive);
  }

  types(...lines: string[]): this {
    for (const line of lines) {
      if (this.controller.echoes(line, this.now)) this.screen.push(`${this.controller.prompt}${line}`);
      this.type(line);
    }
    return this;
  }

  /** Types without a trace on the screen. */
  type(line: string): void {
    this.controller.typed(line, this.now);
    this.drain();
  }

  /** Something happens to the connection. */
  connection(change: (connection: ChatController<Q, Event>["connection"]) => void): this {
    change(this.controller.connection);
    this.drain();
    return this;
  }

  happens(...events: Event[]): this {
    for (const event of events) {
      this.controller.event(event, this.now);
      this.drain();
    }
    return this;
  }

  shows(...lines: string[]): this {
    assertEquals(this.screen.splice(0), lines);
    return this;
  }

  did(...done: string[]): this {
    assertEquals(this.done.splice(0), done);
    return this;
  }

  /** Own lines change in their place where they are still expected, and are shown again where they are not. */
  #change(id: string, text: string, away: string): void {
    const before = this.#own.get(id)?.split("\n");
    // An empty line of something else is not where a message without a line stands.
    const at = before === undefined ? -1 : this.screen.indexOf(before[0]!);
    if (before !== undefined && at >= 0) this.screen.splice(at, before.length, ...text.split("\n"));
    else this.screen.push(this.#own.has(id) ? `(now) ${text}` : `(away) ${away}`);
    this.#own.set(id, text);
  }

  drain(): void {
    for (const output of this.controller.takeOutputs()) this.#perform(output);
  }

  #perform(output: ChatOutput<Q>): void {
    switch (output.type) {
      case "show":
        return void this.screen.push(output.line);
      case "notice":
        return void this.screen.push(this.#noticeMark + output.line);
      case "own":
        this.#own.set(output.id, output.text);
        return void this.screen.push(...output.text.split("\n"));
      case "change":
        return this.#change(output.id, output.text, output.away.text);
      case "begin":
        this.#growing = output.text;
        return;
      case "more":
        this.#growing += output.text;
        return;
      case "finish":
        return void this.screen.push(this.#growing + output.text);
      case "say": {
        const { to, text } = output;
        this.#do(`say ${"user" in to ? to.user : `#${to.room}`}: ${text}`);
        this.controller.sayAnswered({ id: `m${++this.#lastId}` }, to, text, this.now);
        return this.drain();
      }
      case "ask":
        this.questions.push(output.question);
        this.controller.asking(output.question);
        this.#do(`ask ${Object.values(output.question).map((each) => JSON.stringify(each)).join(" ")}`);
        return this.controller.asking(undefined);
      case "amend": {
        const { of, text } = output;
        this.#do(text === undefined ? `withdraw ${of}` : `edit ${of}: ${text}`);
        this.controller.amendAnswered({ id: `m${++this.#lastId}` });
        return this.drain();
      }
      case "read":
        return void this.read.push(`${"user" in output.of ? output.of.user : `#${output.of.room}`} ${output.upTo}`);
      case "leave":
        return void this.done.push("leave");
    }
  }

  #do(what: string): void {
    this.done.push(what);
    this.happens(...this.atOnce(what));
  }
}
