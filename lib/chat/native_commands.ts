import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { ClientMessages } from "./client_messages.ts";
import type { NativeCommand } from "./command.ts";
import type { Delivery } from "./delivery.ts";
import { type Effect, tell } from "./effect.ts";
import type { ServersEvent } from "./event.ts";
import type { LiveMessages } from "./live_messages.ts";
import type { RecentLog } from "./log.ts";
import type { Memberships } from "./memberships.ts";
import type { Queries } from "./queries.ts";
import type { KnownUser } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Tickets } from "./tickets.ts";
import { Typing, type TypingParts } from "./typing.ts";
import type { Session, User } from "./users.ts";

export interface NativeCommandParts extends TypingParts {
  readonly delivery: Delivery;
  readonly queries: Queries;
  readonly memberships: Memberships;
  readonly messages: ClientMessages;
  readonly live: LiveMessages;
  readonly roster: Roster;
  readonly log: RecentLog;
  readonly outputs: Outputs<Effect>;
  readonly limits: TypingParts["limits"] & Pick<Limits, "textBytes" | "textLines">;
  readonly snapshot: Pick<Snapshot, "id" | "searches">;
  readonly hasFixedPassword: (name: string) => boolean;
  readonly tickets: Tickets;
  /** Where files can be left over HTTP; undefined where they cannot. */
  readonly filesAt: () => string | undefined;
  /** The servers of a chat that several share. */
  readonly servers: () => ServersEvent | undefined;
}

/** What native sessions that are logged in command: each is passed on to the part that it concerns. */
export class NativeCommands {
  readonly #parts: NativeCommandParts;
  readonly #typing: Typing;

  constructor(parts: NativeCommandParts) {
    this.#parts = parts;
    this.#typing = new Typing(parts);
  }

  handle(session: Session, user: User, known: KnownUser, command: NativeCommand, now: number): void {
    const { messages, delivery, live, queries } = this.#parts;
    switch (command.type) {
      case "resume":
        return this.#resume(session, known, command, now);
      case "say":
      case "edit":
      case "withdraw":
      case "react":
      case "unreadable":
        return messages.take(session, command, now);
      case "acknowledge":
        return delivery.acknowledge(session, command.seq, now);
      case "received":
        return delivery.receivedPart(session, command.from, command.since, command.upTo);
      case "read":
        return delivery.read(user, command.of, command.upTo, session);
      case "signal":
        return live.signal(session, user.name, command);
      case "typing":
        return this.#typing.tell(user.name, command.to, now);
      case "join":
        return this.#parts.memberships.join(session, known, command, now);
      case "leaveRoom":
        return this.#parts.memberships.leave(session, known, command, now);
      case "ticket":
        return this.#ticket(session, user.name, command.ref, now);
      // The hub itself takes these.
      case "become":
      case "hello":
      case "prove":
      case "passwd":
        return;
      default:
        return queries.answer(session, known, command, now);
    }
  }

  #ticket({ id }: Session, name: string, ref: number, now: number): void {
    const { outputs, tickets, filesAt } = this.#parts;
    const isOffered = filesAt() !== undefined;
    outputs.push(tell(
      id,
      isOffered
        ? { type: "ticket", ref, ticket: tickets.issue(name, now) }
        : { type: "denied", ref, why: "files cannot be left at this server" },
    ));
  }

  #resume(
    session: Session,
    known: KnownUser,
    { client, answered, store, after, typing }: Extract<NativeCommand, { type: "resume" }>,
    now: number,
  ): void {
    const { delivery, roster, log, limits, outputs, queries, filesAt, snapshot: { id, searches } } = this.#parts;
    const servers = this.#parts.servers();
    const producer = session.producer = roster.producer(known, client);
    // Of refusals that could not be written the client knows more than a server that has crashed since.
    producer.answered = Math.max(producer.answered, answered);
    producer.number = Math.max(producer.number, answered);
    producer.committed = Math.max(producer.committed, answered);
    session.takesTyping = typing === true;
    const sameStore = after !== undefined && store === id;
    delivery.begin(session, known, sameStore ? after : undefined, now);
    // The others are answered once they are committed.
    const refused = [...producer.refused ?? []].map(([number, why]) => ({ number, why }))
      .filter(({ number }) => number > answered && number <= producer.committed);
    outputs.push(tell(session.id, {
      type: "begun",
      store: id,
      last: log.last,
      accepted: producer.committed,
      refused,
      rooms: [...known.rooms.values()].map(({ name }) => name),
      textBytes: limits.textBytes,
      textLines: limits.textLines,
      searches,
      ...(filesAt() === undefined ? {} : { files: filesAt() }),
      ...(this.#parts.hasFixedPassword(known.name) ? { fixedPassword: true } : {}),
    }));
    if (servers) outputs.push(tell(session.id, servers));
    // Then it tells nothing of entries that are still to come.
    session.cursor!.whenLive = () => queries.overview(session, known);
    delivery.catchUp(session);
  }
}
