import type { Target } from "../chat/store.ts";
import { LIMITS } from "../core/limits.ts";
import { sanitized } from "../core/text.ts";
import type { FileEvent } from "../protocols/transfer/event.ts";
import type { Question } from "./commands.ts";
import { completions, helpText } from "./help.ts";
import type { ChatEvent } from "./chat_state.ts";
import { SCRIPT_VIEW } from "./script_view.ts";
import type { ChatMode } from "./chat_style.ts";
import { ChatController, type Talker } from "./chat_controller.ts";
import type { View } from "./view.ts";
import { FileNotices } from "./file_notices.ts";
import { printError } from "./print.ts";
import { openUi, type Ui } from "./ui.ts";

/** What the face of a talk asks of its client. */
export interface TalkPerson<Q extends Question> extends Talker<Q> {
  /** Nothing more will be typed: `/exit`, `E`, Ctrl-D, the end of the input. Called once; the client decides when to end. */
  leave(): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** Paths of files that begin so. */
  paths(begun: string): readonly string[];
}

/** A script's lines are taken while less than this waits for an answer: a pipe is faster than any network. */
const WAITING = 256;

/** A talk with a person or a script: in a terminal for people, elsewhere one line an event. */
export class TalkApp<Q extends Question, Event extends ChatEvent> {
  readonly terminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  readonly colour = this.terminal && !Deno.noColor;
  readonly talk: ChatController<Q, Event>;
  readonly face: Ui;
  readonly #files: FileNotices;
  readonly #person: TalkPerson<Q>;
  readonly #look: View<Event>;
  /** What takes the next typed line; the talk, once it has begun. */
  #takes: ((line: string) => void) | "talk" | undefined;
  /** The words of the prompt that stands. */
  #standing: string | undefined;
  #leaving = false;

  /** `view` makes the look for a terminal. */
  constructor(person: TalkPerson<Q>, style: ChatMode<Q>, view: (options: { colour: boolean }) => View<Event>) {
    this.#person = person;
    this.#look = this.terminal ? view({ colour: this.colour }) : SCRIPT_VIEW;
    this.face = openUi({
      line: (text) => this.#line(text),
      end: () => this.#leave(),
      interrupt: () => person.interrupt(),
      complete: (before) => this.#takes === "talk" ? this.#completions(before, style) : [],
    }, { plainLineBytes: LIMITS.textBytes.default });
    const { face } = this;
    this.talk = new ChatController<Q, Event>(
      {
        say: (to, text) => person.say(to, text),
        ask: (question) => person.ask(question),
        file: (act) => person.file(act),
        leave: () => this.#leave(),
      },
      this.#look,
      {
        show: (line) => face.show(line),
        aside: (line) => this.#aside(line),
        begin: (text) => face.begin(text),
        more: (text) => face.more(text),
        finish: (text) => face.finish(text),
        help: (topic) => helpText(topic, style),
      },
      style,
      this.terminal,
    );
    this.#files = new FileNotices(this.#look, {
      show: (line) => face.show(line),
      begin: (text) => face.begin(text),
      drop: () => face.drop(),
      aside: (line) => this.#aside(line),
      mayGrow: () => !this.talk.connection.calling,
    }, this.terminal);
  }

  /** Takes the next typed line for something else than the talk. */
  ask(text: string, secret: boolean, take: (line: string) => void): void {
    this.#takes = take;
    this.#standing = undefined;
    // Scripts see no prompts; a person who types while the output goes to a file sees them on standard error.
    this.face.ask({ text: this.terminal || Deno.stdin.isTerminal() ? text : "", secret });
  }

  /** From now on typed lines are acts. */
  chat(): void {
    this.#takes = "talk";
    this.next();
  }

  happened(event: Event): void {
    this.talk.event(event, Date.now());
    this.next();
  }

  /** Something was said here otherwise than by typing it. */
  said(id: string, to: Target, text: string): void {
    this.talk.memory.sent(id, { to, text });
  }

  /** Something has happened to a file. */
  file(event: FileEvent): void {
    this.#files.event(event);
  }

  /** Shows a line that is not part of the talk, out of its way. */
  note(line: string): void {
    if (this.terminal) this.face.show(line.trimEnd());
    else printError(line);
  }

  /** Shows what must not be missed. */
  problem(text: string): void {
    this.#aside(this.#look.fault(text));
  }

  /** Takes the next typed line, when it can be taken. */
  next(): void {
    if (this.#takes !== "talk" || this.#leaving) return;
    if (!this.terminal && this.talk.waiting >= WAITING) return;
    const { prompt } = this.talk;
    if (this.#standing === prompt) return;
    this.#standing = prompt;
    this.face.ask({ text: prompt, secret: false });
  }

  #completions(before: string, style: ChatMode<Q>): readonly string[] {
    const [, path] = /^\/send \S+ (\S*)$/.exec(before) ?? [];
    if (path === undefined) return completions(before, this.talk.memory, style);
    return this.#person.paths(path).filter((path) => sanitized(path) === path && !/\s/.test(path));
  }

  #line(text: string): void {
    this.#standing = undefined;
    if (this.#takes !== "talk") return this.#takes?.(text);
    this.talk.typed(text);
    this.next();
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.face.ask(null);
    this.#person.leave();
  }

  #aside(line: string): void {
    if (this.terminal) this.face.show(line);
    else printError(`${line}\n`);
  }
}
