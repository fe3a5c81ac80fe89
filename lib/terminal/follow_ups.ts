import type { Target } from "../chat/entry.ts";
import type { Outputs } from "../core/machine.ts";
import type { ClientQuestion } from "../protocols/native/client_event.ts";
import type { AmendOutput } from "./chat_output.ts";
import type { ChatEvent, ChatState } from "./chat_state.ts";
import { NthMessage } from "./nth_message.ts";
import type { Asked } from "./pending_questions.ts";
import { type Found, SearchResults } from "./search_results.ts";
import type { ScreenOutput, View } from "./view.ts";

/** A question that follows from a command or from an answer. */
export interface FollowUp {
  readonly question: Extract<ClientQuestion, { type: "history" | "versions" }>;
  readonly purpose: Extract<Asked["purpose"], "surroundings" | "amend" | "shown">;
}

/** What to do with a message once its number is known: change its text, withdraw it (no text), or show its earlier texts. */
interface Wanted {
  readonly message: NthMessage;
  readonly act: { readonly type: "amend"; readonly text: string | undefined } | { readonly type: "versions" };
  /** Whether the server has been asked. */
  isAsked: boolean;
}

/**
 * Commands that take more than one question: a search with the surroundings of its hits, a change of an own message, and the
 * earlier texts of a message.
 */
export class FollowUps {
  #wanted: Wanted | undefined;
  /** The message that the server is changing; undefined for none. */
  #changing: number | undefined;
  readonly #searches = new Set<SearchResults>();

  constructor(
    readonly view: Pick<View<never>, "error" | "hits">,
    readonly state: ChatState,
    readonly outputs: Pick<Outputs<ScreenOutput | AmendOutput>, "push">,
  ) {}

  /** Whether a message is being changed; until then `/edit 2` could count a message that is typed next. */
  get isAmending(): boolean {
    return this.#wanted !== undefined || this.#changing !== undefined;
  }

  amend(to: Target, nth: number, text: string | undefined): void {
    this.#want(new NthMessage(to, nth), { type: "amend", text });
  }

  versions(to: Target, nth: number, from: string | undefined): void {
    this.#want(new NthMessage(to, nth, from), { type: "versions" });
  }

  #want(message: NthMessage, act: Wanted["act"]): void {
    if (this.isAmending) return this.#notice("another message is being changed; try again");
    this.#wanted = { message, act, isAsked: false };
  }

  /** The server has every message of this user, so the number of the one that is meant can be asked for. */
  confirmed(): FollowUp[] {
    const wanted = this.#wanted;
    if (!wanted || wanted.isAsked) return [];
    wanted.isAsked = true;
    return [{ question: wanted.message.question, purpose: "amend" }];
  }

  /** For a view that shows the messages around a hit. */
  found(found: Found): FollowUp[] {
    const results = new SearchResults(found, this.state);
    this.#searches.add(results);
    return results.questions.map((question) => ({ question, purpose: "surroundings" }));
  }

  answered({ question, purpose }: Asked, event: ChatEvent, now: number): FollowUp[] {
    if (purpose === "amend") return this.#found(event);
    for (const results of this.#searches) {
      results.answered(question, event.type === "history" ? event.messages[0] : undefined);
      if (!results.isComplete) continue;
      this.#searches.delete(results);
      for (const line of this.view.hits!(results, this.state, now)) this.outputs.push({ type: "show", line });
    }
    return [];
  }

  /** An event may say that the server has made a change, or refuses it. */
  heard(event: ChatEvent): void {
    const isMade = (event.type === "edited" || event.type === "withdrawn") && event.own && event.of === this.#changing;
    // The refusal of a question names it.
    if (isMade || (event.type === "denied" && event.question === undefined)) this.#changing = undefined;
  }

  /** The client refuses to send the change. */
  refused(why: string): void {
    this.#changing = undefined;
    this.#notice(`nothing is changed: ${why}`);
  }

  /** The connection is lost: questions that were asked are denied, and the others are not asked. */
  lost(): void {
    // The client sends it again.
    this.#changing = undefined;
    const wanted = this.#wanted;
    if (!wanted || wanted.isAsked) return;
    this.#wanted = undefined;
    this.#notice(`${nothing(wanted)}the connection was lost`);
  }

  /** The chat has ended: no further answer will come. */
  clear(): void {
    this.#wanted = this.#changing = undefined;
    this.#searches.clear();
  }

  #found(event: ChatEvent): FollowUp[] {
    const wanted = this.#wanted;
    if (!wanted) return [];
    const { message, act } = wanted;
    if (event.type === "denied") {
      this.#wanted = undefined;
      this.#notice(event.why);
      return [];
    }
    if (event.type !== "history") return [];
    const next = message.answered(event, this.state.me);
    if (typeof next === "object" && "type" in next) return [{ question: next, purpose: "amend" }];
    this.#wanted = undefined;
    if (typeof next === "object") this.#notice(nothing(wanted) + next.why);
    else if (act.type === "versions") return [{ question: { type: "versions", of: next }, purpose: "shown" }];
    else {
      this.#changing = next;
      this.outputs.push({ type: "amend", of: next, to: message.to, text: act.text });
    }
    return [];
  }

  #notice(why: string): void {
    this.outputs.push({ type: "notice", line: this.view.error(why) });
  }
}

function nothing({ act }: Wanted): string {
  return act.type === "amend" ? "nothing is changed: " : "nothing is shown: ";
}
