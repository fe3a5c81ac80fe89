import type { Limits } from "../core/limits.ts";
import { RateLimiters } from "../core/limiters.ts";
import type { Outputs } from "../core/machine.ts";
import type { NativeCommand } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import { type Entry, sameTarget, type Target } from "./entry.ts";
import type { Draft } from "./log_items.ts";
import type { LogWriter } from "./log_writer.ts";
import type { Permissions } from "./permissions.ts";
import type { Questions } from "./questions.ts";
import { REACTIONS, readReaction } from "./reactions.ts";
import type { KnownUser, Producer } from "./entities.ts";
import type { RecordId } from "./record_id.ts";
import type { Sharing } from "./sharing.ts";
import type { Tally } from "./tally.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** What a client says under a number. */
export type NumberedCommand = Extract<NativeCommand, { type: "say" | "edit" | "withdraw" | "react" | "unreadable" }>;

export interface ClientMessageParts {
  readonly delivery: Delivery;
  readonly permissions: Permissions;
  readonly questions: Questions;
  readonly writer: LogWriter;
  readonly online: OnlineUsers;
  readonly outputs: Outputs<Effect>;
  readonly tally: Tally;
  /** Where there are other servers. */
  readonly sharing: Sharing | undefined;
  /** Which store numbers the messages. */
  readonly store: string;
  readonly limits: Pick<Limits, "saidBytes" | "saidBytesPerSecond" | "failureEntries">;
}

type Say = Extract<NumberedCommand, { type: "say" }>;

/** Commands of one user's clients that wait for the store, at most. */
const MAX_HELD = 1000;

/**
 * What native clients say, edit, withdraw and react to.
 *
 * 1. Each number of a client is taken once. Repeated, it is answered as it was then, also after a crash.
 * 2. The client is told that a number is refused once that is committed, or could not be.
 * 3. What the clients of one user say goes into the log in the order in which it came: a program that was killed and started
 *    anew is another client, and others see one user.
 */
export class ClientMessages {
  readonly #parts: ClientMessageParts;
  /** Commands of users that wait until an edit's message has been looked up. */
  readonly #held = new Map<KnownUser, { session: Session; command: NumberedCommand }[]>();
  /** Bytes that each user may say, and the guests of each address. */
  readonly #rates: RateLimiters;

  constructor(parts: ClientMessageParts) {
    const { saidBytes, saidBytesPerSecond, failureEntries } = parts.limits;
    this.#parts = parts;
    this.#rates = new RateLimiters(saidBytes, saidBytesPerSecond, failureEntries);
  }

  /** Something that goes into the log under a client's number. */
  take(session: Session, command: NumberedCommand, now: number): void {
    const { producer } = session;
    if (!producer) {
      return void this.#parts.outputs.push(
        tell(session.id, { type: "denied", ref: 0, why: "nothing is said before resume" }),
      );
    }
    const { number } = command;
    const { user } = producer;
    const held = this.#held.get(user);
    if (held) {
      if (held.length < MAX_HELD) held.push({ session, command });
      else this.#parts.outputs.push({ type: "end", session: session.id, why: "it sends more than can be accepted" });
      return;
    }
    if (number <= producer.number) return this.#again(session, producer, number);
    if (number !== producer.number + 1) {
      const why = `expected number ${producer.number + 1}, found ${number}`;
      return void this.#parts.outputs.push({ type: "end", session: session.id, why });
    }
    producer.number = number;
    if (command.type === "unreadable") return this.refuse(producer, number, command.why);
    if ("store" in command && command.store !== undefined && command.store !== this.#parts.store) {
      return this.refuse(producer, number, `message ${command.of} has its number from another server`);
    }
    const about = command.type === "say" ? command.reply : command.of;
    if (about === undefined) return this.#say(session, producer, command as Say, now);
    // The message is looked up first; what the user says after it waits for that.
    this.#held.set(user, []);
    const decided = (why: string | undefined, append: () => void) => {
      if (why === undefined) append();
      else this.refuse(producer, number, why);
      const waiting = this.#held.get(user) ?? [];
      this.#held.delete(user);
      for (const { session, command } of waiting) this.take(session, command, now);
    };
    this.#lookUp(
      about,
      (entry, withdrawn, ofRecord, changedAt) => {
        if (command.type === "say") {
          const why = replyFault(user, command, entry);
          return decided(why, () => this.#say(session, producer, command, now, ofRecord));
        }
        if (command.type === "react") {
          const { of, text } = command;
          const why = this.#reactionFault(user.name, command, entry, withdrawn, now);
          return decided(why, () => {
            // In a private conversation the entry goes to the other user, also where that one has said the message.
            const { from, to } = entry!;
            const target = "user" in to && from !== user.name ? { user: from } : to;
            const reaction = { type: "reaction", to: target, text, of, ofRecord, changedAt } as const;
            this.#append(session, producer, number, reaction, now);
          });
        }
        decided(this.#changeFault(user, command, entry, withdrawn, now), () => {
          const text = command.type === "edit" ? command.text : "";
          const type = command.type === "edit" ? "edit" : "withdrawal";
          const { of } = command;
          this.#append(session, producer, number, { type, to: entry!.to, text, of, ofRecord, changedAt }, now);
        });
      },
      (why) => decided(why, () => {}),
    );
  }

  /** An entry; where there are other servers, its record and when it was changed. */
  #lookUp(
    seq: number,
    found: (entry: Entry | undefined, withdrawn: boolean, record?: RecordId, changedAt?: number) => void,
    failed: (why: string) => void,
  ): void {
    const { questions, sharing } = this.#parts;
    questions.ask(
      { type: "entry", seq },
      ({ entry, withdrawn }) => {
        if (!sharing) return found(entry, withdrawn);
        sharing.recordOf(seq, (record, changedAt) => found(entry, withdrawn, record, changedAt), failed);
      },
      failed,
    );
  }

  #changeFault(
    user: KnownUser,
    command: Extract<NumberedCommand, { type: "edit" | "withdraw" }>,
    entry: Entry | undefined,
    withdrawn: boolean,
    now: number,
  ): string | undefined {
    if (entry?.type !== "message" || entry.from !== user.name) return `there is no message ${command.of} of yours`;
    if (withdrawn) return "the message was withdrawn";
    if (command.type === "withdraw") return undefined;
    return this.#parts.permissions.textFault(command.text) ?? this.keepFault(user.name, entry.to, command.text, now);
  }

  /** Every user who can see a message can react to it. */
  #reactionFault(
    name: string,
    { of, text }: Extract<NumberedCommand, { type: "react" }>,
    entry: Entry | undefined,
    withdrawn: boolean,
    now: number,
  ): string | undefined {
    if (readReaction(text) === undefined) return `a reaction is one of ${REACTIONS.join(" ")}`;
    if (entry?.type !== "message" || !this.#parts.permissions.canSee(name, entry)) {
      return `there is no message ${of} that you can see`;
    }
    return withdrawn ? "the message was withdrawn" : this.rateFault(name, text, now);
  }

  #say(
    session: Session,
    producer: Producer,
    { number, to, text, reply }: Say,
    now: number,
    ofRecord?: RecordId,
  ): void {
    // What is refused counts as well.
    const tooMuch = this.rateFault(producer.user.name, text, now);
    const why = this.#parts.permissions.sayFault(producer.user.name, to, text) ?? tooMuch;
    this.#parts.tally.said++;
    if (why === undefined) {
      return this.#append(session, producer, number, { type: "message", to, text, of: reply, ofRecord }, now);
    }
    this.#parts.tally.failed++;
    this.refuse(producer, number, why);
  }

  #append(
    session: Session,
    producer: Producer,
    number: number,
    content: Pick<Draft, "type" | "to" | "text" | "of" | "ofRecord" | "changedAt">,
    now: number,
  ): void {
    const draft: Draft = {
      ...content,
      from: producer.user.name,
      producer,
      number,
      sayer: session,
      said: now,
      done: () => {},
      failed: (why) => {
        this.#parts.tally.failed++;
        this.#parts.delivery.notWritten(draft);
        this.#refused(producer, number, why);
      },
    };
    this.#parts.delivery.append(draft);
  }

  /** A number is refused, and stays so; the client is told once that is committed. */
  refuse(producer: Producer, number: number, why: string): void {
    this.#parts.writer.refused(producer, number, why);
    const done = () => this.#tellRefused(producer, number, why);
    this.#parts.writer.after({ isFirst: true, done, failed: done });
  }

  /** A number could not be written, which the next batch says; the client is told at once. */
  #refused(producer: Producer, number: number, why: string): void {
    this.#parts.writer.refused(producer, number, why);
    this.#tellRefused(producer, number, why);
  }

  #tellRefused(producer: Producer, number: number, why: string): void {
    producer.committed = Math.max(producer.committed, number);
    for (const session of this.#parts.online.get(producer.user.name)?.natives ?? []) {
      if (session.producer === producer) this.#parts.outputs.push(tell(session.id, { type: "notSent", number, why }));
    }
  }

  /** A number that was taken before: answered as it was then, or soon, when it is being written. */
  #again(session: Session, producer: Producer, number: number): void {
    if (number > producer.committed) return;
    const why = producer.refused?.get(number);
    if (why !== undefined) this.#parts.outputs.push(tell(session.id, { type: "notSent", number, why }));
    else this.#parts.outputs.push(tell(session.id, { type: "sent", upTo: producer.committed }));
  }

  /** Why what a user says cannot be kept. */
  keepFault(name: string, to: Target, text: string, now: number): string | undefined {
    return this.rateFault(name, text, now) ?? this.#parts.permissions.waitingFault(name, to, text);
  }

  /** The bytes that a user may have kept: a burst at once, then at a rate. */
  rateFault(name: string, text: string, now: number): string | undefined {
    const { saidBytes, saidBytesPerSecond } = this.#parts.limits;
    if (this.#rates.take(name, now, text.length)) return undefined;
    return `you have sent more than ${saidBytes} bytes recently; ${saidBytesPerSecond} bytes a second are accepted`;
  }
}

/** Why a message cannot reply to an entry: it replies to messages of its own conversation. */
function replyFault(user: KnownUser, { to, reply }: Say, entry: Entry | undefined): string | undefined {
  const isHere = entry?.type === "message" &&
    ("room" in to
      ? sameTarget(to, entry.to)
      : "user" in entry.to && [entry.from, entry.to.user].sort().join(" ") === [user.name, to.user].sort().join(" "));
  return isHere ? undefined : `there is no message ${reply} in this conversation`;
}
