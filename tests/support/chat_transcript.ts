import { assertEquals } from "@std/assert";
import type { Question } from "../../lib/terminal/commands.ts";
import type { View } from "../../lib/terminal/view.ts";
import type { ChatEvent } from "../../lib/terminal/chat_state.ts";
import { SCRIPT_VIEW } from "../../lib/terminal/script_view.ts";
import type { ChatMode } from "../../lib/terminal/chat_style.ts";
import { ChatController } from "../../lib/terminal/chat_controller.ts";
import { helpText } from "../../lib/terminal/help.ts";

/** A time of day in this machine's time zone. */
export function at(time: string, day = 9): number {
  const [hours, minutes, seconds] = time.split(":").map(Number);
  return new Date(2026, 2, day, hours, minutes, seconds).getTime();
}

/** A chat without a terminal that records its screen and its requests to the client. */
export class ChatTranscript<Q extends Question, Event extends ChatEvent> {
  readonly screen: string[] = [];
  readonly done: string[] = [];
  readonly talk: ChatController<Q, Event>;
  /** Events that the client emits during a request. */
  atOnce: (what: string) => readonly Event[] = () => [];
  #lastId = 0;
  #growing = "";

  constructor(look: View<Event>, style: ChatMode<Q>, curious: boolean, public now: number) {
    const aside = look === SCRIPT_VIEW ? "err " : "";
    this.talk = new ChatController<Q, Event>(
      {
        say: (to, text) => {
          this.#do(`say ${"user" in to ? to.user : `#${to.room}`}: ${text}`);
          return { id: `m${++this.#lastId}` };
        },
        ask: (question) => this.#do(`ask ${Object.values(question).map((each) => JSON.stringify(each)).join(" ")}`),
        file: () => {},
        leave: () => this.done.push("leave"),
      },
      look,
      {
        show: (line) => this.screen.push(line),
        aside: (line) => this.screen.push(aside + line),
        begin: (text) => this.#growing = text,
        more: (text) => this.#growing += text,
        finish: (text) => this.screen.push(this.#growing + text),
        help: (topic) => helpText(topic, style),
      },
      style,
      curious,
    );
  }

  types(...lines: string[]): this {
    for (const line of lines) {
      this.screen.push(`${this.talk.prompt}${line}`);
      this.talk.typed(line);
    }
    return this;
  }

  happens(...events: Event[]): this {
    for (const event of events) this.talk.event(event, this.now);
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

  #do(what: string): void {
    this.done.push(what);
    this.happens(...this.atOnce(what));
  }
}
