import type { RoomState, UserState } from "../../chat/event.ts";
import type { ClientEvent, ClientQuestion } from "./client_event.ts";
import type { ClientMessage, ServerMessage } from "./messages.ts";

type Answer = Extract<ServerMessage, { ref: number }>;

interface Pending {
  readonly question: ClientQuestion;
  readonly parts: (UserState | RoomState)[];
}

/** Names asked for at once. */
const NAMES = 250;

/** A client's questions that have no answer yet. An answer may come in several parts; it becomes one event. */
export class PendingQuestions {
  readonly #pending = new Map<number, Pending>();
  #lastRef = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** A number that no earlier request of this client has. */
  nextRef(): number {
    return ++this.#lastRef;
  }

  /** Remembers a question; the request that asks it. */
  ask(question: ClientQuestion): ClientMessage {
    return this.#ask({ question, parts: [] });
  }

  /** Forgets all of them, since their connection is lost. */
  takeAll(): ClientQuestion[] {
    const questions = [...this.#pending.values()].map(({ question }) => question);
    this.#pending.clear();
    return questions;
  }

  /** The event that a whole answer is, or the request for the next part; undefined for a part, and for what was not asked. */
  answered(answer: Answer): ClientEvent | { readonly next: ClientMessage } | undefined {
    const pending = this.#pending.get(answer.ref);
    if (!pending) return undefined;
    const { question, parts } = pending;
    if (answer.type === "users" || answer.type === "rooms" || answer.type === "who") {
      parts.push(...answer.list);
      if (answer.more && answer.type === "who") return undefined;
      if (answer.more && answer.list.length > 0) {
        this.#pending.delete(answer.ref);
        return { next: this.#ask(pending) };
      }
    }
    this.#pending.delete(answer.ref);
    switch (answer.type) {
      case "users":
        return { type: "users", users: parts as UserState[] };
      case "rooms":
        return { type: "rooms", rooms: parts as RoomState[] };
      case "who":
        return { type: "inRoom", room: answer.room, users: parts as UserState[] };
      case "history": {
        if (question.type !== "history") return undefined;
        const { messages, more } = answer;
        return { type: "history", of: question.of, messages, more, forward: question.after !== undefined };
      }
      case "search":
        if (question.type !== "search") return undefined;
        return { type: "found", question, messages: answer.hits, more: answer.more };
      case "versions":
        return question.type === "versions" ? { type: "versions", of: question.of, texts: answer.texts } : undefined;
      case "joined":
        return { type: "joined", room: answer.room, members: answer.members };
      case "left":
        return { type: "left", room: answer.room };
      case "denied":
        return { type: "denied", why: answer.why, question };
      case "pong":
        return undefined;
    }
  }

  #ask(pending: Pending): ClientMessage {
    const ref = this.nextRef();
    this.#pending.set(ref, pending);
    const { question, parts } = pending;
    if (question.type !== "users" && question.type !== "rooms") return { ...question, ref };
    return { type: question.type, ref, after: parts.at(-1)?.name ?? "", limit: NAMES };
  }
}
