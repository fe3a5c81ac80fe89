import { RateLimiters } from "../core/limiters.ts";
import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import type { NativeQuestion } from "./command.ts";
import { type Effect, tell } from "./effect.ts";
import type { ConversationView, RoomState, UserState } from "./event.ts";
import type { LogWriter } from "./log_writer.ts";
import { LOBBY } from "./names.ts";
import { notInRoom, type Permissions } from "./permissions.ts";
import type { Questions } from "./questions.ts";
import type { Registry } from "./registry.ts";
import { type KnownUser, sideOf } from "./entities.ts";
import type { Roster } from "./roster.ts";
import type { ConversationState } from "./store.ts";
import type { OnlineUsers } from "./online_users.ts";
import type { Session } from "./users.ts";

/** The most that one page of history, of a search, or of names holds. */
const MAX_PAGE = 250;

type Question = Exclude<NativeQuestion, { type: "join" | "leaveRoom" | "ticket" }>;

export interface QueryParts {
  readonly roster: Roster;
  readonly online: OnlineUsers;
  readonly writer: LogWriter;
  readonly questions: Questions;
  readonly registry: Registry;
  readonly permissions: Permissions;
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "listedNames" | "listedNamesPerSecond" | "failureEntries">;
  readonly searches: boolean;
}

/** What native clients ask about users, rooms and what was said. */
export class Queries {
  readonly #parts: QueryParts;
  /** Names of members that were listed, by user. */
  readonly #listed: RateLimiters;

  constructor(parts: QueryParts) {
    const { listedNames, listedNamesPerSecond, failureEntries } = parts.limits;
    this.#parts = parts;
    this.#listed = new RateLimiters(listedNames, listedNamesPerSecond, failureEntries);
  }

  answer(asker: Session, known: KnownUser, question: Question, now: number): void {
    switch (question.type) {
      case "users":
        return this.#users(asker, question);
      case "rooms":
        return this.#rooms(asker, known, question);
      case "inRoom":
        return this.#inRoom(asker, question, now);
      case "history":
        return this.#history(asker, known, question);
      case "search":
        return this.#search(asker, known, question);
      case "versions":
        return this.#versions(asker, known, question.ref, question.of);
    }
  }

  /** Tells a session in which state its user's conversations are. */
  overview(asker: Session, known: KnownUser): void {
    this.#parts.questions.ask(
      { type: "overview", user: known.id },
      ({ states }) => {
        const views = states.flatMap((state) => this.#viewOf(state, known) ?? []);
        if (asker.ready) this.#parts.outputs.push(tell(asker.id, { type: "conversations", states: views }));
      },
      (why) => this.#deny(asker, 0, why),
    );
  }

  /** The cursors are those of the store: what it has answered is committed, and entries before that were told. */
  #viewOf({ conversation, ...state }: ConversationState, known: KnownUser): ConversationView | undefined {
    const found = this.#parts.roster.conversation(conversation);
    if (!found) return undefined;
    if ("members" in found) return { of: { room: found.name }, ...state };
    return { of: { user: found.users[sideOf(found, known) === 0 ? 1 : 0].name }, ...state };
  }

  #users(asker: Session, { ref, after, limit }: Extract<NativeQuestion, { type: "users" }>): void {
    const { online, roster, registry, outputs } = this.#parts;
    const { names, more } = registry.names.page(after, atMost(limit));
    const users = names.map((name): UserState => {
      const isOnline = online.isOnline(name);
      return isOnline || roster.user(name)?.registered
        ? { name, online: isOnline }
        : { name, online: false, seen: false };
    });
    outputs.push(tell(asker.id, { type: "users", ref, users, more }));
  }

  #rooms(asker: Session, known: KnownUser, { ref, after, limit }: Extract<NativeQuestion, { type: "rooms" }>): void {
    // In the order in which they were made; `after` is the last that the asker knows.
    const { rooms: page, more } = this.#parts.roster.rooms.page(
      after,
      atMost(limit),
      ({ unlisted, members }) => !unlisted || members.has(known),
    );
    const rooms = page.map((room): RoomState => ({
      name: room.name,
      members: room.members.size,
      joined: room.members.has(known),
    }));
    this.#parts.outputs.push(tell(asker.id, { type: "rooms", ref, rooms, more }));
  }

  /** Who is in a room, its guests too; in the lobby, which all are in, those who are online. */
  #inRoom(asker: Session, question: Extract<NativeQuestion, { type: "inRoom" }>, now: number): void {
    const { ref, room, after, limit } = question;
    const { online, roster, outputs, limits: { listedNames, listedNamesPerSecond } } = this.#parts;
    if (!this.#parts.permissions.isIn(asker.name!, room)) return this.#deny(asker, ref, notInRoom(room));
    const isLobby = room === LOBBY;
    const most = atMost(limit);
    const members = isLobby ? undefined : roster.rooms.memberNames(roster.room(room)!);
    const { names, more } = online.page(room, members, after, most);
    if (!this.#listed.take(asker.name!, now, Math.min(names.length, listedNames))) {
      const rule = `more than ${listedNames} names were listed for you recently; ${listedNamesPerSecond} a second are`;
      return this.#deny(asker, ref, rule);
    }
    const users = names.map((name) => {
      return { name, online: isLobby || online.isOnline(name) || online.isGuestIn(room, name) };
    });
    outputs.push(tell(asker.id, { type: "inRoom", ref, room, users, more }));
  }

  #history(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "history" }>): void {
    const { ref, of, before, after, limit } = question;
    if ("room" in of && !this.#parts.permissions.isIn(known.name, of.room)) {
      return this.#deny(asker, ref, notInRoom(of.room));
    }
    const conversation = this.#parts.roster.find(known, of);
    if (!conversation) {
      return void this.#parts.outputs.push(
        tell(asker.id, { type: "history", ref, messages: [], forward: false, more: false }),
      );
    }
    this.#afterOwn(known.name, () =>
      this.#parts.questions.ask(
        { type: "history", conversation: conversation.id, before, after, limit: atMost(limit) },
        ({ messages, more }) => {
          const forward = after !== undefined;
          this.#parts.outputs.push(tell(asker.id, { type: "history", ref, messages, forward, more }));
        },
        (why) => this.#deny(asker, ref, why),
      ));
  }

  /** Asks once everything that the asker has said is with the store: it is part of the answer. */
  #afterOwn(name: string, ask: () => void): void {
    const { writer } = this.#parts;
    if (writer.hasGathered(name)) writer.after({ done: ask, failed: ask });
    else ask();
  }

  #search(asker: Session, known: KnownUser, question: Extract<NativeQuestion, { type: "search" }>): void {
    const { roster, outputs, questions, searches } = this.#parts;
    const { ref, words, from, of, since, until, before, limit } = question;
    if (!searches) {
      return this.#deny(asker, ref, "this server's SQLite has no full-text index, so nothing can be searched");
    }
    if (of && "room" in of && !this.#parts.permissions.isIn(known.name, of.room)) {
      return this.#deny(asker, ref, notInRoom(of.room));
    }
    const conversation = of && roster.find(known, of);
    const sender = from === undefined ? undefined : roster.user(from);
    if ((of && !conversation) || (from !== undefined && !sender)) {
      return void outputs.push(tell(asker.id, { type: "search", ref, hits: [], more: false }));
    }
    this.#afterOwn(known.name, () =>
      questions.ask(
        {
          type: "search",
          user: known.id,
          words,
          from: sender?.id,
          conversation: conversation?.id,
          since,
          until,
          before,
          limit: atMost(limit),
        },
        ({ hits, more }) => outputs.push(tell(asker.id, { type: "search", ref, hits, more })),
        (why) => this.#deny(asker, ref, why),
      ));
  }

  /** Only those who may see a message may see what it was. */
  #versions(asker: Session, known: KnownUser, ref: number, seq: number): void {
    const { questions, outputs } = this.#parts;
    const deny = (why: string) => this.#deny(asker, ref, why);
    questions.ask({ type: "entry", seq }, ({ entry }) => {
      if (!entry || !this.#parts.permissions.canSee(known.name, entry)) {
        return deny(`there is no message ${seq} that you can see`);
      }
      questions.ask(
        { type: "versions", seq },
        ({ texts }) => outputs.push(tell(asker.id, { type: "versions", ref, texts })),
        deny,
      );
    }, deny);
  }

  #deny(asker: Session, ref: number, why: string): void {
    this.#parts.outputs.push(tell(asker.id, { type: "denied", ref, why }));
  }
}

function atMost(limit: number): number {
  return Math.min(Math.max(1, limit), MAX_PAGE);
}
