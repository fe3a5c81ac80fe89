import type { Target } from "../chat/store.ts";
import { type Question, sameTarget } from "./commands.ts";
import type { ChatEvent } from "./chat_state.ts";

/** Something that was asked. */
export interface Asked {
  readonly question: Question;
  /** `quiet`: the answer is only learnt from. */
  readonly purpose: "shown" | "quiet" | "menu";
  /** Where the question has taken us from, and to. */
  readonly moved: { from: Target | undefined; readonly to: Target | undefined } | undefined;
}

/** Who never answers is not asked for ever. */
const ASKED = 10_000;

/** What was asked and is not answered yet, the oldest first. */
export class PendingQuestions {
  #asked: Asked[] = [];
  /** What is being asked at this moment. */
  #asking: Asked | undefined;

  /** `ordered`: everything is answered in its order, so that a denial is of the oldest; otherwise, of what is being asked. */
  constructor(readonly ordered: boolean) {}

  get size(): number {
    return this.#asked.length;
  }

  /** Asks; the answer may come at once. */
  ask(asked: Asked, ask: () => void): void {
    this.#asked.push(asked);
    if (this.#asked.length > ASKED) this.#asked.shift();
    this.#asking = asked;
    ask();
    this.#asking = undefined;
  }

  /** Takes the question that an event answers, and with it those before it that will not be answered any more. */
  answered(event: ChatEvent): Asked | undefined {
    const at = event.type === "denied"
      ? this.ordered ? 0 : this.#asked.findIndex((asked) => asked === this.#asking)
      : this.#asked.findIndex(({ question }) => isAnswer(event, question));
    if (at < 0) return undefined;
    return (this.ordered ? this.#asked.splice(0, at + 1) : this.#asked.splice(at, 1)).at(-1);
  }

  /** Nothing leads back to a place any more: it leads to `from`, from where one would have come there. */
  detour(to: Target | undefined, from: Target | undefined): void {
    for (const { moved } of this.#asked) if (moved && sameTarget(moved.from, to)) moved.from = from;
  }

  /** No answer comes any more. */
  clear(): void {
    this.#asked = [];
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
      // What comes of these may as well come of what the others do.
      return false;
  }
}
