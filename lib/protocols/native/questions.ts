import type { RoomState, UserState } from "../../chat/event.ts";
import type { ClientEvent, ClientQuestion, ShownMessage } from "./client_event.ts";
import type { ClientMessage, ServerMessage } from "./messages.ts";

type Answer = Extract<ServerMessage, { ref: number }>;

interface Pending {
  readonly question: ClientQuestion;
  readonly parts: (UserState | RoomState)[];
  /** Of history in the order of the log, of a search the newest first. */
  messages: readonly ShownMessage[];
}

/** Names, or messages, asked for at once; a server gives no more. */
const PAGE = 250;

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
    return this.#ask({ question, parts: [], messages: [] });
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
    }
    this.#pending.delete(answer.ref);
    if (answer.type === "history" || answer.type === "search") this.#collect(pending, answer);
    if (this.#goesOn(pending, answer)) return { next: this.#ask(pending) };
    switch (answer.type) {
      case "users":
        return { type: "users", users: parts as UserState[] };
      case "rooms":
        return { type: "rooms", rooms: parts as RoomState[] };
      case "who":
        return { type: "inRoom", room: answer.room, users: parts as UserState[] };
      case "history": {
        if (question.type !== "history") return undefined;
        const forward = question.after !== undefined;
        return { type: "history", of: question.of, messages: pending.messages, more: answer.more, forward, question };
      }
      case "search":
        if (question.type !== "search") return undefined;
        return { type: "found", question, messages: pending.messages, more: answer.more };
      case "versions":
        return question.type === "versions" ? { type: "versions", of: question.of, texts: answer.texts } : undefined;
      case "joined":
        return { type: "joined", room: answer.room, members: answer.members };
      case "left":
        return { type: "left", room: answer.room };
      case "ticket":
        return { type: "ticket", ticket: answer.ticket };
      case "changed":
        return question.type === "passwd" ? { type: "newPassword", password: question.new } : undefined;
      case "denied":
        return { type: "denied", why: answer.why, question };
      case "pong":
        return undefined;
    }
  }

  #ask(pending: Pending): ClientMessage {
    const ref = this.nextRef();
    this.#pending.set(ref, pending);
    const { question, parts, messages } = pending;
    switch (question.type) {
      case "users":
      case "rooms":
      case "who":
        return { ...question, ref, after: parts.at(-1)?.name ?? "", limit: PAGE };
      case "history":
      case "search": {
        const limit = Math.min(question.limit - messages.length, PAGE);
        if (messages.length === 0) return { ...question, ref, limit };
        if (question.type === "search") return { ...question, ref, limit, before: messages.at(-1)!.seq };
        return question.after === undefined
          ? { ...question, ref, limit, before: messages[0]!.seq }
          : { ...question, ref, limit, after: messages.at(-1)!.seq };
      }
      default:
        return { ...question, ref };
    }
  }

  #collect(pending: Pending, answer: Extract<Answer, { type: "history" | "search" }>): void {
    const page = answer.type === "history" ? answer.messages : answer.hits;
    const backward = pending.question.type === "history" && pending.question.after === undefined;
    pending.messages = backward ? [...page, ...pending.messages] : [...pending.messages, ...page];
  }

  /** Whether there is more, and more was asked for. */
  #goesOn({ question, messages }: Pending, answer: Answer): boolean {
    switch (answer.type) {
      case "users":
      case "rooms":
      case "who":
        return answer.more && answer.list.length > 0;
      case "history":
      case "search": {
        const count = answer.type === "history" ? answer.messages.length : answer.hits.length;
        return answer.more && count > 0 && "limit" in question && messages.length < question.limit;
      }
      default:
        return false;
    }
  }
}
