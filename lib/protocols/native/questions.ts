import type { ClientEvent, ClientQuestion } from "./client_event.ts";
import type { Reply } from "./client_replies.ts";

type Answer = Extract<Reply, { ref: number }>;

/** A client's questions that have no answer yet. An answer may come in several parts; it becomes one event. */
export class PendingQuestions {
  readonly #pending = new Map<number, { readonly question: ClientQuestion; readonly parts: unknown[] }>();
  #lastRef = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** A number that no earlier request of this client has. */
  nextRef(): number {
    return ++this.#lastRef;
  }

  /** Remembers a question; the request that asks it. */
  ask(question: ClientQuestion): Record<string, unknown> {
    const ref = this.nextRef();
    this.#pending.set(ref, { question, parts: [] });
    if (question.type !== "history") return { ...question, ref };
    const { of, before, limit } = question;
    return { type: "history", ref, ...("user" in of ? { with: of.user } : of), before, limit };
  }

  /** Forgets all of them, since their connection is lost. */
  takeAll(): ClientQuestion[] {
    const questions = [...this.#pending.values()].map(({ question }) => question);
    this.#pending.clear();
    return questions;
  }

  /** The event that a whole answer is; undefined for a part, and for what nobody has asked. */
  answered(answer: Answer): ClientEvent | undefined {
    const pending = this.#pending.get(answer.ref);
    if (!pending) return undefined;
    const { question, parts } = pending;
    if (answer.type === "users" || answer.type === "rooms" || answer.type === "who") {
      parts.push(...answer.list);
      if (answer.more) return undefined;
    }
    this.#pending.delete(answer.ref);
    switch (answer.type) {
      case "users":
        return { type: "users", users: parts as typeof answer.list };
      case "rooms":
        return { type: "rooms", rooms: parts as typeof answer.list };
      case "who":
        if (question.type !== "who") return undefined;
        return { type: "inRoom", room: question.room, users: parts as typeof answer.list };
      case "history":
        if (question.type !== "history") return undefined;
        return { type: "history", of: question.of, messages: answer.messages, more: answer.more };
      case "joined":
        return { type: "joined", room: answer.room, members: answer.members };
      case "left":
        return { type: "left", room: answer.room };
      case "denied":
        return { type: "denied", why: answer.why, question };
    }
  }
}
