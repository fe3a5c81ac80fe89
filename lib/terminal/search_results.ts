import type { ClientEvent, ClientQuestion, ShownMessage } from "../protocols/native/client_event.ts";
import type { ChatState } from "./chat_state.ts";

type HistoryQuestion = Extract<ClientQuestion, { type: "history" }>;

/** A hit of a search, with the message before and the one after it. */
export interface SearchHit {
  readonly message: ShownMessage;
  before?: ShownMessage | undefined;
  after?: ShownMessage | undefined;
}

export type Found = Extract<ClientEvent, { type: "found" }>;

/** The hits of a search, the oldest first, while the server is asked for the messages around them. */
export class SearchResults {
  readonly hits: readonly SearchHit[];
  readonly questions: readonly HistoryQuestion[];
  readonly #open: Map<HistoryQuestion, { readonly hit: SearchHit; readonly side: "before" | "after" }>;

  constructor(readonly found: Found, state: Pick<ChatState, "conversation">) {
    this.hits = found.messages.map((message) => ({ message })).reverse();
    this.#open = new Map(this.hits.flatMap((hit): [HistoryQuestion, { hit: SearchHit; side: "before" | "after" }][] => {
      const { seq } = hit.message;
      const question = { type: "history", of: state.conversation(hit.message), limit: 1 } as const;
      return [
        [{ ...question, before: seq }, { hit, side: "before" }],
        [{ ...question, after: seq }, { hit, side: "after" }],
      ];
    }));
    this.questions = [...this.#open.keys()];
  }

  get isComplete(): boolean {
    return this.#open.size === 0;
  }

  /** The answer to one of the questions; no message where there is none, or the question was denied. */
  answered(question: unknown, message: ShownMessage | undefined): void {
    const asked = this.#open.get(question as HistoryQuestion);
    if (!asked) return;
    this.#open.delete(question as HistoryQuestion);
    asked.hit[asked.side] = message;
  }
}
