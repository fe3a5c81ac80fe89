import type { Target } from "../chat/entry.ts";
import { type ChatEvent, sameTarget } from "./chat_state.ts";
import type { Question } from "./commands.ts";

/** A question that was asked. */
export interface Asked {
  readonly question: Question;
  /** Where the answer goes: to the screen, into the menu, or (`quiet`) only into the state. */
  readonly purpose: "shown" | "quiet" | "menu";
  /** The change of conversation that came with the question. */
  readonly moved: { from: Target | undefined; readonly to: Target | undefined } | undefined;
}

/** Cap on questions without an answer; the oldest are given up. */
const QUESTIONS = 10_000;

/** Questions without an answer yet, the oldest first. */
export class PendingQuestions {
  #questions: Asked[] = [];
  /** The question that the client is being asked right now. */
  current: Question | undefined;

  /** `ordered`: a denial belongs to the oldest question; otherwise to the current one. */
  constructor(readonly ordered: boolean) {}

  get size(): number {
    return this.#questions.length;
  }

  add(asked: Asked): void {
    this.#questions.push(asked);
    if (this.#questions.length > QUESTIONS) this.#questions.shift();
  }

  /** Removes the question that an event answers, and with it those before it that nothing will answer any more. */
  answered(event: ChatEvent): Asked | undefined {
    const at = event.type === "denied"
      ? this.ordered ? 0 : this.#questions.findIndex(({ question }) => question === this.current)
      : this.#questions.findIndex(({ question }) => isAnswer(event, question));
    if (at < 0) return undefined;
    return (this.ordered ? this.#questions.splice(0, at + 1) : this.#questions.splice(at, 1)).at(-1);
  }

  /** Entering `to` was denied: later denials do not lead back to it but to `from`. */
  redirect(to: Target | undefined, from: Target | undefined): void {
    for (const { moved } of this.#questions) if (moved && sameTarget(moved.from, to)) moved.from = from;
  }

  /** No answer comes any more. */
  clear(): void {
    this.#questions = [];
  }
}

function isAnswer(event: ChatEvent, question: Question): boolean {
  switch (question.type) {
    case "users":
    case "rooms":
    case "stats":
      return event.type === question.type;
    case "who":
      return event.type === "inRoom" && event.room === question.room;
    case "join":
    case "group":
      return event.type === "joined" && event.room === question.room;
    case "leave":
      return event.type === "left" && event.room === question.room;
    case "history":
      return event.type === "history" && sameTarget(event.of, question.of);
    case "secure":
    case "trust":
    case "add":
      // The events that follow may just as well come from the other side.
      return false;
  }
}
