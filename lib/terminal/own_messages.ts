import type { Target } from "../chat/entry.ts";
import type { Outputs } from "../core/machine.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import type { FileEvent } from "../protocols/transfer/event.ts";
import type { SayResult } from "./chat_output.ts";
import type { ChatEvent, ChatState } from "./chat_state.ts";
import { type OwnLine, OwnLines } from "./own_lines.ts";
import type { ScreenOutput, View } from "./view.ts";

type FileEventOf<Type extends FileEvent["type"]> = Extract<FileEvent, { type: Type }>;

interface Early<Event> {
  readonly event: Event;
  readonly now: number;
}

/** The user's own messages, from the time when they are given to the client, and the offers of files: shows their outcomes. */
export class OwnMessages<Event extends ChatEvent> {
  readonly #lines = new OwnLines();
  readonly #unconfirmed = new Set<string>();
  /** Events that came while a message waits for its id; undefined at other times. */
  #early: Early<Event>[] | undefined;

  constructor(
    readonly view: View<Event>,
    readonly state: ChatState,
    readonly outputs: Pick<Outputs<ScreenOutput>, "push">,
  ) {}

  /** The number of messages that the server has not confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  /** The client is given a message; `answered` follows. */
  said(): void {
    this.#early = [];
  }

  /** Whether an event has to wait: its message may have no id yet. */
  holds(event: Event, now: number): boolean {
    this.#early?.push({ event, now });
    return this.#early !== undefined;
  }

  /**
   * The client has taken a message, or refuses it; returns the events that have waited. `isConfirmed`: the server confirms
   * messages.
   */
  answered(result: SayResult, to: Target, text: string, now: number, isConfirmed: boolean): readonly Early<Event>[] {
    const early = this.#early ?? [];
    this.#early = undefined;
    if ("id" in result) {
      this.state.sent(result.id, { to, text });
      if (isConfirmed) this.#unconfirmed.add(result.id);
      const isDirect = "user" in to && this.state.direct.has(to.user);
      this.#show(this.#lines.said(result.id, to, text, now, isDirect), now);
    } else if (this.view.own) this.#show(this.#lines.refused(to, text, now, result.why), now);
    else this.outputs.push({ type: "notice", line: this.view.error(`not sent: ${result.why}`) });
    return early;
  }

  /** A message that the user has sent on another device; whether it is shown. */
  elsewhere(message: ShownMessage, now: number): boolean {
    return this.view.own !== undefined && this.#show(this.#lines.elsewhere(message), now);
  }

  /** The outcome of a message: shown at its line, where the view has such lines. */
  outcome(event: Event, now: number): void {
    const known: ChatEvent = event;
    if ("id" in known && known.id !== undefined) this.#unconfirmed.delete(known.id);
    const lines = this.view.own && this.#lines.heard(known, now);
    if (lines) return lines.forEach((line) => this.change(line, now));
    if (this.view.ofEarlier && known.type === "delivered") {
      const away = this.view.ofEarlier(known);
      return this.outputs.push({ type: "change", id: known.id, text: "", away });
    }
    for (const line of this.view.event(event, this.state, now)) this.outputs.push({ type: "show", line });
  }

  /** A file is being offered; whether the offer is shown. */
  offering(event: FileEventOf<"offering">, now: number): boolean {
    return this.view.own !== undefined && this.#show(this.#lines.offering(event.to, event, now), now);
  }

  /** The program itself has sent a message: the offer of the last file. */
  offerSent(id: string, to: Target, text: string): void {
    this.state.sent(id, { to, text });
    this.#lines.offered(id);
  }

  /** A user has a file; the changed line of its offer, if there is one. */
  fileReceived({ n, to }: FileEventOf<"fileSent">, now: number): OwnLine | undefined {
    return this.view.own && this.#lines.fileReceived(n, to, now);
  }

  /** Shows the other text of a line. */
  change(line: OwnLine, now: number): void {
    this.outputs.push({ type: "change", id: line.id, ...this.view.own!(line, this.state, now) });
  }

  /** The chat has ended: nothing more is confirmed. */
  clear(): void {
    this.#unconfirmed.clear();
  }

  #show(line: OwnLine, now: number): boolean {
    if (!this.view.own) return false;
    this.outputs.push({ type: "own", id: line.id, text: this.view.own(line, this.state, now).text });
    return true;
  }
}
