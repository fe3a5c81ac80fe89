import type { Outputs } from "../core/machine.ts";
import type { ClientQuestion } from "../protocols/native/client_event.ts";
import { Amendment } from "./amendment.ts";
import type { AmendOutput } from "./chat_output.ts";
import type { ChatEvent, ChatState } from "./chat_state.ts";
import type { Asked } from "./pending_questions.ts";
import { type Found, SearchResults } from "./search_results.ts";
import type { ScreenOutput, View } from "./view.ts";

/** A question that follows from a command or from an answer. */
export interface FollowUp {
  readonly question: Extract<ClientQuestion, { type: "history" }>;
  readonly purpose: Extract<Asked["purpose"], "surroundings" | "amend">;
}

/** Commands that take more than one question: a search with the surroundings of its hits, and a change of an own message. */
export class FollowUps {
  #amendment: Amendment | undefined;
  /** The message that the server is changing; undefined for none. */
  #changing: number | undefined;
  readonly #searches = new Set<SearchResults>();

  constructor(
    readonly view: Pick<View<never>, "error" | "hits">,
    readonly state: ChatState,
    readonly outputs: Pick<Outputs<ScreenOutput | AmendOutput>, "push">,
  ) {}

  /** Whether a message is being changed: what is typed next would be counted with those that it is among. */
  get isAmending(): boolean {
    return this.#amendment !== undefined || this.#changing !== undefined;
  }

  amend(to: Amendment["to"], nth: number, text: string | undefined): void {
    if (this.isAmending) return this.#notice("another message is being changed; try again");
    this.#amendment = new Amendment(to, nth, text);
  }

  /** The server has everything that this user has said: which message is meant can be asked. */
  confirmed(): FollowUp[] {
    if (!this.#amendment || this.#amendment.isAsked) return [];
    this.#amendment.isAsked = true;
    return [{ question: this.#amendment.question, purpose: "amend" }];
  }

  /** Where the view shows surroundings. */
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

  /** The client does not even send the change. */
  refused(why: string): void {
    this.#changing = undefined;
    this.#notice(`nothing is changed: ${why}`);
  }

  /** The connection is lost: questions that were asked are denied, and the others are not asked. */
  lost(): void {
    // The client sends it again.
    this.#changing = undefined;
    if (!this.#amendment || this.#amendment.isAsked) return;
    this.#amendment = undefined;
    this.#notice("nothing is changed: the connection was lost");
  }

  /** No answer comes any more. */
  clear(): void {
    this.#amendment = this.#changing = undefined;
    this.#searches.clear();
  }

  #found(event: ChatEvent): FollowUp[] {
    const amendment = this.#amendment;
    if (!amendment) return [];
    const next = event.type === "history"
      ? amendment.answered(event, this.state.me)
      : { why: event.type === "denied" ? event.why : "" };
    if (typeof next === "object" && "type" in next) return [{ question: next, purpose: "amend" }];
    this.#amendment = undefined;
    if (typeof next === "object") this.#notice(next.why);
    else {
      this.#changing = next;
      this.outputs.push({ type: "amend", of: next, to: amendment.to, text: amendment.text });
    }
    return [];
  }

  #notice(why: string): void {
    this.outputs.push({ type: "notice", line: this.view.error(why) });
  }
}
