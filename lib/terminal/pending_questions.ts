import type { Target } from "../chat/entry.ts";
import { type ChatEvent, sameTarget } from "./chat_state.ts";
import type { Question } from "./commands.ts";

/** A question that was asked. */
export interface Asked {
  readonly question: Question;
  /**
   * Where the answer goes: to the screen, to the menu, only to the state (`quiet`), above the new messages of an opened
   * conversation, to the hits of a search, or to a change of an own message.
   */
  readonly purpose: "shown" | "quiet" | "menu" | "opened" | "surroundings" | "amend";
  /** The change of conversation that came with the question. */
  readonly moved: { from: Target | undefined; readonly to: Target | undefined } | undefined;
}

/** Cap on questions without an answer; the oldest are given up. */
const QUESTIONS = 10_000;

/** Questions without an answer yet, the oldest first. Answers may come in another order. */
export class PendingQuestions {
  #questions: Asked[] = [];
  /** The question that the client is being asked right now: a denial without a question of its own belongs to it. */
  current: Question | undefined;

  get size(): number {
    return this.#questions.length;
  }

  add(asked: Asked): void {
    this.#questions.push(asked);
    if (this.#questions.length > QUESTIONS) this.#questions.shift();
  }

  /** Removes the question that an event answers. */
  answered(event: ChatEvent): Asked | undefined {
    const named = namedBy(event) ?? (event.type === "denied" ? this.current : undefined);
    const at = this.#questions.findIndex(({ question }) => named ? question === named : isAnswer(event, question));
    return at < 0 ? undefined : this.#questions.splice(at, 1)[0];
  }

  /** Entering `to` was denied: later denials do not lead back to it but to `from`. */
  redirect(to: Target | undefined, from: Target | undefined): void {
    for (const { moved } of this.#questions) if (moved && sameTarget(moved.from, to)) moved.from = from;
  }

  /** The chat has ended: no further answer will come. */
  clear(): void {
    this.#questions = [];
  }
}

/** The question that an event itself names. */
function namedBy(event: ChatEvent): unknown {
  return event.type === "denied" || event.type === "history" || event.type === "found" ? event.question : undefined;
}

function isAnswer(event: ChatEvent, question: Question): boolean {
  switch (question.type) {
    case "users":
    case "rooms":
    case "stats":
    case "table":
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
    case "search":
      return event.type === "found";
    case "versions":
      return event.type === "versions" && event.of === question.of;
    case "ticket":
      return event.type === "ticket";
    case "passwd":
      return event.type === "newPassword";
    case "secure":
    case "trust":
    case "add":
      // The events that follow may just as well come from the other side.
      return false;
  }
}
