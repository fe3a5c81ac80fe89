import type { Target } from "../chat/entry.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import type { TransferItem } from "../protocols/transfer/event.ts";
import type { ChatEvent } from "./chat_state.ts";

/** Own lines whose state may still change. */
const LINES = 1000;

/** The reports of the server and of the receivers about an own message. */
export interface Outcome {
  /** `kept`: here, until the receiver is online. `unconfirmed`: the receiver's program confirms nothing. */
  readonly stage: "none" | "sent" | "kept" | "unconfirmed";
  /** The users who have the message. */
  readonly receivers: readonly string[];
  /** The users who have the file that it offers. */
  readonly fileReceivers: readonly string[];
  /** When the last of them received it. */
  readonly time?: number;
  readonly failures: readonly { readonly to: Target | undefined; readonly why: string }[];
}

/** A line that shows an own message, or an offer of a file. */
export interface OwnLine {
  readonly id: string;
  readonly to: Target;
  readonly text: string;
  readonly time: number;
  readonly outcome: Outcome;
  readonly file?: TransferItem & { readonly skipped: number };
  /** Its number in the log, and that of the message to which it replies, where it was said on another device. */
  readonly seq?: number;
  readonly reply?: number | undefined;
  /** Whether it went to the other program directly. */
  readonly isDirect?: boolean;
}

const NOTHING: Outcome = { stage: "none", receivers: [], fileReceivers: [], failures: [] };

/** The user's own lines on the screen, and the outcome of each. */
export class OwnLines {
  readonly #lines = new Map<string, OwnLine>();
  /** The lines of offers, by the ids of the messages that offer them. */
  readonly #offers = new Map<string, string>();
  /** The line of the offer whose message has no id yet. */
  #offering: string | undefined;

  /** A message was said here. */
  said(id: string, to: Target, text: string, time: number, isDirect = false): OwnLine {
    return this.#keep({ id, to, text, time, outcome: NOTHING, isDirect });
  }

  /** The client has refused to send a message. */
  refused(to: Target, text: string, time: number, why: string): OwnLine {
    return { id: "", to, text, time, outcome: { ...NOTHING, failures: [{ to: undefined, why }] } };
  }

  /** A message that this user has sent on another device. */
  elsewhere({ seq, to, text, time, reply }: ShownMessage): OwnLine {
    return this.#keep({ id: `seq ${seq}`, to, text, time, seq, reply, outcome: { ...NOTHING, stage: "sent" } });
  }

  /** A file is being offered; `offered` follows. */
  offering(to: Target, file: TransferItem & { readonly skipped: number }, time: number): OwnLine {
    this.#offering = `file ${file.n}`;
    return this.#keep({ id: this.#offering, to, text: "", time, file, outcome: NOTHING });
  }

  /** The id of the message that offers the last file. */
  offered(id: string): void {
    if (this.#offering === undefined) return;
    this.#offers.set(id, this.#offering);
    this.#offering = undefined;
    dropOldest(this.#offers);
  }

  /** A user has the file that was offered; undefined for an offer that is not on a line of its own. */
  fileReceived(n: number, by: string, time: number): OwnLine | undefined {
    const line = this.#lines.get(`file ${n}`);
    if (!line) return undefined;
    return this.#change(line, { fileReceivers: [...without(line.outcome.fileReceivers, by), by], time });
  }

  /** The lines that an event changes, as they are now; undefined for a message that has no line here. */
  heard(event: ChatEvent, now: number): readonly OwnLine[] | undefined {
    if (event.type === "received") {
      return [...this.#lines.values()]
        .filter(({ to, seq = Infinity, outcome }) =>
          seq <= event.upTo && "user" in to && to.user === event.by && outcome.receivers.length === 0
        )
        .map((line) => this.#change(line, { receivers: [event.by], time: now }));
    }
    if (!isOutcome(event)) return [];
    const line = event.id === undefined ? undefined : this.#lines.get(this.#offers.get(event.id) ?? event.id);
    if (!line) return undefined;
    const { receivers, failures } = line.outcome;
    switch (event.type) {
      case "sent":
        return [this.#change(line, { stage: "sent" })];
      case "delivered":
        return [
          this.#change(line, { receivers: [...without(receivers, event.to), event.to], time: event.time ?? now }),
        ];
      case "queued":
        return [this.#change(line, { stage: "kept" })];
      case "unconfirmed":
        return [this.#change(line, { stage: "unconfirmed" })];
      case "failed":
        return [this.#change(line, { failures: [...failures, { to: event.to, why: event.why }] })];
    }
  }

  #change(line: OwnLine, change: Partial<Outcome>): OwnLine {
    const changed = { ...line, outcome: { ...line.outcome, ...change } };
    this.#lines.set(line.id, changed);
    return changed;
  }

  #keep(line: OwnLine): OwnLine {
    this.#lines.set(line.id, line);
    dropOldest(this.#lines);
    return line;
  }
}

type OutcomeEvent = Extract<ChatEvent, { type: "sent" | "delivered" | "queued" | "unconfirmed" | "failed" }>;

function isOutcome(event: ChatEvent): event is OutcomeEvent {
  return ["sent", "delivered", "queued", "unconfirmed", "failed"].includes(event.type);
}

function without(names: readonly string[], name: string): string[] {
  return names.filter((each) => each !== name);
}

function dropOldest(kept: Map<string, unknown>): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= LINES) return;
    kept.delete(oldest);
  }
}
